"""The fusion estimators' smaller promises: who learns from which rows, which settings count, what is refused."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from mmlearn.fuse import experts as experts_module
from mmlearn.fuse import stacked as stacked_module
from mmlearn.fuse.blocks import block_widths, join_normalised
from mmlearn.fuse.early import EarlyFusion, default_classifier
from mmlearn.fuse.experts import expert_probabilities, fit_expert, inner_folds
from mmlearn.fuse.hybrid import HybridFusion
from mmlearn.fuse.late import LateFusion
from mmlearn.fuse.rules import product_rule
from mmlearn.fuse.stacked import StackedFusion

spec = importlib.util.spec_from_file_location("fusion_data", Path(__file__).with_name("fusion_data.py"))
assert spec is not None and spec.loader is not None
data = importlib.util.module_from_spec(spec)
spec.loader.exec_module(data)
PAIR, table = data.PAIR, data.table

WITH_FOLDS = pytest.mark.parametrize("kind", [LateFusion, HybridFusion, StackedFusion])


def uneven() -> tuple[Any, Any]:
    """Classes of unequal size, or a prior could be forgotten unnoticed."""
    X, y = table()
    kept = (y != "dog") | (np.arange(len(y)) % 2 == 0)
    return X[kept], y[kept]


def test_bayes_divides_the_prior_out() -> None:
    X, y = uneven()
    model = LateFusion(PAIR, rule="bayes").fit(X, y)
    each, _ = model.predict_each(X)
    np.testing.assert_allclose(model.predict_proba(X), product_rule(each, prior=model.class_prior_, divide=True))
    assert abs(model.predict_proba(X) - product_rule(each)).max() > 0.01


@WITH_FOLDS
def test_groups_reach_the_inner_folds_row_by_row(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    present = np.ones((90, 2), bool)
    present[::7, 0] = False
    X, y = table(present)
    groups = np.random.default_rng(1).integers(0, 12, 90)
    asked: list[tuple[Any, Any]] = []

    def spy(labels: Any, families: Any, folds: int = 3) -> Any:
        asked.append((labels, families))
        return inner_folds(labels, families, folds)

    monkeypatch.setattr(experts_module, "inner_folds", spy)
    monkeypatch.setattr(stacked_module, "inner_folds", spy)
    kind(PAIR, flags=True).fit(X, y, groups=groups)
    assert (asked[0][0] == y[present[:, 0]]).all() and (asked[0][1] == groups[present[:, 0]]).all()
    assert (asked[1][0] == y).all() and (asked[1][1] == groups).all()


@WITH_FOLDS
@pytest.mark.parametrize("groups", [np.arange(5), np.arange(900) // 9, np.zeros((90, 1)), "all of one"])
def test_groups_of_another_length_are_refused(kind: Any, groups: Any) -> None:
    X, y = table()
    with pytest.raises(ValueError, match="expected one group a row, 90, got shape"):
        kind(PAIR).fit(X, y, groups=groups)


@WITH_FOLDS
def test_a_class_of_one_family_is_refused_by_name(kind: Any) -> None:
    X, y = table()
    with pytest.raises(ValueError, match="every class in at least 2 groups, but class dog is held out whole"):
        kind(PAIR).fit(X, y, groups=np.where(y == "dog", 99, np.arange(90) // 4))


def test_a_missing_modality_speaks_with_its_mean_score() -> None:
    X, y = table(np.ones((90, 2)))
    gone = X.copy()
    gone[:, 0], gone[:, 2:6] = 0, 0
    model = StackedFusion(PAIR, flags=True).fit(X, y)
    unseen = stacked_module._unseen_scores(default_classifier(), X[:, 2:6], y, None)
    np.testing.assert_allclose(model.scores(gone)[:, :3], np.tile(unseen.mean(axis=0), (90, 1)))


def test_a_modality_missing_in_training_is_filled_with_the_mean_too(monkeypatch: pytest.MonkeyPatch) -> None:
    present = np.ones((90, 2), bool)
    present[::5, 0] = False
    X, y = table(present)
    seen: list[Any] = []

    class Final(stacked_module.LogisticRegression):  # type: ignore[misc, name-defined]
        def fit(self, X: Any, y: Any) -> Any:
            seen.append(X)
            return super().fit(X, y)

    model = StackedFusion(PAIR, flags=True, final_classifier=Final()).fit(X, y)
    np.testing.assert_allclose(seen[0][::5, :3], np.tile(model.means_[0], (18, 1)))
    assert np.ptp(seen[0][present[:, 0], 0]) > 0.1


def test_joint_weights_weigh_the_joined_blocks() -> None:
    X, y = table()
    model = HybridFusion(PAIR, joint_weights=(1, 0)).fit(X, y)
    moved = X.copy()
    moved[:, 4:] += 5
    np.testing.assert_allclose(model.predict_each(X)[0][2], model.predict_each(moved)[0][2])


def test_weights_count_without_normalising_as_well() -> None:
    X, y = table()
    model = EarlyFusion(PAIR, weights=(3, 0.5), normalise=False).fit(X, y)
    np.testing.assert_allclose(model.fused(X), np.hstack([3 * X[:, :4], 0.5 * X[:, 4:]]))


def test_a_class_that_an_expert_never_met_keeps_its_place() -> None:
    X, y = table()
    for absent in ("bird", "cat", "dog"):
        known = y != absent
        expert = fit_expert(None, X[known], y[known])
        given = expert_probabilities(expert, X, ["bird", "cat", "dog"])
        at = ["bird", "cat", "dog"].index(absent)
        assert (given[:, at] == 0).all()
        np.testing.assert_allclose(np.delete(given, at, axis=1), expert.predict_proba(X))


def test_a_rule_changed_after_fit_is_checked() -> None:
    X, y = table()
    model = LateFusion(PAIR).fit(X, y)
    with pytest.raises(ValueError, match="unknown rule 'foo'"):
        model.set_params(rule="foo").predict_proba(X)
    with pytest.raises(ValueError, match="weights would be ignored"):
        model.set_params(rule="vote", weights=(1, 2)).predict(X)


@pytest.mark.parametrize("layout", [{"a": 2}, [2, 2], 4, "ab", [("a", 2, 3)]])
def test_a_layout_that_is_no_list_of_pairs_is_refused(layout: Any) -> None:
    with pytest.raises(ValueError, match="expected blocks as pairs of name and width"):
        block_widths(layout, 4)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("unit", [1e200, 1e-200, 1e-310])
def test_huge_and_tiny_blocks_have_length_one_too(kind: Any, unit: float) -> None:
    rows = np.array([[3.0, 4.0], [0.0, 0.0], [0.0, 1e-3]])
    found = join_normalised([kind(unit * rows)], [2.0])
    dense = found.toarray() if sparse.issparse(found) else found
    np.testing.assert_allclose(dense, [[1.2, 1.6], [0, 0], [0, 2]], rtol=1e-9)
