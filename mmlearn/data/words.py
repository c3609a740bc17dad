"""Names and captions as words: tokens, stems, stop words, and counts over a vocabulary."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np

from mmlearn.types import IntArray

# A token is one Chinese character, or a run of letters and digits of any other script (``\w`` without the
# underscore). The ranges are the CJK ideographs and their first extension.
_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_TOKEN = re.compile(rf"[{_HAN}]|[^\W_{_HAN}]+")

# The commonest function words of English (with what an apostrophe leaves over), then of Chinese.
_FUNCTION_WORDS = """
a about after again all also am an and any are as at be been before being below between both but by can
could did do does doing down during each else ever every few for from further had has have having he her
here hers him his how i if in into is it its itself just may me might more most must my no nor not of off
on once only or other our out over own s same shall she should so some such t than that the their them
then there these they this those through to too under until up upon very was we were what when where
which while who whom whose why will with within without would you your
的 了 和 是 在 有 与 也 就 都 而 及 或 着 之 被 把 这 那
"""
STOP_WORDS = frozenset(_FUNCTION_WORDS.split())


def tokenize(text: str) -> list[str]:
    r"""Split a text into lower-case words; each Chinese character is a word of its own.

    Punctuation, spaces and underscores part words and are dropped. Chinese writes no spaces between words,
    so characters stand in for words here; lesson 03 uses pairs and triples of them, lesson 08 learns its
    own pieces. For text without Chinese this gives what NLTK's ``wordpunct_tokenize`` gives in lower case
    once the punctuation is thrown away; ``don't`` becomes ``don`` and ``t``.

    >>> tokenize("Mrs. Claus: light skin tone")
    ['mrs', 'claus', 'light', 'skin', 'tone']
    >>> tokenize("狐狸, a Piñata!")
    ['狐', '狸', 'a', 'piñata']

    Raises TypeError if `text` is not a string.

    Built in: lesson 01.
    """
    if not isinstance(text, str):
        raise TypeError(f"expected one text (str), got {type(text).__name__}: for many, tokenize each")
    return _TOKEN.findall(text.lower())


@cache
def _porter() -> Any:
    from nltk.stem import PorterStemmer

    return PorterStemmer()


def stem(word: str) -> str:
    """Cut an English word down to its stem by Porter's rules, so that `dances` and `dancing` meet.

    A stem need not be a word (`danc`), and unlike a dictionary look-up the rules know no exceptions: `mice`
    stays `mice`, `universe` and `university` become one. This is NLTK's version, with its small extensions
    of the paper's; it needs no data files. Words of other scripts come back unchanged.

    Raises TypeError for anything but a text.

    >>> [stem(word) for word in ("dances", "dancing", "foxes", "mice")]
    ['danc', 'danc', 'fox', 'mice']

    Reference: Porter (1980), "An algorithm for suffix stripping", doi:10.1108/eb046814.

    Built in: lesson 01.
    """
    if not isinstance(word, str):
        raise TypeError(f"expected one word, got {word!r}")
    return str(_porter().stem(word))


def content_stems(text: str) -> list[str]:
    """Tokens of `text` without the stop words, each cut to its stem; order and repeats are kept.

    >>> content_stems("man in the steamy rooms")
    ['man', 'steami', 'room']

    Built in: lesson 01.
    """
    return [stem(token) for token in tokenize(text) if token not in STOP_WORDS]


def vocabulary(documents: Iterable[Sequence[str]]) -> list[str]:
    """Every word that occurs in the tokenised documents, once, sorted: the axes of the word space.

    Raises TypeError for untokenised text, whose letters would be taken for words.

    >>> vocabulary([["red", "fox"], ["fox"]])
    ['fox', 'red']

    Built in: lesson 01.
    """
    if isinstance(documents, str):
        raise TypeError(f"expected a list of tokenised documents, got the text {documents!r}: tokenize it first")
    return sorted({word for document in documents for word in _words(document)})


def _words(document: Sequence[str]) -> Sequence[str]:
    if isinstance(document, str):
        raise TypeError(f"expected a list of words, got the text {document!r}: tokenize it first")
    return document


def count_vectors(documents: Sequence[Sequence[str]], words: Sequence[str]) -> IntArray:
    """How often each word of the vocabulary occurs in each document: the vector space model's raw counts.

    Words that are not in the vocabulary have no axis and are left out, as when new text meets an old index.

    Args:
        documents: N tokenised texts (lists of words; a bare string is refused).
        words: the vocabulary, D distinct words; word j is column j.

    Returns (N, D) int64. Raises TypeError for untokenised text, ValueError for a repeated word.

    >>> count_vectors([["red", "fox", "fox"], ["blue", "fox"]], ["fox", "red"])
    array([[2, 1],
           [1, 0]])

    Reference: Salton, Wong and Yang (1975), "A vector space model for automatic indexing",
    doi:10.1145/361219.361220.

    Built in: lesson 01.
    """
    if isinstance(documents, str):
        raise TypeError(f"expected a list of tokenised documents, got the text {documents!r}: tokenize it first")
    column = {word: place for place, word in enumerate(words)}
    if len(column) != len(words):
        raise ValueError(f"expected distinct words, got {len(words) - len(column)} repeats in the vocabulary")
    counts = np.zeros((len(documents), len(words)), dtype=np.int64)
    for row, document in enumerate(documents):
        for word in _words(document):
            if word in column:
                counts[row, column[word]] += 1
    return counts
