"""The exercises of lesson 01: references, trials, and the wrong answers people really give."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.lesson_01_sound import FRAMES, MEL, SPECTRUM
from mmlearn.types import FloatArray, UInt8Array

Generator = np.random.Generator

# 01.1 grey ------------------------------------------------------------------------------------------------
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
    ),
)

# 01.2 words -----------------------------------------------------------------------------------------------
TEXTS = (
    "Smiling Face, with Heart-Eyes!",
    "jalapeño & piñata: 2 names",
    "狐狸",
    "a FOX, 狐狸 (10)",
    "snake_case …",
    "?!",
)


def _text(text: str) -> Case:
    return Case(repr(text), lambda generator: (text,))


TOKENS = Exercise(
    id="01.2",
    title="Words from a name",
    reference="mmlearn.data.words.tokenize",
    cases=tuple(_text(text) for text in TEXTS),
    mistakes=(
        Mistake(
            lambda text: text.lower().split(),
            'Splitting at spaces leaves the punctuation on the words: "face," is not "face".',
        ),
        Mistake(
            lambda text: re.findall(r"[\u4e00-\u9fff]|[^\W_\u4e00-\u9fff]+", text),
            'You keep capital letters, so "FOX" and "fox" would be two different words.',
        ),
        Mistake(
            lambda text: re.findall(r"\w+", text.lower()),
            r"\w+ takes a whole run of Chinese for one word, and takes the underscore for a letter.",
        ),
        Mistake(
            lambda text: re.findall(r"[^\W_]+", text.lower()),
            "A run of Chinese characters comes out as one word; each character should be a word of its own.",
        ),
        Mistake(
            lambda text: re.findall(r"[a-z]+", text.lower()),
            "[a-z] knows the 26 letters of English alone: é, 10 and 狐 are lost.",
        ),
        Mistake(
            lambda text: re.findall(r"[\u4e00-\u9fff]|[a-z0-9]+", text.lower()),
            "Letters with accents part your words: jalapeño becomes jalape and o.",
        ),
        Mistake(
            lambda text: [letter for letter in text.lower() if letter.isalnum()],
            "Those are characters. That is right for Chinese, but English words should stay whole.",
        ),
    ),
)

# 01.3 cosine ----------------------------------------------------------------------------------------------


def _vectors(generator: Generator, m: int, n: int, d: int) -> tuple[FloatArray, FloatArray]:
    return generator.normal(size=(m, d)), generator.normal(size=(n, d))


def _zero_rows(generator: Generator) -> tuple[FloatArray, FloatArray]:
    a, b = _vectors(generator, 4, 3, 5)
    a[1], b[2] = 0, 0
    return a, b


def _unit(rows: FloatArray, axis: int = 1) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        unit: FloatArray = rows / np.linalg.norm(rows, axis=axis, keepdims=True)
    return unit


def _safe_unit(rows: FloatArray) -> FloatArray:
    return np.nan_to_num(_unit(rows))


COSINE = Exercise(
    id="01.3",
    title="Cosine similarity",
    reference="mmlearn.score.similarity.cosine_similarity",
    cases=(
        Case("5 vectors against 3, width 4", lambda g: _vectors(g, 5, 3, 4)),
        Case("4 against 4, width 4", lambda g: _vectors(g, 4, 4, 4)),
        Case("with a vector of zeros on each side", _zero_rows),
        Case("word counts", lambda g: (g.integers(0, 4, (3, 6)), g.integers(1, 4, (2, 6)))),
    ),
    mistakes=(
        Mistake(lambda a, b: a @ b.T, "That is the dot product: divide by the lengths of both vectors."),
        Mistake(
            lambda a, b: _unit(a) @ _unit(b).T,
            "A vector of zeros has length 0, and 0/0 is NaN: its similarity to anything should be 0.",
        ),
        Mistake(lambda a, b: _safe_unit(a) @ b.T, "You divide by the length of a's vectors but not of b's."),
        Mistake(
            lambda a, b: np.nan_to_num(_unit(a, 0)) @ np.nan_to_num(_unit(b, 0)).T,
            "You divide by the length of the columns (axis 0); a vector is a row, so its length is over axis 1.",
        ),
        Mistake(
            lambda a, b: a @ b.T / (np.linalg.norm(a) * np.linalg.norm(b)),
            "np.linalg.norm without axis=1 gives one number for the whole matrix; each row has its own length.",
        ),
        Mistake(
            lambda a, b: (_safe_unit(a) @ _safe_unit(b).T).T,
            "Your result lies on its side: row i should belong to a's vector i, column j to b's vector j.",
        ),
        Mistake(
            lambda a, b: 1 - _safe_unit(a) @ _safe_unit(b).T,
            "That is the cosine distance; the similarity is 1 minus it.",
        ),
    ),
)

# 01.7 recall ----------------------------------------------------------------------------------------------


def _better(s: FloatArray) -> Any:
    return (s > np.diagonal(s)[:, None]).sum(axis=1)


def _not_worse(s: FloatArray) -> Any:
    return (s >= np.diagonal(s)[:, None]).sum(axis=1)


def _first_of_the_tied(s: FloatArray, k: int) -> float:
    first = np.argsort(-s, axis=1, kind="stable")[:, :k]
    return float((first == np.arange(len(s))[:, None]).any(axis=1).mean())


def _fair(s: FloatArray, k: int) -> float:
    return float(np.clip((k - _better(s)) / (_not_worse(s) - _better(s)), 0, 1).mean())


def _noise(generator: Generator, n: int, k: int) -> tuple[FloatArray, int]:
    return generator.normal(size=(n, n)) + np.eye(n), k


RECALL = Exercise(
    id="01.7",
    title="Recall at k",
    reference="mmlearn.score.retrieval.recall_at_k",
    cases=(
        Case("12 queries, k = 1", lambda g: _noise(g, 12, 1)),
        Case("20 queries, k = 5", lambda g: _noise(g, 20, 5)),
        Case("many ties", lambda g: (g.integers(0, 3, (15, 15)), 3)),
        Case("everything equally similar", lambda g: (np.ones((10, 10)), 2)),
    ),
    mistakes=(
        Mistake(
            lambda s, k: float((_better(s) < k).mean()),
            "You count a tie as a win: a search that finds everything equally similar would be perfect.",
        ),
        Mistake(
            lambda s, k: float((_not_worse(s) <= k).mean()),
            "You count a tie as a loss: share it, (k - better) / tied, cut to 0 ... 1.",
        ),
        Mistake(
            _first_of_the_tied,
            "argsort breaks ties by position, so the first items of the gallery win them: share ties instead.",
        ),
        Mistake(
            lambda s, k: _fair(s.T, k),
            "You look down the columns: a query is a row, its answers are the columns.",
        ),
        Mistake(
            lambda s, k: _fair(-s, k),
            "You look at the least similar items first: sort from the largest similarity down.",
        ),
        Mistake(
            lambda s, k: _fair(s, k + 1),
            "You look at k + 1 answers: with none better the match is first, so better < k, not <= k.",
        ),
        Mistake(
            lambda s, k: _fair(s, k) / k,
            "You divide by k, which is precision; each query has one match, so recall is the share of hits.",
        ),
    ),
)

EXERCISES = (GREY, TOKENS, COSINE, FRAMES, SPECTRUM, MEL, RECALL)
