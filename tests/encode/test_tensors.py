"""Pictures to tensors and back, against a slow loop and against torch's own steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from mmlearn.encode import tensors
from mmlearn.view.images import on_white


def pictures(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


@pytest.mark.parametrize("shape", [(1, 1, 1, 3), (3, 4, 6), (2, 3, 3, 1)])
def test_every_shape_is_where_it_belongs(shape: tuple[int, ...]) -> None:
    compare_with_a_slow_loop(pictures(0, *shape))


def test_every_number_is_where_it_belongs() -> None:
    compare_with_a_slow_loop(pictures(0, 2, 5, 7, 3))


def compare_with_a_slow_loop(images: np.ndarray) -> None:
    got = tensors.to_tensor(images, mean=0.4, std=0.2)
    colours = images.reshape(*images.shape[:3], -1)
    assert got.shape == (colours.shape[0], colours.shape[3], *colours.shape[1:3])
    assert got.dtype == torch.float32 and got.is_contiguous()
    for n, h, w, c in np.ndindex(colours.shape):
        assert float(got[n, c, h, w]) == pytest.approx((int(colours[n, h, w, c]) / 255 - 0.4) / 0.2, abs=1e-5)


def test_black_and_white_are_the_ends() -> None:
    ends = tensors.to_tensor(np.array([[[0, 255]]], dtype=np.uint8))
    assert ends.flatten().tolist() == [-1, 1]


def test_there_and_back_loses_nothing() -> None:
    for images in (pictures(1, 3, 6, 5, 3), pictures(2, 3, 6, 5), on_white(pictures(5, 2, 7, 3, 4))):
        np.testing.assert_array_equal(tensors.to_images(tensors.to_tensor(images)), images)
        again = tensors.to_images(tensors.to_tensor(images, 0.3, 0.7), 0.3, 0.7)
        np.testing.assert_array_equal(again, images)


def test_the_way_back_cuts_off_what_no_screen_can_show() -> None:
    wild = torch.tensor([[[[-9.0, 9.0]]]])
    assert tensors.to_images(wild).tolist() == [[[0, 255]]]


def test_the_picture_stays_as_it_was() -> None:
    images = pictures(3, 2, 4, 4, 3)
    before = images.copy()
    tensors.to_tensor(images).add_(1)
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize(
    ("images", "kind", "says"),
    [
        (torch.zeros(1, 3, 4, 4), TypeError, "got a tensor: is it done already"),
        ([np.zeros((4, 4), np.uint8)], TypeError, r"np\.stack"),
        (np.zeros((2, 4, 4, 3)), TypeError, r"expected uint8 levels 0 to 255, got float64"),
        (np.zeros((4, 4, 3), np.uint8), ValueError, r"images\[None\]"),
        (np.zeros((4, 4), np.uint8), ValueError, r"images\[None\]"),
        (np.zeros((2, 4, 4, 4), np.uint8), ValueError, "RGBA.*on_white"),
        (np.zeros((2, 3, 8, 8), np.uint8), ValueError, "channels first already"),
        (np.zeros((2, 1, 8, 8), np.uint8), ValueError, "channels first already"),
        (np.zeros((2, 5, 8, 8), np.uint8), ValueError, "expected .* grey or .* RGB"),
        (np.zeros((1, 2, 2, 2, 3), np.uint8), ValueError, "expected .* grey or .* RGB"),
        (np.zeros((0, 4, 4, 3), np.uint8), ValueError, "at least one picture"),
    ],
)
def test_refuses_what_it_would_get_wrong(images: Any, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        tensors.to_tensor(images)


def test_refuses_a_bad_scale_and_a_bad_tensor() -> None:
    for mean, std in ((0.5, 0.0), (np.nan, 1.0), (0.5, -1.0)):
        with pytest.raises(ValueError, match="std above 0"):
            tensors.to_tensor(pictures(4, 1, 2, 2), mean, std)
    with pytest.raises(ValueError, match=r"expected \(N, 1, H, W\)"):
        tensors.to_images(torch.zeros(2, 4, 4, 3))
    pixel = torch.zeros(1, 1, 1, 1)
    for wrong, says in ((pixel.to(torch.uint8), "expected floats, .* got torch.uint8"), (pixel.numpy(), "got ndarray")):
        with pytest.raises(TypeError, match=says):
            tensors.to_images(wrong)
    with pytest.raises(ValueError, match="got NaN among them, which has no colour"):
        tensors.to_images(pixel / 0)
    with pytest.raises(ValueError, match="std above 0"):
        tensors.to_images(pixel, std=0.0)


def reshaped(images: np.ndarray, mean: float = 0.5, std: float = 0.5) -> torch.Tensor:
    n, h, w = images.shape[:3]
    return torch.from_numpy(images.reshape(n, -1, h, w)).float().div(255).sub(mean).div(std)


def turned(images: np.ndarray, mean: float = 0.5, std: float = 0.5) -> torch.Tensor:
    colours = images.reshape(*images.shape[:3], -1)
    return torch.from_numpy(colours.transpose(0, 3, 2, 1).copy()).float().div(255).sub(mean).div(std)


def not_centred(images: np.ndarray, mean: float = 0.5, std: float = 0.5) -> torch.Tensor:
    colours = images.reshape(*images.shape[:3], -1)
    return torch.from_numpy(colours.transpose(0, 3, 1, 2).copy()).float().div(255).div(std)


SEEDED_BUGS = (
    ("reshape in place of moving the axes", "to_tensor", reshaped, test_every_number_is_where_it_belongs),
    ("rows and columns swapped", "to_tensor", turned, test_every_number_is_where_it_belongs),
    ("the mean is not subtracted", "to_tensor", not_centred, test_black_and_white_are_the_ends),
)


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(assert_caught: Any, bug: Any) -> None:
    assert_caught(tensors, bug)
