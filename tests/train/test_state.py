"""Training that was cut off goes on as if it had not been: the same losses, bit for bit."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from mmlearn.train import state as module
from mmlearn.train.augment import augment
from mmlearn.train.batches import Batches
from mmlearn.train.fit import fit
from mmlearn.train.history import History
from mmlearn.train.optimisers import adamw, muon
from mmlearn.train.schedule import cosine
from mmlearn.train.seed import seed_everything

STEPS, CUT = 12, 5


@pytest.fixture(autouse=True)
def _whole_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MMLEARN_QUICK", raising=False)
    monkeypatch.setenv("MMLEARN_BUILDING", "1")


def network() -> nn.Module:
    """With all that makes resuming hard: dropout, running statistics, noise from NumPy and Python."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(48, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.4), nn.Linear(16, 3)
    )


def noisy_loss(model: Any, batch: Any) -> torch.Tensor:
    noise = np.random.normal() + random.random()
    return nn.functional.cross_entropy(model(batch[0]), batch[1]) * (1 + 0.1 * noise)


def train(make: Callable[..., Any], folder: Path, part: str, rate: float = 0.02) -> tuple[nn.Module, History]:
    """The "whole" training; its "first" part, which saves and ends; or the "rest" of it, in a fresh model."""
    seed_everything(4 if part != "rest" else 99)
    model = network()
    optimiser = make(model, rate)
    generator = torch.Generator().manual_seed(0)
    images, labels = torch.rand(30, 3, 4, 4, generator=generator), torch.arange(30) % 3
    batches = Batches(images, labels, batch_size=8, seed=1, augment=lambda x, g: augment(x, g, shift=1, colour=0.3))
    path = folder / "run.pt"

    def save(history: History) -> None:
        if part == "first" and history.step == CUT:
            module.save_state(path, model, optimiser, history)
            raise KeyboardInterrupt

    done = module.load_state(path, model, optimiser) if part == "rest" else None
    history = fit(model, noisy_loss, batches, steps=STEPS, optimiser=optimiser, schedule=cosine(STEPS, 2),
                  on_step=save, resume=done)  # fmt: skip
    return model, history


def assert_exact(make: Callable[..., Any]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole, expected = train(make, folder, "whole")
        _, first = train(make, folder, "first")
        assert first.step == CUT and first.losses == expected.losses[:CUT]
        resumed, history = train(make, folder, "rest", rate=0.7)  # the rate is the file's
        assert history == expected
        ours, theirs = resumed.state_dict(), whole.state_dict()
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_resuming_adamw_is_exact() -> None:
    assert_exact(adamw)


def test_resuming_muon_is_exact() -> None:
    assert_exact(muon)


def test_random_numbers_go_on_where_they_were(tmp_path: Path) -> None:
    seed_everything(0)
    model = network()
    optimiser = adamw(model, 0.1)
    np.random.normal()  # leaves a second Gaussian in store
    module.save_state(tmp_path / "a.pt", model, optimiser, History())
    expected = [torch.rand(3).tolist(), np.random.normal(size=3).tolist(), random.random()]
    seed_everything(1)
    module.load_state(tmp_path / "a.pt", model, optimiser)
    assert [torch.rand(3).tolist(), np.random.normal(size=3).tolist(), random.random()] == expected


def test_an_older_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, path = network(), tmp_path / "run.pt"
    optimiser = adamw(model, 0.1)
    module.save_state(path, model, optimiser, History([1.0], [1.0], [1.0]))
    real = torch.save

    def full_disk(state: Any, place: Any) -> None:
        real({"half": 1}, place)
        raise OSError("no space left")

    monkeypatch.setattr(torch, "save", full_disk)
    with pytest.raises(OSError, match="no space"):
        module.save_state(path, model, optimiser, History())
    assert module.load_state(path, model, optimiser).losses == [1.0]
    monkeypatch.undo()
    module.save_state(path, model, optimiser, History([2.0], [1.0], [1.0]))
    assert module.load_state(path, model, optimiser).losses == [2.0]
    assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]


def test_a_state_of_something_else_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    model, path = network(), tmp_path / "run.pt"
    module.save_state(path, model, adamw(model, 0.1), History())
    other = nn.Sequential(nn.Flatten(), nn.Linear(48, 15))
    with pytest.raises(ValueError, match=r"1.bias is \(16,\) float32 in the file and \(15,\) float32 in the model"):
        module.load_state(path, other, adamw(other, 0.1))
    fresh = network()
    before = [weight.clone() for weight in fresh.parameters()]
    with pytest.raises(ValueError, match=r"saved with AdamW for groups of 2, 4 tensors, got Muon .* and AdamW"):
        module.load_state(path, fresh, muon(fresh, 0.1))
    with pytest.raises(ValueError, match="got SGD"):
        module.load_state(path, fresh, torch.optim.SGD(fresh.parameters(), 0.1))
    with pytest.raises(ValueError, match="got AdamW for groups of 6 tensors"):
        module.load_state(path, fresh, torch.optim.AdamW(fresh.parameters()))
    assert all(torch.equal(a, b) for a, b in zip(before, fresh.parameters(), strict=True))
    with pytest.raises(TypeError, match="an optimiser with a state_dict, got int"):
        module.save_state(path, model, 3, History())
    with pytest.raises(FileNotFoundError):
        module.load_state(tmp_path / "none.pt", model, adamw(model, 0.1))


@pytest.mark.parametrize("make", [adamw, muon])
def test_a_rate_set_by_hand_after_loading_is_heard(make: Callable[..., Any], tmp_path: Path) -> None:
    model, path = network(), tmp_path / "run.pt"
    optimiser, x = make(model, 0.1), torch.rand(8, 48)
    more: dict[str, Any] = {"steps": 4, "schedule": cosine(4), "optimiser": optimiser}
    batches, loss = Batches(x, batch_size=8), lambda model, batch: model(batch[0]).square().mean()
    fit(model, loss, batches, on_step=lambda h: module.save_state(path, model, optimiser, h), **more)
    done = module.load_state(path, model, optimiser)
    assert all(group["lr"] == 0.1 and "initial_lr" not in group for group in optimiser.param_groups)
    for group in optimiser.param_groups:
        group["lr"] = 0.02
    assert fit(model, loss, batches, resume=done, **(more | {"steps": 5})).rates[-1] == 0.02 * cosine(4)(4)
    assert all(group["lr"] == 0.02 for group in optimiser.param_groups)


def test_other_types_and_missing_tensors_are_refused(tmp_path: Path) -> None:
    model, path = nn.Linear(2, 1), tmp_path / "run.pt"
    module.save_state(path, model, adamw(model, 0.1), History())
    double = nn.Linear(2, 1).double()
    with pytest.raises(ValueError, match=r"bias is \(1,\) float32 in the file and \(1,\) float64 in the model"):
        module.load_state(path, double, adamw(double, 0.1))
    bare = nn.Linear(2, 1, bias=False)
    with pytest.raises(ValueError, match=r"bias is \(1,\) float32 in the file and nothing in the model"):
        module.load_state(path, bare, adamw(bare, 0.1))
    module.save_state(path, bare, adamw(bare, 0.1), History())
    with pytest.raises(ValueError, match=r"bias is nothing in the file and \(1,\) float32 in the model"):
        module.load_state(path, model, adamw(model, 0.1))


def test_a_file_cut_off_or_of_another_kind_is_told_so(tmp_path: Path) -> None:
    model, path = nn.Linear(2, 1), tmp_path / "run.pt"
    module.save_state(path, model, adamw(model, 0.1), History())
    whole = path.read_bytes()
    for content in (b"", b"hello", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"run.pt is not a whole file of save_state"):
            module.load_state(path, model, adamw(model, 0.1))
    torch.save(model.state_dict(), path)
    with pytest.raises(ValueError, match="not a whole file of save_state: it lacks its history, kinds"):
        module.load_state(path, model, adamw(model, 0.1))


def _without(kind: str) -> Callable[..., None]:
    def put(places: dict[str, Any]) -> None:
        now = module._random_places()
        PUT(places | {kind: now[kind]})

    return put


class _Amnesia(torch.optim.AdamW):
    def load_state_dict(self, state: Any) -> None:
        groups = [{k: v for k, v in group.items() if k != "params"} for group in state["param_groups"]]
        for group, saved in zip(self.param_groups, groups, strict=True):
            group.update(saved)


def _forgetful(model: nn.Module, rate: float) -> _Amnesia:
    made = _Amnesia(adamw(model, rate).param_groups)
    made.__class__.__name__ = "AdamW"
    return made


PUT, EXACT = module._put_random_back, test_resuming_adamw_is_exact
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("torch's random numbers (dropout) begin anew", "_put_random_back", _without("torch"), EXACT),
    ("NumPy's random numbers begin anew", "_put_random_back", _without("numpy"), EXACT),
    ("Python's random numbers begin anew", "_put_random_back", _without("python"), test_resuming_muon_is_exact),
)


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)


def test_an_optimiser_that_forgets_its_momentum_is_caught() -> None:
    with pytest.raises(AssertionError):
        assert_exact(_forgetful)
