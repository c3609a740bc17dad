"""The exercise of lesson 07 on the causal mask: who is later than whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake

LOW = -float("inf")


def causal_mask(n: int, m: int) -> Any:
    """The course's answer to 07.4: (n, m) bool, True where key j is no later than query i, the last n of m."""
    import torch

    return torch.ones(n, m, dtype=torch.bool).tril(m - n)


def _triangle(shift: Callable[[int, int], int], upper: bool = False) -> Callable[[int, int], Any]:
    def wrong(n: int, m: int) -> Any:
        import torch

        full = torch.ones(n, m, dtype=torch.bool)
        return full.triu(shift(n, m)) if upper else full.tril(shift(n, m))

    return wrong


def _as(change: Callable[[Any], Any]) -> Callable[[int, int], Any]:
    return lambda n, m: change(causal_mask(n, m))


def _scores_to_add(mask: Any) -> Any:
    return mask.new_zeros(mask.shape, dtype=None).float().masked_fill(~mask, LOW)


def _as_numpy(n: int, m: int) -> Any:
    return np.tri(n, m, m - n, dtype=bool)


def _square(n: int, m: int) -> Any:
    return causal_mask(n, n)


def _square_of_all(n: int, m: int) -> Any:
    return causal_mask(m, m)


CAUSAL = Exercise(
    id="07.4",
    title="Nobody looks ahead",
    reference="mmlearn.checks.lesson_07_causal.causal_mask",
    cases=(
        Case("5 queries, 5 keys", lambda g: (5, 5)),
        Case("2 queries, the last of 6 positions", lambda g: (2, 6)),
        Case("one query, the last of 4", lambda g: (1, 4)),
        Case("one alone", lambda g: (1, 1)),
    ),
    mistakes=(
        Mistake(
            _triangle(lambda n, m: 0),
            "With more keys than queries your triangle starts at the first key: the queries are the LAST n positions, "
            "so shift it by m - n. (PyTorch's is_causal=True has just this trap.)",
        ),
        Mistake(
            _triangle(lambda n, m: m - n - 1),
            "No position sees itself: the diagonal belongs to the mask, or the first position has nothing to look at.",
        ),
        Mistake(_triangle(lambda n, m: m - n + 1), "Everybody sees one position ahead: the shift is one too large."),
        Mistake(
            _triangle(lambda n, m: 0, upper=True), "That is the upper triangle: everybody sees only what is to COME."
        ),
        Mistake(
            _triangle(lambda n, m: m - n, upper=True),
            "triu keeps what is ABOVE the diagonal, the words that are still to come: tril keeps what has been read.",
        ),
        Mistake(
            _triangle(lambda n, m: m - n + 1, upper=True),
            "True and False have changed places: True means allowed here. (nn.MultiheadAttention wants it the other "
            "way round.)",
        ),
        Mistake(_triangle(lambda n, m: m), "Every entry is True: nothing is hidden."),
        Mistake(_triangle(lambda n, m: n - m), "The shift has the wrong sign: it is m - n, keys less queries."),
        Mistake(_as(lambda mask: mask.float()), "Ones and zeros would be ADDED to the scores: make it bool."),
        Mistake(_as(lambda mask: mask.int()), "Whole numbers are no mask: make it bool, dtype=torch.bool."),
        Mistake(
            _as(_scores_to_add), "That is the mask to add to the scores, 0 and -inf; True and False are asked for."
        ),
        Mistake(_as(lambda mask: mask.T), "Rows are queries, columns are keys: (n, m); yours is transposed."),
        Mistake(
            _as(lambda mask: mask[None]), "One axis too many: (n, m) is asked for, it spreads over batch and heads."
        ),
        Mistake(_as(lambda mask: mask.tolist()), "Lists of True and False: torch.tensor(rows) makes a mask of them."),
        Mistake(
            _as(lambda mask: mask.int().tolist()),
            "Lists of 0 and 1: torch.tensor(rows, dtype=torch.bool) makes a mask of them.",
        ),
        Mistake(_as_numpy, "A torch tensor is due: torch.ones(n, m, dtype=torch.bool).tril(...)."),
        Mistake(_square, "Yours is (n, n); the keys may be more than the queries: (n, m)."),
        Mistake(_square_of_all, "Yours is (m, m), a row for every position; only the last n of them are queries."),
    ),
)
