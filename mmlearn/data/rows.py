"""Rows that stay together: what the small typed results of the loaders share."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike


class Rows:
    """Base of the loaders' frozen dataclasses: every array field has one row for each item.

    ``len(data)`` counts the items; ``data.select(index)`` takes a boolean mask, a slice or positions and
    returns the same type with the same rows of every array, of every dict of arrays, and of every tuple
    as long as the data. The first field must have one row an item: it sets the length.

    Built in: lesson 00.
    """

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))  # type: ignore[arg-type]

    def select(self, index: ArrayLike | slice) -> Self:
        """Keep the rows that `index` names (mask, slice or positions), in that order."""
        if not isinstance(index, slice):
            index = np.asarray(index)
            index = index if index.size else index.astype(np.intp)  # an empty list would count as floats
        rows = np.arange(len(self))[index]
        if rows.ndim != 1:
            raise ValueError(f"expected a mask, a slice or a list of positions, got shape {rows.shape}")
        taken = {f.name: _take(getattr(self, f.name), rows, len(self)) for f in fields(self)}  # type: ignore[arg-type]
        return replace(self, **taken)  # type: ignore[type-var]


def _take(value: Any, rows: np.ndarray[Any, Any], n: int) -> Any:
    if isinstance(value, dict):
        return {key: _take(part, rows, n) for key, part in value.items()}
    if isinstance(value, np.ndarray) and value.ndim and len(value) == n:
        return value[rows]
    if isinstance(value, tuple) and len(value) == n:
        return tuple(value[i] for i in rows)
    return value
