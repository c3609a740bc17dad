"""What probably went wrong, told from a wrong result and the right one alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any

import numpy as np

from mmlearn.checks import diagnose_values
from mmlearn.checks.compare import Difference, difference
from mmlearn.checks.kinds import Stream, as_array, as_scalar, is_tensor

Array = np.ndarray[Any, Any]


def diagnose(found: Sequence[Difference]) -> str:
    """A sentence on the likely mistake, "" where none comes to mind.

    Args:
        found: the difference of each case that failed, at least one. The first is judged by its form;
            what needs several numbers (a constant factor, say) looks at all of them together.

    >>> from mmlearn.checks.compare import difference
    >>> wrong = difference(np.arange(6).reshape(2, 3), np.arange(6).reshape(2, 3).T)
    >>> diagnose([wrong])
    'Your result is transposed: rows and columns have changed places (.T, or swap the two axes).'

    Built in: lesson 00.
    """
    first = found[0]
    got, expected = as_scalar(first.got), as_scalar(first.expected)
    if "gradient of" in first.where and got is None:
        return "No gradient comes through: the chain is cut, as .detach(), .item(), .numpy() or torch.tensor() do."
    told = _of_kind(got, expected) or (_of_list(*map(list, first.around)) if first.around else "")
    if told:
        return told
    if isinstance(expected, str) and isinstance(got, str):
        return _of_text(got, expected)
    if isinstance(expected, list | tuple) and isinstance(got, list | tuple):
        return _of_list(list(got), list(expected))
    if _is_array(got) and _is_array(expected):
        a, b = as_array(got), as_array(expected)
        if a.shape != b.shape:
            return _of_shape(a, b)
        if a.dtype.kind != b.dtype.kind:
            return _of_dtype(a, b)
    return diagnose_values.diagnose(_numeric_pairs(found))


def _is_array(value: Any) -> bool:
    return is_tensor(value) or isinstance(value, np.ndarray)


def _numeric_pairs(found: Sequence[Difference]) -> list[tuple[Array, Array]]:
    """The (got, expected) of every case that are numbers of the same shape; a list of numbers as a whole."""
    pairs = []
    for each in found:
        mine, due = each.around or (each.got, each.expected)
        if not (_is_numeric(mine) and _is_numeric(due)):
            mine, due = each.got, each.expected
        if _is_numeric(mine) and _is_numeric(due):
            pairs.append((as_array(mine), as_array(due)))
    return [(a, b) for a, b in pairs if a.shape == b.shape and {a.dtype.kind, b.dtype.kind} <= set("biuf")]


def _is_numeric(value: Any) -> bool:
    numbers = bool | int | float | complex | np.generic
    plain = isinstance(value, list | tuple) and all(isinstance(part, numbers) for part in value)
    return plain or isinstance(value, numbers) or _is_array(value)


def _of_kind(got: Any, expected: Any) -> str:
    if got is None and expected is not None:
        return (
            "Nothing comes back: is the `return` missing, or on one branch only? (print() shows, it does not return.)"
        )
    if got is Ellipsis:
        return "There is still a `...` in the place of the result."
    if isinstance(got, Stream | Iterator | range) and not isinstance(expected, Stream):
        kind = got.kind if isinstance(got, Stream) else type(got).__name__
        return f"A {kind} gives its items when asked, one by one: make a list of it with list(...)."
    if is_tensor(expected) and not is_tensor(got):
        return "Stay in torch: .numpy(), .item() and .tolist() leave it, and cut the gradient."
    if isinstance(expected, np.ndarray) and is_tensor(got):
        return "A NumPy array is due: tensor.numpy() makes one."
    if isinstance(expected, np.ndarray) and isinstance(got, list | tuple):
        try:
            right = difference(np.array(got), expected) is None
        except ValueError:  # rows of unequal length
            return "A NumPy array is due, and the rows of your list are not of one length."
        return f"A NumPy array is due{'; the values are right' if right else ''}: np.array(...) makes one."
    if isinstance(expected, np.ndarray) and isinstance(got, bool | int | float):
        return "One number comes back where an array is due: was a sum or mean taken over all axes (axis=...)?"
    if isinstance(expected, list) and isinstance(got, np.ndarray):
        return "A list is due: array.tolist() makes one."
    if isinstance(expected, bool | int | float) and _is_array(got):
        return "An array comes back where one number is due: is a sum or mean missing, or its axis wrong?"
    if isinstance(expected, list) and isinstance(got, str):
        return "One text comes back where a list of texts is due."
    real = isinstance(expected, int | float) and not isinstance(expected, bool)
    return _of_number(got, expected) if real else ""


def _of_number(got: Any, expected: int | float) -> str:
    """What is almost the real number that is due: a truth value, a number in quotes, the wrong type."""
    whole = isinstance(expected, int)
    if isinstance(got, bool):
        return f"{got} is not a {'count' if whole else 'number'}. Of many truth values, .sum() counts the true ones."
    if isinstance(got, complex):
        return f"Yours is a complex number{_magnitude(np.asarray(got), np.asarray(float(expected)))}"
    if isinstance(got, float) and whole and got == expected:
        return "The number is right, its type is not: int(...) makes it a whole number."
    if isinstance(got, str):
        try:
            right = difference((int if whole else float)(got), expected) is None
        except ValueError:
            right = False
        return f"{'The number is right' if right else 'That is text, not a number'}: leave out the quotes."
    return ""


def _magnitude(a: Array, b: Array) -> str:
    right = difference(np.abs(a), b) is None
    return ": np.abs(...) of that is right." if right else ": np.abs(...) gives the magnitude, which is real."


def _of_text(got: str, expected: str) -> str:
    if got.strip() == expected.strip():
        return "Only spaces or line ends at the beginning or end differ (.strip() removes them)."
    if got.casefold() == expected.casefold():
        return "Only capital and small letters differ."
    if got == expected[::-1]:
        return "It is the right text, backwards."
    if "".join(got.split()) == "".join(expected.split()):
        return "Only the spaces differ."
    return ""


def _of_list(got: list[Any], expected: list[Any]) -> str:
    def same(a: Any, b: Any) -> bool:
        return difference(a, b) is None

    if len(got) == 1 and isinstance(got[0], list | tuple) and same(got[0], expected):
        return "Your list lies inside another list: take away one pair of brackets."
    if len(got) == len(expected) - 1 and (same(got, expected[:-1]) or same(got, expected[1:])):
        return f"The {'last' if same(got, expected[:-1]) else 'first'} item is missing."
    if len(got) == len(expected) + 1 and (same(got[:-1], expected) or same(got[1:], expected)):
        return f"One item too many, at the {'end' if same(got[:-1], expected) else 'beginning'}."
    if len(got) > 1 and same(got[::-1], expected):
        return "The right items, in reversed order."
    rest = list(expected)
    for item in got[:1000]:
        place = next((i for i, due in enumerate(rest) if same(item, due)), None)
        if place is None:
            return ""
        rest.pop(place)
    return "The right items, in another order." if not rest and len(got) > 1 else ""


def _of_shape(a: Array, b: Array) -> str:
    def same(x: Array) -> bool:
        return x.dtype.kind == b.dtype.kind and difference(x, b) is None

    if a.ndim == b.ndim == 2 and a.T.shape == b.shape:
        sure = "Your result is" if same(a.T) else "By its shape, your result may be"
        return f"{sure} transposed: rows and columns have changed places (.T, or swap the two axes)."
    if a.ndim == b.ndim <= 4:
        for order in permutations(range(a.ndim)):
            if same(a.transpose(order)):
                return f"Right but for the order of the axes: it is transposed (.transpose{order} mends it)."
    if a.size == b.size and a.squeeze().shape == b.squeeze().shape:
        return (
            "There is an axis of length 1 "
            + ("too many" if a.ndim > b.ndim else "missing")
            + " (keepdims? [:, None]?)."
        )
    if a.size == b.size:
        same_order = "the right numbers" if same(a.reshape(b.shape)) else "as many numbers"
        return f"It has {same_order} in another form: reshape to {b.shape}."
    if a.ndim == b.ndim:
        off = [i for i in range(a.ndim) if a.shape[i] != b.shape[i]]
        if len(off) == 1 and abs(a.shape[off[0]] - b.shape[off[0]]) == 1:
            many = "many" if a.shape[off[0]] > b.shape[off[0]] else "few"
            return f"Axis {off[0]} has one entry too {many}: count where your loop or slice begins and ends."
    if a.ndim < b.ndim:
        return "An axis is gone: was a sum, mean or index taken over one axis too many?"
    return "There is an axis too many: is a sum, mean or index missing?" if a.ndim > b.ndim else ""


def _of_dtype(a: Array, b: Array) -> str:
    if a.dtype.kind == "c" and b.dtype.kind in "iuf":
        return f"Yours are complex numbers{_magnitude(a, b.astype(np.float64))}"
    if a.dtype.kind not in "biuf" or b.dtype.kind not in "biuf":
        return ""
    name = b.dtype.name
    if difference(a.astype(np.float64), b.astype(np.float64)) is None:
        return f"The values are right, only the type is not: .astype(np.{name}) converts."
    if b.dtype.kind in "iu" and difference(np.rint(a.astype(np.float64)), b.astype(np.float64)) is None:
        return f"Round, then convert: np.rint(...).astype(np.{name})."
    if a.dtype.kind in "iu" and b.dtype.kind == "f":
        return "The fractions are lost: compute with floating-point numbers (/ in place of //, .astype(float) first)."
    return ""
