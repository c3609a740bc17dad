"""k-means: many points, a few centres, each centre the mean of the points nearest to it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.types import FloatArray, IntArray


class Clusters(NamedTuple):
    """What k-means found.

    centres (K, D) float64; labels (N,) int64, the centre of each point; inertia, the sum of the squared distances
    of the points to their centres; n_steps, how many steps it took; converged, whether the last step moved no point.

    Built in: lesson 02.
    """

    centres: FloatArray
    labels: IntArray
    inertia: float
    n_steps: int
    converged: bool


def squared_distances(points: ArrayLike, centres: ArrayLike) -> FloatArray:
    """From every point to every centre: ``|x|^2 - 2 x . c + |c|^2``.

    One matrix product in place of (N, K, D) differences, as scikit-learn does; cut off at 0, for rounding may take
    the distance of two equal vectors a hair below. Both are first moved by the points' middle (about the median):
    far from 0 the squares would be so large that rounding swallowed the differences.

    Args:
        points: (N, D). centres: (K, D).

    Returns (N, K) float64. Raises ValueError if either is no matrix of finite numbers, or the widths differ.

    >>> squared_distances([[0.0, 0.0], [3.0, 4.0]], [[3.0, 0.0]])
    array([[ 9.],
           [16.]])

    Built in: lesson 02.
    """
    x, c = _matrix(points, "points"), _matrix(centres, "centres")
    if x.shape[1] != c.shape[1]:
        raise ValueError(f"expected points and centres of one width, got {x.shape[1]} and {c.shape[1]} numbers")
    middle = np.sort(x[:: -(-len(x) // 255)], axis=0)  # (at most 255, D)
    middle = middle[len(middle) // 2]  # (D,) numbers that occur, so differences of whole numbers stay exact
    x, c = x - middle, c - middle
    square = (x**2).sum(axis=1)[:, None] - 2 * x @ c.T + (c**2).sum(axis=1)  # (N, K)
    distances: FloatArray = np.maximum(square, 0)
    return distances


def lloyd_step(points: ArrayLike, centres: ArrayLike) -> tuple[IntArray, FloatArray]:
    """One step of k-means: each point chooses its nearest centre, each centre moves to the mean of its points.

    ``label_i = argmin_k |x_i - c_k|^2``, the first of equally near ones; ``c_k = mean of {x_i : label_i = k}``.
    A centre that no point chose stays where it is; scikit-learn moves it onto the point that is worst off.

    Args:
        points: (N, D). centres: (K, D).

    Returns labels (N,) int64 and the new centres (K, D) float64. Raises ValueError as `squared_distances` does.

    >>> labels, centres = lloyd_step([[0.0], [1.0], [8.0]], [[0.0], [6.0], [99.0]])
    >>> labels.tolist(), centres.ravel().tolist()
    ([0, 0, 1], [0.5, 8.0, 99.0])

    Reference: Lloyd (1982), "Least squares quantization in PCM", doi:10.1109/TIT.1982.1056489.

    Built in: lesson 02.
    """
    x, old = _matrix(points, "points"), _matrix(centres, "centres")
    labels = squared_distances(x, old).argmin(axis=1)  # (N,)
    return labels, _means(x, labels, old)


def k_means(points: ArrayLike, start: ArrayLike | int, max_steps: int = 300, random_state: Any = None) -> Clusters:
    """Steps of `lloyd_step` until no point changes its centre.

    Every step lowers ``sum_i |x_i - c_label(i)|^2`` or leaves it: so it ends, but in a valley near its start, not
    always in the deepest. It equals ``sklearn.cluster.KMeans(init=start, n_init=1, tol=0, algorithm="lloyd")``
    unless a centre loses all its points (see `lloyd_step`).

    Args:
        points: (N, D) finite numbers, N >= K.
        start: (K, D) first centres, or the number K: then `plus_plus` chooses them.
        max_steps: end here at the latest.
        random_state: seed, numpy RandomState or None, as in scikit-learn; used by `plus_plus` alone.

    Returns Clusters. Raises ValueError for bad shapes or numbers, more centres than points, or no step.

    >>> found = k_means([[0.0], [1.0], [9.0], [10.0]], [[0.0], [1.0]])
    >>> found.labels.tolist(), found.centres.ravel().tolist(), found.inertia
    ([0, 0, 1, 1], [0.5, 9.5], 1.0)

    Reference: Lloyd (1982), "Least squares quantization in PCM", doi:10.1109/TIT.1982.1056489.

    Built in: lesson 02.
    """
    x = _matrix(points, "points")
    centres = (
        plus_plus(x, int(start), random_state) if isinstance(start, int | np.integer) else _matrix(start, "centres")
    )
    if len(centres) > len(x):
        raise ValueError(f"expected at most as many centres as points, got {len(centres)} for {len(x)} points")
    if max_steps < 1:
        raise ValueError(f"expected max_steps of at least 1, got {max_steps}")
    labels = np.full(len(x), -1)
    for step in range(1, max_steps + 1):  # noqa: B007
        before = labels
        labels, centres = lloyd_step(x, centres)
        if same := bool((labels == before).all()):
            break
    if not same:
        labels = squared_distances(x, centres).argmin(axis=1)  # of the last centres, not of those before
    inertia = float(((x - centres[labels]) ** 2).sum())
    return Clusters(centres, labels, inertia, step, same)


def plus_plus(points: ArrayLike, k: int, random_state: Any = None) -> FloatArray:
    """Choose k of the points as first centres, far from each other: k-means++.

    The first is any point; each next one is point i with probability ``d_i^2 / sum_j d_j^2``, d_i being its distance
    to the nearest centre so far. scikit-learn draws several candidates each time and keeps the best; this is the
    paper's one, equal to ``sklearn.cluster.kmeans_plusplus(points, k, n_local_trials=1)`` for the same seed.

    Args:
        points: (N, D) finite numbers. k: 1 to the number of different points.
        random_state: seed, numpy RandomState or None, as in scikit-learn.

    Returns (k, D) float64. Raises ValueError if there are fewer than k different points.

    >>> plus_plus([[0.0], [0.0], [5.0]], 2, random_state=0).tolist()
    [[0.0], [5.0]]

    Paper: Arthur and Vassilvitskii (2007), "k-means++: the advantages of careful seeding", SODA, pages 1027-1035.

    Built in: lesson 02.
    """
    from sklearn.utils import check_random_state

    x, random = _matrix(points, "points"), check_random_state(random_state)
    if k < 1:
        raise ValueError(f"expected at least 1 centre, got {k}")
    # All equally likely, but said by p=: so the generator is used as scikit-learn uses it.
    chosen = [int(random.choice(len(x), p=np.full(len(x), 1 / len(x))))]
    nearest = ((x - x[chosen[0]]) ** 2).sum(axis=1)  # (N,) squared distance to the nearest centre so far
    while len(chosen) < k:
        heap = np.cumsum(nearest)
        if heap[-1] == 0:
            raise ValueError(f"expected at least {k} different points, got {len(chosen)}: ask for fewer centres")
        # side="right" never lands on a point of distance 0, whose stretch of the heap is empty.
        place = min(int(np.searchsorted(heap, random.uniform() * heap[-1], side="right")), len(x) - 1)
        chosen.append(place)
        nearest = np.minimum(nearest, ((x - x[place]) ** 2).sum(axis=1))
    return x[chosen]


def _means(x: FloatArray, labels: IntArray, old: FloatArray) -> FloatArray:
    """The mean of each centre's points; the old centre where there is none."""
    k = len(old)
    counts = np.bincount(labels, minlength=k)[:, None]  # (K, 1)
    sums = np.stack([np.bincount(labels, column, minlength=k) for column in x.T], axis=1)  # (K, D)
    return np.where(counts > 0, sums / np.maximum(counts, 1), old)


def _matrix(numbers: ArrayLike, name: str) -> FloatArray:
    rows = np.asarray(numbers, dtype=np.float64)
    if rows.ndim != 2 or 0 in rows.shape:
        raise ValueError(f"expected {name} as a matrix, one a row, at least one, got shape {rows.shape}")
    if not np.isfinite(rows).all():
        raise ValueError(f"expected finite numbers, but {name} hold NaN or infinity")
    return rows
