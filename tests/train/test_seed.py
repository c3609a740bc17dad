"""Every source of chance starts where it started last time."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from mmlearn.train import seed as module


def drawn(seed: int) -> list[Any]:
    generator = module.seed_everything(seed)
    return [
        random.random(),
        np.random.rand(),
        torch.rand(1).item(),
        torch.rand(1, generator=generator).item(),
        torch.nn.Linear(3, 2).weight.flatten().tolist(),
    ]


def test_the_same_seed_gives_the_same_of_everything_and_another_gives_another() -> None:
    first = drawn(7)
    assert drawn(7) == first
    assert all(a != b for a, b in zip(first, drawn(8), strict=True))


def test_the_generator_is_not_the_shared_one() -> None:
    generator = module.seed_everything(3)
    torch.rand(100)
    after = torch.rand(1, generator=generator)
    assert torch.equal(after, torch.rand(1, generator=module.seed_everything(3)))


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, True, "7", None])
def test_what_is_no_seed_is_refused(seed: Any) -> None:
    with pytest.raises(ValueError, match=r"expected a seed from 0 to 2\*\*32 - 1"):
        module.seed_everything(seed)


def test_the_ends_of_the_range_and_numpys_numbers_will_do() -> None:
    for seed in (0, 2**32 - 1, np.int64(5)):
        module.seed_everything(seed)


SAME, OWN = (
    test_the_same_seed_gives_the_same_of_everything_and_another_gives_another,
    test_the_generator_is_not_the_shared_one,
)
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("torch alone is seeded", "seed_everything", torch.manual_seed, SAME),
    ("the shared generator is handed out", "seed_everything",
     lambda seed: (random.seed(seed), np.random.seed(seed), torch.manual_seed(seed))[2], OWN),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)
