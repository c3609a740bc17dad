"""Lesson 09's checks on slips written another way than in their lists: the same sentence, and none that misleads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from mmlearn.checks.exercise import Exercise
from mmlearn.checks.lesson_09_cost import COST
from mmlearn.checks.lesson_09_few import FEW
from mmlearn.checks.lesson_09_patches import PATCHES
from mmlearn.checks.lesson_09_rollout import ROLLOUT
from mmlearn.checks.lesson_09_tokens import TOKENS, to_sequence
from mmlearn.checks.lesson_09_vit import VIT, _way
from mmlearn.checks.verdict import judge


def _unfolded(images: Any, patch: int) -> Any:
    b, c = images.shape[:2]
    return images.unfold(2, patch, patch).unfold(3, patch, patch).reshape(b, -1, patch * patch * c)


def _other_type(images: Any, patch: int) -> Any:
    return images.reshape(len(images), "rows")


def _own_token(patches: Any, class_token: Any, positions: Any) -> Any:
    return torch.cat([torch.randn(1, 1, patches.shape[-1]).expand(len(patches), -1, -1), patches], dim=1) + positions


def _no_axis(patches: Any, class_token: Any, positions: Any) -> Any:
    return torch.cat([class_token.expand(len(patches), -1, -1), patches]) + positions


def _cut_then_chosen(labels: Any, rows: Any, k: int) -> Any:
    few = rows[:k]
    return np.concatenate([few[labels[few] == kind] for kind in np.unique(labels[few])])


def _no_brackets(side: int, patch: int, channels: int, width: int, depth: int, hidden: int, classes: int) -> int:
    n = (side // patch) ** 2
    t = n + 1
    blocks = depth * 4 * t * width**2 + 2 * t**2 * width + 2 * t * width * hidden
    return n * patch**2 * channels * width + blocks + width * classes


def _first_block_twice(weights: Any) -> Any:
    eye = torch.eye(weights.shape[-1])
    layers = [0.5 * layer + 0.5 * eye for layer in weights.mean(2).unbind(1)]
    rolled = layers[0]
    for layer in layers:
        rolled = layer @ rolled
    return rolled


@pytest.mark.parametrize(
    ("exercise", "answer", "says"),
    [
        (PATCHES, _unfolded, "The colour axis still stands before the patches"),
        (PATCHES, _other_type, "Else the message names the argument"),
        (TOKENS, _no_axis, "Tokens lie along dim=1"),
        (FEW, _cut_then_chosen, "choose the kind first, then [:k]"),
        (COST, _no_brackets, "brackets around all three"),
        (ROLLOUT, _first_block_twice, "The first layer is multiplied in twice"),
    ],
)
def test_a_slip_in_other_words_is_named(exercise: Exercise, answer: Callable[..., Any], says: str) -> None:
    found = judge(exercise, answer)
    assert found.state == "tried" and says in found.text, found.text


def test_a_class_token_of_ones_own_is_refused_without_a_guess() -> None:
    found = judge(TOKENS, _own_token)
    assert found.state == "tried" and "likely" not in found.text, found.text


def _transformer_alone(self: Any, images: Any) -> Any:
    return transformer(self.patch_embedding(images))  # type: ignore[name-defined]  # noqa: F821


def _misspelt(self: Any, images: Any) -> Any:
    return self.embedding(images)


def _two_arguments(self: Any, images: Any) -> Any:
    return self.head(to_sequence(self.patch_embedding(images), self.class_token)[:, 0])  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("forward", "says"),
    [
        (_transformer_alone, "its parts are self.head, self.transformer"),
        (_misspelt, "Its parts are patch_embedding, class_token, position_embedding"),
        (_two_arguments, "to_sequence takes three arguments, patches, class_token, positions"),
    ],
)
def test_a_slip_in_the_class_is_named(forward: Callable[..., Any], says: str) -> None:
    found = judge(VIT, _way(forward))
    assert found.state == "tried" and says in found.text, found.text
    assert "run the cells above" not in found.text
