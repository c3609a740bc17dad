"""Position vectors by a slow loop, what they are good for, and how a table of them is resized."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import ViTMAEConfig, ViTMAEModel

from mmlearn.blocks import positions as module
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


@pytest.mark.parametrize(("grid", "width"), [((1, 1), 4), ((3, 5), 12), ((7, 2), 8)])
def test_positions_of_a_grid_by_a_slow_loop(grid: tuple[int, int], width: int) -> None:
    found = module.sinusoidal_positions_2d(grid, width)
    quarter = width // 4
    assert found.shape == (grid[0] * grid[1], width) and found.dtype == torch.float32
    for row in range(grid[0]):
        for column in range(grid[1]):
            vector = found[row * grid[1] + column]
            for i in range(quarter):
                speed = 10000 ** (-i / quarter)
                angles = (column * speed, row * speed)
                expected = [turn(angle) for angle in angles for turn in (math.sin, math.cos)]
                assert [float(vector[part * quarter + i]) for part in range(4)] == pytest.approx(expected, abs=1e-6)


def test_positions_of_a_square_are_those_that_vit_mae_starts_with() -> None:
    for side, width in ((5, 12), (7, 4)):
        config = ViTMAEConfig(
            image_size=3 * side, patch_size=3, hidden_size=width,
            num_hidden_layers=1, num_attention_heads=1, intermediate_size=4,
        )  # fmt: skip
        embeddings = ViTMAEModel(config).embeddings
        embeddings.patch_embeddings.projection._is_hf_initialized = False  # else it takes them for loaded, and keeps 0
        embeddings.initialize_weights()
        table = embeddings.position_embeddings[0]
        torch.testing.assert_close(module.sinusoidal_positions_2d((side, side), width), table[1:], atol=1e-6, rtol=0)
        assert not table[0].any()


def resized_by_hand(table: Tensor, old: tuple[int, int], new: tuple[int, int]) -> Tensor:
    """Bicubic by its formula (Keys, a = -0.75), one axis after the other, the borders repeated."""

    def cubic(x: float) -> float:
        x = abs(x)
        if x <= 1:
            return 1.25 * x**3 - 2.25 * x**2 + 1
        return -0.75 * (x**3 - 5 * x**2 + 8 * x - 4) if x < 2 else 0.0

    def weights(before: int, after: int) -> Tensor:
        matrix = torch.zeros(after, before, dtype=torch.float64)
        for place in range(after):
            centre = (place + 0.5) * before / after - 0.5
            for near in range(math.floor(centre) - 1, math.floor(centre) + 3):
                matrix[place, min(max(near, 0), before - 1)] += cubic(centre - near)
        return matrix

    picture = table.double().unflatten(0, old)  # (rows, columns, D)
    return torch.einsum("ar,bc,rcd->abd", weights(old[0], new[0]), weights(old[1], new[1]), picture).flatten(0, 1)


GRIDS = (((4, 4), (7, 5)), ((3, 5), (2, 9)), ((5, 3), (3, 5)), ((6, 6), (3, 3)), ((1, 2), (1, 4)), ((2, 2), (1, 1)))


def test_interpolated_positions_by_hand() -> None:
    for old, new in GRIDS:
        table = torch.randn(old[0] * old[1], 6, generator=torch.Generator().manual_seed(0))
        found = module.interpolate_positions(table, old, new)
        assert found.shape == (new[0] * new[1], 6) and found.dtype == torch.float32
        torch.testing.assert_close(found.double(), resized_by_hand(table, old, new), atol=1e-5, rtol=0)
        assert torch.equal(module.interpolate_positions(table, old, old), table)


def test_gradients_reach_every_interpolated_position() -> None:
    table = torch.randn(6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    assert torch.autograd.gradcheck(lambda t: module.interpolate_positions(t, (2, 3), (3, 4)), table)


def test_what_is_no_grid_or_table_is_refused() -> None:
    for width in (0, 2, 6, 7, -4):
        with pytest.raises(ValueError, match=f"width that is a multiple of 4 .* got {width}"):
            module.sinusoidal_positions_2d((2, 2), width)
    with pytest.raises(ValueError, match="each side of grid of at least 1, got 0"):
        module.sinusoidal_positions_2d((2, 0), 4)
    with pytest.raises(TypeError, match="expected grid as a pair"):
        module.sinusoidal_positions_2d(4, 4)  # type: ignore[arg-type]
    table = torch.zeros(16, 4)
    for wrong, error, says in (
        (table.numpy(), TypeError, "table as a torch.Tensor, got ndarray"),
        (table.long(), TypeError, "table of floats, got torch.int64"),
        (table[None], ValueError, r"4 x 4 = 16 rows, .*: leave out the batch axis, table\[0\]"),
        (torch.zeros(17, 4), ValueError, r"the class token has no place in the picture, pass table\[1:\]"),
        (torch.zeros(15, 4), ValueError, r"4 x 4 = 16 rows, \(N, D\), got \(15, 4\)$"),
    ):
        with pytest.raises(error, match=says):
            module.interpolate_positions(wrong, (4, 4), (2, 2))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected new_grid as a pair"):
        module.interpolate_positions(table, (4, 4), 2)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected old_grid as a pair"):
        module.interpolate_positions(table, 4, (2, 2))  # type: ignore[arg-type]


PLAIN, SINES = module.interpolate_positions, module.sinusoidal_positions_2d


def resize_by(**options: Any) -> Any:
    def resized(table: Tensor, old: Any, new: Any) -> Tensor:
        return F.interpolate(table.T.reshape(1, -1, *old), size=new, **options)[0].flatten(1).T

    return resized


def untransposed(table: Tensor, old: Any, new: Any) -> Tensor:
    """A plain reshape to (1, D, rows, columns), which mixes the numbers of neighbours."""
    resized = F.interpolate(table.reshape(1, -1, *old), size=new, mode="bicubic", align_corners=False)
    return resized.reshape(new[0] * new[1], -1)


def in_turn(grid: tuple[int, int], width: int) -> Tensor:
    """Sine and cosine in turn, as `sinusoidal_positions` has them."""
    one = [module.sinusoidal_positions(side, width // 2) for side in grid]
    return torch.cat([one[1].repeat(grid[0], 1), one[0].repeat_interleave(grid[1], 0)], dim=1)


def speeds_of_the_whole(grid: tuple[int, int], width: int) -> Tensor:
    return SINES(grid, 2 * width).unflatten(1, (4, -1))[..., : width // 4].flatten(1)


def on_a_grid() -> None:
    test_positions_of_a_grid_by_a_slow_loop((3, 5), 12)


HAND = test_interpolated_positions_by_hand
MAE = test_positions_of_a_square_are_those_that_vit_mae_starts_with
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("rows before columns", "sinusoidal_positions_2d",
     lambda grid, width: SINES(grid, width).roll(width // 2, 1), MAE),
    ("sines and cosines in turn", "sinusoidal_positions_2d", in_turn, MAE),
    ("the speeds of the whole width", "sinusoidal_positions_2d", speeds_of_the_whole, on_a_grid),
    ("the grid column by column", "sinusoidal_positions_2d",
     lambda grid, width: SINES(grid, width).unflatten(0, grid).transpose(0, 1).flatten(0, 1), on_a_grid),
    ("bilinear", "interpolate_positions", resize_by(mode="bilinear", align_corners=False), HAND),
    ("corners aligned", "interpolate_positions", resize_by(mode="bicubic", align_corners=True), HAND),
    ("the nearest", "interpolate_positions", resize_by(mode="nearest"), HAND),
    ("a reshape for a transpose", "interpolate_positions", untransposed, HAND),
    ("rows and columns swapped", "interpolate_positions", lambda t, old, new: PLAIN(t, old, new[::-1]), HAND),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)


def test_far_positions_of_a_grid_are_worked_out_in_float64() -> None:
    speeds = 10000.0 ** (-torch.arange(16, dtype=torch.float64) / 16)
    far = module.sinusoidal_positions_2d((2000, 1), 64)[-1, 32:48].double()
    torch.testing.assert_close(far, (1999 * speeds).sin(), atol=1e-6, rtol=0)


def test_on_the_same_grid_the_table_itself_comes_back() -> None:
    table = torch.randn(6, 4)
    assert module.interpolate_positions(table, (2, 3), (2, 3)) is table
