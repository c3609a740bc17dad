"""Colour histograms as a scikit-learn transformer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from mmlearn.encode.pictures import as_levels, as_rgb, range_of
from mmlearn.encode.pixels import colour_histogram
from mmlearn.types import FloatArray, UInt8Array


class ColourHistogram(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Pictures -> how much of each colour, one row of length 1 a picture.

    ``h_k = sqrt(share of the pixels in box k)`` with the ``bins ** 3`` boxes of `colour_histogram`: the square root
    makes the dot product of two rows Hellinger's kernel, as in `VisualWords`. A pixel of an RGBA picture weighs its
    opacity; a picture that is transparent all over gives zeros. Nothing but the range of rows is learned.

    Args:
        bins: parts of each channel, 1 to 256.
        image_shape: for flattened rows, as in `mmlearn.encode.pictures.as_grey`. Rows have no agreed range: `fit`
            learns the smallest and largest training number as levels 0 and 255; what lies beyond later is cut off.

    Attributes: n_boxes_, width of the rows; value_range_, for rows, (low, high), else None.
    Raises ValueError and TypeError for bad pictures or settings.

    >>> ColourHistogram(bins=2).fit_transform(np.zeros((1, 4, 4, 3), np.uint8))
    array([[1., 0., 0., 0., 0., 0., 0., 0.]])

    Reference: Swain and Ballard (1991), "Color indexing", doi:10.1007/BF00130487.

    Built in: lesson 02.
    """

    def __init__(self, bins: int = 4, image_shape: Sequence[int] | None = None) -> None:
        self.bins = bins
        self.image_shape = image_shape

    def fit(self, X: Any, y: Any = None) -> ColourHistogram:
        """Check the pictures and learn the range of rows; `y` is ignored."""
        if not isinstance(self.bins, int | np.integer) or not 1 <= self.bins <= 256:
            raise ValueError(f"expected 1 to 256 bins a channel, a whole number, got {self.bins!r}")
        if self.image_shape is not None:
            X = validate_data(self, X)
        self.value_range_ = None if self.image_shape is None else range_of(X)
        as_levels(X, self.image_shape, self.value_range_)
        self.n_boxes_ = self.bins**3
        return self

    def transform(self, X: Any) -> FloatArray:
        """(N, bins ** 3) float64, one histogram a picture."""
        check_is_fitted(self)
        if self.image_shape is not None:
            X = validate_data(self, X, reset=False)
        pictures = as_levels(X, self.image_shape, self.value_range_)
        return np.concatenate([np.sqrt(colour_histogram(_coloured(picture)[None], self.bins)) for picture in pictures])

    @property
    def _n_features_out(self) -> int:
        """For scikit-learn's get_feature_names_out."""
        return int(self.n_boxes_)


def _coloured(picture: UInt8Array) -> UInt8Array:
    """RGBA as it is, for its opacity counts; all else as RGB."""
    return picture if picture.ndim == 3 and picture.shape[2] == 4 else as_rgb([picture])[0]
