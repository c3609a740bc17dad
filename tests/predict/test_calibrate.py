"""Platt scaling against scikit-learn's sigmoid calibration, and scikit-learn's own estimator checks."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.calibration import CalibratedClassifierCV, _SigmoidCalibration
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from mmlearn.predict import calibrate as module
from mmlearn.predict.calibrate import CalibratedSVM, platt_probabilities, platt_scale
from mmlearn.predict.svm import LinearSVM

SVC = LinearSVC(tol=1e-8, max_iter=100_000, random_state=0)


def scores(seed: int, n: int = 150) -> tuple[Any, Any]:
    """Decision values of some unit, and what the items turned out to be: few of them positive."""
    generator = np.random.default_rng(seed)
    values = generator.normal(size=n) * 10.0 ** (seed % 4 - 2)
    truth = generator.random(n) < 1 / (1 + np.exp(1 - 2 * values / values.std()))
    return values, truth


def agrees(scale: Callable[[Any, Any], tuple[float, float]]) -> bool:
    for seed in range(6):
        values, truth = scores(seed, n=12 if seed == 5 else 150)
        theirs = _SigmoidCalibration().fit(values, truth)
        if not np.allclose(platt_probabilities(values, *scale(values, truth)), theirs.predict(values), atol=1e-5):
            return False
    return True


def test_equals_scikit_learns_sigmoid() -> None:
    assert agrees(platt_scale)


def _plain_targets(values: Any, truth: Any) -> tuple[float, float]:
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = LogisticRegression(C=1e9, tol=1e-9, max_iter=10_000).fit(values[:, None] / values.std(), truth)
    return -float(found.coef_[0, 0]) / float(values.std()), -float(found.intercept_[0])


SEEDED_BUGS = (
    _plain_targets,  # 1 and 0 for targets
    lambda v, t: (-platt_scale(v, t)[0], platt_scale(v, t)[1]),  # the sign of A
    lambda v, t: (platt_scale(v, t)[0], -platt_scale(v, t)[1]),  # the sign of B
    lambda v, t: platt_scale(v, ~t),  # the other class
    lambda v, t: (platt_scale(v, t)[0], 0.0),  # no offset
    lambda v, t: (-1.0, 0.0),  # no fit at all
    lambda v, t: platt_scale(v, t, max_iter=1),  # one Newton step
)


@pytest.mark.parametrize("bug", SEEDED_BUGS)
def test_a_seeded_bug_is_caught(bug: Callable[[Any, Any], tuple[float, float]]) -> None:
    assert not agrees(bug)


def test_classes_that_do_not_overlap_have_a_finite_sigmoid() -> None:
    values = np.concatenate([np.linspace(-3, -1, 20), np.linspace(1, 3, 10)])
    slope, offset = platt_scale(values, values > 0)
    theirs = _SigmoidCalibration().fit(values, values > 0)
    assert (slope, offset) == pytest.approx((theirs.a_, theirs.b_), rel=1e-3)
    assert np.isfinite([slope, offset]).all() and slope < 0


def test_values_that_say_nothing_give_the_share_of_positives() -> None:
    p = platt_probabilities(np.ones(10), *platt_scale(np.ones(10), [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]))
    targets = [4 / 5] * 3 + [1 / 9] * 7
    assert p[0] == pytest.approx(np.mean(targets), abs=1e-6)


def test_probabilities_never_overflow(recwarn: pytest.WarningsRecorder) -> None:
    with np.errstate(all="raise", under="ignore"):
        p = platt_probabilities([-1e5, -700.0, 0.0, 700.0, 1e5], -1.0, 0.0)
    np.testing.assert_allclose(p, [0, 0, 0.5, 1, 1], atol=1e-12)
    assert not recwarn.list


def problem(classes: int) -> tuple[Any, Any]:
    generator = np.random.default_rng(classes)
    y = generator.integers(0, classes + 1, 150) % classes  # class 0 is frequent
    return generator.normal(size=(classes, 6))[y] + generator.normal(size=(150, 6)), y


@pytest.mark.parametrize("classes", [2, 4])
def test_equals_calibrated_classifier_cv(classes: int) -> None:
    X, y = problem(classes)
    theirs = CalibratedClassifierCV(SVC, method="sigmoid", ensemble=False, cv=4).fit(X, y)
    np.testing.assert_allclose(CalibratedSVM(SVC, cv=4).fit(X, y).predict_proba(X), theirs.predict_proba(X), atol=1e-6)
    ours = CalibratedSVM(LinearSVM(tol=1e-6), cv=4).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-3)
    assert (ours.predict(X) == theirs.predict(X)).all()


def test_folds_by_family_are_kept() -> None:
    X, y = problem(3)
    folds = list(GroupKFold(3).split(X, y, np.arange(150) // 5))
    ours = CalibratedSVM(SVC, cv=folds).fit(X, y)
    values = cross_val_predict(SVC, X, y, cv=folds, method="decision_function")
    np.testing.assert_allclose(ours.sigmoids_, [platt_scale(values[:, k], y == k) for k in range(3)], atol=1e-9)


def test_other_classifiers_and_sparse_rows() -> None:
    X, y = problem(3)
    assert CalibratedSVM(RidgeClassifier()).fit(X, y).predict_proba(X).shape == (150, 3)
    X[np.abs(X) < 1] = 0
    dense, sparse = (CalibratedSVM(SVC).fit(each, y).predict_proba(each) for each in (X, csr_matrix(X)))
    np.testing.assert_allclose(dense, sparse, atol=1e-6)


def test_rows_sum_to_one_even_where_every_sigmoid_is_zero() -> None:
    X, y = problem(3)
    model = CalibratedSVM(SVC).fit(X, y)
    model.sigmoids_ = np.array([[0.0, 1e4]] * 3)
    np.testing.assert_allclose(model.predict_proba(X[:2]), 1 / 3)


@parametrize_with_checks([CalibratedSVM(LinearSVM(max_iter=20))])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learns_contract(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


def test_works_in_a_search_and_is_pickled() -> None:
    X, y = problem(3)
    search = GridSearchCV(CalibratedSVM(SVC), {"classifier__C": [0.1, 1.0]}, cv=3, scoring="neg_log_loss").fit(X, y)
    model = pickle.loads(pickle.dumps(search.best_estimator_))
    assert (model.predict_proba(X) == search.predict_proba(X)).all()
    assert SVC.get_params()["C"] == 1.0 and not hasattr(SVC, "coef_")  # cloned, never changed


@pytest.mark.parametrize(
    ("values", "positive", "says"),
    [
        ([1.0, 2.0], [1], "an answer for each decision value"),
        ([[1.0]], [[1]], "an answer for each decision value"),
        ([1.0, np.nan], [1, 0], "finite decision values"),
        ([1.0, 2.0], [1, 1], "only one kind"),
        ([1.0, 2.0], [-1, 1], "that is y == k"),
    ],
)
def test_refuses_bad_input(values: Any, positive: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        platt_scale(values, positive)


def test_refuses_one_class_and_too_few_items() -> None:
    with pytest.raises(ValueError, match="got 1 class, 7"):
        CalibratedSVM().fit([[0.0], [1.0]], [7, 7])
    with pytest.raises(ValueError, match="expected 3 items of each class for 3 folds, class b has 2"):
        CalibratedSVM().fit([[0.0]] * 6, list("aaaabb"))


def test_a_newton_step_that_would_go_up_is_halved_until_it_goes_down() -> None:
    basis, targets = np.array([[1.0, 1.0], [-1.0, 1.0]]), np.array([0.9, 0.1])
    start, step = np.zeros(2), np.array([-1000.0, 0.0])  # down at first, up if gone all the way
    found = module._downhill(start, step, basis, targets)
    assert module._loss(found, basis, targets) < module._loss(start, basis, targets)
    halvings = np.log2(step[0] / found[0])
    assert halvings == round(halvings) >= 1


@pytest.mark.parametrize("unit", [1e6, 1e200])
def test_the_unit_of_the_values_is_free(unit: float) -> None:
    values, truth = scores(2)
    slope, offset = platt_scale(values, truth)
    assert platt_scale(unit * values, truth) == pytest.approx((slope / unit, offset), rel=1e-6)
