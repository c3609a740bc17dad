"""Padding on the right, and a mask that knows what is real."""

from __future__ import annotations

import numpy as np
import pytest

from mmlearn.data.padding import pad


def test_pads_on_the_right_and_marks_what_is_real() -> None:
    ids, mask = pad([[0, 5], [], [7, 0, 9]], fill=0)
    assert ids.tolist() == [[0, 5, 0], [0, 0, 0], [7, 0, 9]] and ids.dtype == np.int64
    assert mask.tolist() == [[True, True, False], [False] * 3, [True] * 3]


def test_a_length_of_ones_own() -> None:
    ids, mask = pad([[1], [2, 3]], fill=-1, length=4)
    assert ids.tolist() == [[1, -1, -1, -1], [2, 3, -1, -1]] and mask.sum() == 3
    assert pad([], length=4)[0].shape == (0, 4)


def test_cuts_nothing_off_silently() -> None:
    with pytest.raises(ValueError, match="text 1 has 3 tokens, more than the length 2"):
        pad([[1], [1, 2, 3]], length=2)
