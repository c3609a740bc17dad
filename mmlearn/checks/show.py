"""Values in a verdict: short, the same at every run, small ones in full."""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Exercise, apply
from mmlearn.checks.kinds import Stream, as_array, as_scalar, is_tensor, name_kind

SMALL = 24  # elements that are printed in full


def show(value: Any) -> str:
    """`value` in a line or a few: numbers to four digits, arrays with type and shape, no addresses.

    >>> print(show(np.float32(1) / 3), show("dog"), show(["a", 0.25]))
    0.3333 'dog' ['a', 0.25]
    >>> print(show(np.zeros((2, 2))))
    float64 array of shape (2, 2):
    [[0. 0.]
     [0. 0.]]
    >>> print(show(np.arange(100).reshape(10, 10)))
    int64 array of shape (10, 10), values 0 to 99

    Built in: lesson 00.
    """
    value = as_scalar(value)
    if is_tensor(value) or isinstance(value, np.ndarray):
        return _show_array(value)
    if isinstance(value, Stream):
        return f"{value.kind} of {show(value.items)}"
    size = f" ({len(value)} items)" if isinstance(value, list | tuple | dict | set) and len(value) > 12 else ""
    return _Short().repr(value) + size


def form(value: Any) -> str:
    """What kind of value is asked for, without giving it away.

    >>> form(41), form("dog"), form(np.zeros((2, 3))), form([1, 2])
    ('a whole number', 'text', 'float64 array of shape (2, 3)', 'a list of 2 items')

    Built in: lesson 00.
    """
    value = as_scalar(value)
    if is_tensor(value) or isinstance(value, np.ndarray):
        return _head(value)
    if isinstance(value, list | tuple | dict | set):
        return f"{name_kind(value)} of {len(value)} item{'s' * (len(value) != 1)}"
    whole = isinstance(value, int) and not isinstance(value, bool)
    return "a whole number" if whole else name_kind(value)


def inputs(exercise: Exercise, args: tuple[Any, ...], reference: Callable[..., Any]) -> list[str]:
    """The arguments of a case, one text each, under the names that the right answer gives them.

    Built in: lesson 00.
    """
    names = argument_names(exercise, len(args), reference)
    return [f"{name} = {show(arg)}" for name, arg in zip(names, args, strict=True)]


def argument_names(exercise: Exercise, count: int, reference: Callable[..., Any]) -> list[str]:
    """The names of a case's first `count` arguments; "argument 1" and so on where they are not plain.

    >>> argument_names(Exercise("00.9", "Power", None, (), ()), 2, lambda base, exponent: base**exponent)
    ['base', 'exponent']

    Built in: lesson 00.
    """
    names = [f"argument {i + 1}" for i in range(count)]
    if exercise.use is apply or _hands_all_over(exercise.use):
        try:
            known = list(inspect.signature(reference).parameters)
        except (TypeError, ValueError):
            known = []  # written in C
        names[: len(known)] = known[:count]
    return names


def _hands_all_over(use: Callable[..., Any]) -> bool:
    """Whether a `use` takes ``*args``: these can only be the answer's own arguments."""
    return any(known.kind is known.VAR_POSITIONAL for known in inspect.signature(use).parameters.values())


class _Short(reprlib.Repr):
    """repr, cut to a line; nothing of a learner's own class runs, and no address appears."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxstring, self.maxother = 3, 90, 60
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = 12

    def repr1(self, x: Any, level: int) -> str:
        x = as_scalar(x)
        if isinstance(x, float):
            # Four digits, but never a fraction hidden: 1644.3 must not read 1644, the right answer itself.
            return f"{x:.1f}" if 1000 <= abs(x) < 1e6 else f"{x:.4g}"
        if is_tensor(x) or isinstance(x, np.ndarray):
            array = as_array(x)
            if array.ndim == 1 and array.size <= 6:
                return _numbers(array)
            return f"{array.dtype} {'tensor' if is_tensor(x) else 'array'} {array.shape}"
        plain = type(x).__module__ == "builtins" and not callable(x)
        return super().repr1(x, level) if plain else name_kind(x)

    def repr_dict(self, x: dict[Any, Any], level: int) -> str:
        """In the order in which the items were put in, as Python prints it: some exercises are about that order."""
        if level <= 0 and x:
            return f"{{{self.fillvalue}}}"
        shown = [
            f"{self.repr1(key, level - 1)}: {self.repr1(value, level - 1)}"
            for key, value in islice(x.items(), self.maxdict)
        ]
        return "{" + ", ".join(shown + [self.fillvalue] * (len(x) > self.maxdict)) + "}"


def _head(value: Any) -> str:
    kind = str(value.dtype).removeprefix("torch.")
    kind = "text" if kind.startswith(("<U", ">U", "=U")) else kind
    return f"{kind} {'tensor' if is_tensor(value) else 'array'} of shape {tuple(value.shape)}"


def _show_array(value: Any) -> str:
    array, head = as_array(value), _head(value)
    if 0 < array.size <= SMALL:
        body = _numbers(array)
        if body.count("\n") < 9:
            return f"{head}: {body}" if "\n" not in body else f"{head}:\n{body}"
    if array.size and array.dtype.kind in "iuf":
        finite = array[np.isfinite(array)]
        span = f", values {show(finite.min())} to {show(finite.max())}" if finite.size else ", no finite value"
        nan = int(np.isnan(array).sum())
        return head + span + (f", {nan} NaN" if nan else "")
    return head


def _numbers(array: np.ndarray[Any, Any]) -> str:
    """The elements, four decimals; 1e-17 is printed as 0 where the others are of ordinary size."""
    largest = np.nanmax(np.abs(array), initial=0.0) if array.dtype.kind == "f" else 1.0
    return np.array2string(array, precision=4, suppress_small=bool(0.01 <= float(largest) < 1e5), max_line_width=88)
