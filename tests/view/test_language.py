"""Surprises and sampled texts: what is drawn is what was given."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pytest

from mmlearn.view.language import _columns, _wrap, plot_surprise, show_texts


def test_a_bar_a_token_and_model() -> None:
    figure, axis = plt.subplots()
    plot_surprise(axis, ["a", " dog", "."], {"5-gram": [1, 4, 0.5], "Transformer": [1, 3, 0.1]}, "one caption")
    assert [bar.get_height() for bar in axis.patches] == [1, 4, 0.5, 1, 3, 0.1]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["a", " dog", "."]
    with pytest.raises(ValueError, match="each of 2 tokens, got"):
        plot_surprise(axis, ["a", "b"], {"x": [1.0]})
    plt.close(figure)


def test_texts_are_marked_and_none_is_lost() -> None:
    figure = show_texts(
        {"cold": [("A dog is on the grass.", True)], "hot": [("dog\x1ddog\non", False), ("x", True)]}, "t"
    )
    drawn = [[text.get_text() for text in axis.texts] for axis in figure.axes]
    assert drawn == [["\u2713", "A dog is on the grass."], ["\u2717", "dog\ufffddog on", "\u2713", "x"]]
    figure.canvas.draw()
    plt.close(figure)


@pytest.mark.parametrize(
    "text", ["On the grass, a big red car is to the right of a dog.", "草地上有一辆红色的轿车，它的左边是狗。"]
)
def test_long_texts_are_broken_and_whole(text: str) -> None:
    wrapped = _wrap(text, 20)
    assert max(map(_columns, wrapped.split("\n"))) <= 20
    assert wrapped.replace("\n", " " if " " in text else "") == text
