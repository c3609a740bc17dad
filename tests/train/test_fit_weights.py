"""Which weights `fit` trains, clips and keeps; what a stop leaves; and what is no loss, no batches, no schedule."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from mmlearn.train import fit as module
from mmlearn.train.batches import Batches
from mmlearn.train.history import History
from mmlearn.train.optimisers import adamw, muon
from mmlearn.train.schedule import cosine
from mmlearn.train.text_batches import TextBatches

X = torch.randn(20, 3, generator=torch.Generator().manual_seed(1))


@pytest.fixture(autouse=True)
def _whole_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MMLEARN_QUICK", raising=False)
    monkeypatch.setenv("MMLEARN_BUILDING", "1")


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))


def squares(model: Any, batch: Any) -> torch.Tensor:
    return (model(batch[0]) - 100.0).square().mean()


def run(model: nn.Module, optimiser: Any, steps: Any = 3, **more: Any) -> History:
    return module.fit(model, squares, Batches(X, batch_size=6), steps=steps, optimiser=optimiser, **more)


def test_an_optimiser_of_another_model_is_refused() -> None:
    for make in (adamw, muon):
        old = make(network(), 0.1)
        with pytest.raises(ValueError, match="moves none of this model's weights: was the model made anew after its"):
            run(network(), old)
    frozen = network()
    optimiser = adamw(frozen, 0.1)
    with pytest.raises(ValueError, match="nothing to train: are all its parameters frozen"):
        run(frozen.requires_grad_(False), optimiser)


def test_only_the_weights_that_are_moved_are_clipped_and_no_gradient_piles_up() -> None:
    norms, gradients = [], []
    for frozen in (True, False):  # the body frozen, or merely left out of the optimiser: the same training
        model = network()
        head = model[2]
        model[0].requires_grad_(not frozen)
        optimiser = torch.optim.SGD(head.parameters(), lr=0.01)
        norms.append(run(model, optimiser, 6, clip=0.5))
        gradients.append(head.weight.detach().clone())
        if not frozen:
            last = model[0].weight.grad.clone()  # type: ignore[operator, union-attr]
            model.zero_grad()
            squares(model.train(), Batches(X, batch_size=6)[5]).backward()
            assert last.norm() < 3 * model[0].weight.grad.norm()  # type: ignore[operator, union-attr]
    assert norms[0].gradient_norms == norms[1].gradient_norms and norms[0].losses == norms[1].losses
    assert torch.equal(*gradients)


def test_a_stop_puts_running_means_back() -> None:
    model, bad = network(), X.clone()
    bad[:] = math.nan
    batches = [(X[:6],), (X[6:12],), (bad[:6],)]
    kept: dict[str, torch.Tensor] = {}
    history = module.fit(
        model, squares, batches, steps=3, optimiser=adamw(model, 0.1),
        on_step=lambda h: kept.update({name: value.clone() for name, value in model.state_dict().items()}),
    )  # fmt: skip
    assert history.step == 2 and "the batch itself holds NaN" in history.stopped
    assert all(torch.equal(value, kept[name]) for name, value in model.state_dict().items())
    assert int(model[1].num_batches_tracked) == 2  # type: ignore[arg-type]
    assert module.fit(model, squares, batches[:2], steps=3 - 1, optimiser=adamw(model, 0.1)).stopped == ""


def test_without_a_schedule_the_rates_are_left_to_torchs_scheduler() -> None:
    model = network()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.08)
    scheduler = torch.optim.lr_scheduler.StepLR(optimiser, 1, gamma=0.5)
    history = run(model, optimiser, on_step=lambda history: scheduler.step())
    assert history.rates == pytest.approx([0.08, 0.04, 0.02]) and optimiser.param_groups[0]["lr"] == 0.01


def test_a_loss_of_one_number_in_brackets_will_do() -> None:
    model = network()
    losses = lambda model, batch: squares(model, batch)[None]  # noqa: E731
    assert module.fit(model, losses, Batches(X, batch_size=6), steps=2, optimiser=adamw(model, 0.1)).step == 2


class Pair(NamedTuple):
    x: Any
    y: Any


def test_batches_of_any_shape_are_brought_to_the_models_device() -> None:
    here, there = torch.device("cpu"), torch.device("meta")
    batch = {"a": [torch.zeros(1)], "b": Pair(torch.zeros(2), "text"), "c": (3, None)}
    moved = module._brought(batch, there)
    assert moved["a"][0].device == moved["b"].x.device == there and moved["b"].y == "text" and moved["c"] == (3, None)
    assert isinstance(moved["b"], Pair) and module._brought(batch, here)["a"][0].device == here


@pytest.mark.parametrize("steps", [10.0, None, "3", True])
def test_steps_are_a_whole_number(steps: Any) -> None:
    model = network()
    with pytest.raises(TypeError, match="steps as a whole number, got"):
        run(model, adamw(model, 0.1), steps)


def test_what_is_no_loss_no_batches_and_no_schedule_is_told() -> None:
    model = network()
    good: dict[str, Any] = {"steps": 3, "optimiser": adamw(model, 0.1)}
    batches = Batches(X, batch_size=6)
    for loss, cause in (
        (nn.MSELoss(), r"torch's MSELoss, which takes .* MSELoss\(\)\(model\(batch\[0\]\), batch\[1\]\)"),
        (nn.functional.mse_loss, r"torch's mse_loss, .* batch: mse_loss\(model"),
        (batches, "a function, got Batches"),
    ):
        with pytest.raises(TypeError, match=cause):
            module.fit(model, loss, batches, **good)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"batches by number, .* got DataLoader: use Batches"):
        module.fit(model, squares, DataLoader(X), **good)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a batch for each of 3 steps, got 2"):
        module.fit(model, squares, [(X,), (X,)], **good)
    for schedule, got in ((cosine, "cosine itself"), (0.1, "float")):
        with pytest.raises(TypeError, match=rf"such as schedule=cosine\(3\), got {got}"):
            module.fit(model, squares, batches, schedule=schedule, **good)  # type: ignore[arg-type]


def test_batches_have_no_end() -> None:
    for batches in (Batches(X, batch_size=6), TextBatches([[1], [2, 3]], batch_size=1)):
        with pytest.raises(TypeError, match=r"one epoch is \[batches\[s\] for s in range\(batches.epoch_steps\)\]"):
            list(batches)  # type: ignore[call-overload]
        for step in (1.7, True, None):
            with pytest.raises(TypeError, match="a step, a whole number"):
                batches[step]  # type: ignore[index]


def test_batches_refuse_seeds_and_augmentations_that_lose_rows() -> None:
    for seed in (-1, None, 0.5, True):
        with pytest.raises(ValueError, match="seed of 0 or more, a whole number"):
            Batches(X, batch_size=6, seed=seed)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="augment to give back 6 rows, a tensor, got 5"):
        Batches(X, batch_size=6, augment=lambda rows, generator: rows[1:])[0]
    with pytest.raises(ValueError, match="got ndarray"):
        Batches(X, batch_size=6, augment=lambda rows, generator: rows.numpy())[0]  # type: ignore[arg-type, return-value]
