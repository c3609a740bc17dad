"""The cosine schedule against torch's and transformers', step by step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR

from mmlearn.train import schedule as module


def rates(make: Callable[[torch.optim.Optimizer], Any], steps: int) -> list[float]:
    """The learning rate that a library's schedule sets for each step, of a base rate 1."""
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs, found = make(optimiser), []
    for _ in range(steps + 1):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        theirs.step()
    return found


def test_equal_to_transformers_with_warmup() -> None:
    from transformers import get_cosine_schedule_with_warmup, get_cosine_with_min_lr_schedule_with_warmup

    for steps, warmup in [(10, 0), (10, 3), (7, 6), (1, 0)]:
        ours = module.cosine(steps, warmup)
        expected = rates(lambda o, w=warmup, s=steps: get_cosine_schedule_with_warmup(o, w, s), steps)
        assert [ours(step) for step in range(steps + 1)] == pytest.approx(expected, abs=1e-12)
    ours = module.cosine(12, 4, last=0.1)
    expected = rates(lambda o: get_cosine_with_min_lr_schedule_with_warmup(o, 4, 12, min_lr_rate=0.1), 12)
    assert [ours(step) for step in range(4, 13)] == pytest.approx(expected[4:], abs=1e-12)


def test_equal_to_torch_without_warmup() -> None:
    for steps, last in [(10, 0.0), (9, 0.25), (4, 1.0)]:
        ours = module.cosine(steps, last=last)
        expected = rates(lambda o, s=steps, e=last: CosineAnnealingLR(o, s, eta_min=e), steps)
        assert [ours(step) for step in range(steps + 1)] == pytest.approx(expected, abs=1e-12)


def test_begins_at_nothing_peaks_after_warmup_and_rests_at_the_end() -> None:
    ours = module.cosine(20, warmup=5, last=0.2)
    assert ours(0) == 0 and ours(5) == 1
    climb, fall = [ours(step) for step in range(6)], [ours(step) for step in range(5, 21)]
    assert climb == sorted(climb) and fall == sorted(fall, reverse=True)
    assert [ours(step) for step in (20, 21, 99)] == pytest.approx([0.2] * 3)


def test_values_outside_their_ranges_are_refused() -> None:
    for steps, warmup in [(0, 0), (-3, 0), (5, 5), (5, -1)]:
        with pytest.raises(ValueError, match="expected steps of 1 or more and a warmup from 0 to steps - 1"):
            module.cosine(steps, warmup)
    for last in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="last from 0 to 1"):
            module.cosine(5, last=last)


COSINE = module.cosine
HF, TORCH, REST = (
    test_equal_to_transformers_with_warmup,
    test_equal_to_torch_without_warmup,
    test_begins_at_nothing_peaks_after_warmup_and_rests_at_the_end,
)
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("the cosine begins at step 0, not after the warmup", "cosine",
     lambda steps, warmup=0, last=0.0: lambda step: min(step / max(warmup, 1), COSINE(steps, 0, last)(step)), HF),
    ("the warmup counts from 1", "cosine",
     lambda steps, warmup=0, last=0.0:
     lambda step: (step + 1) / warmup if step < warmup else COSINE(steps, warmup, last)(step), HF),
    ("a whole wave, not half of one", "cosine",
     lambda steps, warmup=0, last=0.0: lambda step: (1 + math.cos(2 * math.pi * step / steps)) / 2, TORCH),
    ("no floor under the cosine", "cosine",
     lambda steps, warmup=0, last=0.0: COSINE(steps, warmup), TORCH),
    ("climbs again after the end", "cosine",
     lambda steps, warmup=0, last=0.0:
     lambda step: COSINE(steps, warmup, last)(2 * steps - step if step > steps else step), REST),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)
