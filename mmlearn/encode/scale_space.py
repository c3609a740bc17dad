"""Scale space: one picture at every sharpness, and the differences between neighbouring ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlearn.types import FloatArray, UInt8Array

SIGMA = 1.6  # blur of every octave's first layer, in its own pixels
CAMERA_SIGMA = 0.5  # blur that a photograph is taken to have already
INTERVALS = 3  # steps to an octave, in which sigma doubles
SMALLEST = 12  # pixels: no octave is narrower


@dataclass(frozen=True, eq=False)
class Octave:
    """The layers between one sigma and its double, all of one size.

    layers: (INTERVALS + 3, H, W) float32, layer i blurred to ``SIGMA * 2 ** (i / INTERVALS)`` of its own pixels.
    step: pixels of the picture to one pixel of the layers: 0.5 in the first octave, which is the picture doubled.

    Built in: lesson 02.
    """

    layers: FloatArray
    step: float


def as_intensity(image: UInt8Array | FloatArray) -> FloatArray:
    """A grey picture as brightness 0 to 1: uint8 levels are divided by 255, floats are taken as they are.

    Args:
        image: (H, W) uint8 0 to 255, or float 0 to 1; at least one pixel.

    Returns (H, W) float32. Raises ValueError for another shape (a colour picture is not averaged behind your back),
    for no pixels, NaN, or floats beyond 0 to 1; TypeError for another dtype.

    >>> as_intensity(np.array([[0, 51, 255]], dtype=np.uint8))
    array([[0. , 0.2, 1. ]], dtype=float32)

    Built in: lesson 02.
    """
    values: NDArray[Any] = np.asarray(image)
    if values.ndim != 2:
        hint = "in colour? mmlearn.encode.pixels.to_grey" if values.ndim == 3 else "one picture at a time"
        raise ValueError(f"expected one grey picture (H, W), got shape {values.shape}: {hint}")
    if values.size == 0:
        raise ValueError(f"expected at least one pixel, got shape {values.shape}")
    if values.dtype == np.uint8:
        return (values / np.float32(255)).astype(np.float32)
    if values.dtype.kind != "f":
        raise TypeError(f"expected uint8 0 to 255 or float 0 to 1, got {values.dtype}")
    if not np.isfinite(values).all():
        raise ValueError("expected finite brightness, got NaN or infinity")
    if values.min() < 0 or values.max() > 1:
        raise ValueError(f"expected floats 0 to 1, got {values.min():.4g} to {values.max():.4g}: divide levels by 255")
    return values.astype(np.float32)


def gaussian_kernel(sigma: float) -> FloatArray:
    """The bell curve at whole pixels: ``exp(-x^2 / (2 sigma^2))`` for x from -r to r, divided by its sum.

    Args:
        sigma: in pixels, above 0. The curve is cut at r = 4 sigma, rounded.

    Returns (2 r + 1,) float64, sum 1. Raises ValueError for a sigma that is not above 0.

    >>> gaussian_kernel(0.5).round(3)
    array([0.   , 0.106, 0.787, 0.106, 0.   ])

    Built in: lesson 02.
    """
    if not (np.isfinite(sigma) and sigma > 0):
        raise ValueError(f"expected a sigma above 0 pixels, got {sigma}")
    radius = int(4 * sigma + 0.5)
    x = np.arange(-radius, radius + 1)
    bell = np.exp(-(x**2) / (2 * sigma**2))
    kernel: FloatArray = bell / bell.sum()
    return kernel


def gaussian_blur(image: FloatArray, sigma: float) -> FloatArray:
    """Each pixel becomes the mean of its neighbourhood, weighted by a bell curve of width sigma.

    ``G(x, y) = g(x) g(y)``, so rows and columns are blurred in turn. Two blurs in a row are one of
    ``sqrt(s1^2 + s2^2)``. Beyond the edge the picture is mirrored, without repeating the edge itself.

    Args:
        image: (H, W) float.
        sigma: in pixels, above 0.

    Returns (H, W), of the picture's float type. Raises ValueError for a sigma that is not above 0.

    >>> gaussian_blur(np.array([[0.0, 0.0, 1.0, 0.0, 0.0]]), 0.5).round(2)
    array([[0.  , 0.11, 0.79, 0.11, 0.  ]])

    Reference: Koenderink (1984), "The structure of images", doi:10.1007/BF00336961.

    Built in: lesson 02.
    """
    from scipy.ndimage import correlate1d

    kernel = gaussian_kernel(sigma)
    down = correlate1d(image, kernel, axis=0, mode="mirror")  # (H, W)
    blurred: FloatArray = correlate1d(down, kernel, axis=1, mode="mirror")  # (H, W)
    return blurred


def double_size(image: FloatArray) -> FloatArray:
    """Twice as fine: every other pixel is the picture's own, those between are means of their neighbours.

    Pixel (x, y) comes to (2x, 2y) exactly, which a plain resize by 2 misses by half a pixel.

    Args:
        image: (H, W) float.

    Returns (2 H - 1, 2 W - 1), of the picture's type.

    >>> double_size(np.array([[0.0, 1.0, 5.0]]))
    array([[0. , 0.5, 1. , 3. , 5. ]])

    Built in: lesson 02.
    """
    for axis in (0, 1):
        lines = np.moveaxis(image, axis, 0)  # (n, m)
        finer = np.empty((2 * len(lines) - 1, lines.shape[1]), image.dtype)
        finer[::2] = lines
        finer[1::2] = (lines[1:] + lines[:-1]) / 2
        image = np.moveaxis(finer, 0, axis)
    return image


def scale_space(image: UInt8Array | FloatArray) -> list[Octave]:
    """The Gaussian pyramid: the picture doubled and blurred step by step; at each doubling of sigma, halved in size.

    Layer i of an octave has ``sigma_i = 1.6 * 2 ** (i / 3)``. It is reached from the one before by a blur of
    ``sqrt(sigma_i^2 - sigma_(i-1)^2)``. Layer 3, every second pixel of it, starts the next octave. The camera is
    taken to have blurred the picture by 0.5, which the doubling makes 1.

    Args:
        image: (H, W) grey, uint8 0 to 255 or float 0 to 1.

    Returns the octaves, the finest first; none for a picture too small to hold a keypoint. Raises ValueError and
    TypeError as `as_intensity`.

    >>> [(octave.step, octave.layers.shape) for octave in scale_space(np.zeros((20, 30)))]
    [(0.5, (6, 39, 59)), (1.0, (6, 20, 30))]

    Paper: Lowe (2004), "Distinctive image features from scale-invariant keypoints", section 3,
    doi:10.1023/B:VISI.0000029664.99615.94.

    Built in: lesson 02.
    """
    first, step = double_size(as_intensity(image)), 0.5
    first = gaussian_blur(first, float(np.sqrt(SIGMA**2 - (CAMERA_SIGMA / step) ** 2)))
    sigmas = SIGMA * 2 ** (np.arange(INTERVALS + 3) / INTERVALS)
    extra = np.sqrt(np.diff(sigmas**2))  # blur from each layer to the next
    octaves = []
    while min(first.shape) >= SMALLEST:
        layers = [first]
        for sigma in extra:
            layers.append(gaussian_blur(layers[-1], sigma))
        octaves.append(Octave(np.stack(layers), step))
        first, step = layers[INTERVALS][::2, ::2], 2 * step
    return octaves


def difference_of_gaussians(layers: FloatArray) -> FloatArray:
    """What each step of blurring took away: ``D_i = L_(i+1) - L_i``, a band of sizes.

    It is close to ``(k - 1) sigma^2`` times the Laplacian. A bright blob on dark gives a valley (negative), a dark
    one a hill.

    Args:
        layers: (S, H, W) float, each more blurred than the one before.

    Returns (S - 1, H, W).

    >>> difference_of_gaussians(np.array([[[1.0]], [[0.5]], [[0.4]]])).round(1).ravel()
    array([-0.5, -0.1])

    Paper: Lowe (2004), section 3.

    Built in: lesson 02.
    """
    return np.diff(layers, axis=0)
