"""Scores, confusion, margins and reliability are drawn where their numbers are."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from mmlearn.view.labels import plot_confusion, plot_scores
from mmlearn.view.margin import plot_convergence, plot_line, plot_margin, plot_points
from mmlearn.view.reliability import plot_reliability
from mmlearn.view.style import use_style

matplotlib.use("Agg")
SCORES = {"names": (0.4, 0.3, 0.5), "pictures": (0.6, 0.55, 0.7)}


@pytest.fixture(autouse=True)
def one_style() -> Iterator[None]:
    use_style()
    yield
    plt.close("all")


def test_scores_stand_at_their_values_first_on_top() -> None:
    axis = plot_scores(SCORES, chance=0.125, majority=0.24).axes[0]
    dots = [line.get_xydata().tolist() for line in axis.lines if line.get_marker() == "o"]
    assert dots == [[[0.4, 0]], [[0.6, 1]]]
    assert axis.get_ylim()[0] > axis.get_ylim()[1]
    assert [text.get_text() for text in axis.texts] == ["0.400  [0.300, 0.500]", "0.600  [0.550, 0.700]"]
    assert axis.get_xlim()[0] < 0.125
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["chance 0.125", "majority 0.240"]


def test_scores_fit_into_a_given_axis_without_marks() -> None:
    figure, axis = plt.subplots()
    assert plot_scores(SCORES, axis=axis) is figure
    assert axis.get_legend() is None


def test_scores_refuse_what_is_no_interval() -> None:
    with pytest.raises(ValueError, match="low <= value <= high for 'x'"):
        plot_scores({"x": (0.5, 0.6, 0.7)})
    with pytest.raises(ValueError, match="at least one score"):
        plot_scores({})


def test_confusion_writes_every_count_and_colours_by_row() -> None:
    axis = plot_confusion([[3, 1], [0, 0]], ["cat", "dog"]).axes[0]
    assert [text.get_text() for text in axis.texts] == ["3", "1", "0", "0"]
    assert np.asarray(axis.images[0].get_array()).tolist() == [[0.75, 0.25], [0, 0]]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["cat", "dog"]


def test_confusion_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="square"):
        plot_confusion([[1, 2]], ["a", "b"])
    with pytest.raises(ValueError, match="each of the 2 classes, got 1"):
        plot_confusion([[1, 2], [3, 4]], ["a"])


def test_margin_rings_the_support_vectors() -> None:
    points, signs = np.array([[-3.0, 0.0], [-1.0, 0.0], [1.0, 0.0], [4.0, 1.0]]), np.array([-1, -1, 1, 1])
    axis = plot_margin(points, signs, (1.0, 0.0, 0.0)).axes[0]
    rings = axis.collections[-1].get_offsets()
    assert np.asarray(rings).tolist() == [[-1, 0], [1, 0]]
    assert "2 support vectors" in [text.get_text() for text in axis.get_legend().get_texts()]


def test_a_line_goes_through_its_zeros_whichever_way_it_lies() -> None:
    axis = plot_points(np.array([[0.0, 0.0], [2.0, 2.0]]), [-1, 1])
    for weights in ((1.0, 2.0, -3.0), (0.0, 2.0, -1.0), (1.0, 0.0, -1.0)):
        plot_line(axis, weights)
        first, second = axis.lines[-1].get_xy1(), axis.lines[-1].get_xy2()
        for x, y in (first, second):
            assert weights[0] * x + weights[1] * y + weights[2] == pytest.approx(0)
        assert first != second


def test_points_and_lines_refuse_bad_input() -> None:
    with pytest.raises(ValueError, match="points"):
        plot_points(np.zeros((3, 3)), [1, 1, 1])
    with pytest.raises(ValueError, match="-1 or"):
        plot_points(np.zeros((2, 2)), [0, 1])
    with pytest.raises(ValueError, match="both 0"):
        plot_line(plot_points(np.eye(2), [1, -1]), (0, 0, 1))


def test_convergence_leaves_out_what_is_not_above_the_optimum() -> None:
    axis = plot_convergence({"steps": [1.0, 0.1, 0.0], "dual": [0.5, -1e-12, 1e-9]}, target=1e-3).axes[0]
    assert np.isnan(axis.lines[0].get_ydata()).tolist() == [False, False, True]
    assert axis.lines[1].get_xdata().tolist() == [1, 2, 3] and axis.get_yscale() == "log"
    with pytest.raises(ValueError, match="at least one curve"):
        plot_convergence({})


def test_reliability_has_an_axis_a_claim() -> None:
    figure = plot_reliability({"before": ([0.2, 0.9], [0.1, 0.4], [5, 10]), "after": ([0.5], [0.5], [3])})
    assert [axis.get_title() for axis in figure.axes] == ["before", "after"]
    assert figure.axes[0].lines[1].get_xydata().tolist() == [[0.2, 0.1], [0.9, 0.4]]
    with pytest.raises(ValueError, match="at least one curve"):
        plot_reliability({})
