"""The reason for a NaN: each likely cause is told from the others."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from mmlearn.train import stop as module
from mmlearn.train.history import History

CALM = History([1.0, 0.9, 0.8], [0.1] * 3, [1.0, 1.1, 0.9])
WILD = History([1.0, 0.9, 5e4], [0.1] * 3, [1.0, 1.1, 9e9])
SLY = History([1.0, 0.9, 0.8], [0.1] * 3, [1.0, 1.1, 9e9])  # the loss is calm still, the gradient is not
GOOD = (torch.zeros(2), torch.zeros(2, dtype=torch.int64))


def broken() -> nn.Module:
    model = nn.Linear(1, 1)
    with torch.no_grad():
        model.bias.fill_(math.nan)
    return model


CASES: list[tuple[str, float, History, nn.Module, Any]] = [
    ("the batch itself holds NaN", math.nan, CALM, nn.Linear(1, 1), (GOOD[1], [{"x": torch.tensor([0.0, math.inf])}])),
    ("the weights bias hold NaN or infinity before training began", math.nan, History(), broken(), GOOD),
    ("the weights bias hold NaN or infinity after the last update", math.nan, WILD, broken(), GOOD),
    ("the loss is finite but its gradient is not", 0.5, CALM, nn.Linear(1, 1), GOOD),
    ("no update was made yet", math.nan, History(), nn.Linear(1, 1), GOOD),
    ("training blew up before it broke: take a smaller learning rate", math.inf, WILD, nn.Linear(1, 1), GOOD),
    ("training blew up", math.nan, SLY, nn.Linear(1, 1), GOOD),
    ("a batch that meets a log of 0", math.nan, CALM, nn.Linear(1, 1), GOOD),
]


def test_every_likely_cause_is_told() -> None:
    for cause, loss, history, model, batch in CASES:
        text = module.why_not_finite(loss, 123.4, 0.1, history, model, batch)
        assert cause in text.partition("Likely cause: ")[2], text
        assert f"step {history.step}: loss {loss}" in text and "learning rate 0.1" in text and "norm 123" in text
        assert text.endswith("The model keeps the weights from before this step.")


def test_the_step_before_is_shown_where_there_was_one() -> None:
    assert "(the step before: 0.9)" in module.why_not_finite(math.nan, 1.0, 0.1, CALM, nn.Linear(1, 1), GOOD)
    assert "before:" not in module.why_not_finite(math.nan, 1.0, 0.1, History(), nn.Linear(1, 1), GOOD)


def test_the_rate_is_told_in_three_digits_and_a_rise_against_the_best_step() -> None:
    assert "learning rate 0.0123," in module.why_not_finite(math.nan, 1.0, 0.01234, CALM, nn.Linear(1, 1), GOOD)
    risen = History([1.0, 4.0, 3.0], [0.1] * 3, [1.0] * 3)  # three times the best, and below the worst
    assert "training blew up" in module.why_not_finite(math.nan, 1.0, 0.1, risen, nn.Linear(1, 1), GOOD)


def test_nothing_but_floats_can_be_infinite() -> None:
    assert not module.not_finite(torch.tensor([True, False])) and not module.not_finite(torch.zeros(0))
    assert module.not_finite(torch.tensor([math.nan])) and module.not_finite(torch.tensor([-math.inf]))


SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("nested batches are not looked into", "tensors_in",
     lambda batch: (part for part in batch if isinstance(part, torch.Tensor)), test_every_likely_cause_is_told),
    ("infinity is not seen", "not_finite", lambda tensor: bool(tensor.isnan().any()), test_every_likely_cause_is_told),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)
