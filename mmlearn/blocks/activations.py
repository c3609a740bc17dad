"""Activations: the bends between two layers, by the names that configs use."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor


def gelu_tanh(x: Tensor) -> Tensor:
    """GELU by its tanh formula, as in GPT-2: ``x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))``.

    Apart from the exact one by up to 5e-4: enough to fail a comparison at 1e-5.

    Args:
        x: any shape. Returns the same shape.

    >>> gelu_tanh(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8412])

    Paper: Hendrycks and Gimpel (2016), "Gaussian error linear units", arXiv:1606.08415.

    Built in: lesson 08.
    """
    return F.gelu(x, approximate="tanh")


def quick_gelu(x: Tensor) -> Tensor:
    """GELU by a sigmoid, as in OpenAI's CLIP: ``x sigmoid(1.702 x)``; apart from the exact one by up to 0.02.

    Args:
        x: any shape. Returns the same shape.

    >>> quick_gelu(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8458])

    Paper: Hendrycks and Gimpel (2016), "Gaussian error linear units", arXiv:1606.08415.

    Built in: lesson 08.
    """
    return x * torch.sigmoid(1.702 * x)


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "gelu": F.gelu,  # exact: x times the normal distribution function of x; BERT, ViT
    "gelu_tanh": gelu_tanh,
    "quick_gelu": quick_gelu,
}


def activation(name: str) -> Callable[[Tensor], Tensor]:
    """The activation of a name: "relu", "gelu" (exact), "gelu_tanh" (GPT-2) or "quick_gelu" (CLIP).

    transformers calls the third "gelu_new" or "gelu_pytorch_tanh"; the others are named alike.

    Args:
        name: one of the four. Returns a function of a tensor. Raises ValueError for another name.

    >>> activation("relu")(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])

    Built in: lesson 08.
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"expected an activation of {', '.join(ACTIVATIONS)}, got {name!r}")
    return ACTIVATIONS[name]
