"""What a language model expects and writes: the surprise at each token, and sampled texts, marked right or wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.view.style import BLACK, GREEN, PALETTE, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_surprise(axis: Axes, tokens: Sequence[str], bits: Mapping[str, ArrayLike], title: str = "") -> None:
    """How surprised models are at each token of one text: bars side by side, one colour a model.

    Args:
        axis: matplotlib axes to draw on.
        tokens: T pieces of text, as they are to be written below the bars.
        bits: label -> (T,) surprises, ``-log2 p(token | before)``, 0 or more.
        title: above it.

    Raises ValueError for a model with another number of surprises than tokens.

    Built in: lesson 08.
    """
    places, width = np.arange(len(tokens)), 0.8 / max(1, len(bits))
    for k, (label, heights) in enumerate(bits.items()):
        values = np.asarray(heights, dtype=np.float64)
        if values.shape != (len(tokens),):
            raise ValueError(f"expected a surprise for each of {len(tokens)} tokens, got {values.shape}: {label}")
        shift = (k - (len(bits) - 1) / 2) * width
        axis.bar(places + shift, values, width, color=PALETTE[k % len(PALETTE)], label=label)
    axis.set_xticks(places, list(tokens), rotation=60, ha="right", fontsize=9)
    axis.set(ylabel="surprise, bits", title=title)
    axis.legend(fontsize=9)


def show_texts(columns: Mapping[str, Sequence[tuple[str, bool]]], title: str = "", width: int = 46) -> Figure:
    """Texts in columns under headings, each with a green tick or a red cross.

    Args:
        columns: heading -> texts, English or Chinese, each with whether it is right; other signs show as U+FFFD.
        title: above all.
        width: letters a line; a Chinese one counts double.

    Built in: lesson 08.
    """
    import matplotlib.pyplot as plt

    wrapped = {
        head: [(_wrap(_drawable(text.replace("\n", " ")), width), right) for text, right in texts]
        for head, texts in columns.items()
    }
    lines = max(sum(text.count("\n") + 1.4 for text, _ in texts) for texts in wrapped.values())
    figure, axes = plt.subplots(
        1, len(wrapped), figsize=(0.093 * width * len(wrapped), 0.22 * lines + 0.6), squeeze=False
    )
    for axis, (head, texts) in zip(axes[0], wrapped.items(), strict=True):
        axis.axis("off")
        axis.set(xlim=(0, 1), ylim=(lines, 0))
        axis.set_title(head, loc="left", weight="normal")
        top = 0.6
        for text, right in texts:
            mark, colour = ("\u2713", GREEN) if right else ("\u2717", VERMILION)
            axis.text(0, top, mark, color=colour, va="top", fontsize=11, weight="bold")
            axis.text(0.045, top, text, color=BLACK, va="top", fontsize=9.5, linespacing=1.25)
            top += text.count("\n") + 1.4
    if title:
        figure.suptitle(title, weight="bold")
    return figure


def _wrap(text: str, width: int) -> str:
    """Broken into lines: between words where there are spaces, else anywhere."""
    lines, line = [], ""
    for word in text.replace(" ", " \0").split("\0"):
        for piece in [word] if _columns(word) <= width else word:
            if line and _columns(line + piece.rstrip()) > width:
                lines.append(line.rstrip())
                line = ""
            line += piece
    return "\n".join([*lines, line.rstrip()])


def _drawable(text: str) -> str:
    """With U+FFFD for all that is neither plain English nor Chinese: the course's fonts may lack it."""
    ranges = (0x20, 0x7E), (0x3000, 0x303F), (0x4E00, 0x9FFF), (0xFF00, 0xFFEF)
    return "".join(x if any(low <= ord(x) <= high for low, high in ranges) else "\ufffd" for x in text)


def _columns(text: str) -> int:
    return sum(2 if ord(letter) > 0x2E80 else 1 for letter in text)
