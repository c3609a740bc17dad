"""The exercise of lesson 02 on the ratio test."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.types import FloatArray, IntArray

Generator = np.random.Generator
Given = tuple[FloatArray, FloatArray, float]


def _views(generator: Generator) -> Given:
    """Twelve points, of which b has seven again, in another order and a little off, and six of its own."""
    a = generator.random((12, 8))
    again = a[generator.permutation(12)[:7]] + generator.normal(0, 0.12, (7, 8))
    return a, np.concatenate([again, generator.random((6, 8))])[generator.permutation(13)], 0.8


def _strict(generator: Generator) -> Given:
    a, b, _ = _views(generator)
    return a, b, 0.5


def _repeated(generator: Generator) -> Given:
    """A wall of one kind of brick: b holds everything twice, so nothing is clearly nearest."""
    a = generator.random((4, 8))
    return a, np.concatenate([a + 0.1, a - 0.1]), 0.8


def _line(generator: Generator) -> Given:
    """To be worked out by hand: distances 1 and 10, 4 and 5, 3 and 4."""
    return np.array([[0.0], [5.0], [13.0]]), np.array([[-1.0], [10.0], [9.0]]), 0.9


def _apart(a: FloatArray, b: FloatArray) -> FloatArray:
    apart: FloatArray = np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=-1))
    return apart


def _kept(keep: Any, partner: IntArray) -> IntArray:
    rows = np.flatnonzero(keep)
    return np.stack([rows, partner[rows]], axis=1)


def _test(a: FloatArray, b: FloatArray, ratio: float, power: int = 1, place: int = 0) -> IntArray:
    if len(b) < 2:
        return np.zeros((0, 2), np.int64)
    apart = _apart(a, b)
    two = np.argsort(apart, axis=1)[:, :2]
    first, second = np.take_along_axis(apart, two, axis=1).T
    return _kept(first**power < ratio * second**power, two[:, place])


def _crash(a: FloatArray, b: FloatArray, ratio: float) -> IntArray:
    apart = _apart(a, b)
    two = np.argsort(apart, axis=1)
    first, second = apart[np.arange(len(a)), two[:, 0]], apart[np.arange(len(a)), two[:, 1]]
    return _kept(first < ratio * second, two[:, 0])


def _unasked(a: FloatArray, b: FloatArray, ratio: float) -> IntArray:
    return _kept(np.ones(len(a)), _apart(a, b).argmin(axis=1))


def _limit(a: FloatArray, b: FloatArray, ratio: float) -> IntArray:
    apart = _apart(a, b)
    return _kept(apart.min(axis=1) < ratio, apart.argmin(axis=1))


def _doubtful(a: FloatArray, b: FloatArray, ratio: float) -> IntArray:
    clear = {tuple(pair) for pair in _test(a, b, ratio).tolist()}
    rest = [pair for pair in _unasked(a, b, ratio).tolist() if tuple(pair) not in clear]
    return np.array(rest, dtype=np.int64).reshape(-1, 2)


def _numbered_anew(a: FloatArray, b: FloatArray, ratio: float) -> IntArray:
    pairs = _test(a, b, ratio)
    return np.stack([np.arange(len(pairs)), pairs[:, 1]], axis=1)


def _mutual(a: FloatArray, b: FloatArray, ratio: float) -> IntArray:
    apart = _apart(a, b)
    there, back = apart.argmin(axis=1), apart.argmin(axis=0)
    return _kept(back[there] == np.arange(len(a)), there)


NOTHING = np.zeros((0, 2), np.int64)


def _with(change: Any) -> Any:
    """A wrong answer that is right where there is no second nearest."""
    return lambda a, b, ratio: NOTHING.copy() if len(b) < 2 else change(a, b, ratio)


def _by(apart: FloatArray, ratio: float) -> IntArray:
    first, second = np.sort(apart, axis=1)[:, :2].T
    return _kept(first < ratio * second, apart.argmin(axis=1))


def _city(a: FloatArray, b: FloatArray, ratio: float) -> IntArray:
    return _by(np.abs(a[:, None] - b).sum(axis=-1), ratio)


def _sorted_by_b(a: FloatArray, b: FloatArray, ratio: float) -> IntArray:
    pairs = _test(a, b, ratio)
    return pairs[np.argsort(pairs[:, 1], kind="stable")]


def _dot(a: FloatArray, b: FloatArray, ratio: float) -> IntArray:
    """The largest dot product for the nearest, the second largest for the runner-up."""
    alike = a @ b.T
    second, first = np.sort(alike, axis=1)[:, -2:].T
    return _kept(second < ratio * first, alike.argmax(axis=1))


def _dot_as_distance(a: FloatArray, b: FloatArray, ratio: float) -> IntArray:
    return _by(a @ b.T, ratio)


def _unsorted(a: FloatArray, b: FloatArray, ratio: float) -> IntArray:
    apart = _apart(a, b)
    return _kept(apart[:, 0] < ratio * apart[:, 1], apart.argmin(axis=1))


def _other_side(a: FloatArray, b: FloatArray, ratio: float) -> IntArray:
    first, second = np.sort(_apart(a, b), axis=1)[:, :2].T
    return _kept(ratio * first < second, _apart(a, b).argmin(axis=1))


RATIO = Exercise(
    id="02.4",
    title="The ratio test",
    reference="mmlearn.encode.matching.match",
    cases=(
        Case("three points on a line", _line),
        Case("two views, 12 and 13 descriptors", _views),
        Case("the same, at a ratio of 0.5", _strict),
        Case("everything twice in b", _repeated),
        Case("one descriptor in b", lambda g: (g.random((3, 8)), g.random((1, 8)), 0.8)),
    ),
    mistakes=(
        Mistake(
            _crash,
            "With one descriptor in b there is no second nearest: return an empty array of shape (0, 2) first.",
        ),
        Mistake(
            _unasked,
            "Everything in a gets its nearest: the ratio test is missing, and so wrong pairs stay in.",
        ),
        Mistake(
            lambda a, b, ratio: _test(a, b, ratio, power=2),
            "You compare squared distances: take the square root, or square the ratio too (0.8 becomes 0.64).",
        ),
        Mistake(
            lambda a, b, ratio: _test(a, b, ratio, place=1),
            "You return the second nearest; it is needed for the test alone.",
        ),
        Mistake(
            lambda a, b, ratio: _test(b, a, ratio)[:, ::-1],
            "You look for the nearest in a for each of b: it is the other way round.",
        ),
        Mistake(
            lambda a, b, ratio: _test(a, b, ratio)[:, ::-1],
            "The columns have changed places: first the row of a, then the row of b.",
        ),
        Mistake(
            lambda a, b, ratio: _test(a, b, ratio).T,
            "One pair a row, shape (K, 2): np.stack(..., axis=1).",
        ),
        Mistake(
            _limit,
            "You compare the distance itself with the ratio: what counts is nearest < ratio * second nearest.",
        ),
        Mistake(
            _doubtful,
            "You keep exactly the doubtful ones: a match is kept where the nearest is the much nearer one.",
        ),
        Mistake(
            _with(_doubtful),
            "The sign is the wrong way round: nearest < ratio * second nearest passes, > does not.",
        ),
        Mistake(
            _with(_other_side),
            "All pairs pass: ask nearest < ratio * second nearest, with the ratio on the side of the second.",
        ),
        Mistake(
            lambda a, b, ratio: _test(a, b, 0.8),
            "You test with 0.8 whatever is asked for: use the argument `ratio`.",
        ),
        Mistake(
            _with(_city),
            "You add absolute differences (Manhattan); the distance is the root of the sum of squares.",
        ),
        Mistake(
            _with(lambda a, b, ratio: _test(b, a, ratio)),
            "You sort along axis 0, over the descriptors of a; each row belongs to one of a: axis=1.",
        ),
        Mistake(
            _sorted_by_b,
            "The pairs are right, their order is not: sort by the row of a.",
        ),
        Mistake(
            _with(_dot),
            "You compare dot products; the ratio is of distances, np.linalg.norm(a[:, None] - b, axis=-1).",
        ),
        Mistake(
            _with(_dot_as_distance),
            "A dot product is large for what is alike: it is no distance. Take np.linalg.norm of the differences.",
        ),
        Mistake(
            _with(_unsorted),
            "Columns 0 and 1 of the distances are the first two of b, not the two nearest: sort each row first.",
        ),
        Mistake(
            _numbered_anew,
            "The first column counts the matches, 0, 1, 2 ...; it should be the row of a that each belongs to.",
        ),
        Mistake(
            _mutual,
            "You keep pairs that choose each other: a good test too (mutual nearest), but not the ratio test.",
        ),
    ),
)
