"""A sound drawn twice: as a waveform and as a log-mel spectrogram, under one another on one time axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TICKS_HZ = (100, 500, 1000, 2000, 4000, 8000)


def plot_sound(
    samples: ArrayLike, rate: int, decibels: ArrayLike, hop: int, title: str = "", range_db: float = 60
) -> Figure:
    """Draw the waveform above and its log-mel spectrogram below, with time in seconds under both.

    Args:
        samples: (N,) amplitudes, -1 to 1.
        rate: samples a second.
        decibels: (T, F) log-mel, dB; frame t is centred on sample ``t * hop``; the F bands divide the mels
            from 0 Hz to half the rate (HTK formula, as in `mmlearn.encode.sound`).
        hop: samples from frame to frame.
        title: over the figure.
        range_db: how far below the loudest point the colours reach, dB.

    Returns the matplotlib figure. Raises ValueError if `decibels` is not a matrix.

    Built in: lesson 01.
    """
    import matplotlib.pyplot as plt

    sound, bands = np.asarray(samples), np.asarray(decibels)
    if bands.ndim != 2:
        raise ValueError(f"expected log-mel as (T, F), got shape {bands.shape}")
    figure, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(8, 4.6), height_ratios=(1, 1.7))
    above.plot(np.arange(len(sound)) / rate, sound, linewidth=0.5)
    above.set(ylabel="amplitude", ylim=(-1, 1))
    seconds = (np.arange(len(bands) + 1) - 0.5) * hop / rate  # edges between frames
    loudest = bands.max()
    colours = below.pcolormesh(seconds, np.arange(bands.shape[1] + 1), bands.T, vmin=loudest - range_db, vmax=loudest)
    ticks = [hz for hz in _TICKS_HZ if hz <= rate / 2]
    top = np.log10(1 + rate / 2 / 700)
    below.set_yticks([np.log10(1 + hz / 700) / top * (bands.shape[1] + 1) - 0.5 for hz in ticks])
    below.set_yticklabels([f"{hz:,}" for hz in ticks])
    below.set(xlabel="time (s)", ylabel="frequency (Hz, mel-spaced)", xlim=(0, len(sound) / rate))
    figure.colorbar(colours, ax=below, label="power (dB)")
    # The packaged Chinese font has no bold face; asking for one puts a warning into the notebook.
    figure.suptitle(title, weight="bold" if title.isascii() else "normal")
    return figure
