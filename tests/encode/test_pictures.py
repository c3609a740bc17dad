"""Pictures in every form that people have them, and the forms that are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mmlearn.encode.pictures import as_grey, as_levels, as_rgb, range_of
from mmlearn.encode.pixels import to_grey
from mmlearn.view.images import on_white


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_grey_rgb_and_rgba_of_one_batch() -> None:
    rgba = noise(3, 5, 7, 4)
    for got, one in zip(as_grey(rgba), rgba, strict=True):
        assert got.dtype == np.uint8 and (got == to_grey(on_white(one))).all()
    assert (np.stack(as_grey(rgba[..., :3])) == to_grey(rgba[..., :3])).all()
    assert (np.stack(as_grey(rgba[..., 0])) == rgba[..., 0]).all()
    assert (np.stack(as_grey(rgba[..., :1])) == rgba[..., 0]).all()
    assert (np.stack(as_rgb(rgba)) == on_white(rgba)).all()
    assert (np.stack(as_rgb(rgba[..., 0])) == rgba[..., :1]).all()
    assert (np.stack(as_levels(rgba)) == rgba).all()


def test_a_list_may_mix_sizes_and_kinds() -> None:
    mixed = [noise(4, 5), noise(6, 3, 3), noise(1, 1, 4), np.full((2, 9), 0.5), np.zeros((3, 4, 4), np.float32)]
    assert [picture.shape for picture in as_grey(mixed)] == [(4, 5), (6, 3), (1, 1), (2, 9), (3, 4)]
    assert [picture.shape for picture in as_rgb(mixed)] == [(4, 5, 3), (6, 3, 3), (1, 1, 3), (2, 9, 3), (3, 4, 3)]
    assert (as_grey(mixed)[4] == 255).all()  # transparent all over: white paper


def keeps_every_level(grey: Callable[..., Any]) -> bool:
    """0 to 255 as uint8, as float, and as flattened rows of either, are the same picture."""
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    forms = [
        (levels, None),
        (levels / 255, None),
        ((levels / 255).astype(np.float32), None),
        (levels.reshape(1, -1), (16, 16)),
        (levels.reshape(1, -1) / 255, (16, -1)),
        (levels.reshape(1, -1).astype(np.int64) - 1000, (-1, 16)),
        (np.array([0.0, 7.0, 255.0, 300.0, -4.0]), (1, -1)),
    ]
    due = [levels[0]] * 6 + [np.array([[0, 7, 255, 255, 0]])]
    limits = [None] * 6 + [(0.0, 255.0)]
    for (form, shape), right, limit in zip(forms, due, limits, strict=True):
        got = grey(form if form.ndim > 1 else form[None], shape, limit)[0]
        if got.dtype != np.uint8 or got.shape != right.shape or (got != right).any():
            return False
    return True


def test_every_level_survives_every_form() -> None:
    assert keeps_every_level(as_grey)


# Each is a slip in the way from any form to 256 levels.
SEEDED_BUGS = (
    lambda X, shape, limit: [(p // 2) * 2 for p in as_grey(X, shape, limit)],
    lambda X, shape, limit: as_grey(X if X.dtype != np.float32 else np.floor(X * 254.9).astype(np.uint8), shape, limit),
    lambda X, shape, limit: as_grey(X, shape, limit and (0.0, 300.0)),
    lambda X, shape, limit: as_grey(X, shape and shape[::-1], limit),
    lambda X, shape, limit: [p.T for p in as_grey(X, shape, limit)],
    lambda X, shape, limit: [255 - p for p in as_grey(X, shape, limit)],
    lambda X, shape, limit: [p.astype(np.float64) for p in as_grey(X, shape, limit)],
)


@pytest.mark.parametrize("bug", SEEDED_BUGS)
def test_a_seeded_bug_is_caught(bug: Callable[..., Any]) -> None:
    assert not keeps_every_level(bug)


def test_flat_rows_and_one_pixel_have_a_defined_level() -> None:
    assert as_grey([[5.0, 5.0]], (1, -1))[0].tolist() == [[0, 0]]
    assert as_grey(np.full((1, 2), 9, np.uint8), (1, -1))[0].tolist() == [[9, 9]]
    assert as_grey(noise(1, 1, 1))[0].shape == (1, 1)


def test_huge_numbers_do_not_overflow() -> None:
    rows = [[-1.7e308, 0.0, 1.7e308]]
    assert as_grey(rows, (1, -1))[0].tolist() == [[0, 128, 255]]


def test_range_of_rows() -> None:
    assert range_of([[2, 9], [-1, 4]]) == (-1.0, 9.0)
    assert as_grey([[2.0, 9.0]], (1, -1), (-1.0, 9.0))[0].tolist() == [[77, 255]]


def test_colour_rows() -> None:
    picture = noise(2, 3, 4, 3)
    assert (np.stack(as_rgb(picture.reshape(2, -1), (3, 4, 3))) == picture).all()


def test_the_input_is_not_changed() -> None:
    pictures = np.random.default_rng(1).random((2, 4, 4, 3))
    before = pictures.copy()
    as_grey(pictures)
    as_rgb(pictures)
    assert (pictures == before).all()


@pytest.mark.parametrize(
    ("X", "says"),
    [
        ([], "at least one picture, got none"),
        (np.zeros((0, 4, 4), np.uint8), "at least one picture, got none"),
        ([np.zeros((0, 4), np.uint8)], "has no pixels"),
        ([np.zeros((4, 4, 2), np.uint8)], "C of 1, 3 or 4"),
        ([np.zeros(4, np.uint8)], r"got \(4,\)"),
        (np.zeros((4, 4), np.uint8), "one picture goes into a list"),
        (np.zeros((64, 48, 3), np.uint8), "one colour picture or 64 narrow grey ones"),
        ([np.full((2, 2), np.nan)], "NaN or infinity"),
        ([np.full((2, 2), np.inf)], "NaN or infinity"),
        ([np.full((2, 2), 1.5)], "floats from 0 to 1, got 1.5 to 1.5"),
        ([np.full((2, 2), -0.1)], "floats from 0 to 1"),
        ([noise(2, 2), None], "picture 1 is None"),
    ],
)
def test_bad_pictures_are_refused_by_name(X: Any, says: str) -> None:
    for change in (as_grey, as_rgb):
        with pytest.raises(ValueError, match=says):
            change(X)


@pytest.mark.parametrize("kind", [np.int64, np.uint16, np.bool_, np.complex128, object])
def test_other_kinds_of_numbers_are_refused(kind: type) -> None:
    with pytest.raises(TypeError, match="expected uint8 levels 0 to 255 or floats 0 to 1"):
        as_grey([np.ones((2, 2), kind)])
    with pytest.raises(TypeError, match="a list or an array"):
        as_grey("picture.png")


@pytest.mark.parametrize(
    ("rows", "shape", "says"),
    [
        (np.zeros((2, 6)), (4, 4), r"rows of 6 numbers do not make pictures of shape \(4, 4\)"),
        (np.zeros((2, 6)), (-1, -1), "do not make pictures"),
        (np.zeros((2, 6)), (6,), r"\(H, W\) or \(H, W, C\)"),
        (np.zeros((2, 6)), (1, 3, 2), "C of 1, 3 or 4"),
        (np.zeros((2, 2, 3)), (1, -1), r"expected rows \(N, D\)"),
        (np.zeros((0, 6)), (1, -1), r"expected rows \(N, D\)"),
        (np.full((1, 2), np.nan), (1, -1), "NaN or infinity"),
    ],
)
def test_bad_rows_are_refused(rows: Any, shape: tuple[int, ...], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        as_grey(rows, shape)


def test_a_range_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="low, high"):
        as_grey([[1.0, 2.0]], (1, -1), (3.0, 1.0))
    with pytest.raises(ValueError, match="needs image_shape"):
        as_grey(noise(1, 2, 2), None, (0.0, 1.0))
    with pytest.raises(TypeError, match="expected numbers"):
        as_grey(np.array([["a", "b"]]), (1, -1))
