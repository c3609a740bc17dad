"""The exercise of lesson 02 on the histogram of directions."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.types import FloatArray

Generator = np.random.Generator
Given = tuple[FloatArray, FloatArray, FloatArray, int]


def _compass(generator: Generator) -> Given:
    """One keypoint, slopes to the right, down, left and up, each of another length."""
    return np.array([[1.0, 0.0, -3.0, 0.0]]), np.array([[0.0, 2.0, 0.0, -4.0]]), np.ones(4), 4


def _random(generator: Generator, n: int, p: int, bins: int) -> Given:
    """Directions that keep away from the limits between bins, where rounding decides."""
    turn = (generator.integers(0, bins, (n, p)) + generator.uniform(-0.45, 0.45, (n, p))) * 2 * np.pi / bins
    length = generator.uniform(0.5, 2.0, (n, p))
    return length * np.cos(turn), length * np.sin(turn), generator.uniform(0.1, 1.0, p), bins


def _flat(generator: Generator) -> Given:
    return np.zeros((2, 5)), np.zeros((2, 5)), np.ones(5), 36


def _count(turn: Any, votes: Any, bins: int) -> FloatArray:
    """turn (N, P) in full circles, any sign; votes (N, P)."""
    box = np.rint(turn * bins).astype(np.int64) % bins
    rows = [np.bincount(b, v, minlength=bins) for b, v in zip(box, np.broadcast_to(votes, box.shape), strict=True)]
    return np.array(rows)


def _turn(dx: FloatArray, dy: FloatArray) -> Any:
    return np.arctan2(dy, dx) / (2 * np.pi)


def _half_circle(dx: FloatArray, dy: FloatArray, weight: FloatArray, bins: int = 36) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        turn = np.nan_to_num(np.arctan(dy / dx)) / (2 * np.pi)
    return _count(turn, weight * np.hypot(dx, dy), bins)


def _floored(dx: FloatArray, dy: FloatArray, weight: FloatArray, bins: int = 36) -> FloatArray:
    box = np.floor(_turn(dx, dy) % 1 * bins + 1e-9)
    return _count(box / bins, weight * np.hypot(dx, dy), bins)


def _unwrapped(dx: FloatArray, dy: FloatArray, weight: FloatArray, bins: int = 36) -> FloatArray:
    box = np.rint(_turn(dx, dy) * bins).astype(np.int64)
    votes = weight * np.hypot(dx, dy)
    return np.array([np.bincount(b, v, minlength=bins) for b, v in zip(box, votes, strict=True)])


def _too_many(dx: FloatArray, dy: FloatArray, weight: FloatArray, bins: int = 36) -> FloatArray:
    """Angles made 0 to 2 pi, but those just below the full circle round up to a bin of their own."""
    box = np.rint(_turn(dx, dy) % 1 * bins).astype(np.int64)
    votes = weight * np.hypot(dx, dy)
    return np.array([np.bincount(b, v, minlength=bins + 1) for b, v in zip(box, votes, strict=True)])


def _degrees(dx: FloatArray, dy: FloatArray, weight: FloatArray, bins: int = 36) -> FloatArray:
    box = np.rint(np.arctan2(dy, dx) / (360 / bins)).astype(np.int64) % bins
    return _count(box / bins, weight * np.hypot(dx, dy), bins)


def _shares(dx: FloatArray, dy: FloatArray, weight: FloatArray, bins: int = 36) -> FloatArray:
    rows = _count(_turn(dx, dy), weight * np.hypot(dx, dy), bins)
    total = rows.sum(axis=1, keepdims=True)
    return rows / np.where(total > 0, total, 1)


def _boxes(dx: FloatArray, dy: FloatArray, bins: int) -> Any:
    return np.rint(_turn(dx, dy) * bins).astype(np.int64) % bins


def _counted(dx: FloatArray, dy: FloatArray, weight: FloatArray, bins: int = 36) -> Any:
    """bincount without its second argument: whole numbers."""
    return np.array([np.bincount(box, minlength=bins) for box in _boxes(dx, dy, bins)])


def _ragged(dx: FloatArray, dy: FloatArray, weight: FloatArray, bins: int = 36) -> FloatArray:
    votes = weight * np.hypot(dx, dy)
    return np.stack([np.bincount(b, v) for b, v in zip(_boxes(dx, dy, bins), votes, strict=True)])


def _ragged_into(dx: FloatArray, dy: FloatArray, weight: FloatArray, bins: int = 36) -> FloatArray:
    rows = np.zeros((len(dx), bins))
    votes = weight * np.hypot(dx, dy)
    for i, (box, each) in enumerate(zip(_boxes(dx, dy, bins), votes, strict=True)):
        rows[i] = np.bincount(box, each)
    return rows


def _highest(dx: FloatArray, dy: FloatArray, weight: FloatArray, bins: int = 36) -> FloatArray:
    rows = _count(_turn(dx, dy), weight * np.hypot(dx, dy), bins)
    highest = rows.max(axis=1, keepdims=True)
    return rows / np.where(highest > 0, highest, 1)


def _last_only(dx: FloatArray, dy: FloatArray, weight: FloatArray, bins: int = 36) -> FloatArray:
    """rows[i, box] += votes: of several votes for one bin the last stays."""
    rows = np.zeros((len(dx), bins))
    votes = weight * np.hypot(dx, dy)
    for i, box in enumerate(_boxes(dx, dy, bins)):
        rows[i, box] += votes[i]
    return rows


def _truncated(dx: FloatArray, dy: FloatArray, weight: FloatArray, bins: int = 36) -> FloatArray:
    box = (_turn(dx, dy) * bins).astype(np.int64)
    return _count(box / bins, weight * np.hypot(dx, dy), bins)


def _clipped(dx: FloatArray, dy: FloatArray, weight: FloatArray, bins: int = 36) -> FloatArray:
    return _count(np.maximum(_turn(dx, dy), 0), weight * np.hypot(dx, dy), bins)


ORIENTATION = Exercise(
    id="02.2",
    title="Which way does it point?",
    reference="mmlearn.encode.orientation.orientation_histogram",
    cases=(
        Case("one slope to the right, down, left and up", _compass),
        Case("3 keypoints, 40 samples each", lambda g: _random(g, 3, 40, 36)),
        Case("8 bins", lambda g: _random(g, 2, 30, 8)),
        Case("no slope at all", _flat),
    ),
    mistakes=(
        Mistake(
            lambda dx, dy, weight, bins=36: _count(_turn(dy, dx), weight * np.hypot(dx, dy), bins),
            "arctan2 takes the slope along y first: np.arctan2(dy, dx).",
        ),
        Mistake(
            lambda dx, dy, weight, bins=36: _count(_turn(dx, -dy), weight * np.hypot(dx, dy), bins),
            "Your angles run the other way: here y points down, and dy enters as it is.",
        ),
        Mistake(
            _half_circle,
            "arctan(dy / dx) cannot tell right from left: np.arctan2(dy, dx) knows all four quarters.",
        ),
        Mistake(
            _floored,
            "Bin k is centred on k * 2 pi / bins, so round to the nearest (np.rint); you cut off.",
        ),
        Mistake(
            _unwrapped,
            "arctan2 gives -pi to pi, and a negative angle has no bin: the circle closes with % bins.",
        ),
        Mistake(
            _too_many,
            "Just below the full circle you round up to bin number `bins`, which is bin 0: take % bins after rounding.",
        ),
        Mistake(
            _degrees,
            "arctan2 gives radians, but you divide by the degrees of a bin: np.degrees(...), or 2 * np.pi / bins.",
        ),
        Mistake(
            lambda dx, dy, weight, bins=36: _count(_turn(dx, dy), weight, bins),
            "You count the weights alone: a steep slope should count more, in proportion to its length.",
        ),
        Mistake(
            lambda dx, dy, weight, bins=36: _count(_turn(dx, dy), np.hypot(dx, dy), bins),
            "The weights are missing: samples far from the keypoint should count less.",
        ),
        Mistake(
            lambda dx, dy, weight, bins=36: _count(_turn(dx, dy), weight * (dx**2 + dy**2), bins),
            "dx^2 + dy^2 is the length squared: the square root is missing (np.hypot).",
        ),
        Mistake(
            lambda dx, dy, weight, bins=36: _count(
                _turn(dx, dy).reshape(1, -1), (weight * np.hypot(dx, dy)).reshape(1, -1), bins
            )[0],
            "All keypoints fall into one histogram: each row of dx and dy should get a row of its own.",
        ),
        Mistake(
            _counted,
            "Each sample counts as 1: give np.bincount the votes as its second argument.",
        ),
        Mistake(
            lambda dx, dy, weight, bins=36: _count(_turn(dx, dy), 1.0, bins),
            "You add 1 for each sample; add weight * length.",
        ),
        Mistake(
            _ragged,
            "np.bincount ends at the last bin it meets, so the rows differ in length: minlength=bins.",
        ),
        Mistake(
            _ragged_into,
            "np.bincount gives fewer than `bins` numbers if the last bins are empty: tell it minlength=bins.",
        ),
        Mistake(
            lambda dx, dy, weight, bins=36: _count(_turn(dx, dy) + 0.5, weight * np.hypot(dx, dy), bins),
            "All bins are half a turn off: arctan2's -pi belongs to the middle bin, take % bins, do not add pi.",
        ),
        Mistake(
            _last_only,
            "rows[i, box] += votes keeps only one vote of several for the same bin: np.bincount or np.add.at adds all.",
        ),
        Mistake(
            _truncated,
            "astype(int) cuts off towards zero: round to the nearest bin with np.rint first.",
        ),
        Mistake(
            lambda dx, dy, weight, bins=36: _count(np.abs(_turn(dx, dy)), weight * np.hypot(dx, dy), bins),
            "You drop the angle's sign, so up and down fall into one bin: keep it, % bins does the rest.",
        ),
        Mistake(
            _clipped,
            "Negative angles all end in bin 0 in yours: do not clip them, the circle closes with % bins.",
        ),
        Mistake(
            lambda dx, dy, weight, bins=36: _count(2 * _turn(dx, dy), weight * np.hypot(dx, dy), bins),
            "A full circle is 2 pi; you divide by pi, and opposite directions share a bin.",
        ),
        Mistake(
            _highest,
            "You divide by the maximum: leave the histogram as it is.",
        ),
        Mistake(
            _shares,
            "You divide by the sum: leave the histogram as it is, the peaks do not need it.",
        ),
    ),
)
