"""Rows of pictures under common headings: the same pictures at several moments, or by several hands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mmlearn.types import UInt8Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def show_strips(
    columns: Mapping[str, UInt8Array], title: str = "", names: Sequence[str] | None = None, inches: float = 1.15
) -> Figure:
    """Draw a table of pictures: a column a heading, a row a picture.

    Args:
        columns: heading -> (N, H, W[, 3]) pictures, uint8 0 to 255 or float 0 to 1; N is the same for all.
        title: over the whole figure.
        names: N short texts, written left of the rows; or none.
        inches: width of a picture.

    Returns the matplotlib figure. Raises ValueError for no column, no picture, or columns and names of unequal length.

    Built in: lesson 10.
    """
    import matplotlib.pyplot as plt

    lengths = {heading: len(images) for heading, images in columns.items()}
    count = next(iter(lengths.values()), 0)
    if not count or set(lengths.values()) != {count}:
        raise ValueError(f"expected columns of the same number of pictures, 1 or more, got {lengths or 'no column'}")
    if names is not None and len(names) != count:
        raise ValueError(f"expected a name for each of {count} rows, got {len(names)}")
    lines = max(heading.count("\n") + 1 for heading in columns)
    size = (len(columns) * inches + 1.0 * (names is not None), count * inches + 0.22 * lines + 0.4 * bool(title))
    figure, axes = plt.subplots(count, len(columns), squeeze=False, figsize=size)
    for column, (heading, images) in enumerate(columns.items()):
        for row, image in enumerate(images):
            axis = axes[row, column]
            top = 255 if image.dtype == np.uint8 else 1  # grey levels as they are, not stretched
            axis.imshow(image, cmap="gray" if image.ndim == 2 else None, vmin=0, vmax=top)
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
            if not row:
                axis.set_title(heading, fontsize=9, weight="normal")
            if not column and names is not None:
                axis.set_ylabel(names[row], fontsize=9, rotation=0, ha="right", va="center")
    figure.suptitle(title, weight="bold")
    return figure
