"""Attention followed back: equal to an obvious slow loop, laid out as the picture is, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mmlearn.encode import rollout as module
from mmlearn.encode.vit import ViT, ViTConfig

ROLLOUT, MAP = module.attention_rollout, module.class_token_map


def random_weights(*shape: int, seed: int = 0, sharp: float = 2.0) -> Tensor:
    """(B, depth, heads, N, N) after a softmax, no two heads, blocks or pictures alike."""
    scores = torch.randn(*shape, shape[-1], generator=torch.Generator().manual_seed(seed))
    return (sharp * scores).softmax(dim=-1)


def slow_rollout(weights: Tensor, residual: float) -> np.ndarray:
    """In the paper's words: number by number, from the first block to the last, in float64."""
    batch, depth, heads, tokens, _ = weights.shape
    given = weights.double().numpy()
    mixed = np.zeros((batch, tokens, tokens))
    for b in range(batch):
        now = [[float(i == j) for j in range(tokens)] for i in range(tokens)]
        for layer in range(depth):
            step = np.zeros((tokens, tokens))
            for i in range(tokens):
                for j in range(tokens):
                    mean = sum(given[b, layer, head, i, j] for head in range(heads)) / heads
                    step[i, j] = (1 - residual) * mean + residual * (i == j)
                step[i] /= step[i].sum()
            now = [[sum(step[i, k] * now[k][j] for k in range(tokens)) for j in range(tokens)] for i in range(tokens)]
        mixed[b] = now
    return mixed


@pytest.mark.parametrize("residual", [0.0, 0.3, 0.5, 0.9])
def test_equals_the_slow_loop(residual: float) -> None:
    equals_the_loop(residual)


def equals_the_loop(residual: float = 0.3) -> None:
    for shape in ((2, 3, 2, 5), (1, 1, 1, 2), (3, 4, 3, 7)):
        weights = random_weights(*shape)
        found = module.attention_rollout(weights, residual)
        np.testing.assert_allclose(found.numpy(), slow_rollout(weights, residual), atol=1e-6)
        np.testing.assert_allclose(found.sum(-1).numpy(), 1.0, atol=1e-5)


def test_one_half_is_what_the_paper_takes() -> None:
    weights = random_weights(1, 2, 2, 4)
    assert torch.equal(module.attention_rollout(weights), module.attention_rollout(weights, 0.5))
    np.testing.assert_allclose(module.attention_rollout(weights).numpy(), slow_rollout(weights, 0.5), atol=1e-6)


def test_it_is_what_attention_alone_would_mix() -> None:
    """Vectors that each block replaces by half themselves, half the heads' mean: rollout says what they are made of."""
    weights, start = random_weights(2, 5, 3, 6).double(), torch.randn(2, 6, 4).double()
    x = start
    for block in weights.unbind(1):
        x = 0.5 * x + 0.5 * torch.stack([head @ x for head in block.unbind(1)]).mean(0)
    torch.testing.assert_close(module.attention_rollout(weights) @ start, x)


def test_the_order_of_the_blocks_matters() -> None:
    """First all take from token 1, then all take from token 0: so all of it came from 1, by way of 0."""
    from_one, from_zero = torch.zeros(3, 3), torch.zeros(3, 3)
    from_one[:, 1] = from_zero[:, 0] = 1
    found = module.attention_rollout(torch.stack([from_one, from_zero])[None, :, None], residual=0)
    assert torch.equal(found[0], from_one)


def test_a_token_that_looks_at_nothing_is_itself() -> None:
    weights = random_weights(1, 3, 2, 4)
    weights[:, :, :, 2] = 0
    found = module.attention_rollout(weights, 0.3)
    np.testing.assert_allclose(found.numpy(), slow_rollout(weights, 0.3), atol=1e-6)
    assert found[0, 2].tolist() == [0, 0, 1, 0]
    with pytest.raises(ValueError, match="keeps nothing of itself: use a residual above 0"):
        module.attention_rollout(weights, 0)


def test_half_precision_is_read_and_kept_better() -> None:
    weights = random_weights(1, 12, 3, 50)
    for dtype in (torch.float16, torch.bfloat16):
        found = module.attention_rollout(weights.to(dtype))
        assert found.dtype == torch.float32
        np.testing.assert_allclose(found.numpy(), module.attention_rollout(weights).numpy(), atol=3e-3)
        assert module.class_token_map(weights.to(dtype), (7, 7)).dtype == torch.float32
    assert module.attention_rollout(weights.double()).dtype == torch.float64


def test_nothing_is_changed_and_no_gradient_is_kept() -> None:
    weights = random_weights(1, 2, 2, 5).requires_grad_()
    before = weights.detach().clone()
    assert not module.attention_rollout(weights).requires_grad
    assert not module.class_token_map(weights, (2, 2)).requires_grad
    assert torch.equal(weights.detach(), before)


def slow_map(weights: Tensor, grid: tuple[int, int], layer: int, mean: bool = False) -> np.ndarray:
    """Number by number; the layer counted from 0."""
    rows, columns = grid
    found = np.zeros((len(weights), rows, columns))
    for b in range(len(weights)):
        for r in range(rows):
            for c in range(columns):
                lookers = range(1, 1 + rows * columns) if mean else [0]
                seen = [float(h[i, 1 + r * columns + c]) for h in weights[b, layer] for i in lookers]
                found[b, r, c] = np.mean(seen)
    return found


def test_the_map_lies_as_the_patches_do() -> None:
    weights, grid = random_weights(2, 4, 3, 7), (2, 3)  # not square: rows and columns cannot be confused
    for layer in range(-4, 4):
        found = module.class_token_map(weights, grid, layer)
        assert found.shape == (2, 2, 3)
        np.testing.assert_allclose(found.numpy(), slow_map(weights, grid, layer % 4), atol=1e-6)
    assert torch.equal(module.class_token_map(weights, grid), module.class_token_map(weights, grid, 3))


def test_the_map_of_mean_pooling_is_the_mean_of_the_patches_rows() -> None:
    weights, grid = random_weights(2, 3, 2, 7), (3, 2)
    found = module.class_token_map(weights, grid, 1, pooling="mean")
    np.testing.assert_allclose(found.numpy(), slow_map(weights, grid, 1, mean=True), atol=1e-6)


def test_a_rollouts_map_is_its_first_row() -> None:
    rolled = module.attention_rollout(random_weights(2, 3, 2, 13))
    found = module.class_token_map(rolled, (3, 4))
    for r in range(3):
        for c in range(4):
            assert torch.equal(found[:, r, c], rolled[:, 0, 1 + 4 * r + c])
    assert bool((found.sum(dim=(1, 2)) < 1).all())


def test_a_real_vits_weights_fit() -> None:
    config = ViTConfig(image=24, patch=8, width=12, depth=3, heads=2, hidden=24)
    torch.manual_seed(0)
    model = ViT(config).eval()
    with torch.no_grad():
        _, weights = model.states(torch.randn(2, 3, 24, 24), return_weights=True)
    rolled = module.attention_rollout(weights)
    np.testing.assert_allclose(rolled.numpy(), slow_rollout(weights, 0.5), atol=1e-6)
    assert module.class_token_map(rolled, config.grid).shape == (2, 3, 3)
    assert module.class_token_map(weights, config.grid, 0).shape == (2, 3, 3)


def test_what_no_weights_are_is_refused() -> None:
    good = random_weights(2, 3, 2, 5)
    scores = torch.randn(2, 3, 2, 5, 5)
    cases: list[tuple[Any, type[Exception], str]] = [
        (good.numpy(), TypeError, "expected weights as a torch.Tensor, got ndarray"),
        (tuple(good.unbind(1)), TypeError, r"got 3 in a tuple: torch.stack\(weights, dim=1\) makes one"),
        (good.long(), TypeError, "expected weights of floats, got torch.int64"),
        (good[:, 0], ValueError, r"got \(2, 2, 5, 5\): one layer becomes a depth of one by weights\[:, None\]"),
        (good[..., :4], ValueError, "is this cross-attention?"),
        (good[:0], ValueError, "expected weights of something"),
        (scores, ValueError, "scores before the softmax"),
        (scores.abs(), ValueError, "rows sum to one"),
        (good * 1.5, ValueError, "sums from 1.5 to 1.5"),
        (torch.dropout(good, 0.5, train=True), ValueError, "did dropout change them"),
        (good.where(good < good.max(), torch.nan), ValueError, "rows sum to one"),
    ]
    for wrong, error, says in cases:
        with pytest.raises(error, match=says):
            module.attention_rollout(wrong)
        with pytest.raises(error, match=says):
            module.class_token_map(wrong, (2, 2))
    with pytest.raises(ValueError, match=r"expected weights \(B, depth, heads, N, N\), got \(2, 5, 5\)"):
        module.attention_rollout(good[:, 0, 0])


@pytest.mark.parametrize("residual", [-0.1, 1, 1.5, float("nan"), True, "half", None])
def test_a_residual_that_is_no_share_is_refused(residual: Any) -> None:
    with pytest.raises(ValueError, match="residual from 0 to below 1"):
        module.attention_rollout(random_weights(1, 1, 1, 2), residual)


def test_grids_layers_and_poolings_that_do_not_fit_are_refused() -> None:
    good = random_weights(2, 3, 2, 5)
    with pytest.raises(ValueError, match="expected 7 tokens, the class token and a grid of 2 x 3 patches, got 5"):
        module.class_token_map(good, (2, 3))
    with pytest.raises(ValueError, match="is the class token cut off already"):
        module.class_token_map(random_weights(1, 1, 1, 4), (2, 2))
    for grid in ((4,), 4, (2, 2, 1)):
        with pytest.raises(ValueError, match=r"expected a grid \(rows, columns\)"):
            module.class_token_map(good, grid)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"rows as a whole number, got 2\.0"):
        module.class_token_map(good, (2.0, 2))  # type: ignore[arg-type]
    for layer in (3, -4):
        with pytest.raises(ValueError, match=f"expected a layer from -3 to 2, got {layer}"):
            module.class_token_map(good, (2, 2), layer)
    with pytest.raises(ValueError, match="a rollout is of all layers at once"):
        module.class_token_map(module.attention_rollout(good), (2, 2), 1)
    with pytest.raises(ValueError, match="got 'max'"):
        module.class_token_map(good, (2, 2), pooling="max")  # type: ignore[arg-type]


def rolled(step: Callable[[Tensor, float], Tensor], join: Callable[[Tensor, Tensor], Tensor]) -> Any:
    """A rollout with a fault in a block's matrix or in how the blocks are joined."""

    def wrong(weights: Tensor, residual: float = 0.5) -> Tensor:
        now = torch.eye(weights.shape[-1]).expand(len(weights), -1, -1)
        for block in weights.unbind(1):
            now = join(step(block, residual), now)
        return now

    return wrong


def whole(block: Tensor, residual: float) -> Tensor:
    step = (1 - residual) * block.mean(1) + residual * torch.eye(block.shape[-1])
    return step / step.sum(-1, keepdim=True)


def highest(block: Tensor, residual: float) -> Tensor:
    step = (1 - residual) * block.amax(1) + residual * torch.eye(block.shape[-1])
    return step / step.sum(-1, keepdim=True)


def after(step: Tensor, now: Tensor) -> Tensor:
    return step @ now


EMPTY = test_a_token_that_looks_at_nothing_is_itself
LAID, ROW = test_the_map_lies_as_the_patches_do, test_a_rollouts_map_is_its_first_row
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("the last block is applied first", "attention_rollout", rolled(whole, lambda step, now: now @ step),
     test_the_order_of_the_blocks_matters),
    ("the residual is forgotten", "attention_rollout", rolled(lambda block, r: block.mean(1), after), equals_the_loop),
    ("one half whatever is asked for", "attention_rollout", lambda weights, r=0.5: ROLLOUT(weights), equals_the_loop),
    ("the shares are exchanged", "attention_rollout", rolled(lambda block, r: whole(block, 1 - r), after),
     equals_the_loop),
    ("the residual is added whole", "attention_rollout",
     rolled(lambda block, r: block.mean(1) + r * torch.eye(block.shape[-1]), after), equals_the_loop),
    ("rows are not brought to one", "attention_rollout",
     rolled(lambda block, r: (1 - r) * block.mean(1) + r * torch.eye(block.shape[-1]), after), EMPTY),
    ("the largest head, not the mean", "attention_rollout", rolled(highest, after), equals_the_loop),
    ("the first head alone", "attention_rollout", rolled(lambda block, r: whole(block[:, :1], r), after),
     equals_the_loop),
    ("columns are brought to one", "attention_rollout",
     rolled(lambda block, r: (s := whole(block, r)) / s.sum(-2, keepdim=True), after), equals_the_loop),
    ("the transpose: who is looked at", "attention_rollout", lambda weights, r=0.5: ROLLOUT(weights, r).mT,
     equals_the_loop),
    ("the blocks' mean, not their product", "attention_rollout", lambda weights, r=0.5: whole(weights.mean(1), r),
     equals_the_loop),
    ("the last block is left out", "attention_rollout", lambda weights, r=0.5: ROLLOUT(
        weights[:, :-1] if weights.shape[1] > 1 else weights, r), equals_the_loop),
    ("patches column by column", "class_token_map",
     lambda w, grid, layer=-1: MAP(w, grid[::-1], layer).mT, LAID),
    ("the class token's own column is a patch", "class_token_map",
     lambda w, grid, layer=-1: (w if w.ndim == 3 else w[:, layer].mean(1))[:, 0, :-1].reshape(-1, *grid), ROW),
    ("who looks at the class token", "class_token_map",
     lambda w, grid, layer=-1: MAP(w.mT, grid, layer) if w.ndim == 5 else w[:, 1:, 0].reshape(-1, *grid), ROW),
    ("always the last block", "class_token_map", lambda w, grid, layer=-1: MAP(w, grid), LAID),
    ("the last token is the class token", "class_token_map",
     lambda w, grid, layer=-1: (w if w.ndim == 3 else w[:, layer].mean(1))[:, -1, :-1].reshape(-1, *grid), LAID),
    ("mean pooling counts the class token's row", "class_token_map",
     lambda w, grid, layer=-1, pooling="class": w[:, layer].mean(1).mean(1)[:, 1:].reshape(-1, *grid),
     test_the_map_of_mean_pooling_is_the_mean_of_the_patches_rows),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)


def test_what_a_vit_gives_as_a_pair_is_told_apart_from_a_librarys_layers() -> None:
    with pytest.raises(TypeError, match=r"got 2 in a tuple: states and weights\? take the second"):
        module.attention_rollout((torch.zeros(2, 5, 12), random_weights(2, 3, 2, 5)))  # type: ignore[arg-type]
