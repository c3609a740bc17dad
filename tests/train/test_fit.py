"""The loop against one written out by hand with torch's own pieces; early ends, resuming, refusals."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from mmlearn.train import fit as module
from mmlearn.train.batches import Batches
from mmlearn.train.history import History
from mmlearn.train.optimisers import adamw
from mmlearn.train.schedule import cosine


@pytest.fixture(autouse=True)
def _whole_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MMLEARN_QUICK", raising=False)
    monkeypatch.setenv("MMLEARN_BUILDING", "1")  # no progress bars


def network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.BatchNorm1d(8), nn.Linear(8, 1))


def data(n: int = 20) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.randn(n, 3, generator=torch.Generator().manual_seed(1))
    return x, 5 * x[:, :1] - x[:, 1:2] ** 2


def squares(model: Any, batch: Any) -> torch.Tensor:
    x, y = batch
    return (model(x) - y).square().mean()


def by_hand(steps: int, clip: float | None) -> tuple[nn.Module, History]:
    """The same training in torch's words: its own optimiser, schedule and clipping."""
    model, batches, history = network().train(), Batches(*data(), batch_size=6, seed=2), History()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, cosine(steps, warmup=3))
    for step in range(steps):
        optimiser.zero_grad()
        value = squares(model, batches[step])
        value.backward()
        weights = list(model.parameters())
        norm = torch.sqrt(sum((w.grad.square().sum() for w in weights), torch.zeros(())))
        if clip is not None:
            assert torch.nn.utils.clip_grad_norm_(weights, clip).item() == pytest.approx(norm.item(), rel=1e-5)
        history.add(value.item(), optimiser.param_groups[0]["lr"], norm.item())
        optimiser.step()
        schedule.step()
    return model, history


def ours(steps: int, clip: float | None, **more: Any) -> tuple[nn.Module, History]:
    model = network()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    batches = Batches(*data(), batch_size=6, seed=2)
    more = {"schedule": cosine(max(steps, 4), warmup=3)} | more
    return model, module.fit(model, squares, batches, steps=steps, optimiser=optimiser, clip=clip, **more)


def assert_equal_training(clip: float | None) -> None:
    (model, history), (other, expected) = ours(15, clip), by_hand(15, clip)
    assert history.losses == pytest.approx(expected.losses, rel=1e-5)
    assert history.rates == pytest.approx(expected.rates, abs=1e-12)
    assert history.gradient_norms == pytest.approx(expected.gradient_norms, rel=1e-4)
    for (name, mine), yours in zip(model.state_dict().items(), other.state_dict().values(), strict=True):
        torch.testing.assert_close(mine, yours, atol=1e-5, rtol=1e-4, msg=name)


def test_equals_a_loop_by_hand_with_torchs_clipping() -> None:
    assert max(by_hand(15, 0.5)[1].gradient_norms) > 1  # there was something to clip
    assert_equal_training(0.5)


def test_equals_a_loop_by_hand_without_clipping() -> None:
    assert_equal_training(None)


def test_the_model_trains_in_train_mode_and_rests_in_eval_mode() -> None:
    modes: list[bool] = []

    def watched(model: Any, batch: Any) -> torch.Tensor:
        modes.append(model.training)
        return squares(model, batch)

    model = network().eval()
    optimiser = adamw(model, 1e-3)
    history = module.fit(model, watched, Batches(*data(), batch_size=6), steps=4, optimiser=optimiser,
                         on_step=lambda history: model.eval())  # fmt: skip
    assert modes == [True] * 4 and not model.training and history.stopped == ""


def test_on_step_sees_every_finished_step() -> None:
    seen: list[tuple[int, float]] = []
    _, history = ours(5, 1.0, on_step=lambda h: seen.append((h.step, h.losses[-1])))
    assert seen == list(zip(range(1, 6), history.losses, strict=True))


def test_rates_are_put_back_and_changes_by_hand_are_heard() -> None:
    model = network()
    optimiser = adamw(model, 0.1)
    batches = Batches(*data(), batch_size=6)
    for rate in (0.1, 0.02):
        optimiser.param_groups[0]["lr"] = rate
        history = module.fit(
            model, squares, batches, steps=4, optimiser=optimiser, schedule=lambda step: 1 / (step + 1)
        )
        assert history.rates == pytest.approx([rate, rate / 2, rate / 3, rate / 4])
        assert optimiser.param_groups[0]["lr"] == rate and "initial_lr" not in optimiser.param_groups[0]
    assert optimiser.param_groups[1]["lr"] == 0.1  # every group has its own


def test_an_interrupt_keeps_what_was_trained(capsys: pytest.CaptureFixture[str]) -> None:
    kept: dict[str, torch.Tensor] = {}
    model = network()
    optimiser = adamw(model, 0.05)

    def pressed(history: History) -> None:
        if history.step == 7:
            kept.update(copy.deepcopy(model.state_dict()))
            raise KeyboardInterrupt

    batches = Batches(*data(), batch_size=6)
    history = module.fit(model, squares, batches, steps=50, optimiser=optimiser, schedule=cosine(50), on_step=pressed)
    assert history.step == 7 and not model.training
    assert history.stopped == "interrupted after 7 of 50 steps: the model keeps what it has learned"
    assert capsys.readouterr().out.strip() == history.stopped
    assert all(torch.equal(value, kept[name]) for name, value in model.state_dict().items())
    assert optimiser.param_groups[0]["lr"] == 0.05
    after = module.fit(model, squares, batches, steps=50, optimiser=optimiser, schedule=cosine(50), resume=history)
    assert after.step == 50 and after.stopped == "" and after.losses[:7] == history.losses and history.step == 7
    assert sum(after.losses[-5:]) < sum(after.losses[:5])


def test_a_run_in_two_parts_equals_a_whole_one() -> None:
    whole, history = ours(12, 1.0)
    model = network()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    batches, schedule = Batches(*data(), batch_size=6, seed=2), cosine(12, warmup=3)
    first = module.fit(model, squares, batches, steps=5, optimiser=optimiser, schedule=schedule)
    second = module.fit(model, squares, batches, steps=12, optimiser=optimiser, schedule=schedule, resume=first)
    assert second == history
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), model.parameters(), strict=True))


def nan_at(step: int, what: float = math.nan) -> Callable[[Any, Any], torch.Tensor]:
    calls = iter(range(10**6))
    return lambda model, batch: squares(model, batch) * (what if next(calls) == step else 1.0)


def test_a_loss_that_is_no_number_stops_before_it_reaches_the_weights(capsys: pytest.CaptureFixture[str]) -> None:
    for what in (math.nan, math.inf):
        model, batches = network(), Batches(*data(), batch_size=6)
        optimiser = adamw(model, 0.25)
        history = module.fit(model, nan_at(4, what), batches, steps=20, optimiser=optimiser)
        assert history.step == 4 and all(map(math.isfinite, history.losses + history.gradient_norms))
        assert f"stopped at step 4: loss {what}, learning rate 0.25, gradient norm" in history.stopped
        assert "Likely cause: " in history.stopped and capsys.readouterr().out.strip() == history.stopped
        assert all(torch.isfinite(weight).all() for weight in model.parameters()) and not model.training


def test_a_gradient_that_is_no_number_stops_too() -> None:
    def kinked(model: Any, batch: Any) -> torch.Tensor:
        return squares(model, batch) + (0 * model(batch[0]).sum()).sqrt()  # finite; its slope is 0 * infinity

    model = network()
    history = module.fit(model, kinked, Batches(*data(), batch_size=6), steps=5, optimiser=adamw(model, 0.1))
    assert history.step == 0 and "its gradient is not" in history.stopped
    assert all(torch.isfinite(weight).all() for weight in model.parameters())


def test_an_error_in_the_loss_comes_through_with_everything_in_order() -> None:
    model = network()
    optimiser = adamw(model, 0.1)
    with pytest.raises(ZeroDivisionError):
        module.fit(model, lambda model, batch: 1 / 0, [0] * 5, steps=5, optimiser=optimiser, schedule=cosine(5, 2))  # type: ignore[arg-type, return-value]
    assert not model.training and optimiser.param_groups[0]["lr"] == 0.1


def test_a_quick_run_is_three_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMLEARN_QUICK", "1")
    _, history = ours(15, 1.0)
    assert history.step == module.QUICK_STEPS == 3
    assert ours(15, 1.0, resume=history)[1].step == 6 and ours(2, 1.0, schedule=None)[1].step == 2


def test_the_bar_is_silent_while_building_and_in_quick_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    silent: list[bool] = []
    real = module.tqdm

    def spy(*arguments: Any, **named: Any) -> Any:
        silent.append(named["disable"])
        return real(*arguments, **(named | {"disable": True}))

    monkeypatch.setattr(module, "tqdm", spy)
    for building, quick in (("1", "0"), ("0", "1"), ("0", "0")):
        monkeypatch.setenv("MMLEARN_BUILDING", building)
        monkeypatch.setenv("MMLEARN_QUICK", quick)
        ours(1, None, schedule=None)
    assert silent == [True, True, False]


def test_bad_input_is_refused() -> None:
    model = network()
    good: dict[str, Any] = {"steps": 3, "optimiser": adamw(model, 0.1)}
    batches = Batches(*data(), batch_size=6)
    with pytest.raises(ValueError, match="steps of 0 or more, got -1"):
        module.fit(model, squares, batches, **(good | {"steps": -1}))
    for clip in (0, -1.0, math.nan):
        with pytest.raises(ValueError, match="clip above 0, or None"):
            module.fit(model, squares, batches, clip=clip, **good)
    done = History([1.0] * 4, [1.0] * 4, [1.0] * 4)
    with pytest.raises(ValueError, match="4 steps are done already, more than 3"):
        module.fit(model, squares, batches, resume=done, **good)
    with pytest.raises(TypeError, match=r"loss that is one number, got a tensor of shape \(6, 1\): a mean"):
        module.fit(model, lambda model, batch: model(batch[0]), batches, **good)
    with pytest.raises(TypeError, match="got float"):
        module.fit(model, lambda model, batch: squares(model, batch).item(), batches, **good)  # type: ignore[arg-type, return-value]
    with pytest.raises(TypeError, match="no gradient: was it detached"):
        module.fit(model, lambda model, batch: squares(model, batch).detach(), batches, **good)
    with pytest.raises(ValueError, match="nothing to train: are all its parameters frozen"):
        module.fit(nn.ReLU(), squares, batches, **good)
    assert module.fit(model, squares, batches, **(good | {"steps": 0})).step == 0


def test_the_loop_can_be_read_aloud() -> None:
    lines = inspect.getsource(module.fit).splitlines()
    docstring = inspect.getdoc(module.fit)
    assert docstring and len(lines) - len(docstring.splitlines()) < 60


def _mutant(old: str, new: str) -> Callable[..., History]:
    """`fit` with one piece of its text exchanged."""
    source = inspect.getsource(module.fit)
    assert source.count(old) == 1, old
    names = dict(vars(module))
    exec(compile("from __future__ import annotations\n" + source.replace(old, new), "mutant", "exec"), names)
    made: Callable[..., History] = names["fit"]
    return made


def _forgetful(optimiser: Any, factor: float) -> float:
    for group in optimiser.param_groups:
        group["lr"] *= factor
    return float(optimiser.param_groups[0]["lr"])


CLIPPED, PLAIN, MODES, INTERRUPT, RATES, NAN = (
    test_equals_a_loop_by_hand_with_torchs_clipping,
    test_equals_a_loop_by_hand_without_clipping,
    test_the_model_trains_in_train_mode_and_rests_in_eval_mode,
    test_a_run_in_two_parts_equals_a_whole_one,
    test_rates_are_put_back_and_changes_by_hand_are_heard,
    test_a_gradient_that_is_no_number_stops_too,
)
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("gradients pile up over the steps", "fit",
     _mutant("            optimiser.zero_grad()\n            model.zero_grad()", "            pass"), PLAIN),
    ("gradients are forgotten after backward", "fit",
     _mutant("            norm =", "            optimiser.zero_grad(set_to_none=False)\n            norm ="), PLAIN),
    ("each number is clipped, not the whole gradient", "fit",
     _mutant("norm = nn.utils.clip_grad_norm_(weights, clip or math.inf).item()",
             "norm = math.sqrt(sum(w.grad.square().sum().item() for w in weights)); "
             "nn.utils.clip_grad_value_(weights, clip or math.inf)"), CLIPPED),
    ("clipping comes after the step", "fit",
     _mutant("nn.utils.clip_grad_norm_(weights, clip or math.inf).item()",
             "math.sqrt(sum(w.grad.square().sum().item() for w in weights))"), CLIPPED),
    ("the norm is written down after clipping", "fit",
     _mutant("history.add(value.item(), rate, norm)", "history.add(value.item(), rate, min(norm, clip or norm))"),
     CLIPPED),
    ("the schedule is one step late", "fit", _mutant("schedule(step) if", "schedule(max(step - 1, 0)) if"), PLAIN),
    ("factors multiply up", "_set_rates", _forgetful, PLAIN),
    ("rates stay where the schedule left them", "_restore_rates", lambda optimiser: None, RATES),
    ("trains in eval mode", "fit", _mutant("            model.train()\n", ""), MODES),
    ("stays in train mode", "fit", _mutant("model.eval()\n", "model.train()\n"), MODES),
    ("a resumed run begins at batch 0 again", "fit",
     _mutant("_brought(batches[step]", "_brought(batches[step - (resume.step if resume else 0)]"), INTERRUPT),
    ("only the loss is looked at, not its gradient", "fit",
     _mutant("math.isfinite(value.item() + norm)", "math.isfinite(value.item())"), NAN),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)
