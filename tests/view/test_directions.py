"""A direction's figure: both ends, and the words in order."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from mmlearn.view.directions import show_direction

mpl.use("Agg")
PICTURES = [np.zeros((4, 4, 3), np.uint8)] * 3


def test_both_ends_and_the_words_in_order_of_place() -> None:
    figure = show_direction(PICTURES, PICTURES, {"moon": -1.5, "fox": 2.0, "cat": 0.5}, title="first")
    pictures, bars = figure.axes[:-1], figure.axes[-1]
    assert [axis.get_ylabel() for axis in pictures] == ["high end", "", "", "low end", "", ""]
    assert [tick.get_text() for tick in bars.get_yticklabels()] == ["moon", "cat", "fox"]
    assert [patch.get_extents().width > 0 for patch in bars.patches] == [True] * 3


def test_uneven_ends_or_no_word_are_refused() -> None:
    for high, low, words in ((PICTURES, PICTURES[:2], {"a": 1.0}), ([], [], {"a": 1.0}), (PICTURES, PICTURES, {})):
        with pytest.raises(ValueError, match="as many pictures at both ends and a word"):
            show_direction(high, low, words)
