"""Lesson 04's debugging exercise on one row an example: words counted, blocks scaled, one label each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.lesson_04_program import one_row_each, unit_rows, word_counts
from mmlearn.types import FloatArray

Generator = np.random.Generator


def _pictures(generator: Generator, keypoints: Sequence[int], n_words: int, n_terms: int) -> tuple[Any, ...]:
    """Descriptors of as many pictures, a codebook, sparse TF-IDF rows (the last one empty) and groups."""
    from scipy.sparse import csr_array

    descriptors = [generator.integers(0, 120, (n, 128)).astype(np.uint8) for n in keypoints]
    codebook = generator.uniform(0, 120, (n_words, 128))
    terms = generator.random((len(keypoints), n_terms)) * (generator.random((len(keypoints), n_terms)) < 0.5)
    terms[:, 0] += 0.1
    terms[-1] = 0
    groups = generator.choice(np.array(["animals", "food", "objects"]), len(keypoints))
    return descriptors, codebook, csr_array(terms), groups


def _image(scale: Callable[[FloatArray], FloatArray]) -> Callable[..., Any]:
    """The answer with this way from counts to the image block."""
    return lambda descriptors, codebook, names, groups: (
        np.hstack((scale(word_counts(descriptors, codebook)), unit_rows(names.toarray()))),
        groups,
    )


def _block(make: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """The answer with an image block of another kind."""
    return lambda descriptors, codebook, names, groups: (
        np.hstack((make(descriptors, codebook), unit_rows(names.toarray()))),
        groups,
    )


def _stacked(descriptors: Any, codebook: Any, names: Any, groups: Any) -> Any:
    return np.hstack((np.vstack(descriptors), names.toarray())), groups


def _one_dimensional(descriptors: Any, codebook: Any, names: Any, groups: Any) -> Any:
    return np.hstack((unit_rows(word_counts(descriptors, codebook)), names.toarray()[0])), groups


def _labels(make: Callable[[Any, Any, Any], Any]) -> Callable[..., Any]:
    """The answer with labels of another kind."""
    return lambda descriptors, codebook, names, groups: (
        one_row_each(descriptors, codebook, names, groups)[0],
        make(descriptors, names, groups),
    )


def _unscaled(descriptors: Any, codebook: Any, names: Any, groups: Any) -> Any:
    return np.hstack((word_counts(descriptors, codebook), names.toarray())), groups


def _scaled_together(descriptors: Any, codebook: Any, names: Any, groups: Any) -> Any:
    rows, labels = _unscaled(descriptors, codebook, names, groups)
    return unit_rows(rows), labels


def _nan_rows(counts: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore"):
        rows: FloatArray = counts / np.linalg.norm(counts, axis=1, keepdims=True)
    return rows


def _shares(counts: FloatArray) -> FloatArray:
    shares: FloatArray = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares


def _columns(counts: FloatArray) -> FloatArray:
    return unit_rows(counts.T).T


def _means(descriptors: Any, codebook: Any) -> Any:
    return unit_rows(np.array([each.mean(axis=0) if len(each) else np.zeros(128) for each in descriptors]))


def _by_product(descriptors: Any, codebook: Any) -> Any:
    n_words = len(codebook)
    nearest = [(each.astype(float) @ codebook.T).argmax(axis=1) for each in descriptors]
    return unit_rows(np.array([np.bincount(words, minlength=n_words) for words in nearest], dtype=float))


def _farthest(descriptors: Any, codebook: Any) -> Any:
    n_words = len(codebook)
    farthest = [((each[:, None].astype(float) - codebook) ** 2).sum(axis=2).argmax(axis=1) for each in descriptors]
    return unit_rows(np.array([np.bincount(words, minlength=n_words) for words in farthest], dtype=float))


def _names_as_they_came(descriptors: Any, codebook: Any, names: Any, groups: Any) -> Any:
    return np.hstack((unit_rows(word_counts(descriptors, codebook)), names.toarray())), groups


def _short_counts(descriptors: Any, codebook: Any) -> Any:
    """bincount without minlength: as long as the highest word that occurs."""
    nearest = [((each[:, None].astype(float) - codebook) ** 2).sum(axis=2).argmin(axis=1) for each in descriptors]
    return np.vstack([np.bincount(words) for words in nearest])


ROWS = Exercise(
    id="04.11",
    title="One row an example",
    reference="mmlearn.checks.lesson_04_program.one_row_each",
    cases=(
        Case("six pictures of 3 to 12 keypoints", lambda g: _pictures(g, (3, 12, 5, 7, 4, 9), 4, 5)),
        Case("a picture without keypoints", lambda g: _pictures(g, (5, 0, 8, 6), 3, 6)),
        Case("every picture with one keypoint", lambda g: _pictures(g, (1, 1, 1), 5, 4)),
    ),
    mistakes=(
        Mistake(
            _stacked,
            "Fault g: a row for every keypoint beside a row for every name. One row an example: count words first.",
        ),
        Mistake(
            _one_dimensional,
            "Fault k: np.hstack needs 2-D beside 2-D. toarray()[0] is the first row alone, 1-D; keep toarray() whole.",
        ),
        Mistake(
            _labels(lambda found, names, groups: np.repeat([0.0, 1.0], [len(np.vstack(found)), names.shape[1]])),
            "Fault i: 0 for each keypoint, 1 for each column: that says which modality it is, not what is shown.",
        ),
        Mistake(
            _labels(lambda found, names, groups: np.hstack((np.zeros(len(found)), np.ones(names.shape[0])))),
            "Fault i: 0 for pictures and 1 for names is no class of an example: that label is what groups holds.",
        ),
        Mistake(
            _labels(lambda found, names, groups: np.repeat(groups, [len(each) for each in found])),
            "Fault i: one label for every keypoint; there is one row an example, so one label an example.",
        ),
        Mistake(
            _unscaled,
            "Fault n: counts grow with the keypoints, TF-IDF ends at 1 and drowns. Give each block's rows length 1.",
        ),
        Mistake(
            _scaled_together,
            "Fault n: scaled together, the larger block still swamps the smaller. Scale each block, then hstack.",
        ),
        Mistake(
            _image(lambda counts: counts),
            "Fault n: the name's rows have length 1, but the picture's are still counts: both blocks, each for itself.",
        ),
        Mistake(
            _names_as_they_came,
            "Fault n: the names handed in here are not of length 1; scale both blocks.",
        ),
        Mistake(
            _image(_nan_rows),
            "A picture without keypoints has length 0, and 0/0 is NaN: divide by 1 there, so that its row stays zero.",
        ),
        Mistake(
            _image(_shares),
            "Your rows sum to 1; asked for is length 1 (the root of the sum of squares), as TF-IDF's rows have.",
        ),
        Mistake(
            _image(_columns),
            "You bring the columns to length 1 (axis 0); an example is a row, axis 1.",
        ),
        Mistake(
            _block(_means),
            "The mean of all descriptors is one row, true, but a blur: count how many lie nearest to each word.",
        ),
        Mistake(
            _block(_by_product),
            "The largest product favours long words of the codebook; nearest means the smallest distance.",
        ),
        Mistake(
            _block(_farthest),
            "You count the farthest word of the codebook: nearest is the smallest distance, argmin.",
        ),
        Mistake(
            lambda *given: one_row_each(*given)[0],
            "X is right, but alone: return the labels beside it, X, y.",
        ),
        Mistake(
            _block(_short_counts),
            "np.bincount stops at the highest word that occurs, so rows differ in length: minlength=len(codebook).",
        ),
    ),
)
