"""Two views of one scene: which descriptors belong together, and which change of place explains them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.types import BoolArray, FloatArray, IntArray

ROWS_AT_ONCE = 1024  # what bounds the memory
TRIALS_AT_ONCE = 100


def match(descriptors_a: FloatArray, descriptors_b: FloatArray, ratio: float = 0.8) -> IntArray:
    """Lowe's ratio test: the nearest in b, where it is clearly nearer than the second nearest.

    Kept is ``d1 < ratio * d2`` in Euclidean distance. Where something has no partner, its nearest and second nearest
    are about equally far; so this throws away doubtful pairs better than any limit on d1.

    Args:
        descriptors_a: (N, D) float or uint8.
        descriptors_b: (M, D); with fewer than two there is no second nearest, and so no match.
        ratio: 0 to 1; smaller is stricter.

    Returns (K, 2) int64, row of a and row of b, sorted by a. Several of a may have the same partner. Raises
    ValueError for other shapes, unequal widths, NaN, or a ratio beyond 0 to 1.

    >>> a, b = np.array([[0.0, 0.0], [5.0, 5.0]]), np.array([[9.0, 9.0], [0.0, 1.0], [6.0, 4.0], [4.0, 6.0]])
    >>> match(a, b)
    array([[0, 1]])

    Paper: Lowe (2004), section 7.1, doi:10.1023/B:VISI.0000029664.99615.94.

    Built in: lesson 02.
    """
    a, b = np.asarray(descriptors_a, dtype=np.float64), np.asarray(descriptors_b, dtype=np.float64)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"expected descriptors (N, D) and (M, D), got {a.shape} and {b.shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("expected finite descriptors, got NaN or infinity")
    if not 0 <= ratio <= 1:
        raise ValueError(f"expected a ratio of 0 to 1, got {ratio}")
    if len(a) == 0 or len(b) < 2:
        return np.zeros((0, 2), np.int64)
    found = []
    for start in range(0, len(a), ROWS_AT_ONCE):
        some = a[start : start + ROWS_AT_ONCE]
        squared = (some**2).sum(axis=1)[:, None] - 2 * some @ b.T + (b**2).sum(axis=1)  # (n, M)
        two = np.argpartition(squared, 1, axis=1)[:, :2]  # (n, 2) the two nearest, in order
        nearest, second = np.sqrt(np.maximum(np.take_along_axis(squared, two, axis=1), 0)).T
        rows = np.flatnonzero(nearest < ratio * second)
        found.append(np.stack([rows + start, two[rows, 0]], axis=1))
    return np.concatenate(found)


def apply_homography(homography: FloatArray, xy: FloatArray) -> FloatArray:
    """Where points go: ``(x, y, 1)`` times the matrix, divided by its third number.

    Args:
        homography: (..., 3, 3) float.
        xy: (N, 2) float.

    Returns (..., N, 2) float64; a point that goes to infinity becomes inf or NaN, without a warning.

    >>> apply_homography(np.diag([2.0, 2.0, 1.0]), np.array([[3.0, 4.0]]))
    array([[6., 8.]])

    Built in: lesson 02.
    """
    points = np.concatenate([xy, np.ones((len(xy), 1))], axis=1)  # (N, 3)
    moved = points @ np.swapaxes(homography, -1, -2)  # (..., N, 3)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        gone: FloatArray = moved[..., :2] / moved[..., 2:]
    return gone


def fit_homography(xy_a: ArrayLike, xy_b: ArrayLike) -> FloatArray:
    """The homography that takes a to b, by least squares in Hartley's normalised coordinates.

    Each pair gives two equations, linear in the nine numbers of H: ``x' (h3 . p) = h1 . p``, ``y' (h3 . p) = h2 . p``.
    The smallest singular vector solves them all at once (the direct linear transform). Both sides are first
    moved to mean 0 and mean distance sqrt 2, or large coordinates would drown small ones.

    Args:
        xy_a, xy_b: (N, 2) or (T, N, 2) float, N >= 4 pairs; T sets of them are solved at once.

    Returns (3, 3) or (T, 3, 3), of length 1. Points on one line do not fix a homography: then any of those that fit.
    Raises ValueError for fewer than four pairs, unequal shapes, NaN or infinity.

    >>> square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    >>> apply_homography(fit_homography(square, 3 * square + 1), np.array([[0.5, 0.5]])).round(6)
    array([[2.5, 2.5]])

    Paper: Hartley (1997), "In defense of the eight-point algorithm", doi:10.1109/34.601246.

    Built in: lesson 02.
    """
    xy_a, xy_b = _places(xy_a, xy_b)
    to_a, to_b = _normaliser(xy_a), _normaliser(xy_b)
    ones = np.ones((*xy_a.shape[:-1], 1))
    p = np.concatenate([xy_a, ones], axis=-1) @ np.swapaxes(to_a, -1, -2)  # (..., N, 3)
    q = np.concatenate([xy_b, ones], axis=-1) @ np.swapaxes(to_b, -1, -2)
    nothing = np.zeros_like(p)
    first = np.concatenate([p, nothing, -q[..., :1] * p], axis=-1)  # (..., N, 9)
    second = np.concatenate([nothing, p, -q[..., 1:2] * p], axis=-1)
    equations = np.concatenate([first, second, nothing.repeat(3, axis=-1)[..., :1, :]], axis=-2)  # (..., 2 N + 1, 9)
    smallest = np.linalg.svd(equations, full_matrices=False)[2][..., -1, :]  # the row of zeros makes nine of four pairs
    homography = np.linalg.inv(to_b) @ smallest.reshape(*xy_a.shape[:-2], 3, 3) @ to_a
    unit: FloatArray = homography / np.linalg.norm(homography, axis=(-2, -1), keepdims=True)
    return unit


def _places(xy_a: ArrayLike, xy_b: ArrayLike, axes: tuple[int, ...] = (2, 3)) -> tuple[FloatArray, FloatArray]:
    """Both as float64, after all the reasons to refuse."""
    a, b = np.asarray(xy_a, dtype=np.float64), np.asarray(xy_b, dtype=np.float64)
    if a.shape != b.shape or a.ndim not in axes or a.shape[-1] != 2 or a.shape[-2] < 4:
        raise ValueError(f"expected at least 4 pairs of points (N, 2), got shapes {a.shape} and {b.shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("expected finite places, got NaN or infinity")
    return a, b


def _normaliser(xy: FloatArray) -> FloatArray:
    """The move to mean 0 and mean distance sqrt 2: (..., 3, 3)."""
    mean = xy.mean(axis=-2)  # (..., 2)
    spread = np.linalg.norm(xy - mean[..., None, :], axis=-1).mean(axis=-1)  # (...)
    scale = np.sqrt(2) / np.where(spread > 0, spread, 1)
    move = np.zeros((*scale.shape, 3, 3))
    move[..., 0, 0] = move[..., 1, 1] = scale
    move[..., :2, 2] = -scale[..., None] * mean
    move[..., 2, 2] = 1
    return move


def ransac_homography(
    xy_a: ArrayLike, xy_b: ArrayLike, tolerance: float = 3.0, trials: int = 2000, random_state: int = 0
) -> tuple[FloatArray, BoolArray]:
    """The homography that most pairs agree on, though many pairs are wrong (random sample consensus).

    Four pairs drawn at random fix a homography; all others vote for it, by lying within `tolerance` of where it
    sends them. The draw with the most votes wins, and is fitted anew to its voters, twice. With a share w of right
    pairs a draw is all right with ``w^4``, so `trials` draws all fail with ``(1 - w^4)^trials``: at w = 0.4 one time in
    10^22. Four pairs always agree on something: distrust a result with few voters.

    Args:
        xy_a, xy_b: (N, 2) float, the two places of each pair.
        tolerance: pixels in b.
        trials: how many draws.
        random_state: seed of the draws.

    Returns the homography (3, 3), with 1 in its lower right corner, and (N,) bool, True for the voters (inliers).
    Raises ValueError for fewer than four pairs, NaN, or if no draw is agreed on by four.

    Paper: Fischler and Bolles (1981), "Random sample consensus", doi:10.1145/358669.358692.

    Built in: lesson 02.
    """
    xy_a, xy_b = _places(xy_a, xy_b, axes=(2,))
    generator = np.random.default_rng(random_state)
    most, best = 0, np.zeros(len(xy_a), bool)
    for start in range(0, trials, TRIALS_AT_ONCE):
        keys = generator.random((min(TRIALS_AT_ONCE, trials - start), len(xy_a)))
        draws = np.argpartition(keys, 3, axis=1)[:, :4]  # (T, 4) four different pairs each
        homographies = fit_homography(xy_a[draws], xy_b[draws])  # (T, 3, 3)
        agree = _distance(homographies, xy_a, xy_b) <= tolerance  # (T, N)
        votes = agree.sum(axis=1)
        if votes.max() > most:
            most, best = int(votes.max()), agree[votes.argmax()]
    for _ in range(2):
        if best.sum() < 4:
            raise ValueError(
                f"no homography is agreed on by four of the {len(xy_a)} pairs: are these two views of one scene?"
            )
        homography = fit_homography(xy_a[best], xy_b[best])
        best = _distance(homography, xy_a, xy_b) <= tolerance
    return homography / homography[2, 2], best


def _distance(homography: FloatArray, xy_a: FloatArray, xy_b: FloatArray) -> FloatArray:
    """How far each pair is off, (..., N); infinity where a point goes there."""
    off = np.linalg.norm(apply_homography(homography, xy_a) - xy_b, axis=-1)
    return np.where(np.isnan(off), np.inf, off)
