"""Lesson 07's checks on answers that are right in another form, and on errors that say too little by themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from mmlearn.checks.exercise import Exercise
from mmlearn.checks.lesson_07_attention import ATTEND
from mmlearn.checks.lesson_07_heads import HEADS, _forward, make_layer
from mmlearn.checks.lesson_07_masks import MASKED
from mmlearn.checks.lesson_07_pointing import POINT
from mmlearn.checks.verdict import judge


def _scores(q: Any, k: Any) -> Any:
    return q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5


def _root_of_a_number(q: Any, k: Any, v: Any) -> Any:
    return (q @ k.transpose(-1, -2) / torch.sqrt(q.shape[-1])).softmax(-1) @ v


def _batches_alone(q: Any, k: Any, v: Any) -> Any:
    return torch.bmm((torch.bmm(q, k.transpose(-1, -2)) / q.shape[-1] ** 0.5).softmax(-1), v)


def _letters(q: Any, k: Any, v: Any) -> Any:
    return (torch.einsum("bnd,bmd->bnm", q, k) / q.shape[-1] ** 0.5).softmax(-1) @ v


def _if_mask(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    scores = _scores(q, k).masked_fill(~mask, -float("inf")) if mask else _scores(q, k)
    return scores.softmax(-1) @ v


def _nan_overwritten(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    scores = _scores(q, k)
    weights = (scores if mask is None else scores.masked_fill(~mask, -float("inf"))).softmax(-1)
    weights[weights.isnan()] = 0
    return weights @ v


def _either(self: Any, x: Any, context: Any, mask: Any) -> Any:
    return _forward(self, x, context or x, mask)


@pytest.mark.parametrize(
    ("exercise", "answer", "says"),
    [
        (ATTEND, _root_of_a_number, "For a plain number: ** 0.5"),
        (ATTEND, _batches_alone, "any number of leading axes: count from the end"),
        (ATTEND, _letters, "any number of leading axes: count from the end"),
        (MASKED, _if_mask, "`if x is not None` asks whether x was given"),
        (MASKED, _nan_overwritten, "make a new tensor, as masked_fill"),
    ],
)
def test_an_error_comes_with_a_hint(exercise: Exercise, answer: Callable[..., Any], says: str) -> None:
    found = judge(exercise, answer)
    assert found.state == "tried" and says in found.text, found.text


def test_context_or_x_is_told_what_or_asks() -> None:
    assert "`x or y` and `if x` cannot" in judge(HEADS, make_layer(_either)).text


def test_an_answer_may_write_into_what_is_its_own() -> None:
    def attend(q: Any, k: Any, v: Any) -> Any:
        scores = q @ k.transpose(-1, -2)
        scores /= q.shape[-1] ** 0.5
        return scores.softmax(-1) @ v

    assert judge(ATTEND, attend).state == "right"


def _row_and_column(weights: Any, columns: int) -> Any:
    return np.divmod(weights.argmax(axis=1), columns)


def test_whole_pixels_are_right_where_they_are_the_centre() -> None:
    def point(weights: Any, rows: int, columns: int, patch: int) -> Any:
        row, column = _row_and_column(weights, columns)
        return np.stack([column, row], axis=1) * patch + patch // 2

    assert judge(POINT, point).state == "right"


@pytest.mark.parametrize(("more", "says"), [(0, "upper left corner"), (1, "lower right corner")])
def test_whole_pixels_of_a_corner_are_named(more: int, says: str) -> None:
    def point(weights: Any, rows: int, columns: int, patch: int) -> Any:
        row, column = _row_and_column(weights, columns)
        return (np.stack([column, row], axis=1) + more) * patch

    assert says in judge(POINT, point).text
