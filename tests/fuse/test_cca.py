"""CCA against the generalised eigenproblem, scikit-learn's CCA, and scikit-learn's contract."""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.linalg import eigh, sqrtm
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.cross_decomposition import CCA as SklearnCCA
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from mmlearn.fuse.cca import CCA, canonical_directions, covariance, inverse_root, whiten

Views = tuple[np.ndarray, np.ndarray]


def views(seed: int, n: int = 60, d: int = 4, e: int = 3, shared: int = 2) -> Views:
    """Two modalities of one hidden cause, with means, scales and noise of their own."""
    generator = np.random.default_rng(seed)
    z = generator.normal(size=(n, shared))
    x = z @ generator.normal(size=(shared, d)) + 0.8 * generator.normal(size=(n, d))
    y = z @ generator.normal(size=(shared, e)) + 0.8 * generator.normal(size=(n, e))
    return x * generator.uniform(0.1, 10, d) + 5, y * generator.uniform(0.1, 10, e) - 3


def by_eigenproblem(x: np.ndarray, y: np.ndarray, r: float) -> tuple[np.ndarray, np.ndarray]:
    """Correlations and A from ``C_xy C_yy^-1 C_yx a = rho^2 C_xx a``: another road to the same place."""
    c, d = np.cov(np.hstack([x, y]).T), x.shape[1]
    xx, yy, xy = c[:d, :d], c[d:, d:], c[:d, d:]
    xx = xx + r * np.trace(xx) / len(xx) * np.eye(len(xx))
    yy = yy + r * np.trace(yy) / len(yy) * np.eye(len(yy))
    squares, vectors = eigh(xy @ np.linalg.solve(yy, xy.T), xx)
    k = min(x.shape[1], y.shape[1])
    return np.sqrt(np.clip(squares[::-1][:k], 0, None)), vectors[:, ::-1][:, :k]


Solver = Callable[..., tuple[np.ndarray, np.ndarray, np.ndarray]]


def agrees(solver: Solver) -> bool:
    """With both references, on wide, narrow, regularised and partial problems; scores as promised."""
    for seed, (d, e, r) in enumerate([(4, 3, 0.0), (2, 5, 0.0), (4, 4, 0.3), (6, 1, 0.05)]):
        x, y = views(seed, d=d, e=e)
        A, B, rho = solver(x, y, None, r)
        expected, vectors = by_eigenproblem(x, y, r)
        if A.shape != (d, min(d, e)) or B.shape != (e, min(d, e)) or not np.allclose(rho, expected, atol=1e-6):
            return False
        if not np.allclose(np.abs(A), np.abs(vectors), atol=1e-6):
            return False
        a, b = (x - x.mean(0)) @ A, (y - y.mean(0)) @ B
        cross = a.T @ b / (len(x) - 1)
        if not np.allclose(cross, np.diag(rho), atol=1e-6):  # off the diagonal 0, and never negative on it
            return False
        if not np.allclose(solver(x, y, 1, r)[0], A[:, :1], atol=1e-8):
            return False
    return True


def test_equal_to_the_generalised_eigenproblem() -> None:
    assert agrees(canonical_directions)


def _mutant(
    root: Callable[[Any], Any] = inverse_root,
    both: bool = True,
    centred: bool = True,
    back: bool = True,
    turned: bool = True,
    ridge: float = 1.0,
    power: float = 1.0,
) -> Solver:
    def solver(x: Any, y: Any, k: int | None, r: float) -> Any:
        m = k or min(x.shape[1], y.shape[1])
        a, b = (x - x.mean(0), y - y.mean(0)) if centred else (x, y)
        rx = root(covariance(x, ridge * r))
        ry = root(covariance(y, ridge * r)) if both else np.eye(y.shape[1])
        u, s, vt = np.linalg.svd(rx @ (a.T @ b / (len(x) - 1)) @ ry, full_matrices=False)
        v = vt[:m].T if turned else vt[:, :m]
        return (rx @ u[:, :m], ry @ v, s[:m] ** power) if back else (u[:, :m], v, s[:m])

    return solver


def _signs_apart(x: Any, y: Any, k: int | None, r: float) -> Any:
    A, B, rho = canonical_directions(x, y, k, r)
    return A, B * np.where(B[0] < 0, -1, 1), rho


SEEDED_BUGS: tuple[tuple[str, Solver], ...] = (
    ("nothing is whitened", _mutant(root=lambda c: np.eye(len(c)))),
    ("only X is whitened", _mutant(both=False)),
    ("the inverse, not its root", _mutant(root=np.linalg.pinv)),
    ("the root, not its inverse", _mutant(root=lambda c: np.real(sqrtm(c)))),
    ("scales are taken off, correlations are not", _mutant(root=lambda c: np.diag(np.diag(c) ** -0.5))),
    ("not centred", _mutant(centred=False)),
    ("directions of the whitened space", _mutant(back=False)),
    ("columns of V^T", _mutant(turned=False)),
    ("squared correlations", _mutant(power=2.0)),
    ("regularisation is ignored", _mutant(ridge=0.0)),
    ("signs of A and B are chosen apart", _signs_apart),
)


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: tuple[str, Solver]) -> None:
    with contextlib.suppress(ValueError):  # shapes that do not fit: noticed as well
        assert not agrees(bug[1])


def test_the_mutants_without_a_mutation_are_right() -> None:
    assert agrees(_mutant())


@pytest.mark.parametrize("seed", range(3))
def test_the_correlations_of_scikit_learn(seed: int) -> None:
    x, y = views(seed, n=300, d=5, e=4, shared=3)
    theirs = SklearnCCA(n_components=2, max_iter=5000, tol=1e-14).fit(x, y)
    a, b = theirs.transform(x, y)
    expected = [np.corrcoef(a[:, k], b[:, k])[0, 1] for k in range(2)]
    ours = CCA(n_components=2).fit(x, y)
    np.testing.assert_allclose(ours.correlations_, expected, atol=1e-6)
    for k in range(2):  # the same directions, up to sign and scale
        assert abs(np.corrcoef(ours.transform(x)[:, k], a[:, k])[0, 1]) == pytest.approx(1, abs=1e-6)
        assert abs(np.corrcoef(ours.transform_y(y)[:, k], b[:, k])[0, 1]) == pytest.approx(1, abs=1e-6)


def test_one_column_against_many_is_multiple_regression() -> None:
    x, y = views(5, e=1)
    r_squared = LinearRegression().fit(x, y).score(x, y)
    assert canonical_directions(x, y)[2][0] == pytest.approx(np.sqrt(r_squared), abs=1e-10)


def test_linear_changes_of_either_modality_change_no_correlation() -> None:
    x, y = views(6)
    turn = np.random.default_rng(1).normal(size=(4, 4))
    np.testing.assert_allclose(canonical_directions(x @ turn + 7, -3 * y)[2], canonical_directions(x, y)[2], atol=1e-9)
    metres, millimetres = (canonical_directions(scale * x, y, regularisation=0.2)[2] for scale in (1, 1000))
    np.testing.assert_allclose(metres, millimetres, atol=1e-9)  # regularisation has no unit


def test_inverse_root_against_scipy_and_flat_directions() -> None:
    c = covariance(views(7)[0])
    np.testing.assert_allclose(inverse_root(c), np.linalg.inv(sqrtm(c)), atol=1e-9)
    singular = np.array([[2.0, 2.0], [2.0, 2.0]])
    np.testing.assert_allclose(inverse_root(singular) @ singular @ inverse_root(singular), np.full((2, 2), 0.5))
    np.testing.assert_array_equal(inverse_root(np.zeros((2, 2))), np.zeros((2, 2)))


def test_whitened_clouds_are_round() -> None:
    white = whiten(views(8)[0])
    np.testing.assert_allclose(np.cov(white.T), np.eye(4), atol=1e-10)
    np.testing.assert_allclose(white.mean(axis=0), 0, atol=1e-10)


def test_constant_columns_get_direction_zero_and_change_nothing() -> None:
    x, y = views(9)
    wide = np.insert(x, 1, 42.0, axis=1)
    A, _, rho = canonical_directions(wide, y)
    plain, _, expected = canonical_directions(x, y)
    np.testing.assert_allclose(rho, expected, atol=1e-9)
    np.testing.assert_allclose(np.delete(A, 1, axis=0), plain, atol=1e-9)
    np.testing.assert_allclose(A[1], 0, atol=1e-9)
    nothing = CCA(1).fit(np.ones((5, 2)), y[:5])
    assert nothing.correlations_.tolist() == [0] and not nothing.transform(np.ones((2, 2))).any()


def test_regularisation_tames_more_columns_than_rows() -> None:
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(20, 50)), generator.normal(size=(20, 30))
    with pytest.raises(ValueError, match=r"20 rows are too few for 19 and 19 .* regularisation above 0"):
        CCA(2).fit(x, y)
    rho = [CCA(2, r).fit(x, y).correlations_[0] for r in (0.01, 0.1, 1.0, 10.0)]
    assert np.all(np.diff(rho) < 0) and 0 < rho[-1] < 0.5


@pytest.mark.parametrize("model", [CCA(), CCA(n_components=1, regularisation=0.1)], ids=str)
def test_keeps_scikit_learns_contract(model: CCA) -> None:
    check_estimator(model, on_skip=None)


def test_works_in_pipelines_searches_and_pickles() -> None:
    x, y = views(10, n=90)
    pipeline = make_pipeline(StandardScaler(), CCA(2), LinearRegression())
    search = GridSearchCV(pipeline, {"cca__n_components": [1, 2], "cca__regularisation": [0.0, 0.1]}, cv=3).fit(x, y)
    assert search.best_score_ > 0.2
    assert (cross_validate(pipeline, x, y, cv=3)["test_score"] > 0).all()
    fitted = CCA(2).fit(x, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).transform(x), fitted.transform(x))
    assert clone(fitted).get_params() == {"n_components": 2, "regularisation": 0.0}
    assert fitted.get_feature_names_out().tolist() == ["cca0", "cca1"]


def test_refuses_bad_input() -> None:
    x, y = views(11)
    hole = x.copy()
    hole[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        CCA(1).fit(hole, y)
    with pytest.raises(ValueError, match="NaN"):
        CCA(1).fit(x, np.where(np.isnan(hole[:, :3]), np.nan, y))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        CCA(1).fit(x, y[:-1])
    with pytest.raises(ValueError, match="60 and 59 rows"):
        canonical_directions(x, y[:-1])
    for wrong in (4, 0, 1.0, True):
        with pytest.raises(ValueError, match="n_components from 1 to 3, the smaller width"):
            CCA(wrong).fit(x, y)  # type: ignore[arg-type]
    for regularisation in (-0.1, np.nan):
        with pytest.raises(ValueError, match="regularisation of 0 or more"):
            CCA(1, regularisation).fit(x, y)
    with pytest.raises(ValueError, match=r"y of shape \(rows, 3\) as in fit, got \(60, 4\)"):
        CCA(1).fit(x, y).transform_y(x)
    with pytest.raises(ValueError, match="symmetric"):
        inverse_root([[1.0, 2.0], [0.0, 1.0]])
    with pytest.raises(ValueError, match="variances of 0 or more"):
        inverse_root([[1.0, 2.0], [2.0, 1.0]])


def test_too_few_rows_begin_at_exactly_as_many_columns() -> None:
    generator = np.random.default_rng(0)
    with pytest.raises(ValueError, match="too few"):
        CCA().fit(generator.normal(size=(6, 3)), generator.normal(size=(6, 3)))
    CCA().fit(generator.normal(size=(7, 3)), generator.normal(size=(7, 3)))


def test_a_column_in_a_small_unit_counts_as_much() -> None:
    x, y = views(8)
    units = np.array([1e-9, 1.0, 1e7, 1e-3])
    A, B, rho = canonical_directions(x, y)
    small, other, same = canonical_directions(x * units, y)
    np.testing.assert_allclose(same, rho, atol=1e-9)
    np.testing.assert_allclose(np.abs(small * units[:, None]), np.abs(A), atol=1e-6)
    np.testing.assert_allclose(np.abs(other), np.abs(B), atol=1e-6)


def test_a_sparse_second_modality_is_refused() -> None:
    x, y = views(9)
    with pytest.raises(TypeError, match=r"y\.toarray\(\) is one"):
        CCA().fit(x, csr_array(y))
