"""One seed for everything that is random."""

from __future__ import annotations

import random

import numpy as np
import torch


def seed_everything(seed: int) -> torch.Generator:
    """Seed Python's, NumPy's and torch's random numbers, and hand back a torch generator of that seed.

    The three shared generators serve code that takes none (a layer's first weights, dropout); the one returned
    is yours alone, for what should not change when other code draws a number more or less. Equal seeds give
    equal numbers on the same machine and versions only: another number of cores may round sums differently.

    Args:
        seed: a whole number, 0 to 2**32 - 1.

    Returns a `torch.Generator` on the CPU, freshly seeded.

    Raises ValueError for anything else.

    >>> generator = seed_everything(7)
    >>> first = torch.rand(2), torch.rand(2, generator=generator)
    >>> generator = seed_everything(7)
    >>> torch.equal(first[0], torch.rand(2)), torch.equal(first[1], torch.rand(2, generator=generator))
    (True, True)

    Reference: PyTorch, "Reproducibility", https://docs.pytorch.org/docs/stable/notes/randomness.html

    Built in: lesson 06.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**32:
        raise ValueError(f"expected a seed from 0 to 2**32 - 1, a whole number, got {seed!r}")
    random.seed(int(seed))
    np.random.seed(int(seed))
    torch.manual_seed(int(seed))  # the GPU's too, where there is one
    return torch.Generator().manual_seed(int(seed))
