"""The linear SVM against LinearSVC run to the last digit, a duality gap, and scikit-learn's own estimator checks."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.sparse import coo_matrix, csr_array, csr_matrix
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from mmlearn.predict import dual
from mmlearn.predict.dual import dual_coordinate_descent, dual_update
from mmlearn.predict.svm import LinearSVM, subgradient_svm, svm_objective


def problem(seed: int = 0, n: int = 90, d: int = 6, classes: int = 3) -> tuple[Any, Any]:
    """Overlapping, uneven classes in uneven features, away from the origin."""
    generator = np.random.default_rng(seed)
    y = np.sort(generator.integers(0, classes + 1, n) % classes)
    X = 0.7 * generator.normal(size=(classes, d))[y] + generator.normal(size=(n, d)) * np.linspace(0.5, 1.5, d) + 0.3
    return X, y


def objectives(coef: Any, intercept: Any, X: Any, y: Any, C: float) -> Any:
    """LinearSVC's objective of each class, written out item by item."""
    kinds = np.unique(y)[1:] if len(np.unique(y)) == 2 else np.unique(y)
    values = []
    for w, b, kind in zip(coef, intercept, kinds, strict=True):
        short = [max(0.0, 1 - (1 if label == kind else -1) * (w @ x + b)) for x, label in zip(X, y, strict=True)]
        values.append(w @ w / 2 + b * b / 2 + C * sum(s * s for s in short))
    return np.array(values)


def exact(X: Any, y: Any, C: float) -> LinearSVC:
    return LinearSVC(C=C, tol=1e-10, max_iter=1_000_000, random_state=0).fit(X, y)


def agrees(make: Callable[[float], Any]) -> bool:
    """Objective within 1e-3 of the optimum and weights close, over classes, sizes and prices."""
    for seed, n, d, classes, C in ((0, 50, 4, 3, 1.0), (1, 40, 3, 2, 0.03), (2, 50, 5, 4, 0.3), (3, 15, 30, 2, 1.0)):
        X, y = problem(seed, n, d, classes)
        ours, theirs = make(C).fit(X, y), exact(X, y, C)
        if ours.coef_.shape != theirs.coef_.shape or ours.intercept_.shape != theirs.intercept_.shape:
            return False
        best = objectives(theirs.coef_, theirs.intercept_, X, y, C)
        if (objectives(ours.coef_, ours.intercept_, X, y, C) > 1.001 * best).any():
            return False
        if np.abs(ours.coef_ - theirs.coef_).max() > 0.05 * np.abs(theirs.coef_).max():
            return False
    return True


def test_objective_within_a_thousandth_of_the_optimum() -> None:
    assert agrees(lambda C: LinearSVM(C))


def test_weights_equal_linear_svcs_when_run_to_the_last_digit() -> None:
    for C in (0.1, 2.0):
        X, y = problem(4, n=50)
        ours, theirs = LinearSVM(C, tol=1e-10, max_iter=20_000).fit(X, y), exact(X, y, C)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)
        np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-4)
        np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-4)
        assert (ours.predict(X) == theirs.predict(X)).all()


def _bug(update: Callable[..., Any], C_of: Callable[[float], float] = lambda C: C) -> Callable[[float], Any]:
    """An SVM whose every visit of an item is `update(w, alpha, x, sign, C) -> new alpha`."""

    class Buggy(LinearSVM):  # type: ignore[misc]
        def fit(self, X: Any, y: Any) -> Any:
            X1, kinds = np.column_stack([X, np.ones(len(X))]), np.unique(y)
            kinds = kinds[1:] if len(kinds) == 2 else kinds
            W = np.zeros((len(kinds), X1.shape[1]))
            for w, kind in zip(W, kinds, strict=True):
                alphas, signs = np.zeros(len(X)), np.where(y == kind, 1.0, -1.0)
                for each in range(100):
                    for i in np.random.default_rng(each).permutation(len(X)):
                        new = update(w, alphas[i], X1[i], signs[i], C_of(self.C))
                        w += (new - alphas[i]) * signs[i] * X1[i]
                        alphas[i] = new
            self.coef_, self.intercept_ = W[:, :-1], W[:, -1]
            return self

    return lambda C: Buggy(C)


def _step(w: Any, a: float, x: Any, s: float, C: float, part: float = 1.0, margin: float = 1.0) -> float:
    shrink = part / (2 * C)
    return float(a - (s * (w @ x) - margin + shrink * a) / (x @ x + shrink))


def test_the_loop_that_carries_the_bugs_is_right_without_them() -> None:
    assert agrees(_bug(lambda *item: max(0.0, _step(*item))))


SEEDED_BUGS = (
    _bug(lambda *item: _step(*item)),  # alpha may fall below 0: least squares
    _bug(lambda w, a, x, s, C: min(C, max(0.0, _step(w, a, x, s, C)))),  # the ceiling of the plain hinge
    _bug(lambda *item: max(0.0, _step(*item, part=2.0))),  # 1 / C for 1 / 2C
    _bug(lambda *item: max(0.0, _step(*item, part=0.0)) if item[1] < 50 else item[1]),  # no violated margin allowed
    _bug(lambda *item: max(0.0, _step(*item, margin=2.0))),  # another margin than 1
    _bug(lambda *item: max(0.0, _step(*item)), C_of=lambda C: C / 60),  # the mean for the sum
    _bug(lambda w, a, x, s, C: max(0.0, _step(w, a, np.append(x[:-1], 0.0), s, C))),  # steps that forget the intercept
    lambda C: LinearSVC(C=C, loss="hinge", max_iter=100_000, random_state=0),  # not squared
    lambda C: LinearSVC(C=C, intercept_scaling=50.0, max_iter=1_000_000, random_state=0),  # a nearly free intercept
)


@pytest.mark.parametrize("bug", SEEDED_BUGS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore:overflow", "ignore:invalid")
def test_a_seeded_bug_is_caught(bug: Callable[[float], Any]) -> None:
    assert not agrees(bug)


@parametrize_with_checks([LinearSVM()])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learns_contract(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


@pytest.mark.parametrize("sparse", [csr_matrix, csr_array, coo_matrix])
def test_sparse_rows_give_what_dense_ones_give(sparse: Any) -> None:
    X, y = problem(5, n=70, d=20)
    X[np.random.default_rng(5).random(X.shape) < 0.8] = 0
    X[7] = 0  # an empty row
    given = sparse(X)
    before = given.copy()
    ours = LinearSVM().fit(given, y)
    np.testing.assert_allclose(ours.coef_, LinearSVM().fit(X, y).coef_, atol=1e-12)
    np.testing.assert_allclose(ours.decision_function(given), ours.decision_function(X), atol=1e-12)
    assert (given != before).nnz == 0


def test_a_matrix_with_repeated_entries_is_summed_and_left_as_it_was() -> None:
    repeated = csr_matrix((np.array([1.0, 2.0, -1.0]), np.array([0, 0, 1]), np.array([0, 2, 3])), shape=(2, 2))
    ours = LinearSVM().fit(repeated, [0, 1])
    np.testing.assert_allclose(ours.coef_, LinearSVM().fit([[3.0, 0.0], [0.0, -1.0]], [0, 1]).coef_, atol=1e-12)
    assert repeated.nnz == 3


def test_the_gap_bounds_the_distance_to_the_optimum() -> None:
    X, y = problem(6, classes=2)
    for tol in (1e-1, 1e-3, 1e-6):
        ours = LinearSVM(tol=tol).fit(X, y)
        above = objectives(ours.coef_, ours.intercept_, X, y, 1.0) / objectives(
            exact(X, y, 1.0).coef_, exact(X, y, 1.0).intercept_, X, y, 1.0
        )
        assert ours.gap_ <= tol and above.max() - 1 <= 1.001 * tol


def test_too_few_passes_are_told() -> None:
    X, y = problem()
    with pytest.warns(ConvergenceWarning, match="after 1 passes: raise max_iter"):
        assert LinearSVM(max_iter=1).fit(X, y).n_iter_ == 1


def test_a_single_update_is_the_lowest_point_of_its_parabola() -> None:
    generator = np.random.default_rng(7)
    x, w, alpha, C = generator.normal(size=5), generator.normal(size=5), 0.4, 0.7
    for sign in (1.0, -1.0):
        rest = w - alpha * sign * x  # the other items' part of w
        grid = np.linspace(0, 5, 500_001)
        length = (rest @ rest) + 2 * grid * sign * (rest @ x) + grid**2 * (x @ x)
        best = grid[(length / 2 + grid**2 / (4 * C) - grid).argmin()]
        weights, new = dual_update(w, alpha, x, sign, C)
        assert new == pytest.approx(best, abs=1e-4)
        np.testing.assert_allclose(weights, rest + new * sign * x, atol=1e-12)


def test_the_descent_is_the_single_update_over_and_over() -> None:
    X, y = problem(8, n=20, classes=3)
    signs = np.where(y[:, None] == np.arange(3), 1.0, -1.0)
    found = dual_coordinate_descent(X, signs, 0.5, 0.0, 3, np.random.default_rng(1))
    generator, W, A = np.random.default_rng(1), np.zeros((6, 3)), np.zeros((20, 3))
    for _ in range(3):
        for i in generator.permutation(20):
            for k in range(3):
                W[:, k], A[i, k] = dual_update(W[:, k], A[i, k], X[i], signs[i, k], 0.5)
    np.testing.assert_allclose(found.weights, W, atol=1e-10)
    np.testing.assert_allclose(found.alphas, A, atol=1e-10)
    np.testing.assert_allclose(W, X.T @ (A * signs), atol=1e-10)


def test_the_dual_is_below_the_primal() -> None:
    X, y = problem(9, classes=2)
    signs = np.where(y == 1, 1.0, -1.0)[:, None]
    alphas = np.random.default_rng(9).random((len(X), 1))
    assert dual._relative_gap(X, signs, 1.0, np.random.default_rng(1).normal(size=(6, 1)), np.zeros_like(alphas)) > 0
    assert dual._relative_gap(X, signs, 1.0, X.T @ (alphas * signs), alphas) > 0


@pytest.mark.parametrize("loss", ["squared_hinge", "hinge"])
def test_the_gradient_is_the_slope(loss: str) -> None:
    X, y = problem(10, classes=2)
    signs, w = np.where(y == 1, 1.0, -1.0), np.random.default_rng(10).normal(size=6)
    slope = approx_fprime(w, lambda each: svm_objective(each, X, signs, 0.7, loss)[0], 1e-7)
    np.testing.assert_allclose(svm_objective(w, X, signs, 0.7, loss)[1], slope, rtol=1e-3, atol=1e-3)


def test_the_gradient_is_zero_at_linear_svcs_optimum() -> None:
    X, y = problem(11, classes=2)
    theirs = exact(X, y, 2.0)
    signs, X1 = np.where(y == 1, 1.0, -1.0), np.column_stack([X, np.ones(len(X))])
    value, gradient = svm_objective(np.append(theirs.coef_[0], theirs.intercept_), X1, signs, 2.0)
    assert np.abs(gradient).max() < 1e-3
    assert value == pytest.approx(objectives(theirs.coef_, theirs.intercept_, X, y, 2.0)[0], rel=1e-9)


@pytest.mark.parametrize("loss", ["squared_hinge", "hinge"])
def test_steps_go_down_to_the_same_place_but_slower(loss: str) -> None:
    X, y = problem(12, classes=2)
    signs = np.where(y == 1, 1.0, -1.0)
    theirs = LinearSVC(C=0.2, loss=loss, tol=1e-8, fit_intercept=False, max_iter=1_000_000, random_state=0).fit(X, y)
    best = svm_objective(theirs.coef_[0], X, signs, 0.2, loss)[0]
    weights, history = subgradient_svm(X, signs, 0.2, loss, n_passes=60)
    assert history.shape == (60,) and history[-1] < history[0]
    assert best - 1e-9 <= history[-1] < 1.1 * best
    assert svm_objective(weights, X, signs, 0.2, loss)[0] == history[-1]


def test_works_where_scikit_learns_estimators_work() -> None:
    X, y = problem(13)
    pipe = make_pipeline(StandardScaler(), LinearSVM())
    search = GridSearchCV(pipe, {"linearsvm__C": [0.01, 1.0]}, cv=3).fit(X, y)
    assert set(search.best_params_) == {"linearsvm__C"}
    assert cross_validate(pipe, X, y, cv=3)["test_score"].min() > 0.4
    fitted = LinearSVM().fit(X, y)
    assert (pickle.loads(pickle.dumps(fitted)).predict(X) == fitted.predict(X)).all()
    assert not hasattr(clone(fitted), "coef_")


def test_words_as_labels_and_one_feature() -> None:
    svm = LinearSVM().fit([[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"])
    assert svm.predict([[-5.0], [9.0]]).tolist() == ["no", "yes"]
    assert svm.classes_.tolist() == ["no", "yes"] and svm.coef_.shape == (1, 1)


@pytest.mark.parametrize(
    ("X", "y", "options", "says"),
    [
        ([[0.0], [1.0]], [0, 1], {"C": 0}, "expected C > 0, got 0"),
        ([[0.0], [1.0]], [0, 1], {"C": -1.0}, "expected C > 0, got -1.0"),
        ([[0.0], [1.0]], [0, 1], {"C": np.nan}, "expected C > 0, got nan"),
        ([[0.0], [1.0]], [0, 1], {"C": np.inf}, "expected C > 0, got inf: C is the finite price"),
        ([[0.0], [1.0]], [0, 1], {"max_iter": 0}, "expected max_iter of 1 or more, got 0"),
        ([[0.0], [1.0]], ["a", "a"], {}, "got 1 class, a: nothing to tell apart"),
        ([[0.0], [np.nan]], [0, 1], {}, "NaN"),
        ([[0.0], [1.0], [2.0]], [0, 1], {}, "inconsistent numbers of samples"),
        ([[0.0], [1.0]], [0.5, 1.5], {}, "Unknown label type"),
    ],
)
def test_refuses_bad_input(X: Any, y: Any, options: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        LinearSVM(**options).fit(X, y)


def test_refuses_what_it_cannot_answer() -> None:
    X, y = problem()
    with pytest.raises(NotFittedError):
        LinearSVM().predict(X)
    with pytest.raises(ValueError, match="6 features"):
        LinearSVM().fit(X, y).predict(X[:, :5])
    with pytest.raises(ValueError, match="expected the loss 'squared_hinge' or 'hinge'"):
        svm_objective(np.zeros(2), np.zeros((1, 2)), np.ones(1), 1.0, "log")


def test_signs_that_are_no_signs_are_refused() -> None:
    X, y = problem(3, classes=2)
    for solve in (lambda signs: svm_objective(np.zeros(6), X, signs), lambda signs: subgradient_svm(X, signs)):
        with pytest.raises(ValueError, match=r"signs \+1 or -1, got other values: np\.where"):
            solve(y)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid", "ignore:divide")
def test_a_gap_that_is_no_number_is_told() -> None:
    with pytest.warns(ConvergenceWarning, match="bring the features to a similar size"):
        assert np.isnan(LinearSVM(C=1e308, max_iter=2).fit([[0.0]] * 4, [0, 1, 0, 1]).gap_)
