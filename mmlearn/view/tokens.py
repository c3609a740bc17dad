"""Texts cut into tokens, drawn: a box for each token, in the order of the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from mmlearn.view.style import BLACK, CHINESE_FONT, VERMILION

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TINTS = ("#CFE6F5", "#FBE6BF", "#C9EBDD", "#F3DCE9")  # pale blue, orange, green, pink: neighbours differ
BROKEN = "#E4E4E4"
_GAP = 0.8  # columns of paper in a box beside its text


def token_label(piece: bytes) -> str:
    """What is written into a token's box: its text with spaces shown as ␣, or its bytes in hex digits.

    Bytes are written where they are no whole character, and for signs that the course's fonts lack (emoji,
    invisible joiners, control characters).

    >>> token_label(" dog".encode()), token_label("狗".encode()), token_label("狗".encode()[:2])
    ('␣dog', '狗', 'e7 8b')

    Built in: lesson 08.
    """
    try:
        text = piece.decode("utf-8")
    except UnicodeDecodeError:
        return piece.hex(" ")
    drawable = text and all(letter.isprintable() and ord(letter) < 0x1F000 for letter in text)
    return text.replace(" ", "␣") if drawable and not set(text) & set("\ufe0f\u200d") else piece.hex(" ")


def plot_tokens(
    rows: Mapping[str, Sequence[bytes]], title: str = "", totals: Mapping[str, int] | None = None
) -> Figure:
    """One line a text: its tokens as boxes side by side, how many there are behind the last.

    Grey boxes with hex digits hold bytes that are no whole character by themselves, or an emoji (see `token_label`).

    Args:
        rows: label -> the bytes of each token, as `BPE.pieces` gives them. No token may be empty.
        title: over the figure.
        totals: label -> how many tokens there are in all, for texts of which `rows` holds a beginning only.

    Returns the matplotlib figure. Raises ValueError for no text, or a text without tokens.

    Built in: lesson 08.
    """
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    if not rows or not all(len(pieces) and all(pieces) for pieces in rows.values()):
        raise ValueError("expected one text or more, each with tokens of at least one byte")
    labels = {name: [token_label(piece) for piece in pieces] for name, pieces in rows.items()}
    longest = max(sum(map(_columns, texts)) for texts in labels.values())
    figure, axis = plt.subplots(figsize=(9.5, 0.6 + 0.4 * len(rows)))
    size = min(11.0, 640 / (longest + 8))  # points; a letter of the fixed-width font is 0.6 of its size wide
    for line, (name, pieces) in enumerate(rows.items()):
        x = 0.0
        for place, (piece, text) in enumerate(zip(pieces, labels[name], strict=True)):
            broken = text == piece.hex(" ")
            face = BROKEN if broken else TINTS[place % len(TINTS)]
            box = Rectangle((x, line - 0.36), _columns(text) - 0.15, 0.72, facecolor=face, edgecolor="none")
            axis.add_patch(box)
            axis.text(
                x + (_columns(text) - 0.15) / 2,
                line,
                text,
                ha="center",
                va="center_baseline",
                fontsize=size,
                color=VERMILION if broken else BLACK,
                family=["DejaVu Sans Mono", CHINESE_FONT],
            )
            x += _columns(text)
        total = (totals or {}).get(name, len(pieces))
        number = f"{total}" if total == len(pieces) else f"{total} ({len(pieces)} shown)"
        axis.text(x + 0.6, line, number, va="center_baseline", fontsize=size, weight="bold")
    axis.set_yticks(range(len(rows)), list(rows), fontsize=9)
    axis.set(xlim=(-0.3, max(longest, 40) + 3), ylim=(len(rows) - 0.4, -0.6), xticks=[], title=title)
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)
    return figure


def _columns(text: str) -> float:
    """How wide a box is: a column a letter, two for a Chinese one."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text) + _GAP
