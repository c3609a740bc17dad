"""The exercises of lesson 03 on weights: the inverse document frequency, and rows of TF-IDF."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import issparse

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.types import FloatArray, IntArray

Generator = np.random.Generator


def _counts(generator: Generator, n: int, d: int) -> tuple[IntArray]:
    """Word counts in which every word occurs, and some word more than once in a document."""
    counts = generator.poisson(0.6, (n, d))
    counts[generator.integers(0, n, d), np.arange(d)] += 1
    counts[0, 0] = 3
    return (counts,)


def _by_hand(generator: Generator) -> tuple[IntArray]:
    return (np.array([[1, 0, 2], [1, 1, 0], [1, 0, 0]]),)


def _one_unused(generator: Generator) -> tuple[IntArray]:
    (counts,) = _counts(generator, 6, 5)
    counts[:, 2] = 0
    return (counts,)


def _df(counts: IntArray) -> FloatArray:
    df: FloatArray = (counts > 0).sum(axis=0).astype(np.float64)
    return df


def _log(values: Any) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(values)


def _ratio(counts: IntArray, df: Any) -> Any:
    return (1 + len(counts)) / (1 + df)


def _bare(counts: IntArray) -> Any:
    with np.errstate(divide="ignore"):
        return len(counts) / _df(counts)


IDF = Exercise(
    id="03.1",
    title="How rare is a word?",
    reference="mmlearn.encode.term_weights.inverse_document_frequency",
    cases=(
        Case("3 documents, 3 words, to be worked out by hand", _by_hand),
        Case("8 documents, 5 words", lambda g: _counts(g, 8, 5)),
        Case("4 documents, 9 words", lambda g: _counts(g, 4, 9)),
        Case("with a word that no document holds", _one_unused),
    ),
    mistakes=(
        Mistake(
            lambda counts: np.log(_ratio(counts, counts.sum(axis=0))) + 1,
            "You count occurrences. df counts documents: a word said three times in one document has df 1.",
        ),
        Mistake(
            lambda counts: np.log(_ratio(counts, (counts > 0).sum(axis=1))) + 1,
            "You count along the rows: one number a document. Count down the columns (axis=0): one a word.",
        ),
        Mistake(
            lambda counts: np.log(_ratio(counts, _df(counts))),
            "The + 1 behind the logarithm is missing: a word that is in every document would weigh 0.",
        ),
        Mistake(
            lambda counts: _log(_bare(counts)) + 1,
            "You leave out the smoothing: a word that no document holds divides by 0. Add 1 to n and to df.",
        ),
        Mistake(
            lambda counts: _log(_bare(counts)),
            "That is the textbook's ln(n / df). Ours adds 1 to n, 1 to df, and 1 behind the logarithm.",
        ),
        Mistake(
            lambda counts: np.log(len(counts) / (1 + _df(counts))) + 1,
            "The smoothing adds 1 above as well as below: (1 + n) / (1 + df).",
        ),
        Mistake(
            lambda counts: np.log(len(counts) / (1 + _df(counts))),
            "Two ones are missing: ln((1 + n) / (1 + df)) + 1. As it is, a word in every document weighs less than 0.",
        ),
        Mistake(
            lambda counts: np.log10(_ratio(counts, _df(counts))) + 1,
            "That is the logarithm to base 10; np.log is the natural one.",
        ),
        Mistake(
            lambda counts: np.log2(_ratio(counts, _df(counts))) + 1,
            "That is the logarithm to base 2; np.log is the natural one.",
        ),
        Mistake(
            lambda counts: np.log((1 + _df(counts)) / (1 + len(counts))) + 1,
            "Upside down: the rarer the word, the more it should weigh. n belongs above the line, df below.",
        ),
        Mistake(
            lambda counts: np.log((1 + counts.shape[1]) / (1 + _df(counts))) + 1,
            "n is the number of documents, which are the rows; you take the number of words.",
        ),
        Mistake(
            lambda counts: _ratio(counts, _df(counts)) + 1,
            "The logarithm is missing: a word ten times as rare should weigh a step more, not ten times as much.",
        ),
        Mistake(
            lambda counts: _ratio(counts, _df(counts)),
            "That is the ratio alone: its logarithm, plus 1, is asked for.",
        ),
        Mistake(
            lambda counts: (counts > 0).sum(axis=0),
            "That is df, how many documents hold each word: a good start. The weight is ln((1 + n) / (1 + df)) + 1.",
        ),
        Mistake(
            lambda counts: counts.sum(axis=0),
            "That is how often each word occurs. First df, how many documents hold it; then the logarithm.",
        ),
        Mistake(
            lambda counts: np.log(1 + len(counts) / (1 + _df(counts))) + 1,
            "A bracket is missing: np.log(1 + n / (1 + df)) adds 1 to the quotient; (1 + n) needs brackets.",
        ),
        Mistake(
            lambda counts: np.log(_ratio(counts, _df(counts)) + 1),
            "The last 1 has slipped into the logarithm: it is added behind it, np.log(...) + 1.",
        ),
        Mistake(
            lambda counts: np.log((1 + counts.size) / (1 + _df(counts))) + 1,
            "counts.size is the number of cells, rows times columns; n is the number of rows, len(counts).",
        ),
        Mistake(
            lambda counts: np.log(_ratio(counts, (counts > 1).sum(axis=0))) + 1,
            "counts > 1 asks for words said twice or more; a document holds a word if counts > 0.",
        ),
    ),
)


def _weighted(generator: Generator, n: int, d: int) -> tuple[IntArray, FloatArray]:
    return *_counts(generator, n, d), generator.uniform(0.1, 4, d)


def _light(generator: Generator) -> tuple[IntArray, FloatArray]:
    """Rows shorter than 1 before they are normalised, as any sum of squares of small weights is."""
    counts, weights = _weighted(generator, 5, 4)
    return counts, weights / 40


def _worked(generator: Generator) -> tuple[IntArray, FloatArray]:
    return np.array([[3, 4], [0, 2]]), np.array([1.0, 2.0])


def _empty_row(generator: Generator) -> tuple[IntArray, FloatArray]:
    counts, weights = _weighted(generator, 5, 4)
    counts[3] = 0
    return counts, weights


def _length(rows: Any, axis: int | None = 1) -> Any:
    return np.sqrt((np.asarray(rows, dtype=np.float64) ** 2).sum(axis=axis, keepdims=True))


def _over(rows: Any, size: Any) -> Any:
    return rows / np.where(size > 0, size, 1)


def _raw_over(rows: Any, size: Any) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"):
        return rows / size


def dense_result(answer: Any, *args: Any) -> Any:
    """Call it; a sparse result, as the course's is, is laid open as an array."""
    result = answer(*args)
    return result.toarray() if issparse(result) else result


ROWS = Exercise(
    id="03.2",
    title="Rows of TF-IDF",
    reference="mmlearn.encode.term_weights.weighted_rows",
    use=dense_result,
    cases=(
        Case("2 documents, 2 words, to be worked out by hand", _worked),
        Case("6 documents, 4 words", lambda g: _weighted(g, 6, 4)),
        Case("4 documents, 4 words", lambda g: _weighted(g, 4, 4)),
        Case("with a document that holds no known word", _empty_row),
        Case("weights far below 1", _light),
    ),
    mistakes=(
        Mistake(
            lambda counts, weights: counts * weights,
            "The weights are right; now divide each row by its length, or long texts win by their length.",
        ),
        Mistake(
            lambda counts, weights: _raw_over(counts * weights, _length(counts * weights)),
            "A row of zeros has length 0, and 0/0 is NaN: it should stay a row of zeros.",
        ),
        Mistake(
            lambda counts, weights: _over(counts, _length(counts)) * weights,
            "You normalise first and weigh then: the rows have lost their length of one. Weigh first.",
        ),
        Mistake(
            lambda counts, weights: _over(counts * weights, _length(counts * weights, 0)),
            "You divide by the length of the columns (axis 0); a document is a row, so take axis=1.",
        ),
        Mistake(
            lambda counts, weights: _over(counts * weights, _length(counts * weights) ** 2),
            "You divide by the sum of squares: its square root is the length.",
        ),
        Mistake(
            lambda counts, weights: _over(counts * weights, (counts * weights).sum(axis=1, keepdims=True)),
            "Your rows sum to one (the l1 norm). The length is the root of the sum of squares (l2).",
        ),
        Mistake(
            lambda counts, weights: counts * weights / _length(counts * weights, None),
            "One length for the whole table: each row has its own (axis=1, keepdims=True).",
        ),
        Mistake(
            lambda counts, weights: _over((counts > 0) * weights, _length((counts > 0) * weights)),
            "You only ask whether a word occurs; tf is how often: multiply the counts themselves.",
        ),
        Mistake(
            lambda counts, weights: counts @ weights,
            "@ sums the row up to a single number. Multiply with *: each column keeps its own weight.",
        ),
        Mistake(
            lambda counts, weights: counts * weights[:, None],
            "The weights belong to the columns: counts * weights lines them up; [:, None] lays them along the rows.",
        ),
        Mistake(
            lambda counts, weights: counts * weights / np.linalg.norm(counts * weights, axis=1),
            "The lengths have shape (N,), and NumPy lines them up with the columns: keepdims=True makes them (N, 1).",
        ),
        Mistake(
            lambda counts, weights: counts * weights / np.maximum(_length(counts * weights), 1),
            "np.maximum(length, 1) leaves every row shorter than 1 as it is: replace only a length of 0.",
        ),
        Mistake(
            lambda counts, weights: _raw_over(counts, counts.sum(axis=1, keepdims=True)) * weights,
            "Some books divide tf by the words of the document; here tf is the count, and the length does the rest.",
        ),
        Mistake(
            lambda counts, weights: _over(counts, counts.sum(axis=1, keepdims=True)) * weights,
            "tf is the plain count here, not its share of the document. Weigh it, then divide by the row's length.",
        ),
    ),
)
