"""The exercises of lesson 02 on SIFT: extrema of the scale space, and the list of the four."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from scipy.ndimage import generate_binary_structure, maximum_filter, minimum_filter

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.lesson_02_descriptor import DESCRIPTOR
from mmlearn.checks.lesson_02_matching import RATIO
from mmlearn.checks.lesson_02_orientation import ORIENTATION
from mmlearn.types import BoolArray, FloatArray, IntArray

Generator = np.random.Generator


def _one_valley(generator: Generator) -> tuple[FloatArray, float]:
    dog = np.zeros((3, 5, 6))
    dog[1, 2, 3] = -1
    return dog, 0.5


def _noise(generator: Generator) -> tuple[FloatArray, float]:
    return generator.normal(size=(5, 13, 11)), 0.8


def _hill_under_water(generator: Generator) -> tuple[FloatArray, float]:
    """A top below zero, and a real hill; deep water all around, uneven so that nothing is equal."""
    dog = -3 - generator.random((3, 7, 12))
    dog[1, 3, 3], dog[1, 3, 8] = -1, 1
    return dog, 0.2


def _pit_beside_hill(generator: Generator) -> tuple[FloatArray, float]:
    """A hill of 1 with a pit of -2 next to it: both count, each for itself."""
    dog = 0.1 * generator.normal(size=(3, 6, 7))
    dog[1, 2, 2], dog[1, 3, 3] = 1, -2
    return dog, 0.5


def _outside(generator: Generator) -> tuple[FloatArray, float]:
    """The highest places lie on the outside."""
    dog = 0.1 * generator.random((4, 6, 7))
    dog[0, 2, 2], dog[2, 0, 5], dog[1, 4, 6], dog[2, 3, 3] = 2, 2, 2, 1
    return dog, 0.5


def _twins(generator: Generator) -> tuple[FloatArray, float]:
    dog = np.zeros((3, 5, 6))
    dog[1, 2, 2] = dog[1, 2, 3] = 1
    return dog, 0.5


def _inner(dog: Any) -> Any:
    return dog[1:-1, 1:-1, 1:-1]


def _found(hit: BoolArray) -> IntArray:
    """Places of an answer (S, H, W), those on the outside left away."""
    return np.argwhere(_inner(hit)) + 1


def _tops(dog: FloatArray, **window: Any) -> BoolArray:
    """Not topped within the window: all 26 neighbours by default."""
    hit: BoolArray = dog == maximum_filter(dog, **(window or {"size": 3}))
    return hit


def _pits(dog: FloatArray, **window: Any) -> BoolArray:
    hit: BoolArray = dog == minimum_filter(dog, **(window or {"size": 3}))
    return hit


def _both(dog: FloatArray, threshold: float, **window: Any) -> BoolArray:
    return (_tops(dog, **window) & (dog > threshold)) | (_pits(dog, **window) & (dog < -threshold))


def _strictly(dog: FloatArray, threshold: float) -> IntArray:
    others = np.ones((3, 3, 3), bool)
    others[1, 1, 1] = False
    hill = (dog > maximum_filter(dog, footprint=others)) & (dog > threshold)
    return _found(hill | (dog < minimum_filter(dog, footprint=others)) & (dog < -threshold))


def _shifted(dog: FloatArray, threshold: float, axis: int) -> IntArray:
    """The 1 is forgotten on one axis."""
    places = _found(_both(dog, threshold))
    places[:, axis] -= 1
    return places


EXTREMA = Exercise(
    id="02.1",
    title="Extrema of a scale space",
    reference="mmlearn.encode.keypoints.local_extrema",
    cases=(
        Case("one valley", _one_valley),
        Case("noise in five layers", _noise),
        Case("a top that lies below zero", _hill_under_water),
        Case("a hill beside a deeper pit", _pit_beside_hill),
        Case("high places on the outside", _outside),
        Case("two equal neighbours", _twins),
        Case("all flat", lambda g: (np.zeros((3, 5, 5)), 0.0)),
    ),
    mistakes=(
        Mistake(
            lambda dog, threshold: _found(_tops(dog) & (dog > threshold)),
            "You find the hills alone. A bright blob gives a valley: look for the lowest of 27 as well.",
        ),
        Mistake(
            lambda dog, threshold: _found(_tops(np.abs(dog)) & (np.abs(dog) > threshold)),
            "You compare absolute values: then a hill beside a deeper pit is lost. Compare the signed ones, twice.",
        ),
        Mistake(
            lambda dog, threshold: _found(_both(dog, threshold, size=(1, 3, 3))),
            "You compare with the 8 neighbours of the same layer; the 9 above and the 9 below count too.",
        ),
        Mistake(
            lambda dog, threshold: _found(_both(dog, threshold, footprint=generate_binary_structure(3, 1))),
            "You compare with 6 neighbours, those that share a face; the diagonal ones make it 26.",
        ),
        Mistake(
            lambda dog, threshold: _found(_tops(dog) | _pits(dog)),
            "The threshold is missing: noise has a hill or a valley every few pixels, and a flat picture everywhere.",
        ),
        Mistake(
            lambda dog, threshold: _found((_tops(dog) | _pits(dog)) & (np.abs(dog) > threshold)),
            "A top that lies below zero is no hill: ask for > threshold at the tops, < -threshold at the bottoms.",
        ),
        Mistake(
            lambda dog, threshold: np.zeros((0, 3), np.int64),
            "You find nothing: join hills and valleys with |, for no place is both; and no place tops itself.",
        ),
        Mistake(
            lambda dog, threshold: _found((_tops(dog) & (dog >= threshold)) | (_pits(dog) & (dog <= -threshold))),
            "What only reaches the threshold does not pass it: > and <, or a flat picture is full of places.",
        ),
        Mistake(
            lambda dog, threshold: _found((_tops(dog) & (dog > threshold)) | (_pits(dog) & (dog < threshold))),
            "Your valleys need only be below `threshold`: they must lie below -threshold.",
        ),
        *(
            Mistake(partial(_shifted, axis=axis), f"The {name} is off by one, the others are not: add 1 to all three.")
            for axis, name in enumerate(("layer", "row", "column"))
        ),
        Mistake(
            lambda dog, threshold: np.argwhere(_inner(_both(dog, threshold))),
            "Every place is off by one: you searched dog[1:-1, 1:-1, 1:-1], so add 1 to its indices.",
        ),
        Mistake(
            lambda dog, threshold: np.argwhere(_both(dog, threshold)),
            "Places on the outside do not have 26 neighbours: leave out the first and last layer, row and column.",
        ),
        Mistake(
            lambda dog, threshold: _found(_both(dog, threshold))[:, [0, 2, 1]],
            "Row and column have changed places: the order is layer, row (y), column (x), as in dog[l, y, x].",
        ),
        Mistake(
            lambda dog, threshold: _found(_both(dog, threshold)).T,
            "One place a row, please: np.argwhere gives that, np.nonzero gives the three axes apart.",
        ),
        Mistake(
            _strictly,
            "An equal neighbour does not top it: compare with >= (or == the highest of all 27), not with >.",
        ),
    ),
)

SIFT = (EXTREMA, ORIENTATION, DESCRIPTOR, RATIO)
