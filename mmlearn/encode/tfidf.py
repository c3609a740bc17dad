"""TF-IDF: texts as rows of word weights, where a word that is everywhere weighs little."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from mmlearn.data.words import tokenize, vocabulary
from mmlearn.encode.ngrams import char_ngrams, require_lengths, word_ngrams
from mmlearn.encode.term_weights import NORMS, inverse_document_frequency, weighted_rows
from mmlearn.types import StrArray


class TfIdf(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    r"""Texts -> TF-IDF rows: tokenise, stop, count, weigh, normalise; the vocabulary and the idf are learned.

    ``x_dt = tf_dt (ln((1 + n) / (1 + df_t)) + 1)``, each row divided by its length. n and df come from the texts
    of `fit` alone; later texts are weighed with them, and their unknown terms have no column and are left out.
    Equal to scikit-learn's ``TfidfVectorizer`` at 1e-12 where that is given the course's `tokenize`; its own
    tokeniser drops words of one letter and takes a run of Chinese for one word. Differs on purpose: a corpus
    entry that is no text is an error that names its row, and `idf_` is all ones with ``use_idf=False``.

    Args:
        analyzer: "word" (`mmlearn.data.words.tokenize`), "char_wb" (runs of characters within words), or a
            function text -> list of words such as `content_stems`.
        ngram_range: (shortest, longest) run, in words or, for "char_wb", in characters.
        smooth_idf: count one more document that holds every term.
        sublinear_tf: count a term's tf as ``1 + ln(tf)``.
        norm: "l2", "l1" or None.
        stop_words: words to leave out before runs are made, or None; not for "char_wb".
        use_idf: False weighs every term 1.

    Attributes: vocabulary_ (term -> column, sorted), idf_ (D,) float64.

    >>> rows = TfIdf().fit_transform(["red fox", "red apple", "红 苹果"])
    >>> rows.shape, rows[0].toarray().round(2)
    ((3, 6), array([[0.  , 0.8 , 0.61, 0.  , 0.  , 0.  ]]))

    Reference: Salton and Buckley (1988), "Term-weighting approaches in automatic text retrieval",
    doi:10.1016/0306-4573(88)90021-0.

    Built in: lesson 03.
    """

    def __init__(
        self,
        analyzer: str | Callable[[str], list[str]] = "word",
        ngram_range: tuple[int, int] = (1, 1),
        smooth_idf: bool = True,
        sublinear_tf: bool = False,
        norm: str | None = "l2",
        stop_words: Iterable[str] | None = None,
        use_idf: bool = True,
    ) -> None:
        self.analyzer = analyzer
        self.ngram_range = ngram_range
        self.smooth_idf = smooth_idf
        self.sublinear_tf = sublinear_tf
        self.norm = norm
        self.stop_words = stop_words
        self.use_idf = use_idf

    def fit(self, X: Iterable[str], y: Any = None) -> Self:
        """Learn the vocabulary and the idf of N texts."""
        self._learn(X)
        return self

    def fit_transform(self, X: Iterable[str], y: Any = None) -> csr_matrix:
        """As ``fit(X).transform(X)``, the texts cut up once: (N, D) CSR float64."""
        return self._weigh(self._learn(X))

    def transform(self, X: Iterable[str]) -> csr_matrix:
        """N texts -> (N, D) CSR float64, by what `fit` learned; a text without a known term is a row of zeros."""
        check_is_fitted(self)
        terms = self._terms_of()
        return self._weigh(_count(map(terms, _texts(X)), self.vocabulary_))

    def get_feature_names_out(self, input_features: Any = None) -> StrArray:
        """(D,) the terms, column by column. `input_features` is there for scikit-learn's sake and ignored."""
        check_is_fitted(self)
        return np.asarray(list(self.vocabulary_), dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def _learn(self, X: Iterable[str]) -> csr_matrix:
        """The counts (N, D) of X, once vocabulary and idf are learned from them."""
        terms = self._terms_of()
        if self.norm not in NORMS:
            raise ValueError(f"expected norm 'l1', 'l2' or None, got {self.norm!r}")
        documents = [terms(text) for text in _texts(X)]
        words = vocabulary(documents)
        if not words:
            raise ValueError(
                f"expected a word in at least one of the {len(documents)} documents, got none: are they empty, "
                "or do they hold stop words and punctuation only?"
            )
        self.vocabulary_ = {word: column for column, word in enumerate(words)}
        counts = _count(documents, self.vocabulary_)
        self.idf_ = inverse_document_frequency(counts, self.smooth_idf) if self.use_idf else np.ones(len(words))
        return counts

    def _weigh(self, counts: csr_matrix) -> csr_matrix:
        return weighted_rows(counts, self.idf_, self.sublinear_tf, self.norm)

    def _terms_of(self) -> Callable[[str], list[str]]:
        """The function text -> terms that the arguments describe."""
        low, high = _pair(self.ngram_range)
        stop = _stop_set(self.stop_words)
        if self.analyzer == "char_wb":
            if stop:
                raise ValueError("stop words are whole words, and analyzer='char_wb' has none: leave stop_words out")
            return lambda text: char_ngrams(text, low, high)
        if self.analyzer != "word" and not callable(self.analyzer):
            raise ValueError(f"expected analyzer 'word', 'char_wb' or a function, got {self.analyzer!r}")
        cut = self.analyzer if callable(self.analyzer) else tokenize
        return lambda text: word_ngrams([word for word in _listed(cut(text)) if word not in stop], low, high)


def _count(documents: Iterable[Sequence[str]], column: dict[str, int]) -> csr_matrix:
    """How often each known term occurs in each document, (N, D): `count_vectors`, without storing the zeros."""
    values: list[int] = []
    columns: list[int] = []
    ends = [0]
    for document in documents:
        found = sorted((column[term], times) for term, times in Counter(document).items() if term in column)
        columns += [place for place, _ in found]
        values += [times for _, times in found]
        ends.append(len(columns))
    return csr_matrix((np.array(values, dtype=np.float64), columns, ends), shape=(len(ends) - 1, len(column)))


def _texts(X: Iterable[str]) -> list[str]:
    if isinstance(X, str | bytes):
        raise ValueError(f"expected a list of texts, got one text: [{X!r}] is a list of one")
    if len(getattr(X, "shape", (0,))) != 1:
        raise ValueError(f"expected texts in one row, (N,), got an array of shape {X.shape}")  # type: ignore[attr-defined]
    texts = list(X)
    if not texts:
        raise ValueError("expected at least one text, got an empty list")
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(
                f"expected texts (str), but entry {row} is {text!r}, a {type(text).__name__}: "
                "leave it out, or put '' where nothing is said"
            )
    return texts


def _pair(ngram_range: tuple[int, int]) -> tuple[int, int]:
    try:
        low, high = ngram_range
    except (TypeError, ValueError):
        raise ValueError(f"expected ngram_range as (shortest, longest), such as (1, 2), got {ngram_range!r}") from None
    require_lengths(low, high)
    return low, high


def _listed(words: Any) -> Any:
    if isinstance(words, str):
        raise TypeError(f"expected the analyzer to give a list of words, got text: {words!r}")
    return words


def _stop_set(stop_words: Iterable[str] | None) -> frozenset[str]:
    if isinstance(stop_words, str):
        raise ValueError(
            f"expected stop_words as a list of words, got {stop_words!r}: the course's list is "
            "mmlearn.data.words.STOP_WORDS"
        )
    if stop_words is not None and not isinstance(stop_words, Collection):
        raise TypeError(
            f"expected stop_words as a list, tuple or set, got {type(stop_words).__name__}: "
            "what can be read only once would be empty the second time"
        )
    return frozenset(stop_words or ())
