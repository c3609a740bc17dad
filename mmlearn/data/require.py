"""The two arguments that several loaders share, checked in one place: a size in pixels, and languages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def whole_pixels(size: int, smallest: int, largest: int) -> int:
    """The size as a plain int; raises ValueError unless it is a whole number from `smallest` to `largest`.

    >>> whole_pixels(np.int64(64), 8, 256)
    64

    Built in: lesson 00.
    """
    whole = isinstance(size, int | np.integer) and not isinstance(size, bool)
    if not whole or not smallest <= size <= largest:
        raise ValueError(f"expected a size of {smallest} to {largest} whole pixels, got {size!r}")
    return int(size)


def several_languages(languages: Sequence[str]) -> None:
    """Raise ValueError for one text: its letters would be taken for languages.

    >>> several_languages(("en", "zh"))

    Built in: lesson 00.
    """
    if isinstance(languages, str):
        raise ValueError(f"expected several languages, such as ({languages!r},), got the text {languages!r}")
