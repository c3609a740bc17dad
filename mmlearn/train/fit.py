"""The training loop of the whole course: batch, loss, backward, clip, step, log."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from mmlearn.mode import building, quick
from mmlearn.train.history import History
from mmlearn.train.schedule import cosine
from mmlearn.train.stop import why_not_finite

QUICK_STEPS = 3  # where a notebook is only tried end to end (MMLEARN_QUICK=1)


class Optimiser(Protocol):
    """What `fit` asks of an optimiser: any of torch.optim, `adamw(...)` or `muon(...)`.

    Built in: lesson 06.
    """

    @property
    def param_groups(self) -> list[dict[str, Any]]: ...
    def step(self) -> Any: ...
    def zero_grad(self) -> Any: ...


class Steps(Protocol):
    """What `fit` asks of batches: the batch of a step, by its number. `Batches` is one, a list another.

    Built in: lesson 06.
    """

    def __getitem__(self, step: int, /) -> Any: ...


def fit(
    model: nn.Module,
    loss: Callable[[Any, Any], Tensor],
    batches: Steps,
    *,
    steps: int,
    optimiser: Optimiser,
    schedule: Callable[[int], float] | None = None,
    clip: float | None = 1.0,
    on_step: Callable[[History], object] | None = None,
    resume: History | None = None,
) -> History:
    """Train a model in place, step by step, and hand back what happened.

    Each step: ``g = d loss / d w``; if ``|g| > clip``, ``g <- g * clip / |g|``; then the optimiser moves ``w``.
    The model is in ``train()`` mode at every step and in ``eval()`` mode afterwards, however training ends.
    Interrupt it (the square button, or Ctrl-C) and the model keeps what it has learned; a loss or gradient that
    is NaN or infinite ends training before it reaches the weights, and BatchNorm's running means are put back. Both
    leave their reason in ``history.stopped`` and print it; ``fit(..., resume=history)`` goes on from there.

    Args:
        model: trained where it is: batches are brought to its device.
        loss: ``loss(model, batch)`` -> one number, a tensor with a gradient; smaller is better.
        batches: ``batches[step]`` is the batch of that step: tensors in tuples, lists or dicts.
        steps: of the whole training, those of `resume` included. In quick mode at most 3 are made.
        optimiser: as made by `adamw` or `muon`; the weights it holds are trained, and clipped, and no others.
        schedule: ``schedule(step)`` -> factor of every group's learning rate, as ``cosine(steps)`` makes it; None:
            the rates are left to you, or to a scheduler of torch's that `on_step` steps.
        clip: the longest gradient allowed, above 0; None: any.
        on_step: called with the history after every step, to score or to save; it may call ``model.eval()``.
        resume: the history of an earlier part of this training, from `fit` itself or from `load_state`.

    Returns a `History`. Raises ValueError for a negative number of steps, more steps done than asked for, a clip of
    0 or less, a model with nothing to train or an optimiser of another model; TypeError for a loss that is no single
    number with a gradient, and for batches, losses and schedules that are none.

    >>> from mmlearn.train.batches import Batches
    >>> from mmlearn.train.optimisers import adamw
    >>> model, x = nn.Linear(1, 1), torch.linspace(-1, 1, 8)[:, None]
    >>> squares = lambda model, batch: (model(batch[0]) - 3 * batch[0]).square().mean()
    >>> history = fit(model, squares, Batches(x, batch_size=4), steps=200, optimiser=adamw(model, 0.1))
    >>> history.step, history.losses[-1] < 0.01, model.training
    (200, True, False)

    Built in: lesson 06.
    """
    _refuse(loss, batches, steps, schedule)
    history = _begin(steps, clip, resume)
    end = min(steps, history.step + QUICK_STEPS) if quick() else steps
    weights = _moved(model, optimiser)
    bar = tqdm(range(history.step, end), disable=building() or quick(), leave=False)
    try:
        for step in bar:
            model.train()
            rate = _set_rates(optimiser, schedule(step) if schedule else None)
            batch = _brought(batches[step], weights[0].device)
            buffers = _kept_buffers(model)
            value = _checked(loss(model, batch))
            optimiser.zero_grad()
            model.zero_grad()  # also where this optimiser moves nothing
            value.backward()  # type: ignore[no-untyped-call]
            norm = nn.utils.clip_grad_norm_(weights, clip or math.inf).item()
            if not math.isfinite(value.item() + norm):
                _put_back(model, buffers)
                history.stopped = why_not_finite(value.item(), norm, rate, history, model, batch)
                break
            optimiser.step()
            history.add(value.item(), rate, norm)
            bar.set_postfix(loss=f"{value.item():.3f}", refresh=False)
            if on_step is not None:
                on_step(history)
    except KeyboardInterrupt:
        history.stopped = f"interrupted after {history.step} of {steps} steps: the model keeps what it has learned"
    finally:
        bar.close()
        if schedule:
            _restore_rates(optimiser)
        model.eval()
    if history.stopped:
        print(history.stopped)
    return history


def _refuse(loss: Any, batches: Any, steps: Any, schedule: Any) -> None:
    """What is easily mistaken for a loss, for batches, for a number of steps, for a schedule."""
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer):
        raise TypeError(f"expected steps as a whole number, got {steps!r}: use int(...) or //")
    if not callable(loss):
        raise TypeError(f"expected loss(model, batch), a function, got {type(loss).__name__}")
    if getattr(loss, "__module__", "").startswith("torch.nn"):
        name = getattr(loss, "__name__", type(loss).__name__)
        raise TypeError(
            f"expected loss(model, batch), got torch's {name}, which takes outputs and targets: write "
            f"lambda model, batch: {name}{'' if hasattr(loss, '__name__') else '()'}(model(batch[0]), batch[1])"
        )
    if not hasattr(batches, "__getitem__"):
        raise TypeError(f"expected batches by number, batches[step], got {type(batches).__name__}: use Batches(...)")
    if isinstance(batches, list | tuple) and len(batches) < steps:
        raise ValueError(f"expected a batch for each of {steps} steps, got {len(batches)}: Batches(...) never ends")
    if schedule is not None and (schedule is cosine or not callable(schedule)):
        what = "cosine itself" if schedule is cosine else type(schedule).__name__
        raise TypeError(f"expected a function of the step, such as schedule=cosine({steps}), got {what}")


def _begin(steps: int, clip: float | None, resume: History | None) -> History:
    if steps < 0:
        raise ValueError(f"expected steps of 0 or more, got {steps}")
    if clip is not None and not clip > 0:
        raise ValueError(f"expected a clip above 0, or None for no clipping, got {clip}")
    history = History() if resume is None else resume.copy()
    if history.step > steps:
        raise ValueError(f"{history.step} steps are done already, more than {steps}: steps counts the earlier ones too")
    return history


def _moved(model: nn.Module, optimiser: Optimiser) -> list[nn.Parameter]:
    """The weights of the model that the optimiser holds: gradients of others must not count when it is clipped."""
    held = {id(weight) for group in optimiser.param_groups for weight in group["params"]}
    moved = [weight for weight in model.parameters() if id(weight) in held]
    if not any(weight.requires_grad for weight in model.parameters()):
        raise ValueError("the model has nothing to train: are all its parameters frozen (requires_grad False)?")
    if not any(weight.requires_grad for weight in moved):
        raise ValueError(
            "the optimiser moves none of this model's weights: was the model made anew after its optimiser? "
            "Make the optimiser last, as in optimiser=adamw(model, 1e-3)"
        )
    return moved


def _kept_buffers(model: nn.Module) -> dict[str, Tensor]:
    """Copies of what a forward pass may change, such as BatchNorm's running means."""
    return {name: buffer.clone() for name, buffer in model.named_buffers()}


def _put_back(model: nn.Module, buffers: dict[str, Tensor]) -> None:
    for name, buffer in model.named_buffers():
        buffer.data = buffers.get(name, buffer)


def _set_rates(optimiser: Optimiser, factor: float | None) -> float:
    """Every group's own rate times `factor`; the group remembers its own as "initial_lr", as torch's schedules do."""
    for group in optimiser.param_groups if factor is not None else ():
        group["lr"] = group.setdefault("initial_lr", group["lr"]) * factor
    return float(optimiser.param_groups[0]["lr"])


def _restore_rates(optimiser: Optimiser) -> None:
    for group in optimiser.param_groups:
        group["lr"] = group.pop("initial_lr", group["lr"])


def _brought(batch: Any, device: torch.device) -> Any:
    """The batch with all its tensors on `device`."""
    if isinstance(batch, Tensor):
        return batch.to(device)
    if isinstance(batch, dict):
        return {key: _brought(value, device) for key, value in batch.items()}
    if isinstance(batch, tuple | list):
        parts = [_brought(part, device) for part in batch]
        return type(batch)(*parts) if hasattr(batch, "_fields") else type(batch)(parts)  # a NamedTuple, or plain
    return batch


def _checked(value: Tensor) -> Tensor:
    if not isinstance(value, Tensor) or value.numel() != 1:
        what = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        raise TypeError(f"expected a loss that is one number, got {what}: a mean() is missing?")
    if not value.requires_grad:
        raise TypeError("the loss has no gradient: was it detached, turned into a number, or is every weight frozen?")
    return value
