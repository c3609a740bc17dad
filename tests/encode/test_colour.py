"""The colour histogram as a transformer: the function's numbers, scikit-learn's manners."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import check_estimator

from mmlearn.encode.colour import ColourHistogram
from mmlearn.encode.pixels import colour_histogram


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("bins", [1, 2, 4, 5])
def test_the_root_of_the_functions_shares(channels: int, bins: int) -> None:
    pictures = noise(4, 6, 5, channels)
    rows = ColourHistogram(bins).fit_transform(pictures)
    np.testing.assert_allclose(rows, np.sqrt(colour_histogram(pictures, bins)), atol=1e-12)
    np.testing.assert_allclose((rows**2).sum(axis=1), 1)


def test_lists_of_uneven_sizes_grey_float_and_transparent() -> None:
    mixed = [noise(3, 4), noise(5, 2, 3), np.zeros((2, 2, 4), np.uint8), np.ones((1, 1))]
    rows = ColourHistogram(2).fit_transform(mixed)
    assert rows.shape == (4, 8) and (rows[2] == 0).all() and rows[3].tolist() == [0] * 7 + [1]
    assert rows[0].nonzero()[0].tolist() == [0, 7]  # grey lies on the cube's diagonal


def test_scikit_learns_own_checks() -> None:
    found = check_estimator(ColourHistogram(image_shape=(1, -1)), on_skip=None)
    assert {each["check_name"] for each in found if each["status"] != "passed"} <= {"check_array_api_input"}


def test_in_a_pipeline_and_a_grid_on_rows() -> None:
    X, y = load_digits(n_class=2, return_X_y=True)
    pipeline = make_pipeline(ColourHistogram(image_shape=(8, 8)), LinearSVC())
    search = GridSearchCV(pipeline, {"colourhistogram__bins": [1, 16]}, cv=2).fit(X, y)
    assert search.best_params_["colourhistogram__bins"] == 16
    assert (pickle.loads(pickle.dumps(search)).predict(X) == search.predict(X)).all()
    assert clone(pipeline)[0].get_params() == {"bins": 4, "image_shape": (8, 8)}


def test_rows_are_stretched_by_the_range_of_training() -> None:
    encoder = ColourHistogram(2, image_shape=(1, -1)).fit([[0.0, 10.0]])
    assert encoder.value_range_ == (0.0, 10.0)
    assert encoder.transform([[-5.0, 99.0]]).round(3).tolist() == [[0.707, 0, 0, 0, 0, 0, 0, 0.707]]


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="1 to 256 bins"):
        ColourHistogram(0).fit(noise(1, 2, 2, 3))
    with pytest.raises(ValueError, match="at least one picture"):
        ColourHistogram().fit([])
    with pytest.raises(ValueError, match="NaN"):
        ColourHistogram().fit([np.full((2, 2, 3), np.nan)])
    with pytest.raises(ValueError, match="image_shape"):
        ColourHistogram().fit(np.zeros((2, 6)))


def test_bins_that_are_not_whole_are_refused() -> None:
    with pytest.raises(ValueError, match=r"a whole number, got 2\.5"):
        ColourHistogram(bins=2.5).fit(np.zeros((1, 4, 4, 3), np.uint8))  # type: ignore[arg-type]
