"""What ``make bench`` measures of the classical pipeline: time, memory and accuracy at 1, 4 and 16 times the data.

Visual words and colours of a sticker, n-grams of its names, one SVM on all (lesson 04's early fusion). Growth is of
the training data: a quarter of the first family split's training stickers, all of them, and all in four drawings
(in colour, in outline, and both mirrored). Whatever the size, the same unseen stickers are asked about, and no
family of theirs is ever trained on.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from mmlearn.types import IntArray, StrArray, UInt8Array

SIZES = (1, 4, 16)
STAGES = ("descriptors", "codebook", "words", "colour", "tf-idf", "SVM")
TEXT: dict[str, Any] = {"analyzer": "char_wb", "ngram_range": (1, 4), "sublinear_tf": True}


class Task(NamedTuple):
    """What the pipeline learns from, or is asked about: N pictures, as many names, their groups and families."""

    pictures: UInt8Array
    names: list[str]
    groups: StrArray
    families: StrArray


def classical() -> list[str]:
    """A table of the pipeline at 1, 4 and 16 times the data, then batch SIFT on one core and on two."""
    from mmlearn.encode.opencv_sift import has_opencv

    if not has_opencv():
        return ["classical pipeline              left out: it needs OpenCV (pip install opencv-python-headless)"]
    return lines([_fresh(size) for size in SIZES]) + _batch_sift()


def lines(runs: list[dict[str, Any]]) -> list[str]:
    """The table of some runs of `measure`: a row a figure, a column a size, and its growth as a power of n."""
    first, sizes = runs[0], [run["n"] for run in runs]
    seconds = {stage: [run["seconds"][stage] for run in runs] for stage in STAGES}
    whole = [sum(run["seconds"].values()) for run in runs]
    head = "classical pipeline, training items"
    table = [f"{head:<36}" + "".join(f"{n:>10,}" for n in sizes) + f"{'grows as':>12}"]
    table.append(_row("  learning, s", whole, sizes, 2))
    for stage, spent in seconds.items():
        share = f"{spent[-1] / whole[-1]:.0%}"
        table.append(_row(f"    {stage}, s", spent, sizes, 2) + f"   {share} of the largest")
    table.append(_row("  memory above start, MB", [run["megabytes"] for run in runs], sizes, 0))
    table.append(_row("  answering, ms an item", [run["answer_ms"] for run in runs], sizes, 1))
    scores = "".join(f"{run['accuracy']:>10.3f}" for run in runs)
    table.append(f"{'  accuracy':<36}{scores}   {first['asked']} unseen, majority {first['majority']:.3f}")
    spans = "".join(f"{'{:.2f}-{:.2f}'.format(*run['interval']):>10}" for run in runs)
    table.append(f"{'    95 % interval':<36}{spans}")
    return table


def exponent(sizes: list[int], values: list[float]) -> float:
    """The p of ``value = c * size ** p`` that fits best, by least squares between the logarithms.

    >>> round(exponent([1, 4, 16], [2.0, 8.0, 32.0]), 3)
    1.0
    """
    return float(np.polyfit(np.log(sizes), np.log(np.maximum(values, 1e-9)), 1)[0])


def _row(label: str, values: list[float], sizes: list[int], digits: int) -> str:
    cells = "".join(f"{value:>10,.{digits}f}" for value in values)
    return f"{label:<36}{cells}{f'n^{exponent(sizes, values):.2f}':>12}"


def _fresh(size: int) -> dict[str, Any]:
    """`measure` in a process of its own, so that its memory is its own."""
    script = f"import json; from mmlearn.course.bench_classical import measure; print(json.dumps(measure({size})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def task(size: int) -> tuple[Task, Task]:
    """What is learned from at this size, and what is asked: 1, 4 or 16 times a quarter of the training stickers."""
    from mmlearn.data import stickers
    from mmlearn.data.splits import family_splits

    deck = stickers()
    keep = np.flatnonzero(deck.groups != "flags")
    split = family_splits(deck.groups[keep], deck.families[keep])[0]
    train: IntArray = np.random.default_rng(0).permutation(keep[split.train])
    quarter = len(train) // 4
    rows = train[: quarter * min(size, 4)]
    drawings = [deck.images]
    if size == 16:
        outlines = stickers(style="line").images
        drawings = [deck.images, outlines, deck.images[:, :, ::-1], outlines[:, :, ::-1]]
    names = [f"{en} {zh}" for en, zh in zip(deck.names["en"], deck.names["zh"], strict=True)]

    def chosen(rows: IntArray, drawings: list[UInt8Array]) -> Task:
        every = np.tile(rows, len(drawings))
        pictures = np.concatenate([drawing[rows] for drawing in drawings])
        return Task(pictures, [names[i] for i in every], deck.groups[every], deck.families[every])

    return chosen(rows, drawings), chosen(keep[split.test], drawings[:1])


def measure(size: int) -> dict[str, Any]:
    """The whole pipeline once: seconds of each stage, memory above the start, accuracy on the unseen stickers."""
    from mmlearn.course.memory import peak_megabytes
    from mmlearn.encode.local import describe
    from mmlearn.encode.pictures import as_grey
    from mmlearn.score.interval import wilson_interval

    learned, asked = task(size)
    describe(as_grey(learned.pictures[:2]), n_jobs=-1)  # loads what is loaded once
    before = peak_megabytes()
    answer, seconds = learn(learned)
    start = time.perf_counter()
    right = answer(asked) == asked.groups
    return {
        "n": len(learned.names),
        "asked": len(asked.names),
        "seconds": seconds,
        "megabytes": peak_megabytes() - before,
        "answer_ms": (time.perf_counter() - start) / len(asked.names) * 1000,
        "accuracy": float(right.mean()),
        "interval": wilson_interval(right),
        "majority": float((asked.groups[:, None] == np.unique(asked.groups)).mean(axis=0).max()),
    }


def learn(learned: Task) -> tuple[Callable[[Task], StrArray], dict[str, float]]:
    """Encoders and classifier, fitted in order: what answers a task with groups, and the seconds of each stage."""
    from mmlearn.encode.colour import ColourHistogram
    from mmlearn.encode.local import describe
    from mmlearn.encode.pictures import as_grey
    from mmlearn.encode.tfidf import TfIdf
    from mmlearn.encode.visual_words import VisualWords
    from mmlearn.fuse.blocks import join_blocks
    from mmlearn.fuse.early import EarlyFusion

    seconds: dict[str, float] = {}

    def timed(stage: str, work: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        made = work()
        seconds[stage] = time.perf_counter() - start
        return made

    words, colour, text = VisualWords(sampling="descriptors", n_jobs=-1), ColourHistogram(), TfIdf(**TEXT)
    found = timed("descriptors", lambda: describe(as_grey(learned.pictures), n_jobs=-1))
    timed("codebook", lambda: words.fit(found))
    blocks = [timed("words", lambda: words.transform(found))]
    blocks.append(timed("colour", lambda: colour.fit_transform(learned.pictures)))
    blocks.append(timed("tf-idf", lambda: text.fit_transform(learned.names)))
    model = EarlyFusion((("words", blocks[0].shape[1]), ("colour", blocks[1].shape[1]), ("text", -1)))
    timed("SVM", lambda: model.fit(join_blocks(blocks), learned.groups))

    def answer(asked: Task) -> StrArray:
        seen = words.transform(describe(as_grey(asked.pictures), n_jobs=-1))
        parts = [seen, colour.transform(asked.pictures), text.transform(asked.names)]
        guessed: StrArray = model.predict(join_blocks(parts))
        return guessed

    return answer, seconds


def _batch_sift(n: int = 400) -> list[str]:
    """Pictures a second through SIFT on a dense grid: one worker and two, the best of three runs each.

    OpenCV's own threads are held at one meanwhile: by itself it would use every core with one worker too.
    """
    import cv2

    from mmlearn.encode.local import describe
    from mmlearn.encode.pictures import as_grey

    pictures = as_grey(task(4)[0].pictures[:n])

    best, own_threads = {1: float("inf"), 2: float("inf")}, cv2.getNumThreads()
    cv2.setNumThreads(1)
    for _ in range(3):  # in turns, so that whatever else the machine does meets both
        for workers in best:
            start = time.perf_counter()
            describe(pictures, n_jobs=workers)
            best[workers] = min(best[workers], time.perf_counter() - start)
    cv2.setNumThreads(own_threads)
    rates = f"{n / best[1]:7.0f} a second, with 2 workers {n / best[2]:.0f}"
    return [f"batch SIFT, dense, 64 px         {rates}: {best[1] / best[2]:.2f} times on {os.cpu_count()} cores"]
