"""The graph shows every node once, its number and its gradient, left to right."""

from __future__ import annotations

from types import SimpleNamespace

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from mmlearn.blocks.autograd import Value, cross_entropy
from mmlearn.view.graph import plot_graph

mpl.use("Agg")


def texts(figure) -> dict[str, tuple[float, float]]:
    return {text.get_text(): text.get_position() for text in figure.axes[0].texts if text.get_text()}


def test_numbers_and_gradients_are_written() -> None:
    x, w, b = Value(2.0), Value(-3.0), Value(10.5)
    y = (x * w + b).relu()
    y.backward()
    figure = plot_graph(y, {"x": x, "w": w, "b": b}, title="one unit")
    said = texts(figure)
    assert {"x", "w", "b", "×", "+", "relu", "2", "-3", "10.5", "-6", "4.5", "1"} <= set(said)
    assert said["x"][0] < said["×"][0] < said["+"][0] < said["relu"][0]
    assert said["b"][0] == said["×"][0]  # a leaf stands beside what it meets
    assert figure.axes[0].get_title() == "one unit"
    plt.close(figure)


def test_a_node_used_often_is_drawn_once_with_all_its_arrows() -> None:
    a = Value(3.0)
    square = a * a
    end = (square + a) * square
    figure = plot_graph(end, {"a": a, "end": end})
    assert [text.get_text() for text in figure.axes[0].texts].count("a") == 1
    arrows = [text for text in figure.axes[0].texts if getattr(text, "arrow_patch", None) is not None]
    assert len(arrows) == 6
    assert "end  (×)" in texts(figure)
    plt.close(figure)


def test_no_two_nodes_lie_on_each_other() -> None:
    leaves = [Value(float(i)) for i in range(6)]
    end = (leaves[0] * leaves[1] + leaves[2]) * (leaves[3] + leaves[4] * leaves[5]).tanh()
    figure = plot_graph(end)
    boxes = [text.get_position() for text in figure.axes[0].texts if text.get_bbox_patch() is not None]
    assert len(boxes) == 12 and len(set(boxes)) == 12
    for x in {x for x, _ in boxes}:
        rows = sorted(y for place, y in boxes if place == x)
        assert not rows[1:] or np.diff(rows).min() > 0.99
    plt.close(figure)


def test_large_arrays_show_their_shape() -> None:
    x, w = Value(np.ones((4, 5))), Value(np.ones((5, 2)))
    loss = cross_entropy(x @ w, [0, 1, 1, 0])
    loss.backward()
    figure = plot_graph(loss, {"x": x, "w": w})
    assert {"4 × 5", "5 × 2", "4 × 2", "cross entropy", "@"} <= set(texts(figure))
    plt.close(figure)


def test_any_node_with_parents_will_do_on_any_axis() -> None:
    leaf = SimpleNamespace(data=np.array([1.0, 2.0]), grad=None, parents=())
    end = SimpleNamespace(data=3.0, grad=0.0, parents=((leaf, None),))
    figure, axis = plt.subplots()
    assert plot_graph(end, axis=axis) is figure
    assert "[1, 2]" in texts(figure) and "constant" in texts(figure)
    plt.close(figure)


def test_a_graph_too_large_to_read_is_refused() -> None:
    x = y = Value(1.0)
    for _ in range(60):
        y = y + x
    with pytest.raises(ValueError, match="at most 60 nodes"):
        plot_graph(y)
