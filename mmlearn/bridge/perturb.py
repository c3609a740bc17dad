"""Shake every parameter of a model, so that a parity test cannot pass by luck.

A fresh LayerNorm has gain 1 and shift 0, and fresh biases are 0: two models agree there even if one of them
never loads these tensors. After `perturb_` no tensor is what its initialisation left, so a dropped bias,
a swapped norm or a forgotten gain shows as a difference.
"""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

AnyModule = TypeVar("AnyModule", bound=nn.Module)


def perturb_(module: AnyModule, seed: int = 0, scale: float = 0.1) -> AnyModule:
    """Add noise to every parameter and floating buffer of a module, in place.

    p <- p + scale * noise,  noise ~ N(0, 1), drawn in float32 on the CPU in the order of the names, so that
    the same seed gives the same values on every device. Tied parameters (one tensor, two names) are shaken once.
    Buffers of whole numbers and of truth values, such as position ids or a causal mask, keep their meaning
    and their values.

    Args:
        module: any `nn.Module`; LayerNorm gains, biases and running means are included.
        seed: of the noise alone; torch's global generator is neither used nor moved.
        scale: the noise's standard deviation. 0.1 keeps a tiny model's activations of ordinary size.

    Returns:
        the same module, so that a call can be chained.

    >>> norm = perturb_(nn.LayerNorm(3))
    >>> bool((norm.weight == 1).any()), bool((norm.bias == 0).any())
    (False, False)

    Built in: lesson 08.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
            if tensor.is_floating_point():
                tensor += scale * torch.randn(tensor.shape, generator=generator).to(tensor)
                if name.endswith("running_var"):
                    tensor.abs_()  # a variance below zero would be NaN under the root
    return module
