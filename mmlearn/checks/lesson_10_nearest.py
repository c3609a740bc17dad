"""The exercise of lesson 10 on a guess without a network: copy the patch that is nearest of those seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.lesson_10_loss import as_tensor, hidden_ones

Generator = np.random.Generator


def nearest_visible(patches: Any, mask: Any, grid: tuple[int, int]) -> Any:
    """patches (B, N, D), mask (B, N) 1 hidden -> (B, N, D): hidden patches replaced by the nearest one seen."""
    return _copied(patches, mask, grid)


def _euclid(rows: Any, columns: Any) -> Any:
    return rows**2 + columns**2


def _copied(
    patches: Any,
    mask: Any,
    grid: tuple[int, int],
    *,
    distance: Callable[[Any, Any], Any] = _euclid,
    width: int | None = None,
    last: bool = False,
) -> Any:
    import torch

    place = torch.arange(patches.shape[1])
    row, column = place // (width or grid[1]), place % (width or grid[1])  # (N,) each
    far = distance(row[:, None] - row, column[:, None] - column).double()  # (N, N)
    far = far.masked_fill(mask[:, None, :] == 1, torch.inf)  # (B, N, N): hidden ones cannot be copied
    nearest = patches.shape[1] - 1 - far.flip(2).argmin(dim=2) if last else far.argmin(dim=2)  # (B, N)
    return patches.gather(1, nearest[..., None].expand_as(patches))


def _to_copy(b: int, grid: tuple[int, int], d: int, hidden: int) -> Callable[[Generator], tuple[Any, ...]]:
    def make(generator: Generator) -> tuple[Any, ...]:
        n = grid[0] * grid[1]
        return as_tensor(generator.normal(size=(b, n, d))), hidden_ones(generator, b, n, hidden), grid

    return make


def _row_of_five(_: Generator) -> tuple[Any, ...]:
    return as_tensor([[[1.0], [2.0], [3.0], [4.0], [5.0]]]), as_tensor([[0, 1, 1, 1, 0]]), (1, 5)


def _alike(patches: Any, mask: Any, grid: tuple[int, int]) -> Any:
    import torch

    far = torch.cdist(patches, patches).masked_fill(mask[:, None, :] == 1, torch.inf)  # (B, N, N)
    return patches.gather(1, far.argmin(dim=2)[..., None].expand_as(patches))


def _barred_rows(patches: Any, mask: Any, grid: tuple[int, int]) -> Any:
    import torch

    place = torch.arange(patches.shape[1])
    row, column = place // grid[1], place % grid[1]
    far = _euclid(row[:, None] - row, column[:, None] - column).double().expand(len(patches), -1, -1)
    far = far.masked_fill(mask[:, :, None] == 1, torch.inf)
    return patches.gather(1, far.argmin(dim=2)[..., None].expand_as(patches))


def _mean_of_seen(patches: Any, mask: Any, grid: tuple[int, int]) -> Any:
    seen = (1 - mask)[..., None]
    mean = (patches * seen).sum(dim=1, keepdim=True) / seen.sum(dim=1, keepdim=True)
    return patches * seen + mean * (1 - seen)


def _hidden_left_empty(patches: Any, mask: Any, grid: tuple[int, int]) -> Any:
    return patches * (1 - mask)[..., None]


def _distances(grid: tuple[int, int], *, whole: bool = True) -> Any:
    import torch

    place = torch.arange(grid[0] * grid[1])
    row, column = place // grid[1] if whole else place / grid[1], place % grid[1]
    return ((row[:, None] - row) ** 2 + (column[:, None] - column) ** 2).double()  # (N, N)


def _picked(patches: Any, far: Any) -> Any:
    return patches.gather(1, far.argmin(dim=2)[..., None].expand_as(patches))


def _times_infinity(patches: Any, mask: Any, grid: tuple[int, int]) -> Any:
    return _picked(patches, _distances(grid) + mask[:, None] * float("inf"))


def _fractional_rows(patches: Any, mask: Any, grid: tuple[int, int]) -> Any:
    import torch

    return _picked(patches, _distances(grid, whole=False).masked_fill(mask[:, None] == 1, torch.inf))


def _nearest_other(patches: Any, mask: Any, grid: tuple[int, int]) -> Any:
    import torch

    near = _picked(patches, _distances(grid).fill_diagonal_(torch.inf).expand(len(patches), -1, -1))
    return torch.where(mask[..., None] == 1, near, patches)


def _carried_on(patches: Any, mask: Any, grid: tuple[int, int]) -> Any:
    full = patches.clone()
    for i in range(1, patches.shape[1]):
        full[:, i] = full[:, i].where(mask[:, i, None] == 0, full[:, i - 1])
    return full


NEAREST = Exercise(
    id="10.4",
    title="A guess without a network",
    reference="mmlearn.checks.lesson_10_nearest.nearest_visible",
    cases=(
        Case("a row of five, three hidden", _row_of_five),
        Case("two pictures of 4 x 4 patches, 12 hidden", _to_copy(2, (4, 4), 3, 12)),
        Case("more columns than rows", _to_copy(3, (3, 5), 2, 11)),
        Case("more rows than columns, one patch seen", _to_copy(2, (6, 2), 2, 11)),
    ),
    mistakes=(
        Mistake(
            lambda patches, mask, grid: patches,
            "Nothing is hidden: every patch is its own nearest one. Rule the hidden ones out (infinitely far), or "
            "the baseline reads the answer off.",
        ),
        Mistake(
            _barred_rows,
            "You rule the hidden patches out on one axis and take argmin over the other. Rule them out on axis 2 and "
            "take argmin over axis 2 (or the same axis for both).",
        ),
        Mistake(
            lambda patches, mask, grid: _copied(patches, 1 - mask, grid),
            "You copy from the hidden patches: the mask is 1 where a patch is hidden, and those are to be ruled out.",
        ),
        Mistake(
            lambda patches, mask, grid: _copied(patches, mask, grid, width=patches.shape[1]),
            "Nearest in reading order is not nearest on the grid: the patch below is a whole row further on. Work out "
            "row and column of each place.",
        ),
        Mistake(
            lambda patches, mask, grid: _copied(patches, mask, grid, width=grid[0]),
            "Rows and columns are mixed up on an oblong grid: row = place // columns, column = place % columns.",
        ),
        Mistake(
            lambda patches, mask, grid: _copied(patches, mask, grid, distance=lambda r, c: r.abs() + c.abs()),
            "You add up the steps (city blocks); the distance is the straight one, rows^2 + columns^2.",
        ),
        Mistake(
            lambda patches, mask, grid: _copied(patches, mask, grid, distance=lambda r, c: r.abs().maximum(c.abs())),
            "You take the larger of the two steps; the distance is the straight one, rows^2 + columns^2.",
        ),
        Mistake(
            lambda patches, mask, grid: _copied(patches, mask, grid, last=True),
            "Of equally near patches you take the last; the first in reading order is due.",
        ),
        Mistake(
            lambda patches, mask, grid: _copied(patches, mask[:1].expand_as(mask), grid),
            "Every picture uses the mask of the first: each has its own.",
        ),
        Mistake(
            _alike,
            "You look for the visible patch with the most similar PIXELS, and for that you must know the hidden one. "
            "Only its place is known.",
        ),
        Mistake(
            _times_infinity,
            "mask * infinity is NaN where the mask is 0, and argmin takes the first NaN: masked_fill (or where) writes "
            "infinity at the hidden places alone.",
        ),
        Mistake(
            _fractional_rows, "The row is place // columns, a whole number; place / columns slips on within a row."
        ),
        Mistake(
            _nearest_other,
            "You copy the nearest OTHER patch, hidden or not: rule out the hidden ones, not the patch itself.",
        ),
        Mistake(
            _carried_on,
            "You carry the last seen patch on in reading order; the nearest on the grid may be above, below or ahead.",
        ),
        Mistake(_mean_of_seen, "Hidden patches get the mean of those seen: copy the one nearest on the grid."),
        Mistake(_hidden_left_empty, "Hidden patches are left at 0: copy the nearest visible one into them."),
    ),
)
