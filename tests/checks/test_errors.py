"""What an error message leaves unsaid: each of PyTorch's messages, as it is today, comes with its hint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from mmlearn.checks.errors import hint
from mmlearn.checks.exercise import Exercise
from mmlearn.checks.lesson_10_masking import MASKING, hide
from mmlearn.checks.run import Failure
from mmlearn.checks.verdict import judge
from mmlearn.checks.where import Place

SLIPS: tuple[tuple[Callable[[], Any], str], ...] = (
    (lambda: torch.rand(2, 5)[torch.zeros(2, 5)], "A mask that picks must be True/False: x[mask == 1]."),
    (lambda: torch.rand(2, 5, 3)[torch.tensor([4, 0])], "x[i] picks along axis 0 (pictures, in a batch)"),
    (
        lambda: F.cross_entropy(torch.rand(2, 5, 4), torch.zeros(2, 5).long(), reduction="none"),
        "cross_entropy wants the classes SECOND: logits.transpose(1, 2)",
    ),
    (lambda: torch.cat([torch.rand(2, 3, 4), torch.rand(1, 2, 4)], dim=1), "the pieces must be equally long"),
    (lambda: torch.rand(2, 5, 3) * torch.rand(2, 5), "[..., None] adds an axis of length 1 at the end"),
    (lambda: torch.zeros(3).long().masked_fill(torch.ones(3).bool(), float("inf")), "Infinity is no whole number"),
    (lambda: torch.rand(3).masked_fill(torch.ones(3), 0.0), "masked_fill wants True/False: mask == 1"),
    (
        lambda: torch.rand(2, 5, 3).gather(1, torch.zeros(2, 4).long()),
        "as many axes as the tensor, and as wide: order[:, :n, None].expand(-1, -1, D)",
    ),
)


@pytest.mark.parametrize(("slip", "says"), SLIPS, ids=[says for _, says in SLIPS])
def test_a_slip_with_tensors_comes_with_a_hint(slip: Callable[[], Any], says: str) -> None:
    with pytest.raises((RuntimeError, IndexError)) as error:
        slip()
    failure = Failure(type(error.value).__name__, str(error.value), Place(1), False)
    assert says in hint(failure), error.value


def test_an_index_beyond_the_end_keeps_its_first_hint() -> None:
    said = hint(Failure("IndexError", "list index out of range", Place(1), False))
    assert said == "Places are counted from 0, so the last one is the length less 1."


def test_an_unknown_message_has_no_hint() -> None:
    assert hint(Failure("RuntimeError", "nobody has seen this before", Place(1), False)) == ""


def _index_too_flat(tokens: Any, ratio: float, noise: Any) -> Any:
    kept, mask, restore, order = hide(tokens, ratio, noise)
    return tokens.gather(1, order[:, : kept.shape[1]]), mask, restore


def _own_noise(tokens: Any, ratio: float, noise: Any) -> Any:
    return hide(tokens, ratio, torch.rand_like(noise))[:3]


@pytest.mark.parametrize(
    ("exercise", "answer", "says"),
    [
        (MASKING, _index_too_flat, "gather wants an index with as many axes as the tensor"),
        (MASKING, _own_noise, "You draw noise of your own (torch.rand)"),
    ],
)
def test_a_learner_reads_it(exercise: Exercise, answer: Callable[..., Any], says: str) -> None:
    found = judge(exercise, answer)
    assert found.state == "tried" and says in found.text, found.text


def test_random_numbers_that_change_nothing_are_no_mistake() -> None:
    def answer(tokens: Any, ratio: float, noise: Any) -> Any:
        torch.rand(3)
        return hide(tokens, ratio, noise)[:3]

    assert judge(MASKING, answer).state == "right"
