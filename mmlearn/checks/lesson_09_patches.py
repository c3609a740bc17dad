"""The exercise of lesson 09 that cuts pictures into patches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.gradients import with_gradients

Generator = np.random.Generator
RIGHT = (0, 2, 4, 3, 5, 1)  # of (B, C, rows, P, columns, P): picture, row, column; inside: row, column, colour


def _split(images: Any, patch: int) -> Any:
    """(B, C, H, W) -> (B, C, rows, P, columns, P)."""
    b, c, h, w = images.shape
    return images.reshape(b, c, h // patch, patch, w // patch, patch)


def _moved(images: Any, patch: int, *order: int) -> Any:
    """The six axes in another order, the last three and the two of the grid joined."""
    return _split(images, patch).permute(*order).flatten(3).flatten(1, 2)


def _reshaped(images: Any, patch: int) -> Any:
    b, c, h, w = images.shape
    return images.reshape(b, (h // patch) * (w // patch), patch * patch * c)


def _strided(images: Any, patch: int) -> Any:
    b, c, h, w = images.shape
    split = images.reshape(b, c, patch, h // patch, patch, w // patch)
    return split.permute(0, 3, 5, 2, 4, 1).flatten(3).flatten(1, 2)


def _swapped_grid(images: Any, patch: int) -> Any:
    b, c, h, w = images.shape
    split = images.reshape(b, c, w // patch, patch, h // patch, patch)
    return split.permute(*RIGHT).flatten(3).flatten(1, 2)


def _unfolded(images: Any, patch: int, stride: int) -> Any:
    import torch.nn.functional as F

    return F.unfold(images, patch, stride=stride)  # (B, C P P, N)


def _colour_in_front(images: Any, patch: int) -> Any:
    b, c, _, _ = images.shape
    return _split(images, patch).transpose(3, 4).reshape(b, -1, patch * patch * c)


def _colour_last_unsplit(images: Any, patch: int) -> Any:
    b, c, _, _ = images.shape
    return images.permute(0, 2, 3, 1).reshape(b, -1, patch * patch * c)


def _square_grid(images: Any, patch: int) -> Any:
    b, c, h, _ = images.shape
    split = images.reshape(b, c, h // patch, patch, h // patch, patch)
    return split.permute(*RIGHT).flatten(3).flatten(1, 2)


def _true_division(images: Any, patch: int) -> Any:
    b, c, h, w = images.shape
    return images.reshape(b, c, h / patch, patch, w / patch, patch)


def _a_token_a_colour(images: Any, patch: int) -> Any:
    return _split(images, patch).permute(0, 1, 2, 4, 3, 5).flatten(4).flatten(1, 3)


def _grey(images: Any, patch: int) -> Any:
    return _split(images, patch).mean(1).permute(0, 1, 3, 2, 4).flatten(3).flatten(1, 2)


def _numbers(generator: Generator, *shape: int) -> Any:
    import torch

    return torch.from_numpy(generator.normal(size=shape)).float()


def _counted(generator: Generator) -> tuple[Any, int]:
    import torch

    return torch.arange(24.0).reshape(1, 1, 4, 6), 2


def _case(label: str, shape: tuple[int, ...], patch: int) -> Case:
    return Case(label, lambda generator: (_numbers(generator, *shape), patch))


def _cut(wrong: Callable[[Any, int], Any], says: str) -> Mistake:
    return Mistake(wrong, says)


PATCHES = Exercise(
    id="09.1",
    title="Cut into patches",
    reference="mmlearn.blocks.patches.patchify",
    cases=(
        Case("one grey picture of 4 x 6, its pixels counted, patches of 2", _counted),
        _case("two colour pictures of 6 x 9, patches of 3", (2, 3, 6, 9), 3),
        _case("three colour pictures of 8 x 8, patches of 4", (3, 3, 8, 8), 4),
        _case("a patch as large as the picture", (1, 3, 5, 5), 5),
        _case("a high picture of two channels", (2, 2, 12, 4), 2),
    ),
    mistakes=(
        _cut(
            _reshaped,
            "A reshape alone cuts the row of numbers anew: your patches are strips of one colour. Split the sides, "
            "then MOVE the axes (permute), then join.",
        ),
        _cut(
            _colour_in_front,
            "The colour axis still stands before the patches: a row mixes patches of one colour. It goes last, "
            "permute(0, 2, 4, 3, 5, 1), before you join.",
        ),
        _cut(
            _colour_last_unsplit,
            "Colour last is right, but the sides were never split: your rows are strips of pixels that run on along "
            "the line of the picture. Split H into (rows, P) and W into (columns, P) first.",
        ),
        _cut(
            _square_grid,
            "rows and columns are two numbers, H // P and W // P: one for both is right for square pictures only.",
        ),
        _cut(
            _true_division,
            "Did you divide with /? h / patch is a float; sides and counts are whole numbers, use //: h // patch. Else "
            "the message names the argument that cannot be taken.",
        ),
        _cut(
            lambda images, patch: _moved(images, patch, 0, 2, 4, 1, 3, 5),
            "Inside a patch yours runs colour, row, column (as F.unfold has it); row, column, colour is due: the "
            "colour's axis goes last.",
        ),
        _cut(
            lambda images, patch: _moved(images, patch, 0, 4, 2, 3, 5, 1),
            "You number the patches down the columns of the grid: the first row of patches comes first, left to right.",
        ),
        _cut(
            lambda images, patch: _moved(images, patch, 0, 2, 4, 5, 3, 1),
            "Inside each patch rows and columns have changed places: the patch lies on its side.",
        ),
        _cut(
            lambda images, patch: _moved(images, patch, 0, 4, 2, 1, 3, 5),
            "Two things: the patches are numbered down the columns, and inside a patch the colour comes first.",
        ),
        _cut(
            _strided,
            "Your patches take every so-manieth pixel, so each is a small copy of the whole picture. In "
            "H = rows * P the pixel inside the patch is the INNER axis: (rows, P), not (P, rows).",
        ),
        _cut(
            _swapped_grid,
            "Height and width are mixed up: H // P is the number of ROWS, W // P that of columns. Square pictures do "
            "not show it.",
        ),
        _cut(
            lambda images, patch: _split(images, patch).permute(*RIGHT).flatten(3),
            "The grid is still there, (B, rows, columns, ...): a sentence is one row, so join the two, flatten(1, 2).",
        ),
        _cut(
            lambda images, patch: _split(images, patch).permute(*RIGHT).flatten(1, 2),
            "The pixels of a patch still lie in a square: join row, column and colour, flatten(2).",
        ),
        _cut(
            lambda images, patch: _moved(images, patch, *RIGHT).flatten(0, 1),
            "The patches of all pictures lie in one heap: the batch axis must stay.",
        ),
        _cut(
            lambda images, patch: _moved(images, patch, *RIGHT).transpose(1, 2),
            "(B, numbers, patches): a token is a ROW, so swap the last two axes.",
        ),
        _cut(
            lambda images, patch: _unfolded(images, patch, patch),
            "F.unfold gives (B, numbers, patches), and with the colour first in each patch: two orders to mend.",
        ),
        _cut(
            lambda images, patch: _unfolded(images, patch, 1).transpose(1, 2),
            "Your patches overlap: the next one begins P pixels further, not one.",
        ),
        _cut(
            _a_token_a_colour,
            "Each colour has become a token of its own: a patch keeps its colours together, P * P * C numbers.",
        ),
        _cut(_grey, "The colours are averaged away: all C of them belong into the row."),
        _cut(
            lambda images, patch: _moved(images, patch, *RIGHT).detach(),
            "The values are right, but no gradient comes through: leave out .detach(), .data and .numpy().",
        ),
    ),
    use=with_gradients,
)
