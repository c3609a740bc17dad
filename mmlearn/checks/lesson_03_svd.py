"""The exercise of lesson 03 on the truncated singular value decomposition."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.types import FloatArray

Generator = np.random.Generator
Parts = tuple[FloatArray, FloatArray, FloatArray]


def _matrix(generator: Generator, n: int, d: int, k: int) -> tuple[FloatArray, int]:
    """Numbers 0 or more, as word weights are: their mean is not 0."""
    return generator.uniform(0, 1, (n, d)) * generator.integers(1, 4, d), k


def _by_hand(generator: Generator) -> tuple[FloatArray, int]:
    return np.array([[0.0, 3.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), 2


def _svd(x: FloatArray) -> Parts:
    left, strengths, axes = np.linalg.svd(x, full_matrices=False)
    return left, strengths, axes


def _signs_fixed(answer: Any, *args: Any) -> Any:
    """The three parts, each layer turned so that the largest entry of its axis is positive: the sign is free."""
    result = answer(*args)
    three = isinstance(result, tuple | list) and len(result) == 3  # a list of the three will do
    if not three or not all(isinstance(part, np.ndarray) for part in result):
        return result
    left, strengths, axes = (np.array(part, dtype=np.float64) for part in result)
    if axes.ndim != 2 or left.ndim != 2 or left.shape[1] != len(axes) or axes.size == 0:
        return left, strengths, axes
    at = np.abs(axes).argmax(axis=1)
    signs = np.where(axes[np.arange(len(axes)), at] < 0, -1.0, 1.0)
    return left * signs, strengths, axes * signs[:, None]


def _cut(parts: Parts, k: int) -> Parts:
    left, strengths, axes = parts
    return left[:, :k], strengths[:k], axes[:k]


def _with_left_times_strengths(x: FloatArray, k: int) -> Parts:
    left, strengths, axes = _cut(_svd(x), k)
    return left * strengths, strengths, axes


def _axes_times_strengths(x: FloatArray, k: int) -> Parts:
    left, strengths, axes = _cut(_svd(x), k)
    return left, strengths, strengths[:, None] * axes


def _squared(x: FloatArray, k: int) -> Parts:
    left, strengths, axes = _cut(_svd(x), k)
    return left, strengths**2, axes


SVD = Exercise(
    id="03.5",
    title="The strongest layers",
    reference="mmlearn.encode.lsa.truncated_svd",
    use=_signs_fixed,
    cases=(
        Case("4 x 3, k = 2, to be worked out by hand", _by_hand),
        Case("7 x 5, k = 3", lambda g: _matrix(g, 7, 5, 3)),
        Case("5 x 8, k = 2", lambda g: _matrix(g, 5, 8, 2)),
        Case("6 x 6, k = 1", lambda g: _matrix(g, 6, 6, 1)),
    ),
    mistakes=(
        Mistake(lambda x, k: _svd(x), "That is the whole decomposition: keep k columns, k numbers and k rows."),
        Mistake(
            lambda x, k: (_svd(x)[0][:k], _svd(x)[1][:k], _svd(x)[2][:k]),
            "The columns of left are the directions of the documents: cut left[:, :k], not left[:k].",
        ),
        Mistake(
            lambda x, k: (_svd(x)[0][:, :k], _svd(x)[1][:k], _svd(x)[2][:, :k]),
            "np.linalg.svd gives the axes as rows: cut axes[:k], not axes[:, :k].",
        ),
        Mistake(
            lambda x, k: (_svd(x)[0][:, :k], _svd(x)[1][:k], _svd(x)[2][:k].T),
            "The axes stay rows, (k, D): do without the transpose at the end.",
        ),
        Mistake(
            lambda x, k: (_svd(x)[0][:, :k], _svd(x)[1][:k], _svd(x)[2][:, :k].T),
            "You take the third part for V, but svd returns V transposed: its axes are rows already, cut axes[:k].",
        ),
        Mistake(
            _axes_times_strengths,
            "Your axes are already multiplied by the strengths: hand them over as svd gives them, of length 1.",
        ),
        Mistake(
            lambda x, k: (_svd(x)[0][:, -k:], _svd(x)[1][-k:], _svd(x)[2][-k:]),
            "Those are the weakest layers: np.linalg.svd gives the strongest first.",
        ),
        Mistake(
            lambda x, k: _cut(_svd(x - x.mean(axis=0)), k),
            "You moved the mean to the origin first: that is PCA. LSA leaves the rows as they are.",
        ),
        Mistake(
            lambda x, k: _cut(_svd(x.T), k),
            "You decomposed the transposed matrix, so documents and words have changed places.",
        ),
        Mistake(
            _with_left_times_strengths,
            "Your left is already multiplied by the strengths: hand the three parts over separately.",
        ),
        Mistake(
            _squared,
            "Your strengths are squared (the eigenvalues of X'X): their square roots are asked for.",
        ),
        Mistake(
            lambda x, k: _with_left_times_strengths(x, k)[0] @ _cut(_svd(x), k)[2],
            "You multiplied the three parts back together: that is the approximation; hand over the parts.",
        ),
        Mistake(
            lambda x, k: (_cut(_svd(x), k)[0], np.diag(_cut(_svd(x), k)[1]), _cut(_svd(x), k)[2]),
            "The strengths are due as a list of k numbers, not as a matrix with them on its diagonal.",
        ),
    ),
)
