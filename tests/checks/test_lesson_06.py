"""Errors that lesson 06's learners meet, told in words that help."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmlearn.checks.find import find
from mmlearn.checks.verdict import judge


def labels_first(model: Any, batches: Any, optimiser: Any, clip: float) -> Any:
    losses = []
    for x, y in batches:
        loss = F.cross_entropy(y, model(x))
        losses.append(loss.item())
    return losses


@torch.no_grad()
def under_no_grad(model: Any, batches: Any, optimiser: Any, clip: float) -> Any:
    for x, y in batches:
        F.cross_entropy(model(x), y).backward()  # type: ignore[no-untyped-call]


def pairs_taken_for_nodes(end: Any) -> None:
    end.grad = np.ones_like(end.data)
    for parent in end.parents:
        parent.grad = parent.grad + end.grad


@pytest.mark.parametrize(
    ("exercise", "answer", "says"),
    [
        ("06.4", labels_first, "logits first, then labels"),
        ("06.4", under_no_grad, "is it under no_grad"),
        ("06.2", pairs_taken_for_nodes, "unpack it first"),
    ],
)
def test_an_error_gets_a_hint(exercise: str, answer: Callable[..., Any], says: str) -> None:
    found = judge(find(exercise), answer)
    assert found.state == "tried"
    assert says in found.text, found.text


def test_a_detached_loss_is_not_said_to_keep_the_graph_for_sure() -> None:
    def train(model: Any, batches: Any, optimiser: Any, clip: float) -> Any:
        losses = []
        for x, y in batches:
            loss = F.cross_entropy(model(x), y)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimiser.step()
            losses.append(loss.detach())
        return losses

    assert "unless detached" in judge(find("06.4"), train).text


@pytest.mark.filterwarnings("error")
def test_half_precision_is_named_without_a_warning() -> None:
    def to_tensor(images: Any) -> Any:
        return (torch.from_numpy(images.transpose(0, 3, 1, 2).copy()).float() / 127.5 - 1).half()

    assert "float16 keeps about three digits" in judge(find("06.5"), to_tensor).text
