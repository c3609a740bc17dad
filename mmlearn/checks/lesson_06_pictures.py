"""The exercises of lesson 06 on pictures as tensors and on augmentation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.compare import difference
from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.types import UInt8Array

Generator = np.random.Generator


# 06.5 · pictures to tensors


def _pictures(n: int, h: int, w: int) -> Callable[[Generator], tuple[UInt8Array]]:
    return lambda generator: (generator.integers(0, 256, (n, h, w, 3)).astype(np.uint8),)


def _one_red_row(generator: Generator) -> tuple[UInt8Array]:
    picture = np.zeros((1, 2, 2, 3), dtype=np.uint8)
    picture[0, 0, :, 0] = 255
    return (picture,)


def _first(images: UInt8Array) -> Any:
    """The right tensor, levels 0 to 255."""
    import torch

    return torch.from_numpy(images.transpose(0, 3, 1, 2).copy()).float()


def _reshaped(images: UInt8Array) -> Any:
    import torch

    n, h, w, c = images.shape
    return torch.from_numpy(images.reshape(n, c, h, w)).float() / 127.5 - 1


def _whole_numbers_wrap(images: UInt8Array) -> Any:
    import torch

    wrapped = images * np.uint8(2) - np.uint8(255)  # uint8 wraps round at 256
    return torch.from_numpy(wrapped.transpose(0, 3, 1, 2).copy()).float() / 255


def _floor(images: UInt8Array) -> Any:
    return (_first(images) // 255) * 2 - 1


def _own_statistics(images: UInt8Array) -> Any:
    pixels = _first(images)
    return (pixels - pixels.mean()) / pixels.std()


def _float32(got: Any, expected: Any) -> str | None:
    """As `difference`, but float64 is wrong here: a network's weights are float32."""
    found = difference(got, expected)
    if found is not None:
        return found.says
    return None if got.dtype == expected.dtype else f"{got.dtype} where {expected.dtype} is due"


TO_TENSOR = Exercise(
    id="06.5",
    title="Pictures to tensors",
    reference="mmlearn.encode.tensors.to_tensor",
    cases=(
        Case("one picture of 2 x 2, its upper row red", _one_red_row),
        Case("three pictures of 5 x 4", _pictures(3, 5, 4)),
        Case("a square picture", _pictures(1, 6, 6)),
    ),
    mistakes=(
        Mistake(
            _reshaped,
            "The shape is right, but the picture is in shreds: reshape only cuts the row of numbers anew. "
            "Move the axis: transpose(0, 3, 1, 2).",
        ),
        Mistake(
            lambda images: _first(images).transpose(2, 3) / 127.5 - 1,
            "Rows and columns have changed places: (N, C, H, W) is due, H before W.",
        ),
        Mistake(
            lambda images: _first(images).permute(0, 2, 3, 1) / 127.5 - 1,
            "The channels are still last: networks want them right after the batch axis.",
        ),
        Mistake(lambda images: _first(images), "Your numbers still run from 0 to 255: divide by 255 first."),
        Mistake(
            lambda images: _first(images) / 255,
            "Black is 0 and white 1 in yours; -1 and 1 are due: subtract 0.5, then divide by 0.5.",
        ),
        Mistake(lambda images: _first(images) / 255 - 0.5, "You subtract 0.5 but do not divide by 0.5."),
        Mistake(
            lambda images: _first(images).flip(1) / 127.5 - 1,
            "Red and blue have changed places: these pictures are RGB already.",
        ),
        Mistake(
            _whole_numbers_wrap,
            "You compute in uint8, which wraps round at 256: make floats first, then subtract.",
        ),
        Mistake(_floor, "Division by // throws away all grey levels: use / on floats."),
        Mistake(
            _own_statistics,
            "Your scale depends on the batch: the same picture would become another tensor beside other pictures.",
        ),
        Mistake(
            lambda images: _first(images).double() / 127.5 - 1,
            "float64: the network's weights are float32, and the two do not mix. Use .float().",
        ),
        Mistake(
            lambda images: (_first(images) / 127.5 - 1).half(),
            "float16 keeps about three digits, and the network's weights are float32: use .float().",
        ),
        Mistake(
            lambda images: np.float32(images.transpose(0, 3, 1, 2) / 127.5 - 1),
            "The numbers are right, but in a NumPy array: torch.from_numpy makes a tensor.",
        ),
    ),
    compare=_float32,
)


# 06.7 · shift and flip


def shift_and_flip(images: Any, down: Any, right: Any, mirror: Any) -> Any:
    """The course's answer to 06.7: mirror where told, then move by whole pixels; what becomes free is white, 1."""
    import torch

    moved = torch.ones_like(images)
    height, width = images.shape[2:]
    for i, (dy, dx) in enumerate(zip(down.tolist(), right.tolist(), strict=True)):
        picture = images[i].flip(2) if mirror[i] else images[i]  # (C, H, W)
        seen = picture[:, max(0, -dy) : height - max(0, dy), max(0, -dx) : width - max(0, dx)]
        moved[i, :, max(0, dy) : height + min(0, dy), max(0, dx) : width + min(0, dx)] = seen
    return moved


def _moves(b: int, h: int, w: int, largest: int, flips: bool) -> Callable[[Generator], tuple[Any, ...]]:
    """Pictures with a step each, all steps different in kind: down and left, up and right ..."""

    def make(generator: Generator) -> tuple[Any, ...]:
        import torch

        images = torch.from_numpy(generator.uniform(-1, 0.9, size=(b, 3, h, w)))
        down, right = (torch.from_numpy(generator.integers(1, largest + 1, b)) for _ in range(2))
        signs = torch.tensor([1, -1, 1, -1])[:b], torch.tensor([-1, -1, 1, 1])[:b]
        mirror = torch.arange(b) % 2 == 1 if flips else torch.zeros(b, dtype=torch.bool)
        return images, down * signs[0], right * signs[1], mirror

    return make


def _stay(generator: Generator) -> tuple[Any, ...]:
    import torch

    images = torch.from_numpy(generator.uniform(-1, 0.9, size=(2, 3, 4, 5)))
    return images, torch.zeros(2, dtype=torch.int64), torch.zeros(2, dtype=torch.int64), torch.tensor([False, True])


def _and_what_is_left(answer: Callable[..., Any], images: Any, *rest: Any) -> dict[str, Any]:
    """The result, and the pictures that were handed over: these must not change."""
    return {"result": answer(images, *rest), "the given pictures afterwards": images}


def _rolled(images: Any, down: Any, right: Any, mirror: Any) -> Any:
    import torch

    turned = torch.where(mirror[:, None, None, None], images.flip(3), images)
    steps = zip(turned, down.tolist(), right.tolist(), strict=True)
    return torch.stack([picture.roll((dy, dx), (1, 2)) for picture, dy, dx in steps])


def _flip_last(images: Any, down: Any, right: Any, mirror: Any) -> Any:
    import torch

    moved = shift_and_flip(images, down, right, torch.zeros_like(mirror))
    return torch.where(mirror[:, None, None, None], moved.flip(3), moved)


def _in_place(images: Any, down: Any, right: Any, mirror: Any) -> Any:
    images[:] = shift_and_flip(images, down, right, mirror)
    return images


def _grey_border(images: Any, down: Any, right: Any, mirror: Any) -> Any:
    import torch

    free = shift_and_flip(torch.zeros_like(images), down, right, mirror) == 1
    return shift_and_flip(images, down, right, mirror).masked_fill(free, 0.0)


def _upside_down(images: Any, down: Any, right: Any, mirror: Any) -> Any:
    import torch

    turned = torch.where(mirror[:, None, None, None], images.flip(2), images)
    return shift_and_flip(turned, down, right, torch.zeros_like(mirror))


def _mirrored_in_place(images: Any, down: Any, right: Any, mirror: Any) -> Any:
    images[mirror] = images[mirror].flip(3)
    return shift_and_flip(images, down, right, mirror & False)


def _edges_repeated(images: Any, down: Any, right: Any, mirror: Any) -> Any:
    import torch

    height, width = images.shape[2:]
    turned, moved = torch.where(mirror[:, None, None, None], images.flip(3), images), torch.ones_like(images)
    for i, (dy, dx) in enumerate(zip(down.tolist(), right.tolist(), strict=True)):
        rows, columns = (torch.arange(size) - step for size, step in ((height, dy), (width, dx)))
        moved[i] = turned[i][:, rows.clamp(0, height - 1)][:, :, columns.clamp(0, width - 1)]
    return moved


def _first_only(images: Any, down: Any, right: Any, mirror: Any) -> Any:
    import torch

    moved = torch.ones_like(images)
    moved[:1] = shift_and_flip(images, down, right, mirror)[:1]
    return moved


def _minus_zero(images: Any, down: Any, right: Any, mirror: Any) -> Any:
    import torch

    moved = torch.ones_like(images)
    for i, (dy, dx) in enumerate(zip(down.tolist(), right.tolist(), strict=True)):
        picture = images[i].flip(2) if mirror[i] else images[i]
        moved[i, :, dy:, dx:] = picture[:, :-dy, :-dx]
    return moved


SHIFT_AND_FLIP = Exercise(
    id="06.7",
    title="Shift and flip",
    reference="mmlearn.checks.lesson_06_pictures.shift_and_flip",
    cases=(
        Case("no step, the second mirrored", _stay),
        Case("one picture, one step", _moves(1, 5, 5, 1, flips=False)),
        Case("four pictures, four steps, none mirrored", _moves(4, 6, 7, 2, flips=False)),
        Case("four pictures, four steps, two mirrored", _moves(4, 6, 7, 3, flips=True)),
    ),
    mistakes=(
        Mistake(_rolled, "What goes out on one side comes in on the other: roll wraps round. Free places are white."),
        Mistake(
            _mirrored_in_place,
            "`p = images` makes no copy: p[mirror] = ... mirrors the given pictures too. Begin with images.clone().",
        ),
        Mistake(_edges_repeated, "The outermost pixels are repeated into the free places; these are white paper, 1."),
        Mistake(
            lambda images, down, right, mirror: shift_and_flip(images, down.abs(), right.abs(), mirror),
            "Everything moves down and right: steps below 0 go up and left, so no abs(...).",
        ),
        Mistake(_first_only, "Only the first picture has moved, the others are blank: is `return` inside the loop?"),
        Mistake(_minus_zero, "A step of 0 makes the slice [:-0], which is empty: count from the front, height - dy."),
        Mistake(_grey_border, "The free places are 0 in yours, a middle grey: white is 1 here."),
        Mistake(
            lambda images, down, right, mirror: shift_and_flip(images, right, down, mirror),
            "Down and right have changed places: rows are axis 2, columns axis 3.",
        ),
        Mistake(
            lambda images, down, right, mirror: shift_and_flip(images, -down, -right, mirror),
            "Your pictures move the other way: down = 1 puts row 0 into row 1.",
        ),
        Mistake(
            lambda images, down, right, mirror: shift_and_flip(
                images, down[:1].expand_as(down), right[:1].expand_as(right), mirror
            ),
            "All pictures take the first one's step: each has a step of its own.",
        ),
        Mistake(_upside_down, "Mirrored upside down: left and right change places, that is axis 3."),
        Mistake(
            lambda images, down, right, mirror: shift_and_flip(images, down, right, mirror | True),
            "All pictures are mirrored; only those with mirror True should be.",
        ),
        Mistake(
            lambda images, down, right, mirror: shift_and_flip(images, down, right, mirror & False),
            "No picture is mirrored: those with mirror True should be, before they move.",
        ),
        Mistake(_flip_last, "Mirror first, then move: the other way round, mirrored pictures move to the other side."),
        Mistake(
            _in_place,
            "You wrote into the given pictures: the next epoch would shift the shifted ones. Make a new tensor.",
        ),
    ),
    use=_and_what_is_left,
)
