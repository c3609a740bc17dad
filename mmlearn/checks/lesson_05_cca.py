"""The exercises of lesson 05 on canonical correlation: whitening, and the directions themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.types import FloatArray

Generator = np.random.Generator
Triple = tuple[FloatArray, FloatArray, FloatArray]


def _cloud(generator: Generator, n: int, d: int) -> FloatArray:
    """Points with correlated columns, means far from 0 and scales of their own."""
    mixed: FloatArray = generator.normal(size=(n, d)) @ generator.normal(size=(d, d)) * generator.uniform(0.5, 3, d) + 5
    return mixed


def _covariance(rows: FloatArray, freedom: int = 1) -> FloatArray:
    centred = rows - rows.mean(axis=0)
    matrix: FloatArray = centred.T @ centred / (len(rows) - freedom)
    return matrix


def _power(matrix: FloatArray, exponent: float) -> FloatArray:
    values, axes = np.linalg.eigh(matrix)
    result: FloatArray = axes * values**exponent @ axes.T
    return result


def _root(matrix: FloatArray) -> FloatArray:
    return _power(matrix, -0.5)


def _rows_for_columns(rows: FloatArray) -> FloatArray:
    """eigh's axes taken for rows."""
    values, axes = np.linalg.eigh(_covariance(rows))
    result: FloatArray = (rows - rows.mean(axis=0)) @ (axes.T * values**-0.5 @ axes)
    return result


def _turned(rows: FloatArray) -> FloatArray:
    values, axes = np.linalg.eigh(_covariance(rows))
    result: FloatArray = (rows - rows.mean(axis=0)) @ axes / np.sqrt(values)
    return result


def _whitened(rows: FloatArray, exponent: float = -0.5, freedom: int = 1) -> FloatArray:
    white: FloatArray = (rows - rows.mean(axis=0)) @ _power(_covariance(rows, freedom), exponent)
    return white


WHITEN = Exercise(
    id="05.1",
    title="Whitening",
    reference="mmlearn.fuse.cca.whiten",
    cases=(
        Case("30 points, 2 numbers each", lambda g: (_cloud(g, 30, 2),)),
        Case("50 points, 5 numbers each", lambda g: (_cloud(g, 50, 5),)),
        Case("one column", lambda g: (_cloud(g, 9, 1),)),
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
            lambda rows: rows @ _root(_covariance(rows)),
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
        Mistake(
            _rows_for_columns,
            "eigh returns its axes as COLUMNS: C is V diag(d) V.T, so the root is V diag(d^-1/2) V.T.",
        ),
        Mistake(
            lambda rows: _whitened(rows, freedom=0),
            "You divide by N; a covariance around the sample's own mean divides by N - 1, as np.cov does.",
        ),
        Mistake(
            lambda rows: (rows - rows.mean(axis=0)) @ _root((rows - rows.mean(axis=0)).T @ (rows - rows.mean(axis=0))),
            "The variance is 1 / (N - 1), not 1: the covariance is the sum of products divided by N - 1.",
        ),
        Mistake(
            lambda rows: (rows - rows.mean()) @ _root(_covariance(rows)),
            "rows.mean() is one number for the whole table: each column has its own mean, axis=0.",
        ),
    ),
)


def canonical_directions(X: FloatArray, y: FloatArray, k: int) -> Triple:
    """The course's answer to 05.2: the package's function without regularisation."""
    from mmlearn.fuse.cca import canonical_directions as solve

    return solve(X, y, k)


def _one_sign(answer: Callable[..., Any], *given: Any) -> Any:
    """Signs are free, pair by pair: turn each pair so that the largest entry of a is positive, as the package does."""
    found = answer(*given)
    if not isinstance(found, tuple | list) or len(found) != 3 or not all(isinstance(x, np.ndarray) for x in found):
        return found
    a, b, rho = found
    if a.ndim != 2 or b.ndim != 2 or 0 in a.shape or a.shape[1] != b.shape[1]:
        return found
    sign = np.where(a[np.abs(a).argmax(axis=0), np.arange(a.shape[1])] < 0, -1.0, 1.0)  # (K,)
    return a * sign, b * sign, rho


def _views(generator: Generator, n: int, d: int, e: int, k: int) -> tuple[FloatArray, FloatArray, int]:
    cause = generator.normal(size=(n, 2))
    x = _cloud(generator, n, d) + 3 * cause @ generator.normal(size=(2, d))
    y = _cloud(generator, n, e) + 3 * cause @ generator.normal(size=(2, e))
    return x, y, k


def _solve(
    X: FloatArray,
    y: FloatArray,
    k: int,
    root_x: Callable[[FloatArray], FloatArray] = _root,
    root_y: Callable[[FloatArray], FloatArray] = _root,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Both roots, then u, rho and vt of the cross-covariance between them."""
    a, b = X - X.mean(axis=0), y - y.mean(axis=0)
    rx, ry = root_x(_covariance(X)), root_y(_covariance(y))
    u, rho, vt = np.linalg.svd(rx @ (a.T @ b / (len(X) - 1)) @ ry, full_matrices=False)
    return rx, ry, u[:, :k], rho[:k], vt


def _plain(matrix: FloatArray) -> FloatArray:
    return np.eye(len(matrix))


def _one_side(X: FloatArray, y: FloatArray, k: int) -> Triple:
    rx, _, u, rho, vt = _solve(X, y, k, root_y=_plain)
    return rx @ u, vt[:k].T, rho


def _pls(X: FloatArray, y: FloatArray, k: int) -> Triple:
    _, _, u, rho, vt = _solve(X, y, k, _plain, _plain)
    return u, vt[:k].T, rho


def _not_back(X: FloatArray, y: FloatArray, k: int) -> Triple:
    _, _, u, rho, vt = _solve(X, y, k)
    return u, vt[:k].T, rho


def _columns_of_vt(X: FloatArray, y: FloatArray, k: int) -> Triple:
    rx, ry, u, rho, vt = _solve(X, y, k)
    return rx @ u, ry @ vt[:, :k], rho


def _inverse(X: FloatArray, y: FloatArray, k: int) -> Triple:
    rx, ry, u, rho, vt = _solve(X, y, k, np.linalg.inv, np.linalg.inv)
    return rx @ u, ry @ vt[:k].T, rho


def _standardised(X: FloatArray, y: FloatArray, k: int) -> Triple:
    def scale(matrix: FloatArray) -> FloatArray:
        diagonal: FloatArray = np.diag(np.diag(matrix) ** -0.5)
        return diagonal

    rx, ry, u, rho, vt = _solve(X, y, k, scale, scale)
    return rx @ u, ry @ vt[:k].T, rho


def _squared(X: FloatArray, y: FloatArray, k: int) -> Triple:
    rx, ry, u, rho, vt = _solve(X, y, k)
    return rx @ u, ry @ vt[:k].T, rho**2


def _weakest(X: FloatArray, y: FloatArray, k: int) -> Triple:
    rx, ry, u, rho, vt = _solve(X, y, min(X.shape[1], y.shape[1]))
    return rx @ u[:, -k:], ry @ vt[-k:].T, rho[-k:]


def _not_centred(X: FloatArray, y: FloatArray, k: int) -> Triple:
    rx, ry = _root(_covariance(X)), _root(_covariance(y))
    u, rho, vt = np.linalg.svd(rx @ (X.T @ y / (len(X) - 1)) @ ry, full_matrices=False)
    return rx @ u[:, :k], ry @ vt[:k].T, rho[:k]


def _sum_for_mean(X: FloatArray, y: FloatArray, k: int) -> Triple:
    rx, ry, u, rho, vt = _solve(X, y, k)
    return rx @ u, ry @ vt[:k].T, rho * (len(X) - 1)


def _scores(X: FloatArray, y: FloatArray, k: int) -> Triple:
    rx, ry, u, rho, vt = _solve(X, y, k)
    return (X - X.mean(axis=0)) @ rx @ u, (y - y.mean(axis=0)) @ ry @ vt[:k].T, rho


def _all(X: FloatArray, y: FloatArray, k: int) -> Triple:
    return canonical_directions(X, y, min(X.shape[1], y.shape[1]))


DIRECTIONS = Exercise(
    id="05.2",
    title="Canonical directions",
    reference="mmlearn.checks.lesson_05_cca.canonical_directions",
    cases=(
        Case("40 things, 4 and 3 numbers, 2 directions", lambda g: _views(g, 40, 4, 3, 2)),
        Case("60 things, 2 and 5 numbers, 1 direction", lambda g: _views(g, 60, 2, 5, 1)),
        Case("50 things, 3 and 3 numbers, all 3 directions", lambda g: _views(g, 50, 3, 3, 3)),
    ),
    mistakes=(
        Mistake(
            _pls,
            "Nothing is whitened: this finds the largest covariance (partial least squares), not correlation.",
        ),
        Mistake(_one_side, "X is whitened, y is not: multiply the cross-covariance by a root on each side."),
        Mistake(
            _not_back,
            "These directions are for whitened points. For the points as they are: A = R_x U, B = R_y V.",
        ),
        Mistake(_columns_of_vt, "np.linalg.svd returns V transposed: its ROWS are the directions, vt[:k].T."),
        Mistake(_inverse, "You multiply by the inverse covariances; their roots are due, C^(-1/2)."),
        Mistake(
            _standardised,
            "You divide by the standard deviations, but columns of one side stay correlated: whiten with C^(-1/2).",
        ),
        Mistake(_squared, "These are the squared correlations (as an eigenproblem gives them): take the root."),
        Mistake(_weakest, "svd lists the strongest first: take the first k, not the last."),
        Mistake(_not_centred, "The cross-covariance needs centred points: with the means in it, it is far too large."),
        Mistake(_sum_for_mean, "Your correlations exceed 1: the cross-covariance divides by N - 1 as well."),
        Mistake(_scores, "Those are the scores of the points; asked are the directions A (D, k) and B (E, k)."),
        Mistake(_all, "You return every direction; the first k are asked for."),
    ),
    use=_one_sign,
)
