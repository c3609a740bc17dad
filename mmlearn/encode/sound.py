"""Sound as numbers: waveform -> frames -> power spectrum -> mel bands -> decibels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.types import FloatArray

FRAME, HOP, BANDS = 1024, 256, 64  # samples, samples, bands; at 22,050 Hz: 46 ms and 12 ms
FLOOR = 1e-10  # power below this counts as this: -100 dB, so that silence has a logarithm


def frames(samples: ArrayLike, length: int = FRAME, hop: int = HOP) -> FloatArray:
    """Cut a sound into overlapping pieces: piece t starts at sample ``t * hop``.

    ``T = 1 + (N - length) // hop`` whole pieces; up to ``hop - 1`` samples at the end belong to none.

    Args:
        samples: (N,) amplitudes. length, hop: samples, at least 1.

    Returns (T, length) float64. Raises ValueError if the sound is shorter than one frame, or holds NaN or infinity.

    >>> frames(np.arange(10), length=4, hop=3)
    array([[0., 1., 2., 3.],
           [3., 4., 5., 6.],
           [6., 7., 8., 9.]])

    Built in: lesson 01.
    """
    sound = np.asarray(samples, dtype=np.float64)
    if sound.ndim != 1:
        raise ValueError(f"expected one channel, (N,), got shape {sound.shape}: for stereo take the mean")
    if length < 1 or hop < 1:
        raise ValueError(f"expected length and hop of at least 1 sample, got {length} and {hop}")
    if len(sound) < length:
        raise ValueError(f"expected at least one frame of {length} samples, got {len(sound)}")
    if not np.isfinite(sound).all():
        raise ValueError("expected finite samples, got NaN or infinity among them")
    pieces: FloatArray = np.lib.stride_tricks.sliding_window_view(sound, length)[::hop].copy()  # (T, length)
    return pieces


def hann(length: int) -> FloatArray:
    """A window that fades a frame in and out: ``0.5 - 0.5 cos(2 pi n / length)``.

    This is the periodic kind, as in torch and transformers; ``numpy.hanning`` divides by ``length - 1``.

    >>> hann(4)
    array([0. , 0.5, 1. , 0.5])

    Built in: lesson 01.
    """
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)


def power_spectrum(pieces: ArrayLike) -> FloatArray:
    """How much power each frame has at each frequency: ``|rfft(hann * frame)|^2``.

    Bin k stands for the frequency ``k * rate / length``. Like the libraries, and unlike a physicist's power,
    it is not divided by the length or by the window's energy.

    Args:
        pieces: (T, length) frames.

    Returns (T, length // 2 + 1) float64, at least 0. Raises ValueError for another number of axes.

    >>> tone = np.cos(2 * np.pi * 3 * np.arange(16) / 16)        # three turns in a frame
    >>> power_spectrum(tone[None]).round(1)
    array([[ 0.,  0.,  4., 16.,  4.,  0.,  0.,  0.,  0.]])

    Built in: lesson 01.
    """
    rows = np.asarray(pieces, dtype=np.float64)
    if rows.ndim != 2:
        raise ValueError(f"expected frames as (T, length), got shape {rows.shape}")
    spectrum: FloatArray = np.abs(np.fft.rfft(rows * hann(rows.shape[1]), axis=1)) ** 2
    return spectrum  # (T, length // 2 + 1)


def hz_to_mel(hz: ArrayLike) -> Any:
    """Frequency to pitch as heard: ``2595 log10(1 + f / 700)`` mel (the HTK formula).

    1,000 Hz is 1,000 mel. Slaney's formula, librosa's default, is a straight line up to 1 kHz instead.

    >>> round(float(hz_to_mel(1000)))
    1000

    Reference: Stevens, Volkmann and Newman (1937), doi:10.1121/1.1915893.

    Built in: lesson 01.
    """
    return 2595 * np.log10(1 + np.asarray(hz, dtype=np.float64) / 700)


def mel_to_hz(mel: ArrayLike) -> Any:
    """Pitch back to frequency: ``700 (10^(m / 2595) - 1)`` Hz, the inverse of `hz_to_mel`.

    >>> round(float(mel_to_hz(hz_to_mel(440.0))), 6)
    440.0

    Built in: lesson 01.
    """
    return 700 * (10 ** (np.asarray(mel, dtype=np.float64) / 2595) - 1)


def mel_filters(rate: int, length: int = FRAME, bands: int = BANDS) -> FloatArray:
    """Triangles that gather the frequency bins into bands of equal width in mel, from 0 Hz to half the rate.

    Band b rises from edge b to 1 at edge b + 1 and falls to 0 at edge b + 2; neighbours overlap by half.
    The triangles are straight in Hz (not in mel, as torchaudio's Kaldi kind) and of height 1 (not of area 1).

    Args:
        rate: samples a second. length: samples of a frame, even. bands: how many.

    Returns (length // 2 + 1, bands) float64, 0 to 1. Raises ValueError if `length` is odd, if the rate or the
    number of bands is not above 0, or if a band is so narrow that no bin falls inside it.

    >>> mel_filters(22050).shape
    (513, 64)

    Reference: Davis and Mermelstein (1980), doi:10.1109/TASSP.1980.1163420.

    Built in: lesson 01.
    """
    if not 0 < rate < np.inf or bands < 1:
        raise ValueError(f"expected a rate above 0 and at least 1 band, got {rate} and {bands}")
    if length < 2 or length % 2:
        raise ValueError(f"expected an even frame length, so that the last bin is half the rate, got {length}")
    edges = mel_to_hz(np.linspace(0, hz_to_mel(rate / 2), bands + 2))  # (bands + 2,) Hz
    bins = np.linspace(0, rate / 2, length // 2 + 1)[:, None]  # (bins, 1) Hz
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])  # (bins, bands)
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])  # (bins, bands)
    triangles: FloatArray = np.maximum(0, np.minimum(rising, falling))
    if (empty := int((triangles.max(axis=0) == 0).sum())) > 0:
        raise ValueError(
            f"{empty} of {bands} bands hold no frequency bin: take fewer bands or frames longer than {length}"
        )
    return triangles


def log_mel(samples: ArrayLike, rate: int, length: int = FRAME, hop: int = HOP, bands: int = BANDS) -> FloatArray:
    """A sound as a picture: power in dB for each moment and each mel band.

    ``10 log10(max(1e-10, power_spectrum(frames) @ mel_filters))``. The sound is mirrored by half a frame at
    both ends first, so that frame t is centred on sample ``t * hop``. Equal to transformers'
    ``spectrogram(..., power=2.0, mel_filters=mel_filter_bank(...), log_mel="dB")``, transposed.

    Args:
        samples: (N,) amplitudes, -1 to 1, N > length / 2.
        rate: samples a second. length, hop: samples. bands: how many.

    Returns (1 + N // hop, bands) float64, dB relative to power 1, never below -100: time first, as all
    over this course. Raises ValueError as `frames` and `mel_filters` do, or for a sound too short to mirror.

    >>> log_mel(np.zeros(22050), rate=22050).shape
    (87, 64)

    Built in: lesson 01.
    """
    sound = np.asarray(samples, dtype=np.float64)
    if sound.ndim != 1 or len(sound) <= length // 2:
        raise ValueError(f"expected one channel of more than {length // 2} samples, got shape {sound.shape}")
    pieces = frames(np.pad(sound, length // 2, mode="reflect"), length, hop)  # (T, length)
    mel = power_spectrum(pieces) @ mel_filters(rate, length, bands)  # (T, bands)
    decibels: FloatArray = 10 * np.log10(np.maximum(FLOOR, mel))
    return decibels
