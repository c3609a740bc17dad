"""Compare what training uses: the values of a torch function and its gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def with_gradients(f: Callable[..., Any], *args: Any) -> dict[str, Any]:
    """Call `f` and differentiate it with respect to every floating-point tensor among its arguments.

    For ``Exercise(use=with_gradients)``; for a class, ``use=lambda Layer, x: with_gradients(Layer(8), x)``.
    The output is turned into one number by a fixed random projection, so that no error cancels out.

    Args:
        f: returns one tensor.
        args: as `f` takes them.

    Returns:
        {"value": tensor, "gradient of argument 1": tensor, ...}; None for a gradient that does not
        arrive.

    >>> import torch
    >>> sorted(with_gradients(lambda x, power: x**power, torch.ones(2, 3), 2))
    ['gradient of argument 1', 'value']

    Built in: lesson 00.
    """
    import torch

    floats = [i for i, arg in enumerate(args) if isinstance(arg, torch.Tensor) and arg.is_floating_point()]
    leaves = {i: args[i].detach().clone().requires_grad_(True) for i in floats}
    with torch.enable_grad():
        value = f(*(leaves.get(i, arg) for i, arg in enumerate(args)))
    gradients: tuple[Any, ...] = (None,) * len(floats)
    if isinstance(value, torch.Tensor) and value.requires_grad:
        onto = torch.from_numpy(np.random.default_rng(0).standard_normal(tuple(value.shape))).to(value.dtype)
        gradients = torch.autograd.grad((value * onto).sum(), list(leaves.values()), allow_unused=True)
        value = value.detach()
    named = {f"gradient of argument {i + 1}": gradient for i, gradient in zip(floats, gradients, strict=True)}
    return {"value": value, **named}
