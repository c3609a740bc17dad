"""Eight places for a scene, drawn from integer noise: the same bytes on every machine, at any size."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mmlearn.data.require import whole_pixels
from mmlearn.types import BoolArray, FloatArray, UInt8Array

LARGEST = 4096  # pixels a side; beyond it painting takes gigabytes
Paint = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True)
class Background:
    """A place: what both languages call being there.

    Built in: lesson 00.
    """

    name: str  # "grass"
    en: str  # "on the grass"
    zh: str  # 草地上: goes before 有, or after 在


BACKGROUNDS = (
    Background("grass", "on the grass", "草地上"),
    Background("beach", "on the beach", "沙滩上"),
    Background("sea", "in the sea", "大海里"),
    Background("sky", "in the sky", "天空中"),
    Background("snow", "in the snow", "雪地上"),
    Background("night", "in the night sky", "夜空中"),
    Background("wall", "in front of the brick wall", "砖墙前"),
    Background("floor", "on the wooden floor", "木地板上"),
)


def draw_background(name: str, size: int) -> UInt8Array:
    """Paint a place on a square: (size, size, 3) uint8, RGB 0 to 255.

    Only sums, products and comparisons of fractions are used, no sine and no library's random stream, so
    the bytes depend on no processor and no version.

    >>> draw_background("grass", 64).shape
    (64, 64, 3)

    Raises ValueError for an unknown name, or a size that is not 1 to 4096 whole pixels.

    Built in: lesson 00.
    """
    if name not in _PAINTS:
        raise ValueError(f"unknown background {name!r}: choose one of {', '.join(_PAINTS)}")
    size = whole_pixels(size, 1, LARGEST)
    across, down = np.meshgrid((np.arange(size) + 0.5) / size, (np.arange(size) + 0.5) / size)
    colour = _PAINTS[name](across, down, _noise(name))  # (size, size, 3)
    painted: UInt8Array = np.clip(np.floor(colour + 0.5), 0, 255).astype(np.uint8)
    return painted


def _noise(name: str) -> FloatArray:
    """A table of 64 x 64 numbers in [0, 1): a linear congruential generator started from the name."""
    state, numbers = zlib.crc32(name.encode()), []
    for _ in range(64 * 64):
        state = (1664525 * state + 1013904223) % 2**32
        numbers.append(state / 2**32)
    return np.array(numbers).reshape(64, 64)  # (64, 64)


def _at(noise: FloatArray, across: FloatArray, down: FloatArray) -> FloatArray:
    """Look the table up at fractions of its side, the nearest entry, wrapping round."""
    entry: FloatArray = noise[(down * 64).astype(int) % 64, (across * 64).astype(int) % 64]
    return entry


def _mix(low: tuple[int, int, int], high: tuple[int, int, int], share: FloatArray) -> FloatArray:
    mixed: FloatArray = np.array(low) + (np.array(high) - np.array(low)) * np.clip(share, 0, 1)[..., None]
    return mixed  # (size, size, 3)


def _lit(colour: FloatArray, spots: BoolArray, by: int) -> FloatArray:
    """Lighter at the spots, or darker where `by` is negative."""
    lit: FloatArray = colour + by * spots[..., None]
    return lit


def _grass(x: FloatArray, y: FloatArray, noise: FloatArray) -> FloatArray:
    blades = _at(noise, x, y * 0.25 + _at(noise, x, x * 0))  # columns of blades, each begun elsewhere
    return _mix((88, 148, 58), (142, 196, 88), blades)


def _beach(x: FloatArray, y: FloatArray, noise: FloatArray) -> FloatArray:
    grains = _at(noise, x, y)
    return _lit(_mix((231, 205, 150), (245, 227, 182), grains), grains > 0.96, -28)


def _sea(x: FloatArray, y: FloatArray, noise: FloatArray) -> FloatArray:
    ripple = np.abs((x * 4) % 1 - 0.5) * 0.06  # zigzag crests instead of sines
    crest = (y + ripple) * 7 % 1
    return _lit(_mix((28, 104, 176), (58, 140, 206), crest), crest > 0.84, 60)


def _sky(x: FloatArray, y: FloatArray, noise: FloatArray) -> FloatArray:
    colour = _mix((146, 204, 250), (205, 233, 255), y)
    for middle, height, wide in ((0.22, 0.2, 0.16), (0.33, 0.24, 0.13), (0.75, 0.62, 0.17), (0.64, 0.66, 0.12)):
        inside = ((x - middle) / wide) ** 2 + ((y - height) / (wide * 0.45)) ** 2 < 1
        colour = np.where(inside[..., None], np.array((246, 250, 255)), colour)
    return colour


def _snow(x: FloatArray, y: FloatArray, noise: FloatArray) -> FloatArray:
    drift = _at(noise, x * 0.125, y * 0.25)
    return _lit(_mix((222, 230, 240), (250, 252, 255), 0.4 + 0.6 * drift), _at(noise, x, y) > 0.97, -26)


def _night(x: FloatArray, y: FloatArray, noise: FloatArray) -> FloatArray:
    stars = _at(noise, x, y) > 0.985
    return np.where(stars[..., None], np.array((255, 246, 200)), _mix((44, 50, 110), (74, 78, 146), y))


def _wall(x: FloatArray, y: FloatArray, noise: FloatArray) -> FloatArray:
    row = np.floor(y * 8)
    along = x * 4 + 0.5 * (row % 2)
    mortar = (y * 8 % 1 < 0.17) | (along % 1 < 0.085)
    brick = _mix((154, 70, 56), (186, 98, 80), _at(noise, np.floor(along) / 64, row / 64))
    return np.where(mortar[..., None], np.array((214, 198, 186)), brick)


def _floor(x: FloatArray, y: FloatArray, noise: FloatArray) -> FloatArray:
    plank = np.floor(x * 5)
    grain = 0.6 * _at(noise, plank / 64, plank * 0) + 0.4 * _at(noise, x, y * 0.12)
    return np.where(
        (x * 5 % 1 < 0.09)[..., None], np.array((122, 82, 44)), _mix((186, 134, 78), (222, 172, 110), grain)
    )


_PAINTS: dict[str, Paint] = {
    "grass": _grass,
    "beach": _beach,
    "sea": _sea,
    "sky": _sky,
    "snow": _snow,
    "night": _night,
    "wall": _wall,
    "floor": _floor,
}
