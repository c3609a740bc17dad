"""What kind of thing a value is: told apart, and named in plain words, without importing torch."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Stream:
    """What was read from an iterator: its kind ("generator") and its items."""

    kind: str
    items: list[Any]


def is_tensor(value: Any) -> bool:
    """True for a torch tensor; torch is not imported for the question.

    >>> is_tensor(np.ones(3))
    False

    Built in: lesson 00.
    """
    torch: Any = sys.modules.get("torch")
    return torch is not None and hasattr(torch, "Tensor") and isinstance(value, torch.Tensor)


def as_array(value: Any) -> np.ndarray[Any, Any]:
    """A tensor's or array's values as a NumPy array (bfloat16 as float32), without its gradient.

    Built in: lesson 00.
    """
    if not is_tensor(value):
        return np.asarray(value)
    plain = value.detach().cpu()
    if str(plain.dtype) == "torch.bfloat16":
        plain = plain.float()
    array: np.ndarray[Any, Any] = plain.numpy()
    return array


def as_scalar(value: Any) -> Any:
    """A 0-d array or NumPy number as the Python number it holds; anything else as it is.

    >>> as_scalar(np.float32(0.5)), as_scalar("a")
    (0.5, 'a')

    Built in: lesson 00.
    """
    zero_d = isinstance(value, np.ndarray) and value.ndim == 0
    return value.item() if zero_d or isinstance(value, np.generic) else value


def is_data(value: Any) -> bool:
    """True for a dataclass object (not the class).

    Built in: lesson 00.
    """
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def name_kind(value: Any) -> str:
    """What `value` is, in words, with its article.

    >>> name_kind(np.ones((2, 3))), name_kind([1]), name_kind(None), name_kind(0.5)
    ('a NumPy array', 'a list', 'None', 'a number')

    Built in: lesson 00.
    """
    value = as_scalar(value)
    if value is None or value is Ellipsis:
        return "None" if value is None else "..."
    if is_tensor(value):
        return "a torch tensor"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if inspect.isroutine(value):
        return f"the function {value.__name__}"
    for types, words in _WORDS:
        if isinstance(value, types):
            return words
    name = value.kind if isinstance(value, Stream) else f"{type(value).__name__} object"
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


_WORDS: tuple[tuple[Any, str], ...] = (
    (np.ndarray, "a NumPy array"),
    (bool, "True or False"),
    (int | float | complex, "a number"),
    (str, "text"),
    (list, "a list"),
    (tuple, "a tuple"),
    (dict, "a dictionary"),
    (set | frozenset, "a set"),
)
