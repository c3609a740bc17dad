"""The exercise of lesson 06 on the gradient of one unit, by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.types import FloatArray, IntArray

Generator = np.random.Generator
Answer = tuple[float, FloatArray, float]


def logistic_gradient(w: FloatArray, b: float, X: FloatArray, y: IntArray) -> Answer:
    """The course's answer to 06.1: the mean log loss of a logistic unit and its gradient."""
    z = X @ w + b  # (N,)
    error = (_sigmoid(z) - y) / len(y)  # (N,) dL/dz
    return float((np.logaddexp(0, z) - y * z).mean()), X.T @ error, float(error.sum())


def _sigmoid(z: FloatArray) -> FloatArray:
    p: FloatArray = np.exp(-np.logaddexp(0, -z))
    return p


def _unit(slope: Callable[[FloatArray, IntArray], FloatArray], total: float = 0.0) -> Callable[..., Answer]:
    """A wrong answer that differs in dL/dz, times N; `total` 1 multiplies everything by N."""

    def wrong(w: FloatArray, b: float, X: FloatArray, y: IntArray) -> Answer:
        n = len(y)
        loss, *_ = logistic_gradient(w, b, X, y)
        error = slope(_sigmoid(X @ w + b), y) / n
        return loss * n**total, X.T @ error * n**total, float(error.sum() * n**total)

    return wrong


def _overflowing(w: FloatArray, b: float, X: FloatArray, y: IntArray) -> Answer:
    _, dw, db = logistic_gradient(w, b, X, y)
    with np.errstate(all="ignore"):
        z = X @ w + b
        return float((np.log(1 + np.exp(z)) - y * z).mean()), dw, db


def _logs_of_zero(w: FloatArray, b: float, X: FloatArray, y: IntArray) -> Answer:
    _, dw, db = logistic_gradient(w, b, X, y)
    with np.errstate(all="ignore"):
        p = _sigmoid(X @ w + b)
        return float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()), dw, db


def _bias_times(power: int) -> Callable[..., Answer]:
    """dL/db off by a power of N: 1 not divided, -1 divided twice."""

    def wrong(w: FloatArray, b: float, X: FloatArray, y: IntArray) -> Answer:
        loss, dw, db = logistic_gradient(w, b, X, y)
        return loss, dw, db * float(len(y)) ** power

    return wrong


def _no_bias(w: FloatArray, b: float, X: FloatArray, y: IntArray) -> Answer:
    return logistic_gradient(w, 0.0, X, y)


def _signs(w: FloatArray, b: float, X: FloatArray, y: IntArray) -> Answer:
    s = y * (X @ w + b)
    error = -y * _sigmoid(-s) / len(y)
    return float(np.logaddexp(0, -s).mean()), X.T @ error, float(error.sum())


def _rows_kept(w: FloatArray, b: float, X: FloatArray, y: IntArray) -> Any:
    loss, dw, _ = logistic_gradient(w, b, X, y)
    return loss, dw, (_sigmoid(X @ w + b) - y) / len(y)


def _not_turned(w: FloatArray, b: float, X: FloatArray, y: IntArray) -> Any:
    error = (_sigmoid(X @ w + b) - y) / len(y)
    return 0.0, X @ error, float(error.sum())


def _one_number(w: FloatArray, b: float, X: FloatArray, y: IntArray) -> Any:
    loss, dw, db = logistic_gradient(w, b, X, y)
    return loss, float(dw.mean()), db


def _without_inputs(w: FloatArray, b: float, X: FloatArray, y: IntArray) -> Any:
    loss, dw, db = logistic_gradient(w, b, X, y)
    return loss, np.full_like(dw, db), db


def _not_divided(w: FloatArray, b: float, X: FloatArray, y: IntArray) -> Answer:
    loss, dw, db = logistic_gradient(w, b, X, y)
    return loss, dw * len(y), db * len(y)


def _swapped(w: FloatArray, b: float, X: FloatArray, y: IntArray) -> Any:
    loss, dw, db = logistic_gradient(w, b, X, y)
    return loss, db, dw


def _points(generator: Generator, n: int, d: int, scale: float = 1.0) -> tuple[FloatArray, float, FloatArray, IntArray]:
    w, b = generator.normal(size=d), float(generator.normal())
    return scale * w, b, generator.normal(size=(n, d)), generator.integers(0, 2, n)


UNIT = Exercise(
    id="06.1",
    title="One unit, by hand",
    reference="mmlearn.checks.lesson_06_unit.logistic_gradient",
    cases=(
        Case("5 things, 3 numbers each", lambda g: _points(g, 5, 3)),
        Case("12 things, 2 numbers each", lambda g: _points(g, 12, 2)),
        Case("weights so large that e^z overflows", lambda g: _points(g, 6, 4, scale=2000.0)),
    ),
    mistakes=(
        Mistake(_unit(lambda p, y: p - y, 1.0), "You sum over the things: loss and gradients are N times too large."),
        Mistake(_not_divided, "The loss is a mean, but its gradient is a sum: divide dL/dz by N as well."),
        Mistake(_unit(lambda p, y: y - p), "The sign is turned: dL/dz is p - y, and one steps AGAINST the gradient."),
        Mistake(_unit(lambda p, y: p), "Your dL/dz is p; the label is missing: p - y, nothing where p is right."),
        Mistake(
            _unit(lambda p, y: (p - y) * p * (1 - p)),
            "You multiply by p(1 - p) once more: with the log loss that factor has cancelled, dL/dz = (p - y) / N.",
        ),
        Mistake(_overflowing, "Right for small z; for large z e^z is inf: np.logaddexp(0, z) is log(1 + e^z), safely."),
        Mistake(
            _logs_of_zero,
            "Right for small z; but log(1 - p) is log 0 once p rounds to 1, and 0 times that is NaN: "
            "np.logaddexp(0, z) - y * z is the same loss, safely.",
        ),
        Mistake(_bias_times(-1), "dL/db is divided by N twice: dz has its 1/N already, so sum it, dz.sum()."),
        Mistake(_bias_times(1), "dw is divided by N, db is not: put the 1/N into dz, then both have it."),
        Mistake(
            _unit(lambda p, y: 1 - p - y),
            "Your p is sigma(-z), the probability of a 0: sigma(z) = 1 / (1 + exp(-z)) has the minus in the exponent.",
        ),
        Mistake(_no_bias, "The unit's intercept b is missing: z = X @ w + b."),
        Mistake(_signs, "That is the formula for labels -1 and +1; these are 0 and 1."),
        Mistake(_rows_kept, "b had a hand in every z: dL/db is the sum over all things, one number."),
        Mistake(_not_turned, "X @ dz does not fit: dw needs one number a COLUMN of X, X.T @ dz."),
        Mistake(_one_number, "You average dw over the weights too; each weight keeps a gradient of its own, (D,)."),
        Mistake(_without_inputs, "dz/dw is x: each thing's error counts as much as its input, X.T @ dz."),
        Mistake(_swapped, "Are dw and db swapped? The order is loss, dw, db."),
    ),
)  # fmt: skip
