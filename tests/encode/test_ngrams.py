"""Word and character n-grams against scikit-learn's analysers, on two scripts and on edge cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from mmlearn.encode.ngrams import char_ngrams, word_ngrams

TEXTS = ("a FOX, 狐狸 (10)", "bubble tea", "", "  two \t gaps\n", "x", "heart-eyes!", "Ünïcödé 汽车", "aa aa")
LENGTHS = ((1, 1), (1, 4), (2, 3), (4, 6), (9, 9))

CharNgrams = Callable[[str, int, int], list[str]]


def agrees_with_scikit_learn(ngrams: CharNgrams) -> bool:
    for low, high in LENGTHS:
        theirs = TfidfVectorizer(analyzer="char_wb", ngram_range=(low, high)).build_analyzer()
        if any(Counter(ngrams(text, low, high)) != Counter(theirs(text)) for text in TEXTS):
            return False
    return True


def test_characters_equal_scikit_learns() -> None:
    assert agrees_with_scikit_learn(char_ngrams)


def _capitals_kept(text: str, low: int, high: int) -> list[str]:
    padded = [f" {piece} " for piece in text.split()]
    windows = [p[i : i + n] for p in padded for n in range(low, high + 1) for i in range(len(p) - n + 1)]
    return windows + [p for p in padded if len(p) < low]


SEEDED_BUGS = (
    ("the longest runs are left out", lambda text, low, high: char_ngrams(text, low, max(low, high - 1))),
    ("runs over word boundaries", lambda text, low, high: char_ngrams(text.replace(" ", "_"), low, high)),
    ("capitals kept", lambda text, low, high: _capitals_kept(text, low, high)),
    ("every run once", lambda text, low, high: list(set(char_ngrams(text, low, high)))),
    ("no edges", lambda text, low, high: [run for run in char_ngrams(text, low, high) if " " not in run]),
    ("short words lost", lambda text, low, high: [run for run in char_ngrams(text, low, high) if len(run) >= low]),
)


@pytest.mark.parametrize("bug", [bug for _, bug in SEEDED_BUGS], ids=[what for what, _ in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: CharNgrams) -> None:
    assert not agrees_with_scikit_learn(bug)


@pytest.mark.parametrize("lengths", [(1, 1), (1, 2), (2, 2), (1, 5), (3, 3)])
def test_words_equal_scikit_learns(lengths: tuple[int, int]) -> None:
    theirs = TfidfVectorizer(analyzer="word", tokenizer=str.split, token_pattern=None, ngram_range=lengths)
    for text in ("not a fox", "one", "", "a b a b a"):
        assert Counter(word_ngrams(text.split(), *lengths)) == Counter(theirs.build_analyzer()(text))


def test_order_is_by_length_and_then_by_place() -> None:
    assert word_ngrams(["a", "b", "c"], 1, 3) == ["a", "b", "c", "a b", "b c", "a b c"]
    assert char_ngrams("ab", 2, 3) == [" a", "ab", "b ", " ab", "ab "]


@pytest.mark.parametrize("lengths", [(0, 1), (2, 1), (1.0, 2), (-1, -1), (None, 1)])
def test_lengths_out_of_order_are_refused(lengths) -> None:
    with pytest.raises(ValueError, match="whole numbers 1 <= shortest <= longest, got"):
        char_ngrams("fox", *lengths)
    with pytest.raises(ValueError, match="whole numbers 1 <= shortest <= longest, got"):
        word_ngrams(["fox"], *lengths)


def test_the_wrong_kind_is_refused() -> None:
    with pytest.raises(TypeError, match=r"expected one text \(str\), got list"):
        char_ngrams(["fox"])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="tokenize it first"):
        word_ngrams("fox")
