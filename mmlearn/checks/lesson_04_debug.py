"""Lesson 04's debugging exercises: here the one on words, and the list of all five.

The letters in the sentences are those of the lesson's table of fourteen faults.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.lesson_04_debug_read import READ
from mmlearn.checks.lesson_04_debug_rows import ROWS
from mmlearn.checks.lesson_04_debug_sift import DESCRIBE
from mmlearn.checks.lesson_04_debug_weights import WEIGHTED
from mmlearn.checks.lesson_04_program import content_words
from mmlearn.data.words import STOP_WORDS, tokenize

Generator = np.random.Generator


def _dense(make: Callable[..., Any], train: list[str], test: list[str]) -> Any:
    """The two tables as plain arrays, whether they came sparse or not."""
    tables = make(train, test)
    if not isinstance(tables, tuple | list):
        return tables.toarray() if hasattr(tables, "toarray") else tables
    return tuple(table.toarray() if hasattr(table, "toarray") else table for table in tables)


def _counter(words: Callable[[str], list[str]] = content_words, **options: Any) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(analyzer=words, **options)


def _both(counter: Any, train: list[str], test: list[str]) -> tuple[Any, Any]:
    """Fitted on train, used on both, by whatever cuts the words."""
    return counter.fit_transform(train), counter.transform(test)


def _asks_for_data(train: list[str], test: list[str]) -> Any:
    raise LookupError("Resource 'punkt_tab' not found.")


def _one_each(train: list[str], test: list[str]) -> Any:
    rows = [[_counter().fit_transform([text]).toarray()[0] for text in texts] for texts in (train, test)]
    return np.vstack(rows[0]), np.vstack(rows[1])


def _on_all(train: list[str], test: list[str]) -> Any:
    counter = _counter().fit([*train, *test])
    return counter.transform(train), counter.transform(test)


def _on_the_first(train: list[str], test: list[str]) -> Any:
    counter = _counter().fit(train[:1])
    return counter.transform(train), counter.transform(test)


def _idf_twice(train: list[str], test: list[str]) -> Any:
    first = _counter().fit(train)
    return first.transform(train), _counter(vocabulary=first.vocabulary_).fit_transform(test)


def _long_words(text: str) -> list[str]:
    """What scikit-learn's own pattern leaves: two letters or more, Chinese in runs."""
    return [word for word in re.findall(r"\b\w\w+\b", text.lower()) if word not in STOP_WORDS]


def _counted(train: list[str], test: list[str]) -> Any:
    from sklearn.feature_extraction.text import CountVectorizer

    return _both(CountVectorizer(analyzer=content_words, dtype=float), train, test)


TRAIN = ["a fox and a cat", "the fox runs", "cat, dog and fox 狐狸", "O blood type 血型"]
TEST = ["a dog and an owl", "The Fox!", "to be or not to be", "B button 狐"]


def _shuffled(generator: Generator) -> tuple[list[str], list[str]]:
    words = np.array(["fox", "cat", "dog", "owl", "red", "blue", "of", "the", "x", "狐", "狸", "猫"])
    texts = [" ".join(generator.choice(words, size=2 + i % 4)) for i in range(14)]
    return ["fox of 猫 red", *texts[:9]], texts[9:]


NAMES = Exercise(
    id="04.9",
    title="Words that need no download",
    reference="mmlearn.checks.lesson_04_program.name_tables",
    cases=(
        Case("four names to learn from, four unseen ones", lambda g: (TRAIN, TEST)),
        Case("ten names to learn from, five unseen ones", _shuffled),
        Case("one of the names to learn from is made of stop words alone", lambda g: (["of the", *TRAIN], TEST)),
    ),
    mistakes=(
        Mistake(
            _asks_for_data,
            "Fault b: NLTK's word_tokenize and stopwords want a download first. tokenize and STOP_WORDS are here.",
        ),
        Mistake(
            _one_each,
            "Fault j: a vectoriser for each text, or one fitted on one text, knows nothing of rare and common words.",
        ),
        Mistake(
            _on_the_first,
            "Fault j: you fit on one single text. The idf of all its words is 1, and all other words are dropped.",
        ),
        Mistake(
            _on_all,
            "You fit on the test names too: the columns and the idf then know what they should not. Fit on train.",
        ),
        Mistake(
            lambda train, test: (_counter().fit_transform(train), _counter().fit_transform(test)),
            "A second fit for the test names gives other columns: column 3 means two different words. transform them.",
        ),
        Mistake(
            _idf_twice,
            "The columns agree, but the test names were weighed by an idf of their own: transform, not fit_transform.",
        ),
        Mistake(
            lambda train, test: _both(_counter(tokenize), train, test),
            "The stop words are still there: leave out what is in STOP_WORDS.",
        ),
        Mistake(
            lambda train, test: _both(_counter(_long_words), train, test),
            "scikit-learn's pattern drops words of one letter and takes a run of Chinese for one word: give analyzer=.",
        ),
        Mistake(
            lambda train, test: _both(
                _counter(lambda text: [word for word in content_words(text) if len(word) > 1]), train, test
            ),
            "Joined again by spaces, the words are cut a second time, by a pattern that drops those of one character.",
        ),
        Mistake(
            lambda train, test: _both(
                _counter(lambda text: [word for word in text.lower().split() if word not in STOP_WORDS]), train, test
            ),
            'Split at spaces, "cat," and "fox!" keep their punctuation: tokenize(text) knows better.',
        ),
        Mistake(_counted, "Those are counts: idf and length are missing (TfidfVectorizer, not CountVectorizer)."),
        Mistake(
            lambda train, test: _both(_counter(use_idf=False), train, test),
            "Without idf a word of every name weighs as much as a rare one.",
        ),
        Mistake(
            lambda train, test: _counter().fit_transform(train),
            "Two tables are due, one for the training names and one for the test names.",
        ),
    ),
    use=_dense,
)

DEBUG = (READ, NAMES, DESCRIBE, ROWS, WEIGHTED)
