"""The truncated SVD against NumPy and scikit-learn, dense and sparse, large and degenerate; LSA's contract."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array
from sklearn.decomposition import TruncatedSVD as TheirSVD
from sklearn.exceptions import SkipTestWarning
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from mmlearn.encode import lsa
from mmlearn.encode.lsa import LSA, truncated_svd
from mmlearn.encode.tfidf import TfIdf


def _sparse(n: int, d: int, seed: int = 0) -> csr_matrix:
    return csr_matrix(random_array((n, d), density=0.05, rng=np.random.default_rng(seed)))


def is_the_best_approximation(svd: Callable[[Any, int], tuple[Any, Any, Any]]) -> bool:
    """Orthonormal parts, falling strengths, and NumPy's best rank-k matrix: signs are free."""
    for shape, k in (((9, 6), 3), ((6, 9), 2), ((7, 7), 7), ((5, 3), 1)):
        x = np.random.default_rng(sum(shape)).uniform(0, 1, shape)
        left, strengths, axes = svd(x, k)
        u, s, v = np.linalg.svd(x, full_matrices=False)
        if (left.shape, strengths.shape, axes.shape) != ((shape[0], k), (k,), (k, shape[1])):
            return False
        right = (
            np.allclose(left.T @ left, np.eye(k), atol=1e-9),
            np.allclose(axes @ axes.T, np.eye(k), atol=1e-9),
            np.allclose(strengths, s[:k], atol=1e-9),
            np.allclose((left * strengths) @ axes, (u[:, :k] * s[:k]) @ v[:k], atol=1e-9),
        )
        if not all(right):
            return False
    return True


def test_it_is_the_best_approximation_of_its_rank() -> None:
    assert is_the_best_approximation(truncated_svd)


def _whole(x: Any) -> Any:
    return np.linalg.svd(x, full_matrices=False)


SEEDED_BUGS = (
    ("the weakest layers", lambda x, k: (_whole(x)[0][:, -k:], _whole(x)[1][-k:], _whole(x)[2][-k:])),
    ("the mean taken away", lambda x, k: truncated_svd(x - x.mean(axis=0), k)),
    ("strengths squared", lambda x, k: truncated_svd(x, k)._replace(strengths=truncated_svd(x, k).strengths ** 2)),
    ("axes of the transpose", lambda x, k: truncated_svd(x.T, k)),
    ("only one side's sign turned", lambda x, k: truncated_svd(x, k)._replace(left=-truncated_svd(x, k).left)),
    ("rising order", lambda x, k: tuple(np.flip(p, a) for p, a in zip(truncated_svd(x, k), (1, 0, 1), strict=True))),
    ("strengths in left already", lambda x, k: (_whole(x)[0][:, :k] * _whole(x)[1][:k], *truncated_svd(x, k)[1:])),
)


@pytest.mark.parametrize("bug", [bug for _, bug in SEEDED_BUGS], ids=[what for what, _ in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Callable[[Any, int], tuple[Any, Any, Any]]) -> None:
    assert not is_the_best_approximation(bug)


@pytest.mark.parametrize("shape", [(300, 250), (250, 400)])
def test_few_layers_of_a_sparse_matrix_equal_numpys_and_scikit_learns(shape: tuple[int, int]) -> None:
    rows = _sparse(*shape)
    assert lsa._pays(min(shape), 20)  # so that this is about the Lanczos road
    svd = truncated_svd(rows, 20)
    np.testing.assert_allclose(svd.strengths, np.linalg.svd(rows.toarray(), compute_uv=False)[:20], atol=1e-9)
    theirs = TheirSVD(20, algorithm="arpack", random_state=0).fit(rows)
    model = LSA(20).fit(rows)
    np.testing.assert_allclose(model.components_, theirs.components_, atol=1e-6)
    np.testing.assert_allclose(model.singular_values_, theirs.singular_values_, atol=1e-6)
    np.testing.assert_allclose(model.transform(rows), theirs.transform(rows), atol=1e-6)
    np.testing.assert_allclose(LSA(20).fit_transform(rows), model.transform(rows), atol=1e-9)
    both = truncated_svd(rows.toarray(), 20)
    for one, other in zip(svd, both, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


def test_few_rows_equal_scikit_learns_too() -> None:
    x = np.random.default_rng(3).uniform(size=(12, 8))
    theirs = TheirSVD(5, algorithm="arpack", random_state=0)
    np.testing.assert_allclose(LSA(5).fit_transform(x), theirs.fit_transform(x), atol=1e-6)


def test_a_matrix_of_lower_rank_has_layers_without_strength() -> None:
    generator = np.random.default_rng(1)
    x = generator.normal(size=(300, 4)) @ generator.normal(size=(4, 260))
    svd = truncated_svd(x, 10)
    assert (svd.strengths[4:] < 1e-5).all() and svd.strengths[3] > 1
    np.testing.assert_allclose((svd.left * svd.strengths) @ svd.axes, x, atol=1e-6)
    assert not truncated_svd(np.zeros((4, 3)), 2).strengths.any()


def test_the_answer_is_the_same_every_time() -> None:
    rows = _sparse(260, 300, seed=5)
    first, second = truncated_svd(rows, 12), truncated_svd(rows, 12)
    assert all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))


def test_scikit_learns_estimator_checks_pass() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)  # array API: off unless an environment variable is set
        results = check_estimator(LSA())
    # Skipped by scikit-learn itself on this machine, not by us: its check of the array API.
    assert {r["check_name"] for r in results if r["status"] != "passed"} <= {"check_array_api_input"}
    assert len(results) > 30


def test_behind_tfidf_texts_without_a_common_word_meet() -> None:
    texts = ["car engine", "automobile engine", "car wheel", "automobile wheel", "tea cup", "tea pot"]
    places = make_pipeline(TfIdf(), LSA(2)).fit_transform(texts)
    unit = places / np.linalg.norm(places, axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.testing.assert_allclose(cosines[:4, :4], 1, atol=1e-9)
    np.testing.assert_allclose(cosines[:4, 4:], 0, atol=1e-9)


def test_names_of_the_columns_and_pickle() -> None:
    model = LSA(3).fit(_sparse(30, 20))
    assert model.get_feature_names_out().tolist() == ["lsa0", "lsa1", "lsa2"]
    assert np.array_equal(pickle.loads(pickle.dumps(model)).components_, model.components_)


@pytest.mark.parametrize("k", [0, -1, 7, 1.5, "2", None])
def test_a_number_of_directions_out_of_range_is_refused(k: Any) -> None:
    x = np.random.default_rng(0).uniform(size=(6, 8))
    with pytest.raises(ValueError, match="from 1 to 6, got"):
        LSA(k).fit(x)
    with pytest.raises(ValueError, match=r"from 1 to min\(6, 8\) = 6, got"):
        truncated_svd(x, k)


def test_bad_matrices_are_refused() -> None:
    with pytest.raises(ValueError, match="not empty, got shape"):
        truncated_svd(np.zeros((0, 3)), 1)
    with pytest.raises(ValueError, match="not empty, got shape"):
        truncated_svd(np.zeros(3), 1)
    for hole in (np.nan, np.inf):
        with pytest.raises(ValueError, match="expected finite numbers"):
            truncated_svd([[1, hole], [0, 1]], 1)
        with pytest.raises(ValueError, match="expected finite numbers"):
            truncated_svd(csr_matrix([[1, hole], [0, 1]]), 1)


@pytest.mark.parametrize("kind", [np.asarray, csr_matrix])
def test_a_large_matrix_of_zeros_has_layers_of_strength_zero(kind: Any) -> None:
    left, strengths, axes = truncated_svd(kind(np.zeros((300, 250))), 3)
    assert (strengths == 0).all()
    np.testing.assert_allclose(left.T @ left, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
