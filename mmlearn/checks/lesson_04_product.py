"""The exercise of lesson 04 on the product rule: logarithms, and a modality that is missing."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.types import FloatArray

Generator = np.random.Generator


def _some(generator: Generator, m: int, n: int, c: int) -> tuple[FloatArray, Any]:
    return generator.dirichlet(np.ones(c), (m, n)), np.ones((n, m), bool)


def _holes(generator: Generator, m: int, n: int, c: int) -> tuple[FloatArray, Any]:
    p, present = _some(generator, m, n, c)
    present[0, 0] = present[1, 1] = False
    present[2] = False  # nothing at all
    return p, present


def _tiny(generator: Generator) -> tuple[FloatArray, Any]:
    """Two modalities, sure of different classes; the third class is 1e-200 to both. Naively all products are 0."""
    p = np.array([[[1.0, 0.0, 0.0], [0.5, 0.3, 0.2]], [[0.0, 1.0, 0.0], [0.1, 0.1, 0.8]]])
    p[0, 0] += [0, 4e-170, 1e-120]
    p[1, 0] += [1e-170, 0, 3e-50]
    return np.concatenate([p, p]), np.ones((2, 4), bool)


def _masked(p: FloatArray, present: Any, other: float) -> FloatArray:
    return np.where(present.T[:, :, None], p, other)


def _shares(rows: Any) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        shares: FloatArray = rows / rows.sum(axis=-1, keepdims=True)
    return shares


def _from_logs(logs: Any) -> FloatArray:
    with np.errstate(invalid="ignore", over="ignore"):
        return _shares(np.exp(logs - logs.max(axis=-1, keepdims=True)))


def _logs(p: FloatArray, present: Any) -> Any:
    return np.log(np.maximum(_masked(p, present, 1.0), 1e-308)).sum(axis=0)


def _zero_for_missing(p: FloatArray, present: Any) -> FloatArray:
    with np.errstate(divide="ignore"):
        return _from_logs(np.log(_masked(p, present, 0.0)).sum(axis=0))


def _average(p: FloatArray, present: Any) -> FloatArray:
    total = present.sum(axis=1)[:, None]
    mean = _masked(p, present, 0.0).sum(axis=0) / np.maximum(total, 1)
    return np.asarray(np.where(total > 0, mean, 1 / p.shape[2]))


PRODUCT = Exercise(
    id="04.6",
    title="The product rule, in logarithms",
    reference="mmlearn.fuse.rules.product_rule",
    cases=(
        Case("2 modalities, 3 items, 4 classes", lambda g: _some(g, 2, 3, 4)),
        Case("3 modalities, 5 items, some missing", lambda g: _holes(g, 3, 5, 3)),
        Case("probabilities as small as 1e-170", _tiny),
        Case("one modality only", lambda g: _some(g, 1, 2, 3)),
    ),
    mistakes=(
        Mistake(
            lambda p, present: _shares(_masked(p, present, 1.0).prod(axis=0)),
            "Right on paper, but the product of small numbers underflows to 0, and 0/0 is NaN: add logarithms, and "
            "take the largest of each row away before exp.",
        ),
        Mistake(
            lambda p, present: _from_logs(np.log(np.maximum(p, 1e-308)).sum(axis=0)),
            "You multiply the rows of missing modalities in as well: only those with present True have a say.",
        ),
        Mistake(
            _zero_for_missing,
            "A missing modality counts as probability 0 and vetoes every class: its factor is 1, its logarithm 0.",
        ),
        Mistake(
            lambda p, present: np.exp(_logs(p, present)),
            "The products do not sum to 1: divide each row by its sum (after taking its largest logarithm away).",
        ),
        Mistake(
            _logs,
            "Those are the sums of logarithms: take each row's largest away, then exp, then divide by the sum.",
        ),
        Mistake(
            _average,
            "That is the average rule: add the logarithms of the probabilities, not the probabilities.",
        ),
        Mistake(
            lambda p, present: _from_logs(_logs(p, present) / np.maximum(present.sum(axis=1), 1)[:, None]),
            "The mean of the logarithms gives the geometric mean, which is milder than the product: take their sum.",
        ),
        Mistake(
            lambda p, present: _from_logs(np.log(_masked(p, present, 1.0) + 1e-12).sum(axis=0)),
            "The 1e-12 under the logarithm makes all smaller probabilities alike: np.maximum(p, 1e-308) does no harm.",
        ),
        Mistake(
            lambda p, present: np.exp(_logs(p, present) - _logs(p, present).max(axis=-1, keepdims=True)),
            "The largest of each row is 1 now, but the row does not sum to 1: divide it by its sum.",
        ),
        Mistake(
            lambda p, present: _shares(np.exp(_logs(p, present) - _logs(p, present).max(axis=0, keepdims=True)).T).T,
            "You take the largest away, and sum, over the items (axis 0); the classes are the last axis, of each item.",
        ),
        Mistake(
            lambda p, present: _from_logs(np.log(np.maximum(_masked(p, present, 1.0), 1e-308)).sum(axis=1)),
            "You add over axis 1, the items; axis 0 is the modalities, and it is theirs that are added.",
        ),
        Mistake(
            lambda p, present: _from_logs(_logs(p, present) / np.log(10)),
            "log10 and exp do not undo each other: np.log is the one that exp undoes.",
        ),
        Mistake(
            lambda p, present: _from_logs(_logs(p, present)).argmax(axis=1),
            "That is the winning class; asked for are the fused probabilities of all classes, (N, C).",
        ),
    ),
)
