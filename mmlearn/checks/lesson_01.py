"""The exercises of lesson 01: here the first, on grey pictures, and the list of them all."""

from __future__ import annotations

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.lesson_01_cosine import COSINE
from mmlearn.checks.lesson_01_recall import RECALL
from mmlearn.checks.lesson_01_sound import FRAMES, MEL, SPECTRUM
from mmlearn.checks.lesson_01_words import TOKENS
from mmlearn.types import FloatArray, UInt8Array

Generator = np.random.Generator

WEIGHTS = np.array([0.299, 0.587, 0.114])


def _picture(generator: Generator, *shape: int) -> tuple[UInt8Array]:
    """Random colours whose brightness never falls on a half, where rounding is a matter of taste."""
    image = generator.integers(0, 256, (*shape, 3)).astype(np.uint8)
    halves = (image.astype(int) @ [299, 587, 114]) % 1000 == 500
    image[halves] = (255, 0, 0)
    return (image,)


def _plain_colours(generator: Generator) -> tuple[UInt8Array]:
    return (np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0]]], dtype=np.uint8),)


def _grey_overflow(image: UInt8Array) -> UInt8Array:
    return (image[..., 0] + image[..., 1] + image[..., 2]) // 3


def _unpacked(image: UInt8Array) -> UInt8Array:
    red, green, blue = image
    grey: UInt8Array = np.round(0.299 * red + 0.587 * green + 0.114 * blue).astype(np.uint8)
    return grey


def _weighted_third_axis(image: UInt8Array) -> FloatArray:
    grey: FloatArray = 0.299 * image[:, :, 0] + 0.587 * image[:, :, 1] + 0.114 * image[:, :, 2]
    return grey


GREY = Exercise(
    id="01.1",
    title="Grey from colour",
    reference="mmlearn.encode.pixels.to_grey",
    cases=(
        Case("red, green, blue, white, black", _plain_colours),
        Case("a 5 x 7 picture", lambda g: _picture(g, 5, 7)),
        Case("two 4 x 6 pictures at once", lambda g: _picture(g, 2, 4, 6)),
    ),
    mistakes=(
        Mistake(
            lambda image: np.round(image[..., ::-1] @ WEIGHTS).astype(np.uint8),
            "Your weights meet the channels in the order blue, green, red; this picture is red, green, blue.",
        ),
        Mistake(
            lambda image: np.round(image.mean(axis=-1)).astype(np.uint8),
            "You take the plain mean of the channels. The eye does not: green weighs 0.587, blue only 0.114.",
        ),
        Mistake(
            _grey_overflow,
            "Your sum wraps round: uint8 holds 0 to 255, so 200 + 100 is 44. Turn it into float first.",
        ),
        Mistake(
            lambda image: (image @ WEIGHTS).astype(np.uint8),
            "astype('uint8') cuts the fraction off, so you are half a level too dark on average: round first.",
        ),
        Mistake(
            lambda image: image @ WEIGHTS,
            "The values are right, but a picture wants whole levels: round, then .astype('uint8').",
        ),
        Mistake(
            lambda image: np.round(image @ np.array([0.2126, 0.7152, 0.0722])).astype(np.uint8),
            "Those are the weights of BT.709 (HDTV). Pillow and OpenCV use BT.601: 0.299, 0.587, 0.114.",
        ),
        Mistake(
            lambda image: np.floor(_weighted_third_axis(image)).astype(np.uint8),
            "Two things: round before you convert, and count the axes from the end, image[..., 0], for many pictures.",
        ),
        Mistake(
            lambda image: np.round(_weighted_third_axis(image)).astype(np.uint8),
            "With many pictures axis 2 is columns, not colours. Count from the end: image[..., 0].",
        ),
        Mistake(
            lambda image: np.round(image @ np.array([0.299, 0.587, 0.144])).astype(np.uint8),
            "Blue weighs 0.114, not 0.144: the three weights must sum to 1, or white is no longer 255.",
        ),
        Mistake(
            lambda image: (299 * image[..., 0] + 587 * image[..., 1] + 114 * image[..., 2]) // 1000,
            "299 does not fit into 8 bits: take 0.299, or widen the picture first with image.astype(int).",
        ),
        Mistake(
            _unpacked,
            "R, G, B = image takes the picture apart along its rows; the colours are the last axis: image[..., 0].",
        ),
        Mistake(
            lambda image: image / 255 @ WEIGHTS,
            "You divide by 255: the levels should stay 0 to 255, whole, of type uint8.",
        ),
        Mistake(
            lambda image: np.round(image / 255 @ WEIGHTS).astype(np.uint8),
            "Divided by 255 and rounded, only 0 and 1 are left: do without the division.",
        ),
    ),
)

EXERCISES = (GREY, TOKENS, COSINE, FRAMES, SPECTRUM, MEL, RECALL)
