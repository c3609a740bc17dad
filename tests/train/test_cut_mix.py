"""CutMix: one rectangle, from the partner, as large as the share says; the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import pytest
import torch

from mmlearn.train.cut_mix import cut_mix

module = import_module("mmlearn.train.cut_mix")


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def numbered(count: int = 5, height: int = 12, width: int = 9) -> torch.Tensor:
    """Pictures in which every pixel is another number, and no two pictures share one."""
    return torch.arange(float(count * 2 * height * width)).reshape(count, 2, height, width)


def test_what_is_not_from_the_picture_is_the_partners_rectangle_at_its_place() -> None:
    images = numbered()
    for seed in range(60):
        mixed, partner, kept = module.cut_mix(images, seeded(seed))
        foreign = mixed != images  # (B, C, H, W)
        assert torch.equal(mixed[foreign], images[partner][foreign])
        assert sorted(partner.tolist()) == list(range(len(images)))
        for own, hole in zip(partner.tolist(), foreign, strict=True):
            if own != partner.tolist().index(own) or hole.any():
                rows, columns = hole[0].any(1).nonzero().flatten(), hole[0].any(0).nonzero().flatten()
                assert hole.float().mean().item() == pytest.approx(1 - kept)
                assert len(rows) * len(columns) == int(hole[0].sum())  # a full rectangle
                assert len(rows) / 12 == pytest.approx(len(columns) / 9, abs=0.15)  # of the picture's proportions


def test_the_share_is_spread_evenly_and_the_rectangle_goes_everywhere() -> None:
    images, shares, touched = torch.arange(2.0)[:, None, None, None].expand(2, 1, 60, 45), [], torch.zeros(60, 45)
    for seed in range(400):
        mixed, _, kept = module.cut_mix(images, seeded(seed))
        shares.append(kept)
        touched += (mixed != images).any(dim=0).any(dim=0)
    assert torch.tensor(shares).mean().item() == pytest.approx(0.5, abs=0.06)
    assert min(shares) < 0.05 and max(shares) > 0.95
    assert (touched > 0).all() and touched[30, 22] > touched[0, 0]


def test_it_is_the_same_for_the_same_seed_and_leaves_the_pictures_alone() -> None:
    images = numbered()
    before = images.clone()
    first, again = module.cut_mix(images, seeded(4)), module.cut_mix(images, seeded(4))
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1]) and first[2] == again[2]
    assert torch.equal(images, before)
    assert not torch.equal(first[0], module.cut_mix(images, seeded(5))[0])


def test_what_are_no_pictures_is_refused() -> None:
    with pytest.raises(ValueError, match="expected"):
        cut_mix(torch.zeros(2, 8, 8, 3), seeded(0))
    with pytest.raises(TypeError, match="Generator"):
        cut_mix(torch.zeros(2, 3, 8, 8), 0)  # type: ignore[arg-type]


def wrong_share(images: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor, float]:
    mixed, partner, kept = cut_mix(images, generator)
    return mixed, partner, 1 - kept


def own_place(images: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor, float]:
    mixed, partner, kept = cut_mix(images, generator)
    return mixed, partner.argsort(), kept


def in_place(images: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor, float]:
    mixed, partner, kept = cut_mix(images, generator)
    return images.copy_(mixed), partner, kept


def always_half(images: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor, float]:
    partner = torch.randperm(len(images), generator=generator)
    mixed = images.clone()
    mixed[..., :6, :] = images[partner][..., :6, :]
    return mixed, partner, 0.5


RECTANGLE = test_what_is_not_from_the_picture_is_the_partners_rectangle_at_its_place
SEEDED_BUGS = (
    ("the share is the rectangle's", "cut_mix", wrong_share, RECTANGLE),
    ("the way back for the partner", "cut_mix", own_place, RECTANGLE),
    (
        "the batch itself is changed",
        "cut_mix",
        in_place,
        test_it_is_the_same_for_the_same_seed_and_leaves_the_pictures_alone,
    ),
    (
        "always the upper half",
        "cut_mix",
        always_half,
        test_the_share_is_spread_evenly_and_the_rectangle_goes_everywhere,
    ),
)


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=lambda bug: bug[0])
def test_seeded_bugs_are_caught(bug: tuple[str, str, object, Callable[[], None]], assert_caught: Callable) -> None:
    assert_caught(module, bug)


def test_partners_are_drawn_anew_each_time() -> None:
    assert len({tuple(module.cut_mix(numbered(), seeded(seed))[1].tolist()) for seed in range(40)}) > 20


def test_levels_and_what_is_no_tensor_are_refused() -> None:
    for wrong in (torch.zeros(2, 3, 8, 8).byte(), torch.zeros(2, 3, 8, 8).long()):
        with pytest.raises(ValueError, match="expected floats"):
            cut_mix(wrong, seeded(0))
    with pytest.raises(TypeError, match=r"torch\.Tensor, got list"):
        cut_mix([1.0], seeded(0))
