"""The photographs that come inside scikit-image and scikit-learn: no download, known licences."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from mmlearn.data.rows import Rows
from mmlearn.data.unavailable import DataUnavailable
from mmlearn.types import BoolArray, StrArray, UInt8Array

_TABLE = Path(__file__).parent / "tables" / "science_photos.csv"
_FOLDERS = {"skimage": ("data", "scikit-image"), "sklearn": ("datasets/images", "scikit-learn")}


@dataclass(frozen=True, eq=False)
class SciencePhotos(Rows):
    """A handful of photographs of different sizes, one row each.

    images: N arrays, (H, W, 3) uint8 RGB 0 to 255; the grey ones have three equal channels.
    keys: (N,) str, the file's name without its ending: "chelsea".
    names: "en" and "zh" -> (N,) str, what is on it.
    licences: (N,) str, terms and author.
    grey: (N,) bool, True where the original has no colour.

    Built in: lesson 00.
    """

    images: tuple[UInt8Array, ...]
    keys: StrArray
    names: dict[str, StrArray]
    licences: StrArray
    grey: BoolArray


def science_photos() -> SciencePhotos:
    """Seventeen photographs for SIFT and friends: a cat, coins, a rocket, a stereo pair, a palace ...

    They are read from the installed packages' own files, so nothing is downloaded, whatever scikit-image's
    own loaders would do.

    Returns a SciencePhotos. Licence: each photograph's own, in `licences`; most are CC0 or public domain.
    Raises DataUnavailable if a package or one of its files is missing.

    >>> data = science_photos()
    >>> len(data), data.images[list(data.keys).index("chelsea")].shape
    (17, (300, 451, 3))

    Built in: lesson 00.
    """
    with _TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    pictures = [_read(row["package"], row["file"]) for row in rows]
    return SciencePhotos(
        images=tuple(pictures),
        keys=np.array([Path(row["file"]).stem for row in rows]),
        names={language: np.array([row[language] for row in rows]) for language in ("en", "zh")},
        licences=np.array([row["licence"] for row in rows]),
        grey=np.array([bool((picture == picture[..., :1]).all()) for picture in pictures]),
    )


def _read(package: str, file: str) -> UInt8Array:
    from PIL import Image

    folder, distribution = _FOLDERS[package]
    spec = find_spec(package)
    path = Path(spec.origin).parent / folder / file if spec and spec.origin else None
    if path is None or not path.is_file():
        why = f"no {file} inside the package {package}" if spec else f"no package {package}"
        raise DataUnavailable("science photos", why, f"pip install --upgrade {distribution}")
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))
