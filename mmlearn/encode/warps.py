"""Known changes of a picture: turned, resized, blurred, noisy, each with where every point has gone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mmlearn.encode.scale_space import as_intensity, gaussian_blur
from mmlearn.types import FloatArray, UInt8Array


class View(NamedTuple):
    """A changed picture (H, W) uint8, and the homography (3, 3) that takes old places (x, y, 1) to new ones.

    Built in: lesson 02.
    """

    image: UInt8Array
    homography: FloatArray


def rotate(image: UInt8Array | FloatArray, degrees: float) -> View:
    """Turn a picture about its middle, clockwise as one sees it; the size stays, so corners are cut off.

    Where the turned picture ends, it is mirrored: a black border would have corners and edges of its own, which
    no view of the scene shares.

    Args:
        image: (H, W) grey, uint8 0 to 255 or float 0 to 1.
        degrees: any number; a quarter turn of a square moves whole pixels and loses nothing.

    Returns the View. Raises as `mmlearn.encode.scale_space.as_intensity`.

    >>> rotate(np.array([[10, 20], [30, 40]], dtype=np.uint8), 90).image
    array([[30, 10],
           [40, 20]], dtype=uint8)

    Built in: lesson 02.
    """
    pixels = as_intensity(image)
    x, y = (pixels.shape[1] - 1) / 2, (pixels.shape[0] - 1) / 2
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    homography = np.array([[cos, -sin, x - cos * x + sin * y], [sin, cos, y - sin * x - cos * y], [0, 0, 1]])
    return View(_levels(_draw(pixels, homography, pixels.shape)), homography)


def rescale(image: UInt8Array | FloatArray, factor: float) -> View:
    """Make a picture larger or smaller; before shrinking it is blurred, or fine lines would turn into noise.

    Args:
        image: (H, W) grey, uint8 0 to 255 or float 0 to 1.
        factor: above 0; the new size is rounded to whole pixels, the scale is exact.

    Returns the View. Raises ValueError for a factor that is not above 0 or leaves no pixel.

    >>> rescale(np.zeros((20, 30)), 0.5).image.shape
    (10, 15)

    Built in: lesson 02.
    """
    pixels = as_intensity(image)
    shape = tuple(round(length * factor) if np.isfinite(factor) else 0 for length in pixels.shape)
    if min(shape) < 1:
        raise ValueError(f"expected a factor that leaves at least one pixel, got {factor} for {pixels.shape}")
    if factor < 1:
        pixels = gaussian_blur(pixels, 0.5 * float(np.sqrt(1 / factor**2 - 1)) or 1e-6)
    shift = (factor - 1) / 2  # the outer edges of both pictures meet, not the middles of their first pixels
    homography = np.array([[factor, 0, shift], [0, factor, shift], [0, 0, 1]])
    return View(_levels(_draw(pixels, homography, shape)), homography)


def blur(image: UInt8Array | FloatArray, sigma: float) -> View:
    """A picture out of focus: blurred by a bell of `sigma` pixels; nothing moves.

    >>> blur(np.eye(9), 1.0).image[4, 4], blur(np.eye(9), 1.0).homography.tolist() == np.eye(3).tolist()
    (np.uint8(72), True)

    Built in: lesson 02.
    """
    return View(_levels(gaussian_blur(as_intensity(image), sigma)), np.eye(3))


def add_noise(image: UInt8Array | FloatArray, levels: float, random_state: int = 0) -> View:
    """A picture taken in the dark: every pixel off by a normal number of standard deviation `levels` (of 255).

    Nothing moves; what would fall below 0 or above 255 is set there.

    Args:
        image: (H, W) grey, uint8 0 to 255 or float 0 to 1.
        levels: 0 or more.
        random_state: seed of the noise.

    Returns the View. Raises ValueError for negative levels.

    Built in: lesson 02.
    """
    if not (np.isfinite(levels) and levels >= 0):
        raise ValueError(f"expected noise of 0 levels or more, got {levels}")
    pixels = as_intensity(image)
    noise = np.random.default_rng(random_state).normal(0, levels / 255, pixels.shape)
    return View(_levels(pixels + noise), np.eye(3))


def _draw(pixels: FloatArray, homography: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """Each new pixel looks up where it came from, between the pixels by a cubic spline."""
    from scipy.ndimage import map_coordinates

    y, x = np.mgrid[: shape[0], : shape[1]]
    back = np.linalg.inv(homography)
    old_x = back[0, 0] * x + back[0, 1] * y + back[0, 2]
    old_y = back[1, 0] * x + back[1, 1] * y + back[1, 2]
    drawn: FloatArray = map_coordinates(pixels, np.stack([old_y, old_x]), order=3, mode="mirror")
    return drawn


def _levels(pixels: FloatArray) -> UInt8Array:
    return np.round(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
