"""The exercise of lesson 07 on pointing: from a row of weights to a place in the picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.types import FloatArray

Generator = np.random.Generator
Answer = Callable[[FloatArray, int, int, int], FloatArray]


def point(weights: FloatArray, rows: int, columns: int, patch: int) -> FloatArray:
    """The course's answer to 07.6: (Q, rows * columns) -> (Q, 2) x, y in pixels of the strongest patch's centre."""
    row, column = np.divmod(weights.argmax(axis=1), columns)  # (Q,), (Q,)
    centres: FloatArray = (np.stack([column, row], axis=1) + 0.5) * patch  # (Q, 2) x before y
    return centres


def pointed(f: Answer, *args: Any) -> Any:
    """What an answer gives, whole numbers as floating-point ones: it is the places that count."""
    found = f(*args)
    whole = isinstance(found, np.ndarray) and found.dtype.kind in "iu"
    return found.astype(np.float64) if whole else found


def _weights(generator: Generator, q: int, rows: int, columns: int, patch: int) -> tuple[FloatArray, int, int, int]:
    return generator.dirichlet(np.full(rows * columns, 0.2), q), rows, columns, patch


def _grid(place: Callable[[FloatArray, FloatArray, int], tuple[FloatArray, FloatArray]]) -> Answer:
    """From row and column of the strongest patch to what `place` makes of them."""

    def wrong(weights: FloatArray, rows: int, columns: int, patch: int) -> FloatArray:
        row, column = np.divmod(weights.argmax(axis=1), columns)
        return np.stack(place(row, column, patch), axis=1).astype(np.float64)

    return wrong


def _by_rows(weights: FloatArray, rows: int, columns: int, patch: int) -> FloatArray:
    row, column = np.divmod(weights.argmax(axis=1), rows)
    return (np.stack([column, row], axis=1) + 0.5) * patch


def _column_first(weights: FloatArray, rows: int, columns: int, patch: int) -> FloatArray:
    column, row = np.divmod(weights.argmax(axis=1), rows)
    return (np.stack([column, row], axis=1) + 0.5) * patch


def _by_eight(weights: FloatArray, rows: int, columns: int, patch: int) -> FloatArray:
    return point(weights, rows, 8, patch)


def _eight_pixels(weights: FloatArray, rows: int, columns: int, patch: int) -> FloatArray:
    return point(weights, rows, columns, 8)


def _from_below(weights: FloatArray, rows: int, columns: int, patch: int) -> FloatArray:
    x, y = point(weights, rows, columns, patch).T
    return np.stack([x, rows * patch - y], axis=1)


def _slanted(weights: FloatArray, rows: int, columns: int, patch: int) -> FloatArray:
    best = weights.argmax(axis=1)
    return (np.stack([best % columns, best / columns], axis=1) + 0.5) * patch


def _mean_place(weights: FloatArray, rows: int, columns: int, patch: int) -> FloatArray:
    row, column = np.divmod(np.arange(rows * columns), columns)
    found: FloatArray = weights @ ((np.stack([column, row], axis=1) + 0.5) * patch)
    return found


def _weakest(weights: FloatArray, rows: int, columns: int, patch: int) -> FloatArray:
    return point(-weights, rows, columns, patch)


def _one_for_all(weights: FloatArray, rows: int, columns: int, patch: int) -> FloatArray:
    best = np.full(len(weights), weights.argmax() % (rows * columns))
    return (np.stack([best % columns, best // columns], axis=1) + 0.5) * patch


def _strongest_query(weights: FloatArray, rows: int, columns: int, patch: int) -> FloatArray:
    best = weights.argmax(axis=0)
    return (np.stack([best % columns, best // columns], axis=1) + 0.5) * patch


def _numbers(weights: FloatArray, rows: int, columns: int, patch: int) -> FloatArray:
    found: FloatArray = weights.argmax(axis=1).astype(np.float64)
    return found


def _margins(weights: FloatArray, rows: int, columns: int, patch: int) -> FloatArray:
    """The two axes looked at one by one: the strongest row and the strongest column."""
    table = weights.reshape(-1, rows, columns)
    return (np.stack([table.sum(axis=1).argmax(axis=1), table.sum(axis=2).argmax(axis=1)], axis=1) + 0.5) * patch


POINT = Exercise(
    id="07.6",
    title="Where does it point?",
    reference="mmlearn.checks.lesson_07_pointing.point",
    cases=(
        Case("3 words, 4 x 6 patches of 8 pixels", lambda g: _weights(g, 3, 4, 6, 8)),
        Case("5 words, 8 x 8 patches of 8 pixels", lambda g: _weights(g, 5, 8, 8, 8)),
        Case("one word, 3 x 2 patches of 16 pixels", lambda g: _weights(g, 1, 3, 2, 16)),
    ),
    mistakes=(
        Mistake(
            _grid(lambda row, column, patch: ((row + 0.5) * patch, (column + 0.5) * patch)),
            "x and y have changed places: x runs along the columns and comes first, as in the boxes.",
        ),
        Mistake(
            _grid(lambda row, column, patch: (column * patch, row * patch)),
            "That is the patch's upper left corner; its CENTRE lies half a patch further: + 0.5.",
        ),
        Mistake(
            _grid(lambda row, column, patch: ((column + 1) * patch, (row + 1) * patch)),
            "That is the patch's lower right corner; its centre lies half a patch before: + 0.5, not + 1.",
        ),
        Mistake(
            _grid(lambda row, column, patch: (column + 0.5, row + 0.5)),
            "Those are patches, not pixels: multiply by the patch's side.",
        ),
        Mistake(
            _grid(lambda row, column, patch: (column * patch + 0.5, row * patch + 0.5)),
            "Half a PIXEL is added to the corner; the centre lies half a patch further: (column + 0.5) * patch.",
        ),
        Mistake(_by_rows, "You divide by the number of rows. Patches are numbered along a row: divide by `columns`."),
        Mistake(
            _column_first,
            "You count down the columns first. As with pixels, patches are numbered along the first row, then the "
            "second.",
        ),
        Mistake(
            _by_eight,
            "The number 8 is written into your code as the length of a row: it is `columns`, which differs from "
            "picture to picture.",
        ),
        Mistake(_eight_pixels, "The number 8 is written into your code as a patch's side: it is `patch`."),
        Mistake(
            _from_below,
            "Your y counts upward from the lower edge. In pictures y counts DOWN: the first row of patches is at the "
            "top.",
        ),
        Mistake(
            _slanted,
            "number / columns leaves a fraction: the row is the whole part alone, number // columns (or np.divmod).",
        ),
        Mistake(
            _mean_place,
            "That is the mean place of the attention. Between two things it points at neither: take the strongest "
            "patch.",
        ),
        Mistake(_weakest, "That is the patch with the SMALLEST weight: argmax, not argmin."),
        Mistake(_one_for_all, "One place for all words: each word has a row of its own, argmax(axis=1)."),
        Mistake(_strongest_query, "argmax(axis=0) finds the strongest WORD for each patch: axis=1 is due."),
        Mistake(
            _numbers, "Those are the patches' numbers: turn each into a row and a column, np.divmod(number, columns)."
        ),
        Mistake(
            _margins,
            "You find the strongest row and the strongest column, each by itself: they need not cross at the strongest "
            "patch.",
        ),
    ),
    use=pointed,
)
