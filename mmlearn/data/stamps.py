"""Tux Paint's stamps: 950 photographs and drawings with captions in 77 languages, and sounds for some."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmlearn.data.bar import bar
from mmlearn.data.cache import cached
from mmlearn.data.render import RESVG
from mmlearn.data.require import several_languages, whole_pixels
from mmlearn.data.rows import Rows
from mmlearn.data.stamp_files import (
    draw_stamp,
    file_sounds,
    missing_stamps,
    read_captions,
    stamp_keys,
    stamps_folder,
    stamps_places,
)
from mmlearn.data.unavailable import version_of
from mmlearn.types import BoolArray, StrArray, UInt8Array

PLAIN = ("military", "symbols/alphabets", "symbols/math", "symbols/money", "symbols/music")
_FAULTS = Path(__file__).parent / "tables" / "stamps_zh_faults.csv"


@dataclass(frozen=True, eq=False)
class Stamps(Rows):
    """Pictures with captions and sounds, one row a stamp, sorted by key.

    images: (N, S, S, 4) uint8 RGBA 0 to 255, straight alpha, the longer side fills the square.
    keys: (N,) str, the path in Tux Paint's folder without the ending: "animals/birds/duck".
    captions: language -> (N,) str, "" where there is no caption (or a faulty Chinese one).
    categories: (N,) str, the first folder of the key: "animals".
    plain: (N,) bool, True for letters, sums, coins, notes and military: `select(~data.plain)` leaves them out.
    effects: (N,) str, path of the sound it makes, "" if none.
    speech: language -> (N,) str, path of its name spoken, "" if none.
    zh_faults: (N,) str, what is wrong with its Chinese caption, "" if nothing is.

    Built in: lesson 00.
    """

    images: UInt8Array
    keys: StrArray
    captions: dict[str, StrArray]
    categories: StrArray
    plain: BoolArray
    effects: StrArray
    speech: dict[str, StrArray]
    zh_faults: StrArray


def stamps(size: int = 128, languages: Sequence[str] = ("en", "zh"), faulty: bool = False) -> Stamps:
    """The stamps that Tux Paint installs, with their captions and sounds.

    The Chinese captions ("zh", which is Tux Paint's zh_CN) were read one by one against the English and the
    picture: those that name something else are "" here. "zh_TW" and all other languages are as they come.

    Args:
        size: pixels a side, 16 to 512. Pictures are made once and kept in the cache.
        languages: whose captions, named as `stamp_languages()` names them.
        faulty: keep the wrong Chinese captions too, to look at; `zh_faults` says what is wrong with each.

    Returns a Stamps. Licences are mixed (GPL, GFDL, CC BY-SA and others): use them, do not pass them on.
    Raises DataUnavailable if Tux Paint's stamps are not installed, ValueError for an unknown language or size.

    Built in: lesson 00.
    """
    size = whole_pixels(size, 16, 512)
    several_languages(languages)
    folder, keys = _found()
    texts = [read_captions(folder / f"{key}.txt") for key in keys]
    known = _languages(texts)
    if unknown := [language for language in languages if language not in known]:
        raise ValueError(f"no captions in {', '.join(unknown)}: choose from {', '.join(known)}")
    faults = _faults(keys, texts)
    captions = {language: np.array([text.get(language, "") for text in texts]) for language in languages}
    if "zh" in captions and not faulty:
        captions["zh"] = np.where(faults == "", captions["zh"], "")
    effects, speech = file_sounds(folder, keys)
    return Stamps(
        images=_images(folder, keys, size),
        keys=np.array(keys),
        captions=captions,
        categories=np.array([key.split("/")[0] for key in keys]),
        plain=np.array([key.startswith(PLAIN) for key in keys]),
        effects=np.array([effects.get(key, "") for key in keys]),
        speech={code: np.array([paths.get(key, "") for key in keys]) for code, paths in sorted(speech.items())},
        zh_faults=faults,
    )


def stamp_languages() -> tuple[str, ...]:
    """The languages that any stamp has a caption in, "en" and "zh" among them, sorted.

    Raises DataUnavailable if Tux Paint's stamps are not installed.

    Built in: lesson 00.
    """
    folder, keys = _found()
    return _languages([read_captions(folder / f"{key}.txt") for key in keys])


def _found() -> tuple[Path, list[str]]:
    folder = stamps_folder()
    if folder is None:
        raise missing_stamps("no folder " + " nor ".join(str(place) for place in stamps_places()))
    keys = stamp_keys(folder)
    if not keys:
        raise missing_stamps(f"{folder} holds no stamps")
    return folder, keys


def _languages(texts: Sequence[dict[str, str]]) -> tuple[str, ...]:
    return tuple(sorted({language for text in texts for language in text}))


def _faults(keys: Sequence[str], texts: Sequence[dict[str, str]]) -> StrArray:
    """The reviewed verdict on each Chinese caption; it lapses when a later release changes the caption.

    The table names a caption by its fingerprint, for the words themselves are Tux Paint's.
    """
    with _FAULTS.open(encoding="utf-8", newline="") as file:
        reviewed = {(row["key"], row["caption_sha256"]): row["why"] for row in csv.DictReader(file)}
    said = [hashlib.sha256(text.get("zh", "").encode()).hexdigest()[:12] for text in texts]
    return np.array([reviewed.get(pair, "") for pair in zip(keys, said, strict=True)])


def _images(folder: Path, keys: Sequence[str], size: int) -> UInt8Array:
    def draw() -> dict[str, np.ndarray]:
        return {"images": np.stack([draw_stamp(folder, key, size) for key in bar(keys, "drawing stamps")])}

    files = [path for key in keys for path in (folder / f"{key}.png", folder / f"{key}.svg") if path.is_file()]
    seen = "\n".join(f"{path.relative_to(folder).as_posix()} {path.stat().st_size}" for path in files)
    made_from = {
        "pictures": hashlib.sha256(seen.encode()).hexdigest(),
        "size": size,
        "resvg-py": version_of(RESVG, "stamps (Tux Paint)"),
        "pillow": version_of("pillow", "stamps (Tux Paint)"),
    }
    return cached("stamps", made_from, draw)["images"]
