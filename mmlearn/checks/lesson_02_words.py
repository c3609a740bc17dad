"""The exercises of lesson 02 on visual words: one step of k-means, and the list of the two."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.lesson_02_histogram import HISTOGRAM
from mmlearn.types import FloatArray

Generator = np.random.Generator


def _cloud(generator: Generator, n: int, k: int, d: int) -> tuple[FloatArray, FloatArray]:
    points = generator.normal(size=(n, d)) * 3
    return points, points[:k] + 0.1 * generator.normal(size=(k, d))


def _lonely(generator: Generator) -> tuple[FloatArray, FloatArray]:
    points, centres = _cloud(generator, 12, 4, 2)
    centres[1] = 99
    return points, centres


def _by_hand(generator: Generator) -> tuple[FloatArray, FloatArray]:
    return np.array([[0.0], [1.0], [8.0], [12.0]]), np.array([[0.0], [6.0]])


def _labels(points: Any, centres: Any) -> Any:
    return ((points[:, None] - centres) ** 2).sum(axis=-1).argmin(axis=1)


def _means(points: Any, centres: Any, labels: Any, empty: Any = None) -> Any:
    """The mean of each centre's points; where there are none, the old centre or `empty`."""
    return np.stack(
        [
            points[labels == k].mean(axis=0)
            if (labels == k).any()
            else (centres[k] if empty is None else np.full(points.shape[1], empty))
            for k in range(len(centres))
        ]
    )


def _step(points: Any, centres: Any, labels: Any) -> Any:
    return labels, _means(points, centres, labels)


def _right(points: Any, centres: Any) -> Any:
    return _step(points, centres, _labels(points, centres))


def _city(points: Any, centres: Any) -> Any:
    return _step(points, centres, np.abs(points[:, None] - centres).sum(axis=-1).argmin(axis=1))


def _farthest(points: Any, centres: Any) -> Any:
    return _step(points, centres, ((points[:, None] - centres) ** 2).sum(axis=-1).argmax(axis=1))


def _by_columns(points: Any, centres: Any) -> Any:
    return ((points[:, None] - centres) ** 2).sum(axis=-1).argmin(axis=0)


def _median(points: Any, centres: Any) -> Any:
    labels = _labels(points, centres)
    own = [points[labels == k] for k in range(len(centres))]
    return labels, np.stack([np.median(o, axis=0) if len(o) else c for o, c in zip(own, centres, strict=True)])


def _sums(points: Any, centres: Any) -> Any:
    labels = _labels(points, centres)
    own = [points[labels == k] for k in range(len(centres))]
    return labels, np.stack([o.sum(axis=0) if len(o) else c for o, c in zip(own, centres, strict=True)])


def _one_number(points: Any, centres: Any) -> Any:
    """The mean without an axis: one number for all coordinates of a centre."""
    labels = _labels(points, centres)
    own = [points[labels == k] for k in range(len(centres))]
    return labels, np.stack(
        [np.full(points.shape[1], o.mean()) if len(o) else c for o, c in zip(own, centres, strict=True)]
    )


def _new_labels(points: Any, centres: Any) -> Any:
    _, moved = _right(points, centres)
    return _labels(points, moved), moved


def _dropped(points: Any, centres: Any) -> Any:
    labels = _labels(points, centres)
    return labels, np.stack([points[labels == k].mean(axis=0) for k in range(len(centres)) if (labels == k).any()])


def _swapped(points: Any, centres: Any) -> Any:
    return _right(points, centres)[::-1]


def _to_the_end(points: Any, centres: Any) -> Any:
    """Step after step until nothing moves."""
    labels, moved = _right(points, centres)
    while not np.array_equal(moved, centres):
        centres = moved
        labels, moved = _right(points, centres)
    return labels, moved


def _to_the_middle(points: Any, centres: Any) -> Any:
    """A centre that nobody chose goes to the mean of all points."""
    labels, moved = _right(points, centres)
    alone = ~np.isin(np.arange(len(centres)), labels)
    return labels, np.where(alone[:, None], points.mean(axis=0), moved)


LLOYD = Exercise(
    id="02.5",
    title="One step of k-means",
    reference="mmlearn.encode.k_means.lloyd_step",
    cases=(
        Case("4 points on a line, 2 centres, by hand", _by_hand),
        Case("20 points in the plane, 3 centres", lambda g: _cloud(g, 20, 3, 2)),
        Case("30 points of width 5, 6 centres", lambda g: _cloud(g, 30, 6, 5)),
        Case("a centre that nobody chooses", _lonely),
    ),
    mistakes=(
        Mistake(
            lambda points, centres: (
                _labels(points, centres),
                _means(points, centres, _labels(points, centres), np.nan),
            ),
            "The mean of no points is NaN, and NaN spreads to all that follows: a centre that nobody chose stays.",
        ),
        Mistake(
            lambda points, centres: (_labels(points, centres), _means(points, centres, _labels(points, centres), 0.0)),
            "A centre that nobody chose jumps to zero in yours: let it stay where it was.",
        ),
        Mistake(_dropped, "You leave out centres that nobody chose: K centres go in, K must come out."),
        Mistake(_city, "You choose by the sum of absolute differences; nearest here is by squared ones."),
        Mistake(_farthest, "Your points choose the centre that is farthest away: argmin, not argmax."),
        Mistake(
            lambda points, centres: (_by_columns(points, centres), centres),
            "argmin over the wrong axis: there must be one label a point, so look along the centres, axis=1.",
        ),
        Mistake(_median, "You move centres to the median; the mean is what makes the sum of squares smallest."),
        Mistake(_sums, "You move centres to the sum of their points: divide by how many there are."),
        Mistake(_one_number, "mean() without axis=0 mixes the coordinates: each coordinate has its own mean."),
        Mistake(
            _new_labels,
            "Your labels belong to the moved centres. One step: choose by the old centres, then move, then stop.",
        ),
        Mistake(
            _to_the_end,
            "You go on until nothing moves: do one step, the loop comes later.",
        ),
        Mistake(
            _to_the_middle,
            "A centre that nobody chose goes to the mean of all points in yours: it should not move.",
        ),
        Mistake(
            lambda points, centres: _labels(points, centres),
            "These are the labels alone: return labels, centres.",
        ),
        Mistake(
            lambda points, centres: _right(points, centres)[1],
            "These are the moved centres alone: return the labels too, before them.",
        ),
        Mistake(_swapped, "Right, but the other way round: return labels first, then the centres."),
        Mistake(
            lambda points, centres: (_labels(points, centres), np.array(centres)),
            "The labels are right, but the centres have not moved: each goes to the mean of its points.",
        ),
    ),
)

WORDS = (LLOYD, HISTOGRAM)
