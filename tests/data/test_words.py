"""Tokens against NLTK, counts against scikit-learn, both languages."""

from __future__ import annotations

import numpy as np
import pytest

from mmlearn.data.words import STOP_WORDS, content_stems, count_vectors, stem, tokenize, vocabulary

ENGLISH = [
    "Mrs. Claus: medium-dark skin tone",
    "flag: Côte d’Ivoire",
    "keycap: 10",
    "UP! button",
    "man’s shoe",
    "snake_case and CamelCase",
    "",
    "…",
]


@pytest.mark.parametrize("text", [text for text in ENGLISH if "_" not in text])
def test_english_tokens_are_nltks_without_punctuation(text: str) -> None:
    from nltk.tokenize import wordpunct_tokenize

    theirs = [token for token in wordpunct_tokenize(text.lower()) if token[0].isalnum()]
    assert tokenize(text) == theirs


def test_chinese_characters_are_tokens_of_their_own() -> None:
    assert tokenize("狐狸") == ["狐", "狸"]
    assert tokenize("日文的“Vacancy”按钮, 第10名") == [*"日文的", "vacancy", *"按钮第", "10", "名"]


def test_an_underscore_parts_words() -> None:
    assert tokenize("snake_case") == ["snake", "case"]


def test_tokenize_refuses_what_is_not_text() -> None:
    with pytest.raises(TypeError, match="tokenize each"):
        tokenize(["a", "list"])  # type: ignore[arg-type]


def test_stop_words_are_tokens_in_lower_case() -> None:
    assert all(tokenize(word) == [word] for word in STOP_WORDS)
    assert {"the", "of", "的"} <= STOP_WORDS
    assert not {"fox", "face", "狐"} & STOP_WORDS


def test_stems_meet() -> None:
    assert stem("dances") == stem("dancing") == stem("danced")
    assert stem("狐") == "狐"
    assert content_stems("the foxes are dancing with a fox") == ["fox", "danc", "fox"]


def test_counts_equal_scikit_learns() -> None:
    from sklearn.feature_extraction.text import CountVectorizer

    tokens = [tokenize(text) for text in [*ENGLISH, "狐狸 和 狐", "button button button"]]
    words = vocabulary(tokens)
    theirs = CountVectorizer(analyzer=list)
    expected = theirs.fit_transform(tokens).toarray()
    assert list(theirs.get_feature_names_out()) == words
    assert (count_vectors(tokens, words) == expected).all()
    assert count_vectors(tokens, words).sum() == sum(len(document) for document in tokens)


def test_unknown_words_have_no_axis() -> None:
    assert count_vectors([["new", "fox"]], ["fox"]).tolist() == [[1]]
    assert count_vectors([], ["fox"]).shape == (0, 1)
    assert count_vectors([[]], ["fox", "red"]).tolist() == [[0, 0]]


def test_counts_refuse_text_and_repeated_words() -> None:
    with pytest.raises(TypeError, match="tokenize it first"):
        count_vectors(["fox"], ["fox"])
    with pytest.raises(ValueError, match="1 repeats"):
        count_vectors([["fox"]], ["fox", "fox"])


@pytest.mark.parametrize("documents", ["ab", "", ["ab"], ("ab",), [["red"], ""], iter(["ab"])])
def test_text_in_place_of_tokenised_documents_is_refused(documents) -> None:
    with pytest.raises(TypeError, match=r"got the text '(ab)?': tokenize it first"):
        vocabulary(documents)


def test_counts_refuse_one_text_for_all_documents() -> None:
    for documents in ("fox", ""):
        with pytest.raises(TypeError, match="expected a list of tokenised documents, got the text"):
            count_vectors(documents, ["fox"])


@pytest.mark.parametrize("word", [3, None, ["dances"]])
def test_stem_refuses_what_is_no_word(word) -> None:
    with pytest.raises(TypeError, match="expected one word, got"):
        stem(word)


def test_counts_are_whole_numbers() -> None:
    assert np.issubdtype(count_vectors([["fox"]], ["fox"]).dtype, np.integer)
