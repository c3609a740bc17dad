"""Several modalities in one matrix: columns in blocks, and flags that say what is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from mmlearn.types import BoolArray

Matrix: TypeAlias = Any  # (N, D) numbers: a NumPy array or a SciPy sparse array
Blocks: TypeAlias = Sequence[tuple[str, int]] | None
Parts: TypeAlias = Mapping[str, Matrix] | Sequence[Matrix]


def block_widths(blocks: Blocks, n_columns: int, flags: bool = False) -> dict[str, int]:
    """The width of every block, in order, once the number of columns is known.

    ``sum of widths + (M flags, if any) = n_columns``; the one block of width -1, if there is one, takes what
    the others leave, as -1 does in NumPy's reshape.

    Args:
        blocks: (name, width) of each of the M modalities, widths >= 1 or one -1; None: one block, "all".
        n_columns: of the joined matrix.
        flags: whether its first M columns are presence flags.

    Returns name -> width. Raises ValueError where names repeat or the widths do not fill the columns.

    >>> block_widths((("image", 3), ("text", -1)), 10, flags=True)
    {'image': 3, 'text': 5}

    Built in: lesson 04.
    """
    listed = _pairs(blocks if blocks is not None else (("all", -1),))
    names, widths = [name for name, _ in listed], [width for _, width in listed]
    if not listed or len(set(names)) < len(names):
        raise ValueError(f"expected at least one block, each with a name of its own, got {names}")
    if not all(isinstance(w, int | np.integer) and (w >= 1 or w == -1) for w in widths) or widths.count(-1) > 1:
        raise ValueError(f"expected widths of 1 or more, and at most one -1 for the rest, got {widths}")
    room = n_columns - (len(listed) if flags else 0)
    rest = room - sum(width for width in widths if width != -1)
    if rest < 1 if -1 in widths else rest != 0:
        says = f"{len(listed)} flags and blocks" if flags else "blocks"
        raise ValueError(
            f"expected columns for {says} {dict(listed)}, got n_features={n_columns}: "
            "give the width of each block, -1 for at most one"
        )
    return {name: rest if width == -1 else int(width) for name, width in listed}


def _pairs(blocks: Any) -> list[tuple[str, Any]]:
    try:
        if isinstance(blocks, Mapping | str):
            raise TypeError
        return [(str(name), width) for name, width in blocks]
    except (TypeError, ValueError):
        raise ValueError(
            f'expected blocks as pairs of name and width, such as (("image", 128), ("text", -1)), got {blocks!r}'
        ) from None


def join_blocks(parts: Parts, present: ArrayLike | None = None) -> Matrix:
    """Put the modalities' features side by side, with flags in front where some are missing.

    Row n is ``[r_1n ... r_Mn | x_1n | ... | x_Mn]``, with ``r_mn`` = 1 where item n has modality m, else 0.
    The features of a missing modality become zeros, whatever stood there: the flag says that they are no
    measurement. NaN is never used to say *missing*; it is an error wherever it stands.

    Args:
        parts: M matrices (N, D_m), dense or sparse, in a list or by name.
        present: (N, M) booleans or 0 and 1; None: everything is there, and no flags are written.

    Returns (N, [M +] D_1 + ... + D_M) float64, CSR if any part is sparse.

    Raises ValueError for no part, unequal numbers of rows, NaN or infinity, or flags of another shape or value.

    >>> join_blocks([[[1., 2.], [3., 4.]], [[5.], [6.]]], present=[[1, 1], [1, 0]])
    array([[1., 1., 1., 2., 5.],
           [1., 0., 3., 4., 0.]])

    Built in: lesson 04.
    """
    listed = matrices(parts)
    if present is None:
        return _beside(listed)
    there = _as_flags(present, (listed[0].shape[0], len(listed)))  # (N, M)
    kept = [_rows_times(part, there[:, m].astype(np.float64)) for m, part in enumerate(listed)]
    return _beside([there.astype(np.float64), *kept])


def split_blocks(X: Matrix, blocks: Blocks, flags: bool = False) -> tuple[dict[str, Matrix], BoolArray]:
    """Take a joined matrix apart again: the features by name, and who is there.

    Args:
        X: (N, [M +] D), dense or CSR, as `join_blocks` makes it.
        blocks: (name, width) of each, as in `block_widths`.
        flags: whether the first M columns are presence flags.

    Returns name -> (N, D_m), and present (N, M) bool, all True without flags.

    Raises ValueError for columns that do not fit the blocks, flags that are not 0 or 1, or features other than
    0 under a flag of 0: one of the two is wrong, and guessing which would hide it.

    >>> parts, present = split_blocks(np.array([[1., 0., 3., 4., 0.]]), (("image", 2), ("text", 1)), flags=True)
    >>> parts["image"], present
    (array([[3., 4.]]), array([[ True, False]]))

    Built in: lesson 04.
    """
    widths = block_widths(blocks, X.shape[1], flags)
    n, first = X.shape[0], len(widths) if flags else 0
    marks = X[:, :first].toarray() if sparse.issparse(X) else X[:, :first]
    present = _as_flags(marks, (n, first)) if flags else np.ones((n, len(widths)), dtype=np.bool_)
    edges = first + np.cumsum([0, *widths.values()])  # (M + 1,)
    parts = {name: X[:, edges[m] : edges[m + 1]] for m, name in enumerate(widths)}
    for m, (name, part) in enumerate(parts.items()):
        filled = np.asarray(abs(part).sum(axis=1)).ravel() != 0  # (N,)
        if (wrong := np.flatnonzero(filled & ~present[:, m])).size:
            raise ValueError(
                f"expected zeros in block {name!r} where its flag is 0, but row {wrong[0]} holds features there: "
                "is the flag wrong, or are they? join_blocks(parts, present) sets both"
            )
    return parts, present


def join_normalised(parts: Parts, weights: ArrayLike | None = None) -> Matrix:
    r"""Early fusion's one line: each modality's rows to length 1, weighted, side by side.

    ``z = [w_1 x_1 / |x_1|, ..., w_M x_M / |x_M|]``: then ``z . z'`` is ``sum_m w_m^2 cos(x_m, x'_m)``, so a
    block's say is its weight, not its unit or its width. A row of zeros (a blank picture, an empty text, a
    missing modality) has no direction and stays zeros.

    Args:
        parts: M matrices (N, D_m), dense or sparse, in a list or by name.
        weights: (M,) numbers >= 0, not all 0; None: all 1.

    Returns (N, D_1 + ... + D_M) float64, CSR if any part is sparse.

    Raises ValueError for what `join_blocks` refuses, and for weights of another number or sign.

    >>> join_normalised([[[3., 4.], [0., 0.]], [[9.], [2.]]], weights=[1, 0.5])
    array([[0.6, 0.8, 0.5],
           [0. , 0. , 0.5]])

    Built in: lesson 04.
    """
    listed = matrices(parts)
    shares = check_weights(weights, len(listed))
    return _beside([_unit_rows(part, weight) for part, weight in zip(listed, shares, strict=True)])


def check_weights(weights: ArrayLike | None, count: int) -> Any:
    """(count,) float64 of weights that make sense: finite, none below 0, not all 0; None gives ones.

    >>> check_weights(None, 2), check_weights([0, 3], 2)
    (array([1., 1.]), array([0., 3.]))

    Built in: lesson 04.
    """
    if weights is None:
        return np.ones(count)
    numbers = np.asarray(weights, dtype=np.float64)
    if numbers.shape != (count,):
        raise ValueError(f"expected {count} weights, one for each modality, got shape {numbers.shape}")
    if not np.isfinite(numbers).all() or (numbers < 0).any() or not numbers.any():
        raise ValueError(f"expected weights of 0 or more, not all 0, got {numbers.tolist()}")
    return numbers


def matrices(parts: Parts) -> list[Matrix]:
    """The parts as float64 matrices of equally many rows, sparse ones as CSR; an error that names the culprit.

    >>> [part.shape for part in matrices({"image": [[1, 2]], "text": [[3]]})]
    [(1, 2), (1, 1)]

    Built in: lesson 04.
    """
    named = dict(parts) if isinstance(parts, Mapping) else {f"number {m}": part for m, part in enumerate(parts)}
    if not named:
        raise ValueError("expected at least one block of features, got none")
    found = {name: _as_matrix(name, part) for name, part in named.items()}
    rows = {name: part.shape[0] for name, part in found.items()}
    if len(set(rows.values())) > 1:
        raise ValueError(f"expected one row an item in every block, got {rows} rows: are the blocks of the same items?")
    return list(found.values())


def _as_matrix(name: str, part: Any) -> Matrix:
    matrix = sparse.csr_array(part, dtype=np.float64) if sparse.issparse(part) else np.asarray(part, dtype=np.float64)
    if matrix.ndim != 2:
        raise ValueError(f"expected block {name} as a matrix (items, features), got shape {matrix.shape}")
    if not np.isfinite(matrix.data if sparse.issparse(matrix) else matrix).all():
        raise ValueError(
            f"expected finite numbers, but block {name} holds NaN or infinity: a missing modality is told by present="
        )
    return matrix


def _as_flags(present: ArrayLike, shape: tuple[int, int]) -> BoolArray:
    flags = np.asarray(present)
    if flags.shape != shape:
        raise ValueError(f"expected a flag for every item and modality, shape {shape}, got {flags.shape}")
    if not np.isin(flags, (0, 1)).all():
        raise ValueError("expected presence flags 1 (there) or 0 (missing), got other values among them")
    return flags.astype(np.bool_)


def _beside(parts: Sequence[Matrix]) -> Matrix:
    if any(sparse.issparse(part) for part in parts):
        joined = sparse.hstack([sparse.csr_array(part) for part in parts], format="csr")
        if max(joined.nnz, *joined.shape) < 2**31:  # scikit-learn's solvers take indices of 32 bits only
            joined.indices, joined.indptr = joined.indices.astype(np.int32), joined.indptr.astype(np.int32)
        return joined
    return np.hstack(parts)


def _rows_times(part: Matrix, factors: Any) -> Matrix:
    """Each row times its factor, and no stored zeros left behind in a sparse part."""
    if not sparse.issparse(part):
        return part * factors[:, None]
    scaled = part.multiply(factors[:, None]).tocsr()  # (N, D)
    scaled.eliminate_zeros()
    return scaled


def _unit_rows(part: Matrix, weight: float) -> Matrix:
    part = _mid_range(part)
    squares = part.multiply(part) if sparse.issparse(part) else part * part
    length = np.sqrt(np.asarray(squares.sum(axis=1)).ravel())  # (N,)
    return _rows_times(part, np.where(length > 0, weight / np.where(length > 0, length, 1), 0.0))


def _mid_range(part: Matrix) -> Matrix:
    """Each row times the power of two that brings its largest entry to 0.5 to 1: no digit is lost, no square is."""
    largest: Any = abs(part).max(axis=1) if part.shape[1] else np.zeros(part.shape[0])
    _, powers = np.frexp(largest.toarray().ravel() if sparse.issparse(largest) else largest)  # (N,)
    if not sparse.issparse(part):
        return np.ldexp(part, -powers[:, None])
    return sparse.csr_array(
        (np.ldexp(part.data, -np.repeat(powers, np.diff(part.indptr))), part.indices, part.indptr), shape=part.shape
    )
