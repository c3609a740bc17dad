"""Why a loss became NaN: what can be said from the numbers at hand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from mmlearn.train.history import History


def why_not_finite(
    loss: float, gradient_norm: float, rate: float, history: History, model: nn.Module, batch: Any
) -> str:
    """One sentence on a step whose loss or gradient is NaN or infinite, with the likely cause.

    Looked at in this order: numbers in the batch, the weights, then the loss, its gradient, and how both grew.

    Args:
        loss, gradient_norm: of the step that failed.    rate: its learning rate.
        history: the finished steps.    model: with the weights of the last good step.
        batch: what the loss was computed of: tensors in tuples, lists or dicts.

    Returns the reason: step, loss, learning rate, gradient norm, likely cause.

    >>> print(why_not_finite(math.nan, math.nan, 0.1, History(), nn.Linear(1, 1), (torch.tensor([math.inf]),)))
    stopped at step 0: loss nan, learning rate 0.1, gradient norm nan. Likely cause: the batch itself holds NaN or
    infinity, so look at the data of this step. The model keeps the weights from before this step.

    Built in: lesson 06.
    """
    where = f"stopped at step {history.step}: loss {loss:.4g}, learning rate {rate:.3g}, gradient norm "
    if history.gradient_norms:
        where += f"{gradient_norm:.3g} (the step before: {history.gradient_norms[-1]:.3g})"
    else:
        where += f"{gradient_norm:.3g}"
    cause = _cause(loss, history, model, batch)
    return f"{where}. Likely cause: {cause}. The model keeps the weights from before this step."


def _cause(loss: float, history: History, model: nn.Module, batch: Any) -> str:
    if any(not_finite(tensor) for tensor in tensors_in(batch)):
        return "the batch itself holds NaN or infinity, so look at the data of this step"
    bad = [name for name, weight in model.named_parameters() if not_finite(weight)]
    if bad:
        when = "before training began" if not history.step else "after the last update: the learning rate is too high"
        return f"the weights {bad[0]} hold NaN or infinity {when}"
    if math.isfinite(loss):
        return "the loss is finite but its gradient is not: a square root of 0, or a division by 0, on the way back"
    if not history.step:
        return "no update was made yet, so the model or the loss makes it: a log of 0, a division by 0, an empty mask"
    norms = history.gradient_norms
    if history.losses[-1] > 2 * min(history.losses) or norms[-1] > 10 * median(norms):
        return "training blew up before it broke: take a smaller learning rate, a longer warmup, or clip lower"
    return "a batch that meets a log of 0, a division by 0 or an empty mask, for training was calm until here"


def not_finite(tensor: Tensor) -> bool:
    """Whether a float tensor holds NaN or infinity.

    >>> not_finite(torch.tensor([1.0, math.inf])), not_finite(torch.tensor([1, 2]))
    (True, False)

    Built in: lesson 06.
    """
    return tensor.is_floating_point() and not bool(torch.isfinite(tensor).all())


def tensors_in(batch: Any) -> Iterator[Tensor]:
    """All tensors of a batch, through tuples, lists and dicts.

    >>> [tensor.item() for tensor in tensors_in((torch.tensor(1), {"ids": [torch.tensor(2)]}))]
    [1, 2]

    Built in: lesson 06.
    """
    if isinstance(batch, Tensor):
        yield batch
    elif isinstance(batch, dict):
        yield from tensors_in(list(batch.values()))
    elif isinstance(batch, tuple | list):
        for part in batch:
            yield from tensors_in(part)
