"""The fast linear layer against ``F.linear``: values, gradients, gradients of gradients, and when it steps aside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmlearn.blocks import linear as module
from mmlearn.blocks.linear import Linear, linear

HERE = pytest.mark.skipif(not hasattr(torch.ops.mkldnn, "_linear_pointwise"), reason="this torch has no such oneDNN")
SHAPES = (((40, 30), 20), ((3, 40, 30), 20), ((2, 3, 7, 5), 1), ((1, 1), 1), ((6, 1, 4), 9), ((0, 4), 3))


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fast way for every size, on every processor that can."""
    monkeypatch.setattr(module, "_WORTH", 1)
    monkeypatch.setattr(module, "mkl_holds_back", lambda: True)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def odd_ones(x: Tensor) -> list[Tensor]:
    """The same numbers in other orders of memory."""
    return [x, x.transpose(0, 1).contiguous().transpose(0, 1), torch.cat([x, x], -1)[..., : x.shape[-1]]]


def with_gradients(f: Callable[..., Tensor], *given: Any) -> list[Tensor]:
    out = f(*given)
    inputs = [each for each in given if each is not None and each.requires_grad]
    weights = torch.linspace(-1, 2, out.numel()).reshape(out.shape)
    return [out.detach(), *torch.autograd.grad((out * weights).sum(), inputs)]


def check_equal() -> None:
    for shape, e in SHAPES:
        w, b = random(e, shape[-1], seed=1).requires_grad_(), random(e, seed=2).requires_grad_()
        for x in odd_ones(random(*shape)):
            for bias in (b, None):
                found = with_gradients(module.linear, x.detach().requires_grad_(), w, bias)
                due = with_gradients(F.linear, x.detach().requires_grad_(), w, bias)
                for mine, other in zip(found, due, strict=True):
                    torch.testing.assert_close(mine, other, atol=1e-5, rtol=1e-4)


@HERE
def test_equal_to_torch_values_and_gradients() -> None:
    check_equal()


@HERE
def test_frozen_parts_get_no_gradient() -> None:
    x, w, b = random(3, 8, 6).requires_grad_(), random(5, 6), random(5)
    for frozen in range(3):
        given = [each.detach().requires_grad_(i != frozen) for i, each in enumerate((x, w, b))]
        for mine, other in zip(with_gradients(linear, *given), with_gradients(F.linear, *given), strict=True):
            torch.testing.assert_close(mine, other, atol=1e-5, rtol=1e-4)
    linear(x, w, b).sum().backward()  # a gradient that is one number, seen everywhere
    torch.testing.assert_close(x.grad, w.sum(0).expand(3, 8, 6))
    with torch.no_grad():
        torch.testing.assert_close(linear(x, w, b), F.linear(x, w, b))


@HERE
def test_gradients_of_gradients() -> None:
    def second(f: Callable[..., Tensor]) -> tuple[Tensor, ...]:
        x, w = random(4, 6).requires_grad_(), random(5, 6, seed=1).requires_grad_()
        first = torch.autograd.grad(f(x, w).pow(3).sum(), (x, w), create_graph=True)
        return torch.autograd.grad(sum(each.pow(2).sum() for each in first), (x, w))

    for mine, other in zip(second(linear), second(F.linear), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-4)


@HERE
def test_gradients_by_torch_func() -> None:
    x, w = random(4, 6), random(5, 6, seed=1)
    for mine, other in zip(
        *(torch.func.grad(lambda a, b, f=f: f(a, b).pow(2).sum(), argnums=(0, 1))(x, w) for f in (linear, F.linear)),
        strict=True,
    ):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-4)


def test_steps_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_product", None)  # calling it would fail
    x, w = random(4, 6), random(5, 6)
    assert linear(x.double(), w.double()).dtype == torch.float64
    assert linear(x[0], w).shape == (5,)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert linear(x, w).dtype == torch.bfloat16
    with torch.backends.mkldnn.flags(enabled=False, allow_tf32=None):
        assert linear(x, w).shape == (4, 5)
    for name, value in (("_WORTH", 121), ("mkl_holds_back", lambda: False)):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, value)
            assert linear(x, w).shape == (4, 5)
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        linear(x, random(5, 7))


def test_it_is_an_ordinary_layer() -> None:
    torch.manual_seed(0)
    ours = Linear(6, 5)
    torch.manual_seed(0)
    theirs = nn.Linear(6, 5)
    assert isinstance(ours, nn.Linear) and list(ours.state_dict()) == list(theirs.state_dict())
    assert torch.equal(ours.weight, theirs.weight)
    theirs.load_state_dict(ours.state_dict(), strict=True)


@pytest.mark.parametrize(("maker", "capability"), [("AuthenticAMD", "AVX2"), ("GenuineIntel", "AVX512")])
def test_other_processors_keep_torchs_own(maker: str, capability: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(module, "_processor", lambda: f"vendor_id : {maker}")
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert not module.mkl_holds_back.__wrapped__()


APPLY = module._product
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("the bias is lost", "_product", lambda x, w, b=None: APPLY(x, w, None), check_equal),
    ("a bias where there is none", "_product",
     lambda x, w, b=None: APPLY(x, w, torch.ones(len(w)) if b is None else b), check_equal),
)  # fmt: skip


@HERE
@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)
