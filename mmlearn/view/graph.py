"""A computation graph on paper: what was made from what, and the gradients that flowed back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from mmlearn.view.style import BLACK, BLUE, GREY, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 60  # nodes; more are no picture


def plot_graph(end: Any, names: Mapping[str, Any] | None = None, title: str = "", axis: Axes | None = None) -> Figure:
    """Every node that `end` was made from, left to right, with its number (blue) and its gradient (orange, below).

    A node is anything with `.data`, `.grad`, `.parents` (pairs, the parent first) and, optionally, `.operation`.
    Larger arrays show their shape in place of numbers. A node used twice is drawn once, with two arrows.

    Args:
        end: the last node, such as a loss.
        names: label -> node, for those that deserve one.
        title: over the figure.
        axis: where to draw; None makes a new figure of fitting size.

    Returns the matplotlib figure. Raises ValueError for more than 60 nodes.

    Built in: lesson 06.
    """
    import matplotlib.pyplot as plt

    places = _places(end)
    wide = 1 + max(x for _, x, _ in places.values())
    high = 1 + max(y for _, _, y in places.values()) - min(y for _, _, y in places.values())
    if axis is None:
        _, axis = plt.subplots(figsize=(min(9.5, 0.8 + 1.45 * wide), 0.7 + 1.1 * high))
    labels = {id(node): label for label, node in (names or {}).items()}
    boxes = {id(node): _draw(axis, node, labels.get(id(node), ""), x, y) for node, x, y in places.values()}
    for node, x, y in places.values():
        for place, (parent, *_) in enumerate(node.parents):
            _, left, up = places[id(parent)]
            again = place and parent is node.parents[0][0]  # x * x: the second arrow bends away from the first
            bend = 0.3 if again else 0.0
            if x - left > 1:  # a long one bends around what lies between, on the side it comes from
                bend = 0.3 if up < y else -0.3
            style = {"arrowstyle": "-|>", "color": GREY, "patchA": boxes[id(parent)], "patchB": boxes[id(node)]}
            style |= {"connectionstyle": f"arc3,rad={bend}", "shrinkA": 2, "shrinkB": 2, "zorder": 1}
            axis.annotate("", (x, y), (left, up), arrowprops=style)
    rows = [y for _, _, y in places.values()]
    axis.set(xlim=(-0.6, wide - 0.4), ylim=(min(rows) - 0.65, max(rows) + 0.55), title=title)
    axis.axis("off")
    return cast("Figure", axis.get_figure())


def _draw(axis: Axes, node: Any, name: str, x: float, y: float) -> Any:
    """Its label in a box, its number above, its gradient below; returns the box."""
    made = getattr(node, "operation", "")
    box = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": BLACK if made or not name else BLUE}
    made = {"*": "×", "-": "−"}.get(made, made)
    text = name or made or "constant"
    if name and made:
        text = f"{name}  ({made})"
    label = axis.text(x, y, text, ha="center", va="center", fontsize=11, weight="bold", bbox=box)
    axis.text(x, y + 0.24, _short(node.data), ha="center", va="bottom", fontsize=9, color=BLUE)
    if node.grad is not None:
        axis.text(x, y - 0.24, _short(node.grad), ha="center", va="top", fontsize=9, color=VERMILION)
    return label.get_bbox_patch()


def _short(numbers: Any) -> str:
    """A number, up to three numbers, or the shape of more."""
    array = np.asarray(numbers)
    if array.size == 1:
        return f"{array.item():.3g}"
    if array.ndim == 1 and array.size <= 3:
        return "[" + ", ".join(f"{value:.2g}" for value in array) + "]"
    return " × ".join(map(str, array.shape))


def _places(end: Any) -> dict[int, tuple[Any, float, float]]:
    """id -> (node, column, row): a column is the longest way from a leaf; a leaf stands just before its first use."""
    order = _order(end)
    depth: dict[int, int] = {}
    for node in order:
        depth[id(node)] = 1 + max((depth[id(parent)] for parent, *_ in node.parents), default=-1)
    for node in reversed(order):  # a leaf moves right, next to the node that uses it first
        users = [depth[id(child)] for child in order if any(parent is node for parent, *_ in child.parents)]
        if users and not node.parents:
            depth[id(node)] = min(users) - 1
    columns: dict[int, list[Any]] = {}
    for node in order:
        columns.setdefault(depth[id(node)], []).append(node)
    height = max(len(column) for column in columns.values())
    places: dict[int, tuple[Any, float, float]] = {}
    for x in sorted(columns, reverse=True):  # from the end: each beside the middle of its users, in their order
        column = columns[x]
        wish = {id(node): _middle(node, order, places, height) for node in column}
        column.sort(key=lambda node: -wish[id(node)])
        rows = np.array([wish[id(node)] for node in column])
        for k in range(1, len(rows)):
            rows[k] = min(rows[k], rows[k - 1] - 1)  # at least a row apart
        rows += np.mean([wish[id(node)] for node in column]) - rows.mean()
        for node, y in zip(column, rows, strict=True):
            places[id(node)] = (node, float(x), float(y))
    return places


def _middle(node: Any, order: list[Any], places: dict[int, tuple[Any, float, float]], height: int) -> float:
    """The mean row of the nearest nodes that use this one, the first operand a little higher."""
    users = [
        (places[id(child)][1], places[id(child)][2] - 0.1 * place)
        for child in order
        if id(child) in places
        for place, (parent, *_) in enumerate(child.parents)
        if parent is node
    ]
    nearest = min((x for x, _ in users), default=0.0)
    return float(np.mean([row for x, row in users if x == nearest])) if users else height / 2


def _order(end: Any) -> list[Any]:
    """Every node after its parents."""
    order: list[Any] = []
    seen: set[int] = set()
    waiting = [(end, False)]
    while waiting:
        node, ready = waiting.pop()
        if ready:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            if len(seen) > MOST:
                raise ValueError(f"expected at most {MOST} nodes, got more: draw a part of the graph, or a smaller one")
            waiting.append((node, True))
            waiting.extend((parent, False) for parent, *_ in reversed(node.parents))
    return order
