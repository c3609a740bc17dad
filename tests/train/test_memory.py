"""Peak memory against tensors whose bytes are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from mmlearn.train import memory
from mmlearn.train.memory import peak_bytes

MB = 1_000_000


def ones(megabytes: float) -> torch.Tensor:
    return torch.ones(int(megabytes * MB / 4))


def test_what_is_alive_at_once_counts() -> None:
    x = ones(4)
    assert peak_bytes(lambda: x + 1) == pytest.approx(4 * MB, rel=0.01)
    assert peak_bytes(lambda: (x + 1) * 2) == pytest.approx(8 * MB, rel=0.01)
    assert peak_bytes(lambda: x.mul_(2)) == pytest.approx(0, abs=1000)


def test_what_was_given_back_counts_no_more() -> None:
    def call() -> torch.Tensor:
        first = ones(6)
        del first
        return ones(2)

    assert peak_bytes(call) == pytest.approx(6 * MB, rel=0.01)


def test_the_scores_of_attention_are_counted_to_the_byte() -> None:
    n, d = 256, 16
    q, k = torch.randn(2, n, d)
    found = peak_bytes(lambda: (q @ k.T).softmax(-1))
    assert 2 * 4 * n * n <= found < 2 * 4 * n * n + 1000  # scores and weights, four bytes a number


def test_the_profiler_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    peak_bytes(lambda: ones(1))
    assert capfd.readouterr() == ("", "")


def test_changes_are_summed_in_the_order_of_time() -> None:
    assert memory._highest([(3, 7), (1, 5), (2, -5)]) == 7
    assert memory._highest([(1, -4), (2, 3)]) == 0
    assert memory._highest([]) == 0


def test_a_result_in_place_of_a_function_is_refused() -> None:
    with pytest.raises(TypeError, match="got Tensor: write lambda"):
        peak_bytes(torch.ones(3))  # type: ignore[arg-type]


def all_that_was_asked_for(changes: list[tuple[int, int]]) -> int:
    return sum(change for _, change in changes if change > 0)


def what_is_left(changes: list[tuple[int, int]]) -> int:
    return sum(change for _, change in changes)


def largest_request(changes: list[tuple[int, int]]) -> int:
    return max(change for _, change in changes)


ALIVE, GIVEN = test_what_is_alive_at_once_counts, test_what_was_given_back_counts_no_more
SEEDED_BUGS: tuple[tuple[str, str, Any, Any], ...] = (
    ("all that was asked for", "_highest", all_that_was_asked_for, GIVEN),
    ("what is left at the end, not the most", "_highest", what_is_left, GIVEN),
    ("the largest single request", "_highest", largest_request, ALIVE),
)


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: tuple[str, str, Any, Any], assert_caught: Callable[..., None]) -> None:
    assert_caught(memory, bug)
