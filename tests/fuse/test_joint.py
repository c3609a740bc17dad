"""The joint model against the analytic conditional of one big Gaussian, regression, and simulated truth."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from mmlearn.fuse import joint
from mmlearn.fuse.cca import covariance
from mmlearn.fuse.joint import GaussianProductOfExperts, conditional_mean, product_of_gaussians


def views(seed: int, n: int = 80, d: int = 4, e: int = 3) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    z = generator.normal(size=(n, 2))
    x = z @ generator.normal(size=(2, d)) + 0.7 * generator.normal(size=(n, d)) + 2
    y = z @ generator.normal(size=(2, e)) + 0.7 * generator.normal(size=(n, e)) - 1
    return x, y


def big_gaussian(model: GaussianProductOfExperts, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of (z, x, y), written down from the model's definition."""
    wx, wy = model.x_loadings_, model.y_loadings_
    k, r = wx.shape[1], model.regularisation
    cxx, cyy = covariance(x, r), covariance(y, r)
    spread = np.block([[np.eye(k), wx.T, wy.T], [wx, cxx, wx @ wy.T], [wy, wy @ wx.T, cyy]])
    return np.concatenate([np.zeros(k), model.x_mean_, model.y_mean_]), spread


def conditional(mean: np.ndarray, spread: np.ndarray, want: Any, given: Any, values: np.ndarray) -> Any:
    """Mean and covariance of some coordinates given others: the textbook formula, nothing else."""
    gain = spread[np.ix_(want, given)] @ np.linalg.inv(spread[np.ix_(given, given)])
    return mean[want] + (values - mean[given]) @ gain.T, spread[np.ix_(want, want)] - gain @ spread[np.ix_(given, want)]


def posterior_is_analytic(k: int | None = None, r: float = 0.0) -> bool:
    x, y = views(3)
    new_x, new_y = views(4, n=6)
    model = GaussianProductOfExperts(k, r).fit(x, y)
    mean, spread = big_gaussian(model, x, y)
    z, d = np.arange(model.x_loadings_.shape[1]), x.shape[1]
    xs, ys = len(z) + np.arange(d), len(z) + d + np.arange(y.shape[1])
    for given, values, said in (
        (xs, new_x, model.posterior(X=new_x)),
        (ys, new_y, model.posterior(y=new_y)),
        (np.r_[xs, ys], np.hstack([new_x, new_y]), model.posterior(new_x, new_y)),
    ):
        expected, uncertainty = conditional(mean, spread, z, given, values)
        if not np.allclose(said.mean, expected, rtol=0, atol=1e-8):
            return False
        if not np.allclose(np.diag(1 / said.precision), uncertainty, rtol=0, atol=1e-8):
            return False
    there, _ = conditional(mean, spread, ys, xs, new_x)
    back, _ = conditional(mean, spread, xs, ys, new_y)
    return bool(
        np.allclose(model.fill_in(X=new_x), there, rtol=0, atol=1e-8)
        and np.allclose(model.fill_in(y=new_y), back, rtol=0, atol=1e-8)
    )


@pytest.mark.parametrize(("k", "r"), [(None, 0.0), (1, 0.0), (2, 0.0), (2, 0.3)])
def test_posterior_and_filled_in_modality_are_the_analytic_conditionals(k: int | None, r: float) -> None:
    assert posterior_is_analytic(k, r)


def _plain_mean(means: Any, precisions: Any) -> Any:
    sure = np.broadcast_to(precisions, np.shape(means))
    return joint.Gaussian(np.mean(means, axis=0), sure.sum(axis=0))


def _mean_precision(means: Any, precisions: Any) -> Any:
    found = product_of_gaussians(means, precisions)
    return joint.Gaussian(found.mean, found.precision / len(means))


def _by_variance(means: Any, precisions: Any) -> Any:
    found = product_of_gaussians(means, 1 / np.asarray(precisions))
    return joint.Gaussian(found.mean, 1 / found.precision)


def _no_prior(means: Any, precisions: Any) -> Any:
    return product_of_gaussians(means[1:], precisions[1:])


def _one_winner(means: Any, precisions: Any) -> Any:
    sure = np.broadcast_to(precisions, np.shape(means))
    best = sure.argmax(axis=0)[None]
    return joint.Gaussian(np.take_along_axis(np.asarray(means), best, 0)[0], sure.sum(axis=0))


SEEDED_BUGS: tuple[tuple[str, str, Any], ...] = (
    ("the plain mean of the experts", "product_of_gaussians", _plain_mean),
    ("precisions are averaged", "product_of_gaussians", _mean_precision),
    ("weighed by variance", "product_of_gaussians", _by_variance),
    ("the prior is forgotten", "product_of_gaussians", _no_prior),
    ("the surest expert takes all", "product_of_gaussians", _one_winner),
    ("correlations for their roots", "np", type("np", (), {**vars(np), "sqrt": staticmethod(lambda v: v)})),
    ("loadings without the covariance", "covariance", lambda rows, r: np.eye(rows.shape[1])),
    ("loadings of the covariance without its ridge", "covariance", lambda rows, r: covariance(rows) * (1 + r)),
)


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: tuple[str, str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joint, bug[1], bug[2])
    assert not posterior_is_analytic(2, 0.3)


def test_with_all_directions_it_is_least_squares_both_ways() -> None:
    x, y = views(5)
    model = GaussianProductOfExperts().fit(x, y)
    np.testing.assert_allclose(model.fill_in(X=x), LinearRegression().fit(x, y).predict(x), atol=1e-8)
    one, other = x[:, :2], y  # the narrower side decides how many there are: both ways with both narrow
    model.fit(one, other)
    np.testing.assert_allclose(model.fill_in(y=other), LinearRegression().fit(other, one).predict(other), atol=1e-8)


def test_conditional_mean_is_that_regression() -> None:
    x, y = views(6)
    both = np.hstack([x, y])
    expected = LinearRegression().fit(x, y).predict(x[:9])
    np.testing.assert_allclose(conditional_mean(x[:9], both.mean(axis=0), np.cov(both.T)), expected, atol=1e-9)


def test_no_small_change_makes_the_data_likelier() -> None:
    x, y = views(7, n=400)
    model = GaussianProductOfExperts(2).fit(x, y)
    both, factor = np.hstack([x, y]), 399 / 400  # the likeliest covariance divides by N
    mean, spread = big_gaussian(model, x, y)
    best = multivariate_normal(mean[2:], factor * spread[2:, 2:]).logpdf(both).sum()
    generator = np.random.default_rng(0)
    for _ in range(30):
        wx = model.x_loadings_ + 0.02 * generator.normal(size=model.x_loadings_.shape)
        wy = model.y_loadings_ + 0.02 * generator.normal(size=model.y_loadings_.shape)
        changed = spread[2:, 2:].copy()
        changed[:4, 4:], changed[4:, :4] = wx @ wy.T, wy @ wx.T
        assert multivariate_normal(mean[2:], factor * changed).logpdf(both).sum() < best


def test_the_hidden_cause_is_found_again() -> None:
    generator = np.random.default_rng(8)
    z = generator.normal(size=(4000, 1))
    x, y = (z @ [[1.0, -0.5, 0.3]] + generator.normal(size=(4000, 3)) for _ in range(2))  # two equal witnesses
    model = GaussianProductOfExperts(1).fit(x, y)
    found = [abs(np.corrcoef(model.posterior(*given).mean[:, 0], z[:, 0])[0, 1]) for given in ((x, y), (x,), (None, y))]
    assert found[0] > max(found[1:]) and found[0] > 0.8
    assert np.all(model.posterior(x, y).precision > model.posterior(x).precision)


def test_product_equals_the_product_of_densities() -> None:
    means, precisions = np.array([1.0, -2.0, 0.5]), np.array([4.0, 0.5, 0.0])
    grid = np.linspace(-5, 5, 4001)
    density = np.exp(-0.5 * (precisions[:, None] * (grid - means[:, None]) ** 2)).prod(axis=0)
    density /= density.sum()
    mean = (grid * density).sum()
    found = product_of_gaussians(means, precisions)
    assert float(found.mean) == pytest.approx(mean, abs=1e-6)
    assert float(1 / found.precision) == pytest.approx(((grid - mean) ** 2 * density).sum(), abs=1e-6)


def test_perfect_agreement_stays_finite_and_a_constant_says_nothing() -> None:
    x, _ = views(9)
    model = GaussianProductOfExperts().fit(x, x)
    assert np.isfinite(model.posterior(x, x).mean).all()
    np.testing.assert_allclose(model.fill_in(X=x), x, atol=1e-5)
    constant = GaussianProductOfExperts(1).fit(x, np.ones((80, 1)))
    assert constant.correlations_[0] == 0 and not constant.posterior(x).mean.any()
    np.testing.assert_allclose(constant.fill_in(y=np.ones((2, 1))), [x.mean(axis=0)] * 2)


@pytest.mark.parametrize(
    "model", [GaussianProductOfExperts(), GaussianProductOfExperts(n_components=1, regularisation=0.1)], ids=str
)
def test_keeps_scikit_learns_contract(model: GaussianProductOfExperts) -> None:
    check_estimator(model, on_skip=None)


def test_works_in_pipelines_and_pickles() -> None:
    x, y = views(10)
    z = make_pipeline(StandardScaler(), GaussianProductOfExperts(2)).fit(x, y).transform(x)
    assert z.shape == (80, 2)
    model = GaussianProductOfExperts(2).fit(x, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).transform(x, y), model.transform(x, y))


BAD: tuple[tuple[Callable[[GaussianProductOfExperts, Any, Any], Any], str], ...] = (
    (lambda m, x, y: m.fill_in(), "exactly|one modality to be there"),
    (lambda m, x, y: m.fill_in(x, y), "one modality to be there"),
    (lambda m, x, y: m.posterior(np.where(x > 3, np.nan, x)), "NaN"),
    (lambda m, x, y: m.posterior(y=np.where(y > 0, np.nan, y)), "NaN"),
    (lambda m, x, y: m.posterior(x, y[:5]), r"got \[5, 80\] rows"),
    (lambda m, x, y: m.posterior(y=x), r"y of shape \(rows, 3\)"),
    (lambda m, x, y: m.posterior(X=y), "3 features, but"),
    (lambda m, x, y: product_of_gaussians([1.0], [0.0]), "add a prior"),
    (lambda m, x, y: product_of_gaussians([1.0], [-1.0]), "0 or more, got -1"),
    (lambda m, x, y: product_of_gaussians([np.nan], [1.0]), "a missing expert has precision 0"),
    (lambda m, x, y: conditional_mean(x, np.zeros(4), np.eye(4)), r"expected x \(N, D\)"),
)


@pytest.mark.parametrize(("call", "says"), BAD)
def test_refuses_bad_input(call: Callable[..., Any], says: str) -> None:
    x, y = views(11)
    with pytest.raises(ValueError, match=says):
        call(GaussianProductOfExperts(2).fit(x, y), x, y)


def test_with_nothing_given_the_posterior_is_the_prior() -> None:
    x, y = views(12)
    prior = GaussianProductOfExperts(2).fit(x, y).posterior()
    assert prior.mean.tolist() == [[0, 0]] and prior.precision.tolist() == [1, 1]
