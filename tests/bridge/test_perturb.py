"""perturb_ shakes every floating tensor once, the same for the same seed, and touches nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from mmlearn.bridge import perturb as module


def a_model() -> nn.Module:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.BatchNorm1d(4), nn.Linear(4, 3, bias=False))
    model.register_buffer("positions", torch.arange(5))
    model.register_buffer("allowed", torch.ones(2, 2, dtype=torch.bool))
    return model


def test_every_floating_tensor_changes_in_every_entry_and_no_other() -> None:
    before, after = a_model().state_dict(), module.perturb_(a_model()).state_dict()
    for name, tensor in before.items():
        if tensor.is_floating_point():
            assert (tensor != after[name]).all(), f"{name} was left as it was"
        else:
            assert torch.equal(tensor, after[name]), f"{name} is no weight and was changed"


def test_a_seed_repeats_and_another_differs_and_the_global_generator_rests() -> None:
    state = torch.get_rng_state()
    one, same, other = (module.perturb_(nn.LayerNorm(7), seed) for seed in (3, 3, 4))
    assert torch.equal(one.weight, same.weight)
    assert (one.weight != other.weight).all()
    assert torch.equal(state, torch.get_rng_state())


def test_a_tied_parameter_is_shaken_once_and_stays_tied() -> None:
    model = nn.ModuleDict({"embed": nn.Embedding(5, 3), "head": nn.Linear(3, 5, bias=False)})
    model["head"].weight = model["embed"].weight
    with torch.no_grad():
        model["embed"].weight.zero_()
    module.perturb_(model, scale=1.0)
    assert model["head"].weight is model["embed"].weight
    expected = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(model["embed"].weight.detach(), expected)


def test_types_are_kept_and_gradients_still_flow() -> None:
    layer = module.perturb_(nn.Linear(2, 2).double())
    assert layer.weight.dtype == torch.float64
    assert layer.weight.requires_grad
    layer(torch.ones(1, 2, dtype=torch.float64)).sum().backward()
    assert layer.weight.grad is not None


def test_a_variance_stays_above_zero() -> None:
    norm = nn.BatchNorm1d(200).eval()
    torch.nn.init.constant_(norm.running_var, 0.01)
    assert module.perturb_(norm)(torch.ones(3, 200)).isfinite().all()


def only_some(wanted: Callable[[str, torch.Tensor], bool], noise: Callable[..., torch.Tensor]) -> Any:
    """A perturb_ that shakes only the tensors that are `wanted`."""

    def perturb_(model: nn.Module, seed: int = 0, scale: float = 0.1) -> nn.Module:
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for name, tensor in [*model.named_parameters(remove_duplicate=False), *model.named_buffers()]:
                if wanted(name, tensor):
                    tensor += (scale * noise(tensor.shape, generator)).to(tensor.dtype)
        return model

    return perturb_


def own(shape: Any, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(shape, generator=generator)


def shared(shape: Any, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(shape)


EVERY, SEED = (
    test_every_floating_tensor_changes_in_every_entry_and_no_other,
    test_a_seed_repeats_and_another_differs_and_the_global_generator_rests,
)
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("biases and gains are left out", "perturb_", only_some(lambda name, t: t.ndim > 1, own), EVERY),
    ("buffers are left out", "perturb_", only_some(lambda name, t: t.requires_grad, own), EVERY),
    ("position ids are shaken", "perturb_", only_some(lambda name, t: t.dtype != torch.bool,
     lambda shape, generator: 20 * own(shape, generator)), EVERY),
    ("the global generator is used", "perturb_", only_some(lambda name, t: t.is_floating_point(), shared), SEED),
    ("a tied tensor is shaken twice", "perturb_", only_some(lambda name, t: t.is_floating_point(), own),
     test_a_tied_parameter_is_shaken_once_and_stays_tied),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)
