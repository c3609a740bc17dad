"""The two panels share their time, and their labels carry units."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

from mmlearn.encode.sound import HOP, hz_to_mel, log_mel
from mmlearn.view.sound import plot_sound

RATE = 22050


def test_axes_are_labelled_with_units_and_share_their_time() -> None:
    import matplotlib.pyplot as plt

    samples = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(RATE // 2) / RATE)
    figure = plot_sound(samples, RATE, log_mel(samples, RATE), HOP, title="a tone")
    above, below, bar = figure.axes
    assert below.get_xlabel() == "time (s)" and "Hz" in below.get_ylabel() and bar.get_ylabel() == "power (dB)"
    assert above.get_ylabel() == "amplitude" and above.get_xlim() == below.get_xlim() == (0, 0.5)
    plt.close(figure)


def test_a_tone_is_brightest_at_its_label() -> None:
    import matplotlib.pyplot as plt

    samples = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)
    mel = log_mel(samples, RATE)
    figure = plot_sound(samples, RATE, mel, HOP)
    labels = [label.get_text() for label in figure.axes[1].get_yticklabels()]
    height = figure.axes[1].get_yticks()[labels.index("1,000")]
    assert abs(mel.mean(axis=0).argmax() + 0.5 - height) <= 0.5
    plt.close(figure)


def test_refuses_a_waveform_in_place_of_log_mel() -> None:
    with pytest.raises(ValueError, match=r"\(T, F\)"):
        plot_sound(np.zeros(10), RATE, np.zeros(10), HOP)


@pytest.mark.parametrize("rate", [8000, 16000, 22050])
def test_every_label_stands_at_its_pitch(rate: int) -> None:
    """Band b is drawn from b to b + 1 and is loudest at mel edge b + 1: edge e lies at height e - 0.5."""
    import matplotlib.pyplot as plt

    figure = plot_sound(np.zeros(rate), rate, np.zeros((rate // HOP, 40)), HOP)
    shown = [float(label.get_text().replace(",", "")) for label in figure.axes[1].get_yticklabels()]
    assert shown == [hz for hz in (100, 500, 1000, 2000, 4000, 8000) if hz <= rate / 2]
    edges = np.array([hz_to_mel(hz) for hz in shown]) / hz_to_mel(rate / 2) * 41
    np.testing.assert_allclose(figure.axes[1].get_yticks(), edges - 0.5, atol=1e-9)
    plt.close(figure)
