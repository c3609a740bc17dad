"""Sentences for what every layer meets by mistake: arrays for tensors, another float type, sizes that are not whole."""

from __future__ import annotations

import operator
from typing import Any

import torch
from torch import Tensor, nn


def require_tensor(x: Any, name: str) -> None:
    """Refuse NumPy arrays, lists and pairs where a tensor should be, with the way to make one.

    Args:
        x: what came.
        name: of the argument, for the sentence.

    Raises TypeError for anything but a tensor.

    >>> require_tensor([5, 7], "ids")
    Traceback (most recent call last):
    TypeError: expected ids as a torch.Tensor, got list: torch.tensor(ids) makes one

    Built in: lesson 07.
    """
    if isinstance(x, Tensor):
        return
    pair = isinstance(x, tuple) and any(isinstance(part, Tensor) for part in x)
    hint = "with return_weights=True a model gives two, take the first" if pair else f"torch.tensor({name}) makes one"
    raise TypeError(f"expected {name} as a torch.Tensor, got {type(x).__name__}: {hint}")


def require_type(x: Tensor, module: nn.Module, name: str) -> None:
    """Refuse numbers of another type than the module's weights; under autocast, which turns one into the other, not.

    Args:
        x: what the module reads.
        module: its first parameter tells the type.
        name: of x, for the sentence.

    Raises TypeError.

    >>> require_type(torch.ones(2, 4), nn.Linear(4, 3), "x")

    Built in: lesson 07.
    """
    due = next((each.dtype for each in module.parameters()), x.dtype)
    if x.dtype != due and not (x.is_floating_point() and torch.is_autocast_enabled(x.device.type)):
        raise TypeError(f"expected {name} of {due}, as the weights are, got {x.dtype}: use {name}.to({due})")


def require_vectors(x: Any, width: int, module: nn.Module, name: str) -> None:
    """Refuse anything but vectors (B, N, width) in the type of the module's weights.

    Raises TypeError for what is no tensor or of another type, ValueError for another shape.

    >>> require_vectors(torch.ones(2, 5, 4), 4, nn.Linear(4, 3), "x")

    Built in: lesson 07.
    """
    require_tensor(x, name)
    if x.ndim != 3 or x.shape[-1] != width:
        hint = "one sequence is a batch of one: x[None]" if x.ndim == 2 else f"project it to width {width} first?"
        raise ValueError(f"expected {name} of shape (B, N, {width}), got {tuple(x.shape)}: {hint}")
    require_type(x, module, name)


def require_whole(number: Any, name: str, least: int | None = None) -> int:
    """A size as a plain int; NumPy's whole numbers will do.

    Args:
        number: what came.
        name: of it, for the sentence.
        least: the smallest that can be.

    Returns it. Raises TypeError for a number that is not whole, or none at all; ValueError for one too small.

    >>> require_whole(8, "width", least=1)
    8

    Built in: lesson 07.
    """
    try:
        whole = operator.index(number)
    except TypeError:
        whole = None
    if whole is None or isinstance(number, bool):
        raise TypeError(f"expected {name} as a whole number, got {number!r}")
    if least is not None and whole < least:
        raise ValueError(f"expected {name} of at least {least}, got {whole}")
    return whole
