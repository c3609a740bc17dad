"""Broadcasting's gradient against torch's, over shapes of every kind."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmlearn.blocks.broadcast import unbroadcast

SHAPES = [
    ((3,), (4, 3)), ((4, 1), (4, 3)), ((1, 3), (4, 3)), ((1, 1), (4, 3)), ((), (4, 3)), ((4, 3), (4, 3)),
    ((3, 1), (2, 3, 4)), ((1,), (5,)), ((), ()), ((1,), (1, 1)), ((2, 1, 4), (2, 3, 4)), ((3,), (0, 3)),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "wide"), SHAPES, ids=str)
def test_it_is_torchs_gradient_of_expand(shape: tuple[int, ...], wide: tuple[int, ...]) -> None:
    gradient = np.random.default_rng(0).normal(size=wide)
    leaf = torch.zeros(shape, dtype=torch.float64, requires_grad=True)
    leaf.expand(wide).backward(torch.from_numpy(gradient))
    ours = unbroadcast(gradient, shape)
    assert ours.shape == shape
    np.testing.assert_allclose(ours, leaf.grad, atol=1e-12)


def test_the_given_gradient_stays_as_it_is() -> None:
    gradient = np.ones((4, 3))
    unbroadcast(gradient, (3,))
    assert gradient.tolist() == np.ones((4, 3)).tolist()


@pytest.mark.parametrize(("wide", "shape"), [((2, 3), (2,)), ((3,), (1, 3)), ((2, 3), (2, 2)), ((1, 3), (2, 3))])
def test_a_shape_that_does_not_broadcast_is_told(wide: tuple[int, ...], shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected a shape that broadcasts to"):
        unbroadcast(np.ones(wide), shape)
