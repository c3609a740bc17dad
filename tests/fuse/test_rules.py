"""The rules against slow loops, the naive product, and cases that a rule must define."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mmlearn.fuse import rules as module
from mmlearn.fuse.rules import average_rule, product_rule, vote_rule, weighted_rule

PRIOR = np.array([0.5, 0.3, 0.2])


def trial(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(3, 9, 3) probabilities, and who is there; one item has nothing, one has everything."""
    rng = np.random.default_rng(seed)
    present = rng.random((9, 3)) < 0.6
    present[0], present[1] = False, True
    p = rng.dirichlet(np.ones(3) / 2, (3, 9))
    p[:, 2] = [[0.5, 0.5, 0.0], [0.2, 0.3, 0.5], [0.0, 0.0, 1.0]]  # a split vote, zeros
    return p, present


def slow(rule: str, p: np.ndarray, present: np.ndarray, weights: Any = None) -> np.ndarray:
    rows = []
    for n in range(p.shape[1]):
        there = [m for m in range(len(p)) if present[n, m]]
        if not there:
            rows.append(PRIOR)
            continue
        if rule == "product":
            row = np.prod([np.maximum(p[m, n], 1e-300) for m in there], axis=0)
        elif rule == "bayes":
            row = np.prod([np.maximum(p[m, n], 1e-300) for m in there], axis=0) / PRIOR ** (len(there) - 1)
        elif rule == "vote":
            row = np.mean([p[m, n] for m in there], axis=0)
            for m in there:
                best = [c for c in range(p.shape[2]) if p[m, n, c] == max(p[m, n])]
                for c in best:
                    row[c] += 1 / len(best)
        else:
            w = np.ones(len(p)) if weights is None else weights
            row = np.sum([w[m] * p[m, n] for m in there], axis=0)
        rows.append(row / row.sum())
    return np.array(rows)


FAST: dict[str, Callable[..., Any]] = {
    "average": lambda p, present: module.average_rule(p, present, PRIOR),
    "weighted": lambda p, present: module.weighted_rule(p, [0.2, 0.5, 1], present, PRIOR),
    "product": lambda p, present: module.product_rule(p, present, PRIOR),
    "bayes": lambda p, present: module.product_rule(p, present, PRIOR, divide=True),
    "vote": lambda p, present: module.vote_rule(p, present, PRIOR),
}


def check_against_the_slow_loops() -> None:
    for rule, fast in FAST.items():
        for seed in range(4):
            p, present = trial(seed)
            fused = fast(p, present)
            np.testing.assert_allclose(fused.sum(axis=1), 1, atol=1e-12, err_msg=rule)
            weights = [0.2, 0.5, 1] if rule == "weighted" else None
            np.testing.assert_allclose(fused, slow(rule, p, present, weights), atol=1e-9, err_msg=rule)


def test_equal_to_the_slow_loops() -> None:
    check_against_the_slow_loops()


@pytest.mark.parametrize("rule", FAST)
def test_what_a_missing_modality_would_have_said_does_not_matter(rule: str) -> None:
    p, present = trial()
    other = np.where(present.T[:, :, None], p, np.random.default_rng(5).dirichlet(np.ones(3), (3, 9)))
    np.testing.assert_array_equal(FAST[rule](p, present), FAST[rule](other, present))


def test_nothing_there_gives_the_prior_and_without_one_equal_shares() -> None:
    p, nothing = trial()[0], np.zeros((9, 3))
    for fast in FAST.values():
        np.testing.assert_allclose(fast(p, nothing), np.tile(PRIOR, (9, 1)))
    for rule in (average_rule, product_rule, vote_rule):
        np.testing.assert_allclose(rule(p, nothing), np.full((9, 3), 1 / 3))
    np.testing.assert_allclose(weighted_rule(p, [1, 0, 0], np.array([[0, 1, 1]] * 9), PRIOR), np.tile(PRIOR, (9, 1)))


def check_the_product_does_not_underflow() -> None:
    p = np.array([[[1.0, 1e-300, 2e-300]], [[1e-300, 1e-300, 1.0]], [[1e-300, 1.0, 1e-300]]])
    fused = module.product_rule(p)
    np.testing.assert_allclose(fused, [[0.25, 0.25, 0.5]], rtol=1e-6)
    many = module.product_rule(np.tile([[[0.3, 0.7]]], (5000, 1, 1)))
    np.testing.assert_allclose(many, [[0, 1]], atol=1e-12)


def test_the_product_does_not_underflow() -> None:
    check_the_product_does_not_underflow()


def test_modalities_that_exclude_each_other_give_a_defined_answer() -> None:
    fused = product_rule([[[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]]])
    assert np.isfinite(fused).all() and fused.sum() == pytest.approx(1)
    assert fused[0, 0] == pytest.approx(fused[0, 1]) and fused[0, 2] < 1e-300


def test_a_draw_is_decided_by_who_is_surer_not_by_the_alphabet() -> None:
    assert vote_rule([[[0.55, 0.45]], [[0.1, 0.9]]]).argmax() == 1
    assert vote_rule([[[0.9, 0.1]], [[0.45, 0.55]]]).argmax() == 0


def test_no_certainty_outweighs_a_whole_vote() -> None:
    p = np.array([[[0.0, 1.0]], [[0.51, 0.49]], [[0.51, 0.49]]])
    assert vote_rule(p).argmax() == 0 and average_rule(p).argmax() == 1


def test_bayes_is_right_for_modalities_that_are_independent_given_the_class() -> None:
    """Two coins whose sides depend on the class: the exact posterior is known."""
    side = np.array([[0.9, 0.2, 0.4], [0.3, 0.6, 0.7]])  # (2, 3) P(heads | class) of each coin
    posterior = [PRIOR * side[m] / (PRIOR * side[m]).sum() for m in range(2)]
    exact = PRIOR * side[0] * side[1]
    fused = product_rule(np.array(posterior)[:, None], prior=PRIOR, divide=True)
    np.testing.assert_allclose(fused[0], exact / exact.sum(), atol=1e-12)
    assert np.abs(product_rule(np.array(posterior)[:, None])[0] - exact / exact.sum()).max() > 0.01


@pytest.mark.parametrize(
    ("p", "options", "says"),
    [
        (np.ones((2, 3)) / 3, {}, "expected probabilities \\(modalities, items, classes\\)"),
        (np.ones((2, 4, 3)), {}, "rows sum to 1"),
        (np.array([[[1.5, -0.5]]]), {}, "rows sum to 1"),
        (np.array([[[np.nan, 1.0]]]), {}, "NaN"),
        (np.ones((2, 4, 2)) / 2, {"present": np.ones((2, 4))}, "presence flags"),
        (np.ones((2, 4, 2)) / 2, {"present": np.full((4, 2), 2)}, "presence flags"),
        (np.ones((2, 4, 2)) / 2, {"prior": [0.5, 0.2]}, "prior of 2 probabilities"),
        (np.ones((2, 4, 2)) / 2, {"prior": [0.5, 0.25, 0.25]}, "prior of 2 probabilities"),
    ],
)
def test_bad_input_is_refused(p: np.ndarray, options: dict[str, Any], says: str) -> None:
    for rule in (average_rule, product_rule, vote_rule):
        with pytest.raises(ValueError, match=says):
            rule(p, **options)


def test_bad_weights_and_a_prior_of_zero_are_refused() -> None:
    p = np.ones((2, 4, 2)) / 2
    with pytest.raises(ValueError, match="expected 2 weights"):
        weighted_rule(p, [1, 2, 3])
    with pytest.raises(ValueError, match="prior above 0"):
        product_rule(p, prior=[1, 0], divide=True)


AVERAGE, WEIGHTED, PRODUCT, VOTE = average_rule, weighted_rule, product_rule, vote_rule


def naive_product(p: Any, present: Any = None, prior: Any = None, divide: bool = False) -> Any:
    there = np.ones(p.shape[:2]).T if present is None else present
    with np.errstate(invalid="ignore", divide="ignore"):
        fused = np.where(np.asarray(there, bool).T[:, :, None], p, 1).prod(axis=0)
        return fused / fused.sum(axis=1, keepdims=True)


def all_there(p: Any, present: Any = None, prior: Any = None) -> Any:
    return AVERAGE(p, None, prior)


def first_wins(p: Any, present: Any = None, prior: Any = None) -> Any:
    return VOTE(np.eye(p.shape[2])[p.argmax(axis=2)], present, prior)


def no_prior(p: Any, present: Any = None, prior: Any = None, divide: bool = False) -> Any:
    return PRODUCT(p, present, None, divide)


def divides_once_more(p: Any, present: Any = None, prior: Any = None, divide: bool = False) -> Any:
    fused = PRODUCT(p, present, prior, divide)
    return fused / PRIOR / (fused / PRIOR).sum(axis=1, keepdims=True) if divide else fused


def geometric(p: Any, present: Any = None, prior: Any = None, divide: bool = False) -> Any:
    fused = PRODUCT(p, present, prior, divide) ** 0.5
    return fused / fused.sum(axis=1, keepdims=True)


def weights_not_shared_out(p: Any, weights: Any, present: Any = None, prior: Any = None) -> Any:
    w = np.ones(len(p)) if weights is None else np.asarray(weights)
    return np.einsum("m,nm,mnc->nc", w / w.sum(), present, p)


SEEDED_BUGS = (
    ("the product underflows", "product_rule", naive_product),
    ("who is missing is asked all the same", "average_rule", all_there),
    ("the prior is forgotten", "product_rule", no_prior),
    ("the prior is divided out once too often", "product_rule", divides_once_more),
    ("the geometric mean for the product", "product_rule", geometric),
    ("no tie is broken by who is surer", "vote_rule", first_wins),
    ("the weights are not shared out among those there", "weighted_rule", weights_not_shared_out),
    ("a vote is the average", "vote_rule", AVERAGE),
    ("the average is the product", "average_rule", PRODUCT),
    ("weights turned round", "weighted_rule", lambda p, w, *rest: WEIGHTED(p, None if w is None else w[::-1], *rest)),
)


@pytest.mark.parametrize(("name", "bug"), [bug[1:] for bug in SEEDED_BUGS], ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(name: str, bug: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, name, bug)
    with pytest.raises(AssertionError):
        check_against_the_slow_loops()
        check_the_product_does_not_underflow()
