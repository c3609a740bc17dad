"""The exercise of lesson 09 on few labels: the first so many rows of each kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.compare import difference
from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.types import IntArray, StrArray

Generator = np.random.Generator
Arguments = tuple[StrArray, IntArray, int]


def first_of_each(labels: StrArray, rows: IntArray, k: int) -> IntArray:
    """The course's answer to 09.5: the first k of the rows of each kind; all of them where there are fewer."""
    kept = [rows[labels[rows] == kind][:k] for kind in np.unique(labels[rows])]
    return np.concatenate(kept)  # (k * kinds,) or fewer


def _drawn(kinds: str, n: int, k: int) -> Callable[[Generator], Arguments]:
    """Every third item is held out; the others come in random order. At least two of each kind are among them."""

    def make(generator: Generator) -> Arguments:
        labels = generator.permutation(np.array([kinds[i % len(kinds)] for i in range(n)]))
        rows = generator.permutation(np.setdiff1d(np.arange(n), np.arange(0, n, 3)))
        return labels, rows, k

    return make


def _six(generator: Generator) -> Arguments:
    return np.array(["cat", "cat", "sun", "cat", "sun", "sun"]), np.array([5, 3, 1, 4, 0]), 1


def _too_few(generator: Generator) -> Arguments:
    labels = np.array(["cat"] * 6 + ["sun"] * 2 + ["cat"] * 4)
    return labels, generator.permutation(np.array([1, 3, 4, 5, 6, 8, 9, 11])), 3


def _in_any_order(got: Any, expected: Any) -> str | None:
    """Row numbers are a set: their order is free. Twice the same is not."""
    found = difference(_ordered(got), _ordered(expected))
    return None if found is None else found.says


def _ordered(found: Any) -> Any:
    """Whole numbers in a row, sorted; anything else as it is."""
    numbers = isinstance(found, np.ndarray) and found.ndim == 1 and found.dtype.kind in "iu"
    return np.sort(found) if numbers else found


def _kinds_of(labels: StrArray, rows: IntArray) -> StrArray:
    return np.unique(labels[rows])


def _places(labels: StrArray, rows: IntArray, k: int) -> Any:
    return np.concatenate([np.flatnonzero(labels[rows] == kind)[:k] for kind in _kinds_of(labels, rows)])


def _from_all(labels: StrArray, rows: IntArray, k: int) -> Any:
    return np.concatenate([np.flatnonzero(labels == kind)[:k] for kind in np.unique(labels)])


def _unaligned(labels: StrArray, rows: IntArray, k: int) -> Any:
    return np.concatenate([rows[labels[: len(rows)] == kind][:k] for kind in np.unique(labels)])


def _whatever_kind(labels: StrArray, rows: IntArray, k: int) -> Any:
    return rows[: k * len(_kinds_of(labels, rows))]


def _k_in_all(labels: StrArray, rows: IntArray, k: int) -> Any:
    return rows[:k]


def _sorted_first(labels: StrArray, rows: IntArray, k: int) -> Any:
    return first_of_each(labels, np.sort(rows), k)


def _last(labels: StrArray, rows: IntArray, k: int) -> Any:
    return first_of_each(labels, rows[::-1], k)


def _one_more(labels: StrArray, rows: IntArray, k: int) -> Any:
    return first_of_each(labels, rows, k + 1)


def _mask(labels: StrArray, rows: IntArray, k: int) -> Any:
    return np.isin(np.arange(len(labels)), first_of_each(labels, rows, k))


def _labels(labels: StrArray, rows: IntArray, k: int) -> Any:
    return labels[first_of_each(labels, rows, k)]


def _only_the_last_kind(labels: StrArray, rows: IntArray, k: int) -> Any:
    return rows[labels[rows] == _kinds_of(labels, rows)[-1]][:k]


def _with_replacement(labels: StrArray, rows: IntArray, k: int) -> Any:
    return np.concatenate([np.resize(rows[labels[rows] == kind], k) for kind in _kinds_of(labels, rows)])


def _as_few_as_the_rarest(labels: StrArray, rows: IntArray, k: int) -> Any:
    rarest = min((labels[rows] == kind).sum() for kind in _kinds_of(labels, rows))
    return first_of_each(labels, rows, min(k, rarest))


def _a_list_a_kind(labels: StrArray, rows: IntArray, k: int) -> Any:
    return [rows[labels[rows] == kind][:k] for kind in _kinds_of(labels, rows)]


FEW = Exercise(
    id="09.5",
    title="A few labels of each kind",
    reference="mmlearn.checks.lesson_09_few.first_of_each",
    cases=(
        Case("five rows of two kinds, one of each", _six),
        Case("three kinds, two of each", _drawn("abc", 30, 2)),
        Case("four kinds, three of each", _drawn("abcd", 60, 3)),
        Case("a kind with a single row, three asked for", _too_few),
    ),
    mistakes=(
        Mistake(
            _places,
            "You return places within `rows`; row numbers of the deck are due. np.flatnonzero(...) counts along rows: "
            "rows[...] gives what stands there.",
        ),
        Mistake(
            _from_all,
            "You draw from all stickers, those of the test among them: only what stands in `rows` may be taken.",
        ),
        Mistake(
            _unaligned,
            "labels belongs to the whole deck: the kinds of your rows are labels[rows], not the first of labels.",
        ),
        Mistake(
            _whatever_kind,
            "The number is right, the kinds are not: you take the first k * kinds rows, whatever they show.",
        ),
        Mistake(_k_in_all, "That is k in all: choose the kind first, then [:k]; k of EACH kind are asked for."),
        Mistake(
            _sorted_first,
            "You sort the rows first, so every draw takes the same ones, the beginning of the deck: keep their order.",
        ),
        Mistake(_last, "You take the last k of each kind, the first k are due: [:k]."),
        Mistake(_one_more, "One too many of each kind: [:k] ends before k."),
        Mistake(_mask, "The right ones, as True and False over the deck; their row numbers are due."),
        Mistake(_labels, "You return the labels of the right rows; the row numbers are due."),
        Mistake(
            _only_the_last_kind,
            "Only the last kind is left: collect the rows of every kind, then np.concatenate.",
        ),
        Mistake(
            _with_replacement,
            "A kind with fewer than k rows gives all it has; yours repeats some, which adds no label.",
        ),
        Mistake(
            _as_few_as_the_rarest,
            "You cut every kind to what the rarest has; only a kind with fewer than k rows gives fewer.",
        ),
        Mistake(_a_list_a_kind, "You return a list with an array for each kind: np.concatenate makes them one array."),
    ),
    compare=_in_any_order,
)
