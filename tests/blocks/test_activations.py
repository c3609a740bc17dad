"""Activations against their formulas and those of transformers, values and gradients."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers.activations import ACT2FN

from mmlearn.blocks import activations as module
from mmlearn.blocks.activations import ACTIVATIONS, activation

X = torch.linspace(-6, 6, 400, dtype=torch.float64)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("relu", "relu"), ("gelu", "gelu"), ("gelu_tanh", "gelu_new"), ("gelu_tanh", "gelu_pytorch_tanh"),
     ("quick_gelu", "quick_gelu")],
)  # fmt: skip
def test_activations_are_those_of_transformers(ours: str, theirs: str) -> None:
    x = X.clone().requires_grad_()
    mine, other = activation(ours)(x), ACT2FN[theirs](x)
    torch.testing.assert_close(mine, other, atol=1e-12, rtol=0)
    torch.testing.assert_close(*(torch.autograd.grad(y.sum(), x)[0] for y in (mine, other)), atol=1e-12, rtol=0)


def check_formulas() -> None:
    due = {
        "relu": [max(x, 0.0) for x in X.tolist()],
        "gelu": [x * 0.5 * (1 + math.erf(x / 2**0.5)) for x in X.tolist()],
        "gelu_tanh": [x / 2 * (1 + math.tanh((2 / math.pi) ** 0.5 * (x + 0.044715 * x**3))) for x in X.tolist()],
        "quick_gelu": [x / (1 + math.exp(-1.702 * x)) for x in X.tolist()],
    }
    assert set(due) == set(module.ACTIVATIONS)
    for name, values in due.items():
        torch.testing.assert_close(module.activation(name)(X), torch.tensor(values).double(), atol=1e-6, rtol=0)


def test_activations_by_their_formulas() -> None:
    check_formulas()


def test_how_far_the_gelus_are_apart_is_as_documented() -> None:
    exact = activation("gelu")(X)
    assert 4e-4 < float((activation("gelu_tanh")(X) - exact).abs().max()) < 5e-4
    assert 0.019 < float((activation("quick_gelu")(X) - exact).abs().max()) < 0.021


def test_an_unknown_activation_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="relu, gelu, gelu_tanh, quick_gelu, got 'swish'"):
        activation("swish")


def _table(**changed: Callable[[Tensor], Tensor]) -> dict[str, Any]:
    return {**ACTIVATIONS, **changed}


SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("GELU by tanh for the exact one", "ACTIVATIONS", _table(gelu=ACTIVATIONS["gelu_tanh"]), check_formulas),
    ("the exact GELU for the one by tanh", "ACTIVATIONS", _table(gelu_tanh=ACTIVATIONS["gelu"]), check_formulas),
    ("SiLU for QuickGELU", "ACTIVATIONS", _table(quick_gelu=torch.nn.functional.silu), check_formulas),
)


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)
