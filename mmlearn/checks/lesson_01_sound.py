"""The exercises of lesson 01 on sound: frames, the power spectrum, the mel scale."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.types import FloatArray

# 01.4 frames ----------------------------------------------------------------------------------------------


def _cut(samples: FloatArray, starts: Any, length: int) -> FloatArray:
    padded = np.concatenate([samples, np.zeros(10 * length)])
    return np.array([padded[start : start + length] for start in starts]).reshape(-1, length)


def _first_row_alone(samples: FloatArray, length: int, hop: int) -> FloatArray:
    """`return` inside the loop, after the first row of a ready array of zeros was filled."""
    table = np.zeros((1 + (len(samples) - length) // hop, length))
    table[0] = samples[:length]
    return table


def _frame_case(label: str, n: int, length: int, hop: int) -> Case:
    return Case(label, lambda generator: (generator.normal(size=n), length, hop))


FRAMES = Exercise(
    id="01.4",
    title="Frames of a sound",
    reference="mmlearn.encode.sound.frames",
    cases=(
        Case("samples 0 to 19, frames of 8, hop 4: no rest", lambda generator: (np.arange(20.0), 8, 4)),
        _frame_case("23 samples, frames of 8, hop 4: 3 samples over", 23, 8, 4),
        _frame_case("30 samples, frames of 6, hop 7: gaps", 30, 6, 7),
        _frame_case("exactly one frame", 8, 8, 3),
    ),
    mistakes=(
        Mistake(
            lambda s, length, hop: _cut(s, hop * np.arange((len(s) - length) // hop), length),
            "The last whole frame is missing: count the posts, not the gaps. T = 1 + (N - length) // hop.",
        ),
        Mistake(
            lambda s, length, hop: _cut(s, range(0, len(s), hop), length),
            "Your last frames reach past the end of the sound and are filled with zeros: keep whole frames only.",
        ),
        Mistake(
            lambda s, length, hop: _cut(s, range(0, len(s) - length + 1, length), length),
            "Your frames start one length apart; they should start one hop apart, and so overlap.",
        ),
        Mistake(
            lambda s, length, hop: _cut(s, range(len(s) - length + 1), length),
            "Your frames start at every sample; take every hop-th of them.",
        ),
        Mistake(
            lambda s, length, hop: _cut(s, range(0, len(s) - length + 1, hop), length).T,
            "Time should come first: one frame a row, shape (T, length). Yours is the transpose.",
        ),
        Mistake(
            lambda s, length, hop: np.array([s[start : start + length] for start in range(0, len(s), hop)]),
            "Your last pieces are shorter than the others, so they make no table: keep whole frames only.",
        ),
        Mistake(
            _first_row_alone,
            "Only the first row is filled: is `return` inside the loop? It belongs under it, unindented.",
        ),
        Mistake(
            lambda s, length, hop: s[None, :length],
            "You hand back the first frame alone: a `return` inside the loop ends it at the first turn.",
        ),
        Mistake(
            lambda s, length, hop: _cut(s, range(1 + (len(s) - length) // hop), length),
            "The number of frames is right, but frame t starts at sample t * hop, not at sample t.",
        ),
    ),
)

# 01.5 power spectrum --------------------------------------------------------------------------------------


def _hann(length: int) -> FloatArray:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)


def _pieces(generator: np.random.Generator, count: int, length: int) -> tuple[FloatArray]:
    return (generator.normal(size=(count, length)),)


SPECTRUM = Exercise(
    id="01.5",
    title="The power at each frequency",
    reference="mmlearn.encode.sound.power_spectrum",
    cases=(
        Case("3 frames of 16", lambda g: _pieces(g, 3, 16)),
        Case("16 frames of 16", lambda g: _pieces(g, 16, 16)),
        Case("1 frame of 15", lambda g: _pieces(g, 1, 15)),
    ),
    mistakes=(
        Mistake(
            lambda p: np.abs(np.fft.rfft(p, axis=1)) ** 2,
            "The window is missing: a frame cut off sharply sounds like a click, and smears over all bins.",
        ),
        Mistake(
            lambda p: np.abs(np.fft.rfft(p * np.hanning(p.shape[1]), axis=1)) ** 2,
            "np.hanning divides by length - 1; the periodic window divides by length.",
        ),
        Mistake(
            lambda p: np.abs(np.fft.rfft(p * _hann(p.shape[1]), axis=1)),
            "That is the magnitude; power is its square.",
        ),
        Mistake(
            lambda p: np.abs(np.fft.fft(p * _hann(p.shape[1]), axis=1)) ** 2,
            "fft gives the negative frequencies too, a mirror image: rfft keeps length // 2 + 1 bins.",
        ),
        Mistake(
            lambda p: np.abs(np.fft.rfft(p * _hann(p.shape[1]), axis=0)) ** 2,
            "You transform along the frames (axis 0); each frame is a row, so the axis is 1.",
        ),
        Mistake(
            lambda p: np.real(np.fft.rfft(p * _hann(p.shape[1]), axis=1)) ** 2,
            "You square the real part alone and lose the imaginary one: take np.abs of the complex number.",
        ),
        Mistake(
            lambda p: np.abs(np.fft.rfft(p * _hann(p.shape[1]), axis=1)) ** 2 / p.shape[1],
            "You divide by the length of the frame; the convention here (and in the libraries) is not to.",
        ),
        Mistake(
            lambda p: np.abs(np.fft.rfft(p * _hann(1024), axis=1)) ** 2,
            "Make the window as long as the frame, pieces.shape[1]; the lesson's own `window` is for 1,024 samples.",
        ),
        Mistake(
            lambda p: np.abs(np.fft.rfft(p * _hann(len(p)), axis=1)) ** 2,
            "len(pieces) counts the frames. The window is as long as one frame: pieces.shape[1].",
        ),
        Mistake(
            lambda p: np.fft.rfft(p * _hann(p.shape[1]), axis=1) ** 2,
            "The square of a complex number is complex: square its magnitude, np.abs(...) ** 2.",
        ),
    ),
)

# 01.6 mel -------------------------------------------------------------------------------------------------
MEL = Exercise(
    id="01.6",
    title="From hertz to mel",
    reference="mmlearn.encode.sound.hz_to_mel",
    cases=(
        Case("0, 440 and 1,000 Hz", lambda g: (np.array([0.0, 440.0, 1000.0]),)),
        Case("a plain number, 1,000 Hz", lambda g: (1000.0,)),
        Case("a table, anything up to 11 kHz", lambda g: (g.uniform(0, 11025, (2, 5)),)),
    ),
    mistakes=(
        Mistake(
            lambda hz: 2595 * np.log(1 + hz / 700),
            "np.log is the natural logarithm; with 2595 goes np.log10 (with the natural one, 1127).",
        ),
        Mistake(
            lambda hz: 2595 * np.log10(np.maximum(hz, 1e-300) / 700) + np.where(hz > 0, 0, -np.inf),
            "The 1 + is missing: without it 0 Hz would be minus infinity mel.",
        ),
        Mistake(
            lambda hz: 1127 * np.log10(1 + hz / 700),
            "1127 goes with the natural logarithm; with np.log10 goes 2595.",
        ),
        Mistake(lambda hz: 700 * (10 ** (hz / 2595) - 1), "That is the way back, from mel to hertz."),
        Mistake(
            lambda hz: 2595 * np.log10((1 + hz) / 700),
            "Brackets: 1 + f / 700 divides first; (1 + f) / 700 adds first.",
        ),
        Mistake(
            lambda hz: 2595 * math.log10(1 + hz / 700),
            "math.log10 takes one number; np.log10 takes arrays too.",
        ),
        Mistake(
            lambda hz: np.array([2595 * np.log10(1 + h / 700) for h in hz]),
            "A plain number cannot be looped over, and an array need not be: np.log10 does all entries at once.",
        ),
        Mistake(
            lambda hz: np.array([2595 * math.log10(1 + h / 700) for h in hz]),
            "Neither a plain number nor a table gets through your loop: np.log10 takes both as they are.",
        ),
    ),
)
