"""Two modalities that each know a part of the answer, for the tests of the fusion estimators."""

from __future__ import annotations

import numpy as np

from mmlearn.fuse.blocks import join_blocks

PAIR = (("image", 4), ("text", -1))
LABELS = np.array(["bird", "cat", "dog"])


def items(n: int = 90, seed: int = 0) -> tuple[list[np.ndarray], np.ndarray]:
    """[image (n, 4), text (n, 6)] and labels (n,): the image parts birds from the rest, the text cats from dogs."""
    rng = np.random.default_rng(seed)
    kind = np.arange(n) % 3
    image, text = rng.normal(size=(n, 4)), rng.normal(size=(n, 6))
    image[:, 0] += 3.0 * (kind == 0)
    text[:, 1] += 3.0 * (kind == 1)
    text[:, 2] += 2.0 * (kind == 2)
    return [image, text], LABELS[kind]


def table(present: np.ndarray | None = None, n: int = 90, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """The joined matrix, with flags in front if `present` (n, 2) is given, and the labels."""
    parts, y = items(n, seed)
    return join_blocks(parts, present), y
