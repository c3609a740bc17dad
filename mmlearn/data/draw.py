"""Scenes -> pixels and boxes: stickers laid over painted backgrounds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from mmlearn.data.backgrounds import BACKGROUNDS, draw_background
from mmlearn.data.cache import cached
from mmlearn.data.graph import SIZES, Scene
from mmlearn.data.nouns import nouns
from mmlearn.data.render import drawn_from, render_sticker
from mmlearn.data.require import whole_pixels
from mmlearn.types import IntArray, UInt8Array

SMALLEST, LARGEST = 32, 512  # pixels a side: below, small things are smudges; above, a scene takes 0.8 MB
MOST = 4  # things in a scene
_RECIPE = 1  # count up when the drawing of sprites changes, so that stored ones are made anew

# (height, width, colour times opacity in 256ths (h, w, 3) uint16, what shows through (h, w, 1) uint16)
Sprite = tuple[int, int, IntArray, IntArray]


def draw_scenes(scenes: Sequence[Scene], size: int) -> tuple[UInt8Array, IntArray]:
    """Draw n scenes on squares of `size` pixels.

    A sticker's opacity a is rounded to 256ths, so that laying it over the background needs whole numbers
    alone: ``(a * sticker + (256 - a) * background + 128) // 256``.

    Args:
        scenes: n of them.
        size: pixels a side, 32 to 512.

    Returns images (n, size, size, 3) uint8, RGB 0 to 255, and boxes (n, 4, 4) int64: x0, y0, x1, y1 in
    pixels around what is drawn of each thing, x1 and y1 just outside it; -1 where there is no thing.

    Raises ValueError for a size out of range, DataUnavailable if the stickers are not installed.

    >>> images, boxes = draw_scenes([], 64)
    >>> images.shape, boxes.shape
    ((0, 64, 64, 3), (0, 4, 4))

    Built in: lesson 00.
    """
    size = whole_pixels(size, SMALLEST, LARGEST)
    sprites, papers = _sprites(size), _papers(size)
    order = [_PLACE[scene.background.name] for scene in scenes]
    images = papers[np.array(order, dtype=np.int64)]  # (n, size, size, 3)
    boxes = np.full((len(scenes), MOST, 4), -1, dtype=np.int64)
    for image, box, scene in zip(images, boxes, scenes, strict=True):
        for row, thing in enumerate(scene.things):
            height, width, light, through = sprites[thing.noun.code, thing.size]
            left = round(thing.x * size - width / 2)
            top = round(thing.y * size - height / 2)
            patch = image[top : top + height, left : left + width]
            patch[...] = (patch * through + light) >> 8
            box[row] = left, top, left + width, top + height
    return images, boxes


_PLACE = {place.name: index for index, place in enumerate(BACKGROUNDS)}


@lru_cache(maxsize=2)
def _papers(size: int) -> UInt8Array:
    return np.stack([draw_background(place.name, size) for place in BACKGROUNDS])  # (8, size, size, 3)


@lru_cache(maxsize=2)
def _sprites(size: int) -> dict[tuple[str, str], Sprite]:
    """Every thing in both of its sizes, cropped to what is drawn of it and ready to be laid on."""
    codes = [noun.code for noun in nouns()]
    spans = {name: round(share * size) for name, share in SIZES.items()}
    key = {**drawn_from("color"), "recipe": _RECIPE, "spans": list(spans.values()), "codes": codes}
    stored = cached("scene_sprites", key, lambda: _render(codes, list(spans.values())))
    book: dict[tuple[str, str], Sprite] = {}
    for level, name in enumerate(spans):
        for code, pixels, (height, width) in zip(
            codes, stored[f"pixels{level}"], stored[f"shapes{level}"].tolist(), strict=True
        ):
            pixels = pixels[:height, :width].astype(np.uint16)
            share = (pixels[..., 3:] * 256 + 127) // 255  # opacity in 256ths
            book[code, name] = (height, width, pixels[..., :3] * share + 128, 256 - share)
    return book


def _render(codes: Sequence[str], spans: Sequence[int]) -> dict[str, IntArray]:
    """For each span: pixels{i} (N, span, span, 4) uint8 RGBA, drawn from the top left; shapes{i} (N, 2)."""
    made: dict[str, IntArray] = {}
    for level, span in enumerate(spans):
        pixels = np.zeros((len(codes), span, span, 4), dtype=np.uint8)  # (N, span, span, 4)
        shapes = np.zeros((len(codes), 2), dtype=np.int64)
        for row, code in enumerate(codes):
            sprite = cropped_sticker(code, span)
            shapes[row] = height, width = sprite.shape[:2]
            pixels[row, :height, :width] = sprite
        made[f"pixels{level}"], made[f"shapes{level}"] = pixels, shapes
    return made


def cropped_sticker(code: str, span: int) -> UInt8Array:
    """One sticker without its empty edges, its longer side `span` pixels: (h, w, 4) uint8 RGBA.

    It is drawn four times as large, cropped, and made smaller; Pillow weighs the colours by their opacity, so
    that no dark fringe appears.

    >>> cropped_sticker("1F415", 29).shape
    (25, 29, 4)

    Built in: lesson 00.
    """
    from PIL import Image

    large = render_sticker(code, 4 * span)
    inked = large[..., 3] > 32
    rows, columns = np.flatnonzero(inked.any(1)), np.flatnonzero(inked.any(0))
    large = large[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = span / max(large.shape[:2])
    height, width = (max(1, round(side * scale)) for side in large.shape[:2])
    return np.array(Image.fromarray(large).resize((width, height), Image.Resampling.BOX))  # (h, w, 4)
