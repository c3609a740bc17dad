"""Raw pictures and texts in one table, encoded inside the fold: nothing of a test item is ever fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import TransformerMixin, clone
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.validation import check_is_fitted, validate_data

from mmlearn.fuse.blocks import Matrix, join_blocks
from mmlearn.types import BoolArray

ObjectArray = np.ndarray[Any, np.dtype[np.object_]]


def modality_table(*columns: Sequence[Any]) -> ObjectArray:
    """Lists of raw items side by side in one array of objects; None says that an item lacks a modality.

    ``np.array([pictures, texts], dtype=object)`` would take pictures of one size apart into pixels. Here a cell
    is a whole picture, a whole text.

    Args:
        columns: M sequences of N items each.

    Returns (N, M) object. Raises ValueError for no column or unequal lengths.

    >>> modality_table([np.zeros((4, 4)), None], ["a fox", "a cat"]).shape
    (2, 2)

    Built in: lesson 04.
    """
    lengths = [len(column) for column in columns]
    if not lengths or len(set(lengths)) > 1:
        raise ValueError(f"expected one column or more, all equally long, got lengths {lengths}")
    table = np.empty((lengths[0], len(columns)), dtype=object)
    for m, column in enumerate(columns):
        for n, item in enumerate(column):
            table[n, m] = item
    return table


class ModalityEncoder(TransformerMixin, _BaseComposition):  # type: ignore[misc]
    r"""Each modality through its own encoder, then flags and features in one matrix for the fusion estimators.

    ``X[n] = (x_1n, ..., x_Mn)`` becomes ``[r_1n ... r_Mn | E_1(x_1n) | ... | E_M(x_Mn)]``, r = 1 where the cell is
    not None. Each encoder is fitted on the rows that have its modality. In a Pipeline before `EarlyFusion(blocks,
    flags=True)` the codebook and the idf are so learned inside each fold of a cross-validation; encoding
    everything first would let the test pictures choose the words.

    Args:
        encoders: (name, transformer) for each of the M columns, in order; a transformer gets the list of that
            column's items and returns (n, D_m), dense or sparse. None or "passthrough" in its place: the items
            are single numbers and stay as they are. `encoders=None`: so for every column.

    After `fit`: ``encoders_`` fitted (name, transformer), ``blocks_`` ((name, D_m), ...), ``n_features_in_`` = M.

    Raises ValueError for another number of columns, a modality that no row has, NaN (missing is None).

    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> table = modality_table([0.5, None], ["a red fox", "a cat"])
    >>> encoder = ModalityEncoder([("size", None), ("text", CountVectorizer())]).fit(table)
    >>> encoder.transform(table).toarray()                     # two flags, size, then cat, fox, red
    array([[1. , 1. , 0.5, 0. , 1. , 1. ],
           [0. , 1. , 0. , 1. , 0. , 0. ]])
    >>> encoder.blocks_
    (('size', 1), ('text', 3))

    Built in: lesson 04.
    """

    def __init__(self, encoders: Sequence[tuple[str, Any]] | None = None) -> None:
        self.encoders = encoders

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Its own settings and, with deep, each encoder's as name__setting, so that a grid can reach them."""
        params: dict[str, Any] = self._get_params("encoders", deep=deep)
        return params

    def set_params(self, **params: Any) -> Self:
        """Set `encoders`, one encoder by name, or one setting as name__setting."""
        self._set_params("encoders", **params)
        return self

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit every encoder on the items that are there; `y` is handed on to it."""
        self._fit_blocks(X, y)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> Matrix:
        """`fit` and `transform` in one, each item encoded once."""
        return self._fit_blocks(X, y)

    def transform(self, X: Any) -> Matrix:
        """(N, M) raw items -> (N, M + D_1 + ... + D_M): flags, then features, zeros where an item is missing."""
        check_is_fitted(self)
        table, present = self._table(X, reset=False)
        widths = [width for _, width in self.blocks_]
        parts = []
        for m, (_, encoder) in enumerate(self.encoders_):
            rows = np.flatnonzero(present[:, m])
            given = _encoded(encoder, [table[n, m] for n in rows]) if rows.size else np.zeros((0, widths[m]))
            parts.append(_placed(given, rows, len(table)))
        return join_blocks(parts, present)

    def _fit_blocks(self, X: Any, y: Any) -> Matrix:
        table, present = self._table(X, reset=True)
        listed = self.encoders if self.encoders is not None else [(f"x{m}", None) for m in range(table.shape[1])]
        if y is not None and len(np.asarray(y)) != len(table):
            raise ValueError(f"expected a label for every item, got {len(np.asarray(y))} labels for {len(table)} items")
        self.encoders_, parts = [], []
        for m, (name, encoder) in enumerate(listed):
            rows = np.flatnonzero(present[:, m])
            if not rows.size:
                raise ValueError(f"expected at least one item with modality {name!r} to fit its encoder on, got none")
            items = [table[n, m] for n in rows]
            if isinstance(encoder, str) and encoder != "passthrough":
                raise ValueError(f"expected a transformer, None or 'passthrough' for {name!r}, got {encoder!r}")
            own = None if encoder is None or isinstance(encoder, str) else clone(encoder)
            labels = None if y is None else np.asarray(y)[rows]
            given = _numbers(items) if own is None else own.fit_transform(items, labels)
            self.encoders_.append((name, own))
            parts.append(_placed(given, rows, len(table)))
        self.blocks_ = tuple((name, part.shape[1]) for (name, _), part in zip(listed, parts, strict=True))
        return join_blocks(parts, present)

    def _table(self, X: Any, reset: bool) -> tuple[Any, BoolArray]:
        """The items (N, M), and which of them are there."""
        raw = getattr(X, "dtype", None) == np.dtype(object) or self.encoders is not None
        if isinstance(X, list | tuple):
            _require_even(X)
        table = validate_data(self, X, reset=reset, dtype=None, ensure_all_finite=not raw)
        if self.encoders is not None and table.shape[1] != len(self.encoders):
            raise ValueError(f"expected a column for each of {len(self.encoders)} encoders, got {table.shape[1]}")
        if not raw:
            return table, np.ones(table.shape, dtype=np.bool_)
        present = np.array([[item is not None for item in row] for row in table], dtype=np.bool_)
        if any(isinstance(item, float) and np.isnan(item) for row in table for item in row):
            raise ValueError("expected None for what is missing, but a cell holds NaN: which of the two is meant?")
        return table, present.reshape(table.shape)


def _require_even(rows: Any) -> None:
    """NumPy cannot put pictures or texts of uneven sizes into one array."""
    try:
        np.asarray(rows)
    except ValueError:
        raise ValueError(
            "expected a table of items and modalities, got lists that NumPy cannot make one of: "
            "modality_table(pictures, texts) can"
        ) from None


def _encoded(encoder: Any, items: list[Any]) -> Matrix:
    return _numbers(items) if encoder is None else encoder.transform(items)


def _numbers(items: list[Any]) -> Matrix:
    return np.array([float(item) for item in items])[:, None]  # (n, 1)


def _placed(given: Matrix, rows: Any, n: int) -> Matrix:
    """(n, D): the encoded rows at their places, zeros elsewhere."""
    if sparse.issparse(given):
        place = sparse.csr_array((np.ones(len(rows)), (rows, np.arange(len(rows)))), shape=(n, len(rows)))
        return sparse.csr_array(place @ given)
    full = np.zeros((n, given.shape[1]))
    full[rows] = given
    return full
