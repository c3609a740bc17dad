"""One vector a sentence: equal to a loop over the real tokens alone, whatever stands at padding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mmlearn.encode import pooling as module

RIGHT = module.sentence_vectors


def batch(seed: int = 0, lengths: tuple[int, ...] = (5, 1, 3), width: int = 7) -> tuple[Tensor, Tensor]:
    states = torch.randn(len(lengths), max(lengths) + 1, width, generator=torch.Generator().manual_seed(seed))
    return states + 1, torch.arange(max(lengths) + 1) < torch.tensor(lengths)[:, None]


def slow(states: Tensor, mask: Tensor) -> np.ndarray:
    rows = []
    for sentence, real in zip(states.double().numpy(), mask.numpy(), strict=True):
        mean = sum(vector for vector, is_real in zip(sentence, real, strict=True) if is_real) / real.sum()
        rows.append(mean / np.sqrt((mean**2).sum()))
    return np.array(rows)


def test_equals_the_loop() -> None:
    for seed, lengths, width in ((0, (5, 1, 3), 7), (1, (4,), 2), (2, (2, 9), 5)):
        states, mask = batch(seed, lengths, width)
        np.testing.assert_allclose(module.sentence_vectors(states, mask).numpy(), slow(states, mask), atol=1e-6)


def test_real_tokens_need_not_stand_together() -> None:
    states, mask = batch()[0], torch.tensor([[1, 0, 1, 0, 0, 1], [0, 0, 1, 0, 0, 0], [1, 1, 1, 1, 1, 1]]).bool()
    np.testing.assert_allclose(module.sentence_vectors(states, mask).numpy(), slow(states, mask), atol=1e-6)


def test_what_stands_at_padding_does_not_count() -> None:
    states, mask = batch()
    for rubbish in (1e9, float("nan"), float("inf")):
        other = states.masked_fill(~mask[..., None], rubbish)
        assert torch.equal(module.sentence_vectors(other, mask), module.sentence_vectors(states, mask))


def test_gradients_reach_the_real_tokens_alone() -> None:
    states, mask = batch()
    states = states.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: module.sentence_vectors(x, mask), states)
    module.sentence_vectors(states, mask).sum().backward()
    assert states.grad is not None and bool(((states.grad != 0).any(-1) == mask).all())


def test_zeros_have_no_direction_and_types_stay() -> None:
    states, mask = batch()
    assert not module.sentence_vectors(torch.zeros_like(states), mask).any()
    for dtype in (torch.float64, torch.float16, torch.bfloat16):
        assert module.sentence_vectors(states.to(dtype), mask).dtype == dtype


def test_bad_input_is_refused_with_what_to_do() -> None:
    states, mask = batch()
    cases: list[tuple[Any, Any, type[Exception], str]] = [
        (states.numpy(), mask, TypeError, "expected states as a torch.Tensor, got ndarray"),
        (states, mask.numpy(), TypeError, "expected mask as a torch.Tensor, got ndarray"),
        (states.long(), mask, TypeError, "are these ids, before the model"),
        (states, mask.long(), TypeError, r"got torch.int64: 0 and 1 become one by \.bool\(\)"),
        (states[0], mask[0], ValueError, r"one sentence is a batch of one, states\[None\]"),
        (states, mask.T, ValueError, r"a mask for each token, \(3, 6\), got \(6, 3\)"),
        (states, mask[..., None], ValueError, "a mask for each token"),
        (states[2:], ~torch.ones(1, 6).bool(), ValueError, "sentence 0 has no real token: is the mask the wrong way"),
        (states, torch.cat([mask[:1], ~mask[:1], mask[:1] & False]), ValueError, "sentence 2 has no real token"),
    ]
    for given, which, error, says in cases:
        with pytest.raises(error, match=says):
            module.sentence_vectors(given, which)


def unit(vectors: Tensor) -> Tensor:
    return vectors / vectors.norm(dim=-1, keepdim=True)


def means(states: Tensor, mask: Tensor) -> Tensor:
    return (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


LOOP, APART = test_equals_the_loop, test_real_tokens_need_not_stand_together
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("padding is in the mean", "sentence_vectors", lambda states, mask: unit(states.mean(1)), LOOP),
    ("the first token alone", "sentence_vectors", lambda states, mask: unit(states[:, 0]), LOOP),
    ("length not one", "sentence_vectors", means, LOOP),
    ("tokens first to length one", "sentence_vectors", lambda states, mask: RIGHT(unit(states), mask), LOOP),
    ("length one along the batch", "sentence_vectors",
     lambda states, mask: (m := means(states, mask)) / m.norm(dim=0), LOOP),
    ("the largest, not the mean", "sentence_vectors",
     lambda states, mask: unit(states.masked_fill(~mask[..., None], -1e9).amax(1)), LOOP),
    ("the first so many, not those of the mask", "sentence_vectors",
     lambda states, mask: RIGHT(states, torch.arange(mask.shape[1]) < mask.sum(1, keepdim=True)), APART),
    ("zero times NaN", "sentence_vectors", lambda states, mask: unit(means(states, mask)),
     test_what_stands_at_padding_does_not_count),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)
