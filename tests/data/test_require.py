"""Sizes and languages: the two arguments that every loader checks alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmlearn.data.require import several_languages, whole_pixels


@pytest.mark.parametrize("size", [8, 256, np.int64(64), np.uint8(64)])
def test_a_whole_number_within_bounds_becomes_an_int(size: Any) -> None:
    assert whole_pixels(size, 8, 256) == size and type(whole_pixels(size, 8, 256)) is int


@pytest.mark.parametrize("size", [7, 257, -8, 64.0, 64.5, "64", None, True, float("nan"), [64]])
def test_anything_else_is_refused_with_the_bounds(size: Any) -> None:
    with pytest.raises(ValueError, match="expected a size of 8 to 256 whole pixels, got "):
        whole_pixels(size, 8, 256)


def test_one_text_is_not_several_languages() -> None:
    several_languages(("en",))
    several_languages([])
    with pytest.raises(ValueError, match=r"expected several languages, such as \('en',\), got the text 'en'"):
        several_languages("en")
