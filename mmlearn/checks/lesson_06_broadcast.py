"""The exercise of lesson 06 on broadcasting backwards."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmlearn.blocks.broadcast import unbroadcast
from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.types import FloatArray

Generator = np.random.Generator
Shape = tuple[int, ...]


def _axes(gradient: FloatArray, shape: Shape) -> tuple[Shape, Shape]:
    """The axes put in front, and those that were stretched, as axes of the gradient."""
    added = gradient.ndim - len(shape)
    stretched = tuple(i + added for i, size in enumerate(shape) if size == 1)
    return tuple(range(added)), stretched


def _only_in_front(gradient: FloatArray, shape: Shape) -> FloatArray:
    front, _ = _axes(gradient, shape)
    summed: FloatArray = gradient.sum(axis=front)
    return summed


def _only_stretched(gradient: FloatArray, shape: Shape) -> FloatArray:
    _, stretched = _axes(gradient, shape)
    summed: FloatArray = gradient.sum(axis=stretched, keepdims=True)
    return summed


def _axes_lost(gradient: FloatArray, shape: Shape) -> FloatArray:
    front, stretched = _axes(gradient, shape)
    summed: FloatArray = gradient.sum(axis=front + stretched)
    return summed


def _mean(gradient: FloatArray, shape: Shape) -> FloatArray:
    summed = unbroadcast(gradient, shape)
    return summed * summed.size / gradient.size


def _first_axis(gradient: FloatArray, shape: Shape) -> FloatArray:
    summed: FloatArray = gradient.sum(axis=0)
    return summed


def _first_axis_kept(gradient: FloatArray, shape: Shape) -> FloatArray:
    summed: FloatArray = gradient.sum(axis=0, keepdims=True)
    return summed


def _first_copy(gradient: FloatArray, shape: Shape) -> FloatArray:
    front, stretched = _axes(gradient, shape)
    for axis in front + stretched:
        gradient = gradient.take([0], axis=axis)
    return gradient.reshape(shape)


def _last_axes(gradient: FloatArray, shape: Shape) -> FloatArray:
    gradient = gradient.sum(axis=tuple(range(len(shape), gradient.ndim)))
    stretched = tuple(i for i, size in enumerate(shape) if size == 1)
    summed: FloatArray = gradient.sum(axis=stretched, keepdims=True)
    return summed


def _not_moved_along(gradient: FloatArray, shape: Shape) -> FloatArray:
    front = tuple(range(gradient.ndim - len(shape)))
    stretched = tuple(i for i, size in enumerate(shape) if size == 1)
    summed: FloatArray = gradient.sum(axis=tuple({*front, *stretched})).reshape(shape)
    return summed


def _total(gradient: FloatArray, shape: Shape) -> FloatArray:
    return np.full(shape, gradient.sum())


def _resized(gradient: FloatArray, shape: Shape) -> FloatArray:
    resized: FloatArray = np.resize(gradient, shape)
    return resized


def _largest(gradient: FloatArray, shape: Shape) -> Any:
    front, stretched = _axes(gradient, shape)
    return gradient.max(axis=front + stretched, keepdims=True).reshape(shape)


def _given(generator: Generator, gradient: Shape, shape: Shape) -> tuple[FloatArray, Shape]:
    return generator.normal(size=gradient), shape


SUMS = Exercise(
    id="06.3",
    title="Broadcasting, backwards",
    reference="mmlearn.blocks.broadcast.unbroadcast",
    cases=(
        Case("a row (3,) added to (4, 3)", lambda g: _given(g, (4, 3), (3,))),
        Case("a column (4, 1) times a row (1, 3), for the column", lambda g: _given(g, (4, 3), (4, 1))),
        Case("one number times (2, 3)", lambda g: _given(g, (2, 3), ())),
        Case("(3, 1) stretched to (2, 3, 4)", lambda g: _given(g, (2, 3, 4), (3, 1))),
        Case("nothing was copied: (2, 3) and (2, 3)", lambda g: _given(g, (2, 3), (2, 3))),
    ),
    mistakes=(
        Mistake(_only_in_front, "Axes in front are summed, but an axis of length 1 that was stretched is not."),
        Mistake(_only_stretched, "Stretched axes are summed, but those that were put in front remain: sum them away."),
        Mistake(_axes_lost, "The sums are right, the axes of length 1 are gone: keepdims=True keeps (4, 1) from (4,)."),
        Mistake(_mean, "You average. Each copy had its own effect on the loss, and the effects add up: sum."),
        Mistake(_first_axis, "axis 0 is always summed; which axes were copied depends on the shape."),
        Mistake(_first_axis_kept, "axis 0 is summed, and kept, in every case: the shape tells which axes were copied."),
        Mistake(_first_copy, "You keep the first copy's gradient and lose those of the others: sum them."),
        Mistake(_last_axes, "You sum the LAST axes away; shapes are lined up from the right, so it is the first ones."),
        Mistake(
            _not_moved_along,
            "In the gradient the stretched axes stand further right, by as many as were put in front: "
            "i + added, or sum the front away first.",
        ),
        Mistake(_total, "You sum over everything: only over the axes along which numbers were copied."),
        Mistake(_resized, "np.resize cuts numbers off until the shape fits; they should be summed."),
        Mistake(_largest, "The largest gradient of the copies is taken; all of them count: sum."),
        Mistake(lambda gradient, shape: gradient, "The gradient comes back as large as it was: sum it to the shape."),
        Mistake(lambda gradient, shape: gradient.reshape(shape), "A reshape cannot make numbers fewer: sum them."),
    ),
)  # fmt: skip
