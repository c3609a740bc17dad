"""Fashion-MNIST: 70,000 grey pictures of clothes in ten classes, from a real shop's catalogue."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from mmlearn.data.hub import INSTALL_DATASETS, HubSplit, cached_files, fetch, read_parquet
from mmlearn.data.rows import Rows
from mmlearn.data.unavailable import DataUnavailable, command_here
from mmlearn.types import IntArray, UInt8Array

WHAT = "products (Fashion-MNIST)"
DEBIAN = Path("/usr/share/datasets/fashion-mnist")  # where the package dataset-fashion-mnist puts it
PREFIX = {"train": "train", "test": "t10k"}
HUB = {
    "train": HubSplit("zalando-datasets/fashion_mnist", "fashion_mnist/train-*.parquet", "about 31 MB"),
    "test": HubSplit("zalando-datasets/fashion_mnist", "fashion_mnist/test-*.parquet", "about 5 MB"),
}


@dataclass(frozen=True, eq=False)
class Products(Rows):
    """Pictures of products with their class.

    images: (N, 28, 28) uint8, grey and negated: 0 is the white background, 255 the darkest cloth.
    labels: (N,) int64, 0 to 9; `Products.names["en"][label]` is the name, "zh" the Chinese one.

    Built in: lesson 00.
    """

    images: UInt8Array
    labels: IntArray

    names: ClassVar[dict[str, tuple[str, ...]]] = {
        "en": ("T-shirt", "trousers", "pullover", "dress", "coat",
               "sandal", "shirt", "trainer", "bag", "ankle boot"),
        "zh": ("T恤", "裤子", "套头衫", "连衣裙", "外套", "凉鞋", "衬衫", "运动鞋", "包", "短靴"),
    }  # fmt: skip


def products(split: str = "train", folder: Path | str | None = None, download: bool = False) -> Products:
    """Fashion-MNIST: 60,000 products to train on or 10,000 to test on, each class equally often.

    Looked for in this order: `folder`, the Debian package's folder, the local Hugging Face cache.

    Args:
        split: "train" or "test".
        folder: where the four `*-ubyte.gz` files of the original release lie, if not in the usual place.
        download: fetch from the hub (31 MB for train, 5 MB for test) if it is nowhere on this machine.

    Returns images (N, 28, 28) uint8 and labels (N,) int64. Licence: MIT, Zalando SE.
    Raises DataUnavailable if it is not here and `download` is False, ValueError for an unknown split.

    >>> Products.names["en"][9], Products.names["zh"][9]
    ('ankle boot', '短靴')

    Reference: Xiao, Rasul, Vollgraf, 2017, arXiv:1708.07747.

    Built in: lesson 00.
    """
    if split not in PREFIX:
        raise ValueError(f"unknown split {split!r}: choose one of {', '.join(PREFIX)}")
    place = DEBIAN if folder is None else Path(folder)
    pictures = place / f"{PREFIX[split]}-images-idx3-ubyte.gz"
    classes = place / f"{PREFIX[split]}-labels-idx1-ubyte.gz"
    if pictures.is_file() and classes.is_file():
        return Products(read_idx(pictures), read_idx(classes).astype(np.int64))
    if folder is not None:
        raise DataUnavailable(WHAT, f"no {pictures.name} and {classes.name} in {folder}", install_products(split))
    files = cached_files(HUB[split]) or (fetch(HUB[split], f"{WHAT}, {split}") if download else [])
    if not files:
        why = f"neither a folder {DEBIAN} nor a copy in the Hugging Face cache"
        online = f"{_online(split)}, {HUB[split].size}"
        apt = f"{install_products(split)}\nElsewhere, once online: {online}"
        raise DataUnavailable(WHAT, why, command_here(apt, online))
    return _from_hub(files)


def install_products(split: str = "train") -> str:
    """How to get the products on this operating system.

    Built in: lesson 00.
    """
    return command_here("sudo apt-get install dataset-fashion-mnist", _online(split))


def _online(split: str) -> str:
    call = f'products("{split}", download=True)'
    return f"{INSTALL_DATASETS}, then in Python: from mmlearn.data import products; {call}"


def read_idx(path: Path) -> UInt8Array:
    """One gzipped IDX file, the format of MNIST: two zero bytes, type 8, the number of axes, their lengths.

    Returns a uint8 array of the shape the file names. Raises ValueError for another type or a file cut short.

    Built in: lesson 00.
    """
    with gzip.open(path, "rb") as file:
        data = file.read()
    if data[:3] != b"\x00\x00\x08":
        raise ValueError(f"{path} is no IDX file of unsigned bytes: it starts with {data[:3].hex(' ')}")
    axes, start = data[3], 4 + 4 * data[3]
    shape = tuple(int(n) for n in np.frombuffer(data[4:start], dtype=">u4", count=axes))
    if len(data) - start != np.prod(shape):
        raise ValueError(f"{path} holds {len(data) - start} bytes, but its header says {shape}")
    return np.frombuffer(data, dtype=np.uint8, offset=start).reshape(shape).copy()


def _from_hub(files: list[Path]) -> Products:
    table = read_parquet(files, WHAT)
    images = np.stack([np.asarray(picture.convert("L")) for picture in table["image"]])  # (N, 28, 28)
    return Products(images, np.asarray(table["label"], dtype=np.int64))
