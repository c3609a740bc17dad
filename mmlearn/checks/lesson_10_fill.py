"""The exercise of lesson 10 on the decoder's input: what was seen, each in its place, and the mask token elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.gradients import with_gradients

Generator = np.random.Generator


def _tensor(generator: Generator, *shape: int) -> Any:
    import torch

    return torch.from_numpy(generator.normal(size=shape))


def fill_in(kept: Any, mask_token: Any, restore: Any) -> Any:
    """kept (B, n, D), mask_token (1, 1, D), restore (B, N) -> (B, N, D), each at its place in the picture."""
    import torch

    b, n, d = kept.shape
    row = torch.cat([kept, mask_token.expand(b, restore.shape[1] - n, d)], dim=1)  # (B, N, D), shuffled
    return row.gather(1, restore[..., None].expand(-1, -1, d))  # (B, N, D), in the picture's order


def _to_fill(b: int, n: int, hidden: int, d: int) -> Callable[[Generator], tuple[Any, ...]]:
    def make(generator: Generator) -> tuple[Any, ...]:
        import torch

        order = np.stack([generator.permutation(n + hidden) for _ in range(b)])
        return _tensor(generator, b, n, d), _tensor(generator, 1, 1, d), torch.from_numpy(order)

    return make


def _one_to_fill(_: Generator) -> tuple[Any, ...]:
    import torch

    return torch.tensor([[[5.0], [6.0]]]), torch.tensor([[[9.0]]]), torch.tensor([[2, 0, 3, 1]])


def _shuffled(kept: Any, mask_token: Any, restore: Any, front: bool = False) -> Any:
    import torch

    b, n, d = kept.shape
    masks = mask_token.expand(b, restore.shape[1] - n, d)
    return torch.cat([masks, kept] if front else [kept, masks], dim=1)


def _gathered(row: Any, order: Any) -> Any:
    return row.gather(1, order[..., None].expand(-1, -1, row.shape[2]))


def _in_reading_order(kept: Any, mask_token: Any, restore: Any) -> Any:
    b, n, d = kept.shape
    full = mask_token.expand(b, restore.shape[1], d).clone()
    full[restore < n] = kept.reshape(-1, d)
    return full


def _added(kept: Any, mask_token: Any, restore: Any) -> Any:
    return fill_in(kept, mask_token * 0, restore) + mask_token


def _new_tokens(kept: Any, mask_token: Any, restore: Any) -> Any:
    mean = kept.mean(dim=1, keepdim=True)
    return _gathered(_shuffled(kept, mean, restore), restore)


FILL = Exercise(
    id="10.2",
    title="The decoder's row",
    reference="mmlearn.checks.lesson_10_fill.fill_in",
    cases=(
        Case("two pictures, 2 of 5 kept", _to_fill(2, 2, 3, 2)),
        Case("two kept, two hidden", _one_to_fill),
        Case("three pictures, 4 of 16 kept", _to_fill(3, 4, 12, 5)),
        Case("7 of 9 kept", _to_fill(2, 7, 2, 3)),
        Case("nothing hidden", _to_fill(2, 6, 0, 2)),
    ),
    mistakes=(
        Mistake(
            lambda kept, mask_token, restore: _shuffled(kept, mask_token, restore),
            "The row is still shuffled: the kept ones in front, mask tokens behind. Gather it by restore.",
        ),
        Mistake(
            lambda kept, mask_token, restore: _gathered(_shuffled(kept, mask_token, restore), restore.argsort(dim=1)),
            "You went the wrong way: this shuffles once more (a scatter by restore, or a gather by its argsort). At "
            "place i comes what restore[i] names: gather by restore.",
        ),
        Mistake(
            lambda kept, mask_token, restore: _gathered(_shuffled(kept, mask_token, restore, front=True), restore),
            "The mask tokens stand in front of the kept ones; restore counts the kept ones first.",
        ),
        Mistake(
            lambda kept, mask_token, restore: _gathered(_shuffled(kept, mask_token * 0, restore), restore),
            "Hidden places hold zeros: put the mask token there, a vector that is learned.",
        ),
        Mistake(
            lambda kept, mask_token, restore: _gathered(
                _shuffled(kept, mask_token, restore), restore[:1].expand_as(restore)
            ),
            "Every picture is put together by the restore of the first: each row is its own picture's.",
        ),
        Mistake(
            _in_reading_order,
            "The right places are filled, but the kept tokens go into them in reading order. They come in the order of "
            "the shuffle; only restore knows where each belongs.",
        ),
        Mistake(
            lambda kept, mask_token, restore: fill_in(kept, mask_token.detach(), restore),
            "The numbers are right, but the mask token gets no gradient: is there a detach(), .data or torch.tensor?",
        ),
        Mistake(
            lambda kept, mask_token, restore: fill_in(kept.detach(), mask_token, restore),
            "The numbers are right, but the kept tokens get no gradient, so the encoder would never learn.",
        ),
        Mistake(_added, "The mask token is added to every token. It stands only where nothing was kept."),
        Mistake(_new_tokens, "Hidden places hold the mean of the kept tokens; the mask token is due there."),
    ),
    use=with_gradients,
)
