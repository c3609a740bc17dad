"""Lesson 04's debugging exercise on SIFT descriptors by scikit-image: one array a picture, empty or not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from types import FunctionType
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.lesson_04_program import describe
from mmlearn.types import UInt8Array

Generator = np.random.Generator


def _patches(generator: Generator) -> UInt8Array:
    """A picture with corners: 36 x 36 pixels in blocks of six."""
    levels = generator.integers(0, 256, (6, 6)).astype(np.uint8)
    return np.kron(levels, np.ones((6, 6), dtype=np.uint8))


def _flat(level: int) -> UInt8Array:
    return np.full((36, 36), level, dtype=np.uint8)


def _floats(answer: Callable[..., Any], pictures: list[UInt8Array]) -> Any:
    """The arrays as floats, since the type of a descriptor's numbers is not the point here."""
    found = answer(pictures)
    if not isinstance(found, list | tuple):
        return found
    return [each.astype(float) if isinstance(each, np.ndarray) else each for each in found]


def _detector() -> Any:
    from skimage.feature import SIFT

    make: Any = SIFT
    return make()


def _found(picture: UInt8Array) -> Any:
    detector = _detector()
    detector.detect_and_extract(picture)
    return detector.descriptors


def _or_else(picture: UInt8Array, instead: Any) -> Any:
    try:
        return _found(picture)
    except RuntimeError:
        return instead


def _module_called(pictures: list[UInt8Array]) -> Any:
    from skimage.feature import sift

    make: Any = sift
    return [make() for _ in pictures]


def _shadowed(pictures: list[UInt8Array]) -> Any:
    from skimage.feature import SIFT

    sift: Any = SIFT
    found = []
    for picture in pictures:
        sift = sift()
        try:
            sift.detect_and_extract(picture)
            found.append(sift.descriptors)
        except RuntimeError:
            found.append(np.zeros((0, 128)))
    return found


def _stale(pictures: list[UInt8Array]) -> Any:
    detector, found = _detector(), []
    for picture in pictures:
        with suppress(RuntimeError):
            detector.detect_and_extract(picture)
        found.append(detector.descriptors)
    return found


def _returned(picture: UInt8Array) -> Any:
    return _detector().detect_and_extract(picture)


def _until_blank(pictures: list[UInt8Array], last: list[Any]) -> Any:
    """One try around the whole loop; `last` is what follows the pictures before the blank one."""
    found: list[Any] = []
    try:
        for picture in pictures:
            found.append(_found(picture))
    except RuntimeError:
        found += last
    return found


def _by_opencv(picture: UInt8Array) -> Any:
    import cv2

    make: Any = cv2.SIFT_create  # type: ignore[attr-defined]
    return make().detectAndCompute(picture, None)[1]


def _by_opencv_or_empty(picture: UInt8Array) -> Any:
    found = _by_opencv(picture)
    return np.zeros((0, 128)) if found is None else found


def _points(picture: UInt8Array) -> Any:
    detector = _detector()
    try:
        detector.detect_and_extract(picture)
    except RuntimeError:
        return np.zeros((0, 2))
    return detector.keypoints


def _by_lesson_02(picture: UInt8Array) -> Any:
    from mmlearn.encode.opencv_sift import opencv_sift

    return opencv_sift(picture)[1]


# OpenCV is an optional extra: without it its mistakes end in errors, two of them in one and the same.
WITH_OPENCV = (
    Mistake(
        lambda pictures: [_by_opencv_or_empty(picture) for picture in pictures],
        "Those are OpenCV's; use scikit-image's SIFT here. Both are SIFT, yet they find other points.",
    ),
    Mistake(
        lambda pictures: [_by_opencv(picture) for picture in pictures],
        "That is OpenCV, with its None for a blank picture: here scikit-image's SIFT is due, and (0, 128).",
    ),
    Mistake(
        lambda pictures: [_by_lesson_02(picture) for picture in pictures],
        "opencv_sift of lesson 02 leads to OpenCV as well: scikit-image's SIFT has points and numbers of its own.",
    ),
)

DESCRIBE = Exercise(
    id="04.10",
    title="Describe every picture, the blank one too",
    reference="mmlearn.checks.lesson_04_program.describe",
    cases=(
        Case("one picture", lambda g: ([_patches(g)],)),
        Case("two pictures", lambda g: ([_patches(g), _patches(g)],)),
        Case("a blank picture between two others", lambda g: ([_patches(g), _flat(255), _patches(g)],)),
        Case("one blank picture", lambda g: ([_flat(0)],)),
    ),
    mistakes=(
        Mistake(
            _module_called,
            "Fault c: skimage.feature.sift is a module, a file of code, and cannot be called. The class is SIFT.",
        ),
        Mistake(
            lambda pictures: [_detector().detectAndCompute(picture, None)[1] for picture in pictures],
            "Fault d: detectAndCompute is OpenCV's. scikit-image's SIFT has detect_and_extract, and then .descriptors.",
        ),
        Mistake(
            _shadowed,
            "Fault e: sift = sift() takes the class's name away, so the second picture calls an object: two names.",
        ),
        Mistake(
            FunctionType(describe.__code__, {key: value for key, value in globals().items() if key != "np"}),
            "Fault f: NumPy was never imported: import numpy as np.",
        ),
        Mistake(
            lambda pictures: [_found(picture) for picture in pictures],
            "Fault h: a blank picture has no keypoints; scikit-image raises RuntimeError. Catch it: (0, 128) is due.",
        ),
        Mistake(
            lambda pictures: [_returned(picture) for picture in pictures],
            "detect_and_extract returns nothing; read .descriptors afterwards. (And a blank picture raises.)",
        ),
        Mistake(
            lambda pictures: [
                np.zeros((0, 128)) if np.ptp(picture) == 0 else _returned(picture) for picture in pictures
            ],
            "The blank picture is right; but detect_and_extract returns None, and what it found lies in .descriptors.",
        ),
        Mistake(
            lambda pictures: _until_blank(pictures, []),
            "Put the try inside the loop: one blank picture must not cost the others.",
        ),
        Mistake(
            lambda pictures: _until_blank(pictures, [np.zeros((0, 128))]),
            "The blank picture gets its (0, 128), but the loop ends with it: try belongs inside, around one picture.",
        ),
        *(WITH_OPENCV if find_spec("cv2") else ()),
        Mistake(
            lambda pictures: [_or_else(picture, None) for picture in pictures],
            "Fault h: None for a blank picture, as OpenCV gives, breaks the next step. np.zeros((0, 128)) does not.",
        ),
        Mistake(
            lambda pictures: [each for each in (_or_else(p, None) for p in pictures) if each is not None],
            "You leave the blank picture out: from there on, every picture gets the name of its neighbour.",
        ),
        Mistake(
            lambda pictures: [_or_else(picture, np.zeros((1, 128))) for picture in pictures],
            "A row of zeros is a keypoint that nobody saw: no keypoints means no rows, (0, 128).",
        ),
        Mistake(
            _stale,
            "After an error the detector still holds what it found before: the blank picture inherits the last one's.",
        ),
        Mistake(
            lambda pictures: [_or_else(picture, np.zeros(128)) for picture in pictures],
            "A blank picture still has two axes: shape (0, 128), not (128,).",
        ),
        Mistake(
            lambda pictures: np.vstack([_or_else(picture, np.zeros((0, 128))) for picture in pictures]),
            "Stacked in one table nobody knows which rows are whose: keep a list, one array a picture.",
        ),
        Mistake(
            lambda pictures: [_points(picture) for picture in pictures],
            "Those are the keypoints, where it looked; .descriptors holds what it saw there.",
        ),
        Mistake(
            lambda pictures: [_or_else(picture, np.zeros((0, 128))) for picture in pictures[:1]],
            "Only the first picture comes back: does your return stand inside the loop?",
        ),
    ),
    use=_floats,
)
