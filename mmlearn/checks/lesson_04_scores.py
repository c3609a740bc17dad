"""The exercises of lesson 04 on scores: macro-F1, and the bootstrap that keeps relatives together."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.types import FloatArray

Generator = np.random.Generator

# 04.3 macro-F1 --------------------------------------------------------------------------------------------


def _counts(truth: Any, guess: Any, labels: Any = None) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Right, called and there, for each class."""
    labels = np.union1d(truth, guess) if labels is None else labels
    is_true, is_guessed = truth == labels[:, None], guess == labels[:, None]
    return (is_true & is_guessed).sum(axis=1), is_guessed.sum(axis=1), is_true.sum(axis=1)


def _over(part: Any, whole: Any) -> Any:
    return part / np.where(whole > 0, whole, 1)


def _macro(truth: Any, guess: Any, labels: Any) -> float:
    right, called, there = _counts(truth, guess, labels)
    return float(_over(2 * right, called + there).mean())


def _two(truth: Any, guess: Any) -> tuple[Any, Any]:
    """Precision and recall of each class, 0 where undefined."""
    right, called, there = _counts(truth, guess)
    return _over(right, called), _over(right, there)


def _weighted(truth: Any, guess: Any) -> float:
    right, called, there = _counts(truth, guess)
    return float((_over(2 * right, called + there) * there).sum() / there.sum())


def _of_the_means(truth: Any, guess: Any) -> float:
    precision, recall = (each.mean() for each in _two(truth, guess))
    return float(_over(2 * precision * recall, precision + recall))


def _bare(truth: Any, guess: Any) -> Any:
    """F1 by its textbook formula; NaN where precision, recall or their sum has nothing to divide by."""
    right, called, there = _counts(truth, guess)
    with np.errstate(all="ignore"):
        precision, recall = right / called, right / there
        return 2 * precision * recall / (precision + recall)


def _with_zero_division(truth: Any, guess: Any) -> float:
    """Plain Python numbers: the first class without a guess stops it."""
    scores = []
    for right, called, there in zip(*(each.tolist() for each in _counts(truth, guess)), strict=True):
        precision, recall = right / called, right / there
        scores.append(2 * precision * recall / (precision + recall))
    return float(np.mean(scores))


def _undefined_is_one(truth: Any, guess: Any) -> float:
    return float(np.nan_to_num(_bare(truth, guess), nan=1.0).mean())


def _of_classes(truth: Any, guess: Any) -> list[float]:
    right, called, there = _counts(truth, guess)
    return [float(score) for score in _over(2 * right, called + there)]


def _animals(generator: Generator) -> tuple[Any, ...]:
    """By hand: cat 2/3, dog 4/5, and one rare fox that is never found, so 0."""
    return np.array(["cat", "cat", "dog", "dog", "fox"]), np.array(["cat", "dog", "dog", "dog", "cat"])


def _uneven(generator: Generator, n: int, classes: int) -> tuple[Any, ...]:
    truth = generator.integers(0, classes, n) * generator.integers(0, 2, n)  # class 0 is frequent
    return truth, np.where(generator.random(n) < 0.6, truth, generator.integers(0, classes, n))


MACRO_F1 = Exercise(
    id="04.3",
    title="Macro-F1",
    reference="mmlearn.score.labels.macro_f1",
    cases=(
        Case("five animals, by hand", _animals),
        Case("60 items of 4 uneven classes", lambda g: _uneven(g, 60, 4)),
        Case("a class that is never guessed", lambda g: (np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]))),
        Case("a class that is guessed but never true", lambda g: (np.array([0, 0, 1]), np.array([0, 2, 1]))),
        Case("nothing right", lambda g: (np.array([0, 1, 1]), np.array([1, 0, 0]))),
    ),
    mistakes=(
        Mistake(
            lambda t, g: float((t == g).mean()),
            "That is accuracy, which a frequent class rules alone: F1 for each class, then the mean.",
        ),
        Mistake(
            _weighted, "You weigh each class by its size; in macro-F1 a class of two counts like a class of hundreds."
        ),
        Mistake(lambda t, g: float(_two(t, g)[0].mean()), "That is the mean precision; F1 needs the recall as well."),
        Mistake(lambda t, g: float(_two(t, g)[1].mean()), "That is the mean recall; F1 needs the precision as well."),
        Mistake(_of_the_means, "You take F1 of the mean precision and recall: first F1 of each class, then the mean."),
        Mistake(
            lambda t, g: float(np.stack(_two(t, g)).mean()),
            "You take the plain mean of precision and recall; F1 is the harmonic mean, 2 P R / (P + R).",
        ),
        Mistake(
            lambda t, g: _macro(t, g, np.union1d(t, g)) / 2,
            "A factor 2 is missing: P R / (P + R) is at most 1/2.",
        ),
        Mistake(
            lambda t, g: _macro(t, g, np.unique(t)),
            "A class that is guessed but never true is a class too, with F1 0: take the classes of both lists.",
        ),
        Mistake(
            lambda t, g: _macro(t, g, np.unique(g)),
            "A class that is never guessed is left out, though it deserves its 0: take the classes of both lists.",
        ),
        Mistake(
            lambda t, g: float(_bare(t, g).mean()),
            "0 / 0 made a NaN: a class of which nothing is right has F1 0.",
        ),
        Mistake(
            lambda t, g: float(np.nanmean(_bare(t, g))) if not np.isnan(_bare(t, g)).all() else 0.0,
            "You leave out the classes of which nothing is right: they count, with 0.",
        ),
        Mistake(_undefined_is_one, "A class of which nothing is right gets 1 from you; it should get 0."),
        Mistake(
            _with_zero_division,
            "A class of which nothing is right divides by zero: give it 0, or use 2 right / (called + there).",
        ),
        Mistake(_of_classes, "Those are the classes' F1, one by one; macro-F1 is their mean, one number."),
    ),
)

# 04.4 the cluster bootstrap -------------------------------------------------------------------------------


def _sums(values: FloatArray, group: Any) -> tuple[Any, Any]:
    return np.bincount(group, values), np.bincount(group)


def _mean_of_means(values: FloatArray, group: Any, drawn: Any) -> FloatArray:
    totals, sizes = _sums(values, group)
    means: FloatArray = (totals / sizes)[drawn].mean(axis=1)
    return means


def _over_all(values: FloatArray, group: Any, drawn: Any) -> FloatArray:
    means: FloatArray = _sums(values, group)[0][drawn].sum(axis=1) / len(values)
    return means


def _over_groups(values: FloatArray, group: Any, drawn: Any) -> FloatArray:
    means: FloatArray = _sums(values, group)[0][drawn].mean(axis=1)
    return means


def _each_once(values: FloatArray, group: Any, drawn: Any) -> FloatArray:
    return np.array([values[np.isin(group, row)].mean() for row in drawn])


def _down(values: FloatArray, group: Any, drawn: Any) -> FloatArray:
    totals, sizes = _sums(values, group)
    means: FloatArray = totals[drawn].sum(axis=0) / sizes[drawn].sum(axis=0)
    return means


def _all_rows(values: FloatArray, group: Any, drawn: Any) -> float:
    totals, sizes = _sums(values, group)
    return float(totals[drawn].sum() / sizes[drawn].sum())


def _ratio(values: FloatArray, group: Any, drawn: Any) -> FloatArray:
    totals, sizes = _sums(values, group)
    return np.asarray(totals[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))


def _families(generator: Generator, n: int, count: int, draws: int) -> tuple[Any, ...]:
    group = np.concatenate([np.arange(count), generator.integers(0, count, n - count) // 2])  # uneven, none empty
    hits = generator.integers(0, 2, n).astype(np.float64)
    return hits, generator.permutation(group), generator.integers(0, count, (draws, count))


def _three(generator: Generator) -> tuple[Any, ...]:
    """By hand: a family of three, all right; one of two, half right; a single miss."""
    hits, group = np.array([1.0, 1.0, 1.0, 1.0, 0.0, 0.0]), np.array([0, 0, 0, 1, 1, 2])
    return hits, group, np.array([[0, 1, 2], [0, 0, 2], [2, 2, 1], [2, 2, 2]])


RESAMPLE = Exercise(
    id="04.4",
    title="Draw whole families",
    reference="mmlearn.score.bootstrap.resampled_means",
    cases=(
        Case("three families, four draws, by hand", _three),
        Case("40 hits in 8 families, 5 draws", lambda g: _families(g, 40, 8, 5)),
        Case("12 hits in 5 families, 5 draws", lambda g: _families(g, 12, 5, 5)),
    ),
    mistakes=(
        Mistake(
            _mean_of_means,
            "You take the mean of the families' means, so an only child weighs as much as a family of ten.",
        ),
        Mistake(_over_all, "You divide by N; a draw of large families holds more than N items: count those drawn."),
        Mistake(_over_groups, "You divide by the number of families; a mean needs the number of items."),
        Mistake(
            lambda v, group, drawn: v[drawn].mean(axis=1),
            "drawn holds numbers of families; you take them for numbers of items.",
        ),
        Mistake(_each_once, "A family that is drawn twice counts twice: np.isin only knows whether it was drawn."),
        Mistake(_down, "You add up down the columns (axis=0); a draw is a row, axis=1."),
        Mistake(_all_rows, "You made one mean of all draws together: one mean a draw, (R,)."),
        Mistake(
            lambda v, group, drawn: _sums(v, group)[0][drawn].sum(axis=1),
            "Those are sums: divide each by the number of items in its draw.",
        ),
        Mistake(
            lambda v, group, drawn: [float(mean) for mean in _ratio(v, group, drawn)],
            "The means are right, but come as a list: hand back an array, np.array(...).",
        ),
        Mistake(
            lambda v, group, drawn: float(_ratio(v, group, drawn).std()),
            "That is their spread; the means themselves are asked for, one a draw.",
        ),
    ),
)
