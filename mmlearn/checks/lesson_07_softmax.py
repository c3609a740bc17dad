"""The exercise of lesson 07 on softmax: shares that sum to one, for scores of any size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.types import FloatArray

Generator = np.random.Generator


def softmax(scores: FloatArray) -> FloatArray:
    """The course's answer to 07.1: scores (..., M) -> shares (..., M) that sum to one along the last axis."""
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))  # (..., M), the largest is 1
    shares: FloatArray = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return shares


def _far_apart(generator: Generator) -> tuple[FloatArray]:
    """Rows whose levels lie 2,000 apart: too large for exp, and too small beside the largest of all."""
    return (generator.normal(size=(3, 4)) + np.array([[1000.0], [0.0], [-1000.0]]),)


def _wide_rows(generator: Generator) -> tuple[FloatArray]:
    """Rows that span thousands themselves: nothing but their largest score is safe to take off."""
    return (np.array([[0.0, 1.0, -2000.0], [-3000.0, 0.0, 0.0]]),)


def _overflow(scores: FloatArray) -> FloatArray:
    with np.errstate(all="ignore"):
        found: FloatArray = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    return found


def _one_largest(scores: FloatArray) -> FloatArray:
    with np.errstate(all="ignore"):
        exponentials = np.exp(scores - scores.max())
        found: FloatArray = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return found


def _columns(scores: FloatArray) -> FloatArray:
    exponentials = np.exp(scores - scores.max(axis=0))
    found: FloatArray = exponentials / exponentials.sum(axis=0)
    return found


def _whole(scores: FloatArray) -> FloatArray:
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    found: FloatArray = exponentials / exponentials.sum()
    return found


def _no_exponential(scores: FloatArray) -> FloatArray:
    found: FloatArray = scores / scores.sum(axis=-1, keepdims=True)
    return found


def _no_sum(scores: FloatArray) -> FloatArray:
    found: FloatArray = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return found


def _logarithm(scores: FloatArray) -> FloatArray:
    found: FloatArray = np.log(softmax(scores) + 1e-300)
    return found


def _hard(scores: FloatArray) -> FloatArray:
    found: FloatArray = (scores == scores.max(axis=-1, keepdims=True)).astype(np.float64)
    return found


def _base_two(scores: FloatArray) -> FloatArray:
    return softmax(scores * np.log(2))


def _sigmoid(scores: FloatArray) -> FloatArray:
    found: FloatArray = np.exp(-np.logaddexp(0, -scores))
    return found


def _clipped(scores: FloatArray) -> FloatArray:
    exponentials = np.exp(np.clip(scores, -50, 50))
    found: FloatArray = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return found


def _no_kept_axis(scores: FloatArray) -> FloatArray:
    exponentials = np.exp(scores - scores.max(axis=-1))
    found: FloatArray = exponentials / exponentials.sum(axis=-1)
    return found


def _axis_one(scores: FloatArray) -> FloatArray:
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    found: FloatArray = exponentials / exponentials.sum(axis=1, keepdims=True)
    return found


def _less(level: Callable[[FloatArray], FloatArray]) -> Callable[[FloatArray], FloatArray]:
    """Softmax with something else than each row's largest score taken off."""

    def wrong(scores: FloatArray) -> FloatArray:
        with np.errstate(all="ignore"):
            exponentials = np.exp(scores - level(scores))
            found: FloatArray = exponentials / exponentials.sum(axis=-1, keepdims=True)
        return found

    return wrong


def _in_place(scores: FloatArray) -> FloatArray:
    scores -= scores.max(axis=-1, keepdims=True)
    return softmax(scores)


def _negative(scores: FloatArray) -> FloatArray:
    return softmax(-scores)


SOFTMAX = Exercise(
    id="07.1",
    title="Softmax",
    reference="mmlearn.checks.lesson_07_softmax.softmax",
    cases=(
        Case("3 queries, 5 keys", lambda g: (g.normal(size=(3, 5)) * 2,)),
        Case("one query alone, 4 keys", lambda g: (g.normal(size=4) * 2,)),
        Case("rows near 1000, 0 and -1000", _far_apart),
        Case("2 heads, 3 queries, 6 keys", lambda g: (g.normal(size=(2, 3, 6)),)),
        Case("rows that reach from 0 to -3000", _wide_rows),
    ),
    mistakes=(
        Mistake(
            _overflow,
            "exp(1000) is infinite, and infinity / infinity is NaN: take each row's largest score off before exp. The "
            "shares stay the same.",
        ),
        Mistake(
            _one_largest,
            "You take off the largest score of ALL rows: a row far below it becomes 0/0. Each row needs its own, "
            "max(axis=-1, keepdims=True).",
        ),
        Mistake(
            _columns, "Your columns sum to one. Each ROW shares out one unit over its keys: axis=-1, the last axis."
        ),
        Mistake(
            _axis_one,
            "Axis 1 is the last axis of a table alone. One row has no axis 1, and with heads it is the queries': -1 is "
            "always the last.",
        ),
        Mistake(_whole, "All your rows together sum to one: sum each row by itself, axis=-1 with keepdims=True."),
        Mistake(_no_exponential, "The exponential is missing: a negative score would give a negative share."),
        Mistake(_no_sum, "The exponentials are right, their sum is not one yet: divide each row by its sum."),
        Mistake(_logarithm, "That is the logarithm of the shares (log-softmax), which losses use; return the shares."),
        Mistake(
            _hard,
            "You give everything to the largest score. Softmax is the soft version: the others keep a share, and so a "
            "gradient.",
        ),
        Mistake(_base_two, "You raise 2 to the scores; softmax raises e: np.exp, not 2 **."),
        Mistake(
            _sigmoid,
            "That is the sigmoid of each score by itself; the shares of a row must know of one another and sum to one.",
        ),
        Mistake(
            _clipped,
            "Clipping stops the overflow but makes all large scores equal. Take the row's largest off instead: nothing "
            "is lost.",
        ),
        Mistake(
            _no_kept_axis,
            "max and sum lose the axis they run over, so that rows and columns no longer meet: keepdims=True keeps it.",
        ),
        Mistake(
            _less(lambda scores: scores.max(axis=-1)[:, None]),
            "[:, None] puts the axis back for a table alone: one row, or heads before the queries, need max(axis=-1, "
            "keepdims=True).",
        ),
        Mistake(
            _less(lambda scores: scores.min(axis=-1, keepdims=True)),
            "You take off each row's SMALLEST score: what remains is large, and its exponential overflows. Take off "
            "the largest.",
        ),
        Mistake(
            _less(lambda scores: scores.mean(axis=-1, keepdims=True)),
            "You take off each row's mean: a score far above it still overflows. Take off the largest: then nothing is "
            "above 0.",
        ),
        Mistake(
            _in_place,
            "The shares are right, but `-=` changes the scores of whoever called you: write scores - largest into a "
            "new array.",
        ),
        Mistake(_negative, "The sign is reversed: you give the largest share to the SMALLEST score."),
    ),
)
