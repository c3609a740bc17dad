"""The course's answers to lesson 04's debugging exercises: the mended program, function by function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmlearn.data.splits import Split
from mmlearn.data.words import STOP_WORDS, tokenize
from mmlearn.encode.pixels import to_grey
from mmlearn.types import FloatArray, StrArray, UInt8Array


def read_grey(path: str) -> UInt8Array:
    """A picture file -> (H, W) uint8, levels 0 to 255; ValueError, with the file's name, for what is no picture."""
    from PIL import Image

    try:
        picture = Image.open(path).convert("RGB")
    except OSError as error:  # no such file, or no picture in it
        raise ValueError(f"cannot read a picture from {path}: {error}") from error
    return to_grey(np.asarray(picture))


def content_words(text: str) -> list[str]:
    """The tokens of a text that are not on the stop list.

    >>> content_words("The fox and the 狐狸")
    ['fox', '狐', '狸']
    """
    return [word for word in tokenize(text) if word not in STOP_WORDS]


def name_tables(train: Sequence[str], test: Sequence[str]) -> tuple[Any, Any]:
    """TF-IDF rows of both lists of texts, vocabulary and idf learned from `train` alone: CSR (n, V) and (m, V)."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    counter = TfidfVectorizer(analyzer=content_words)
    return counter.fit_transform(train), counter.transform(test)


def describe(pictures: Sequence[UInt8Array]) -> list[Any]:
    """The SIFT descriptors of every picture, one array (n, 128) uint8 each; (0, 128) where nothing was found."""
    from skimage.feature import SIFT

    make: Any = SIFT  # untyped in scikit-image
    found = []
    for picture in pictures:
        detector = make()  # a new one each: a used one keeps what it found last
        try:
            detector.detect_and_extract(picture)
            found.append(detector.descriptors)
        except RuntimeError:  # scikit-image's way to say: no keypoints
            found.append(np.zeros((0, 128), dtype=np.uint8))
    return found


def word_counts(descriptors: Sequence[Any], codebook: FloatArray) -> FloatArray:
    """How many descriptors of each picture lie nearest to each word: (N, K) float."""
    counts = np.zeros((len(descriptors), len(codebook)))
    for row, found in enumerate(descriptors):
        apart = ((found[:, None].astype(float) - codebook) ** 2).sum(axis=2)  # (n, K)
        counts[row] = np.bincount(apart.argmin(axis=1), minlength=len(codebook))
    return counts


def unit_rows(rows: FloatArray) -> FloatArray:
    """Every row divided by its length; a row of zeros stays one."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: FloatArray = rows / np.where(length > 0, length, 1)
    return unit


def one_row_each(
    descriptors: Sequence[Any], codebook: FloatArray, names: Any, groups: StrArray
) -> tuple[FloatArray, StrArray]:
    """N pictures and N names -> (X, y): a row [visual words | TF-IDF], both of length 1, and a group for each."""
    image = unit_rows(word_counts(descriptors, codebook))  # (N, K)
    text = unit_rows(names.toarray())  # (N, V)
    return np.hstack((image, text)), groups


def weighted_fusion(
    model: Any, image: FloatArray, text: FloatArray, groups: StrArray, split: Split, weights: Sequence[float]
) -> StrArray:
    """Groups of the test rows, (m,): one model a modality, fitted on train, its probabilities added with weights."""
    from sklearn.base import clone

    see = clone(model).fit(image[split.train], groups[split.train])
    read = clone(model).fit(text[split.train], groups[split.train])
    mixed = weights[0] * see.predict_proba(image[split.test]) + weights[1] * read.predict_proba(text[split.test])
    guessed: StrArray = see.classes_[mixed.argmax(axis=1)]  # (m, C) -> (m,)
    return guessed
