"""The map of the course: every lesson as a box, the written ones filled, the planned ones in outline."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmlearn.view.style import BLACK, BLUE, GREEN, PINK, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


INK = "#4D4D4D"  # dark enough for white letters


@dataclass(frozen=True)
class Stop:
    """One lesson on the map: its number, a title of a few words, and whether it is written yet.

    Built in: lesson 00.
    """

    number: str
    title: str
    written: bool = False


@dataclass(frozen=True)
class Part:
    """One part of the course: its roman number, its title, the colour of its boxes, its lessons.

    Built in: lesson 00.
    """

    number: str
    title: str
    colour: str
    stops: tuple[Stop, ...] = ()


PARTS = (
    Part("0", "Start", INK, (Stop("00", "Start here", written=True),)),
    Part(
        "I",
        "Classical fusion",
        BLUE,
        (
            Stop("01", "Modalities", written=True),
            Stop("02", "SIFT and visual words", written=True),
            Stop("03", "TF-IDF and search", written=True),
            Stop("04", "SVM and fusion", written=True),
            Stop("05", "A shared space", written=True),
        ),
    ),
    Part(
        "II",
        "Attention to ViT",
        GREEN,
        (
            Stop("06", "PyTorch and CNNs", written=True),
            Stop("07", "Attention", written=True),
            Stop("08", "Transformer", written=True),
            Stop("09", "Vision transformer", written=True),
            Stop("10", "Masked images", written=True),
        ),
    ),
    Part(
        "III",
        "Contrastive alignment",
        VERMILION,
        (
            Stop("11", "Contrastive learning"),
            Stop("12", "CLIP from scratch"),
            Stop("13", "Using CLIP"),
            Stop("14", "ALIGN, SigLIP, LiT"),
        ),
    ),
    Part(
        "IV",
        "Understanding with both",
        PINK,
        (
            Stop("15", "Multimodal transformer"),
            Stop("16", "Answering questions"),
            Stop("17", "Captioning"),
            Stop("18", "Serving it all"),
        ),
    ),
)

# What may come after; no lesson of these parts has a number yet.
LATER = (
    "V generation",
    "VI language models that see",
    "VII sound, video, feelings",
    "VIII adapting and compressing",
    "IX scale",
    "X judging",
    "XI recommendation, search, capstone",
)


def lessons() -> tuple[Stop, ...]:
    """All lessons of the map, in course order.

    >>> [stop.number for stop in lessons()][:3]
    ['00', '01', '02']

    Built in: lesson 00.
    """
    return tuple(stop for part in PARTS for stop in part.stops)


def course_map(highlight: Sequence[str] = (), title: str = "The map of the course") -> Figure:
    """Draw parts as rows and lessons as boxes: filled if written, dashed outline if planned.

    Args:
        highlight: numbers of lessons to frame thickly, ("12", "13"): a path through the course.
        title: above the figure.

    Returns the matplotlib figure. Raises ValueError for a number that is not on the map.

    >>> figure = course_map(highlight=["12"])
    >>> len(figure.axes)
    1

    Built in: lesson 00.
    """
    import matplotlib.pyplot as plt

    known = {stop.number for stop in lessons()}
    strange = [number for number in highlight if number not in known]
    if strange:
        raise ValueError(f"expected numbers of lessons on the map, 00 to 18, got {strange}")
    figure, axis = plt.subplots(figsize=(9.5, 5.4))
    axis.set(xlim=(0, 7.15), ylim=(-0.65, len(PARTS)))
    axis.axis("off")
    for row, part in enumerate(PARTS):
        height = len(PARTS) - 1 - row
        axis.text(
            0.05,
            height + 0.45,
            _wrap(f"Part {part.number}\n{part.title}"),
            va="center",
            weight="bold",
            fontsize=11,
        )
        for place, stop in enumerate(part.stops):
            _box(axis, 1.7 + 1.08 * place, height + 0.08, part.colour, stop, stop.number in highlight)
    later = "Later, planned:  " + " · ".join(LATER)
    axis.text(0.05, -0.3, textwrap.fill(later, 105), va="center", fontsize=9, color="dimgrey")
    axis.set_title(f"{title}\nfilled: written · dashed: planned", fontsize=12)
    return figure


def _box(axis: Axes, x: float, y: float, colour: str, stop: Stop, framed: bool) -> None:
    from matplotlib.patches import FancyBboxPatch

    box = FancyBboxPatch(
        (x, y),
        0.98,
        0.74,
        boxstyle="round,pad=0,rounding_size=0.08",
        facecolor=colour if stop.written else "white",
        edgecolor=BLACK if framed else colour,
        linestyle="-" if stop.written else "--",
        linewidth=3 if framed else 1.6,
    )
    axis.add_patch(box)
    ink = "white" if stop.written else BLACK
    axis.text(x + 0.49, y + 0.6, stop.number, ha="center", va="center", color=ink, weight="bold", fontsize=10)
    axis.text(x + 0.49, y + 0.27, _wrap(stop.title, 12), ha="center", va="center", color=ink, fontsize=9)


def _wrap(text: str, width: int = 18) -> str:
    return "\n".join(textwrap.fill(line, width) for line in text.splitlines())
