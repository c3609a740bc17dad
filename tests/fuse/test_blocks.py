"""Blocks in one matrix: what goes in comes out again, what is missing is said by a flag and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.preprocessing import normalize

from mmlearn.fuse import blocks as module
from mmlearn.fuse.blocks import block_widths, check_weights, join_blocks, join_normalised, matrices, split_blocks

LAYOUT = (("image", 4), ("text", -1))


def parts(seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    image, text = 255 * rng.random((6, 4)), rng.random((6, 7)) * (rng.random((6, 7)) < 0.4)
    image[2], text[3] = 0, 0
    return [image, text]


def by_library(given: list[Any], weights: Any) -> np.ndarray:
    """scikit-learn's row normalisation, block by block."""
    return np.hstack([w * normalize(part) for w, part in zip(weights, given, strict=True)])


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, sparse.csr_matrix, sparse.coo_array])
def test_join_normalised_equals_scikit_learns_normalize(kind: Any) -> None:
    image, text = parts()
    ours = join_normalised([image, kind(text)], [1, 0.3])
    dense = ours.toarray() if sparse.issparse(ours) else ours
    np.testing.assert_allclose(dense, by_library(parts(), [1, 0.3]), atol=1e-14)
    assert sparse.issparse(ours) == sparse.issparse(kind(text))


def test_a_blocks_say_is_its_weight_and_not_its_unit() -> None:
    image, text = parts()
    np.testing.assert_allclose(join_normalised([1e6 * image, text]), join_normalised([image, 1e-9 * text]), atol=1e-12)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_what_is_joined_is_split_again(kind: Any) -> None:
    image, text = parts()
    present = np.ones((6, 2), bool)
    present[0, 1] = present[5, 0] = False
    found, there = split_blocks(join_blocks([image, kind(text)], present), LAYOUT, flags=True)
    back = {name: part.toarray() if sparse.issparse(part) else part for name, part in found.items()}
    assert list(back) == ["image", "text"] and (there == present).all()
    np.testing.assert_array_equal(back["image"], np.where(present[:, :1], image, 0))
    np.testing.assert_array_equal(back["text"], np.where(present[:, 1:], text, 0))


def test_without_flags_everything_is_there() -> None:
    found, there = split_blocks(join_blocks(dict(zip("ab", parts(), strict=True))), LAYOUT)
    assert there.all() and there.shape == (6, 2)
    np.testing.assert_array_equal(found["text"], parts()[1])


def test_no_stored_zeros_are_left_of_a_missing_text() -> None:
    joined = join_blocks([sparse.csr_array(np.ones((3, 2)))], present=[[1], [0], [1]])
    assert joined.nnz == 6 and np.diff(joined.indptr).tolist() == [3, 0, 3]


def test_indices_have_32_bits_whatever_came_in() -> None:
    wide = sparse.csr_array(parts()[1])
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    for joined in (join_blocks([wide, wide]), join_normalised([parts()[0], wide])):
        assert joined.indices.dtype == joined.indptr.dtype == np.int32


def test_inputs_stay_as_they_were() -> None:
    image, text = parts()
    join_blocks([image, text], np.zeros((6, 2)))
    join_normalised([image, text], [2, 3])
    np.testing.assert_array_equal(image, parts()[0])


def test_widths() -> None:
    assert block_widths(None, 5) == {"all": 5}
    assert block_widths(None, 5, flags=True) == {"all": 4}
    assert block_widths((("a", 2), ("b", -1), ("c", 1)), 9) == {"a": 2, "b": 6, "c": 1}
    assert block_widths([["a", np.int64(2)]], 2) == {"a": 2}


@pytest.mark.parametrize(
    ("layout", "columns", "says"),
    [
        ((("a", 2), ("b", 3)), 6, "n_features=6"),
        ((("a", 2), ("b", -1)), 2, "n_features=2"),
        ((("a", -1), ("b", -1)), 4, "at most one -1"),
        ((("a", 0), ("b", -1)), 4, "widths of 1 or more"),
        ((("a", 2.0), ("b", -1)), 4, "widths of 1 or more"),
        ((("a", 2), ("a", -1)), 4, "a name of its own"),
        ((), 4, "at least one block"),
    ],
)
def test_a_layout_that_does_not_fit_is_refused(layout: Any, columns: int, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        block_widths(layout, columns)


def test_nan_is_always_an_error() -> None:
    image, text = parts()
    image[1, 1] = np.nan
    for make in (join_blocks, join_normalised, matrices):
        with pytest.raises(ValueError, match="NaN or infinity: a missing modality is told by present="):
            make({"image": image, "text": text})
    bad = sparse.csr_array(text)
    bad.data[0] = np.inf
    with pytest.raises(ValueError, match="block text"):
        join_blocks({"image": parts()[0], "text": bad}, np.zeros((6, 2)))


def test_rows_flags_and_features_that_disagree_are_refused() -> None:
    image, text = parts()
    with pytest.raises(ValueError, match=r"one row an item in every block, got .*'image': 6, 'text': 5"):
        join_blocks({"image": image, "text": text[:5]})
    with pytest.raises(ValueError, match=r"shape \(6, 2\), got \(2, 6\)"):
        join_blocks([image, text], np.ones((2, 6)))
    with pytest.raises(ValueError, match="got other values"):
        join_blocks([image, text], np.full((6, 2), 0.5))
    joined = join_blocks([image, text], np.ones((6, 2)))
    joined[4, 1] = 0
    with pytest.raises(ValueError, match="zeros in block 'text' where its flag is 0, but row 4"):
        split_blocks(joined, LAYOUT, flags=True)
    joined[4, 1] = 0.5
    with pytest.raises(ValueError, match="got other values"):
        split_blocks(joined, LAYOUT, flags=True)
    with pytest.raises(ValueError, match="as a matrix"):
        join_blocks([image[0]])
    with pytest.raises(ValueError, match="at least one block"):
        join_blocks([])


@pytest.mark.parametrize("weights", [[1], [1, 2, 3], [1, -1], [0, 0], [np.nan, 1], [np.inf, 1]])
def test_weights_that_make_no_sense_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match=r"expected .*weights"):
        check_weights(weights, 2)


def whole_block(part: Any, weight: float) -> Any:
    return weight * part / np.linalg.norm(part)


def shares(part: Any, weight: float) -> Any:
    total = np.abs(part).sum(axis=1, keepdims=True)
    return weight * part / np.where(total > 0, total, 1)


def columns(part: Any, weight: float) -> Any:
    length = np.linalg.norm(part, axis=0, keepdims=True)
    return weight * part / np.where(length > 0, length, 1)


SEEDED_BUGS = (
    ("blocks keep their units", "_unit_rows", lambda part, weight: weight * part),
    ("no weights", "_unit_rows", lambda part, weight: module._rows_times(part, shares(part, 1).any(axis=1) * 1.0)),
    ("one length for the whole block", "_unit_rows", whole_block),
    ("rows sum to one", "_unit_rows", shares),
    ("columns of length one", "_unit_rows", columns),
    ("blocks in another order", "_beside", lambda given: np.hstack(given[::-1])),
    ("weights squared", "check_weights", lambda weights, count: np.asarray(weights) ** 2),
)


@pytest.mark.parametrize(("name", "bug"), [bug[1:] for bug in SEEDED_BUGS], ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(name: str, bug: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, name, bug)
    with pytest.raises(AssertionError):
        test_join_normalised_equals_scikit_learns_normalize(np.asarray)
