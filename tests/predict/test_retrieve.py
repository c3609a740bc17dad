"""Search against a slow, obvious ranking; ties in order; sparse, dense and mixed; blocks of queries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csc_matrix, csr_matrix

from mmlearn.predict import retrieve
from mmlearn.predict.retrieve import search, top_k
from mmlearn.score.similarity import cosine_similarity


def _slow(scores: np.ndarray, k: int) -> list[list[int]]:
    """By Python's own stable sort, a row at a time."""
    return [sorted(range(len(row)), key=lambda item: -row[item])[:k] for row in scores.tolist()]


def is_a_stable_ranking(ranking: Callable[[np.ndarray, int], Any]) -> bool:
    generator = np.random.default_rng(0)
    for k in (1, 2, 7, 40):
        for scores in (
            generator.normal(size=(5, 40)),
            generator.integers(0, 3, (5, 40)).astype(float),
            np.zeros((2, 40)),
            -generator.integers(0, 5, (3, 40)) / 4.0,
        ):
            if np.asarray(ranking(scores, k)).tolist() != _slow(scores, k):
                return False
    return True


def test_equal_to_the_slow_ranking() -> None:
    assert is_a_stable_ranking(top_k)


SEEDED_BUGS = (
    ("the worst first", lambda s, k: top_k(-s, k)),
    ("ties turned round", lambda s, k: np.argsort(s, axis=1, kind="stable")[:, ::-1][:, :k]),
    ("the best last", lambda s, k: top_k(s, k)[:, ::-1]),
    ("by index, not by score", lambda s, k: np.sort(top_k(s, k), axis=1)),
    ("down the columns", lambda s, k: np.argsort(-s, axis=0, kind="stable")[:, :k]),
    ("ties beyond the k-th", lambda s, k: np.argpartition(-s, min(k, s.shape[1] - 1), axis=1)[:, :k]),
    ("one too few", lambda s, k: top_k(s, max(k - 1, 1))),
)


@pytest.mark.parametrize("bug", [bug for _, bug in SEEDED_BUGS], ids=[what for what, _ in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Callable[[np.ndarray, int], Any]) -> None:
    assert not is_a_stable_ranking(bug)


def _vectors(q: int = 6, n: int = 30, d: int = 8) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(4)
    queries, gallery = generator.poisson(0.7, (q, d)).astype(float), generator.poisson(0.7, (n, d)).astype(float)
    queries[2], gallery[5] = 0, 0
    gallery[20] = 3 * gallery[7]  # the same direction: a tie
    return queries, gallery


@pytest.mark.parametrize("left", [np.asarray, csr_matrix, csc_matrix])
@pytest.mark.parametrize("right", [np.asarray, csr_matrix])
def test_dense_sparse_and_mixed_rows_find_the_same(left: Any, right: Any) -> None:
    queries, gallery = _vectors()
    cosines = np.round(cosine_similarity(queries, gallery), 12)
    found = search(left(queries), right(gallery), 7)
    assert found.items.tolist() == _slow(cosines, 7) and found.items.dtype == np.int64
    np.testing.assert_allclose(found.cosines, np.sort(cosines, axis=1)[:, ::-1][:, :7], atol=1e-12)


def test_copies_in_the_gallery_come_in_their_order() -> None:
    generator = np.random.default_rng(6)
    row = generator.normal(size=(1, 33))
    gallery = np.concatenate([generator.normal(size=(17, 33)), *[row * scale for scale in (1, 7.3, 0.01)] * 7])
    for made in (gallery, csr_matrix(gallery)):
        assert search(row, made, 21).items.tolist() == [list(range(17, 38))]


def test_a_query_of_zeros_is_alike_to_nothing() -> None:
    found = search(np.zeros((1, 3)), np.eye(3), 2)
    assert found.items.tolist() == [[0, 1]] and found.cosines.tolist() == [[0, 0]]
    found = search(csr_matrix((1, 3)), csr_matrix(np.eye(3)), 2)
    assert found.items.tolist() == [[0, 1]] and found.cosines.tolist() == [[0, 0]]


@pytest.mark.parametrize("make", [np.asarray, csr_matrix])
def test_block_by_block_is_the_same(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    queries, gallery = map(make, _vectors(11))
    whole = search(queries, gallery, 3)
    monkeypatch.setattr(retrieve, "_AT_ONCE", 60)  # two queries at a time, an uneven last block
    parts = search(queries, gallery, 3)
    assert np.array_equal(whole.items, parts.items) and np.array_equal(whole.cosines, parts.cosines)


def test_no_queries_find_nothing() -> None:
    found = search(np.zeros((0, 3)), np.eye(3), 2)
    assert found.items.shape == found.cosines.shape == (0, 2)


def test_huge_and_tiny_rows_keep_their_direction() -> None:
    rows = np.array([[3e200, 4e200], [3e-200, 4e-200], [4, -3]])
    for made in (rows, csr_matrix(rows)):
        found = search(made, made, 2)
        assert found.items.tolist() == [[0, 1], [0, 1], [2, 0]]
        np.testing.assert_allclose(found.cosines, [[1, 1], [1, 1], [1, 0]], atol=1e-12)


def test_repeated_entries_are_summed_and_left_as_they_were() -> None:
    repeated = csr_matrix((np.array([1.0, 2.0, 4.0, 1.0]), np.array([0, 0, 1, 1]), np.array([0, 3, 4])), shape=(2, 2))
    found = search(repeated, np.array([[3.0, 4.0], [0.0, 2.0]]), 2)
    np.testing.assert_allclose(found.cosines, [[1, 0.8], [1, 0.8]])
    assert repeated.nnz == 4
    gone = csr_matrix((np.array([1.0, -1.0, 1e-200]), np.array([0, 0, 1]), np.array([0, 3])), shape=(1, 2))
    np.testing.assert_allclose(search(gone, np.eye(2), 2).cosines, [[1, 0]])


def test_the_rows_handed_in_stay_as_they_were() -> None:
    rows = csr_matrix(np.array([[3.0, 4.0], [0.0, 2.0]]))
    search(rows, rows, 1)
    assert rows.toarray().tolist() == [[3, 4], [0, 2]]


@pytest.mark.parametrize("make", [np.asarray, csr_matrix])
def test_bad_input_is_refused(make: Any) -> None:
    queries, gallery = make(np.ones((2, 3))), make(np.ones((4, 3)))
    with pytest.raises(ValueError, match="k from 1 to the gallery's 4 items, got 5"):
        search(queries, gallery, 5)
    with pytest.raises(ValueError, match="k from 1"):
        search(queries, gallery, 0)
    with pytest.raises(ValueError, match=r"whole number, got 1\.5"):
        search(queries, gallery, 1.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="whole number, got True"):
        search(queries, gallery, k=True)
    with pytest.raises(ValueError, match="one width, got 2 and 3 numbers"):
        search(make(np.ones((2, 2))), gallery, 1)
    with pytest.raises(ValueError, match="gallery holds NaN"):
        search(queries, make(np.array([[1.0, np.nan, 0.0]])), 1)
    with pytest.raises(ValueError, match="queries holds NaN or infinity"):
        search(make(np.array([[1.0, np.inf, 0.0]])), gallery, 1)
    with pytest.raises(ValueError, match="k from 1 to the gallery's 0 items"):
        search(queries, make(np.zeros((0, 3))), 1)


def test_one_vector_or_nan_scores_are_refused() -> None:
    with pytest.raises(ValueError, match=r"got shape \(3,\): for one use x\[None\]"):
        search(np.ones(3), np.ones((4, 3)), 1)
    with pytest.raises(ValueError, match=r"scores \(queries, items\), got shape \(3,\)"):
        top_k([1, 2, 3], 1)
    with pytest.raises(ValueError, match="got NaN among them"):
        top_k([[1, np.nan]], 1)
