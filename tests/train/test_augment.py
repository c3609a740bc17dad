"""Augmentation against a slow version, a picture at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from mmlearn.train import augment as module
from mmlearn.train.distort import distort


def images(b: int = 200, c: int = 3, height: int = 6, width: int = 9) -> torch.Tensor:
    return torch.rand(b, c, height, width, generator=torch.Generator().manual_seed(0)) + 0.5


def again(seed: int = 3, **options: Any) -> torch.Tensor:
    found: torch.Tensor = module.augment(images(), torch.Generator().manual_seed(seed), **options)
    return found


def cut_out(picture: np.ndarray, dy: int, dx: int, mirrored: bool, fill: float) -> np.ndarray:
    """One picture (C, H, W) moved dy down and dx right, then mirrored: the obvious way."""
    moved = np.full_like(picture, fill)
    _, height, width = picture.shape
    for y in range(height):
        for x in range(width):
            if 0 <= y - dy < height and 0 <= x - dx < width:
                moved[:, y, x] = picture[:, y - dy, x - dx]
    return moved[:, :, ::-1] if mirrored else moved


def moves(shift: int, flip: bool, fill: float) -> list[tuple[int, int, bool]]:
    """Which move each picture made; AssertionError if it made none of the possible ones."""
    found = []
    changed = again(shift=shift, flip=flip, fill=fill)
    for before, after in zip(images().numpy(), changed.numpy(), strict=True):
        fits = [
            (dy, dx, mirrored)
            for dy in range(-shift, shift + 1)
            for dx in range(-shift, shift + 1)
            for mirrored in ((False, True) if flip else (False,))
            if np.array_equal(cut_out(before, dy, dx, mirrored, fill), after)
        ]
        assert len(fits) == 1
        found.append(fits[0])
    return found


def test_every_picture_makes_a_move_of_its_own_and_all_moves_happen() -> None:
    for shift, flip, fill in [(1, True, 0.0), (2, False, -1.5), (0, True, 0.0)]:
        found = moves(shift, flip, fill)
        assert len(set(found)) == (2 * shift + 1) ** 2 * (2 if flip else 1)
        assert abs(np.mean([mirrored for _, _, mirrored in found]) - flip / 2) < 0.1


def test_channels_of_a_picture_move_together() -> None:
    grey = images()[:, :1].expand(-1, 3, -1, -1)
    changed = module.augment(grey, torch.Generator().manual_seed(0))
    assert torch.equal(changed[:, 0], changed[:, 1]) and torch.equal(changed[:, 0], changed[:, 2])


def test_colour_is_one_factor_for_a_channel_of_a_picture() -> None:
    factors = again(shift=0, flip=False, colour=0.4) / images()
    assert torch.allclose(factors, factors[:, :, :1, :1], atol=1e-5)
    one = factors[:, :, 0, 0]
    assert one.min() >= 0.6 - 1e-5 and one.max() <= 1.4 + 1e-5 and one.std() > 0.2
    assert len(one.flatten().unique()) > 500


def test_equal_seeds_give_equal_batches_and_nothing_is_touched() -> None:
    before = images()
    given = before.clone()
    first = module.augment(given, torch.Generator().manual_seed(1), colour=0.2)
    assert torch.equal(first, module.augment(given, torch.Generator().manual_seed(1), colour=0.2))
    assert not torch.equal(first, module.augment(given, torch.Generator().manual_seed(2), colour=0.2))
    assert torch.equal(given, before) and first.is_contiguous() and first.dtype == given.dtype
    assert module.augment(given.double(), torch.Generator(), colour=0.5).dtype == torch.float64
    assert torch.equal(module.augment(given, torch.Generator(), shift=0, flip=False), before)


def test_bad_input_is_refused() -> None:
    generator = torch.Generator()
    with pytest.raises(ValueError, match=r"\(B, C, H, W\), got shape \(3, 8, 8\): is the batch axis missing"):
        module.augment(torch.zeros(3, 8, 8), generator)
    with pytest.raises(ValueError, match=r"expected floats, got torch\.uint8"):
        module.augment(torch.zeros(1, 3, 8, 8, dtype=torch.uint8), generator)
    for shift in (-1, 6):
        with pytest.raises(ValueError, match="shift from 0 to below 6, the smaller side"):
            module.augment(images(), generator, shift=shift)
    for colour in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="colour from 0 to 1"):
            module.augment(images(), generator, colour=colour)


def test_no_generator_and_channels_last_are_refused() -> None:
    for change in (module.augment, distort):
        for generator in (None, 0):
            with pytest.raises(TypeError, match=r"expected a torch.Generator, .* got (NoneType|int)"):
                change(images(), generator)  # type: ignore[operator]
        with pytest.raises(ValueError, match=r"\(2, 32, 32, 3\): are the channels last\? images.movedim"):
            change(torch.zeros(2, 32, 32, 3), torch.Generator())  # type: ignore[operator]


def test_by_default_pictures_move_by_four_and_are_mirrored() -> None:
    assert torch.equal(again(), again(shift=4, flip=True))
    assert not torch.equal(again(), again(shift=3)) and not torch.equal(again(), again(flip=False))


REAL = module.augment


def _one_move(images: torch.Tensor, generator: torch.Generator, *more: Any, **options: Any) -> torch.Tensor:
    b, c = images.shape[:2]
    return REAL(images.flatten(0, 1)[None], generator, *more, **options).reshape(b, c, *images.shape[2:])


def _rolled(images: torch.Tensor, generator: torch.Generator, *more: Any, **options: Any) -> torch.Tensor:
    shift = options.get("shift", 4)
    steps = torch.randint(-shift, shift + 1, (len(images), 2), generator=generator).tolist()
    return torch.stack([picture.roll(step, (1, 2)) for picture, step in zip(images, steps, strict=True)])


def _by_channel(images: torch.Tensor, generator: torch.Generator, *more: Any, **options: Any) -> torch.Tensor:
    return REAL(images.flatten(0, 1)[:, None], generator, *more, **options).view_as(images)


MOVES, TOGETHER, COLOUR = (
    test_every_picture_makes_a_move_of_its_own_and_all_moves_happen,
    test_channels_of_a_picture_move_together,
    test_colour_is_one_factor_for_a_channel_of_a_picture,
)
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("one move for the whole batch", "augment", _one_move, MOVES),
    ("what moves out comes in at the other side", "augment", _rolled, MOVES),
    ("channels move apart", "augment", _by_channel, TOGETHER),
    ("upside down, not mirrored", "augment",
     lambda images, *more, **options: REAL(images.mT, *more, **options).mT, MOVES),
    ("one factor for all channels", "augment",
     lambda images, generator, **options:
     REAL(images, generator, **(options | {"colour": 0})) * (1 + options.get("colour", 0) / 2), COLOUR),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)
