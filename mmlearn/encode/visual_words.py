"""Visual words: the parts of a picture, counted by kind. A set of uneven size becomes one vector of fixed width."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted, validate_data

from mmlearn.encode.local import SAMPLINGS, describe
from mmlearn.encode.pictures import as_grey, range_of
from mmlearn.types import FloatArray, IntArray

DESCRIPTORS = "descriptors"
WIDTH = 128  # of SIFT's descriptors


def nearest_words(descriptors: ArrayLike, words: ArrayLike) -> IntArray:
    """The number of the word nearest to each descriptor, the first of equally near ones.

    ``argmin_k |d - w_k|^2 = argmax_k (d . w_k - |w_k|^2 / 2)``: |d|^2 is the same for every word and drops out.

    Args:
        descriptors: (n, D). words: (K, D), K at least 1. Computed in float32 if both are float32, else in float64.

    Returns (n,) int64, 0 to K - 1. Raises ValueError for other shapes, NaN or infinity.

    >>> nearest_words([[0.0, 1.0], [5.0, 5.0]], [[4.0, 4.0], [0.0, 0.0]])
    array([1, 0])

    Built in: lesson 02.
    """
    d, w = (_floats(rows) for rows in (descriptors, words))
    if d.ndim != 2 or w.ndim != 2 or d.shape[1] != w.shape[1] or len(w) == 0:
        raise ValueError(f"expected descriptors (n, D) and words (K, D), got shapes {d.shape} and {w.shape}")
    if not (np.isfinite(d).all() and np.isfinite(w).all()):
        raise ValueError("expected finite descriptors and words, got NaN or infinity among them")
    likeness = d @ w.T - (w**2).sum(axis=1) / 2  # (n, K)
    nearest: IntArray = likeness.argmax(axis=1)
    return nearest


def word_histogram(descriptors: ArrayLike | None, words: ArrayLike) -> FloatArray:
    """How often each word occurs in one picture, as a vector of length 1.

    ``h_k = sqrt(n_k / n)``, n_k the number of the n descriptors whose nearest word is k. The square root makes the
    dot product of two pictures Hellinger's kernel ``sum_k sqrt(p_k q_k)``: the tenth time, a word says less than the
    first time. A picture without descriptors (a flat one: OpenCV gives None) has the histogram of zeros.

    Args:
        descriptors: (n, D), or None. words: (K, D).

    Returns (K,) float64, 0 or more, squares sum to 1 (to 0 without descriptors).

    >>> word_histogram([[1.0], [2.0], [3.0], [9.0]], words=[[2.0], [8.0]])
    array([0.8660254, 0.5      ])
    >>> word_histogram(None, words=[[2.0], [8.0]])
    array([0., 0.])

    Paper: Csurka et al. (2004), "Visual categorization with bags of keypoints", ECCV workshop on statistical
    learning in computer vision.

    Built in: lesson 02.
    """
    k = len(np.asarray(words))
    if descriptors is None or len(np.asarray(descriptors)) == 0 or k == 0:
        return np.zeros(k)
    counts = np.bincount(nearest_words(descriptors, words), minlength=k)  # (K,)
    histogram: FloatArray = np.sqrt(counts / counts.sum())
    return histogram


def codebook(
    descriptors: Sequence[FloatArray], n_words: int = 1024, max_descriptors: int = 60_000, random_state: Any = 0
) -> FloatArray:
    """Words for the descriptors of the **training** pictures: the centres of k-means.

    scikit-learn's MiniBatchKMeans, on a random sample if there are many: the same sum of squares as `k_means`
    goes down, in steps that look at 4,096 points each.

    Args:
        descriptors: one (n, D) a picture. n_words: at least 1. max_descriptors: of the sample, at least n_words.
        random_state: seed, numpy RandomState or None.

    Returns (K, D) float32. K is n_words, or the number of descriptors where that is smaller: then each of them
    is a word, and a warning says so. Raises ValueError if a number is too small or there is no picture.

    Paper: Sculley (2010), "Web-scale k-means clustering", doi:10.1145/1772690.1772862.

    Built in: lesson 02.
    """
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # scikit-learn needs it, so it is there

    if not all(isinstance(number, int | np.integer) for number in (n_words, max_descriptors)):
        raise TypeError(f"expected whole numbers n_words and max_descriptors, got {n_words!r} and {max_descriptors!r}")
    if len(descriptors) == 0:
        raise ValueError("expected the descriptors of at least one picture, got none")
    if not (n_words >= 1 and max_descriptors >= n_words):
        raise ValueError(f"expected 1 <= n_words <= max_descriptors, got {n_words} and {max_descriptors}")
    random = check_random_state(random_state)
    points = np.concatenate([np.asarray(rows, np.float32) for rows in descriptors])  # (all of them, D)
    if len(points) <= n_words:
        if len(points) < n_words:
            warnings.warn(
                f"the training pictures have {len(points)} descriptors for {n_words} words: the other words "
                "stay unused" + ("" if len(points) else ", and every histogram is zero"),
                stacklevel=2,
            )
        return points
    if len(points) > max_descriptors:
        points = points[random.choice(len(points), max_descriptors, replace=False)]
    with threadpool_limits(1):  # threads that wait for each other cost more here than they save
        found = MiniBatchKMeans(n_words, n_init=1, batch_size=4096, max_iter=40, random_state=random).fit(points)
    return np.asarray(found.cluster_centers_, np.float32)


class VisualWords(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Pictures -> histograms of visual words, one row of length 1 a picture.

    `fit` cuts the training pictures into local descriptors (`describe`) and k-means finds `n_words` typical ones
    (`codebook`); `transform` counts them, ``h_k = sqrt(n_k / n)`` (`word_histogram`). Where a thing lies in the
    picture is forgotten. A picture without descriptors gives a row of zeros.

    Args:
        n_words: width of the rows.
        sampling: "dense", a grid; "keypoints", where SIFT finds some; "descriptors", for an `X` that is already a
            list of (n, 128) from `describe`, so that they are computed once for many splits: they depend on one
            picture each, so this leaks nothing.
        scales, step: of the dense grid, as in `describe`.
        image_shape: for flattened rows, as in `mmlearn.encode.pictures.as_grey`. Rows have no agreed range: `fit`
            learns the smallest and largest training number as black and white; what lies beyond later is cut off.
        max_descriptors: on how many k-means runs at most.
        random_state: of k-means and its sample. n_jobs: threads, None for 1, -1 for all cores; no result depends on it.

    Attributes: words_ (K, 128) float32, K <= n_words; value_range_, for rows, (low, high), else None.
    Raises ValueError and TypeError for bad pictures or settings, DataUnavailable without OpenCV. Warns if the
    training pictures have fewer descriptors than words.

    >>> pictures = np.random.default_rng(0).integers(0, 256, (6, 32, 32), dtype=np.uint8)
    >>> VisualWords(n_words=8).fit(pictures).transform(pictures[:2]).shape
    (2, 8)

    Paper: Sivic and Zisserman (2003), "Video Google", doi:10.1109/ICCV.2003.1238663.

    Built in: lesson 02.
    """

    def __init__(
        self,
        n_words: int = 1024,
        sampling: str = "dense",
        scales: Sequence[float] = (1.5, 3.0),
        step: int = 4,
        image_shape: Sequence[int] | None = None,
        max_descriptors: int = 60_000,
        random_state: Any = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.n_words = n_words
        self.sampling = sampling
        self.scales = scales
        self.step = step
        self.image_shape = image_shape
        self.max_descriptors = max_descriptors
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any = None) -> VisualWords:
        """Learn the words from the training pictures; `y` is ignored."""
        self._fit(X)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> FloatArray:
        """The same as fit, then transform; the descriptors are computed once."""
        return self._histograms(self._fit(X))

    def transform(self, X: Any) -> FloatArray:
        """(N, n_words) float64, one histogram a picture."""
        check_is_fitted(self)
        return self._histograms(self._descriptors(X, reset=False))

    def _fit(self, X: Any) -> list[FloatArray]:
        parts = self._descriptors(X, reset=True)
        self.words_ = codebook(parts, self.n_words, self.max_descriptors, self.random_state)
        return parts

    def _histograms(self, parts: list[FloatArray]) -> FloatArray:
        from threadpoolctl import threadpool_limits

        work = (delayed(word_histogram)(part, self.words_) for part in parts)
        with threadpool_limits(1):  # the pictures are shared out among threads, not the product inside one picture
            counted = np.stack(Parallel(n_jobs=self.n_jobs, prefer="threads")(work))  # (N, K)
        return np.pad(counted, [(0, 0), (0, self.n_words - counted.shape[1])])  # (N, n_words)

    def _descriptors(self, X: Any, reset: bool) -> list[FloatArray]:
        if self.sampling == DESCRIPTORS:
            return _given(X)
        if self.sampling not in SAMPLINGS:
            raise ValueError(f"expected sampling of {', '.join((*SAMPLINGS, DESCRIPTORS))}, got {self.sampling!r}")
        if self.image_shape is not None:
            X = validate_data(self, X, reset=reset)
        if reset:
            self.value_range_ = None if self.image_shape is None else range_of(X)
        pictures = as_grey(X, self.image_shape, self.value_range_)
        return describe(pictures, self.sampling, self.scales, self.step, self.n_jobs)

    @property
    def _n_features_out(self) -> int:
        """For scikit-learn's get_feature_names_out."""
        return self.n_words


def _given(X: Any) -> list[FloatArray]:
    """Descriptors that were computed before; None, as OpenCV has it, stands for none."""
    parts = [np.zeros((0, WIDTH), np.float32) if part is None else np.asarray(part, np.float32) for part in X]
    if not parts:
        raise ValueError("expected at least one picture, got none")
    for place, part in enumerate(parts):
        if part.ndim != 2 or part.shape[1] != WIDTH or not np.isfinite(part).all():
            raise ValueError(f"expected finite descriptors (n, 128) of picture {place}, got shape {part.shape}")
    return parts


def _floats(rows: ArrayLike) -> FloatArray:
    array = np.asarray(rows)
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)
