"""The sentences for arrays, other types and sizes that are not whole, and what passes without one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from mmlearn.blocks.require import require_tensor, require_type, require_vectors, require_whole

LAYER = nn.Linear(4, 3)


def test_tensors_pass_and_all_else_is_told_how_to_become_one() -> None:
    require_tensor(torch.ones(2), "x")
    require_tensor(nn.Parameter(torch.ones(2)), "x")
    for wrong, says in (
        (np.ones(2), r"expected x as a torch\.Tensor, got ndarray: torch\.tensor\(x\) makes one"),
        ([1, 2], "got list: torch"),
        (None, "got NoneType"),
        ((1, 2), r"got tuple: torch\.tensor"),
        ((torch.ones(2), torch.ones(2)), "got tuple: with return_weights=True a model gives two, take the first"),
    ):
        with pytest.raises(TypeError, match=says):
            require_tensor(wrong, "x")


def test_the_type_is_that_of_the_weights_but_under_autocast() -> None:
    require_type(torch.ones(2, 4), LAYER, "x")
    require_type(torch.ones(2, 4).double(), nn.Linear(4, 3).double(), "x")
    require_type(torch.ones(2, 4).long(), nn.ReLU(), "x")  # no weights, no type
    for wrong in (torch.ones(2, 4).double(), torch.ones(2, 4).long()):
        with pytest.raises(TypeError, match=rf"x of torch\.float32, as the weights are, got {wrong.dtype}: use x\.to"):
            require_type(wrong, LAYER, "x")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        require_type(torch.ones(2, 4).bfloat16(), LAYER, "x")
        with pytest.raises(TypeError, match=r"got torch\.int64"):
            require_type(torch.ones(2, 4).long(), LAYER, "x")


def test_vectors_have_three_axes_and_the_width() -> None:
    require_vectors(torch.ones(2, 5, 4), 4, LAYER, "x")
    for shape, says in (((5, 4), r"got \(5, 4\): .* x\[None\]"), ((2, 5, 3), "project it"), ((2, 1, 5, 4), "project")):
        with pytest.raises(ValueError, match=says):
            require_vectors(torch.ones(shape), 4, LAYER, "x")
    for wrong in (np.ones((2, 5, 4)), torch.ones(2, 5, 4).half()):
        with pytest.raises(TypeError, match="expected x"):
            require_vectors(wrong, 4, LAYER, "x")


def test_whole_numbers_of_numpy_and_torch_become_plain_ones() -> None:
    for number in (3, np.int64(3), torch.tensor(3)):
        assert type(found := require_whole(number, "depth", 1)) is int and found == 3
    assert require_whole(-2, "depth") == -2 and require_whole(1, "depth", 1) == 1


@pytest.mark.parametrize("wrong", [3.0, "3", None, True, np.float64(3), [3]])
def test_what_is_not_whole_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="expected depth as a whole number, got"):
        require_whole(wrong, "depth", 1)
    with pytest.raises(ValueError, match="expected depth of at least 1, got 0"):
        require_whole(0, "depth", 1)
