"""Values alone do not show a cut gradient: the check looks at both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmlearn.checks import Case, Exercise
from mmlearn.checks.gradients import with_gradients
from mmlearn.checks.verdict import judge

torch = pytest.importorskip("torch")


def attend(q: Any, k: Any, scale: float) -> Any:
    return torch.softmax(q @ k.T / scale, -1)


def _make(rng: np.random.Generator) -> tuple[Any, ...]:
    return torch.from_numpy(rng.random((2, 3))), torch.from_numpy(rng.random((4, 3))), 2.0


ATTEND = Exercise("99.1", "Attend", attend, (Case("2 by 4", _make),), (), use=with_gradients)


def test_right_in_value_and_gradient() -> None:
    assert judge(ATTEND, lambda q, k, scale: torch.softmax((k @ q.T).T / scale, 1)).state == "right"


def test_a_cut_gradient_is_wrong_though_the_value_is_right() -> None:
    text = judge(ATTEND, lambda q, k, scale: attend(q, k.detach(), scale)).text
    assert "['gradient of argument 2']: None where a torch tensor is due" in text
    assert "likely    No gradient comes through" in text


def test_a_wrong_gradient_is_wrong_though_the_value_is_right() -> None:
    def twice(q: Any, k: Any, scale: float) -> Any:
        out = attend(q, k, scale)
        return out * 2 - out.detach()

    assert "['gradient of argument 1']" in judge(ATTEND, twice).text


def test_no_gradient_at_all() -> None:
    text = judge(ATTEND, lambda q, k, scale: attend(q, k, scale).detach()).text
    assert "['gradient of argument 1']: None" in text


def test_a_result_that_is_no_tensor_is_compared_as_it_is() -> None:
    text = judge(ATTEND, lambda q, k, scale: attend(q, k, scale).detach().numpy()).text
    assert "['value']: a NumPy array where a torch tensor is due" in text
