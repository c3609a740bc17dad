"""Position vectors by a slow loop, and what they are good for."""

from __future__ import annotations

import math

import pytest
import torch

from mmlearn.blocks.positions import sinusoidal_positions


@pytest.mark.parametrize(("length", "width"), [(0, 4), (1, 2), (7, 10), (300, 6)])
def test_positions_by_a_slow_loop(length: int, width: int) -> None:
    found = sinusoidal_positions(length, width)
    assert found.shape == (length, width) and found.dtype == torch.float32
    for t in range(length):
        for i in range(0, width, 2):
            angle = t / 10000 ** (i / width)
            assert float(found[t, i]) == pytest.approx(math.sin(angle), abs=1e-6)
            assert float(found[t, i + 1]) == pytest.approx(math.cos(angle), abs=1e-6)


def test_a_step_is_the_same_rotation_from_everywhere() -> None:
    positions = sinusoidal_positions(50, 8)
    products = positions @ positions.T  # depends on the distance alone
    for step in (0, 1, 7):
        diagonal = products.diagonal(step)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal))
    assert float(products.diagonal(1)[0]) < float(products.diagonal(0)[0])


@pytest.mark.parametrize(("length", "width"), [(-1, 4), (3, 5), (3, 0)])
def test_positions_refuse_an_odd_width(length: int, width: int) -> None:
    with pytest.raises(ValueError, match=f"even width .* got {length}, {width}"):
        sinusoidal_positions(length, width)
