"""Pictures with a known content: seeded scenes with captions, questions, boxes, and the plan of each."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from mmlearn.data.captions import describe
from mmlearn.data.combinations import allowed
from mmlearn.data.compose import compose
from mmlearn.data.draw import draw_scenes
from mmlearn.data.graph import Scene
from mmlearn.data.questions import Question, ask
from mmlearn.data.rows import Rows
from mmlearn.types import IntArray, StrArray, UInt8Array

# How many random numbers a scene's plan, captions and questions may take. Each part has its own, so that a
# richer caption tomorrow changes no picture.
_PLAN, _WORDS, _ASKING = 24, 12, 12


@dataclass(frozen=True, eq=False)
class Scenes(Rows):
    """What `scenes` returns: n pictures and what is known of each.

    Built in: lesson 00.
    """

    images: UInt8Array  # (n, size, size, 3) RGB, 0 to 255
    captions: dict[str, StrArray]  # "en", "zh": (n,) one sentence each
    boxes: IntArray  # (n, 4, 4) x0, y0, x1, y1 in pixels for each thing of the graph; -1 where there is none
    questions: tuple[tuple[Question, ...], ...]  # n tuples of three to five
    graphs: tuple[Scene, ...]  # n scenes, as they were planned


def scenes(n: int, seed: int = 0, size: int = 64, split: str = "train") -> Scenes:
    """Make n scenes: one to four stickers before one of eight backgrounds.

    The same seed and split give the same scenes in any process, and `scenes(10)` begins `scenes(1000)`. The
    size changes the pixels and boxes alone.

    Args:
        n: how many, 0 or more.
        seed: 0 or more. Splits never share a stream, whatever their seeds.
        size: pixels a side, 32 to 512.
        split: "train", "val" and "test" show the same combinations in other pictures; "new_background" shows
            only things before backgrounds, and "new_relation" only pairs in relations, that those three
            never do (about one combination in eight).

    Returns Scenes. Raises ValueError for a negative n or seed, an unknown split or a size out of range,
    DataUnavailable if the stickers are not installed.

    >>> few = scenes(2)
    >>> few.images.shape
    (2, 64, 64, 3)
    >>> print(few.captions["en"][0], few.captions["zh"][0])
    On the grass, a big green turtle is to the right of a wolf. 草地上，一只狼的右边有一只绿色的大乌龟。
    >>> question = few.questions[0][0]
    >>> print(question.en, question.answer_en, question.zh, question.answer_zh)
    What is to the right of the wolf? turtle 狼的右边是什么？ 乌龟

    Built in: lesson 00.
    """
    rules = allowed(split)
    for name, number in (("n", n), ("seed", seed)):
        if not isinstance(number, int | np.integer) or isinstance(number, bool) or number < 0:
            raise ValueError(f"expected {name} to be a whole number, 0 or more, got {number!r}")
    stream = np.random.Generator(np.random.PCG64([int(seed), zlib.crc32(split.encode())]))
    graphs, captions, questions = [], [], []
    for row in stream.random((int(n), _PLAN + _WORDS + _ASKING)).tolist():
        graph = compose(iter(row[:_PLAN]).__next__, rules)
        graphs.append(graph)
        captions.append(describe(graph, iter(row[_PLAN : _PLAN + _WORDS]).__next__))
        questions.append(ask(graph, rules, iter(row[_PLAN + _WORDS :]).__next__))
    images, boxes = draw_scenes(graphs, size)
    told = {
        language: np.array([caption[language] for caption in captions], dtype=np.str_)  # (n,)
        for language in ("en", "zh")
    }
    return Scenes(images, told, boxes, tuple(questions), tuple(graphs))
