"""Keypoints: places that stand out from their surroundings, each at a scale of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmlearn.encode.scale_space import INTERVALS
from mmlearn.types import BoolArray, FloatArray, IntArray

CONTRAST = 0.04  # Lowe's threshold on brightness 0 to 1, in OpenCV's reckoning: for the octave, so over INTERVALS
EDGE = 10.0  # largest ratio of the two curvatures: beyond, it is an edge and could slide along
BORDER = 5  # pixels at the edge of a layer that hold no keypoint
MOVES = 5  # a peak that has not settled after so many steps is dropped


@dataclass(frozen=True, eq=False)
class Peaks:
    """N refined extrema of one octave's differences of Gaussians.

    layer: (N,) int, the nearest layer.
    position: (N, 3) float64, layer, row and column of the octave with their fractions.
    value: (N,) float64, the difference of Gaussians there, of either sign.

    Built in: lesson 02.
    """

    layer: IntArray
    position: FloatArray
    value: FloatArray


@dataclass(frozen=True, eq=False)
class Keypoints:
    """N places in a picture, each with the size and the direction of what is seen there.

    xy: (N, 2) float64, column and row in pixels; (0, 0) is the middle of the upper left pixel, y points down.
    scale: (N,) float64, sigma of the Gaussian that the place stands out from, in pixels; a blob's radius is about
        1.4 sigma. (OpenCV's ``KeyPoint.size`` is a diameter, twice this.)
    angle: (N,) float64, radians 0 to 2 pi, where the brightness rises; from the x axis towards the y axis, so
        clockwise as one sees it.
    response: (N,) float64, how strongly it stands out, always positive.

    Built in: lesson 02.
    """

    xy: FloatArray
    scale: FloatArray
    angle: FloatArray
    response: FloatArray

    def __len__(self) -> int:
        return len(self.scale)

    def select(self, rows: IntArray) -> Keypoints:
        """The keypoints of these row numbers (or of a mask), in that order."""
        return Keypoints(self.xy[rows], self.scale[rows], self.angle[rows], self.response[rows])

    def strongest(self, n: int | None) -> IntArray:
        """Row numbers of the n largest responses, the largest first; of equals the earlier; all for None.

        Raises ValueError for an n below 0 or not whole.
        """
        require_count(n)
        return np.argsort(-self.response, kind="stable")[:n]


def require_count(n_keypoints: int | None) -> None:
    """An error unless it is None or a whole number of 0 or more.

    >>> require_count(None)

    Built in: lesson 02.
    """
    if n_keypoints is None:
        return
    if not isinstance(n_keypoints, int | np.integer) or n_keypoints < 0:
        raise ValueError(f"expected a number of keypoints, 0 or more, got {n_keypoints!r}")


def no_keypoints() -> Keypoints:
    """What a flat picture has: none, in arrays of the right shapes.

    >>> len(no_keypoints()), no_keypoints().xy.shape
    (0, (0, 2))

    Built in: lesson 02.
    """
    return Keypoints(np.zeros((0, 2)), np.zeros(0), np.zeros(0), np.zeros(0))


def local_extrema(dog: FloatArray, threshold: float = 0.0) -> IntArray:
    """Places that none of their 26 neighbours tops, or none undercuts: 8 around, 9 above, 9 below.

    Args:
        dog: (S, H, W) float, differences of Gaussians.
        threshold: places with ``|value| <= threshold`` are left out. A hill must be positive, a valley negative.

    Returns (N, 3) int64, layer, row and column, sorted; never in the outermost layers, rows or columns, which do
    not have 26 neighbours.

    >>> dog = np.zeros((3, 3, 5))
    >>> dog[1, 1, 2] = -1
    >>> local_extrema(dog)
    array([[1, 1, 2]])

    Paper: Lowe (2004), section 3.1.

    Built in: lesson 02.
    """
    if min(dog.shape) < 3:
        return np.zeros((0, 3), np.int64)
    highest, lowest = dog, dog
    for axis in range(3):
        highest, lowest = _of_three(highest, axis, np.maximum), _of_three(lowest, axis, np.minimum)
    inner = dog[1:-1, 1:-1, 1:-1]
    hill = (inner == highest) & (inner > threshold)
    valley = (inner == lowest) & (inner < -threshold)
    return np.argwhere(hill | valley) + 1


def _of_three(values: FloatArray, axis: int, pick: np.ufunc) -> FloatArray:
    """The larger (or smaller) of each entry and its two neighbours along an axis; two entries shorter there."""
    lines = np.moveaxis(values, axis, 0)
    best: FloatArray = pick(pick(lines[:-2], lines[1:-1]), lines[2:])
    return np.moveaxis(best, 0, axis)


def derivatives(dog: FloatArray, places: IntArray) -> tuple[FloatArray, FloatArray]:
    """Slope and curvature at whole places, by differences of neighbours.

    Args:
        dog: (S, H, W) float.
        places: (N, 3) int, layer, row, column, none on the outside.

    Returns the gradient (N, 3) and the Hessian (N, 3, 3), both along layer, row, column.

    Built in: lesson 02.
    """
    steps = np.eye(3, dtype=np.int64)

    def at(shift: IntArray) -> FloatArray:
        values: FloatArray = dog[tuple((places + shift).T)].astype(np.float64)
        return values

    gradient = np.stack([(at(step) - at(-step)) / 2 for step in steps], axis=1)  # (N, 3)
    hessian = np.empty((len(places), 3, 3))
    middle = at(np.zeros(3, np.int64))
    for i, a in enumerate(steps):
        hessian[:, i, i] = at(a) - 2 * middle + at(-a)
        for j, b in enumerate(steps[:i]):
            hessian[:, i, j] = hessian[:, j, i] = (at(a + b) - at(a - b) - at(b - a) + at(-a - b)) / 4
    return gradient, hessian


def is_corner(hessian: FloatArray, edge: float = EDGE) -> BoolArray:
    """True where a peak curves in both directions of the picture, not across an edge alone.

    ``trace^2 / det < (edge + 1)^2 / edge`` for the 2 x 2 Hessian of row and column (so det > 0): the larger
    curvature is less than `edge` times the smaller.

    Args:
        hessian: (N, 3, 3) along layer, row, column.
        edge: the largest allowed ratio.

    Returns (N,) bool.

    >>> ridge, blob = np.diag([0.0, -8.0, -0.1]), np.diag([0.0, -8.0, -6.0])
    >>> is_corner(np.stack([ridge, blob]))
    array([False,  True])

    Paper: Lowe (2004), section 4.1.

    Built in: lesson 02.
    """
    flat = hessian[:, 1:, 1:]  # (N, 2, 2)
    trace = flat[:, 0, 0] + flat[:, 1, 1]
    det = flat[:, 0, 0] * flat[:, 1, 1] - flat[:, 0, 1] ** 2
    corner: BoolArray = trace**2 * edge < (edge + 1) ** 2 * det  # 0 or more < this: det > 0, no saddle
    return corner


def refine(dog: FloatArray, places: IntArray, contrast: float = CONTRAST, edge: float = EDGE) -> Peaks:
    """Where a parabola through the neighbours has its top: the place between the pixels.

    ``offset = -H^-1 g``, ``value = D + g . offset / 2``. An offset above one half belongs to the neighbour, and is
    worked out there anew, at most five times. Then the weak and the edges are dropped.

    Args:
        dog: (S, H, W) float.
        places: (N, 3) int, layer, row, column, as `local_extrema` gives.
        contrast: kept are ``|value| * 3 >= contrast`` (3 intervals to an octave, as OpenCV reckons).
        edge: as in `is_corner`.

    Returns Peaks, each place once.

    Paper: Brown and Lowe (2002), "Invariant features from interest point groups", doi:10.5244/C.16.23.

    Built in: lesson 02.
    """
    settled = np.zeros((0, 3), np.int64)
    last = np.array(dog.shape) - np.array([1, BORDER, BORDER])
    for _ in range(MOVES):
        places = places[((places >= [1, BORDER, BORDER]) & (places < last)).all(axis=1)]
        offset = _offset(*derivatives(dog, places))
        still = (np.abs(offset) <= 0.5).all(axis=1)
        settled = np.concatenate([settled, places[still]])
        places = places[~still] + np.rint(np.clip(offset[~still], -1e6, 1e6)).astype(np.int64)
    settled = np.unique(settled, axis=0)
    gradient, hessian = derivatives(dog, settled)
    offset = _offset(gradient, hessian)
    value = dog[tuple(settled.T)] + (gradient * offset).sum(axis=1) / 2
    good = is_corner(hessian, edge) & (np.abs(value) * INTERVALS >= contrast)
    return Peaks(settled[good, 0], (settled + offset)[good], value[good])


def _offset(gradient: FloatArray, hessian: FloatArray) -> FloatArray:
    """The step to the parabola's top, (N, 3); far away where it has none."""
    singular = np.linalg.det(hessian) == 0
    safe = np.where(singular[:, None, None], np.eye(3), hessian)
    step: FloatArray = -np.linalg.solve(safe, gradient[..., None])[..., 0]
    return np.where(singular[:, None], 1e6, step)
