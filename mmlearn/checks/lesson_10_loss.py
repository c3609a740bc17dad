"""The exercise of lesson 10 on the loss: hidden patches only, each normalised or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake

Generator = np.random.Generator
EPS = 1e-6  # added to a patch's variance, as in ViTMAE


def as_tensor(numbers: Any) -> Any:
    """Numbers, nested or not, as a tensor of float64."""
    import torch

    return torch.from_numpy(np.asarray(numbers, dtype=np.float64))


def hidden_ones(generator: Generator, b: int, n: int, hidden: int) -> Any:
    """(B, N) of 1 hidden and 0 seen, as many in each picture."""
    return as_tensor(np.stack([generator.permutation(n) < hidden for _ in range(b)]))


def to_first(f: Callable[..., Any], first: Any, *others: Any) -> dict[str, Any]:
    """The loss, and its gradient with respect to the first argument alone: targets need none."""
    import torch

    leaf = first.detach().clone().requires_grad_(True)
    with torch.enable_grad():
        value = f(leaf, *others)
    gradient = None
    if isinstance(value, torch.Tensor) and value.requires_grad:
        (gradient,) = torch.autograd.grad(value.sum(), leaf, allow_unused=True)
        value = value.detach()
    return {"loss": value, "gradient of argument 1": gradient}


def masked_loss(predictions: Any, patches: Any, mask: Any, normalise: bool) -> Any:
    """predictions, patches (B, N, P P C), mask (B, N) 1 hidden -> mean squared error of the hidden patches."""
    return _loss(predictions, patches, mask, normalise)


def _loss(
    predictions: Any,
    patches: Any,
    mask: Any,
    normalise: bool,
    *,
    unbiased: bool = True,
    eps: float = EPS,
    over: tuple[int, ...] = (-1,),
) -> Any:
    error = (predictions - _targets(patches, normalise, unbiased, eps, over)) ** 2  # (B, N, P P C)
    return (error.mean(dim=-1) * mask).sum() / mask.sum()


def _targets(patches: Any, normalise: bool, unbiased: bool = True, eps: float = EPS, over: Any = (-1,)) -> Any:
    if not normalise:
        return patches
    mean = patches.mean(dim=over, keepdim=True)
    return (patches - mean) / (patches.var(dim=over, keepdim=True, unbiased=unbiased) + eps) ** 0.5


def _guesses(b: int, n: int, d: int, hidden: int, normalise: bool, spread: float = 1.0) -> Any:
    def make(generator: Generator) -> tuple[Any, ...]:
        predictions, patches = generator.normal(size=(2, b, n, d))
        patches = 0.4 + spread * patches * generator.uniform(0.5, 2, size=(b, n, 1))
        return as_tensor(predictions), as_tensor(patches), hidden_ones(generator, b, n, hidden), normalise

    return make


def _three_patches(_: Generator) -> tuple[Any, ...]:
    predictions, patches = [[[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]]], [[[4.0, 2.0], [3.0, 1.0], [5.0, 1.0]]]
    return as_tensor(predictions), as_tensor(patches), as_tensor([[0, 1, 0]]), False


def _uneven_holes(generator: Generator) -> tuple[Any, ...]:
    mask = [[1, 1, 1, 1, 0], [0, 0, 1, 0, 0]]
    return (
        as_tensor(generator.normal(size=(2, 5, 3))),
        as_tensor(generator.normal(size=(2, 5, 3))),
        as_tensor(mask),
        True,
    )


def _row_by_row(predictions: Any, patches: Any, mask: Any, normalise: bool) -> Any:
    error = ((predictions - _targets(patches, normalise)) ** 2).mean(dim=-1)
    return ((error * mask).sum(dim=1) / mask.sum(dim=1)).mean()


def _of_all(predictions: Any, patches: Any, mask: Any, normalise: bool) -> Any:
    return ((predictions - _targets(patches, normalise)) ** 2).mean()


def _over_all(predictions: Any, patches: Any, mask: Any, normalise: bool) -> Any:
    return (((predictions - _targets(patches, normalise)) ** 2).mean(dim=-1) * mask).mean()


def _summed(predictions: Any, patches: Any, mask: Any, normalise: bool) -> Any:
    return masked_loss(predictions, patches, mask, normalise) * patches.shape[-1]


def _total(predictions: Any, patches: Any, mask: Any, normalise: bool) -> Any:
    return masked_loss(predictions, patches, mask, normalise) * mask.sum()


def _eps_beside_the_root(predictions: Any, patches: Any, mask: Any, normalise: bool) -> Any:
    if normalise:
        patches = (patches - patches.mean(dim=-1, keepdim=True)) / (patches.std(dim=-1, keepdim=True) + EPS)
    return masked_loss(predictions, patches, mask, False)


def _no_root(predictions: Any, patches: Any, mask: Any, normalise: bool) -> Any:
    if normalise:
        patches = (patches - patches.mean(dim=-1, keepdim=True)) / (patches.var(dim=-1, keepdim=True) + EPS)
    return masked_loss(predictions, patches, mask, False)


def _only_centred(predictions: Any, patches: Any, mask: Any, normalise: bool) -> Any:
    return masked_loss(predictions, patches - patches.mean(dim=-1, keepdim=True) * normalise, mask, False)


def _both_normalised(predictions: Any, patches: Any, mask: Any, normalise: bool) -> Any:
    return masked_loss(_targets(predictions, normalise), patches, mask, normalise)


def _absolute(predictions: Any, patches: Any, mask: Any, normalise: bool) -> Any:
    error = (predictions - _targets(patches, normalise)).abs()
    return (error.mean(dim=-1) * mask).sum() / mask.sum()


def _rooted(predictions: Any, patches: Any, mask: Any, normalise: bool) -> Any:
    return masked_loss(predictions, patches, mask, normalise) ** 0.5


LOSS = Exercise(
    id="10.3",
    title="Marked where it could not look",
    reference="mmlearn.checks.lesson_10_loss.masked_loss",
    cases=(
        Case("three patches of two numbers, the second hidden", _three_patches),
        Case("three pictures of 8 patches, 6 hidden, pixels", _guesses(3, 8, 12, 6, False)),
        Case("the same, normalised", _guesses(3, 8, 12, 6, True)),
        Case("patches of almost one colour, normalised", _guesses(2, 6, 4, 4, True, spread=5e-4)),
        Case("four hidden in one picture, one in the other", _uneven_holes),
    ),
    mistakes=(
        Mistake(_of_all, "You average over all patches, those it was shown included: mark the hidden ones only."),
        Mistake(
            lambda predictions, patches, mask, normalise: masked_loss(predictions, patches, 1 - mask, normalise),
            "You mark the patches that it was shown. The mask is 1 where a patch was hidden.",
        ),
        Mistake(_over_all, "You divide by the number of all patches: divide by that of the hidden ones, mask.sum()."),
        Mistake(_summed, "Inside a patch the squares are added up; their mean is due, so that patch size cancels out."),
        Mistake(_total, "The hidden patches' errors are added up: divide by how many they are, mask.sum()."),
        Mistake(
            _row_by_row,
            "You average picture by picture first. Every hidden patch counts alike: one sum over all, over mask.sum().",
        ),
        Mistake(
            lambda predictions, patches, mask, normalise: (
                masked_loss(predictions, patches, mask, normalise) / mask.shape[1]
            ),
            "You divide by N as well; the number of hidden patches, mask.sum(), is all that is due.",
        ),
        Mistake(
            lambda predictions, patches, mask, normalise: _loss(predictions, patches, mask, normalise, over=(1,)),
            "Mean and deviation run over the patches (axis 1); they run over a patch's own numbers, the last axis.",
        ),
        Mistake(
            lambda predictions, patches, mask, normalise: _loss(predictions, patches, mask, normalise, over=(0, 1, 2)),
            "Mean and deviation are those of the whole batch: each patch has its own (over the last axis alone).",
        ),
        Mistake(_absolute, "You take the absolute error; its square is due."),
        Mistake(_rooted, "You take the root of the mean square at the end; leave it as it is."),
        Mistake(
            lambda predictions, patches, mask, normalise: _loss(predictions, patches, mask, normalise, unbiased=False),
            "Your variance divides by the count; ViTMAE's divides by the count less 1, as torch's var does by itself.",
        ),
        Mistake(
            _eps_beside_the_root,
            "1e-6 is added to the standard deviation; add it to the variance, before the root. On patches of almost "
            "one colour it makes all the difference.",
        ),
        Mistake(
            lambda predictions, patches, mask, normalise: _loss(predictions, patches, mask, normalise, eps=0.0),
            "The 1e-6 under the root is missing: a patch of one colour has a variance of 0, and 0 / 0 is NaN.",
        ),
        Mistake(_no_root, "You divide by the variance; divide by its root, the standard deviation."),
        Mistake(_only_centred, "You subtract the patch's mean, but do not divide by its deviation."),
        Mistake(
            _both_normalised,
            "The predictions are normalised as well: only the targets are; the network learns to give such numbers.",
        ),
        Mistake(
            lambda predictions, patches, mask, normalise: _loss(predictions, patches, mask, normalise, over=(1, 2)),
            "Mean and deviation are those of the whole picture: each patch has its own (over the last axis alone).",
        ),
        Mistake(
            lambda predictions, patches, mask, normalise: masked_loss(predictions, patches, mask, False),
            "`normalise` is not looked at: with normalise=True each patch's target is centred and scaled first.",
        ),
        Mistake(
            lambda predictions, patches, mask, normalise: masked_loss(predictions, patches, mask, True),
            "You always normalise: with normalise=False the pixels themselves are the target.",
        ),
        Mistake(
            lambda predictions, patches, mask, normalise: masked_loss(predictions.detach(), patches, mask, normalise),
            "The number is right, but no gradient reaches the predictions: is there a detach(), .item() or no_grad()?",
        ),
    ),
    use=to_first,
)
