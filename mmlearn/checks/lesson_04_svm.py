"""The exercises of lesson 04 on the support vector machine: its objective, and one step of its solver."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.lesson_04_scores import MACRO_F1, RESAMPLE
from mmlearn.types import FloatArray

Generator = np.random.Generator

# 04.1 the objective ---------------------------------------------------------------------------------------


def _parts(w: FloatArray, X: FloatArray, s: FloatArray) -> tuple[float, FloatArray]:
    """Half the squared length of w, and what each margin lacks."""
    return float(w @ w / 2), np.maximum(0, 1 - s * (X @ w))


def _objective(
    w: FloatArray, X: FloatArray, s: FloatArray, C: float, slope: float = 2.0, pull: float = 1.0
) -> tuple[float, FloatArray]:
    half, short = _parts(w, X, s)
    return half + C * float((short**2).sum()), pull * w - slope * C * (short * s) @ X


def _hinge(w: FloatArray, X: FloatArray, s: FloatArray, C: float) -> tuple[float, FloatArray]:
    half, short = _parts(w, X, s)
    return half + C * float(short.sum()), w - C * ((short > 0) * s) @ X


def _least_squares(w: FloatArray, X: FloatArray, s: FloatArray, C: float) -> tuple[float, FloatArray]:
    short = 1 - s * (X @ w)
    return float(w @ w / 2 + C * (short**2).sum()), w - 2 * C * (short * s) @ X


def _whole_length(w: FloatArray, X: FloatArray, s: FloatArray, C: float) -> tuple[float, FloatArray]:
    value, gradient = _objective(w, X, s, C)
    return value + float(w @ w / 2), gradient + w


def _price_on_length(w: FloatArray, X: FloatArray, s: FloatArray, C: float) -> tuple[float, FloatArray]:
    half, short = _parts(w, X, s)
    return C * half + float((short**2).sum()), C * w - 2 * (short * s) @ X


def _without_one(w: FloatArray, X: FloatArray, s: FloatArray, C: float) -> tuple[float, FloatArray]:
    short = np.maximum(0, -s * (X @ w))
    return float(w @ w / 2 + C * (short**2).sum()), w - 2 * C * (short * s) @ X


def _without_signs(w: FloatArray, X: FloatArray, s: FloatArray, C: float) -> tuple[float, FloatArray]:
    short = np.maximum(0, 1 - X @ w)
    return float(w @ w / 2 + C * (short**2).sum()), w - 2 * C * (short * s) @ X


def _gradient_without_signs(w: FloatArray, X: FloatArray, s: FloatArray, C: float) -> tuple[float, FloatArray]:
    return _objective(w, X, s, C)[0], w - 2 * C * _parts(w, X, s)[1] @ X


def _free_intercept(w: FloatArray, X: FloatArray, s: FloatArray, C: float) -> tuple[float, FloatArray]:
    value, gradient = _objective(w, X, s, C)
    return value - float(w[-1] ** 2 / 2), gradient - np.append(np.zeros(len(w) - 1), w[-1])


def _square_first(w: FloatArray, X: FloatArray, s: FloatArray, C: float) -> tuple[float, FloatArray]:
    half, short = _parts(w, X, s)
    return half + C * float(np.maximum(0, 1 - (s * (X @ w)) ** 2).sum()), w - 2 * C * (short * s) @ X


def _square_of_sum(w: FloatArray, X: FloatArray, s: FloatArray, C: float) -> tuple[float, FloatArray]:
    half, short = _parts(w, X, s)
    return half + C * float(short.sum() ** 2), w - 2 * C * (short * s) @ X


def _by_hand(generator: Generator) -> tuple[Any, ...]:
    """One item inside its margin, one beyond it, one on the wrong side."""
    X = np.array([[0.5, 1.0], [-2.0, 1.0], [1.0, 1.0]])
    return np.array([1.0, 0.5]), X, np.array([1.0, -1.0, -1.0]), 2.0


def _cloud(generator: Generator, n: int, d: int, C: float) -> tuple[Any, ...]:
    X = np.column_stack([generator.normal(size=(n, d)), np.ones(n)])  # (n, d + 1)
    return generator.normal(size=d + 1), X, generator.choice([-1.0, 1.0], n), C


def _all_right(generator: Generator) -> tuple[Any, ...]:
    """Every margin is kept, so only the length of w counts."""
    return np.array([2.0, 0.5]), np.array([[2.0, 1.0], [-3.0, 1.0]]), np.array([1.0, -1.0]), 1.0


OBJECTIVE = Exercise(
    id="04.1",
    title="The price of a line",
    reference="mmlearn.predict.svm.svm_objective",
    cases=(
        Case("three items in a plane, C = 2", _by_hand),
        Case("20 items of 4 numbers, C = 1", lambda g: _cloud(g, 20, 4, 1.0)),
        Case("7 items of 3 numbers, C = 0.1", lambda g: _cloud(g, 7, 3, 0.1)),
        Case("every item beyond its margin", _all_right),
    ),
    mistakes=(
        Mistake(_hinge, "That is the plain hinge: square what each margin lacks, max(0, ...) ** 2."),
        Mistake(
            _least_squares,
            "Without max(0, ...) an item far on its right side is punished as well: cut off at 0 before you square.",
        ),
        Mistake(_whole_length, "|w|² counts half: its value is w @ w / 2, and its gradient just w."),
        Mistake(
            lambda w, X, s, C: _objective(w, X, s, C, pull=2.0),
            "The value is right. In the gradient, |w|² / 2 gives w, not 2 w.",
        ),
        Mistake(
            lambda w, X, s, C: _objective(w, X, s, C, pull=0.0),
            "The value is right. In the gradient the part of |w|² / 2 is missing: add w.",
        ),
        Mistake(_price_on_length, "C stands before the wrong term: it is the price of the margins, not of the length."),
        Mistake(
            lambda w, X, s, C: _objective(w, X, s, C / len(X)),
            "You take the mean over the items; LinearSVC takes the sum, or C would mean something else.",
        ),
        Mistake(
            lambda w, X, s, C: _objective(w, X, s, C, slope=1.0),
            "The value is right. In the gradient the square brings down a factor: 2 times what each margin lacks.",
        ),
        Mistake(
            lambda w, X, s, C: _objective(w, X, s, C, slope=-2.0),
            "The value is right. A longer margin lowers the price, so that part of the gradient is minus.",
        ),
        Mistake(
            lambda w, X, s, C: (_objective(w, X, s, C)[0], _objective(w, X, s, 1.0)[1]),
            "The value is right. In the gradient C is missing: the lacks have their price there too, 2 * C.",
        ),
        Mistake(
            _gradient_without_signs, "The value is right. In the gradient each item goes in with its sign, y_i x_i."
        ),
        Mistake(_without_signs, "The margin is y times X @ w: without y, class -1 is asked to lie on the side of +1."),
        Mistake(_without_one, "You ask only for the right side (the perceptron); the SVM asks for a margin of 1."),
        Mistake(
            _free_intercept,
            "Here the intercept, the last weight, is penalised like the others (the textbook's SVM leaves it free).",
        ),
        Mistake(_square_first, "You square the margin; square what it lacks: max(0, 1 - margin) ** 2."),
        Mistake(_square_of_sum, "You square the sum; square each item's own lack first, then sum."),
        Mistake(
            lambda w, X, s, C: _objective(w, X, s, C)[0],
            "The gradient is missing: hand back both, value and gradient.",
        ),
        Mistake(
            lambda w, X, s, C: _objective(w, X, s, C)[::-1],
            "The right two, in the wrong order: value first, then gradient.",
        ),
    ),
)

# 04.2 one dual update -------------------------------------------------------------------------------------


def _update(w: FloatArray, x: FloatArray, s: float, alpha: float, new: float) -> tuple[FloatArray, float]:
    return w + (new - alpha) * s * x, float(new)


def _slope(w: FloatArray, alpha: float, x: FloatArray, s: float, C: float) -> float:
    return float(s * (w @ x) - 1 + alpha / (2 * C))


def _curve(x: FloatArray, C: float) -> float:
    return float(x @ x + 1 / (2 * C))


def _best(w: FloatArray, alpha: float, x: FloatArray, s: float, C: float) -> float:
    return alpha - _slope(w, alpha, x, s, C) / _curve(x, C)


def _right(w: FloatArray, alpha: float, x: FloatArray, s: float, C: float) -> float:
    return max(0.0, _best(w, alpha, x, s, C))


def _sends(new: Any) -> Any:
    """A wrong answer that finds its alpha by `new` and moves the weights as it should."""
    return lambda w, alpha, x, s, C: _update(w, x, s, alpha, max(0.0, new(w, alpha, x, s, C)))


def _item(generator: Generator, alpha: float, sign: float, C: float, scale: float = 0.5) -> tuple[Any, ...]:
    x = np.append(generator.normal(size=4), 1.0)
    return scale * generator.normal(size=5), alpha, x, sign, C


UPDATE = Exercise(
    id="04.2",
    title="One step of dual coordinate descent",
    reference="mmlearn.predict.dual.dual_update",
    cases=(
        Case("the first visit: w and alpha are 0", lambda g: (np.zeros(2), 0.0, np.array([2.0, 1.0]), -1.0, 1.0)),
        Case("an item inside its margin", lambda g: (np.array([0.1, 0.2]), 0.3, np.array([1.0, 1.0]), 1.0, 0.25)),
        Case("beyond its margin: alpha falls to 0", lambda g: (np.array([3.0, 1.0]), 0.1, np.ones(2), 1.0, 1.0)),
        Case("5 numbers, class -1", lambda g: _item(g, 0.4, -1.0, 2.0)),
        Case("5 numbers, C = 0.05, alpha above C", lambda g: _item(g, 0.08, 1.0, 0.05, 0.1)),
    ),
    mistakes=(
        Mistake(
            lambda w, alpha, x, s, C: _update(w, x, s, alpha, _best(w, alpha, x, s, C)),
            "alpha may not fall below 0: an item beyond its margin gets 0, so cut off with max(0, ...).",
        ),
        Mistake(
            lambda w, alpha, x, s, C: _update(w, x, s, alpha, min(C, _right(w, alpha, x, s, C))),
            "A ceiling at C belongs to the plain hinge; with the squared hinge alpha has none.",
        ),
        Mistake(
            _sends(lambda w, alpha, x, s, C: alpha - (s * (w @ x) - 1) / (x @ x)),
            "1 / 2C is missing in both slope and curvature: so no violated margin would ever be allowed.",
        ),
        Mistake(
            _sends(lambda w, alpha, x, s, C: alpha - (s * (w @ x) - 1) / _curve(x, C)),
            "The slope lacks alpha / 2C: G = y w.x - 1 + alpha / 2C.",
        ),
        Mistake(
            _sends(lambda w, alpha, x, s, C: alpha - _slope(w, alpha, x, s, C) / (x @ x)),
            "The curvature lacks 1 / 2C: H = x.x + 1 / 2C.",
        ),
        Mistake(
            _sends(lambda w, alpha, x, s, C: alpha - _slope(w, alpha, x, s, C)),
            "You go by the slope itself; the lowest point of a parabola is slope / curvature away.",
        ),
        Mistake(
            _sends(lambda w, alpha, x, s, C: alpha + _slope(w, alpha, x, s, C) / _curve(x, C)),
            "Uphill: the dual is minimised, so subtract G / H.",
        ),
        Mistake(
            _sends(lambda w, alpha, x, s, C: -_slope(w, alpha, x, s, C) / _curve(x, C)),
            "G / H is a change: start from the old alpha, alpha - G / H.",
        ),
        Mistake(
            _sends(lambda w, alpha, x, s, C: alpha - (s * (w @ x) - 1 + 2 * C * alpha) / (x @ x + 2 * C)),
            "2C stands below the line, not above it: alpha / (2 * C) and 1 / (2 * C).",
        ),
        Mistake(
            _sends(lambda w, alpha, x, s, C: alpha - (s * (w @ x) - 1 + alpha / 2 * C) / (x @ x + 1 / 2 * C)),
            "In Python 1 / 2 * C is half of C: write 1 / (2 * C), with brackets.",
        ),
        Mistake(
            _sends(lambda w, alpha, x, s, C: alpha - (w @ x - 1 + alpha / (2 * C)) / _curve(x, C)),
            "The slope needs the item's class: y times w.x.",
        ),
        Mistake(
            _sends(lambda w, alpha, x, s, C: alpha - (s * (w @ x) + alpha / (2 * C)) / _curve(x, C)),
            "The slope lacks the - 1, the margin that is asked for.",
        ),
        Mistake(
            lambda w, alpha, x, s, C: (w + _right(w, alpha, x, s, C) * s * x, _right(w, alpha, x, s, C)),
            "The old alpha is in w already: move by the difference, (new - old) y x.",
        ),
        Mistake(
            lambda w, alpha, x, s, C: _update(w, x, 1.0, alpha, _right(w, alpha, x, s, C)),
            "alpha is right, but w moves along y x: items of class -1 push the other way.",
        ),
        Mistake(
            lambda w, alpha, x, s, C: (_update(w, x, s, alpha, _best(w, alpha, x, s, C))[0], _right(w, alpha, x, s, C)),
            "alpha is right, but w moved by the value before it was cut off at 0: cut off first, then move.",
        ),
        Mistake(
            lambda w, alpha, x, s, C: (
                _update(w, x, s, _right(w, alpha, x, s, C), alpha)[0],
                _right(w, alpha, x, s, C),
            ),
            "alpha is right, but w moves backwards: the difference is new - old.",
        ),
        Mistake(
            lambda w, alpha, x, s, C: (w, _right(w, alpha, x, s, C)),
            "alpha is right, but w stayed where it was: w = sum of alpha y x must follow.",
        ),
        Mistake(
            lambda w, alpha, x, s, C: _update(w, x, s, alpha, _right(w, alpha, x, s, C))[::-1],
            "The right two, the other way round: weights first, then alpha.",
        ),
    ),
)

EXERCISES = (OBJECTIVE, UPDATE, MACRO_F1, RESAMPLE)
