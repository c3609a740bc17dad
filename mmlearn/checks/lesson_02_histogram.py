"""The exercise of lesson 02 on a picture as a histogram of words."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.types import FloatArray

Generator = np.random.Generator


def _squares(points: Any, centres: Any) -> Any:
    return ((points[:, None] - centres) ** 2).sum(axis=-1)


def _labels(points: Any, centres: Any) -> Any:
    return _squares(points, centres).argmin(axis=1)


def _picture(generator: Generator, n: int, k: int, d: int = 8) -> tuple[FloatArray, FloatArray]:
    """Words of uneven length, so that forgetting |w|^2 shows; more words than are used."""
    words = generator.normal(size=(k, d)) * generator.uniform(0.5, 3, size=(k, 1))
    chosen = generator.integers(0, max(1, k - 1), n)
    return words[chosen] + 0.4 * generator.normal(size=(n, d)), words


def _four(generator: Generator) -> tuple[FloatArray, FloatArray]:
    return np.array([[1.0], [2.0], [3.0], [9.0]]), np.array([[2.0], [8.0], [20.0]])


def _diagonal(generator: Generator) -> tuple[FloatArray, FloatArray]:
    """Absolute differences say the first word (3 against 3.8), squared ones the second (9 against 7.22)."""
    return np.array([[0.0, 0.0]]), np.array([[3.0, 0.0], [1.9, 1.9]])


def _none(generator: Generator) -> tuple[None, FloatArray]:
    return None, generator.normal(size=(5, 8))


def _no_rows(generator: Generator) -> tuple[FloatArray, FloatArray]:
    return np.zeros((0, 8)), generator.normal(size=(5, 8))


def _empty(descriptors: Any) -> bool:
    return descriptors is None or len(descriptors) == 0


def _counts(descriptors: Any, words: Any) -> Any:
    return np.bincount(_labels(descriptors, words), minlength=len(words)).astype(float)


def _with(change: Any) -> Any:
    """A wrong answer that is right about the empty picture."""
    return lambda d, w: np.zeros(len(w)) if _empty(d) else change(d, w)


def _shares(descriptors: Any, words: Any) -> Any:
    counts = _counts(descriptors, words)
    return counts / counts.sum()


def _forgets_none(descriptors: Any, words: Any) -> Any:
    return np.sqrt(_shares(descriptors, words))


def _forgets_no_rows(descriptors: Any, words: Any) -> Any:
    return np.sqrt(_shares(descriptors, words)) if len(descriptors) else np.full(len(words), np.nan)


def _ragged(descriptors: Any, words: Any) -> Any:
    return np.sqrt(np.bincount(_labels(descriptors, words)) / len(descriptors))


def _euclid(descriptors: Any, words: Any) -> Any:
    counts = _counts(descriptors, words)
    return counts / np.linalg.norm(counts)


def _dot(descriptors: Any, words: Any) -> Any:
    return np.sqrt(np.bincount((descriptors @ words.T).argmax(axis=1), minlength=len(words)) / len(descriptors))


def _over_words(descriptors: Any, words: Any) -> Any:
    return np.sqrt(_counts(descriptors, words) / len(words))


def _present(descriptors: Any, words: Any) -> Any:
    there = (_counts(descriptors, words) > 0).astype(float)
    return np.sqrt(there / there.sum())


def _root(labels: Any, descriptors: Any, words: Any) -> Any:
    return np.sqrt(np.bincount(labels, minlength=len(words)) / len(descriptors))


def _city(descriptors: Any, words: Any) -> Any:
    return _root(np.abs(descriptors[:, None] - words).sum(axis=-1).argmin(axis=1), descriptors, words)


def _farthest(descriptors: Any, words: Any) -> Any:
    return _root(_squares(descriptors, words).argmax(axis=1), descriptors, words)


def _by_words(descriptors: Any, words: Any) -> Any:
    """argmin along axis 0: the nearest descriptor of each word."""
    return _root(_squares(descriptors, words).argmin(axis=0), descriptors, words)


def _unique(descriptors: Any, words: Any) -> Any:
    return np.sqrt(np.unique(_labels(descriptors, words), return_counts=True)[1] / len(descriptors))


def _spanned(descriptors: Any, words: Any) -> Any:
    return np.sqrt(np.histogram(_labels(descriptors, words), bins=len(words))[0] / len(descriptors))


HISTOGRAM = Exercise(
    id="02.6",
    title="A picture as a histogram of words",
    reference="mmlearn.encode.visual_words.word_histogram",
    cases=(
        Case("4 descriptors of one number, 3 words, by hand", _four),
        Case("60 descriptors, 10 words", lambda g: _picture(g, 60, 10)),
        Case("200 descriptors, 6 words", lambda g: _picture(g, 200, 6)),
        Case("one descriptor", lambda g: _picture(g, 1, 7)),
        Case("two words, one nearer by squares", _diagonal),
        Case("a flat picture: None", _none),
        Case("a flat picture: no rows", _no_rows),
    ),
    mistakes=(
        Mistake(
            _forgets_none,
            "A flat picture has no descriptors (OpenCV gives None): its histogram is K zeros. Look for that first.",
        ),
        Mistake(
            lambda d, w: np.zeros(len(w)) if d is None else _forgets_no_rows(d, w),
            "None is dealt with, but a table of no rows gives 0/0, NaN: zeros there too.",
        ),
        Mistake(
            lambda d, w: np.full(len(w), len(w) ** -0.5) if _empty(d) else np.sqrt(_shares(d, w)),
            "You give a picture without descriptors some of every word; it has none of any: zeros.",
        ),
        Mistake(
            lambda d, w: np.zeros(0) if _empty(d) else np.sqrt(_shares(d, w)),
            "The empty picture's histogram is as wide as all others: one zero for each of the K words.",
        ),
        Mistake(_with(_shares), "These are the shares n_k / n: the square root is missing."),
        Mistake(
            _with(_counts),
            "These are counts, so a picture with more descriptors weighs more: divide by n, then root.",
        ),
        Mistake(_with(lambda d, w: np.sqrt(_counts(d, w))), "You take the root of the counts: divide by n before it."),
        Mistake(
            _with(_euclid),
            "You divide the counts by their length; here length 1 comes from sqrt(n_k / n), taming frequent words.",
        ),
        Mistake(_with(_ragged), "np.bincount stops at the last word it meets: minlength=K keeps every row as wide."),
        Mistake(
            _with(_dot),
            "The largest dot product is not the nearest word: long words win. Take squared distances.",
        ),
        Mistake(_with(_over_words), "You divide by the number of words K; the share is of the n descriptors."),
        Mistake(_with(_present), "You count each word once. How often it occurs is the point of a histogram."),
        Mistake(
            _with(_city),
            "You take the sum of absolute differences for nearest: nearest is by squared differences.",
        ),
        Mistake(_with(_farthest), "Your descriptors choose the word that is farthest away: argmin of the distances."),
        Mistake(
            _with(_by_words),
            "argmin over the wrong axis finds a descriptor for each word: each descriptor needs a word, axis=1.",
        ),
        Mistake(
            _with(_unique),
            "np.unique counts only the words that occur, so the row is too narrow: np.bincount with minlength=K.",
        ),
        Mistake(_with(_labels), "These are the labels, which word each descriptor is: now count each word."),
        Mistake(
            _with(_spanned),
            "np.histogram spans only the labels it meets: range=(0, K), or bincount with minlength.",
        ),
        Mistake(
            _with(lambda d, w: np.sqrt(_counts(d, w)) / len(d)),
            "Root and division have changed places: sqrt(n_k / n), not sqrt(n_k) / n.",
        ),
    ),
)
