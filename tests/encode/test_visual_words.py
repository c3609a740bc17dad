"""Visual words against a slow, obvious count; and as a citizen of scikit-learn."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.cluster import MiniBatchKMeans
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import check_estimator
from threadpoolctl import threadpool_limits

from mmlearn.encode.local import describe
from mmlearn.encode.pictures import as_grey
from mmlearn.encode.visual_words import VisualWords, codebook, nearest_words, word_histogram

pytest.importorskip("cv2", reason="the optional extra opencv is not installed")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """k-means on little data: threads that wait for each other on a busy machine cost more than they save."""
    with threadpool_limits(1):
        yield


def noise(count: int = 8, *shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, *(shape or (40, 40))), dtype=np.uint8)


def slow_count(descriptors: Any, words: Any) -> np.ndarray:
    """One descriptor, one word at a time."""
    counts = [0] * len(words)
    for descriptor in descriptors if descriptors is not None else []:
        distances = [sum((a - b) ** 2 for a, b in zip(descriptor, word, strict=True)) for word in words]
        counts[distances.index(min(distances))] += 1
    total = sum(counts)
    return np.array([(count / total) ** 0.5 if total else 0.0 for count in counts])


def agrees_with_the_slow_count(histogram: Callable[[Any, Any], Any]) -> bool:
    """Uneven numbers of descriptors, words of uneven length and more words than are used, ties, None."""
    rng = np.random.default_rng(1)
    words = rng.normal(size=(6, 4)) * np.arange(1, 7)[:, None]
    sets = [rng.normal(size=(n, 4)) * 3 for n in (1, 2, 5, 17, 40)] + [None, np.zeros((0, 4)), words[[0, 0, 3]]]
    pairs = [(rows, words) for rows in sets]
    pairs.append((np.zeros((3, 2)), np.array([[9.0, 9.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])))  # a tie of three
    for rows, book in pairs:
        got = np.asarray(histogram(rows, book))
        if got.shape != (len(book),) or not np.allclose(got, slow_count(rows, book), rtol=0, atol=1e-12):
            return False
    return True


def test_equal_to_the_slow_count() -> None:
    assert agrees_with_the_slow_count(word_histogram)


def _counted(rows: Any, words: Any, nearest: Callable[[Any, Any], Any]) -> Any:
    if rows is None or len(rows) == 0:
        return np.zeros(len(words))
    counts = np.bincount(nearest(rows, words), minlength=len(words))
    return np.sqrt(counts / counts.sum())


# Each is a slip in the histogram of words; the comparison above must notice it.
SEEDED_BUGS = (
    lambda d, w: _counted(d, w, lambda x, c: (x @ c.T).argmax(axis=1)),  # |w|^2 forgotten: long words win
    lambda d, w: _counted(d, w, lambda x, c: (x @ c.T - (c**2).sum(axis=1)).argmax(axis=1)),  # not halved
    lambda d, w: _counted(d, w, lambda x, c: (x @ c.T - (c**2).sum(axis=1) / 2).argmin(axis=1)),  # the farthest
    lambda d, w: _counted(d, w, lambda x, c: np.abs(x[:, None] - c).sum(axis=-1).argmin(axis=1)),  # city block
    lambda d, w: _counted(d, w, lambda x, c: len(c) - 1 - nearest_words(x, c[::-1])),  # a tie to the last
    lambda d, w: word_histogram(d, w) ** 2,  # no square root
    lambda d, w: word_histogram(d, w) * (0 if d is None else len(d)) ** 0.5,  # counts, not shares
    lambda d, w: np.sqrt(np.bincount(nearest_words(d, w)) / len(d)) if d is not None and len(d) else np.zeros(len(w)),
    lambda d, w: np.full(len(w), len(w) ** -0.5) if d is None or len(d) == 0 else word_histogram(d, w),
    lambda d, w: word_histogram(None if d is None else np.unique(d, axis=0), w),  # each descriptor once
)


@pytest.mark.parametrize("bug", SEEDED_BUGS)
def test_a_seeded_bug_is_caught(bug: Callable[[Any, Any], Any]) -> None:
    assert not agrees_with_the_slow_count(bug)


def test_the_estimator_is_the_functions_one_after_the_other() -> None:
    pictures = noise()
    encoder = VisualWords(n_words=12, step=8, random_state=3).fit(pictures[:5])
    parts = describe(as_grey(pictures), step=8)
    words = codebook(parts[:5], 12, random_state=3)
    assert (encoder.words_ == words).all()
    due = np.stack([word_histogram(part, words) for part in parts])
    assert (encoder.transform(pictures) == due).all() and due.dtype == np.float64
    np.testing.assert_allclose((due**2).sum(axis=1), 1)
    given = VisualWords(n_words=12, sampling="descriptors", random_state=3).fit(parts[:5])
    assert (given.transform([*parts, None])[:-1] == due).all() and (given.transform([None]) == 0).all()


def test_the_words_are_scikit_learns_mini_batch_k_means() -> None:
    parts = describe(as_grey(noise()), step=8)
    theirs = MiniBatchKMeans(9, n_init=1, batch_size=4096, max_iter=40, random_state=np.random.RandomState(5))
    np.testing.assert_array_equal(
        codebook(parts, 9, random_state=5), theirs.fit(np.concatenate(parts)).cluster_centers_
    )


def test_a_sample_is_taken_where_there_are_too_many() -> None:
    parts = describe(as_grey(noise()), step=8)
    assert codebook(parts, 9, max_descriptors=50).shape == (9, 128)
    assert (codebook(parts, 9, max_descriptors=50) == codebook(parts, 9, max_descriptors=50)).all()


def test_threads_change_nothing_and_fit_transform_is_fit_then_transform() -> None:
    one, two = (VisualWords(n_words=16, n_jobs=jobs).fit_transform(noise()) for jobs in (1, 2))
    assert (one == two).all()
    assert (one == VisualWords(n_words=16).fit(noise()).transform(noise())).all()


@pytest.mark.parametrize("sampling", ["dense", "keypoints"])
def test_a_flat_picture_among_others_gets_zeros(sampling: str) -> None:
    pictures = [*noise(), np.full((20, 30), 77, np.uint8)]
    rows = VisualWords(n_words=8, sampling=sampling).fit_transform(pictures)
    assert (rows[-1] == 0).all() and (rows[:-1].sum(axis=1) > 0).sum() >= 6


def test_flat_pictures_alone_give_zeros_and_a_warning() -> None:
    encoder = VisualWords(n_words=4)
    with pytest.warns(UserWarning, match="have 0 descriptors for 4 words: .* every histogram is zero"):
        assert (encoder.fit_transform(np.zeros((3, 40, 40), np.uint8)) == 0).all()
    assert encoder.transform(noise()).shape == (8, 4) and (encoder.transform(noise()) == 0).all()


def test_fewer_descriptors_than_words_keep_the_width_and_warn() -> None:
    picture = np.zeros((32, 32), np.uint8)
    picture[:, 16:] = 255
    with pytest.warns(UserWarning, match=r"have \d+ descriptors for 5000 words"):
        rows = VisualWords(n_words=5000).fit_transform([picture])
    assert rows.shape == (1, 5000)


def test_many_equal_descriptors_need_no_special_case() -> None:
    part = np.tile(np.eye(128, dtype=np.float32)[:2], (50, 1))
    rows = VisualWords(n_words=6, sampling="descriptors").fit_transform([part, part[:1]])
    assert sorted(rows[0])[-2:] == pytest.approx([0.5**0.5] * 2) and rows[1].max() == 1


@pytest.mark.filterwarnings("ignore:the training pictures have:UserWarning")
@pytest.mark.parametrize("sampling", ["dense", "keypoints"])
def test_scikit_learns_own_checks(sampling: str) -> None:
    # One check needs an environment variable that is read when SciPy is imported; without it, it skips itself.
    found = check_estimator(VisualWords(n_words=8, sampling=sampling, image_shape=(1, -1)), on_skip=None)
    assert {each["check_name"] for each in found if each["status"] != "passed"} <= {"check_array_api_input"}


def test_in_a_pipeline_a_grid_and_cross_validation_on_rows() -> None:
    X, y = load_digits(return_X_y=True)
    X, y = X[:240], y[:240]
    pipeline = make_pipeline(VisualWords(n_words=32, step=8, image_shape=(8, 8)), LinearSVC(C=10))
    assert cross_validate(pipeline, X, y, cv=3)["test_score"].mean() > 0.6  # chance 0.1
    search = GridSearchCV(pipeline, {"visualwords__n_words": [2, 24]}, cv=2).fit(X, y)
    assert search.best_params_["visualwords__n_words"] == 24
    again = pickle.loads(pickle.dumps(search.best_estimator_))
    assert (again.predict(X) == search.predict(X)).all()
    fresh = clone(pipeline)[0]
    assert fresh.get_params() == pipeline[0].get_params() and not hasattr(fresh, "words_")


def test_rows_are_stretched_by_the_range_of_training() -> None:
    X = load_digits().data[:40]
    rows = VisualWords(n_words=8, image_shape=(8, 8)).fit(X)
    assert rows.value_range_ == (0.0, 16.0)
    pictures = np.round(X.reshape(-1, 8, 8) * (255 / 16) + 1e-9).astype(np.uint8)
    assert (rows.transform(X) == VisualWords(n_words=8).fit_transform(pictures)).all()
    assert (rows.transform(X * 1.0 + 0) == rows.transform(np.where(X == 16, 99, X))).all()  # cut off, not wrapped


def test_colour_and_grey_of_one_picture_are_one() -> None:
    grey = noise()
    colour = np.repeat(grey[..., None], 3, axis=3)
    encoder = VisualWords(n_words=8).fit(grey)
    assert (encoder.transform(colour) == encoder.transform(grey)).all()


def test_names_of_the_columns() -> None:
    assert VisualWords(n_words=2).fit(noise()).get_feature_names_out().tolist() == ["visualwords0", "visualwords1"]


def test_bad_input_is_refused() -> None:
    parts = [np.zeros((3, 128), np.float32)]
    for wrong, says in (
        (lambda: VisualWords(sampling="grid").fit(noise()), "dense, keypoints, descriptors, got 'grid'"),
        (lambda: VisualWords().fit([]), "at least one picture"),
        (lambda: VisualWords().fit(noise(4, 64)), "flattened rows"),
        (lambda: VisualWords(image_shape=(3, 3)).fit(np.zeros((2, 8))), "rows of 8 numbers"),
        (lambda: VisualWords(image_shape=(2, 4)).fit(np.full((2, 8), np.nan)), "NaN"),
        (lambda: VisualWords(n_words=0).fit(noise()), "1 <= n_words"),
        (lambda: VisualWords(n_words=9, max_descriptors=8).fit(noise()), "n_words <= max_descriptors"),
        (lambda: VisualWords(sampling="descriptors").fit([]), "at least one picture, got none"),
        (lambda: VisualWords(sampling="descriptors").fit([*parts, np.zeros((3, 64))]), "of picture 1, got shape"),
        (lambda: VisualWords(sampling="descriptors").fit([np.full((1, 4), np.nan)]), "finite descriptors"),
        (lambda: VisualWords(sampling="descriptors").fit(np.zeros((2, 64, 64))), "of picture 0, got shape"),
        (lambda: VisualWords(scales=1.5).fit(noise()), "scales as a list of sigmas"),  # type: ignore[arg-type]
        (lambda: VisualWords(image_shape=64).fit(np.zeros((2, 64))), "image_shape as"),  # type: ignore[arg-type]
        (lambda: codebook([]), "at least one picture, got none"),
        (lambda: nearest_words(np.full((2, 3), np.nan), np.zeros((4, 3))), "got NaN or infinity"),
        (lambda: nearest_words(np.zeros((2, 3)), np.full((4, 3), np.inf)), "got NaN or infinity"),
        (lambda: nearest_words(np.zeros((2, 3)), np.zeros((0, 3))), "words"),
        (lambda: nearest_words(np.zeros((2, 3)), np.zeros((4, 2))), r"\(2, 3\) and \(4, 2\)"),
    ):
        with pytest.raises(ValueError, match=says):
            wrong()


def test_normal_use_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        VisualWords(n_words=8, n_jobs=2).fit_transform(noise())
    assert capsys.readouterr() == ("", "")


def test_numbers_that_are_not_whole_are_refused() -> None:
    parts = [np.eye(4, dtype=np.float32)]
    for wrong in (lambda: codebook(parts, "8"), lambda: codebook(parts, 2.0), lambda: codebook(parts, 2, 9.5)):  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="expected whole numbers n_words and max_descriptors"):
            wrong()


def test_the_sample_is_drawn_from_all_pictures() -> None:
    parts = [np.full((50, 2), float(k), np.float32) for k in range(4)]
    assert len(np.unique(codebook(parts, 4, max_descriptors=40).round(), axis=0)) == 4
