"""The exercise of lesson 05 on canonical directions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.lesson_05_cca import cloud, covariance, power, root
from mmlearn.types import FloatArray

Generator = np.random.Generator
Triple = tuple[FloatArray, FloatArray, FloatArray]


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
    x = cloud(generator, n, d) + 3 * cause @ generator.normal(size=(2, d))
    y = cloud(generator, n, e) + 3 * cause @ generator.normal(size=(2, e))
    return x, y, k


def _solve(
    X: FloatArray,
    y: FloatArray,
    k: int,
    root_x: Callable[[FloatArray], FloatArray] = root,
    root_y: Callable[[FloatArray], FloatArray] = root,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Both roots, then u, rho and vt of the cross-covariance between them."""
    a, b = X - X.mean(axis=0), y - y.mean(axis=0)
    rx, ry = root_x(covariance(X)), root_y(covariance(y))
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
    rx, ry = root(covariance(X)), root(covariance(y))
    u, rho, vt = np.linalg.svd(rx @ (X.T @ y / (len(X) - 1)) @ ry, full_matrices=False)
    return rx @ u[:, :k], ry @ vt[:k].T, rho[:k]


def _sum_for_mean(X: FloatArray, y: FloatArray, k: int) -> Triple:
    rx, ry, u, rho, vt = _solve(X, y, k)
    return rx @ u, ry @ vt[:k].T, rho * (len(X) - 1)


def _scores(X: FloatArray, y: FloatArray, k: int) -> Triple:
    rx, ry, u, rho, vt = _solve(X, y, k)
    return (X - X.mean(axis=0)) @ rx @ u, (y - y.mean(axis=0)) @ ry @ vt[:k].T, rho


def _opposed(X: FloatArray, y: FloatArray, k: int) -> Triple:
    rx, ry, u, rho, vt = _solve(X, y, k)
    return rx @ u, -ry @ vt[:k].T, rho


def _swapped(X: FloatArray, y: FloatArray, k: int) -> Triple:
    rx, ry, u, rho, vt = _solve(X, y, k)
    return ry @ vt[:k].T, rx @ u, rho


def _scaled(factor: Callable[[int, FloatArray], Any]) -> Callable[..., Triple]:
    """The right directions, each times a factor of N and rho."""

    def wrong(X: FloatArray, y: FloatArray, k: int) -> Triple:
        a, b, rho = canonical_directions(X, y, k)
        return a * factor(len(X), rho), b * factor(len(X), rho), rho

    return wrong


def _unit_length(X: FloatArray, y: FloatArray, k: int) -> Triple:
    a, b, rho = canonical_directions(X, y, k)
    return a / np.linalg.norm(a, axis=0), b / np.linalg.norm(b, axis=0), rho


def _stretched(X: FloatArray, y: FloatArray, k: int) -> Triple:
    rx, ry, u, rho, vt = _solve(X, y, k, lambda c: power(c, 0.5), lambda c: power(c, 0.5))
    return rx @ u, ry @ vt[:k].T, rho


def _whitened_too_late(X: FloatArray, y: FloatArray, k: int) -> Triple:
    _, _, u, rho, vt = _solve(X, y, k, _plain, _plain)
    return root(covariance(X)) @ u, root(covariance(y)) @ vt[:k].T, rho


def _all(X: FloatArray, y: FloatArray, k: int) -> Triple:
    return canonical_directions(X, y, min(X.shape[1], y.shape[1]))


DIRECTIONS = Exercise(
    id="05.2",
    title="Canonical directions",
    reference="mmlearn.checks.lesson_05_directions.canonical_directions",
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
        Mistake(
            _opposed,
            "Signs are free pair by pair: a_k and b_k turn together. Yours make the scores anticorrelated.",
        ),
        Mistake(
            _scaled(lambda n, rho: np.sqrt(n / (n - 1))),
            "The correlations are right, the directions a little too long: covariances divide by N - 1, yours by N.",
        ),
        Mistake(
            _scaled(lambda n, rho: 1 / np.sqrt(n - 1)),
            "The correlations are right, the directions far too short: divide all three covariances by N - 1.",
        ),
        Mistake(
            _unit_length,
            "Your directions have length 1. Not they, but the scores X @ A have variance 1: leave their length.",
        ),
        Mistake(
            _scaled(lambda n, rho: rho),
            "You multiply the directions by rho; they are the carried-back singular vectors alone.",
        ),
        Mistake(_stretched, "You use the roots of the covariances; the INVERSE roots are due, inverse_root(C)."),
        Mistake(
            _whitened_too_late,
            "The SVD comes too early: whiten the cross-covariance first, R_x C_xy R_y, and decompose that.",
        ),
        Mistake(_swapped, "Are A and B swapped? A belongs to X and comes first."),
        Mistake(_all, "You return every direction; the first k are asked for."),
    ),
    use=_one_sign,
)
