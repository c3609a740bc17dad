"""TfIdf against scikit-learn's TfidfVectorizer over its options, in two languages; and scikit-learn's contract."""

from __future__ import annotations

import pickle
import warnings
from itertools import product
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import check_estimator

from mmlearn.data.words import STOP_WORDS, content_stems, tokenize
from mmlearn.encode import tfidf
from mmlearn.encode.tfidf import TfIdf

TRAIN = (
    "a cup of tea", "bubble tea", "Tea! tea, TEA", "狐狸 fox", "红心 red heart", "red fox, red heart", "", "的 的 狗脸",
    "A button (blood type)", "T恤", "face with tears of joy", "pile of poo", "不知道 what",
)  # fmt: skip
TEST = ("a fox of tea", "狗 红", "nothing known", "", "Red red RED 心")
SETTINGS = [
    {"smooth_idf": smooth, "sublinear_tf": sublinear, "use_idf": use, "norm": norm}
    for smooth, sublinear, use, norm in product((True, False), (True, False), (True, False), ("l1", "l2", None))
]


def furthest(make: Any) -> float:
    """The largest difference to scikit-learn over all settings; infinite where the vocabularies differ."""
    worst = 0.0
    for given, (analyzer, ngrams) in product(SETTINGS, (("word", (1, 1)), ("word", (1, 3)), ("char_wb", (1, 4)))):
        words = {"tokenizer": tokenize, "token_pattern": None} if analyzer == "word" else {"analyzer": analyzer}
        theirs = TfidfVectorizer(ngram_range=ngrams, **words, **given)
        ours = make(analyzer=analyzer, ngram_range=ngrams, **given)
        for got, due in (
            (ours.fit_transform(TRAIN), theirs.fit_transform(TRAIN)),
            (ours.transform(TEST), theirs.transform(TEST)),
        ):
            if (
                got.shape != due.shape
                or ours.get_feature_names_out().tolist() != theirs.get_feature_names_out().tolist()
            ):
                return float("inf")
            worst = max(worst, abs(got - due).max())
    return worst


def test_equal_to_scikit_learn_over_its_options_in_both_languages() -> None:
    assert furthest(TfIdf) < 1e-12


class _FittedOnEverything(TfIdf):
    """Learns from the texts that it should only transform."""

    def transform(self, X: Any) -> Any:
        return self.fit_transform(X) if len(X) == len(TEST) else super().transform(X)


class _IdfTwice(TfIdf):
    def _weigh(self, counts: Any) -> Any:
        return tfidf.weighted_rows(counts, self.idf_**2, self.sublinear_tf, self.norm)


class _NoUseIdf(TfIdf):
    def __init__(self, **given: Any) -> None:
        super().__init__(**(given | {"use_idf": True}))


class _OnlyUnigrams(TfIdf):
    def __init__(self, **given: Any) -> None:
        super().__init__(**(given | {"ngram_range": (1, 1)}))


SEEDED_BUGS = (_FittedOnEverything, _IdfTwice, _NoUseIdf, _OnlyUnigrams)


@pytest.mark.parametrize("bug", SEEDED_BUGS)
def test_a_seeded_bug_is_caught(bug: Any) -> None:
    assert furthest(bug) > 1e-3


def test_stop_words_and_an_own_tokeniser_equal_scikit_learns() -> None:
    theirs = TfidfVectorizer(tokenizer=tokenize, token_pattern=None, stop_words=list(STOP_WORDS), ngram_range=(1, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it finds our stop list odd
        due = theirs.fit_transform(TRAIN)
    assert abs(TfIdf(stop_words=STOP_WORDS, ngram_range=(1, 2)).fit_transform(TRAIN) - due).max() < 1e-12
    due = TfidfVectorizer(analyzer=content_stems).fit_transform(TRAIN)
    assert abs(TfIdf(analyzer=content_stems).fit_transform(TRAIN) - due).max() < 1e-12


def test_scikit_learns_estimator_checks_pass() -> None:
    with warnings.catch_warnings():
        # For texts scikit-learn has few checks, and says so for its own vectorisers as well: ours follow below.
        warnings.simplefilter("ignore", SkipTestWarning)
        results = check_estimator(TfIdf())
    assert results and all(result["status"] == "passed" for result in results)


def test_the_contract_beyond_them() -> None:
    given = {"analyzer": "char_wb", "ngram_range": (1, 3), "sublinear_tf": True, "norm": "l1"}
    model = TfIdf(**given)
    with pytest.raises(NotFittedError):
        model.transform(TRAIN)
    assert {name: model.get_params()[name] for name in given} == given
    assert model.fit(TRAIN) is model and model.get_params() == TfIdf(**given).get_params()
    rows = model.transform(TEST)
    assert rows.format == "csr" and rows.dtype == np.float64 and rows.shape == (len(TEST), len(model.vocabulary_))
    for twin in (clone(model).fit(list(TRAIN)), pickle.loads(pickle.dumps(model)), TfIdf(**given).fit(np.array(TRAIN))):
        assert (twin.transform(np.array(TEST, dtype=object)) != rows).nnz == 0
    assert (model.fit_transform(iter(TRAIN)) != model.transform(TRAIN)).nnz == 0
    assert len(model.idf_) == rows.shape[1] and model.get_feature_names_out()[3] in model.vocabulary_
    assert clone(TfIdf(stop_words=STOP_WORDS)).stop_words == STOP_WORDS


def test_in_a_pipeline_a_grid_and_a_cross_validation() -> None:
    texts = np.array([f"{a} {b}" for a in ("red", "blue", "green") for b in ("fox", "cat", "tea", "cup")] * 3)
    labels = np.array([text.split()[1] in ("tea", "cup") for text in texts])
    pipe = make_pipeline(TfIdf(), LinearSVC())
    grid = GridSearchCV(pipe, {"tfidf__ngram_range": [(1, 1), (1, 2)], "tfidf__norm": ["l1", "l2"]}, cv=2)
    assert grid.fit(texts, labels).score(texts, labels) == 1
    assert cross_validate(pipe, texts, labels, cv=3)["test_score"].min() == 1


def test_empty_texts_and_unknown_words_are_rows_of_zeros() -> None:
    rows = TfIdf().fit(TRAIN).transform(["", "unheard of yet", "¡!", "zzz"])
    assert rows[[0, 2, 3]].nnz == 0 and rows[1].nnz == 1


def test_what_is_no_corpus_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a list of texts, got one text: \['fox'\]"):
        TfIdf().fit("fox")
    for hole, kind in ((None, "NoneType"), (float("nan"), "float"), (b"fox", "bytes"), (7, "int")):
        with pytest.raises(TypeError, match=f"entry 1 is .*, a {kind}"):
            TfIdf().fit(["red", hole])
        with pytest.raises(TypeError, match=f"entry 0 is .*, a {kind}"):
            TfIdf().fit(["red"]).transform([hole])
    with pytest.raises(ValueError, match=r"in one row, \(N,\), got an array of shape \(2, 1\)"):
        TfIdf().fit(np.array([["red"], ["fox"]]))
    with pytest.raises(ValueError, match="at least one text, got an empty list"):
        TfIdf().fit([])
    with pytest.raises(ValueError, match="none: are they empty, or do they hold stop words"):
        TfIdf(stop_words=["the", "of"]).fit(["the of", "OF the", ""])
    with pytest.raises(ValueError, match="in at least one of the 2 documents, got none"):
        TfIdf(analyzer="char_wb").fit(["", "  "])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"analyzer": "char"}, "'word', 'char_wb' or a function, got 'char'"),
        ({"ngram_range": (2, 1)}, "1 <= shortest <= longest, got 2 and 1"),
        ({"ngram_range": 2}, r"ngram_range as \(shortest, longest\)"),
        ({"norm": "L2"}, "norm 'l1', 'l2' or None, got 'L2'"),
        ({"stop_words": "english"}, "stop_words as a list of words, got 'english'"),
        ({"stop_words": ["a"], "analyzer": "char_wb"}, "leave stop_words out"),
    ],
)
def test_arguments_out_of_range_are_refused_when_fitted(given: dict[str, Any], says: str) -> None:
    model = TfIdf(**given)
    with pytest.raises(ValueError, match=says):
        model.fit(TRAIN)


def test_an_analyzer_that_gives_text_is_refused() -> None:
    with pytest.raises(TypeError, match="to give a list of words, got text: 'red fox'"):
        TfIdf(analyzer=str.lower).fit(["Red fox"])  # type: ignore[arg-type]


def test_stop_words_that_run_empty_are_refused() -> None:
    with pytest.raises(TypeError, match="stop_words as a list, tuple or set, got generator"):
        TfIdf(stop_words=(word for word in ["the"])).fit(["the fox"])
    for given in (["the"], ("the",), {"the"}, frozenset({"the"}), np.array(["the"]).tolist()):
        assert list(TfIdf(stop_words=given).fit(["the fox"]).vocabulary_) == ["fox"]
