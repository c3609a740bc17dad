"""The four stages draw what they are given."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from mmlearn.view.history import draw_fused, draw_pretraining, draw_separate, draw_uses

matplotlib.use("Agg")
RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
NAMES = ["one", "two", "three", "four"]


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def words(figure: object) -> list[str]:
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text)]  # type: ignore[attr-defined]


def test_separate_lanes_show_their_own_numbers() -> None:
    features = [np.arange(1.0, 1.0 + n) for n in (3, 5, 7)]
    figure = draw_separate(PICTURES[0], "fox", np.zeros(50), features)
    bars = [[bar.get_height() for bar in axis.patches] for axis in figure.axes if axis.patches]
    assert bars == [list(vector) for vector in features]
    assert "“fox”" in words(figure)


def test_fused_vectors_lie_end_to_end() -> None:
    figure = draw_fused(PICTURES, NAMES, (np.ones(3), np.full(2, 5.0)))
    bars = figure.axes[0].patches
    assert [round(bar.get_x() + bar.get_width() / 2) for bar in bars] == [0, 1, 2, 3, 4]
    assert [bar.get_height() for bar in bars] == [1, 1, 1, 5, 5]


def test_each_word_is_joined_to_its_own_picture() -> None:
    figure = draw_fused(PICTURES, NAMES, (np.ones(3), np.ones(2)))
    matching = figure.axes[1]
    heights = {text.get_text(): text.get_position()[1] for text in matching.texts}
    for row, (line, name) in enumerate(zip(matching.lines, NAMES, strict=True)):
        assert list(line.get_ydata()) == [row, heights[name]]
    assert sorted(heights.values()) == [0, 1, 2, 3]


def test_pretraining_pulls_on_the_diagonal_only() -> None:
    axis = draw_pretraining(PICTURES, NAMES).axes[0]
    pulled = {text.get_position() for text in axis.texts if text.get_text() == "pull"}
    assert pulled == {(i, i) for i in range(4)}
    assert sum(text.get_text() == "push" for text in axis.texts) == 12


def test_each_name_stands_under_its_own_column() -> None:
    figure = draw_pretraining(PICTURES, ["dog", "a name of many words", "red apple", "automobile"])
    figure.canvas.draw()
    axis = figure.axes[0]
    for column, label in enumerate(axis.get_xticklabels()):
        place = label.get_window_extent().transformed(axis.transData.inverted())
        assert abs((place.x0 + place.x1) / 2 - column) < 0.02
        assert column - 0.5 < place.x0 and place.x1 < column + 0.5, f"{label.get_text()!r} leaves its column"


def test_uses_are_all_written_down() -> None:
    figure = draw_uses(PICTURES[0], [("caption it", "a dog"), ("find it", "yes")])
    assert {"caption it", "a dog", "find it", "yes"} <= set(words(figure))
