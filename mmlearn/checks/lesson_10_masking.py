"""The exercise of lesson 10 on hiding patches: which are seen, which are not, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake

Generator = np.random.Generator


def _tensor(generator: Generator, *shape: int) -> Any:
    import torch

    return torch.from_numpy(generator.normal(size=shape))


def _to_hide(b: int, n: int, d: int, ratio: float) -> Callable[[Generator], tuple[Any, ...]]:
    def make(generator: Generator) -> tuple[Any, ...]:
        import torch

        # A permutation, so that no two noises are equal and every order is as good as another.
        noise = np.stack([generator.permutation(n) for _ in range(b)]) / n
        return _tensor(generator, b, n, d), ratio, torch.from_numpy(noise)

    return make


def _four_letters(_: Generator) -> tuple[Any, ...]:
    import torch

    tokens = torch.tensor([[[1.0], [2.0], [3.0], [4.0]]])
    return tokens, 0.5, torch.tensor([[0.7, 0.1, 0.9, 0.3]])


def run_masking(f: Callable[..., Any], tokens: Any, ratio: float, noise: Any) -> dict[str, Any]:
    """The three results, and the gradient that reaches the tokens through those that are kept."""
    import torch

    leaf = tokens.detach().clone().requires_grad_(True)
    dice = torch.get_rng_state()
    with torch.enable_grad():
        found = f(leaf, ratio, noise)
    if not torch.equal(dice, torch.get_rng_state()) and any(str(f(leaf, ratio, noise)) != str(found) for _ in "four"):
        return {"the same noise, another result": True}
    kept = found[0] if isinstance(found, tuple | list) and found else found
    gradient = None
    if isinstance(kept, torch.Tensor) and kept.requires_grad:
        weights = torch.arange(1, kept.numel() + 1, dtype=kept.dtype).reshape(kept.shape)
        (gradient,) = torch.autograd.grad((kept * weights).sum(), leaf, allow_unused=True)
    plain = (
        tuple(part.detach() if isinstance(part, torch.Tensor) else part for part in found)
        if kept is not found
        else found
    )
    return {"kept, mask, restore": plain, "gradient of tokens": gradient}


def hide(
    tokens: Any,
    ratio: float,
    noise: Any,
    *,
    count: Callable[[int, float], int] = lambda n, ratio: int(n * (1 - ratio)),
    largest: bool = False,
    axis: int = 1,
    shared: bool = False,
) -> tuple[Any, Any, Any, Any]:
    """kept, mask, restore, shuffle: right as it stands, with the slips that people make under switches."""
    import torch

    noise = noise[:1].expand_as(noise) if shared else noise
    shuffle = noise.argsort(dim=axis, descending=largest)  # (B, N)
    restore = shuffle.argsort(dim=axis)
    n = count(tokens.shape[1], ratio)
    kept = tokens.gather(1, shuffle[:, :n, None].expand(-1, -1, tokens.shape[2]).clamp(0, tokens.shape[1] - 1))
    mask = torch.ones(noise.shape)
    mask[:, :n] = 0
    return kept, mask.gather(1, restore.clamp(0, tokens.shape[1] - 1)), restore, shuffle


def _with(**slip: Any) -> Callable[..., Any]:
    return lambda tokens, ratio, noise: hide(tokens, ratio, noise, **slip)[:3]


def _inverted(tokens: Any, ratio: float, noise: Any) -> Any:
    kept, mask, restore, _ = hide(tokens, ratio, noise)
    return kept, 1 - mask, restore


def _mask_not_put_back(tokens: Any, ratio: float, noise: Any) -> Any:
    import torch

    kept, _, restore, _ = hide(tokens, ratio, noise)
    mask = torch.ones(noise.shape)
    mask[:, : kept.shape[1]] = 0
    return kept, mask, restore


def _mask_shuffled_again(tokens: Any, ratio: float, noise: Any) -> Any:
    import torch

    kept, _, restore, shuffle = hide(tokens, ratio, noise)
    mask = torch.ones(noise.shape)
    mask[:, : kept.shape[1]] = 0
    return kept, mask.gather(1, shuffle), restore


def _shuffle_for_restore(tokens: Any, ratio: float, noise: Any) -> Any:
    kept, mask, _, shuffle = hide(tokens, ratio, noise)
    return kept, mask, shuffle


def _first_argsort_for_all(tokens: Any, ratio: float, noise: Any) -> Any:
    import torch

    kept, _, _, shuffle = hide(tokens, ratio, noise)
    mask = torch.ones(noise.shape)
    mask[:, : kept.shape[1]] = 0
    return kept, mask.gather(1, shuffle), shuffle


def _reading_order(tokens: Any, ratio: float, noise: Any) -> Any:
    kept, mask, restore, _ = hide(tokens, ratio, noise)
    return tokens[mask == 0].reshape(kept.shape), mask, restore


def _bool_mask(tokens: Any, ratio: float, noise: Any) -> Any:
    kept, mask, restore, _ = hide(tokens, ratio, noise)
    return kept, mask.bool(), restore


def _zeroed(tokens: Any, ratio: float, noise: Any) -> Any:
    _, mask, restore, _ = hide(tokens, ratio, noise)
    return tokens * (1 - mask)[..., None], mask, restore


def _kept_detached(tokens: Any, ratio: float, noise: Any) -> Any:
    kept, mask, restore, _ = hide(tokens, ratio, noise)
    return kept.detach(), mask, restore


def _first_ones(tokens: Any, ratio: float, noise: Any) -> Any:
    kept, mask, restore, _ = hide(tokens, ratio, noise)
    return tokens[:, : kept.shape[1]], mask, restore


def _no_expand(tokens: Any, ratio: float, noise: Any) -> Any:
    kept, mask, restore, _ = hide(tokens, ratio, noise)
    return kept[..., :1], mask, restore


def _kept_by_restore(tokens: Any, ratio: float, noise: Any) -> Any:
    kept, mask, restore, _ = hide(tokens, ratio, noise)
    chosen = restore[:, : kept.shape[1], None].expand_as(kept)
    return tokens.gather(1, chosen), mask, restore


def _all_with_all(tokens: Any, ratio: float, noise: Any) -> Any:
    kept, mask, restore, shuffle = hide(tokens, ratio, noise)
    return tokens[:, shuffle[:, : kept.shape[1]]], mask, restore


def _marked_for_all(tokens: Any, ratio: float, noise: Any) -> Any:
    kept, mask, restore, shuffle = hide(tokens, ratio, noise)
    mask = mask * 0 + 1
    mask[:, shuffle[:, : kept.shape[1]]] = 0
    return kept, mask, restore


def _one_more_seen(tokens: Any, ratio: float, noise: Any) -> Any:
    kept, _, restore, _ = hide(tokens, ratio, noise)
    return kept, (restore > kept.shape[1]).float(), restore


def _threshold(tokens: Any, ratio: float, noise: Any) -> Any:
    kept, _, restore, _ = hide(tokens, ratio, noise)
    return kept, (noise > ratio).float(), restore


def _own_noise(tokens: Any, ratio: float, noise: Any) -> Any:
    import torch

    return hide(tokens, ratio, torch.rand(noise.shape))[:3]


def _swapped(tokens: Any, ratio: float, noise: Any) -> Any:
    kept, mask, restore, _ = hide(tokens, ratio, noise)
    return kept, restore, mask


def _long_mask(tokens: Any, ratio: float, noise: Any) -> Any:
    kept, mask, restore, _ = hide(tokens, ratio, noise)
    return kept, mask.long(), restore


MASKING = Exercise(
    id="10.1",
    title="Hide most of it",
    reference="mmlearn.encode.mae.random_masking",
    cases=(
        Case("four tokens, half of them hidden", _four_letters),
        Case("three pictures of 16 patches, three quarters hidden", _to_hide(3, 16, 5, 0.75)),
        Case("15 patches: a quarter of 15 is no whole number", _to_hide(2, 15, 3, 0.75)),
        Case("40 % hidden", _to_hide(4, 9, 2, 0.4)),
    ),
    mistakes=(
        Mistake(_inverted, "Your mask is the wrong way round: 1 is hidden, 0 is seen."),
        Mistake(
            _mask_not_put_back,
            "The mask is still in the shuffled order, the kept ones in front. Bring it back to the picture's order: "
            "gather it by restore.",
        ),
        Mistake(
            _mask_shuffled_again,
            "The mask is gathered by the shuffle; that shuffles it once more. To put it back, gather by restore.",
        ),
        Mistake(
            _shuffle_for_restore,
            "What you return as restore is the shuffle itself. The way back is the argsort of the shuffle.",
        ),
        Mistake(
            _first_argsort_for_all,
            "One argsort serves for both ways. The shuffle says which token comes k-th; restore says at which place "
            "token i came: the argsort of the argsort. Mask and restore need the second one.",
        ),
        Mistake(_with(largest=True), "You keep the tokens with the LARGEST noise; those with the smallest are due."),
        Mistake(_with(axis=0), "The noise is sorted over the batch (axis 0): sort along the patches, axis 1."),
        Mistake(
            _with(shared=True),
            "Every picture hides the same places, those of the first. Each row of the noise is for its own picture.",
        ),
        Mistake(
            _with(count=lambda n, ratio: int(n * ratio)),
            "You keep the share that is to be HIDDEN: mask_ratio is hidden, 1 - mask_ratio is kept.",
        ),
        Mistake(
            _with(count=lambda n, ratio: round(n * (1 - ratio))),
            "You round the number of kept tokens to the nearest; it is cut off, int(N * (1 - mask_ratio)).",
        ),
        Mistake(
            _with(count=lambda n, ratio: n - int(n * ratio)),
            "You cut off the number of HIDDEN tokens, which rounds the kept up; int(N * (1 - mask_ratio)) are due.",
        ),
        Mistake(
            _reading_order,
            "The kept tokens stand in the picture's order (a True/False mask does that), and restore no longer fits. "
            "Keep them in the order of the shuffle.",
        ),
        Mistake(_bool_mask, "The mask is True and False; numbers are due, 1.0 hidden and 0.0 seen, to be summed."),
        Mistake(
            _zeroed,
            "Hidden tokens are set to 0 but still there. They are to be LEFT OUT: kept is shorter, (B, n, D), and that "
            "is what makes the encoder cheap.",
        ),
        Mistake(_first_ones, "You keep the first n tokens of the picture. Kept are the first n of the SHUFFLED row."),
        Mistake(_swapped, "Mask and restore have changed places: return kept, mask, restore."),
        Mistake(_long_mask, "The mask holds whole numbers; floats are due, 1.0 hidden and 0.0 seen: .float()."),
        Mistake(
            _no_expand,
            "Of each kept token you have its first number alone: gather takes as many as the index has. Give the index "
            "the width of the tokens, [..., None].expand(-1, -1, D).",
        ),
        Mistake(_kept_by_restore, "You gather the kept tokens by restore; the shuffle says which token comes k-th."),
        Mistake(
            _all_with_all,
            "tokens[:, order] takes every picture's order for every picture. gather(1, ...) gives each its own.",
        ),
        Mistake(
            _marked_for_all,
            "mask[:, order] = 0 marks what ANY picture keeps, in all of them. Mark the first n, gather by restore.",
        ),
        Mistake(_one_more_seen, "Your mask calls one token too many seen: places 0 to n - 1 are kept, restore >= n."),
        Mistake(
            _threshold,
            "You hide where the noise is above the ratio: another number in each picture. Sort the noise and "
            "keep the first n.",
        ),
        Mistake(
            _own_noise,
            "You draw noise of your own (torch.rand): sort the noise that is given, or nobody can repeat it.",
        ),
        Mistake(_kept_detached, "The numbers are right, but no gradient reaches the tokens: something is detached."),
    ),
    use=run_masking,
)
