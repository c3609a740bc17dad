"""Raw items in a table: encoders fitted inside the fold, missing ones flagged, nothing lost."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import estimator_checks_generator

from mmlearn.fuse.early import EarlyFusion
from mmlearn.fuse.encode_pairs import ModalityEncoder, modality_table
from mmlearn.fuse.late import LateFusion

FITTED_ON: list[int] = []


class Means(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A picture's mean of each half; notes on how many pictures it was fitted."""

    def fit(self, X: Any, y: Any = None) -> Means:
        FITTED_ON.append(len(X))
        return self

    def transform(self, X: Any) -> Any:
        return np.array([[picture[:2].mean(), picture[2:].mean()] for picture in X])


ENCODERS = [("image", Means()), ("text", TfidfVectorizer())]


def raw(n: int = 40) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    kind = np.arange(n) % 2
    pictures = [rng.random((4, 4)) + 2 * k for k in kind]
    texts = [f"a {'dog' if k else 'cat'} number {i}" for i, k in enumerate(kind)]
    return modality_table(pictures, texts), np.where(kind == 1, "dog", "cat")


@pytest.mark.parametrize(
    ("estimator", "check"),
    [pytest.param(e, c, id=getattr(c, "func", c).__name__) for e, c in estimator_checks_generator(ModalityEncoder())],
)
def test_scikit_learns_own_checks(estimator: Any, check: Any) -> None:
    check(estimator)


def test_equal_to_encoding_each_column_by_hand() -> None:
    X, _ = raw()
    X[3, 0] = X[4, 1] = None
    encoder = ModalityEncoder(ENCODERS)
    found = encoder.fit_transform(X).toarray()
    texts = TfidfVectorizer().fit([text for text in X[:, 1] if text is not None])
    assert encoder.blocks_ == (("image", 2), ("text", len(texts.vocabulary_)))
    for n, (picture, text) in enumerate(X):
        flags = [picture is not None, text is not None]
        image = [0, 0] if picture is None else [picture[:2].mean(), picture[2:].mean()]
        words = np.zeros(len(texts.vocabulary_)) if text is None else texts.transform([text]).toarray()[0]
        np.testing.assert_allclose(found[n], [*flags, *image, *words])
    np.testing.assert_allclose(ModalityEncoder(ENCODERS).fit(X).transform(X).toarray(), found)


def test_encoders_are_fitted_on_the_training_fold_alone() -> None:
    X, y = raw()
    FITTED_ON.clear()
    pipe = make_pipeline(ModalityEncoder(ENCODERS), EarlyFusion((("image", 2), ("text", -1)), flags=True))
    assert cross_validate(pipe, X, y, cv=4)["test_score"].mean() > 0.9
    assert FITTED_ON == [30] * 4
    grid = {"modalityencoder__encoders": [ENCODERS], "earlyfusion__weights": [(1, 1), (2, 1)]}
    assert GridSearchCV(pipe, grid, cv=2).fit(X, y).best_score_ > 0.9
    assert (pickle.loads(pickle.dumps(clone(pipe).fit(X, y))).predict(X) == y).mean() > 0.9


def test_what_is_missing_at_test_time_is_flagged() -> None:
    X, y = raw()
    pipe = make_pipeline(ModalityEncoder(ENCODERS), LateFusion((("image", 2), ("text", -1)), flags=True)).fit(X, y)
    half = X.copy()
    half[:, 0] = None
    assert (pipe.predict(half) == y).mean() > 0.9
    half[:, 1] = None
    np.testing.assert_allclose(pipe.predict_proba(half), np.full((40, 2), 0.5))


def test_the_encoders_given_stay_unfitted() -> None:
    given = TfidfVectorizer()
    ModalityEncoder([("text", given)]).fit(modality_table(["a cat", "a dog"]))
    assert not hasattr(given, "vocabulary_")


def test_bad_tables_are_refused() -> None:
    X, _ = raw()
    with pytest.raises(ValueError, match="a column for each of 2 encoders, got 1"):
        ModalityEncoder(ENCODERS).fit(X[:, :1])
    nobody = X.copy()
    nobody[:, 1] = None
    with pytest.raises(ValueError, match="at least one item with modality 'text'"):
        ModalityEncoder(ENCODERS).fit(nobody)
    hole = X.copy()
    hole[2, 0] = float("nan")
    with pytest.raises(ValueError, match="expected None for what is missing, but a cell holds NaN"):
        ModalityEncoder(ENCODERS).fit(hole)
    with pytest.raises(ValueError, match="features"):
        ModalityEncoder(ENCODERS).fit(X).transform(np.hstack([X, X]))
    with pytest.raises(ValueError, match=r"all equally long, got lengths \[2, 1\]"):
        modality_table(["a", "b"], ["c"])


LABELS: list[Any] = []


class NotesLabels(Means):  # type: ignore[misc]
    def fit(self, X: Any, y: Any = None) -> NotesLabels:
        LABELS.append(y)
        return self


def test_an_encoder_gets_the_labels_of_its_own_rows() -> None:
    X, y = raw(6)
    X[1, 0] = None
    LABELS.clear()
    ModalityEncoder([("image", NotesLabels()), ("text", TfidfVectorizer())]).fit(X, y)
    assert LABELS[0].tolist() == y[[0, 2, 3, 4, 5]].tolist()


@pytest.mark.parametrize("n", [39, 41])
def test_labels_of_another_number_are_refused(n: int) -> None:
    X, _ = raw()
    with pytest.raises(ValueError, match=f"a label for every item, got {n} labels for 40 items"):
        ModalityEncoder(ENCODERS).fit(X, ["cat"] * n)


@pytest.mark.parametrize("word", ["drop", "TfidfVectorizer"])
def test_a_word_in_place_of_an_encoder_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match=f"transformer, None or 'passthrough' for 'text', got '{word}'"):
        ModalityEncoder([("size", "passthrough"), ("text", word)]).fit(modality_table([1, 2], ["a", "b"]))


def test_a_grid_reaches_the_encoders_own_settings() -> None:
    X, y = raw()
    pipe = make_pipeline(ModalityEncoder(ENCODERS), EarlyFusion((("image", 2), ("text", -1)), flags=True))
    grid = GridSearchCV(pipe, {"modalityencoder__text__analyzer": ["word", "char_wb"]}, cv=2).fit(X, y)
    assert set(grid.best_params_) == {"modalityencoder__text__analyzer"}
    encoder = clone(ModalityEncoder(ENCODERS)).set_params(text__lowercase=False)
    assert encoder.get_params()["text__lowercase"] is False and ENCODERS[1][1].lowercase is True
    encoder.set_params(text=None)
    assert encoder.encoders[1] == ("text", None)
    assert list(ModalityEncoder().get_params()) == ["encoders"]


def test_lists_of_uneven_pictures_are_sent_to_modality_table() -> None:
    rows = [[np.zeros((4, 4)), "a cat"], [np.zeros((5, 3)), "a dog"]]
    with pytest.raises(ValueError, match=r"modality_table\(pictures, texts\) can"):
        ModalityEncoder(ENCODERS).fit(rows)
