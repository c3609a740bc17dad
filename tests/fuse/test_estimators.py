"""The fusion estimators: scikit-learn's contract, equality with its own tools, missing modalities, bad input."""

from __future__ import annotations

import importlib.util
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, normalize
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import estimator_checks_generator

from mmlearn.fuse import blocks as blocks_module
from mmlearn.fuse import early as early_module
from mmlearn.fuse import hybrid as hybrid_module
from mmlearn.fuse import late as late_module
from mmlearn.fuse import stacked as stacked_module
from mmlearn.fuse.blocks import join_blocks, join_normalised
from mmlearn.fuse.early import EarlyFusion
from mmlearn.fuse.experts import inner_folds
from mmlearn.fuse.hybrid import HybridFusion
from mmlearn.fuse.late import LateFusion
from mmlearn.fuse.rules import average_rule, product_rule, vote_rule
from mmlearn.fuse.stacked import StackedFusion

spec = importlib.util.spec_from_file_location("fusion_data", Path(__file__).with_name("fusion_data.py"))
assert spec is not None and spec.loader is not None
data = importlib.util.module_from_spec(spec)
spec.loader.exec_module(data)
PAIR, items, table = data.PAIR, data.items, data.table

ALL = (EarlyFusion, LateFusion, HybridFusion, StackedFusion)
TWO = (("first", 1), ("rest", -1))
CHECKS = [
    pytest.param(estimator, check, id=f"{type(estimator).__name__}-{layout}-{getattr(check, 'func', check).__name__}")
    for layout, blocks in (("default", None), ("two blocks", TWO))
    for kind in ALL
    for estimator, check in estimator_checks_generator(kind(blocks=blocks))
]
each_kind = pytest.mark.parametrize("kind", ALL)


@pytest.mark.parametrize(("estimator", "check"), CHECKS)
def test_scikit_learns_own_checks(estimator: Any, check: Any) -> None:
    check(estimator)


def agree_with_scikit_learn() -> None:
    """Each estimator beside what one would put together from scikit-learn's own parts."""
    (image, text), y = items()
    X, new = join_blocks([image, text]), table(n=40, seed=1)[0]
    svm = LinearSVC(C=0.5, random_state=0)
    hand = np.hstack([2 * normalize(image), normalize(text)])
    ours = EarlyFusion(PAIR, weights=(2, 1), classifier=svm).fit(X, y).decision_function(new)
    theirs = clone(svm).fit(hand, y).decision_function(np.hstack([2 * normalize(new[:, :4]), normalize(new[:, 4:])]))
    np.testing.assert_allclose(ours, theirs, atol=1e-6)

    calibrated = CalibratedClassifierCV(svm, cv=StratifiedKFold(3), ensemble=False)
    voters = [
        (name, make_pipeline(make_column_transformer(("passthrough", columns)), calibrated))
        for name, columns in (("image", slice(0, 4)), ("text", slice(4, 10)))
    ]
    for rule, weights in (("average", None), ("weighted", (0.7, 0.3))):
        fused = LateFusion(PAIR, rule=rule, weights=weights, classifier=svm).fit(X, y).predict_proba(new)
        voting = VotingClassifier(voters, voting="soft", weights=weights).fit(X, y)
        np.testing.assert_allclose(fused, voting.predict_proba(new), atol=1e-9)

    plain = [(name, make_pipeline(pipe[0], svm)) for name, pipe in voters]
    stacking = StackingClassifier(plain, LogisticRegression(max_iter=1000), cv=StratifiedKFold(3)).fit(X, y)
    stacked = StackedFusion(PAIR, classifier=svm).fit(X, y)
    np.testing.assert_allclose(stacked.predict_proba(new), stacking.predict_proba(new), atol=1e-6)

    hybrid = HybridFusion(PAIR, classifier=svm).fit(X, y).predict_proba(new)
    joint = clone(calibrated).fit(join_normalised([image, text]), y)
    three = [pipe.fit(X, y).predict_proba(new) for _, pipe in voters]
    three.append(joint.predict_proba(join_normalised([new[:, :4], new[:, 4:]])))
    np.testing.assert_allclose(hybrid, np.mean(three, axis=0), atol=1e-9)


def test_equal_to_what_scikit_learns_parts_give() -> None:
    agree_with_scikit_learn()


def test_the_rules_are_the_rules() -> None:
    X, y = table()
    late = LateFusion(PAIR).fit(X, y)
    each, present = late.predict_each(X)
    assert each.shape == (2, 90, 3) and present.all()
    wanted = {"average": average_rule(each), "product": product_rule(each), "vote": vote_rule(each)}
    wanted["bayes"] = product_rule(each, prior=late.class_prior_, divide=True)
    for rule, fused in wanted.items():
        got = LateFusion(PAIR, rule=rule).fit(X, y)
        np.testing.assert_allclose(got.predict_proba(X), fused)
        assert (got.predict(X) == got.classes_[fused.argmax(axis=1)]).all()


@each_kind
def test_two_modalities_beat_each_of_them(kind: Any) -> None:
    (image, text), y = items(180)
    X, new, truth = join_blocks([image, text]), *table(n=180, seed=2)
    both = kind(PAIR).fit(X, y).score(new, truth)
    alone = [kind().fit(X[:, s], y).score(new[:, s], truth) for s in (slice(0, 4), slice(4, 10))]
    assert both > max(alone) + 0.05


@each_kind
def test_dense_and_sparse_say_the_same(kind: Any) -> None:
    X, y = table(np.ones((90, 2)))
    dense = kind(PAIR, flags=True, classifier=LinearSVC(tol=1e-10, max_iter=100_000, random_state=0)).fit(X, y)
    thin = clone(dense).fit(sparse.csr_array(X), y)
    if hasattr(dense, "predict_proba"):
        np.testing.assert_allclose(dense.predict_proba(X), thin.predict_proba(sparse.csr_matrix(X)), atol=1e-5)
    assert (dense.predict(X) == thin.predict(sparse.csr_array(X))).all()


@each_kind
def test_full_flags_change_nothing(kind: Any) -> None:
    plain, y = table()
    flagged, _ = table(np.ones((90, 2)))
    assert (kind(PAIR).fit(plain, y).predict(plain) == kind(PAIR, flags=True).fit(flagged, y).predict(flagged)).all()


def holes(n: int = 90, seed: int = 3) -> np.ndarray:
    present = np.random.default_rng(seed).random((n, 2)) < 0.7
    present[:3], present[3] = True, False
    return present


@each_kind
def test_a_missing_modality_is_left_out_and_all_missing_is_defined(kind: Any) -> None:
    X, y = table(holes())
    model = kind(PAIR, flags=True).fit(X, y)
    nothing = np.zeros((2, X.shape[1]))
    assert set(model.predict(nothing)) <= set(y) and len(set(model.predict(nothing))) == 1
    assert model.score(X, y) > 0.6
    found, truth = table(np.tile([True, False], (90, 1)), seed=4)
    assert ((model.predict(found) == "bird") == (truth == "bird")).mean() > 0.65  # the image alone knows birds


def test_late_fusion_of_one_modality_is_its_expert_and_of_none_the_prior() -> None:
    X, y = table(np.ones((90, 2)))
    y = np.where(np.arange(90) % 9 == 0, "bird", y)
    late = LateFusion(PAIR, flags=True).fit(X, y)
    only_text, _ = table(np.tile([False, True], (90, 1)))
    for rule in ("average", "product", "bayes"):
        late.set_params(rule=rule)
        np.testing.assert_allclose(late.predict_proba(only_text), late.experts_[1].predict_proba(X[:, 6:]))
        np.testing.assert_allclose(late.predict_proba(0 * X[:1]), [late.class_prior_])
    shares = [(y == label).mean() for label in late.classes_]
    np.testing.assert_allclose(late.class_prior_, shares)


def test_the_hybrids_joint_voice_needs_everything() -> None:
    X, y = table(np.ones((90, 2)))
    hybrid = HybridFusion(PAIR, flags=True).fit(X, y)
    only_text, _ = table(np.tile([False, True], (90, 1)))
    np.testing.assert_allclose(hybrid.predict_proba(only_text), hybrid.experts_[1].predict_proba(X[:, 6:]))
    assert hybrid.predict_each(X)[1].shape == (90, 3)


def test_a_class_that_one_modality_never_met() -> None:
    present = np.ones((90, 2), bool)
    X, y = table()
    present[y == "dog", 0] = False
    X, y = table(present)
    late = LateFusion(PAIR, flags=True).fit(X, y)
    each, _ = late.predict_each(X)
    assert (each[0, y != "dog", 2] == 0).all() and late.score(X, y) > 0.6
    with pytest.raises(ValueError, match="rows of every class that have block 'image'"):
        StackedFusion(PAIR, flags=True).fit(X, y)


@each_kind
def test_it_works_in_pipelines_grids_copies_and_pickles(kind: Any) -> None:
    X, y = table()
    pipe = make_pipeline(MaxAbsScaler(), kind(PAIR))
    assert cross_validate(pipe, X, y, cv=3)["test_score"].mean() > 0.6
    name = kind.__name__.lower()
    key = {"LateFusion": "rule", "HybridFusion": "rule", "EarlyFusion": "weights", "StackedFusion": "blocks"}[
        kind.__name__
    ]
    values = {"rule": ["average", "product"], "weights": [(1, 1), (2, 1)], "blocks": [PAIR, None]}[key]
    grid = GridSearchCV(pipe, {f"{name}__{key}": values}, cv=3).fit(X, y)
    again = pickle.loads(pickle.dumps(grid.best_estimator_))
    assert (again.predict(X) == grid.predict(X)).all()
    assert (clone(pipe).fit(X, y).predict(X) == pipe.fit(X, y).predict(X)).all()


@each_kind
def test_another_classifier_may_be_handed_in(kind: Any) -> None:
    X, y = table()
    model = kind(PAIR, classifier=GaussianNB()).fit(X, y)
    assert model.score(X, y) > 0.8 and model.predict_proba(X).shape == (90, 3)


def test_probabilities_are_offered_only_where_there_are_any() -> None:
    assert not hasattr(EarlyFusion(), "predict_proba") and hasattr(EarlyFusion(), "decision_function")
    assert not hasattr(EarlyFusion(classifier=GaussianNB()), "decision_function")
    assert hasattr(StackedFusion(), "predict_proba")
    assert not hasattr(StackedFusion(final_classifier=LinearSVC()), "predict_proba")


def test_relatives_stay_together_in_the_inner_folds() -> None:
    y, groups = np.repeat(["a", "b"], 30), np.arange(60) // 3
    for train, test in inner_folds(y, groups):
        assert not set(groups[train]) & set(groups[test])
    assert sum(len(test) for _, test in inner_folds(y, groups)) == 60
    assert len(inner_folds(["a", "a", "b", "b", "b"], None)) == 2
    for kind in (LateFusion, HybridFusion, StackedFusion):
        X, labels = table()
        by_families = kind(PAIR).fit(X, labels, groups=np.arange(90) // 6)
        assert by_families.predict_proba(X).shape == (90, 3)


@each_kind
def test_bad_input_is_an_error_that_says_what_to_do(kind: Any) -> None:
    X, y = table(np.ones((90, 2)))
    model = kind(PAIR, flags=True)
    broken = X.copy()
    broken[3, 5] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        model.fit(broken, y)
    half = X.copy()
    half[2, 0] = 0.5
    with pytest.raises(ValueError, match="flags 1"):
        model.fit(half, y)
    lying = X.copy()
    lying[7, 1] = 0
    with pytest.raises(ValueError, match="block 'text' where its flag is 0, but row 7"):
        model.fit(lying, y)
    with pytest.raises(ValueError, match="only one class"):
        model.fit(X, np.repeat("cat", 90))
    with pytest.raises(ValueError, match="inconsistent"):
        model.fit(X, y[:-1])
    with pytest.raises(ValueError, match="n_features=12"):
        kind((("image", 40), ("text", -1)), flags=True).fit(X, y)
    fitted = model.fit(X, y)
    for wrong, says in ((broken, "NaN"), (lying, "flag is 0"), (X[:, :-1], "features")):
        with pytest.raises(ValueError, match=says):
            fitted.predict(wrong)


def test_settings_that_would_be_ignored_or_cannot_work_are_refused() -> None:
    X, y = table()
    with pytest.raises(ValueError, match="unknown rule 'mean': choose from average"):
        LateFusion(PAIR, rule="mean").fit(X, y)
    with pytest.raises(ValueError, match="weights would be ignored"):
        LateFusion(PAIR, weights=(1, 2)).fit(X, y)
    with pytest.raises(ValueError, match="expected 2 weights"):
        LateFusion(PAIR, rule="weighted", weights=(1, 2, 3)).fit(X, y)
    with pytest.raises(ValueError, match="expected 2 weights"):
        EarlyFusion(PAIR, weights=(1,)).fit(X, y)
    with pytest.raises(ValueError, match="got 1 of class owl"):
        LateFusion(PAIR).fit(X, np.where(np.arange(90) == 0, "owl", y))
    with pytest.raises(ValueError, match="at least two classes that have block 'image'"):
        LateFusion(PAIR, flags=True).fit(*table(np.tile([False, True], (90, 1))))
    with pytest.raises(ValueError, match="one group a row"):
        inner_folds(y, np.arange(5))


SPLIT = blocks_module.split_blocks


def swapped_blocks(*args: Any) -> Any:
    parts, present = SPLIT(*args)
    return dict(zip(parts, reversed(parts.values()), strict=True)), present


def seen_by_itself(classifier: Any, X: Any, y: Any, groups: Any) -> Any:
    return stacked_module._scores(clone(classifier).fit(X, y), X)


def calibrated_on_itself(classifier: Any, X: Any, y: Any, groups: Any = None) -> Any:
    every = np.arange(len(y))
    return CalibratedClassifierCV(clone(classifier), cv=[(every, every)], ensemble=False).fit(X, y)


SEEDED_BUGS = (
    ("early: weights are dropped", early_module, "join_normalised", lambda parts, weights: join_normalised(parts)),
    ("early: blocks are not normalised", early_module, "join_normalised", lambda p, w: join_blocks(p)),
    ("early: blocks change places", early_module, "split_blocks", swapped_blocks),
    ("late: the blocks change places", late_module, "split_blocks", swapped_blocks),
    ("late: calibrated on its own training scores", late_module, "fit_expert", calibrated_on_itself),
    ("late: the product for the average", late_module, "average_rule", product_rule),
    ("late: weights are dropped", late_module, "weighted_rule", lambda p, w, *rest: average_rule(p, *rest)),
    ("stacked: scores of rows it had seen", stacked_module, "_unseen_scores", seen_by_itself),
    ("hybrid: the joint voice hears raw blocks", hybrid_module, "join_normalised", lambda p, w: join_blocks(p)),
    ("hybrid: the joint voice hears one block", hybrid_module, "join_normalised", lambda p, w: p["image"]),
)


@pytest.mark.parametrize(("where", "name", "bug"), [b[1:] for b in SEEDED_BUGS], ids=[b[0] for b in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(where: Any, name: str, bug: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(where, name, bug)
    with pytest.raises(AssertionError):
        agree_with_scikit_learn()
