"""Log-mel against transformers, its steps against numpy, scipy and hand-made cases."""

from __future__ import annotations

import numpy as np
import pytest

from mmlearn.encode import sound


@pytest.mark.parametrize(
    ("rate", "length", "hop", "bands"), [(22050, 1024, 256, 64), (16000, 400, 160, 20), (8000, 512, 100, 32)]
)
def test_log_mel_equals_transformers(rate: int, length: int, hop: int, bands: int) -> None:
    from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

    samples = np.random.default_rng(0).normal(0, 0.2, 5000)
    samples[2000:3500] = 0.0  # silence, down to the floor of -100 dB
    bank = mel_filter_bank(length // 2 + 1, bands, 0, rate / 2, rate, norm=None, mel_scale="htk")
    np.testing.assert_allclose(sound.mel_filters(rate, length, bands), bank, atol=1e-12)
    theirs = spectrogram(
        samples, window_function(length, "hann"), length, hop, power=2.0, mel_filters=bank, log_mel="dB"
    )
    ours = sound.log_mel(samples, rate, length, hop, bands)
    assert ours.shape == (1 + 5000 // hop, bands) == theirs.T.shape
    assert np.abs(ours - theirs.T).max() < 1e-5
    assert ours.min() == -100


def test_frames_cover_the_sound_in_steps_of_a_hop() -> None:
    samples = np.arange(11.0)
    pieces = sound.frames(samples, length=4, hop=3)
    assert pieces.shape == (3, 4)
    assert (pieces[:, 0] == [0, 3, 6]).all()
    pieces[0, 0] = 99  # a copy: the sound stays as it was
    assert samples[0] == 0


def test_frames_take_the_last_whole_frame() -> None:
    assert len(sound.frames(np.arange(8), length=4, hop=4)) == 2
    assert len(sound.frames(np.arange(7), length=4, hop=4)) == 1
    assert len(sound.frames(np.arange(4), length=4, hop=4)) == 1


def test_frames_refuse_bad_input() -> None:
    with pytest.raises(ValueError, match="at least one frame of 8 samples, got 5"):
        sound.frames(np.zeros(5), length=8, hop=2)
    with pytest.raises(ValueError, match="one channel"):
        sound.frames(np.zeros((5, 2)), length=2, hop=2)
    with pytest.raises(ValueError, match="at least 1 sample"):
        sound.frames(np.zeros(5), length=2, hop=0)


def test_hann_is_scipys_periodic_window() -> None:
    from scipy.signal import get_window

    for length in (4, 7, 1024):
        np.testing.assert_allclose(sound.hann(length), get_window("hann", length, fftbins=True), atol=1e-12)


def test_power_spectrum_obeys_parseval() -> None:
    pieces = np.random.default_rng(1).normal(size=(3, 64))
    power = sound.power_spectrum(pieces)
    assert power.shape == (3, 33)
    twice = power.copy()
    twice[:, 1:-1] *= 2  # the mirrored, negative frequencies
    energy = ((pieces * sound.hann(64)) ** 2).sum(axis=1)
    np.testing.assert_allclose(twice.sum(axis=1) / 64, energy, rtol=1e-12)


def test_a_tone_peaks_in_its_band() -> None:
    rate = 22050
    time = np.arange(rate) / rate
    for hz in (300, 1000, 4000):
        mel = sound.log_mel(np.sin(2 * np.pi * hz * time), rate)
        edges = sound.mel_to_hz(np.linspace(0, sound.hz_to_mel(rate / 2), 66))
        band = mel.mean(axis=0).argmax()
        assert edges[band] < hz < edges[band + 2]


def test_mel_scale_and_back() -> None:
    from transformers.audio_utils import hertz_to_mel

    hz = np.array([0.0, 20.0, 700.0, 1000.0, 8000.0])
    np.testing.assert_allclose(sound.hz_to_mel(hz), hertz_to_mel(hz, mel_scale="htk"))
    np.testing.assert_allclose(sound.mel_to_hz(sound.hz_to_mel(hz)), hz, atol=1e-9)


def test_mel_filters_refuse_bands_that_hold_no_bin() -> None:
    with pytest.raises(ValueError, match="hold no frequency bin"):
        sound.mel_filters(22050, length=256, bands=128)
    with pytest.raises(ValueError, match="even frame length"):
        sound.mel_filters(22050, length=255)


def test_log_mel_refuses_a_sound_too_short_to_mirror() -> None:
    with pytest.raises(ValueError, match="more than 512 samples"):
        sound.log_mel(np.zeros(512), 22050)


@pytest.mark.parametrize("rate", [0, -8000, float("nan"), float("inf")])
def test_mel_filters_refuse_a_rate_that_is_none(rate: float) -> None:
    with pytest.raises(ValueError, match="expected a rate above 0 and at least 1 band, got"):
        sound.mel_filters(rate)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected a rate above 0"):
        sound.log_mel(np.zeros(2000), rate)  # type: ignore[arg-type]


@pytest.mark.parametrize("bands", [0, -1])
def test_mel_filters_refuse_no_bands(bands: int) -> None:
    with pytest.raises(ValueError, match=f"at least 1 band, got 22050 and {bands}"):
        sound.mel_filters(22050, bands=bands)
    with pytest.raises(ValueError, match="at least 1 band"):
        sound.log_mel(np.zeros(2000), 22050, bands=bands)


@pytest.mark.parametrize("length", [0, -2])
def test_mel_filters_refuse_no_length(length: int) -> None:
    with pytest.raises(ValueError, match="even frame length"):
        sound.mel_filters(22050, length=length)


@pytest.mark.parametrize("hole", [np.nan, np.inf, -np.inf])
def test_a_sample_that_is_no_number_is_refused(hole: float) -> None:
    samples = np.zeros(2000)
    samples[700] = hole
    for make in (lambda: sound.frames(samples), lambda: sound.log_mel(samples, 22050)):
        with pytest.raises(ValueError, match="expected finite samples, got NaN or infinity"):
            make()
