"""One style for every figure: sizes, colours that colour-blind readers can tell apart, a Chinese font."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

# Okabe and Ito's palette (2008), black first for text and references; safe for all common colour blindness.
BLUE, ORANGE, GREEN, PINK = "#0072B2", "#E69F00", "#009E73", "#CC79A7"
SKY, VERMILION, YELLOW, BLACK, GREY = "#56B4E9", "#D55E00", "#F0E442", "#000000", "#8C8C8C"
PALETTE = (BLUE, ORANGE, GREEN, PINK, SKY, VERMILION, YELLOW, BLACK)
SEQUENTIAL, DIVERGING = "viridis", "PuOr"
CHINESE_FONT = "WenQuanYi Micro Hei"


def use_style() -> None:
    """Set matplotlib's defaults for the course; call it once, in a lesson's first code cell.

    Registers the packaged Chinese font behind DejaVu Sans, so that a label may mix both scripts.

    >>> use_style()
    >>> import matplotlib.pyplot as plt
    >>> plt.rcParams["font.family"]
    ['DejaVu Sans', 'WenQuanYi Micro Hei']

    Built in: lesson 00.
    """
    import matplotlib.pyplot as plt
    import paperang_p2_fonts_cjk
    from cycler import cycler
    from matplotlib import font_manager

    font = Path(paperang_p2_fonts_cjk.__file__).parent / "fonts" / "wqy-microhei.ttc"
    known = font_manager.fontManager.ttflist
    if not any(entry.fname == str(font) for entry in known):
        font_manager.fontManager.addfont(str(font))
        faces = [entry for entry in known if entry.fname == str(font)]
        known.extend(replace(face, weight=700) for face in faces)  # it has no bold: a title uses the plain one
    plt.rcParams.update(
        {
            "font.family": ["DejaVu Sans", CHINESE_FONT],
            "font.size": 11,
            "axes.titlesize": 12,
            "axes.titleweight": "bold",
            "axes.prop_cycle": cycler(color=PALETTE),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": False,
            "image.cmap": SEQUENTIAL,
            "legend.frameon": False,
            "figure.figsize": (8.0, 4.0),
            "figure.dpi": 96,
            "figure.constrained_layout.use": True,
        }
    )
