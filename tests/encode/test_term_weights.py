"""idf and weighted rows against scikit-learn's TfidfTransformer, dense and sparse, with empty rows and columns."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csc_matrix, csr_matrix, issparse
from sklearn.feature_extraction.text import TfidfTransformer

from mmlearn.encode.term_weights import inverse_document_frequency, weighted_rows


def _counts(seed: int) -> np.ndarray:
    """(9, 7) with an empty document at the start, in the middle and at the end, and every term in use."""
    counts = np.random.default_rng(seed).poisson(0.8, (9, 7))
    counts[4] = counts[5] = np.arange(7) % 4 + 1
    counts[[0, 3, 8]] = 0
    return counts


def agrees_with_scikit_learn(idf: Callable[..., Any], rows: Callable[..., Any]) -> bool:
    for seed, smooth, sublinear, norm in product(range(3), (True, False), (True, False), ("l1", "l2", None)):
        counts = _counts(seed)
        theirs = TfidfTransformer(norm=norm, smooth_idf=smooth, sublinear_tf=sublinear).fit(csr_matrix(counts))
        weights = idf(counts, smooth)
        got = rows(counts, weights, sublinear, norm)
        if not np.allclose(weights, theirs.idf_, rtol=0, atol=1e-12):
            return False
        due = theirs.transform(csr_matrix(counts)).toarray()
        if not np.allclose(got.toarray() if issparse(got) else got, due, rtol=0, atol=1e-12):
            return False
    return True


def test_equal_to_scikit_learn() -> None:
    assert agrees_with_scikit_learn(inverse_document_frequency, weighted_rows)


def _rows_by(count: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda counts, weights, sublinear, norm: weighted_rows(count(counts), weights, sublinear, norm)


SEEDED_BUGS = (
    ("df counts occurrences", lambda c, s: np.log((len(c) + s) / (c.sum(axis=0) + s)) + 1, weighted_rows),
    ("df down the rows", lambda c, s: inverse_document_frequency(c.T + 1, s)[: c.shape[1]], weighted_rows),
    ("smoothing ignored", lambda c, s: inverse_document_frequency(c, False), weighted_rows),
    ("no one behind the logarithm", lambda c, s: inverse_document_frequency(c, s) - 1, weighted_rows),
    ("base 10", lambda c, s: (inverse_document_frequency(c, s) - 1) / np.log(10) + 1, weighted_rows),
    ("presence for count", inverse_document_frequency, _rows_by(lambda c: (c > 0).astype(int))),
    ("sublinear ignored", inverse_document_frequency, lambda c, w, s, n: weighted_rows(c, w, False, n)),
    ("norm ignored", inverse_document_frequency, lambda c, w, s, n: weighted_rows(c, w, s, "l2")),
    (
        "normalised before weighing",
        inverse_document_frequency,
        lambda c, w, s, n: weighted_rows(c, w**0, s, n).multiply(w),
    ),
)


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: tuple[str, Callable[..., Any], Callable[..., Any]]) -> None:
    def rows(*given: Any) -> Any:
        result = bug[2](*given)
        return result.toarray() if issparse(result) else np.asarray(result)

    assert not agrees_with_scikit_learn(bug[1], rows)


@pytest.mark.parametrize("kind", [csr_matrix, csc_matrix])
def test_sparse_and_dense_counts_are_one(kind: Any) -> None:
    counts = _counts(1)
    weights = inverse_document_frequency(counts)
    assert np.array_equal(weights, inverse_document_frequency(kind(counts)))
    assert np.array_equal(weighted_rows(counts, weights).toarray(), weighted_rows(kind(counts), weights).toarray())


def test_the_counts_stay_as_they_were() -> None:
    counts = csr_matrix(_counts(2), dtype=np.float64)
    before = counts.toarray()
    weighted_rows(counts, np.full(7, 2.0))
    assert np.array_equal(counts.toarray(), before)


def test_a_stored_zero_is_no_count() -> None:
    counts = csr_matrix(([1.0, 0.0, 2.0], [0, 1, 2], [0, 3]), shape=(1, 3))
    rows = weighted_rows(counts, np.ones(3), sublinear_tf=True, norm=None)  # ln(0) must not come up
    np.testing.assert_allclose(rows.toarray(), [[1, 0, 1 + np.log(2)]])


def test_a_weight_of_nothing_leaves_a_row_of_zeros() -> None:
    assert weighted_rows([[2, 1]], [0.0, 0.0]).toarray().tolist() == [[0, 0]]


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="negative number or NaN"):
        inverse_document_frequency([[1, -1]])
    with pytest.raises(ValueError, match="negative number or NaN"):
        weighted_rows([[1.0, np.nan]], [1, 1])
    with pytest.raises(ValueError, match=r"at least one document, got shape \(0, 3\)"):
        inverse_document_frequency(np.zeros((0, 3)))
    with pytest.raises(ValueError, match=r"got shape \(2,\)"):
        inverse_document_frequency([1, 2])
    with pytest.raises(ValueError, match="term 1 is in none"):
        inverse_document_frequency([[1, 0]], smooth=False)
    with pytest.raises(ValueError, match=r"one weight a term, \(2,\), got shape \(3,\)"):
        weighted_rows([[1, 2]], [1, 2, 3])
    with pytest.raises(ValueError, match="'l1', 'l2' or None, got 'max'"):
        weighted_rows([[1, 2]], [1, 2], norm="max")


def test_weights_that_are_no_numbers_are_refused() -> None:
    for weight in (np.nan, np.inf):
        with pytest.raises(ValueError, match="finite weights"):
            weighted_rows([[1, 2]], [1.0, weight])


@pytest.mark.parametrize("sublinear", [True, False])
@pytest.mark.parametrize("norm", ["l1", "l2", None])
def test_repeated_entries_are_one_count(sublinear: bool, norm: str | None) -> None:
    repeated = csr_matrix((np.array([1.0, 2.0, 4.0]), np.array([0, 0, 1]), np.array([0, 3, 3])), shape=(2, 2))
    found = weighted_rows(repeated, [1.0, 0.5], sublinear, norm).toarray()
    np.testing.assert_allclose(found, weighted_rows([[3, 4], [0, 0]], [1.0, 0.5], sublinear, norm).toarray())
    assert repeated.nnz == 3
