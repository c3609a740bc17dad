"""Splits that do not leak: near-copies stay together, every item is tested once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.types import IntArray


class Split(NamedTuple):
    """One division of the items: row numbers to train on and to test on, (n,) and (m,) int64, sorted.

    Built in: lesson 02.
    """

    train: IntArray
    test: IntArray


def family_splits(labels: ArrayLike, families: ArrayLike, n_splits: int = 5, seed: int = 0) -> list[Split]:
    """Cut the items into `n_splits` parts, no family in two of them; each part is the test set once.

    The parts hold about the same share of every label. It is scikit-learn's StratifiedGroupKFold, under the
    names of the course: a random split would put the woman farmer on one side and the man farmer on the other.

    Args:
        labels: (N,) the class of each item, balanced over the parts as far as families allow.
        families: (N,) the family of each item, as in ``stickers().families``.
        n_splits: how many parts, 2 or more.
        seed: of the shuffle before the families are dealt out.

    Returns n_splits Splits. Raises ValueError for unequal lengths, fewer than 2 parts, or fewer families than parts.

    >>> families = ["fox", "fox", "cat", "dog", "dog", "owl"]
    >>> [split.test.tolist() for split in family_splits([0, 0, 0, 1, 1, 1], families, n_splits=2)]
    [[0, 1, 5], [2, 3, 4]]

    Built in: lesson 02.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    kinds, groups = np.asarray(labels), np.asarray(families)
    if kinds.ndim != 1 or kinds.shape != groups.shape:
        raise ValueError(f"expected one label and one family an item, got shapes {kinds.shape} and {groups.shape}")
    if n_splits < 2:
        raise ValueError(f"expected 2 parts or more, got {n_splits}: one part would leave nothing to train on")
    if len(np.unique(groups)) < n_splits:
        raise ValueError(f"expected at least {n_splits} families for {n_splits} parts, got {len(np.unique(groups))}")
    folds = StratifiedGroupKFold(n_splits, shuffle=True, random_state=seed)
    return [Split(train, test) for train, test in folds.split(kinds, kinds, groups)]
