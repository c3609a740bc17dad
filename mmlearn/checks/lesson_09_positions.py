"""The exercise of lesson 09 that stretches a table of positions to another grid."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.gradients import with_gradients

Generator = np.random.Generator
Grid = tuple[int, int]


def _stretched(picture: Any, new: Grid, **way: Any) -> Any:
    """(1, D, rows, columns) -> (1, D, rows', columns')."""
    import torch.nn.functional as F

    settings: dict[str, Any] = {"mode": "bicubic", "align_corners": False} | way
    return F.interpolate(picture, size=new, **settings)


def _as_picture(table: Any, grid: Grid) -> Any:
    return table.T.reshape(1, -1, *grid)  # (1, D, rows, columns)


def _right(table: Any, old: Grid, new: Grid, **way: Any) -> Any:
    return _stretched(_as_picture(table, old), new, **way)[0].flatten(1).T  # (rows' columns', D)


def _not_moved(table: Any, old: Grid, new: Grid) -> Any:
    return _stretched(table.reshape(1, -1, *old), new)[0].flatten(1).T


def _not_moved_back(table: Any, old: Grid, new: Grid) -> Any:
    return _stretched(_as_picture(table, old), new).reshape(-1, table.shape[1])


def _never_moved(table: Any, old: Grid, new: Grid) -> Any:
    return _stretched(table.reshape(1, -1, *old), new).reshape(-1, table.shape[1])


def _columns_first(table: Any, old: Grid, new: Grid) -> Any:
    return _stretched(_as_picture(table, old), new)[0].transpose(1, 2).flatten(1).T


def _one_line(table: Any, old: Grid, new: Grid) -> Any:
    import torch.nn.functional as F

    return F.interpolate(table.T[None], size=new[0] * new[1], mode="linear")[0].T


def _cut_or_repeated(table: Any, old: Grid, new: Grid) -> Any:
    import torch

    return table[torch.arange(new[0] * new[1]) % len(table)]


def _square(table: Any, old: Grid, new: Grid) -> Any:
    side = int(len(table) ** 0.5)
    return _right(table, (side, side), new)


def _table(generator: Generator, old: Grid, new: Grid, d: int) -> tuple[Any, Grid, Grid]:
    import torch

    return torch.from_numpy(generator.normal(size=(old[0] * old[1], d))).float(), old, new


def _case(label: str, old: Grid, new: Grid, d: int = 5) -> Case:
    return Case(label, lambda generator: _table(generator, old, new, d))


POSITIONS = Exercise(
    id="09.4",
    title="Positions for another size",
    reference="mmlearn.blocks.positions.interpolate_positions",
    cases=(
        _case("from 4 x 4 to 6 x 6", (4, 4), (6, 6)),
        _case("from 4 x 4 to a wide grid of 3 x 7", (4, 4), (3, 7)),
        _case("from 3 x 5 to 5 x 4", (3, 5), (5, 4), 6),
        _case("from 6 x 6 down to 3 x 3", (6, 6), (3, 3), 4),
    ),
    mistakes=(
        Mistake(
            lambda table, old_grid, new_grid: _right(table, old_grid, new_grid, mode="bilinear"),
            "That is bilinear interpolation; bicubic is asked for (the library's choice, and a smoother one).",
        ),
        Mistake(
            lambda table, old_grid, new_grid: _right(table, old_grid, new_grid, mode="nearest", align_corners=None),
            "You copy the nearest position (the default mode): then neighbours share one. mode='bicubic' is due.",
        ),
        Mistake(
            lambda table, old_grid, new_grid: _right(table, old_grid, new_grid, align_corners=True),
            "align_corners=True pins the outermost CENTRES to each other; here the grids' edges lie on each other: "
            "align_corners=False.",
        ),
        Mistake(
            lambda table, old_grid, new_grid: _right(table, old_grid, new_grid, antialias=True),
            "antialias=True smooths as well: leave it out.",
        ),
        Mistake(
            _not_moved,
            "reshape(1, D, rows, columns) cuts the table into shreds: the D numbers of a place lie in a ROW. Move "
            "them to the front first: table.T.reshape(1, D, rows, columns).",
        ),
        Mistake(
            _not_moved_back,
            "The way there is right; on the way back the axes must be moved again: (1, D, rows, columns) -> "
            "(rows * columns, D) wants flatten(2) and a transpose, not a reshape.",
        ),
        Mistake(
            _never_moved,
            "You reshape there and back and never move an axis: make D the channels, (1, D, rows, columns), and bring "
            "it back to the end.",
        ),
        Mistake(
            lambda table, old_grid, new_grid: _right(table, old_grid[::-1], new_grid),
            "Rows and columns of the OLD grid have changed places: square grids do not show it.",
        ),
        Mistake(
            lambda table, old_grid, new_grid: _right(table, old_grid, new_grid[::-1]),
            "Rows and columns of the NEW grid have changed places: size=new_grid is (rows, columns) already.",
        ),
        Mistake(
            _columns_first,
            "The values are right, but numbered down the columns: the first row of places comes first.",
        ),
        Mistake(
            _one_line,
            "You stretch the table as one long line: then the end of a row runs into the beginning of the next. Lay it "
            "out as a grid first.",
        ),
        Mistake(
            _cut_or_repeated,
            "You cut the table off (or begin it anew): place 7 of a wide grid lies elsewhere than place 7 of the old "
            "one. Stretch the grid.",
        ),
        Mistake(
            _square,
            "You take the old grid for square, int(N ** 0.5): it is handed over as old_grid.",
        ),
        Mistake(
            lambda table, old_grid, new_grid: _right(table, old_grid, new_grid)[None],
            "There is still a batch axis in front: (rows * columns, D) is due.",
        ),
        Mistake(
            lambda table, old_grid, new_grid: _right(table, old_grid, new_grid).T,
            "(D, places): a position is a ROW, so transpose at the end.",
        ),
        Mistake(
            lambda table, old_grid, new_grid: _right(table.detach(), old_grid, new_grid),
            "The values are right, but fine-tuning could not reach the table: leave out .detach(), .data and .numpy().",
        ),
    ),
    use=with_gradients,
)
