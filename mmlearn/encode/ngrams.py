"""Runs of neighbouring words or characters: the terms that TF-IDF counts."""

from __future__ import annotations

from collections.abc import Sequence


def word_ngrams(words: Sequence[str], low: int = 1, high: int = 1) -> list[str]:
    """Every run of `low` to `high` neighbouring words, each written as one term with spaces between.

    A text shorter than a run has none of that length. Order: all runs of `low` words from left to right, then
    those of one word more. Equals what scikit-learn's ``ngram_range`` makes of a list of words.

    Args:
        words: the text in words.
        low, high: lengths of the shortest and the longest run, in words, 1 <= low <= high.

    Returns the terms, repeats kept. Raises TypeError for untokenised text, ValueError for lengths out of order.

    >>> word_ngrams(["not", "a", "fox"], 1, 2)
    ['not', 'a', 'fox', 'not a', 'a fox']

    Built in: lesson 03.
    """
    if isinstance(words, str):
        raise TypeError(f"expected a list of words, got the text {words!r}: tokenize it first")
    require_lengths(low, high)
    return [" ".join(words[start : start + n]) for n in range(low, high + 1) for start in range(len(words) - n + 1)]


def char_ngrams(text: str, low: int = 1, high: int = 4) -> list[str]:
    """Every run of `low` to `high` characters within a word, the word's edges marked by a space.

    Each piece between white space is lower-cased and gets one space in front and one behind, so that " fox "
    holds the runs " fo" (a word begins) and "ox " (a word ends); no run reaches over two words. A piece shorter
    than `low`, its two spaces counted, is one run by itself. Punctuation is kept. Equals scikit-learn's
    ``analyzer="char_wb"``.

    Args:
        text: any text, of any script.
        low, high: lengths of the shortest and the longest run, in characters, 1 <= low <= high.

    Returns the terms, repeats kept. Raises TypeError for anything but one text, ValueError for lengths out of order.

    >>> char_ngrams("狐狸 ox", 3, 4)
    [' 狐狸', '狐狸 ', ' 狐狸 ', ' ox', 'ox ', ' ox ']

    Reference: Cavnar and Trenkle (1994), "N-gram-based text categorization", SDAIR-94.

    Built in: lesson 03.
    """
    if not isinstance(text, str):
        raise TypeError(f"expected one text (str), got {type(text).__name__}: for many, take the runs of each")
    require_lengths(low, high)
    terms = []
    for piece in text.lower().split():
        padded = f" {piece} "
        for n in range(low, min(high, max(low, len(padded))) + 1):
            terms += [padded[start : start + n] for start in range(max(len(padded) - n, 0) + 1)]
    return terms


def require_lengths(low: int, high: int) -> None:
    """Raise ValueError unless 1 <= low <= high, both whole numbers.

    Built in: lesson 03.
    """
    if not (isinstance(low, int) and isinstance(high, int) and 1 <= low <= high):
        raise ValueError(f"expected whole numbers 1 <= shortest <= longest, got {low!r} and {high!r}")
