"""What is hidden, asked and marked: against ViTMAE's own code and slow, obvious loops."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers.models.vit_mae.modeling_vit_mae import ViTMAEEmbeddings

from mmlearn.encode import masking as module
from mmlearn.encode.masking import count_kept, hidden_error, hide_patches, normalise_patches, random_masking

NOISE = torch.rand(5, 13, generator=torch.Generator().manual_seed(0))
TOKENS = torch.randn(5, 13, 3, generator=torch.Generator().manual_seed(1))
PATCHES = torch.randn(4, 6, 12, generator=torch.Generator().manual_seed(2)) * torch.arange(1.0, 7)[:, None] + 3
GUESSES = torch.randn(4, 6, 12, generator=torch.Generator().manual_seed(3))
MASK = torch.tensor([[1, 0, 1, 1, 0, 1], [0, 0, 0, 0, 0, 1], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0]]).float()
RATIOS = (0.0, 0.1, 0.3, 0.5, 0.6, 0.75, 0.9)


def vit_mae(tokens: Tensor, ratio: float, noise: Tensor) -> tuple[Tensor, ...]:
    """The library's own function, on an object that has nothing but the ratio."""
    holder = SimpleNamespace(config=SimpleNamespace(mask_ratio=ratio))
    found: tuple[Tensor, ...] = ViTMAEEmbeddings.random_masking(holder, tokens, noise)
    return found


def test_masking_is_vit_maes() -> None:
    for ratio in RATIOS:
        got, due = module.random_masking(TOKENS, ratio, NOISE), vit_mae(TOKENS, ratio, NOISE)
        assert all(
            mine.shape == theirs.shape and torch.equal(mine, theirs) for mine, theirs in zip(got, due, strict=True)
        )
        assert got[1].dtype == due[1].dtype


def test_the_count_is_vit_maes_for_every_length() -> None:
    for n in range(1, 200):
        for ratio in RATIOS:
            due = int(n * (1 - ratio))
            if due:
                assert module.count_kept(n, ratio) == due
    assert (count_kept(64, 0.75), count_kept(10, 0.75), count_kept(3, 0.5)) == (16, 2, 1)  # rounded down


def test_shuffled_tokens_go_back_to_their_places() -> None:
    kept, mask, restore = module.random_masking(TOKENS, 0.6, NOISE)
    count = kept.shape[1]
    assert (mask.sum(1) == 13 - count).all()
    padded = torch.cat([kept, torch.full((5, 13 - count, 3), 99.0)], dim=1)
    back = padded.gather(1, restore[..., None].expand_as(padded))
    assert torch.equal(back[mask == 0], TOKENS[mask == 0]) and (back[mask == 1] == 99).all()
    for b in range(5):  # by hand: the smallest noise is seen, whatever the others do
        smallest = sorted(range(13), key=lambda place: NOISE[b, place].item())[:count]
        assert torch.equal(kept[b], TOKENS[b, smallest])
        assert mask[b].nonzero().flatten().tolist() == sorted(set(range(13)) - set(smallest))


def test_ties_go_to_the_earlier_token() -> None:
    kept, mask, restore = module.random_masking(TOKENS, 0.6, torch.zeros(5, 13))
    assert torch.equal(kept, TOKENS[:, :5]) and torch.equal(restore, torch.arange(13).expand(5, -1))
    assert mask[0].tolist() == [0.0] * 5 + [1.0] * 8


def test_gradients_reach_the_kept_tokens_and_no_others() -> None:
    tokens = TOKENS.clone().requires_grad_()
    kept, mask, _ = random_masking(tokens, 0.6, NOISE)
    kept.sum().backward()
    assert tokens.grad is not None and torch.equal(tokens.grad, (1 - mask)[..., None].expand_as(tokens))
    assert not mask.requires_grad


def slow_normalised(patch: list[float]) -> list[float]:
    mean = sum(patch) / len(patch)
    variance = sum((x - mean) ** 2 for x in patch) / (len(patch) - 1)
    return [(x - mean) / (variance + 1e-6) ** 0.5 for x in patch]


def test_targets_are_the_formula_number_by_number() -> None:
    faint = PATCHES.double() * torch.tensor([1.0, 1e-3, 1e-4, 0.0, 1.0, 30.0])[:, None]  # 1e-6 is much for some
    due = torch.tensor([[slow_normalised(patch) for patch in picture] for picture in faint.tolist()])
    torch.testing.assert_close(module.normalise_patches(faint), due.double(), atol=1e-12, rtol=1e-6)
    assert (module.normalise_patches(torch.full((2, 3, 4), 0.7)) == 0).all()


def slow_error(predictions: Tensor, targets: Tensor, mask: Tensor) -> float:
    found = []
    for b in range(len(mask)):
        for n in range(mask.shape[1]):
            if mask[b, n] == 1:
                squares = [
                    (p - t) ** 2 for p, t in zip(predictions[b, n].tolist(), targets[b, n].tolist(), strict=True)
                ]
                found.append(sum(squares) / len(squares))
    return sum(found) / len(found)


def test_the_error_is_that_of_the_hidden_patches_alone() -> None:
    for mask in (MASK, MASK.bool(), MASK.long()):
        got = module.hidden_error(GUESSES, PATCHES, mask)
        assert got.shape == () and got.item() == pytest.approx(slow_error(GUESSES, PATCHES, MASK), rel=1e-5)
    wrong = GUESSES + 100 * (1 - MASK)[..., None]  # on what is seen, anything may be predicted
    torch.testing.assert_close(module.hidden_error(wrong, PATCHES, MASK), module.hidden_error(GUESSES, PATCHES, MASK))
    assert module.hidden_error(PATCHES, PATCHES, MASK) == 0


def test_hidden_patches_are_filled_the_others_stay() -> None:
    images = torch.randn(4, 2, 4, 6)
    found = module.hide_patches(images, MASK, 2, fill=7.0)
    for b in range(4):
        for n in range(6):
            row, column = 2 * (n // 3), 2 * (n % 3)
            due = torch.full((2, 2, 2), 7.0) if MASK[b, n] else images[b, :, row : row + 2, column : column + 2]
            assert torch.equal(found[b, :, row : row + 2, column : column + 2], due)
    assert torch.equal(hide_patches(images, torch.zeros(4, 6), 2), images)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: count_kept(10, 0.95), "0.95 leaves none of 10 patches: the encoder would see nothing"),
        (lambda: count_kept(10, 75), "from 0 to below 1, got 75: is it a percentage"),
        (lambda: count_kept(10, -0.1), "from 0 to below 1, got -0.1"),
        (lambda: count_kept(10, 1.0), "from 0 to below 1, got 1.0"),
        (lambda: count_kept(10, math.nan), "from 0 to below 1, got nan"),
        (lambda: count_kept(0, 0.5), "a number of patches of at least 1, got 0"),
        (lambda: random_masking(TOKENS[0], 0.5, NOISE), r"tokens \(B, N, D\), got \(13, 3\): one sequence"),
        (
            lambda: random_masking(TOKENS, 0.5, NOISE[0]),
            r"\(5, 13\).* got \(13,\): one row for all would hide the same",
        ),
        (
            lambda: random_masking(TOKENS, 0.5, NOISE.T),
            r"noise \(B, N\) = \(5, 13\), one number a token, got \(13, 5\)",
        ),
        (lambda: random_masking(TOKENS, 0.5, NOISE * math.nan), "noise without NaN"),
        (lambda: normalise_patches(torch.ones(3, 1)), r"patches of 2 numbers or more, got \(3, 1\)"),
        (lambda: normalise_patches(torch.tensor(1.0)), r"patches of 2 numbers or more, got \(\)"),
        (lambda: hidden_error(GUESSES[:, :5], PATCHES, MASK), r"one shape .*\(4, 5, 12\) and \(4, 6, 12\)"),
        (lambda: hidden_error(GUESSES[0], PATCHES[0], MASK[0]), r"one shape \(B, N, n\), got \(6, 12\)"),
        (lambda: hidden_error(GUESSES, PATCHES, MASK[..., None]), r"a mask \(B, N\) = \(4, 6\).* got \(4, 6, 1\)"),
        (lambda: hidden_error(GUESSES, PATCHES, MASK * 0), "the mask hides nothing"),
        (lambda: hidden_error(GUESSES, PATCHES, MASK * 0.5), "a mask of 0 .* is it the noise, or restore"),
        (lambda: hide_patches(torch.ones(4, 3, 4, 6), MASK[:, :4], 2), r"a mask \(B, N\) = \(4, 6\)"),
        (lambda: hide_patches(torch.ones(4, 3, 5, 6), MASK, 2), "a height of whole patches"),
    ],
)
def test_bad_values_are_refused(call: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        call()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: count_kept(10, "0.5"), "mask_ratio as a number, got '0.5'"),  # type: ignore[arg-type]
        (lambda: count_kept(10, True), "mask_ratio as a number, got True"),
        (lambda: random_masking(TOKENS, 0.5, NOISE.numpy()), "noise as a torch.Tensor, got ndarray"),  # type: ignore[arg-type]
        (lambda: random_masking(TOKENS, 0.5, NOISE.argsort(1)), r"noise of floats, got torch\.int64"),
        (lambda: random_masking(TOKENS.tolist(), 0.5, NOISE), "tokens as a torch.Tensor, got list"),
        (lambda: normalise_patches(PATCHES.long()), r"patches of floats, got torch\.int64: use patches\.float\(\)"),
        (lambda: hidden_error(GUESSES, PATCHES.byte(), MASK), r"targets of floats, got torch\.uint8"),
        (lambda: hidden_error(GUESSES, PATCHES, MASK.numpy()), "mask as a torch.Tensor, got ndarray"),  # type: ignore[arg-type]
    ],
)
def test_other_types_are_refused(call: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(TypeError, match=sentence):
        call()


def test_float64_half_and_no_pictures() -> None:
    assert random_masking(TOKENS.double(), 0.5, NOISE)[0].dtype == torch.float64
    assert hidden_error(GUESSES.half(), PATCHES.half(), MASK).dtype == torch.float32  # as ViTMAE's
    assert [part.shape[0] for part in random_masking(TOKENS[:0], 0.5, NOISE[:0])] == [0, 0, 0]


MASKING = random_masking


def _inverted(*given: Any) -> Any:
    kept, mask, restore = MASKING(*given)
    return kept, 1 - mask, restore


def _largest(tokens: Tensor, ratio: float, noise: Tensor) -> Any:
    return MASKING(tokens, ratio, -noise)


def _shared(tokens: Tensor, ratio: float, noise: Tensor) -> Any:
    return MASKING(tokens, ratio, noise[:1].expand_as(noise))


def _shuffle_for_restore(tokens: Tensor, ratio: float, noise: Tensor) -> Any:
    kept, mask, restore = MASKING(tokens, ratio, noise)
    return kept, mask, restore.argsort(dim=1)


def _mask_left_shuffled(tokens: Tensor, ratio: float, noise: Tensor) -> Any:
    kept, mask, restore = MASKING(tokens, ratio, noise)
    return kept, mask.sort(dim=1).values, restore


def _in_reading_order(tokens: Tensor, ratio: float, noise: Tensor) -> Any:
    _, mask, restore = MASKING(tokens, ratio, noise)
    return tokens[mask == 0].unflatten(0, (len(tokens), -1)), mask, restore


SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("the mask is inverted", "random_masking", _inverted, test_masking_is_vit_maes),
    ("the largest noise is seen", "random_masking", _largest, test_shuffled_tokens_go_back_to_their_places),
    ("one noise for the whole batch", "random_masking", _shared, test_masking_is_vit_maes),
    ("restore is the shuffle itself", "random_masking", _shuffle_for_restore,
     test_shuffled_tokens_go_back_to_their_places),
    ("the mask stays in the shuffled order", "random_masking", _mask_left_shuffled, test_masking_is_vit_maes),
    ("kept tokens in reading order", "random_masking", _in_reading_order, test_masking_is_vit_maes),
    ("the count is rounded up", "count_kept", lambda n, ratio: math.ceil(n * (1 - ratio)), test_masking_is_vit_maes),
    ("the count is rounded to the nearest", "count_kept", lambda n, ratio: round(n * (1 - ratio)),
     test_the_count_is_vit_maes_for_every_length),
    ("the count is that of the hidden", "count_kept", lambda n, ratio: int(n * ratio), test_masking_is_vit_maes),
    ("biased variance", "normalise_patches",
     lambda x: (x - x.mean(-1, keepdim=True)) / (x.var(-1, keepdim=True, unbiased=False) + 1e-6).sqrt(),
     test_targets_are_the_formula_number_by_number),
    ("1e-6 beside the root", "normalise_patches",
     lambda x: (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + 1e-6),
     test_targets_are_the_formula_number_by_number),
    ("normalised over the whole picture", "normalise_patches",
     lambda x: (x - x.mean((-1, -2), keepdim=True)) / (x.var((-1, -2), keepdim=True) + 1e-6).sqrt(),
     test_targets_are_the_formula_number_by_number),
    ("the loss is on all patches", "hidden_error", lambda p, t, mask: ((p - t) ** 2).mean(),
     test_the_error_is_that_of_the_hidden_patches_alone),
    ("the loss is on the seen patches", "hidden_error", lambda p, t, mask: hidden_error(p, t, 1 - mask.float()),
     test_the_error_is_that_of_the_hidden_patches_alone),
    ("divided by all patches", "hidden_error", lambda p, t, mask: (((p - t) ** 2).mean(-1) * mask).mean(),
     test_the_error_is_that_of_the_hidden_patches_alone),
    ("each picture counts the same", "hidden_error",
     lambda p, t, mask: ((((p - t) ** 2).mean(-1) * mask).sum(1) / mask.sum(1).clamp(min=1)).mean(),
     test_the_error_is_that_of_the_hidden_patches_alone),
    ("the seen patches are filled", "hide_patches",
     lambda images, mask, patch, fill=0.0: hide_patches(images, 1 - mask, patch, fill),
     test_hidden_patches_are_filled_the_others_stay),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)


def test_infinite_noise_hides_and_minus_infinity_shows() -> None:
    noise = NOISE.clone()
    noise[:, 3], noise[:, 5] = math.inf, -math.inf
    _, mask, _ = module.random_masking(TOKENS, 0.6, noise)
    assert (mask[:, 3] == 1).all() and (mask[:, 5] == 0).all()


def test_the_error_in_half_precision_counts_all_hidden_patches() -> None:
    guesses, mask = torch.randn(512, 196, 2, generator=torch.Generator().manual_seed(4)), torch.ones(512, 196)
    due = module.hidden_error(guesses, torch.zeros_like(guesses), mask).item()
    for dtype in (torch.float16, torch.bfloat16):  # 100,352 patches are more than float16 can count
        for targets in (torch.zeros_like(guesses), torch.zeros_like(guesses).to(dtype)):
            assert module.hidden_error(guesses.to(dtype), targets, mask).item() == pytest.approx(due, rel=1e-3)


def test_pictures_and_whole_numbers_are_no_tokens() -> None:
    with pytest.raises(ValueError, match="pictures become tokens by patchify"):
        random_masking(torch.zeros(2, 3, 8, 8), 0.5, torch.rand(2, 3))
    with pytest.raises(TypeError, match=r"tokens of floats, got torch\.uint8"):
        random_masking(TOKENS.byte(), 0.5, NOISE)
