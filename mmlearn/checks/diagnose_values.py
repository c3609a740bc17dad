"""What probably went wrong when kind and shape are right and the numbers are not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mmlearn.checks.compare import difference
from mmlearn.checks.show import show

Array = np.ndarray[Any, Any]
_FACTORS = {
    255.0: "is the range 0 to 1 asked for, and yours 0 to 255?",
    1 / 255: "is the range 0 to 255 asked for, and yours 0 to 1?",
    math.log(10): "that is ln 10: log10 is asked for, and yours is the natural logarithm",
    1 / math.log(10): "that is 1 / ln 10: the natural logarithm is asked for, and yours is log10",
    math.log(2): "that is ln 2: log2 is asked for, and yours is the natural logarithm",
    1 / math.log(2): "that is 1 / ln 2: the natural logarithm is asked for, and yours is log2",
    2 * math.pi: "that is 2 pi",
    1 / (2 * math.pi): "that is 1 / (2 pi)",
    100.0: "is a fraction asked for, and yours in percent?",
    0.01: "is a percentage asked for, and yours a fraction?",
}


def diagnose(pairs: Sequence[tuple[Array, Array]]) -> str:
    """A sentence on the likely mistake, "" where none comes to mind.

    Args:
        pairs: (got, expected) of each case that failed, of equal shape and any number type. The first is the one
            that the learner is shown: a NaN in another is not spoken of.

    >>> diagnose([(np.array([0.0, 127.5, 255.0]), np.array([0.0, 0.5, 1.0]))])
    'Your values are 255 times the right ones: is the range 0 to 1 asked for, and yours 0 to 255?'

    Built in: lesson 00.
    """
    if not pairs:
        return ""
    got, expected = pairs[0]
    if got.dtype.kind == "b":
        swapped = expected.dtype.kind == "b" and bool((got != expected).all())
        return "True and False have changed places." if swapped else ""
    a = np.concatenate([pair[0].ravel().astype(np.float64) for pair in pairs])
    b = np.concatenate([pair[1].ravel().astype(np.float64) for pair in pairs])
    told = _not_finite(got, expected)
    if told or not np.isfinite(a).all() or not np.isfinite(b).all():
        return told
    return _wrapped(pairs) or _constant(a, b) or _order(got, expected) or _powers(a, b)


def _not_finite(a: Array, b: Array) -> str:
    """NaN or infinity in a result where the right one has a number; infinity is no fault where it is also asked for."""
    where = np.isfinite(b) & ~np.isfinite(a)
    if not where.any():
        return ""
    if np.isnan(a[where]).any():
        return "NaN where a number is due: 0/0, the square root or logarithm of a negative number, or a NaN put in."
    if np.isinf(b).any():
        return ""
    return "Infinity where a number is due: a division by zero, or the logarithm of zero."


def _wrapped(pairs: Sequence[tuple[Array, Array]]) -> str:
    whole = all(pair[0].dtype.kind in "iu" and pair[1].dtype.kind in "iu" for pair in pairs)
    if whole:
        off = np.concatenate([(a.astype(np.int64) - b.astype(np.int64)).ravel() for a, b in pairs])
        if not (off % 256).any():
            return "Off by multiples of 256: uint8 runs over at 255. Convert to a wider type before computing."
    return ""


def _constant(a: Array, b: Array) -> str:
    """One factor or one shift for all values. Two numbers always have some factor: three must agree."""
    if difference(-a, b) is None:
        return "The sign is reversed."
    ratio = float(np.dot(a, b) / np.dot(b, b)) if b.any() else 0.0
    if ratio and difference(a / ratio, b) is None:
        known = next((words for factor, words in _FACTORS.items() if math.isclose(ratio, factor, rel_tol=1e-4)), "")
        if known or np.count_nonzero(b) >= 3:
            return f"Your values are {show(ratio)} times the right ones" + (f": {known}" if known else ".")
    shift = float(np.mean(a - b))
    if difference(a - shift, b) is None and (len(b) >= 3 or abs(shift) == 1):
        return f"Your values are {show(abs(shift))} too {'high' if shift > 0 else 'low'}, all of them."
    return ""


def _order(got: Array, expected: Array) -> str:
    if got.ndim == 0 or got.size < 2:
        return ""
    for axis in range(got.ndim):
        if difference(np.flip(got, axis), expected) is None:
            return f"The right values in reversed order, along axis {axis}."
    if got.ndim >= 2 and got.shape[-1] == got.shape[-2] and difference(np.swapaxes(got, -1, -2), expected) is None:
        return "Your result is transposed: rows and columns have changed places (.T, or swap the two axes)."
    if difference(np.sort(got, axis=None), np.sort(expected, axis=None)) is None:
        return "The right values, in the wrong places: look at the order of your axes or of your sorting."
    return ""


def _powers(a: Array, b: Array) -> str:
    if len(b) < 2:
        return ""
    if difference(a, b**2) is None:
        return "Your values are the squares of the right ones: a square root is missing."
    if (b >= 0).all() and difference(a**2, b) is None:
        return "Your values are the square roots of the right ones: one root too many."
    if a.all() and difference(1 / a, b) is None:
        return "Your values are 1 / the right ones: is a division upside down?"
    return ""
