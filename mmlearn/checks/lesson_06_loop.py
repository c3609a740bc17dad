"""The exercise of lesson 06 on the training loop: five lines whose order matters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake

Generator = np.random.Generator
STEPS = ("zero", "backward", "clip", "step")


def train(model: Any, batches: Any, optimiser: Any, clip: float) -> Any:
    """The course's answer to 06.4."""
    return _loop(STEPS)(model, batches, optimiser, clip)


def _loop(
    order: tuple[str, ...],
    loss: Callable[[Any, Any], Any] | None = None,
    log: Callable[[Any], Any] | None = None,
    first_only: bool = False,
    clip_with: str = "clip_grad_norm_",
    passes: int = 1,
) -> Callable[..., Any]:
    """The loop with its lines in this order; the keywords put a mistake into it."""

    def train(model: Any, batches: Any, optimiser: Any, clip: float) -> Any:
        import torch
        from torch.nn import functional

        found = []
        for pictures, labels in list(batches) * passes:
            value = (loss or functional.cross_entropy)(model(pictures), labels)
            lines: dict[str, Callable[[], Any]] = {
                "zero": optimiser.zero_grad,
                "backward": value.backward,
                "clip": lambda: getattr(torch.nn.utils, clip_with)(model.parameters(), clip),
                "step": optimiser.step,
            }
            for line in order:
                lines[line]()
            found.append(log(value) if log else value.item())
            if first_only:
                break
        return found

    return train


def trained(answer: Callable[..., Any], batches: Any, clip: float) -> Any:
    """A linear model, always the same at first, after the answer's loop: its losses and its weights."""
    import torch

    model = torch.nn.Linear(3, 4)
    with torch.no_grad():
        model.weight.copy_(torch.linspace(-1, 1, 12).reshape(4, 3))
        model.bias.zero_()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.5)
    before = model.weight.detach().clone()
    losses = answer(model, batches, optimiser, clip)
    if losses is Ellipsis:
        return losses
    after = model.weight.detach().clone()
    still = "no, without a gradient" if model.weight.grad is None else "no, though there is a gradient"
    moved = still if torch.equal(before, after) else "yes"
    return {"moves": moved, "losses": losses, "weights": after, "bias": model.bias.detach().clone()}


def _batches(generator: Generator, sizes: tuple[int, ...], clip: float, scale: float = 1.0) -> tuple[Any, float]:
    import torch

    made = [
        (
            torch.from_numpy(scale * generator.normal(size=(size, 3))).float(),
            torch.from_numpy(generator.integers(0, 4, size)),
        )
        for size in sizes
    ]
    return made, clip


def _summed(logits: Any, labels: Any) -> Any:
    from torch.nn import functional

    return functional.cross_entropy(logits, labels, reduction="sum")


def _soft_first(logits: Any, labels: Any) -> Any:
    from torch.nn import functional

    return functional.cross_entropy(logits.softmax(-1), labels)


def _squares(logits: Any, labels: Any) -> Any:
    from torch.nn import functional

    return functional.mse_loss(logits.softmax(-1), functional.one_hot(labels, 4).float())


def _last_only(*given: Any) -> Any:
    return train(*given)[-1]


def _mean(*given: Any) -> Any:
    return float(np.mean(train(*given)))


def _nothing(*given: Any) -> None:
    train(*given)


def _no_softmax(logits: Any, labels: Any) -> Any:
    from torch.nn import functional

    return functional.nll_loss(logits, labels)


def _one_step_at_the_end(model: Any, batches: Any, optimiser: Any, clip: float) -> Any:
    import torch

    losses = [torch.nn.functional.cross_entropy(model(x), y) for x, y in batches]
    optimiser.zero_grad()
    torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimiser.step()
    return [value.item() for value in losses]


def _each_alone(model: Any, batches: Any, optimiser: Any, clip: float) -> Any:
    import torch

    losses = []
    for x, y in batches:
        value = torch.nn.functional.cross_entropy(model(x), y)
        optimiser.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        for weight in model.parameters():
            torch.nn.utils.clip_grad_norm_(weight, clip)
        optimiser.step()
        losses.append(value.item())
    return losses


LOOP = Exercise(
    id="06.4",
    title="The loop",
    reference="mmlearn.checks.lesson_06_loop.train",
    cases=(
        Case("three batches, gradients shorter than the clip", lambda g: _batches(g, (5, 5, 2), 100.0)),
        Case("four batches, gradients longer than the clip", lambda g: _batches(g, (6, 6, 6, 6), 0.1, scale=3.0)),
    ),
    mistakes=(
        Mistake(
            _loop(("backward", "clip", "step")),
            "zero_grad is missing: PyTorch ADDS each batch's gradient to those of all batches before.",
        ),
        Mistake(
            _loop(("backward", "zero", "clip", "step")),
            "No gradient is left to step along: backward is missing, or zero_grad comes after it and wipes it.",
        ),
        Mistake(
            _loop(("zero", "backward", "step", "clip")),
            "The gradient that steps is not clipped: clip_grad_norm_ belongs after backward and before step.",
        ),
        Mistake(
            _loop(STEPS, clip_with="clip_grad_value_"),
            "clip_grad_value_ cuts every entry by itself and turns the gradient; clip_grad_norm_ only shortens it.",
        ),
        Mistake(
            _loop(("zero", "backward", "clip")),
            "There is a gradient, but nothing moves along it: optimiser.step() is missing, or comes too early.",
        ),
        Mistake(
            _loop(STEPS, log=lambda value: value),
            "The loss is kept as a tensor (and, unless detached, its graph with it): log the number, value.item().",
        ),
        Mistake(_loop(STEPS, first_only=True), "Only the first batch is used: is `return` inside the loop?"),
        Mistake(_loop(STEPS, loss=_summed), "The loss is summed over the batch: small last batches would count less."),
        Mistake(
            _loop(STEPS, loss=_soft_first),
            "cross_entropy takes logits and does the softmax itself; yours is done twice.",
        ),
        Mistake(_loop(STEPS, loss=_squares), "Those are squared errors of probabilities; the loss is cross_entropy."),
        Mistake(_loop(STEPS, passes=2), "Every batch is used twice: once through the list is enough."),
        Mistake(
            _loop(STEPS, loss=_no_softmax),
            "nll_loss expects log-probabilities; of plain logits, F.cross_entropy is the loss.",
        ),
        Mistake(
            lambda model, batches, optimiser, clip: train(model, batches, optimiser, 1.0),
            "You clip at 1.0 whatever is asked: hand on the argument `clip`.",
        ),
        Mistake(_loop((*STEPS, "step")), "Two steps along one gradient: one optimiser.step() a batch."),
        Mistake(_one_step_at_the_end, "One step at the end, along the sum of all losses: step once for every batch."),
        Mistake(
            _each_alone,
            "Each parameter is clipped by itself, which turns the whole gradient: clip them together, "
            "clip_grad_norm_(model.parameters(), clip).",
        ),
        Mistake(_last_only, "Only the last loss comes back; the list of all of them is asked for."),
        Mistake(_mean, "You return the mean; the list of all losses is asked for, one a batch."),
        Mistake(_nothing, "It trains, but the losses are lost: append value.item() and return the list."),
    ),
    use=trained,
)  # fmt: skip
