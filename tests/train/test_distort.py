"""Distortion: what each knob does alone, against torch's own moves and plain arithmetic."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from mmlearn.train import distort as module

STILL: dict[str, Any] = {"turn": 0, "zoom": 0, "shift": 0, "flip": False, "light": 0}


def drawn(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def blobs(count: int, height: int = 24, width: int = 20) -> Tensor:
    """White paper with one dark blob, off the middle, and one coloured one."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    dark = torch.exp(-((y - 8.0) ** 2 + (x - 7.0) ** 2) / 6)
    picture = 1 - 1.5 * dark.repeat(3, 1, 1)
    picture[1] -= torch.exp(-((y - 14.0) ** 2 + (x - 12.0) ** 2) / 6)
    return picture.repeat(count, 1, 1, 1)


def centre(images: Tensor) -> tuple[Tensor, Tensor]:
    """Where the ink is, in pixels: rows (B,), columns (B,)."""
    ink = (1 - images).sum(dim=1)  # (B, H, W)
    total = ink.sum(dim=(1, 2))
    rows = (ink.sum(dim=2) * torch.arange(ink.shape[1])).sum(dim=1) / total
    return rows, (ink.sum(dim=1) * torch.arange(ink.shape[2])).sum(dim=1) / total


def test_with_nothing_to_do_nothing_is_done() -> None:
    images = blobs(3)
    torch.testing.assert_close(module.distort(images, drawn(), **STILL), images, atol=1e-5, rtol=0)


def test_steps_are_even_and_in_pixels() -> None:
    images = blobs(400)
    moved = module.distort(images, drawn(), **{**STILL, "shift": 3.0})
    for before, after in zip(centre(images), centre(moved), strict=True):
        steps = after - before
        assert 2.8 < float(steps.max()) < 3.05 and -3.05 < float(steps.min()) < -2.8
        assert abs(float(steps.mean())) < 0.3 and float(steps.std()) == pytest.approx(3 / 3**0.5, abs=0.15)


def test_the_mirror_is_left_to_right_for_half_of_them() -> None:
    images = blobs(300)
    moved = module.distort(images, drawn(), **{**STILL, "flip": True})
    mirrored = (moved - images).abs().amax(dim=(1, 2, 3)) > 0.1
    torch.testing.assert_close(moved[mirrored], images[mirrored].flip(3), atol=1e-5, rtol=0)
    assert 0.4 < float(mirrored.float().mean()) < 0.6


def test_a_turn_keeps_lengths_and_a_zoom_scales_them() -> None:
    square = torch.ones(200, 1, 41, 41)
    square[:, :, 15:26, 15:26] = -1  # 11 x 11 in the middle: 121 pixels of ink
    area = (1 - square).sum(dim=(1, 2, 3)) / 2
    turned = module.distort(square, drawn(), **{**STILL, "turn": 0.5})
    torch.testing.assert_close((1 - turned).sum(dim=(1, 2, 3)) / 2, area, atol=4, rtol=0)
    assert float((turned - square).abs().amax(dim=(1, 2, 3)).median()) > 0.5
    zoomed = (1 - module.distort(square, drawn(), **{**STILL, "zoom": 0.2})).sum(dim=(1, 2, 3)) / 2
    assert 121 / 1.2**2 - 4 < float(zoomed.min()) < 90 and 170 < float(zoomed.max()) < 121 / 0.8**2 + 4


def test_the_angle_is_in_radians() -> None:
    bar = torch.ones(300, 1, 41, 41)
    bar[:, :, 20, 5:36] = -1  # a flat line
    turned = 1 - module.distort(bar, drawn(), **{**STILL, "turn": 0.4})
    left = turned[..., 12].flatten(1).argmax(dim=1) - 20.0  # its height 8 pixels left of the middle
    assert float(left.max()) == pytest.approx(8 * math.tan(0.4), abs=0.8)


def test_light_changes_no_shape_and_grey_stays_grey() -> None:
    grey = blobs(50).mean(dim=1, keepdim=True).repeat(1, 3, 1, 1)
    lit = module.distort(grey, drawn(), **{**STILL, "light": 0.4})
    torch.testing.assert_close(lit[:, 0], lit[:, 2])
    assert not torch.allclose(lit, grey, atol=0.1)
    flat = lit[:, 0].flatten(1)
    for row, other in zip(flat, grey[:, 0].flatten(1), strict=True):
        assert float(torch.corrcoef(torch.stack([row, other]))[0, 1]) > 0.999


def test_saturation_moves_colours_from_grey() -> None:
    images, one = blobs(1), torch.ones(1, 1, 1, 1)
    pale = module._relit(images, one, one, 0 * one)
    torch.testing.assert_close(pale, images.mean(dim=1, keepdim=True).expand_as(images))
    torch.testing.assert_close(module._relit(images, one, one, one), images)
    torch.testing.assert_close((module._relit(images, 0.5 * one, one, one) + 1) / 2, (images + 1) / 4)
    flat = module._relit(images, one, 0 * one, one)
    torch.testing.assert_close(flat, images.mean().expand_as(flat))


def test_equal_seeds_equal_pictures_and_the_given_ones_stay() -> None:
    images = blobs(4)
    before = images.clone()
    first, again, other = (module.distort(images, drawn(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other) and torch.equal(images, before)
    assert not torch.allclose(first[0], first[1], atol=0.05)


def test_refuses_bad_input() -> None:
    for change, says in (
        ({"turn": -0.1}, "turn=-0.1"),
        ({"zoom": 1.0}, "zoom from 0 to below 1"),
        ({"shift": -1.0}, "shift=-1.0"),
        ({"light": 1.5}, "light=1.5"),
    ):
        with pytest.raises(ValueError, match=says):
            module.distort(blobs(1), drawn(), **change)
    with pytest.raises(ValueError, match="batch axis missing"):
        module.distort(blobs(1)[0], drawn())
    with pytest.raises(ValueError, match=r"to_tensor makes them"):
        module.distort(torch.zeros(1, 3, 4, 4, dtype=torch.uint8), drawn())


def _tinted(images: Tensor, brightness: Tensor, contrast: Tensor, saturation: Tensor) -> Tensor:
    channels = torch.cat([brightness, contrast, saturation], dim=1)  # a factor for each channel
    return (images + 1) * channels - 1


def _black_outside(images: Tensor, generator: torch.Generator, **knobs: Any) -> Tensor:
    return distort(images, generator, **{**knobs, "paper": 0.0})


def _one_for_all(images: Tensor, generator: torch.Generator, **knobs: Any) -> Tensor:
    return torch.cat([distort(image[None], torch.Generator().manual_seed(0), **knobs) for image in images])


def _upside_down(images: Tensor, generator: torch.Generator, **knobs: Any) -> Tensor:
    return distort(images.transpose(2, 3), generator, **knobs).transpose(2, 3)


def test_free_places_are_paper() -> None:
    images = torch.ones(20, 3, 12, 12)
    torch.testing.assert_close(module.distort(images, drawn(), light=0), images)


distort = module.distort
SEEDED_BUGS = (
    ("each channel scaled alone", "_relit", _tinted, test_light_changes_no_shape_and_grey_stays_grey),
    ("free places are grey", "distort", _black_outside, test_free_places_are_paper),
    ("one step for the whole batch", "distort", _one_for_all, test_steps_are_even_and_in_pixels),
    ("mirrored upside down", "distort", _upside_down, test_the_mirror_is_left_to_right_for_half_of_them),
)


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(assert_caught: Any, bug: Any) -> None:
    assert_caught(module, bug)
