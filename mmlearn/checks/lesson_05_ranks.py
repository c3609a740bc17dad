"""The exercise of lesson 05 on ranks: the mean reciprocal rank, with ties shared."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.types import FloatArray


def _match(s: FloatArray) -> Any:
    return np.diagonal(s)[:, None]


def _better(s: FloatArray) -> Any:
    return (s > _match(s)).sum(axis=1)


def _tied(s: FloatArray) -> Any:
    return (s == _match(s)).sum(axis=1)


def _middle(s: FloatArray) -> Any:
    """The mean place over the orders of the ties."""
    return _better(s) + (_tied(s) + 1) / 2


def _shared(better: Any, tied: Any) -> Any:
    """Expected reciprocal of a place that is one of better + 1 to better + tied."""
    return np.array([np.mean(1 / np.arange(g + 1, g + t + 1)) for g, t in zip(better, tied, strict=True)])


def _fair(s: FloatArray) -> float:
    return float(_shared(_better(s), _tied(s)).mean())


def _without_column(s: FloatArray) -> float:
    match = np.diagonal(s)
    return float((1 / ((s > match).sum(axis=1) + 1)).mean())


def _sorted(s: FloatArray) -> float:
    order = np.argsort(-s, axis=1, kind="stable")
    places = (order == np.arange(len(s))[:, None]).argmax(axis=1) + 1
    return float((1 / places).mean())


def _upwards(s: FloatArray) -> float:
    order = np.argsort(s, axis=1, kind="stable")
    places = (order == np.arange(len(s))[:, None]).argmax(axis=1) + 1
    return float((1 / places).mean())


def _all_in_one(s: FloatArray) -> float:
    places = [np.arange(g + 1, g + t + 1) for g, t in zip(_better(s), _tied(s), strict=True)]
    return float((1 / np.concatenate(places)).mean())


def _by_hand(generator: np.random.Generator) -> tuple[FloatArray]:
    """Matches at places 1, 2 and 3 of three."""
    return (np.array([[0.8, 0.4, 0.3], [0.9, 0.7, 0.1], [0.9, 0.5, 0.2]]),)


def _ties(generator: np.random.Generator) -> tuple[FloatArray]:
    """Few levels; in the first row the match is level with two others, in any draw."""
    similarity = generator.integers(0, 4, (6, 9)).astype(float)
    similarity[0, [0, 3, 7]] = 2.0
    return (similarity,)


def _noise(generator: np.random.Generator, q: int, n: int) -> tuple[FloatArray]:
    return (generator.normal(size=(q, n)) + np.eye(q, n),)


RECIPROCAL = Exercise(
    id="05.3",
    title="Mean reciprocal rank",
    reference="mmlearn.score.retrieval.mean_reciprocal_rank",
    cases=(
        Case("3 queries, to be worked out by hand: 1, 1/2 and 1/3", _by_hand),
        Case("12 queries, 12 items", lambda g: _noise(g, 12, 12)),
        Case("5 queries, 8 items", lambda g: _noise(g, 5, 8)),
        Case("6 queries, 9 items, with ties", _ties),
        Case("everything equally similar", lambda g: (np.ones((10, 10)),)),
    ),
    mistakes=(
        Mistake(
            lambda s: float(1 / _middle(s).mean()),
            "You take one over the mean rank; asked is the mean of one over the rank: first 1 / rank, then the mean.",
        ),
        Mistake(
            lambda s: float((1 / _middle(s)).mean()),
            "Ties: the mean of 1/1 and 1/2 is 3/4, one over the mean place, 1/1.5, is 2/3. Average the reciprocals.",
        ),
        Mistake(
            lambda s: float((1 / (_better(s) + 1)).mean()),
            "You give a tied match the best of its places: a search that finds everything alike would be perfect.",
        ),
        Mistake(
            lambda s: float((1 / (_better(s) + _tied(s))).mean()),
            "You give a tied match the worst of its places: share the tied ones, 1/(g+1) to 1/(g+t), equally.",
        ),
        Mistake(
            _sorted,
            "A sort breaks ties by position in the gallery, which says nothing about similarity: share ties.",
        ),
        Mistake(
            lambda s: float(_shared(_better(s[:, : len(s)].T), _tied(s[:, : len(s)].T)).mean()),
            "You look down the columns: a query is a row, its answers are the columns.",
        ),
        Mistake(
            _without_column,
            "Without [:, None] the matches lie in a row, and item j is compared with the match of query j.",
        ),
        Mistake(
            lambda s: float(
                np.mean([np.sum(1 / np.arange(g + 1, g + t + 1)) for g, t in zip(_better(s), _tied(s), strict=True)])
            ),
            "Over the tied places the MEAN of the reciprocals is due, not their sum: the match stands in one of them.",
        ),
        Mistake(
            lambda s: float(((1 / (_better(s) + 1) + 1 / (_better(s) + _tied(s))) / 2).mean()),
            "The middle of the best and the worst case is not the mean over all tied places: 1, 1/2, 1/3 give 0.61.",
        ),
        Mistake(
            lambda s: float(np.median(_shared(_better(s), _tied(s)))),
            "That is the median of the reciprocals; their mean is asked for.",
        ),
        Mistake(_upwards, "np.argsort goes upwards: your first place is the LEAST similar item. (And it splits ties.)"),
        Mistake(
            _all_in_one,
            "All places of all queries go into one mean: many ties count often. One mean a query, then theirs.",
        ),
        Mistake(
            lambda s: float((_better(s) + 1).mean()),
            "That is the mean of the best rank each match can have; the reciprocal of every rank is due, ties shared.",
        ),
        Mistake(lambda s: _fair(-s), "The largest similarity comes first; you rank the smallest first."),
        Mistake(
            lambda s: float(_middle(s).mean()),
            "That is the mean rank, in places; the reciprocals, 1 / rank, are still to be taken.",
        ),
        Mistake(
            lambda s: float(_shared(_better(s), _tied(s)).sum()),
            "That is the sum over the queries: divide by their number, .mean().",
        ),
        Mistake(
            lambda s: float(_shared(_better(s) + 1, _tied(s)).mean()),
            "Your places start one too late: with nothing better the match is first, and 1 / 1 counts.",
        ),
    ),
)
