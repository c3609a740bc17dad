"""The loss of a language model against GPT-2's own, and the log probabilities that sum to it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from mmlearn.encode.text import TextConfig, TextTransformer
from mmlearn.train import language

CONFIG = TextConfig(19, 9, 16, 2, 2, 32, causal=True, norm="pre", activation="gelu_tanh", eps=1e-5)
IDS = torch.tensor([[1, 4, 2, 8, 5, 7], [0, 3, 3, 18, 0, 0], [2, 0, 0, 0, 0, 0]])
MASK = torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 0], [1, 1, 0, 0, 0, 0]]).bool()


def scores(seed: int = 0) -> Tensor:
    return 2 * torch.randn(3, 6, 19, generator=torch.Generator().manual_seed(seed))


def test_equals_gpt2s_own_loss_with_padding_and_without() -> None:
    from transformers.loss.loss_utils import ForCausalLMLoss

    for mask in (None, MASK):
        labels = IDS if mask is None else IDS.masked_fill(~mask, -100)
        theirs = ForCausalLMLoss(scores(), labels, vocab_size=19)
        torch.testing.assert_close(language.next_token_loss(scores(), IDS, mask), theirs)


def test_gradients_reach_every_position_but_the_last_and_no_padding() -> None:
    logits = scores().requires_grad_()
    language.next_token_loss(logits, IDS, MASK).backward()
    assert logits.grad is not None
    felt = logits.grad.abs().sum(-1) > 0
    assert felt.tolist() == (torch.cat([MASK[:, 1:], torch.zeros(3, 1).bool()], 1)).tolist()


def test_log_probabilities_are_those_of_the_softmax_and_zero_at_padding() -> None:
    torch.manual_seed(0)
    model = TextTransformer(CONFIG)
    model.train()
    found = language.next_token_log_probabilities(model, IDS, MASK, batch_size=2)
    assert model.training and found.shape == (3, 5)
    model.eval()
    for row in range(3):
        for t in range(5):
            if MASK[row, t + 1]:
                alone = model.logits(model(IDS[row : row + 1, : t + 1]))[0, -1].log_softmax(-1)
                assert found[row, t].item() == pytest.approx(alone[IDS[row, t + 1]].item(), abs=1e-5)
            else:
                assert found[row, t] == 0
    mean = -found.sum() / MASK[:, 1:].sum()
    loss = language.next_token_loss(model.logits(model(IDS)), IDS, MASK)
    assert mean.item() == pytest.approx(loss.item(), abs=1e-6)
    assert language.next_token_log_probabilities(model, IDS[:0]).shape == (0, 5)


def test_refuses_bad_input() -> None:
    with pytest.raises(ValueError, match="the shift is made here"):
        language.next_token_loss(scores()[:, :-1], IDS)
    with pytest.raises(ValueError, match="T >= 2"):
        language.next_token_loss(scores()[:, :1], IDS[:, :1])
    with pytest.raises(TypeError, match="bool mask"):
        language.next_token_loss(scores(), IDS, MASK.long())
    with pytest.raises(ValueError, match="mask of the ids' shape"):
        language.next_token_loss(scores(), IDS, MASK[:, 1:])
    with pytest.raises(ValueError, match="two real tokens"):
        language.next_token_loss(scores(), IDS, torch.zeros_like(MASK))


def _cross(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-100)


def _unshifted(logits: Tensor, ids: Tensor, mask: Tensor | None = None) -> Tensor:
    return _cross(logits, ids if mask is None else ids.masked_fill(~mask, -100))


def _backwards(logits: Tensor, ids: Tensor, mask: Tensor | None = None) -> Tensor:
    return _cross(logits[:, 1:], ids[:, :-1] if mask is None else ids[:, :-1].masked_fill(~mask[:, 1:], -100))


def _padding_counts(logits: Tensor, ids: Tensor, mask: Tensor | None = None) -> Tensor:
    return _cross(logits[:, :-1], ids[:, 1:])


def _mean_of_texts(logits: Tensor, ids: Tensor, mask: Tensor | None = None) -> Tensor:
    real = torch.ones_like(ids).bool() if mask is None else mask
    rows = [
        _cross(logits[i : i + 1, :-1], ids[i : i + 1, 1:].masked_fill(~real[i : i + 1, 1:], -100)) for i in range(3)
    ]
    return torch.stack(rows).mean()


def _mask_not_shifted(logits: Tensor, ids: Tensor, mask: Tensor | None = None) -> Tensor:
    return _cross(logits[:, :-1], ids[:, 1:] if mask is None else ids[:, 1:].masked_fill(~mask[:, :-1], -100))


SEEDED_BUGS = tuple(
    (what, "next_token_loss", wrong, test_equals_gpt2s_own_loss_with_padding_and_without)
    for what, wrong in (
        ("labels not shifted", _unshifted),
        ("labels shifted the wrong way", _backwards),
        ("padding counts", _padding_counts),
        ("mean of the texts' means", _mean_of_texts),
        ("mask not shifted with the labels", _mask_not_shifted),
    )
)


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_every_seeded_bug_is_caught(bug: tuple[str, str, Any, Any], assert_caught: Any) -> None:
    assert_caught(language, bug)
