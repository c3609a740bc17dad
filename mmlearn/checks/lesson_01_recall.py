"""The exercise of lesson 01 on retrieval: recall at k, with ties shared."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.types import FloatArray


def _match(s: FloatArray) -> Any:
    return np.diagonal(s)[:, None]


def _better(s: FloatArray) -> Any:
    return (s > _match(s)).sum(axis=1)


def _not_worse(s: FloatArray) -> Any:
    return (s >= _match(s)).sum(axis=1)


def _share(better: Any, tied: Any, k: int) -> float:
    return float(np.clip((k - better) / tied, 0, 1).mean())


def _fair(s: FloatArray, k: int) -> float:
    return _share(_better(s), _not_worse(s) - _better(s), k)


def _among(order: Any, k: int) -> float:
    """Share of rows whose own number is among the first k of their order."""
    return float((order[:, :k] == np.arange(len(order))[:, None]).any(axis=1).mean())


def _noise(generator: np.random.Generator, n: int, k: int) -> tuple[FloatArray, int]:
    return generator.normal(size=(n, n)) + np.eye(n), k


def _by_hand(generator: np.random.Generator) -> tuple[FloatArray, int]:
    """Small enough to be printed: the first two queries find their match, the last does not."""
    return np.array([[0.8, 0.4, 0.3], [0.6, 0.7, 0.1], [0.9, 0.5, 0.2]]), 2


def _ties(generator: np.random.Generator) -> tuple[FloatArray, int]:
    """For k = 3. Only the first row's tie straddles place k, so a sort's way with ties can change one hit alone.

    Chances by row: 2 better and 3 tied, 1/3; none better and 2 tied, 1; 6 better and 2 tied, 0.
    """
    rows = [
        [0.5, 0.9, 0.8, 0.5, 0.1, 0.5, 0.2, 0.3],
        [0.4, 0.9, 0.2, 0.1, 0.9, 0.3, 0.5, 0.6],
        [0.8, 0.9, 0.1, 0.6, 0.5, 0.7, 0.1, 0.4],
    ]
    return np.array(rows), 3


RECALL = Exercise(
    id="01.7",
    title="Recall at k",
    reference="mmlearn.score.retrieval.recall_at_k",
    cases=(
        Case("3 queries, k = 2, to be worked out by hand", _by_hand),
        Case("12 queries, k = 1", lambda g: _noise(g, 12, 1)),
        Case("20 queries, k = 5", lambda g: _noise(g, 20, 5)),
        Case("3 queries, 8 items, a tie in every row", _ties),
        Case("everything equally similar", lambda g: (np.ones((10, 10)), 2)),
    ),
    mistakes=(
        Mistake(
            lambda s, k: float((_better(s) < k).mean()),
            "You count a tie as a win: a search that finds everything equally similar would be perfect.",
        ),
        Mistake(
            lambda s, k: float((_not_worse(s) <= k).mean()),
            "You count a tie as a loss: share it, (k - better) / tied, cut to 0 ... 1.",
        ),
        Mistake(
            lambda s, k: _among(np.argsort(-s, axis=1, kind="stable"), k),
            "argsort breaks ties by position, so the first items of the gallery win them: share ties instead.",
        ),
        Mistake(
            lambda s, k: _among(np.argsort(s, axis=1, kind="stable")[:, ::-1], k),
            "A sort breaks ties by position, and here the match came after its equals: share ties instead.",
        ),
        Mistake(
            lambda s, k: _among(np.argsort(s, axis=1, kind="stable"), k),
            "You look at the least similar items first: argsort goes up, so sort -similarity.",
        ),
        Mistake(
            lambda s, k: _fair(s.T, k),
            "You look down the columns: a query is a row, its answers are the columns.",
        ),
        Mistake(
            lambda s, k: _share((s > _match(s)).sum(axis=0), (s == _match(s)).sum(axis=0), k),
            "sum(axis=0) adds up over the queries; each query counts along its own row, axis=1.",
        ),
        Mistake(
            lambda s, k: _share((s > _match(s)).sum(), (s == _match(s)).sum(), k),
            "sum() without an axis adds up over all queries together; each counts along its own row, sum(axis=1).",
        ),
        Mistake(
            lambda s, k: _share((s > np.diagonal(s)).sum(axis=1), (s == np.diagonal(s)).sum(axis=1), k),
            "Without [:, None] the matches lie in a row, and item j is compared with the match of query j.",
        ),
        Mistake(
            lambda s, k: float(((k - _better(s)) / (_not_worse(s) - _better(s))).mean()),
            "A chance lies between 0 and 1: yours is not cut off there. np.clip(..., 0, 1), before the mean.",
        ),
        Mistake(
            lambda s, k: _share(_not_worse(s), _not_worse(s) - _better(s), k),
            "With >= the match itself counts among the better ones, and so do its equals: strictly above, >.",
        ),
        Mistake(
            lambda s, k: _fair(s, k + 1),
            "You look at k + 1 answers: with none better the match is first, so better < k, not <= k.",
        ),
        Mistake(
            lambda s, k: _fair(s, k) / k,
            "You divide by k, which is precision; each query has one match, so recall is the share of hits.",
        ),
    ),
)
