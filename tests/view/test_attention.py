"""Maps of attention: names in their places, marks on the strongest patch, verdicts told by more than colour."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from mmlearn.view.attention import overlay_weights, plot_weights, show_heads

mpl.use("Agg")
PICTURE = np.zeros((64, 64, 3), np.uint8)


def test_queries_are_rows_and_keys_are_columns() -> None:
    _, axis = plt.subplots()
    image = plot_weights(axis, [[0.25, 0.75, 0], [1, 0, 0]], ["it", "ran"], ["the", "dog", "it"], "who looks where", 1)
    assert [tick.get_text() for tick in axis.get_yticklabels()] == ["it", "ran"]
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["the", "dog", "it"]
    assert {text.get_position(): text.get_text() for text in axis.texts}[1, 0] == "0.75"
    assert image.get_clim() == (0, 1) and axis.get_title() == "who looks where"


def test_many_keys_get_no_numbers() -> None:
    _, axis = plt.subplots()
    plot_weights(axis, np.full((2, 30), 1 / 30))
    assert not axis.texts


def test_heads_share_one_scale() -> None:
    weights = np.random.default_rng(0).dirichlet(np.ones(3), (2, 4))  # (2 heads, 4, 3)
    figure = show_heads(weights, list("abcd"), list("xyz"), "heads")
    maps = [axis for axis in figure.axes if axis.get_title().startswith("head")]
    assert len(maps) == 2 and {axis.images[0].get_clim() for axis in maps} == {(0, 1)}


def test_heads_count_from_one_and_rows_may_be_tests() -> None:
    figure = show_heads(np.ones((2, 4, 3)) / 3, title="heads", labels=("test", "item"))
    first, second, _ = figure.axes
    assert (first.get_title(), second.get_title()) == ("head 1", "head 2")
    assert (first.get_ylabel(), first.get_xlabel(), second.get_ylabel()) == ("test", "item", "")
    assert plot_weights(plt.subplots()[1], [[1.0]]).axes.get_xlabel() == "keys"


def test_the_mark_lies_on_the_strongest_patch() -> None:
    _, axis = plt.subplots()
    weights = np.zeros((8, 8))
    weights[2, 5] = 1
    overlay_weights(axis, PICTURE, weights, "fox", [[40, 16, 48, 24], [-1, -1, -1, -1]], right=True)
    (mark,) = axis.lines
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (44, 20)  # its centre, x before y
    assert axis.get_title() == "fox \u2713" and len(axis.patches) == 1
    veil = np.asarray(axis.images[1].get_array())[..., 3]
    assert veil[2, 5] == 0 and veil[0, 0] == pytest.approx(0.85)


def test_a_miss_is_told_and_no_verdict_is_none() -> None:
    _, (a, b) = plt.subplots(1, 2)
    overlay_weights(a, PICTURE, np.ones((2, 2)), "fox", right=False)
    overlay_weights(b, PICTURE, np.zeros((2, 2)), "fox")
    assert (a.get_title(), b.get_title()) == ("fox \u2717", "fox")
    assert a.lines[0].get_markerfacecolor() != b.lines[0].get_markerfacecolor()


def test_bad_input_is_refused() -> None:
    _, axis = plt.subplots()
    with pytest.raises(ValueError, match=r"weights \(queries, keys\), got shape \(3,\)"):
        plot_weights(axis, [1, 0, 0])
    with pytest.raises(ValueError, match="expected 3 names of keys, got 2"):
        plot_weights(axis, np.ones((2, 3)), ["a", "b"], ["c", "d"])
    with pytest.raises(ValueError, match=r"got shape \(2, 3\): take one item"):
        show_heads(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"got shape \(64,\): reshape to the grid"):
        overlay_weights(axis, PICTURE, np.ones(64))
    with pytest.raises(ValueError, match=r"boxes \(K, 4\)"):
        overlay_weights(axis, PICTURE, np.ones((8, 8)), boxes=[1, 2, 3, 4])
