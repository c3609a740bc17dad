"""How the learning rate moves while training."""

from __future__ import annotations

import math
from collections.abc import Callable


def cosine(steps: int, warmup: int = 0, last: float = 0.0) -> Callable[[int], float]:
    r"""A schedule ``step -> factor`` of the learning rate: a straight climb, then half a cosine down.

    ``step / warmup`` while ``step < warmup``; then ``last + (1 - last) * (1 + cos(pi * t)) / 2`` with
    ``t = (step - warmup) / (steps - warmup)``. As in transformers, the first step of a warm-up has the rate 0.
    From ``steps`` on it stays at `last`, where transformers' starts to climb again.

    Args:
        steps: steps of the whole training, 1 or more.
        warmup: steps of the climb, 0 to steps - 1.
        last: factor at the end, 0 to 1.

    Returns a function of the step (0, 1, ...) that gives a factor from 0 to 1.

    Raises ValueError for values outside these ranges.

    >>> factor = cosine(10, warmup=2)
    >>> [round(factor(step), 2) for step in (0, 1, 2, 6, 10)]
    [0.0, 0.5, 1.0, 0.5, 0.0]

    Paper: Loshchilov and Hutter (2017), "SGDR: stochastic gradient descent with warm restarts", arXiv:1608.03983.

    Built in: lesson 06.
    """
    if steps < 1 or not 0 <= warmup < steps:
        raise ValueError(f"expected steps of 1 or more and a warmup from 0 to steps - 1, got {steps} and {warmup}")
    if not 0 <= last <= 1:
        raise ValueError(f"expected last from 0 to 1, a share of the learning rate, got {last}")

    def factor(step: int) -> float:
        if step < warmup:
            return step / warmup
        done = min((step - warmup) / (steps - warmup), 1.0)
        return last + (1 - last) * (1 + math.cos(math.pi * done)) / 2

    return factor
