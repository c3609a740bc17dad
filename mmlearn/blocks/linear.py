"""A linear layer in the faster of the two libraries that torch carries: MKL, or oneDNN where MKL holds back."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_WORTH = 2**22  # multiplications from which the gain is more than the calls from Python cost, 0.05 ms


class Linear(nn.Linear):
    """``y = x W^T + b``: an ``nn.Linear`` in everything, computed by `linear`.

    Args:
        in_features, out_features, bias: as of ``nn.Linear``.

    >>> Linear(8, 3)(torch.randn(2, 5, 8)).shape
    torch.Size([2, 5, 3])

    Built in: lesson 08.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Args: x (..., in_features). Returns (..., out_features)."""
        return linear(x, self.weight, self.bias)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``x W^T + b``, values and gradients: ``F.linear``, by oneDNN where that is faster.

    Torch leaves float32 products on the CPU to MKL, which on AMD's processors does without their widest instructions
    (AVX-512); oneDNN, which torch carries for convolutions, uses them: 2.2 times as fast, and equal but for rounding.
    Everywhere else (other processors, CUDA, float64, autocast, small products) this is ``F.linear`` itself;
    ``torch.backends.mkldnn.set_flags(False)`` makes it so here.

    Args:
        x: (..., D).
        weight: (E, D).
        bias: (E,) or None.

    Returns (..., E).

    >>> x, weight = torch.randn(300, 128), torch.randn(256, 128)
    >>> torch.allclose(linear(x, weight), F.linear(x, weight), atol=1e-4)
    True

    Built in: lesson 08.
    """
    if not _pays(x, weight):
        return F.linear(x, weight, bias)
    if torch.is_grad_enabled():
        y: Tensor = _Linear.apply(x, weight, bias)  # type: ignore[no-untyped-call]
        return y
    return _product(x, weight, bias)


@cache
def mkl_holds_back() -> bool:
    """Whether this is an AMD processor with AVX-512, and this torch has MKL, oneDNN and the way to call it.

    Built in: lesson 08.
    """
    there: bool = torch.backends.mkl.is_available()  # type: ignore[no-untyped-call]
    there = there and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    return there and torch.backends.cpu.get_cpu_capability().startswith("AVX512") and "AuthenticAMD" in _processor()


def _processor() -> str:
    """What the system says of the processor; its maker is in it."""
    told = Path("/proc/cpuinfo")
    return told.read_text(encoding="utf-8", errors="replace") if told.is_file() else platform.processor()


def _pays(x: Tensor, weight: Tensor) -> bool:
    cpu32 = x.dtype == weight.dtype == torch.float32 and x.device.type == weight.device.type == "cpu" and x.ndim > 1
    large = x.numel() * len(weight) >= _WORTH
    fits = x.shape[-1] == weight.shape[-1]  # else F.linear says what is wrong
    usual = not torch.is_autocast_enabled("cpu") and not torch.compiler.is_compiling()
    return cpu32 and large and fits and usual and mkl_holds_back() and bool(torch.backends.mkldnn.enabled)


def _product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    y: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return y


class _Linear(torch.autograd.Function):
    """oneDNN's product, which torch has no gradients for."""

    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return _product(x, weight, bias)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs[:2])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """``dx = g W``, ``dW = g^T x``, ``db = sum of g``: each a product again."""
        x, weight = ctx.saved_tensors
        g, rows = gradients[0].flatten(0, -2).contiguous(), x.flatten(0, -2)  # (N, E), (N, D)
        product = F.linear if torch.is_grad_enabled() else _product  # gradients of gradients: by torch's own
        wanted = ctx.needs_input_grad
        dx = product(g, weight.T).view_as(x) if wanted[0] else None  # (N, E) @ (E, D)
        dw = None
        if wanted[1]:  # g^T x, or the transpose of x^T g: what comes first is copied, so the narrower does
            narrow = len(weight) <= weight.shape[1]
            dw = product(g.T, rows.T) if narrow else product(rows.T, g.T).T  # (E, D)
        return dx, dw, g.sum(0) if wanted[2] else None
