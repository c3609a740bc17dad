"""Easy-VQA: questions about one coloured shape on white, somebody else's benchmark, in one small package."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.data.bar import bar
from mmlearn.data.cache import cached
from mmlearn.data.rows import Rows
from mmlearn.data.unavailable import DataUnavailable, version_of
from mmlearn.types import IntArray, StrArray, UInt8Array

_INSTALL = "easy-vqa>=1.0"
SPLITS = ("train", "test")


@dataclass(frozen=True, eq=False)
class EasyVQA(Rows):
    """Questions, one row each, about pictures that several questions share.

    questions: (Q,) str, English, such as "what color is the shape?".
    answers: (Q,) str, each one of the 13 in `EasyVQA.choices`.
    image_index: (Q,) int64, the row of `images` that the question is about.
    images: (M, 64, 64, 3) uint8 RGB 0 to 255, each picture once. `select` keeps all of them.

    Built in: lesson 00.
    """

    questions: StrArray
    answers: StrArray
    image_index: IntArray
    images: UInt8Array

    choices: ClassVar[tuple[str, ...]] = (
        "circle", "green", "red", "gray", "yes", "teal", "black",
        "rectangle", "yellow", "triangle", "brown", "blue", "no",
    )  # fmt: skip

    def select(self, index: ArrayLike | slice) -> Self:
        """Keep the questions that `index` names; the pictures stay, so that `image_index` stays true."""
        return replace(super().select(index), images=self.images)


def easy_vqa(split: str = "train") -> EasyVQA:
    """The Easy-VQA questions: 38,575 about 4,000 pictures to train on, 9,673 about 1,000 to test on.

    Synthetic: one shape (circle, rectangle, triangle) in one of eight colours. The first call reads the PNG
    files and keeps them in the cache; later ones read the cache.

    Args:
        split: "train" or "test".

    Returns an EasyVQA. Licence: MIT, Victor Zhou. Raises DataUnavailable if the package easy-vqa or its data
    is missing, ValueError for an unknown split.

    >>> data = easy_vqa("test")
    >>> len(data), data.images.shape
    (9673, (1000, 64, 64, 3))
    >>> print(data.questions[0], data.answers[0])
    what is the red shape? triangle

    Built in: lesson 00.
    """
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}: choose one of {', '.join(SPLITS)}")
    folder = _folder(split)
    rows = json.loads((folder / "questions.json").read_text(encoding="utf-8"))  # [question, answer, image id]
    # The package lists its pictures in the order of the file system, which differs between machines: sort.
    ids = sorted(int(path.stem) for path in (folder / "images").glob("*.png"))
    key = {"easy-vqa": version_of(_INSTALL, "easy_vqa")}
    stored = cached(f"easy_vqa_{split}", key, lambda: {"images": _pictures(folder, ids)})
    place = {number: row for row, number in enumerate(ids)}
    return EasyVQA(
        questions=np.array([row[0] for row in rows]),
        answers=np.array([row[1] for row in rows]),
        image_index=np.array([place[row[2]] for row in rows], dtype=np.int64),
        images=stored["images"],
    )


def _folder(split: str) -> Path:
    spec = find_spec("easy_vqa")
    if spec is None or spec.origin is None:
        raise DataUnavailable("easy_vqa", "no package easy_vqa", f'pip install "{_INSTALL}"')
    folder = Path(spec.origin).parent / "data" / split
    if not (folder / "questions.json").is_file():
        why = f"no data/{split}/questions.json in the package easy_vqa"
        raise DataUnavailable("easy_vqa", why, f'pip install --force-reinstall "{_INSTALL}"')
    return folder


def _pictures(folder: Path, ids: list[int]) -> UInt8Array:
    from PIL import Image

    images = np.empty((len(ids), 64, 64, 3), dtype=np.uint8)
    for row, number in enumerate(bar(ids, f"reading easy_vqa {folder.name}")):
        with Image.open(folder / "images" / f"{number}.png") as picture:
            images[row] = np.asarray(picture.convert("RGB"))
    return images
