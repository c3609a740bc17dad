"""Are the same points found again in another view, and are they matched to each other?"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.types import BoolArray, FloatArray


class Places(Protocol):
    """What is needed of keypoints: where (N, 2), in pixels x and y, and how large (N,), sigma in pixels.

    Built in: lesson 02.
    """

    @property
    def xy(self) -> FloatArray: ...

    @property
    def scale(self) -> FloatArray: ...


def repeatability(
    a: Places,
    b: Places,
    homography: FloatArray,
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    tolerance: float = 2.5,
    scale_ratio: float = 1.5,
) -> float:
    """Share of the points in both views that have a partner where the homography says.

    ``pairs / min(n_a, n_b)``, n counting only places that lie inside both pictures, and each place once, however
    many directions it has. A pair lies within `tolerance` pixels of b, its sizes within a factor `scale_ratio`; no
    point is in two pairs (nearest first). Unlike Mikolajczyk's, which compares overlapping ellipses, a circle and a
    ratio of sizes are enough here, where views are turned and resized but not tilted. More points make it easier:
    compare detectors at equal counts.

    Args:
        a, b: keypoints of the two views.
        homography: (3, 3), takes a's places to b's.
        shapes: (H, W) of both pictures.
        tolerance: pixels in b.
        scale_ratio: 1 or more; 2 lets a point be found an octave off.

    Returns 0 to 1; 0 where a view has no point that both pictures show. Raises ValueError for a tolerance below 0 or
    a ratio below 1.

    Paper: Schmid, Mohr and Bauckhage (2000), "Evaluation of interest point detectors",
    doi:10.1023/A:1008199403446.

    Built in: lesson 02.
    """
    if tolerance < 0 or scale_ratio < 1:
        raise ValueError(f"expected a tolerance of 0 or more and a ratio of 1 or more, got {tolerance}, {scale_ratio}")
    xy_a, size_a = _once(a)
    xy_b, size_b = _once(b)
    there, back = _moved(homography, xy_a), _moved(np.linalg.inv(homography), xy_b)
    in_a, in_b = _inside(there, shapes[1]), _inside(back, shapes[0])
    if not in_a.any() or not in_b.any():
        return 0.0
    expected = size_a[in_a] * _growth(homography, xy_a[in_a])  # the sizes that b should have found
    apart = np.linalg.norm(there[in_a][:, None] - xy_b[in_b], axis=-1)  # (n_a, n_b)
    sizes = np.abs(np.log(expected[:, None] / size_b[in_b]))
    pairs = _one_to_one(apart, (apart <= tolerance) & (sizes <= np.log(scale_ratio)))
    return len(pairs) / min(int(in_a.sum()), int(in_b.sum()))


def match_precision(
    matches: ArrayLike, xy_a: ArrayLike, xy_b: ArrayLike, homography: ArrayLike, tolerance: float = 2.5
) -> float:
    """Share of matches that agree with the known homography.

    Args:
        matches: (K, 2) int, row of a and row of b, as `mmlearn.encode.matching.match` gives.
        xy_a, xy_b: (N, 2) and (M, 2) float, in pixels.
        homography: (3, 3), takes a's places to b's.
        tolerance: pixels in b.

    Returns 0 to 1; 0 where there are no matches. Raises ValueError for other shapes.

    >>> at = np.array([[0.0, 0.0], [9.0, 9.0]])
    >>> match_precision(np.array([[0, 0], [1, 0]]), at, at, np.eye(3))
    0.5

    Paper: Mikolajczyk and Schmid (2005), "A performance evaluation of local descriptors",
    doi:10.1109/TPAMI.2005.188 (1 - precision there).

    Built in: lesson 02.
    """
    rows, matrix = np.asarray(matches), np.asarray(homography, dtype=np.float64)
    if len(rows) == 0:
        return 0.0
    a, b = np.asarray(xy_a, dtype=np.float64), np.asarray(xy_b, dtype=np.float64)
    shapes = (rows.shape[1:], a.shape[1:], b.shape[1:], matrix.shape)
    if shapes != ((2,), (2,), (2,), (3, 3)) or rows.dtype.kind not in "iu":
        raise ValueError(
            "expected matches (K, 2) in whole numbers, places (N, 2) and (M, 2), and a homography (3, 3), got "
            f"{rows.dtype} {rows.shape}, {a.shape}, {b.shape} and {matrix.shape}"
        )
    off = np.linalg.norm(_moved(matrix, a[rows[:, 0]]) - b[rows[:, 1]], axis=1)  # (K,)
    return float((off <= tolerance).mean())


def _once(points: Places) -> tuple[FloatArray, FloatArray]:
    """Each place and size once, in the order of their first mention."""
    rows = np.concatenate([points.xy, points.scale[:, None]], axis=1)  # (N, 3)
    first = np.sort(np.unique(rows, axis=0, return_index=True)[1])
    return points.xy[first], points.scale[first]


def _moved(homography: FloatArray, xy: FloatArray) -> FloatArray:
    moved = np.concatenate([xy, np.ones((len(xy), 1))], axis=1) @ homography.T  # (N, 3)
    gone: FloatArray = moved[:, :2] / moved[:, 2:]
    return gone


def _inside(xy: FloatArray, shape: tuple[int, ...]) -> BoolArray:
    within: BoolArray = np.all((xy >= 0) & (xy <= [shape[1] - 1, shape[0] - 1]), axis=1)
    return within


def _growth(homography: FloatArray, xy: FloatArray) -> FloatArray:
    """By what factor lengths grow at each place: the square root of the area's growth, (N,)."""
    depth = xy @ homography[2, :2] + homography[2, 2]  # (N,)
    area = np.abs(np.linalg.det(homography) / depth**3)
    growth: FloatArray = np.sqrt(area)
    return growth


def _one_to_one(apart: FloatArray, allowed: BoolArray) -> list[tuple[int, int]]:
    """Pairs of row and column, nearest first, none used twice."""
    rows, columns = np.nonzero(allowed)
    order = np.argsort(apart[rows, columns], kind="stable")
    pairs, used_rows, used_columns = [], set[int](), set[int]()
    for i, j in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if i not in used_rows and j not in used_columns:
            pairs.append((i, j))
            used_rows.add(i)
            used_columns.add(j)
    return pairs
