"""Whether a result is the right one, and if not, where and how it differs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmlearn.checks.kinds import Stream, as_array, as_scalar, is_data, is_tensor, name_kind
from mmlearn.checks.show import show

ATOL, RTOL = 1e-6, 1e-5  # a float32 result passes against a float64 one
_KINDS = {"b": "True/False", "u": "unsigned whole numbers", "i": "whole numbers", "f": "floating-point numbers",
          "c": "complex numbers", "U": "text"}  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """The first place where two results part.

    `where` is the path inside the result ("[0]['dog']", "" for the whole), `says` the difference in
    words, `got` and `expected` the two values at that place, `around` the two lists that hold them, if any.
    """

    where: str
    says: str
    got: Any
    expected: Any
    around: tuple[Any, Any] | None = None


def difference(got: Any, expected: Any, atol: float = ATOL, rtol: float = RTOL, where: str = "") -> Difference | None:
    """The first difference between a result and the right one; None where there is none.

    Right means: |got - expected| <= atol + rtol |expected| for floating-point numbers, NaN where NaN is
    due; exactly equal for whole numbers, True/False and text. Arrays and tensors must have the same
    shape and the same kind of numbers (uint8 and uint16 are one kind, uint8 and int64 are two).

    Where it is kind: a number may be a Python number, a NumPy number or a 0-d array; a whole number may
    stand for a floating-point one; list and tuple are one. Where it is not: a list for an array, an array
    for a tensor. The learner's function is used in the cells that follow, and these would stop there.

    >>> difference([1.0, 2.0000001], (1.0, 2.0)) is None
    True
    >>> difference(np.array([1, 5]), np.array([1, 2])).says
    '1 of 2 values differs, first at [1]: 5 where 2 is due'

    Args:
        got: the result in question.
        expected: the right one; its kind decides how they are compared.
        atol, rtol: tolerances.
        where: path that `got` has in a larger result.

    Built in: lesson 00.
    """
    got, expected = as_scalar(got), as_scalar(expected)
    same = _comparison(expected)
    if same is not None:
        return same(got, expected, atol, rtol, where)
    if got is expected or (type(got) is type(expected) and bool(got == expected)):
        return None
    return _kinds_differ(got, expected, where)


def close(atol: float = ATOL, rtol: float = RTOL) -> Callable[[Any, Any], str | None]:
    """A comparison for `Exercise(compare=...)` with other tolerances.

    >>> close(atol=0.1)(1.05, 1.0) is None, close(atol=0.01)(1.05, 1.0)
    (True, '1.05 where 1 is due')

    Built in: lesson 00.
    """

    def compare(got: Any, expected: Any) -> str | None:
        found = difference(got, expected, atol, rtol)
        return found.says if found else None

    return compare


_Comparison = Callable[[Any, Any, float, float, str], Difference | None]


def _comparison(expected: Any) -> _Comparison | None:
    if is_tensor(expected) or isinstance(expected, np.ndarray):
        return _arrays
    if isinstance(expected, bool | int | float | complex):
        return _numbers
    if isinstance(expected, list | tuple):
        return _lists
    if isinstance(expected, dict):
        return _dicts
    return _records if is_data(expected) else None


def _kinds_differ(got: Any, expected: Any, where: str) -> Difference:
    mine, due = name_kind(got), name_kind(expected)
    says = f"{mine} where {due} is due" if mine != due else f"{show(got)} where {show(expected)} is due"
    return Difference(where, says, got, expected)


def _numbers(got: Any, expected: Any, atol: float, rtol: float, where: str) -> Difference | None:
    truth = isinstance(got, bool) != isinstance(expected, bool)
    imaginary = isinstance(got, complex) and not isinstance(expected, complex)
    if not isinstance(got, bool | int | float | complex) or truth or imaginary:
        return _kinds_differ(got, expected, where)
    if isinstance(expected, int):
        right = got == expected and not isinstance(got, float)
        note = f"{got!r}, a floating-point number, where the whole number {expected} is due"
        says = note if got == expected else f"{show(got)} where {show(expected)} is due"
    else:
        right = bool(np.isclose(got, expected, rtol=rtol, atol=atol, equal_nan=True))
        mine, due = show(got), show(expected)
        says = f"{mine} where {due} is due" if mine != due else f"{got!r} where {expected!r} is due"
    return None if right else Difference(where, says, got, expected)


def _lists(got: Any, expected: Any, atol: float, rtol: float, where: str) -> Difference | None:
    if not isinstance(got, list | tuple):
        return _kinds_differ(got, expected, where)
    if len(got) != len(expected):
        return Difference(
            where, f"{_items(len(got))} where {_items(len(expected))} {_verb(expected)} due", got, expected
        )
    pairs = enumerate(zip(got, expected, strict=True))
    differences = (difference(mine, due, atol, rtol, f"{where}[{i}]") for i, (mine, due) in pairs)
    found = next((each for each in differences if each), None)
    return dataclasses.replace(found, around=found.around or (got, expected)) if found else None


def _dicts(got: Any, expected: Any, atol: float, rtol: float, where: str) -> Difference | None:
    if not isinstance(got, dict):
        return _kinds_differ(got, expected, where)
    missing, extra = [k for k in expected if k not in got], [k for k in got if k not in expected]
    if missing or extra:
        words = f"without the key {missing[0]!r}" if missing else f"with a key {extra[0]!r} that is not due"
        return Difference(where, f"a dictionary {words}", got, expected)
    found = (difference(got[k], expected[k], atol, rtol, f"{where}[{k!r}]") for k in expected)
    return next((each for each in found if each), None)


def _records(got: Any, expected: Any, atol: float, rtol: float, where: str) -> Difference | None:
    """Dataclass objects: compared field by field, if the class has the same name (a notebook defines its own)."""
    if not is_data(got) or type(got).__name__ != type(expected).__name__:
        return _kinds_differ(got, expected, where)
    if isinstance(expected, Stream):
        return difference(got.items, expected.items, atol, rtol, where)  # any iterator will do
    for field in dataclasses.fields(expected):
        mine = getattr(got, field.name, None)
        found = difference(mine, getattr(expected, field.name), atol, rtol, f"{where}.{field.name}")
        if found:
            return found
    return None


def _arrays(got: Any, expected: Any, atol: float, rtol: float, where: str) -> Difference | None:
    alike = is_tensor(got) if is_tensor(expected) else isinstance(got, np.ndarray)
    if not alike:
        return _kinds_differ(got, expected, where)
    a, b = as_array(got), as_array(expected)
    if a.shape != b.shape:
        return Difference(where, f"shape {a.shape} where {b.shape} is due", got, expected)
    if a.dtype.kind != b.dtype.kind:
        mine, due = (_KINDS.get(x.dtype.kind, str(x.dtype)) for x in (a, b))
        return Difference(where, f"{mine} ({a.dtype}) where {due} ({b.dtype}) are due", got, expected)
    if b.dtype.kind in "fc":
        wrong = ~np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=True)
    else:
        wrong = np.asarray(a != b)
    return Difference(where, _places(a, b, wrong), got, expected) if wrong.any() else None


def _places(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any], wrong: np.ndarray[Any, Any]) -> str:
    count, first = int(wrong.sum()), tuple(int(i) for i in np.argwhere(wrong)[0])  # () in a 0-d tensor
    mine, due = show(a[first]), show(b[first])
    if mine == due:
        mine, due = repr(as_scalar(a[first])), repr(as_scalar(b[first]))
    if not first:
        return f"{mine} where {due} is due"
    verb = "differs" if count == 1 else "differ"
    return f"{count} of {wrong.size} values {verb}, first at {list(first)}: {mine} where {due} is due"


def _verb(expected: Any) -> str:
    return "is" if len(expected) == 1 else "are"


def _items(n: int) -> str:
    return "1 item" if n == 1 else f"{n} items"
