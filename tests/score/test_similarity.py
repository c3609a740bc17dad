"""Cosine similarity against scikit-learn and its edge cases."""

from __future__ import annotations

import numpy as np
import pytest

from mmlearn.score.similarity import cosine_similarity


def test_equals_scikit_learn_zero_rows_included() -> None:
    from sklearn.metrics.pairwise import cosine_similarity as theirs

    generator = np.random.default_rng(0)
    a, b = generator.normal(size=(7, 5)), generator.normal(size=(4, 5))
    a[2], b[0] = 0, 0
    np.testing.assert_allclose(cosine_similarity(a, b), theirs(a, b), atol=1e-12)


def test_length_does_not_matter_direction_does() -> None:
    a = np.random.default_rng(1).normal(size=(3, 6))
    np.testing.assert_allclose(cosine_similarity(a, 7 * a), cosine_similarity(a, a))
    np.testing.assert_allclose(np.diag(cosine_similarity(a, -a)), -1)


def test_counts_of_uint8_do_not_wrap_round() -> None:
    a = np.array([[200, 100]], dtype=np.uint8)
    assert cosine_similarity(a, a)[0, 0] == pytest.approx(1)


def test_very_small_and_very_large_vectors() -> None:
    a = np.array([[1e-200, 1e-200], [1e200, 1e200]])
    np.testing.assert_allclose(cosine_similarity(a, [[1, 1]]), 1)


def test_refuses_bad_input() -> None:
    with pytest.raises(ValueError, match="different spaces"):
        cosine_similarity(np.ones((2, 3)), np.ones((2, 4)))
    with pytest.raises(ValueError, match="one vector a row"):
        cosine_similarity(np.ones(3), np.ones((1, 3)))
    with pytest.raises(ValueError, match="NaN"):
        cosine_similarity([[np.nan, 1.0]], [[1.0, 1.0]])


def test_no_rows_give_no_similarities() -> None:
    assert cosine_similarity(np.ones((0, 3)), np.ones((2, 3))).shape == (0, 2)
