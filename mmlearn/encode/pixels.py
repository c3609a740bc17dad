"""Pictures as numbers: grey levels and colour histograms."""

from __future__ import annotations

import numpy as np

from mmlearn.types import FloatArray, UInt8Array

# Thousandths of red, green and blue in brightness (ITU-R BT.601): whole numbers keep the sum exact.
GREY_WEIGHTS = (299, 587, 114)


def to_grey(image: UInt8Array) -> UInt8Array:
    """Brightness of each pixel of an RGB picture.

    ``grey = 0.299 R + 0.587 G + 0.114 B``, rounded to the nearest whole level, a half upwards.
    The weights are those of ITU-R BT.601, which Pillow and OpenCV use too; both work with binary fractions
    and so may differ from this by one level, never more. Linear light is ignored, as they ignore it.

    Args:
        image: (..., H, W, 3) uint8, 0 to 255, channels in the order red, green, blue. A picture read by
            OpenCV is in the order blue, green, red: reverse it first with ``image[..., ::-1]``.

    Returns (..., H, W) uint8, 0 (black) to 255 (white). Raises ValueError for another shape, TypeError for
    another dtype (a sum of uint8 wraps round at 256, so nothing is converted behind your back).

    >>> to_grey(np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], dtype=np.uint8))
    array([[ 76, 150,  29]], dtype=uint8)

    Built in: lesson 01.
    """
    _require_picture(image, channels=(3,), hint="RGBA? Lay it on white first: mmlearn.view.images.on_white")
    red, green, blue = (image[..., channel].astype(np.uint32) for channel in range(3))
    thousandths = GREY_WEIGHTS[0] * red + GREY_WEIGHTS[1] * green + GREY_WEIGHTS[2] * blue
    return ((thousandths + 500) // 1000).astype(np.uint8)


def colour_histogram(images: UInt8Array, bins: int = 4) -> FloatArray:
    """How much of each colour a picture holds, wherever it lies: the picture with its places forgotten.

    Each channel is cut into `bins` equal parts, which makes ``bins ** 3`` boxes in the colour cube; each
    pixel adds its weight to its box, and a picture's boxes sum to one. Unlike the textbook's histogram,
    a pixel of an RGBA picture weighs its alpha, so that transparent paper does not count as black.

    Args:
        images: (N, H, W, 3) RGB or (N, H, W, 4) RGBA, uint8 0 to 255.
        bins: parts of each channel, 1 to 256. Box ``(r * bins + g) * bins + b``.

    Returns (N, bins ** 3) float64, rows sum to one (to zero for a picture that is transparent all over).
    Raises ValueError for another shape or number of bins, TypeError for another dtype.

    >>> red = np.zeros((1, 8, 8, 3), dtype=np.uint8)
    >>> red[..., 0] = 255
    >>> colour_histogram(red, bins=2)
    array([[0., 0., 0., 0., 1., 0., 0., 0.]])

    Reference: Swain and Ballard (1991), "Color indexing", doi:10.1007/BF00130487.

    Built in: lesson 01.
    """
    _require_picture(images, channels=(3, 4), hint="RGB or RGBA, channels last")
    if images.ndim != 4:
        raise ValueError(f"expected (N, H, W, C), got {images.shape}: for one picture use image[None]")
    if not 1 <= bins <= 256:
        raise ValueError(f"expected 1 to 256 bins a channel, got {bins}")
    n, boxes = len(images), bins**3
    part = images[..., :3].astype(np.int64) * bins // 256  # (N, H, W, 3) 0 to bins - 1
    box = (part[..., 0] * bins + part[..., 1]) * bins + part[..., 2]  # (N, H, W)
    box += boxes * np.arange(n)[:, None, None]  # one run of boxes a picture
    weight = images[..., 3] / 255 if images.shape[-1] == 4 else np.ones(box.shape)
    counts = np.bincount(box.ravel(), weight.ravel(), minlength=n * boxes).reshape(n, boxes)
    total = counts.sum(axis=1, keepdims=True)  # (N, 1)
    return counts / np.where(total > 0, total, 1)


def _require_picture(image: UInt8Array, channels: tuple[int, ...], hint: str) -> None:
    if image.dtype != np.uint8:
        raise TypeError(
            f"expected uint8 levels 0 to 255, got {image.dtype}: a float picture 0 to 1 becomes one "
            "by (image * 255).round().astype('uint8')"
        )
    if image.ndim < 3 or image.shape[-1] not in channels:
        wanted = " or ".join(str(count) for count in channels)
        raise ValueError(f"expected (..., H, W, {wanted}), got {image.shape}: {hint}")
