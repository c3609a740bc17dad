"""AdamW's groups and steps against torch's by hand, Muon's matrices against torch.optim.Muon's."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from mmlearn.train import optimisers as module


class Small(nn.Module):
    """Every kind of parameter: a table, positions, a filter, matrices, gains, a head, a shared table, a frozen one."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.words = nn.Embedding(7, 6)
        self.position_embedding = nn.Parameter(torch.randn(1, 5, 6))
        self.filter = nn.Conv1d(6, 6, 3, padding=1)
        self.hidden = nn.Linear(6, 8)
        self.norm = nn.LayerNorm(8)
        self.tower = nn.ModuleDict({"output": nn.Linear(8, 6, bias=False), "head": nn.Linear(6, 4)})
        self.frozen = nn.Parameter(torch.randn(6, 6), requires_grad=False)
        self.tied = nn.Linear(6, 7, bias=False)
        self.tied.weight = self.words.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.words(ids) + self.position_embedding  # (B, 5, 6)
        x = self.filter(x.transpose(1, 2)).transpose(1, 2) @ self.frozen
        x = self.tower["output"](self.norm(self.hidden(x)).tanh())  # (B, 5, 6)
        return torch.cat([self.tower["head"](x), self.tied(x)], dim=-1)  # (B, 5, 11)


TABLES = {"words.weight", "position_embedding"}
MATRICES = {"hidden.weight", "tower.output.weight"}
HEAD = {"tower.head.weight"}


def named(model: nn.Module, group: dict[str, Any]) -> set[str]:
    names = {id(weight): name for name, weight in model.named_parameters()}
    return {names[id(weight)] for weight in group["params"]}


def steps(model: nn.Module, optimiser: Any, n: int = 4) -> list[dict[str, torch.Tensor]]:
    """The parameters after each of some steps."""
    generator, found = torch.Generator().manual_seed(1), []
    for _ in range(n):
        optimiser.zero_grad()
        model(torch.randint(0, 7, (3, 5), generator=generator)).square().mean().backward()
        optimiser.step()
        found.append({name: weight.detach().clone() for name, weight in model.named_parameters()})
    return found


def assert_same_steps(ours: Any, theirs: Any, model: nn.Module, other: nn.Module) -> None:
    for mine, yours in zip(steps(model, ours), steps(other, theirs), strict=True):
        for name, weight in mine.items():
            torch.testing.assert_close(weight, yours[name], atol=1e-6, rtol=1e-5, msg=name)


def test_vectors_and_embeddings_are_not_decayed() -> None:
    model = Small()
    decayed, kept = module.adamw(model, 1e-3, weight_decay=0.3).param_groups
    assert decayed["weight_decay"] == 0.3 and kept["weight_decay"] == 0
    assert named(model, decayed) == MATRICES | HEAD | {"filter.weight"}
    trained = {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert named(model, kept) == trained - named(model, decayed) and named(model, kept) > TABLES


def test_adamw_equals_torchs_with_groups_by_hand() -> None:
    model, other = Small(), Small()
    decayed = [other.filter.weight, other.hidden.weight, other.tower["output"].weight, other.tower["head"].weight]
    kept = [other.words.weight, other.position_embedding, other.filter.bias, other.hidden.bias]
    kept += [other.norm.weight, other.norm.bias, other.tower["head"].bias]
    groups = [{"params": decayed, "weight_decay": 0.2}, {"params": kept, "weight_decay": 0.0}]
    theirs = torch.optim.AdamW(groups, lr=0.01, betas=(0.8, 0.95), fused=False)
    assert_same_steps(module.adamw(model, 0.01, weight_decay=0.2, betas=(0.8, 0.95)), theirs, model, other)


def test_the_fused_kernel_is_used_where_there_is_one() -> None:
    assert module.adamw(nn.Linear(2, 2), 1e-3).defaults["fused"] is True
    assert module.adamw(nn.Linear(2, 2, device="meta"), 1e-3).defaults["fused"] is False


def test_muon_takes_the_hidden_matrices_and_adamw_the_rest() -> None:
    model = Small()
    matrices, decayed, kept = module.muon(model, 1e-3, weight_decay=0.3).param_groups
    assert named(model, matrices) == MATRICES
    assert named(model, decayed) == HEAD | {"filter.weight"} and decayed["weight_decay"] == 0.3
    assert named(model, kept) > TABLES and kept["weight_decay"] == 0
    matrices, decayed, _ = module.muon(model, 1e-3, adamw_for=["hidden"]).param_groups
    assert named(model, matrices) == {"tower.output.weight", "tower.head.weight"}
    every = named(model, matrices) | named(model, decayed) | named(model, _)
    assert every == {name for name, weight in model.named_parameters() if weight.requires_grad}


def test_muons_matrices_equal_torchs_and_the_rest_equals_adamw() -> None:
    model, other = Small(), Small()
    matrices = [other.hidden.weight, other.tower["output"].weight]
    rest = [w for w in other.parameters() if w.requires_grad and not any(w is m for m in matrices)]
    decayed = [w for w in rest if w is other.filter.weight or w is other.tower["head"].weight]
    kept = [w for w in rest if not any(w is d for d in decayed)]
    muon = torch.optim.Muon(matrices, lr=0.02, weight_decay=0.2, momentum=0.9, adjust_lr_fn="match_rms_adamw")
    groups = [{"params": decayed, "weight_decay": 0.2}, {"params": kept, "weight_decay": 0.0}]
    theirs = module.JointOptimiser(muon, torch.optim.AdamW(groups, lr=0.02, fused=False))
    assert_same_steps(module.muon(model, 0.02, weight_decay=0.2, momentum=0.9), theirs, model, other)


def test_a_muon_step_is_as_long_as_an_adamw_step() -> None:
    for shape in ((64, 16), (32, 32)):
        lengths = []
        for make in (module.muon, module.adamw):
            torch.manual_seed(0)
            model = nn.Sequential(nn.Linear(*shape, bias=False))
            before = model[0].weight.detach().clone()
            model(torch.randn(99, shape[0])).square().mean().backward()
            make(model, 1e-3, weight_decay=0.0).step()
            lengths.append((model[0].weight.detach() - before).square().mean().sqrt())
        assert 0.1 < lengths[0] / lengths[1] < 0.5  # 0.2 of a first Adam step, whose every number moves by the rate


def test_a_joint_optimiser_is_one_optimiser() -> None:
    model = Small()
    optimiser = module.muon(model, 0.01)
    for group in optimiser.param_groups:
        group["lr"] = 0.0
    assert all(part.param_groups[0]["lr"] == 0 for part in optimiser.parts)
    first, second = steps(model, optimiser, 2)
    assert all(torch.equal(first[name], second[name]) for name in first)
    optimiser.zero_grad()
    assert all(weight.grad is None for weight in model.parameters())


def test_a_joint_optimiser_goes_on_from_its_state() -> None:
    model = Small()
    optimiser = module.muon(model, 0.01)
    steps(model, optimiser)
    other = copy.deepcopy(model)
    again = module.muon(other, 0.5)  # the rate is the state's, too
    again.load_state_dict(copy.deepcopy(optimiser.state_dict()))
    for mine, yours in zip(steps(model, optimiser), steps(other, again), strict=True):
        assert all(torch.equal(mine[name], yours[name]) for name in mine)
    with pytest.raises(ValueError, match="state of 2 optimisers, got 1"):
        again.load_state_dict(module.adamw(model, 0.01).state_dict())


def test_a_model_of_matrices_alone_needs_muon_alone() -> None:
    assert len(module.muon(nn.Sequential(nn.Linear(3, 3, bias=False)), 0.1).parts) == 1


def test_bad_input_is_refused() -> None:
    for make in (module.adamw, module.muon):
        for rate in (0.0, -1e-3, float("nan")):
            with pytest.raises(ValueError, match="learning_rate above 0, got"):
                make(Small(), rate)
        with pytest.raises(ValueError, match="parameters to train, found none: are all frozen"):
            make(nn.ReLU(), 1e-3)
    with pytest.raises(ValueError, match="hidden matrices for Muon, found none: use adamw"):
        module.muon(nn.Conv2d(3, 3, 3), 1e-3)
    with pytest.raises(ValueError, match="hidden matrices"):
        module.muon(nn.Sequential(nn.Linear(3, 3)), 1e-3, adamw_for=("0",))


def test_the_defaults_are_the_fields() -> None:
    group = module.adamw(Small(), 1e-3).param_groups[0]
    assert group["betas"] == (0.9, 0.999) and group["weight_decay"] == 0.01
    model = nn.ModuleDict({name: nn.Linear(3, 3) for name in ("hidden", "head", "classifier")})
    matrices, rest, _ = module.muon(model, 1e-3).param_groups
    assert named(model, matrices) == {"hidden.weight"} and matrices["momentum"] == 0.95
    assert matrices["weight_decay"] == rest["weight_decay"] == 0.01 and rest["betas"] == (0.9, 0.999)


def test_a_matrix_in_a_module_named_embedding_is_decayed_and_gains_with_two_axes_are_not() -> None:
    model = nn.ModuleDict({"embedding": nn.ModuleDict({"proj": nn.Linear(3, 3)}), "norm": nn.LayerNorm((2, 3))})
    assert named(model, module.adamw(model, 1e-3).param_groups[0]) == {"embedding.proj.weight"}
    assert named(model, module.muon(model, 1e-3).param_groups[0]) == {"embedding.proj.weight"}


def test_names_for_adamw_are_names_that_there_are() -> None:
    with pytest.raises(TypeError, match=r"got the text 'head': write adamw_for=\('head',\)"):
        module.muon(Small(), 1e-3, adamw_for="head")
    with pytest.raises(ValueError, match=r"no module with weights is named 'haed'; there are .*head, hidden"):
        module.muon(Small(), 1e-3, adamw_for=("haed", "hidden"))
    assert module.muon(Small(), 1e-3, adamw_for=("tied", "hidden")).parts


def test_numbers_out_of_range_are_refused() -> None:
    for make in (module.adamw, module.muon):
        with pytest.raises(ValueError, match="learning_rate above 0, got inf"):
            make(Small(), float("inf"))
        for decay in (-0.1, float("nan")):
            with pytest.raises(ValueError, match="weight_decay of 0 or more"):
                make(Small(), 1e-3, weight_decay=decay)
    for momentum in (2.0, 1.0, -0.1, float("nan")):
        with pytest.raises(ValueError, match="momentum from 0 to below 1"):
            module.muon(Small(), 1e-3, momentum=momentum)


def _plain_adamw(model: nn.Module, rate: float, weight_decay: float = 0.01, betas: Any = (0.9, 0.999)) -> Any:
    return torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=weight_decay, betas=betas)


def _l2(*arguments: Any, **named: Any) -> Any:
    groups = [
        {k: group[k] for k in ("params", "lr", "weight_decay", "betas")}
        for group in ADAMW(*arguments, **named).param_groups
    ]
    return torch.optim.Adam(groups)


class _FirstOnly(module.JointOptimiser):
    def step(self) -> None:
        self.parts[0].step()


ADAMW, EMBEDDINGS = module.adamw, module._embeddings
HAND, GROUPS, MUON, JOINT, MUON_GROUPS = (
    test_adamw_equals_torchs_with_groups_by_hand,
    test_vectors_and_embeddings_are_not_decayed,
    test_muons_matrices_equal_torchs_and_the_rest_equals_adamw,
    test_a_joint_optimiser_goes_on_from_its_state,
    test_muon_takes_the_hidden_matrices_and_adamw_the_rest,
)
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("decay inside the gradient (Adam with L2)", "adamw", _l2, HAND),
    ("the betas are swapped", "adamw",
     lambda model, rate, weight_decay=0.01, betas=(0.9, 0.999): ADAMW(model, rate, weight_decay, betas[::-1]), HAND),
    ("embeddings are decayed", "_embeddings", lambda model: set(), GROUPS),
    ("positions that are no nn.Embedding are decayed", "_embeddings",
     lambda model: EMBEDDINGS(model) - {"position_embedding"}, GROUPS),
    ("any parameter under a name with embedding is spared", "_embeddings",
     lambda model: EMBEDDINGS(model) | {"hidden.weight"}, MUON_GROUPS),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)


def test_everything_decayed_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "adamw", _plain_adamw)
    with pytest.raises((AssertionError, ValueError)):
        GROUPS()
    with pytest.raises(AssertionError):
        HAND()


def test_muon_with_torchs_own_factor_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    real = torch.optim.Muon

    def original(*arguments: Any, **named: Any) -> Any:
        return real(*arguments, **(named | {"adjust_lr_fn": "original"}))

    model, other = Small(), Small()
    theirs = module.muon(other, 0.02)
    monkeypatch.setattr(torch.optim, "Muon", original)
    with pytest.raises(AssertionError):
        assert_same_steps(module.muon(model, 0.02), theirs, model, other)


def test_a_part_that_never_steps_is_caught() -> None:
    model, other = Small(), Small()
    with pytest.raises(AssertionError):
        assert_same_steps(_FirstOnly(*module.muon(model, 0.02).parts), module.muon(other, 0.02), model, other)
