"""The frozen benchmark: 20,000 scenes to train on and 1,000 unseen ones, the same bytes for ever.

All it needs lies in one file, tables/bench_scenes.npz: drawings, backgrounds, names, templates and one row
of whole numbers a scene. On purpose it shares no code with `scenes`, so that those may grow while figures
measured here stay comparable. Nothing in this file and in that one may change; a test holds the hash.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmlearn.data.rows import Rows
from mmlearn.types import IntArray, StrArray, UInt8Array

FILE = Path(__file__).parent / "tables" / "bench_scenes.npz"
TRAIN, TEST = 20_000, 1_000


@dataclass(frozen=True, eq=False)
class BenchPart(Rows):
    """Pictures of two things, each with the caption that names both, their relation and the place.

    Built in: lesson 00.
    """

    images: UInt8Array  # (n, 64, 64, 3) RGB, 0 to 255
    captions: StrArray  # (n,) English, no two alike
    first: IntArray  # (n,) position in things
    relation: IntArray  # (n,) position in relations: first <relation> second
    second: IntArray  # (n,) position in things, never that of first
    background: IntArray  # (n,) position in backgrounds


@dataclass(frozen=True, eq=False)
class BenchScenes:
    """What `bench_scenes` returns: both parts, and the words that the numbers stand for.

    Built in: lesson 00.
    """

    train: BenchPart  # 20,000
    test: BenchPart  # 1,000, whose combinations of things, relation and background are not in train
    twins: IntArray  # (100, 2) positions in test: one picture, and the one where the two things change places
    things: StrArray  # (100,) "a dog", "a red car"
    codes: StrArray  # (100,) OpenMoji's file names of the things, "1F415"
    relations: StrArray  # (4,) "to the left of", "to the right of", "above", "below"
    backgrounds: StrArray  # (8,) "on the grass", "in the sea"


def bench_scenes() -> BenchScenes:
    """Load the benchmark for image-text retrieval: the same pictures and captions on every machine.

    Every combination (two things, how they stand, background) occurs once among all 21,000, whichever way
    its caption puts it, so a caption fits one picture. Among the 1,000 are 100 pairs of twins, the same two
    things before the same background with their places changed: whoever cannot tell left from right, or
    above from below, gets half of these 200 right. Tune on a slice of train, never on test.

    Returns BenchScenes. It depends on NumPy alone.

    >>> bench = bench_scenes()
    >>> bench.train.images.shape, len(bench.test)
    ((20000, 64, 64, 3), 1000)
    >>> str(bench.test.captions[0])
    'a red apple to the left of a motorcycle in front of the brick wall'

    Built in: lesson 00.
    """
    with np.load(FILE, allow_pickle=False) as stored:
        parts = {name: stored[name] for name in stored.files}
    rows = parts["scenes"].astype(np.int64)  # (21000, 11)
    return BenchScenes(
        train=_part(rows[:TRAIN], parts),
        test=_part(rows[TRAIN : TRAIN + TEST], parts),
        twins=parts["twins"].astype(np.int64),
        things=parts["names"],
        codes=parts["codes"],
        relations=parts["relations"],
        backgrounds=parts["places"],
    )


def _part(rows: IntArray, parts: dict[str, Any]) -> BenchPart:
    first, relation, second, background = rows[:, :4].T.copy()  # (n,) each
    return BenchPart(_draw(rows, parts), _captions(rows, parts), first, relation, second, background)


def _draw(rows: IntArray, parts: dict[str, Any]) -> UInt8Array:
    """Lay both stickers of every scene over its background, in whole numbers: (n, 64, 64, 3) uint8."""
    share = (parts["sprites"][..., 3:].astype(np.uint16) * 256 + 127) // 255  # opacity in 256ths
    light = parts["sprites"][..., :3] * share + 128  # (100, 3, 29, 29, 3): 128 rounds the shift below
    through = 256 - share
    shapes = parts["shapes"].tolist()
    images: UInt8Array = parts["backgrounds"][rows[:, 3]]  # (n, 64, 64, 3)
    for image, row in zip(images, rows.tolist(), strict=True):
        one, _, two, _, one_size, two_size, x1, y1, x2, y2, _ = row
        for thing, size, x, y in ((one, one_size, x1, y1), (two, two_size, x2, y2)):
            height, width = shapes[thing][size]
            patch = image[y : y + height, x : x + width]
            patch[...] = (patch * through[thing, size, :height, :width] + light[thing, size, :height, :width]) >> 8
    return images


def _captions(rows: IntArray, parts: dict[str, Any]) -> StrArray:
    names, relations = parts["names"].tolist(), parts["relations"].tolist()
    places, templates = parts["places"].tolist(), parts["templates"].tolist()
    return np.array(
        [
            templates[row[10]].format(
                first=names[row[0]], relation=relations[row[1]], second=names[row[2]], place=places[row[3]]
            )
            for row in rows.tolist()
        ]
    )
