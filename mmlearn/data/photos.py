"""Photographs with human captions, from the Hugging Face hub, and the photographs that scikit-image ships."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, overload

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.data.hub import INSTALL_DATASETS, HubSplit, cached_files, fetch, read_parquet, whole
from mmlearn.data.rows import Rows
from mmlearn.data.unavailable import DataUnavailable
from mmlearn.types import IntArray, UInt8Array


@dataclass(frozen=True)
class PhotoSet:
    """One set of captioned photographs as it lies on the hub.

    Built in: lesson 00.
    """

    splits: dict[str, HubSplit]
    columns: tuple[str, ...]  # where the captions are: several columns of text, or one of lists


_FLICKR, _COCO = "jxie/flickr8k", "Multimodal-Fatima/COCO_captions_"
PHOTO_SETS = {
    "flickr8k": PhotoSet(
        {
            "train": HubSplit(_FLICKR, "data/train-*.parquet", "about 0.8 GB"),
            "validation": HubSplit(_FLICKR, "data/validation-*.parquet", "about 0.14 GB"),
            "test": HubSplit(_FLICKR, "data/test-*.parquet", "about 0.14 GB"),
        },
        tuple(f"caption_{number}" for number in range(5)),
    ),
    "coco": PhotoSet(
        {
            "train": HubSplit(_COCO + "train", "data/train-*.parquet", "about 17 GB"),
            "validation": HubSplit(_COCO + "validation", "data/validation-*.parquet", "about 0.8 GB"),
            "test": HubSplit(_COCO + "test", "data/test-*.parquet", "about 0.8 GB"),
        },
        ("sentences_raw",),
    ),
}


class Pictures(Sequence[UInt8Array]):
    """Photographs of different sizes, each decoded when it is asked for and not kept.

    ``pictures[3]`` is (H, W, 3) uint8 RGB 0 to 255; a slice is again a Pictures; so is ``take(positions)``.

    Built in: lesson 00.
    """

    def __init__(self, table: Any, rows: IntArray) -> None:
        self._table, self._rows = table, rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> UInt8Array: ...
    @overload
    def __getitem__(self, index: slice) -> Pictures: ...
    def __getitem__(self, index: int | slice) -> UInt8Array | Pictures:
        if isinstance(index, slice):
            return self.take(index)
        return np.asarray(self._table[int(self._rows[index])]["image"].convert("RGB"))

    def __iter__(self) -> Iterator[UInt8Array]:
        return (self[place] for place in range(len(self)))

    def take(self, index: ArrayLike | slice) -> Pictures:
        """The pictures that `index` names (mask, slice or positions), still undecoded."""
        return Pictures(self._table, self._rows[index if isinstance(index, slice) else np.asarray(index)])


@dataclass(frozen=True, eq=False)
class Photos(Rows):
    """Captioned photographs, one row a photograph.

    captions: N tuples of what people wrote about it, five each (a few of COCO's have six or seven), English.
    images: N pictures, (H, W, 3) uint8 RGB, decoded on access: see `Pictures`.

    Built in: lesson 00.
    """

    captions: tuple[tuple[str, ...], ...]
    images: Pictures

    def select(self, index: ArrayLike | slice) -> Self:
        """Keep the photographs that `index` names, in that order."""
        return replace(super().select(index), images=self.images.take(index))


def photos(
    name: str = "flickr8k", split: str = "train", folder: Path | str | None = None, download: bool = False
) -> Photos:
    """Real photographs, each with five captions that people wrote: Flickr8k or COCO (Karpathy's splits).

    Without `download` the network is never touched: the files come from `folder`, or from the Hugging Face
    cache if they were fetched before. The package `datasets` reads them.

    Args:
        name: "flickr8k" (6,000 / 1,000 / 1,000 photographs) or "coco" (113,287 / 5,000 / 5,000).
        split: "train", "validation" or "test".
        folder: a folder with the split's Parquet files, `train-*.parquet` and so on, at any depth.
        download: fetch the split if it is not here, saying what and how large.

    Returns a Photos. Licence: the captions of COCO are CC BY 4.0; the photographs belong to Flickr's users,
    for research and teaching. Raises DataUnavailable with the exact call to fetch them if they are not here,
    ValueError for an unknown name or split, or columns that are not the set's.

    Reference: Hodosh, Young, Hockenmaier, 2013, doi:10.1613/jair.3994; Lin et al., 2014, arXiv:1405.0312;
    Karpathy, Fei-Fei, 2015, arXiv:1412.2306.

    Built in: lesson 00.
    """
    if name not in PHOTO_SETS:
        raise ValueError(f"unknown photographs {name!r}: choose one of {', '.join(PHOTO_SETS)}")
    chosen = PHOTO_SETS[name]
    if split not in chosen.splits:
        raise ValueError(f"unknown split {split!r} of {name}: choose one of {', '.join(chosen.splits)}")
    files = _files(name, split, folder, download)
    table = read_parquet(files, f"photos {name}, {split}")
    return Photos(_captions(table, chosen.columns, files[0]), Pictures(table, np.arange(len(table))))


def _files(name: str, split: str, folder: Path | str | None, download: bool) -> list[Path]:
    source, what = PHOTO_SETS[name].splits[split], f"photos {name}, {split}"
    if folder is not None:
        pattern = Path(source.pattern).name
        files, why = whole(sorted(Path(folder).rglob(pattern))), f"no complete {pattern} in {folder}"
    else:
        files, why = cached_files(source), f"no copy of {source.repo} in the Hugging Face cache"
        if download and not files:
            files = fetch(source, what)
    if not files:
        call = f'photos("{name}", "{split}", download=True)'
        raise DataUnavailable(what, why, f"{INSTALL_DATASETS}, then in Python: {call}: fetches {source.size}")
    return files


def _captions(table: Any, columns: tuple[str, ...], file: Path) -> tuple[tuple[str, ...], ...]:
    if missing := [column for column in columns if column not in table.column_names]:
        found = ", ".join(table.column_names)
        raise ValueError(f"{file} has no column {', '.join(missing)}; it has {found}: is it another set's file?")
    rows = zip(*(table[column] for column in columns), strict=True)
    return tuple(tuple(text.strip() for cell in row for text in _texts(cell)) for row in rows)


def _texts(cell: str | list[str]) -> list[str]:
    return [cell] if isinstance(cell, str) else cell
