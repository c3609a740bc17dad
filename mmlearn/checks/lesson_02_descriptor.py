"""The exercise of lesson 02 on making a descriptor blind to light."""

from __future__ import annotations

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.types import FloatArray

Generator = np.random.Generator


def _lengths(rows: FloatArray) -> FloatArray:
    length: FloatArray = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.where(length > 0, length, 1)


def _unit(rows: FloatArray) -> FloatArray:
    return rows / _lengths(rows)


def _glint(generator: Generator) -> tuple[FloatArray, float]:
    """One entry far above all others."""
    rows = generator.random((2, 128))
    rows[0, 17], rows[1, 90] = 40, 15
    return rows, 0.2


def _with_zeros(generator: Generator) -> tuple[FloatArray, float]:
    rows = generator.random((3, 128)) ** 4
    rows[1] = 0
    return rows, 0.2


def _plain(rows: FloatArray, clip: float = 0.2) -> FloatArray:
    return _unit(np.minimum(_unit(rows), clip))


def _nan(rows: FloatArray, clip: float = 0.2) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        once = np.minimum(rows / np.linalg.norm(rows, axis=1, keepdims=True), clip)
        twice: FloatArray = once / np.linalg.norm(once, axis=1, keepdims=True)
    return twice


def _sums(rows: FloatArray, clip: float = 0.2) -> FloatArray:
    def share(each: FloatArray) -> FloatArray:
        total: FloatArray = each.sum(axis=1, keepdims=True)
        return each / np.where(total > 0, total, 1)

    return share(np.minimum(share(rows), clip))


def _whole(rows: FloatArray, clip: float = 0.2) -> FloatArray:
    once = np.minimum(rows / np.linalg.norm(rows), clip)
    twice: FloatArray = once / np.linalg.norm(once)
    return twice


def _columns(rows: FloatArray, clip: float = 0.2) -> FloatArray:
    return np.ascontiguousarray(_plain(rows.T, clip).T)


def _highest(rows: FloatArray, clip: float = 0.2) -> FloatArray:
    highest: FloatArray = rows.max(axis=1, keepdims=True)
    return _unit(np.minimum(rows / np.where(highest > 0, highest, 1), clip))


def _emptied(rows: FloatArray, clip: float = 0.2) -> FloatArray:
    once = _unit(rows)
    return _unit(np.where(once > clip, 0, once))


DESCRIPTOR = Exercise(
    id="02.3",
    title="Blind to light",
    reference="mmlearn.encode.sift.normalise_descriptors",
    cases=(
        Case("two descriptors with a glint", _glint),
        Case("a row of zeros among them", _with_zeros),
        Case("rows of 16, clipped at 0.4", lambda g: (g.random((4, 16)) ** 3, 0.4)),
        Case("float32", lambda g: ((g.random((2, 128)) ** 6).astype(np.float32), 0.2)),
    ),
    mistakes=(
        Mistake(
            lambda rows, clip=0.2: _unit(rows),
            "The clip is missing: after the first division no entry may stay above it.",
        ),
        Mistake(
            lambda rows, clip=0.2: np.minimum(_unit(rows), clip),
            "After the clip the rows are shorter than 1: divide by their length a second time.",
        ),
        Mistake(
            lambda rows, clip=0.2: _unit(np.minimum(rows, clip)),
            "You clip before the first division: the limit is meant for rows of length 1.",
        ),
        Mistake(
            _nan,
            "A row of zeros has length 0, and 0/0 is NaN: replace a length of 0 by 1 before dividing.",
        ),
        Mistake(
            _sums,
            "You divide by the sum; the length is the square root of the sum of squares (np.linalg.norm).",
        ),
        Mistake(
            lambda rows, clip=0.2: _unit(np.minimum(rows / _lengths(rows) ** 2, clip)),
            "You divide by the squared length at first: take the square root of the sum of squares.",
        ),
        Mistake(
            lambda rows, clip=0.2: _plain(rows),
            "You clip at 0.2 whatever is asked for: use the argument `clip`.",
        ),
        Mistake(
            _whole,
            "np.linalg.norm without axis=1 is one number for all keypoints; each row has a length of its own.",
        ),
        Mistake(
            _columns,
            "You took the length of the columns (axis 0); a descriptor is a row: axis=1.",
        ),
        Mistake(
            _highest,
            "You divide by the highest entry, or clip at a share of it: the measure is the row's length.",
        ),
        Mistake(
            lambda rows, clip=0.2: _unit(np.maximum(_unit(rows), clip)),
            "np.maximum lifts small entries up to the clip; np.minimum holds large ones down.",
        ),
        Mistake(
            _emptied,
            "Entries above the clip become the clip itself, not 0.",
        ),
    ),
)
