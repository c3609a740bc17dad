"""SIFT: keypoints that can be found again, each with 128 numbers that say what it looks like."""

from __future__ import annotations

import numpy as np

from mmlearn.encode.keypoints import CONTRAST, Keypoints, local_extrema, no_keypoints, refine, require_count
from mmlearn.encode.orientation import gradients, orientations, sample
from mmlearn.encode.scale_space import INTERVALS, SIGMA, Octave, difference_of_gaussians, scale_space
from mmlearn.types import FloatArray, UInt8Array

CELLS, DIRECTIONS = 4, 8  # 4 x 4 cells of 8 directions
CELL_WIDTH = 3.0  # sigmas of the keypoint
READ = 4  # samples a cell, each way
AT_ONCE = 256  # keypoints described together: what bounds the memory


def root_sift(descriptors: FloatArray) -> FloatArray:
    """RootSIFT: SIFT's descriptors, made to be compared as histograms.

    ``d -> sqrt(d / sum(d))``: rows then have length 1 (not sum 1), and the dot product of two is Hellinger's
    kernel ``sum sqrt(a b)``, in which a few tall bins no longer drown the others. A row of zeros stays zeros.

    Args:
        descriptors: (N, 128) float or uint8, never negative.

    Returns (N, 128) float32. Raises ValueError for another number of axes, NaN, or a negative entry.

    >>> root_sift(np.array([[9.0, 16.0, 0.0]])).tolist()
    [[0.6000000238418579, 0.800000011920929, 0.0]]

    Paper: Arandjelovic and Zisserman (2012), "Three things everyone should know to improve object retrieval",
    doi:10.1109/CVPR.2012.6248018.

    Built in: lesson 02.
    """
    rows = np.asarray(descriptors)
    if rows.ndim != 2:
        raise ValueError(f"expected descriptors (N, 128), got shape {rows.shape}: one descriptor is d[None]")
    if not np.isfinite(rows).all() or (rows < 0).any():
        raise ValueError("expected finite descriptors, 0 or more, got a negative one or NaN")
    total = rows.sum(axis=1, keepdims=True, dtype=np.float64)  # (N, 1)
    return np.sqrt(rows / np.where(total > 0, total, 1)).astype(np.float32)


def normalise_descriptors(histograms: FloatArray, clip: float = 0.2) -> FloatArray:
    """Make a descriptor blind to light: length 1, no entry above `clip`, length 1 again.

    The first step cancels contrast; the clip limits what a single strong edge (a glint, say) can do. Zeros stay zeros.

    Args:
        histograms: (N, 128) float, 0 or more.
        clip: largest entry after the first step.

    Returns (N, 128), of the histograms' float type.

    >>> normalise_descriptors(np.array([[0.0, 3.0, 4.0], [0.0, 0.0, 0.0]]), clip=0.6).round(3)
    array([[0.   , 0.707, 0.707],
           [0.   , 0.   , 0.   ]])

    Paper: Lowe (2004), section 6.1.

    Built in: lesson 02.
    """

    def unit(rows: FloatArray) -> FloatArray:
        length = np.linalg.norm(rows, axis=1, keepdims=True)  # (N, 1)
        return rows / np.where(length > 0, length, 1)

    return unit(np.minimum(unit(histograms), clip))


def descriptors_at(layer: FloatArray, x: FloatArray, y: FloatArray, sigma: FloatArray, angle: FloatArray) -> FloatArray:
    """128 numbers for each keypoint: in 4 x 4 cells, how much slope points in each of 8 directions.

    The grid of samples is turned by the keypoint's angle and grows with its sigma (a cell is 3 sigma wide), so it
    lies on the same piece of the scene in every view. A sample votes for the 2 x 2 nearest cells and 2 nearest
    directions, in proportion to its nearness, weighted by a bell of 2 cells. Unlike OpenCV's, which visits every
    pixel, each cell is read on a grid of 4 x 4; so the weights are one matrix for all keypoints.

    Args:
        layer: (H, W) float, blurred to about sigma.
        x, y, sigma: (N,) float, in pixels of the layer.
        angle: (N,) float, radians.

    Returns (N, 128) float32, before any normalising: cell row, cell column, direction (which runs against the
    clock on the screen, as OpenCV's does).

    Paper: Lowe (2004), section 6.1.

    Built in: lesson 02.
    """
    line = (np.arange(READ * (CELLS + 1)) + 0.5) / READ - (CELLS + 1) / 2  # in cells, -2.5 to 2.5
    centres = np.arange(CELLS) - (CELLS - 1) / 2
    near = np.maximum(0, 1 - np.abs(line[:, None] - centres)) * np.exp(-(line[:, None] ** 2) / (CELLS**2 / 2))
    cells = np.kron(near, near)  # (P, 16): how much sample p counts for each cell
    v, u = (axis.ravel() for axis in np.meshgrid(line, line, indexing="ij"))  # (P,) down, right
    width, cos, sin = CELL_WIDTH * sigma[:, None], np.cos(angle)[:, None], np.sin(angle)[:, None]  # (N, 1)
    across = x[:, None] + width * (cos * u - sin * v)  # (N, P)
    down = y[:, None] + width * (sin * u + cos * v)
    dx, dy = (sample(slope, across, down) for slope in gradients(layer))
    turn = (angle[:, None] - np.arctan2(dy, dx)) * DIRECTIONS / (2 * np.pi)  # (N, P) in bins
    apart = np.abs((turn[..., None] - np.arange(DIRECTIONS) + DIRECTIONS / 2) % DIRECTIONS - DIRECTIONS / 2)
    votes = np.maximum(0, 1 - apart) * np.hypot(dx, dy)[..., None]  # (N, P, 8)
    found: FloatArray = np.einsum("npd,pc->ncd", votes, cells, optimize=True).astype(np.float32)  # (N, 16, 8)
    return found.reshape(len(x), -1)  # (N, 128)


def describe(image: UInt8Array | FloatArray, keypoints: Keypoints) -> FloatArray:
    """SIFT descriptors of keypoints that are given, whoever found them.

    Args:
        image: (H, W) grey, uint8 0 to 255 or float 0 to 1.
        keypoints: N of them; each is read in the layer of the scale space nearest to its scale.

    Returns (N, 128) float32, rows of length 1 (of zeros where all is flat). Raises ValueError for keypoints in a
    picture too small to have a scale space.

    Built in: lesson 02.
    """
    return _describe(scale_space(image), keypoints, np.shape(image))


def _describe(octaves: list[Octave], keypoints: Keypoints, shape: tuple[int, ...]) -> FloatArray:
    if len(keypoints) and not octaves:
        raise ValueError(f"expected a picture of at least 7 pixels each way, got {shape}")
    found = np.zeros((len(keypoints), CELLS * CELLS * DIRECTIONS), np.float32)
    level = np.rint(np.log2(keypoints.scale / (0.5 * SIGMA)) * INTERVALS).astype(np.int64) - 1
    octave = np.clip(level // INTERVALS, 0, len(octaves) - 1)
    layer = np.clip(level - INTERVALS * octave + 1, 0, INTERVALS + 2)
    for o, i in np.unique(np.stack([octave, layer], axis=1), axis=0):
        rows = np.flatnonzero((octave == o) & (layer == i))
        for some in np.array_split(rows, -(-len(rows) // AT_ONCE)):
            (x, y), sigma = keypoints.xy[some].T / octaves[o].step, keypoints.scale[some] / octaves[o].step
            found[some] = descriptors_at(octaves[o].layers[i], x, y, sigma, keypoints.angle[some])
    return normalise_descriptors(found)


def detect(octaves: list[Octave]) -> Keypoints:
    """Keypoints of a scale space, each with its directions: one that points two ways is two keypoints.

    Args:
        octaves: as `mmlearn.encode.scale_space.scale_space` gives.

    Returns all of them, octave by octave.

    Built in: lesson 02.
    """
    found = [no_keypoints()]
    for octave in octaves:
        dog = difference_of_gaussians(octave.layers)
        peaks = refine(dog, local_extrema(dog, CONTRAST / INTERVALS / 2))
        for layer in range(1, INTERVALS + 1):
            mine = peaks.layer == layer
            at, y, x = peaks.position[mine].T
            sigma = SIGMA * 2 ** (at / INTERVALS)
            rows, angle = orientations(octave.layers[layer], x, y, sigma)
            xy = np.stack([x, y], axis=1)[rows] * octave.step
            found.append(Keypoints(xy, sigma[rows] * octave.step, angle, np.abs(peaks.value[mine][rows])))
    parts = zip(*((k.xy, k.scale, k.angle, k.response) for k in found), strict=True)
    return Keypoints(*(np.concatenate(part) for part in parts))


def sift(image: UInt8Array | FloatArray, n_keypoints: int | None = None) -> tuple[Keypoints, FloatArray]:
    """Scale-invariant feature transform: find keypoints, measure size and direction, describe what is there.

    The picture is doubled, blurred in steps, and searched for extrema of the differences; each is refined between
    the pixels, edges and weak ones are dropped, directions and descriptors are read from histograms of slopes.
    The settings are Lowe's (sigma 1.6, 3 intervals, contrast 0.04 over the octave, edge 10), as in OpenCV. Unlike
    OpenCV's, slopes are read on grids that grow with the keypoint, rows have length 1 and are not rounded.

    Args:
        image: (H, W) grey, uint8 0 to 255 or float 0 to 1.
        n_keypoints: the strongest so many; None for all.

    Returns N keypoints, the strongest first, and their descriptors (N, 128) float32. A picture that is flat or too
    small (under 7 pixels) has none, in arrays of no rows. Raises ValueError for colour, emptiness, NaN, floats beyond
    0 to 1 or a negative `n_keypoints`; TypeError for another dtype.

    >>> y, x = np.mgrid[:64, :64]
    >>> blob = np.exp(-((x - 30) ** 2 + (y - 33) ** 2) / (2 * 6**2))
    >>> keypoints, descriptors = sift(blob, n_keypoints=1)
    >>> keypoints.xy.round(1), keypoints.scale.round(), descriptors.shape
    (array([[30., 33.]]), array([5.]), (1, 128))

    Paper: Lowe (2004), "Distinctive image features from scale-invariant keypoints",
    doi:10.1023/B:VISI.0000029664.99615.94.

    Built in: lesson 02.
    """
    require_count(n_keypoints)  # before the work
    octaves = scale_space(image)
    keypoints = detect(octaves)
    keypoints = keypoints.select(keypoints.strongest(n_keypoints))
    return keypoints, _describe(octaves, keypoints, np.shape(image))
