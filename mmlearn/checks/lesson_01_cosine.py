"""The exercise of lesson 01 on cosine similarity."""

from __future__ import annotations

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.types import FloatArray

Generator = np.random.Generator


def _vectors(generator: Generator, m: int, n: int, d: int) -> tuple[FloatArray, FloatArray]:
    return generator.normal(size=(m, d)), generator.normal(size=(n, d))


def _zero_rows(generator: Generator) -> tuple[FloatArray, FloatArray]:
    a, b = _vectors(generator, 4, 3, 5)
    a[1], b[2] = 0, 0
    return a, b


def _lengths(rows: FloatArray) -> FloatArray:
    length: FloatArray = np.linalg.norm(rows, axis=1, keepdims=True)
    return length


def _unit(rows: FloatArray, axis: int = 1) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        unit: FloatArray = rows / np.linalg.norm(rows, axis=axis, keepdims=True)
    return unit


def _safe_unit(rows: FloatArray) -> FloatArray:
    return np.nan_to_num(_unit(rows))


def _flat_unit(rows: FloatArray) -> FloatArray:
    """The lengths as a row, so that they meet the columns."""
    unit: FloatArray = rows / np.linalg.norm(rows, axis=1)
    return unit


def _squared(a: FloatArray, b: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine: FloatArray = a @ b.T / (_lengths(a) ** 2 * _lengths(b).T ** 2)
    return cosine


COSINE = Exercise(
    id="01.3",
    title="Cosine similarity",
    reference="mmlearn.score.similarity.cosine_similarity",
    cases=(
        Case("5 vectors against 3, width 4", lambda g: _vectors(g, 5, 3, 4)),
        Case("4 against 4, width 4", lambda g: _vectors(g, 4, 4, 4)),
        Case("with a vector of zeros on each side", _zero_rows),
        Case("word counts", lambda g: (g.integers(0, 4, (3, 6)), g.integers(1, 4, (2, 6)))),
    ),
    mistakes=(
        Mistake(lambda a, b: a @ b.T, "That is the dot product: divide by the lengths of both vectors."),
        Mistake(
            lambda a, b: _unit(a) @ _unit(b).T,
            "A vector of zeros has length 0, and 0/0 is NaN: its similarity to anything should be 0.",
        ),
        Mistake(lambda a, b: _safe_unit(a) @ b.T, "You divide by the length of a's vectors but not of b's."),
        Mistake(
            lambda a, b: np.nan_to_num(_unit(a, 0)) @ np.nan_to_num(_unit(b, 0)).T,
            "You divide by the length of the columns (axis 0); a vector is a row, so its length is over axis 1.",
        ),
        Mistake(
            lambda a, b: a @ b.T / (np.linalg.norm(a) * np.linalg.norm(b)),
            "np.linalg.norm without axis=1 gives one number for the whole matrix; each row has its own length.",
        ),
        Mistake(
            lambda a, b: (_safe_unit(a) @ _safe_unit(b).T).T,
            "Your result lies on its side: row i should belong to a's vector i, column j to b's vector j.",
        ),
        Mistake(
            lambda a, b: 1 - _safe_unit(a) @ _safe_unit(b).T,
            "That is the cosine distance; the similarity is 1 minus it.",
        ),
        Mistake(
            lambda a, b: a @ b,
            "np.dot(a, b) and a @ b take the columns of b; its vectors are rows: a @ b.T. Then the lengths.",
        ),
        Mistake(
            lambda a, b: a @ b / (_lengths(a) * _lengths(b).T),
            "The lengths are right, but the product above them takes b's columns: transpose b, a @ b.T.",
        ),
        Mistake(
            lambda a, b: a @ b / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)),
            "Two things: b's vectors are rows, so a @ b.T; and a's lengths need the shape (M, 1), keepdims=True.",
        ),
        Mistake(
            lambda a, b: _safe_unit(a) @ _safe_unit(b),
            "All rows have length 1, good; but @ takes the columns of its right side: put .T behind it.",
        ),
        Mistake(
            lambda a, b: _flat_unit(a) @ _flat_unit(b).T,
            "The lengths have shape (M,), and NumPy lines them up with the columns: keepdims=True makes them (M, 1).",
        ),
        Mistake(
            lambda a, b: a @ b.T / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)),
            "a's lengths belong to the rows of your product and need the shape (M, 1): keepdims=True or [:, None].",
        ),
        Mistake(
            _squared,
            "A sum of squares is the length squared: the square root is missing. And zeros give 0/0, NaN.",
        ),
        Mistake(
            lambda a, b: np.nan_to_num(_squared(a, b)),
            "You divide by the squared lengths: take the square root of each sum of squares.",
        ),
    ),
)
