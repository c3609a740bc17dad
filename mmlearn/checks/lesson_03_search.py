"""The exercise of lesson 03 on search: the k best of each row, ties in order."""

from __future__ import annotations

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.types import FloatArray, IntArray

Generator = np.random.Generator


def _scores(generator: Generator, q: int, n: int, k: int) -> tuple[FloatArray, int]:
    return generator.permutation(q * n).reshape(q, n) / (q * n), k


def _by_hand(generator: Generator) -> tuple[FloatArray, int]:
    return np.array([[0.2, 0.9, 0.5, 0.1], [0.7, 0.3, 0.8, 0.6]]), 2


def _ties(generator: Generator) -> tuple[FloatArray, int]:
    return np.array([[0.5, 0.9, 0.5, 0.5], [0.0, 0.0, 0.0, 0.0], [0.1, 0.4, 0.4, 0.3]]), 3


def _many_ties(generator: Generator) -> tuple[FloatArray, int]:
    """As in a real search: nearly all names share no word with the query."""
    return generator.integers(0, 4, (3, 300)) / 4, 12


def _below_zero(generator: Generator) -> tuple[FloatArray, int]:
    """As the cosines after LSA, which may be negative."""
    return (generator.permutation(24).reshape(3, 8) - 12) / 12, 5


def _order(scores: FloatArray, axis: int = 1) -> IntArray:
    return np.argsort(-scores, axis=axis, kind="stable")


def _one_over(scores: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        return 1 / scores


TOP = Exercise(
    id="03.3",
    title="The best k",
    reference="mmlearn.predict.retrieve.top_k",
    cases=(
        Case("2 queries, 4 names, k = 2, to be worked out by hand", _by_hand),
        Case("4 queries, 9 names, k = 3", lambda g: _scores(g, 4, 9, 3)),
        Case("all 5 of 5", lambda g: _scores(g, 5, 5, 5)),
        Case("ties: the earlier name first", _ties),
        Case("300 names, nearly all tied", _many_ties),
        Case("3 queries, 8 names, k = 5, some scores below 0", _below_zero),
    ),
    mistakes=(
        Mistake(
            lambda s, k: np.argsort(s, axis=1, kind="stable")[:, :k],
            "argsort puts the smallest first, so these are the worst k: sort -scores.",
        ),
        Mistake(
            lambda s, k: np.argsort(s, axis=1, kind="stable")[:, -k:],
            "These are the best k, but the best stands last: the order should fall.",
        ),
        Mistake(
            lambda s, k: np.argsort(s, axis=1)[:, :k],
            "These are the worst k, for argsort puts the smallest first: sort -scores, with kind='stable' for ties.",
        ),
        Mistake(
            lambda s, k: np.argsort(s, axis=1)[:, -k:],
            "The best k, yes, but in rising order and with ties anyhow: sort -scores with kind='stable', then [:, :k].",
        ),
        Mistake(
            lambda s, k: np.argsort(s, axis=1, kind="stable")[::-1][:, :k],
            "[::-1] turns the rows round, so the last query comes first; within rows nothing changes. Sort -scores.",
        ),
        Mistake(
            lambda s, k: np.argsort(s, axis=1)[::-1][:, :k],
            "[::-1] turns the queries round, not the answers of each. Leave it out: sort -scores, kind='stable'.",
        ),
        Mistake(
            lambda s, k: _order(s, axis=0)[:k],
            "Down the columns (axis 0) you rank the queries for a name. Rank the names for a query: axis=1, [:, :k].",
        ),
        Mistake(
            lambda s, k: np.argsort(_one_over(s), axis=1, kind="stable")[:, :k],
            "1 / scores turns the order round only while all scores are above 0: take -scores.",
        ),
        Mistake(
            lambda s, k: np.argsort(s, axis=1, kind="stable")[:, ::-1][:, :k],
            "Turning a rising order round turns the ties round as well. Sort -scores with kind='stable'.",
        ),
        Mistake(
            lambda s, k: np.argsort(-s, axis=1)[:, :k],
            "Nearly: without kind='stable' NumPy may put tied names in any order.",
        ),
        Mistake(
            lambda s, k: np.argsort(s, axis=1)[:, ::-1][:, :k],
            "Two things about ties: [::-1] turns them round, and without kind='stable' their order is anyone's guess.",
        ),
        Mistake(
            lambda s, k: _order(s, axis=0)[:, :k],
            "You sort the columns (axis 0). A query is a row: axis=1.",
        ),
        Mistake(
            lambda s, k: -np.sort(-s, axis=1)[:, :k],
            "Those are the scores themselves; the places where they stand are asked for: np.argsort.",
        ),
        Mistake(
            lambda s, k: _order(s),
            "All places, best first: keep the first k of each row, [:, :k].",
        ),
        Mistake(
            lambda s, k: _order(s)[:k],
            "[:k] keeps the first k queries. The first k answers of each query are [:, :k].",
        ),
        Mistake(
            lambda s, k: s.argmax(axis=1),
            "That is the single best of each query; the best k are asked for, in order.",
        ),
        Mistake(
            lambda s, k: np.argsort(-s.ravel(), kind="stable")[:k],
            "You rank all queries' scores in one heap. Each row is a query with a ranking of its own.",
        ),
    ),
)
