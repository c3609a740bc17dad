"""Hybrid fusion: the joined features get a voice among the single modalities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.fuse.blocks import Blocks, Matrix, check_weights, join_normalised, split_blocks
from mmlearn.fuse.late import LateFusion
from mmlearn.types import BoolArray


class HybridFusion(LateFusion):
    r"""Late fusion of M + 1 classifiers: one a modality, and one on their early fusion.

    ``p_1 ... p_M`` from the modalities alone, ``p_(M+1)`` from ``z = [w_1 x_1 / |x_1|, ...]``; then a rule. The
    joint classifier weighs all features together, the others go on where a modality fails: the joint one has a
    say only for items that have everything, in training and after.

    Args:
        blocks, flags, rule, classifier: as in `LateFusion`.
        weights: (M + 1,) for the rule "weighted", the joint classifier's last.
        joint_weights: (M,) weight of each block inside the joined features, >= 0; None: all 1.

    After `fit`: as `LateFusion`, ``experts_`` M + 1 of them. Raises ValueError as `LateFusion`.

    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(40, 3)), np.repeat([0, 1], 20)
    >>> X[y == 1] += 3
    >>> len(HybridFusion(blocks=(("image", 2), ("text", 1))).fit(X, y).experts_)
    3

    Reference: Atrey et al. (2010), "Multimodal fusion for multimedia analysis: a survey", section 3.1,
    doi:10.1007/s00530-010-0182-0.

    Built in: lesson 04.
    """

    def __init__(
        self,
        blocks: Blocks = None,
        flags: bool = False,
        rule: str = "average",
        weights: ArrayLike | None = None,
        joint_weights: ArrayLike | None = None,
        classifier: Any = None,
    ) -> None:
        super().__init__(blocks=blocks, flags=flags, rule=rule, weights=weights, classifier=classifier)
        self.joint_weights = joint_weights

    def _views(self, X: Matrix) -> dict[str, tuple[Matrix, BoolArray]]:
        parts, present = split_blocks(X, self.blocks, self.flags)
        joined = join_normalised(parts, check_weights(self.joint_weights, len(parts)))
        return {**super()._views(X), "all modalities joined": (joined, np.all(present, axis=1))}
