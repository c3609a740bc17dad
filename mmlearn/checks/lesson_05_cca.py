"""The exercise of lesson 05 on whitening, and what its neighbours share: clouds, covariances, their powers."""

from __future__ import annotations

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.types import FloatArray

Generator = np.random.Generator


def cloud(generator: Generator, n: int, d: int) -> FloatArray:
    """Points with correlated columns, means far from 0 and scales of their own."""
    mixed: FloatArray = generator.normal(size=(n, d)) @ generator.normal(size=(d, d)) * generator.uniform(0.5, 3, d) + 5
    return mixed


def covariance(rows: FloatArray, freedom: int = 1) -> FloatArray:
    """Covariance (D, D) of rows (N, D): the sum of products divided by N - freedom."""
    centred = rows - rows.mean(axis=0)
    matrix: FloatArray = centred.T @ centred / (len(rows) - freedom)
    return matrix


def power(matrix: FloatArray, exponent: float) -> FloatArray:
    """A symmetric matrix raised to a power: its eigenvalues are, its axes stay."""
    values, axes = np.linalg.eigh(matrix)
    result: FloatArray = axes * values**exponent @ axes.T
    return result


def root(matrix: FloatArray) -> FloatArray:
    """The symmetric inverse root, C^(-1/2)."""
    return power(matrix, -0.5)


def _rows_for_columns(rows: FloatArray) -> FloatArray:
    """eigh's axes taken for rows."""
    values, axes = np.linalg.eigh(covariance(rows))
    result: FloatArray = (rows - rows.mean(axis=0)) @ (axes.T * values**-0.5 @ axes)
    return result


def _turned(rows: FloatArray) -> FloatArray:
    values, axes = np.linalg.eigh(covariance(rows))
    result: FloatArray = (rows - rows.mean(axis=0)) @ axes / np.sqrt(values)
    return result


def _whitened(rows: FloatArray, exponent: float = -0.5, freedom: int = 1) -> FloatArray:
    white: FloatArray = (rows - rows.mean(axis=0)) @ power(covariance(rows, freedom), exponent)
    return white


def _uncentred_root(rows: FloatArray) -> FloatArray:
    white: FloatArray = (rows - rows.mean(axis=0)) @ root(rows.T @ rows / (len(rows) - 1))
    return white


def _axes_for_their_transpose(rows: FloatArray) -> FloatArray:
    values, axes = np.linalg.eigh(covariance(rows))
    white: FloatArray = (rows - rows.mean(axis=0)) @ (axes * values**-0.5) @ axes
    return white


def _divided_too_late(rows: FloatArray) -> FloatArray:
    values, axes = np.linalg.eigh(covariance(rows))
    white: FloatArray = (rows - rows.mean(axis=0)) @ axes @ axes.T / np.sqrt(values)
    return white


def _from_svd(rows: FloatArray) -> FloatArray:
    u, _, _ = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    white: FloatArray = u * np.sqrt(len(rows) - 1)
    return white


def _from_cholesky(rows: FloatArray) -> FloatArray:
    white: FloatArray = (rows - rows.mean(axis=0)) @ np.linalg.inv(np.linalg.cholesky(covariance(rows))).T
    return white


WHITEN = Exercise(
    id="05.1",
    title="Whitening",
    reference="mmlearn.fuse.cca.whiten",
    cases=(
        Case("30 points, 2 numbers each", lambda g: (cloud(g, 30, 2),)),
        Case("50 points, 5 numbers each", lambda g: (cloud(g, 50, 5),)),
        Case("one column", lambda g: (cloud(g, 9, 1),)),
    ),
    mistakes=(
        Mistake(
            lambda rows: (rows - rows.mean(axis=0)) / rows.std(axis=0, ddof=1),
            "Every column has variance 1 now, but they are still correlated: standardising is not whitening.",
        ),
        Mistake(
            lambda rows: (rows - rows.mean(axis=0)) / rows.std(axis=0),
            "That standardises each column (and divides by N): columns stay correlated. Multiply by the root of C^-1.",
        ),
        Mistake(
            lambda rows: rows @ root(covariance(rows)),
            "The mean is still there: take it away from the points too, not only inside the covariance.",
        ),
        Mistake(
            lambda rows: _whitened(rows, -1.0),
            "You multiply by the inverse of C. Its square root is due: one over the root of each eigenvalue.",
        ),
        Mistake(
            lambda rows: _whitened(rows, 0.5),
            "You multiply by the root of C, which stretches the cloud once more: one OVER the root of the eigenvalues.",
        ),
        Mistake(
            _turned,
            "Round, but turned: V d^-1/2 ends in the axes of eigh. The symmetric root turns back by V.T at the end.",
        ),
        Mistake(_from_svd, "Round, but turned: U sqrt(N - 1) lies in the axes of the SVD. Times Vt, it turns back."),
        Mistake(
            _from_cholesky,
            "Round, but turned: Cholesky's factor is a root of C too, another one. Take V diag(d^-1/2) V.T.",
        ),
        Mistake(
            _rows_for_columns,
            "eigh returns its axes as COLUMNS: C is V diag(d) V.T, so the root is V diag(d^-1/2) V.T.",
        ),
        Mistake(
            lambda rows: _whitened(rows, freedom=0),
            "You divide by N; a covariance around the sample's own mean divides by N - 1, as np.cov does.",
        ),
        Mistake(
            lambda rows: (rows - rows.mean(axis=0)) @ root((rows - rows.mean(axis=0)).T @ (rows - rows.mean(axis=0))),
            "The variance is 1 / (N - 1), not 1: the covariance is the sum of products divided by N - 1.",
        ),
        Mistake(_uncentred_root, "Centre before the covariance too: it is that of the deviations."),
        Mistake(
            _axes_for_their_transpose,
            "The last factor turns back: V.T at the end, not V (with two columns the two can agree).",
        ),
        Mistake(_divided_too_late, "Divide before turning back: V first, then the roots, then V.T."),
        Mistake(
            lambda rows: (rows - rows.mean()) @ root(covariance(rows)),
            "rows.mean() is one number for the whole table: each column has its own mean, axis=0.",
        ),
    ),
)
