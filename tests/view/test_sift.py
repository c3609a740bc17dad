"""What is drawn is what was given: circles at the keypoints, rays of a descriptor, lines of the right colour."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

from matplotlib.collections import EllipseCollection, LineCollection
from matplotlib.colors import to_hex

from mmlearn.encode.keypoints import Keypoints, no_keypoints
from mmlearn.encode.sift import sift
from mmlearn.view.sift import draw_descriptor, draw_keypoints, draw_matches, plot_pyramid
from mmlearn.view.style import BLUE, ORANGE

POINTS = Keypoints(np.array([[10.0, 20.0], [30.0, 5.0]]), np.array([2.0, 4.0]), np.array([0.0, np.pi / 2]), np.ones(2))
PAGE = np.zeros((40, 50), np.uint8)


@pytest.fixture
def axis() -> Iterator[Any]:
    import matplotlib.pyplot as plt

    yield plt.subplots()[1]
    plt.close("all")


def lines(axis: Any) -> Any:
    """The segments and colour of each collection of lines."""
    found = [each for each in axis.collections if isinstance(each, LineCollection)]
    return [(np.array(each.get_segments()), each.get_colors()) for each in found]


def test_keypoints_have_a_circle_of_three_sigma_and_a_hand(axis: Any) -> None:
    draw_keypoints(axis, PAGE, POINTS, "two")
    circles = next(each for each in axis.collections if isinstance(each, EllipseCollection))
    np.testing.assert_allclose(circles.get_offsets(), POINTS.xy)
    np.testing.assert_allclose(circles.get_widths(), [12, 24])
    (segments, _), *_ = lines(axis)
    np.testing.assert_allclose(segments[:, 1], [[16, 20], [30, 17]])  # right of the first, below the second
    assert axis.get_title() == "two"


def test_no_keypoints_are_a_bare_picture(axis: Any) -> None:
    draw_keypoints(axis, PAGE, no_keypoints())
    assert not axis.collections and len(axis.images) == 1


def test_a_descriptors_rays_are_its_numbers(axis: Any) -> None:
    descriptor = np.zeros(128)
    descriptor[(1 * 4 + 2) * 8 + 2] = 3.0  # cell row 1, column 2, third direction: a quarter turn against the clock
    descriptor[0] = 1.5  # cell row 0, column 0, first direction: to the right, half as long
    draw_descriptor(axis, descriptor)
    (segments, _), *_ = lines(axis)
    length = np.linalg.norm(segments[:, 1] - segments[:, 0], axis=1)
    assert (length > 0).sum() == 2
    np.testing.assert_allclose(segments[(1 * 4 + 2) * 8 + 2], [[2.5, 1.5], [2.5, 1.02]])  # upwards
    np.testing.assert_allclose(segments[0], [[0.5, 0.5], [0.74, 0.5]])
    assert axis.get_ylim() == (4, 0)
    with pytest.raises(ValueError, match="128 numbers"):
        draw_descriptor(axis, np.zeros(64))


def test_a_real_descriptor_of_a_slope_points_where_it_rises() -> None:
    """Upright, in a picture that brightens to the right: all rays to the right, the first direction."""
    from mmlearn.encode.sift import describe

    slope = np.broadcast_to(np.linspace(0, 1, 80), (80, 80))
    here = Keypoints(np.array([[40.0, 40.0]]), np.array([3.0]), np.zeros(1), np.ones(1))
    found = describe(slope, here).reshape(16, 8)
    assert (found[:, 0] > 0.9 * found.sum(axis=1)).all()
    assert len(sift(slope)[0]) == 0


def test_right_and_wrong_matches_differ_in_colour_and_the_second_picture_lies_beside(axis: Any) -> None:
    places = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    right = np.array([True, False, True])
    draw_matches(axis, (PAGE, PAGE[:30]), (places, places), right, labels=("agree", "outvoted"))
    (good, blue), (bad, orange) = lines(axis)
    assert len(good) == 2 and len(bad) == 1
    assert to_hex(blue[0]) == BLUE.lower() and to_hex(orange[0]) == ORANGE.lower()
    np.testing.assert_allclose(bad[0], [[3, 4], [3 + 50 + 12, 4]])
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["agree: 2", "outvoted: 1"]
    assert axis.images[0].get_array().shape == (40, 2 * 62)


def test_pyramid_has_an_axis_a_layer_and_refuses_uneven_ones() -> None:
    import matplotlib.pyplot as plt

    layers = [np.zeros((2, 20, 30)), -np.ones((2, 10, 15))]
    for signed in (False, True):
        figure = plot_pyramid(layers, ["a", "b"], "two octaves", signed=signed)
        assert len(figure.axes) == 4 and figure.axes[0].get_ylabel() == "30 x 20"
    assert figure.axes[2].images[0].get_clim() == (-1, 1)
    plt.close("all")
    with pytest.raises(ValueError, match="octaves of 3 layers"):
        plot_pyramid(layers, ["a", "b", "c"], "")
