"""Tux Paint's folder of stamps: where it is, and how its pictures, captions and sounds are filed."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from mmlearn.data.render import renderer
from mmlearn.data.unavailable import DataUnavailable, command_here
from mmlearn.types import UInt8Array

_CHINESE = {"zh_CN": "zh"}  # Tux Paint's name for it -> the course's


def stamps_folder() -> Path | None:
    """The folder of stamps on this machine, or None; the variable MMLEARN_STAMPS, if set, is the only place tried.

    Built in: lesson 00.
    """
    return next((place for place in stamps_places() if place.is_dir()), None)


def stamps_places() -> list[Path]:
    """Where Tux Paint's installers put the stamps on this operating system, likeliest first.

    Built in: lesson 00.
    """
    if os.environ.get("MMLEARN_STAMPS"):
        return [Path(os.environ["MMLEARN_STAMPS"]).expanduser()]
    if sys.platform == "darwin":
        support = "Library/Application Support/TuxPaint/stamps"
        bundle = Path("/Applications/Tux Paint.app/Contents/Resources")
        return [Path.home() / support, Path("/") / support, bundle / "stamps", bundle / "share/tuxpaint/stamps"]
    if sys.platform == "win32":
        roots = [os.environ.get(name) for name in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")]
        return [Path(root) / "TuxPaint" / "data" / "stamps" for root in roots if root]
    return [Path("/usr/share/tuxpaint/stamps"), Path("/usr/local/share/tuxpaint/stamps")]


def install_stamps() -> str:
    """How to get the stamps on this operating system.

    Built in: lesson 00.
    """
    elsewhere = "take the stamps from tuxpaint.org/download, then set MMLEARN_STAMPS to their folder"
    return command_here("sudo apt-get install tuxpaint-stamps-default", elsewhere)


def missing_stamps(why: str) -> DataUnavailable:
    """The error to raise when they are not here, or not as they should be.

    Built in: lesson 00.
    """
    return DataUnavailable("stamps (Tux Paint)", why, install_stamps())


def stamp_keys(folder: Path) -> list[str]:
    """Every picture that has a caption file, as its path without the ending, sorted: "animals/birds/duck".

    The `_mirror` variants have no caption of their own, so they fall out here.

    Built in: lesson 00.
    """
    stems = {path.with_suffix("") for path in folder.rglob("*") if path.suffix in (".png", ".svg")}
    captioned = [stem for stem in stems if stem.with_name(stem.name + ".txt").is_file()]
    return sorted(stem.relative_to(folder).as_posix() for stem in captioned)


def read_captions(path: Path) -> dict[str, str]:
    """One caption file: its first line is English, each further one is `language.utf8=caption`.

    Languages are named as Tux Paint names them ("fr", "pt_BR", "zh_TW"), save "zh" for its zh_CN.

    Built in: lesson 00.
    """
    first, *rest = path.read_text(encoding="utf-8").splitlines()
    captions = {"en": first.strip()}
    for line in rest:
        language, separator, text = line.partition(".utf8=")
        if separator and text.strip():
            captions[_CHINESE.get(language.strip(), language.strip())] = text.strip()
    return captions


def file_sounds(folder: Path, keys: Iterable[str]) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Find the sounds of each stamp by their names: `duck.ogg` is its effect, `duck_desc_fr.ogg` its name said
    in French, `duck_desc.ogg` in English.

    Returns effects {key: path} and speech {language: {key: path}}.

    Built in: lesson 00.
    """
    known = set(keys)
    effects: dict[str, str] = {}
    speech: dict[str, dict[str, str]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix not in (".ogg", ".wav"):
            continue
        stem = path.relative_to(folder).with_suffix("").as_posix()
        key, described, language = stem.rpartition("_desc")
        if described and key in known:
            code = language.removesuffix(".ogg").lstrip("_") or "en"  # one file of the release ends in .ogg.ogg
            speech.setdefault(_CHINESE.get(code, code), {}).setdefault(key, str(path))
        elif stem in known:
            effects[stem] = str(path)
    return effects, speech


def draw_stamp(folder: Path, key: str, size: int) -> UInt8Array:
    """One stamp, its longer side `size` pixels, in the middle of a transparent square.

    The PNG is taken where there is one, else the SVG is rendered. Pillow weights colours by alpha while it
    resizes, so what is hidden under transparent pixels does not bleed into the edges.

    Returns (size, size, 4) uint8 RGBA with straight alpha.

    Built in: lesson 00.
    """
    from PIL import Image

    file = folder / f"{key}.png"
    source: Path | io.BytesIO = file if file.is_file() else _rendered(folder / f"{key}.svg", size)
    with Image.open(source) as opened:
        picture = opened.convert("RGBA")
    scale = size / max(picture.size)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    square = Image.new("RGBA", (size, size))
    square.paste(picture, ((size - width) // 2, (size - height) // 2))
    return np.asarray(square)


def _rendered(file: Path, size: int) -> io.BytesIO:
    # dpi: 16 of the drawings give their size in points or millimetres, which the default of 0 makes nothing.
    draw = renderer("stamps (Tux Paint)").svg_to_bytes
    png = draw(svg_path=str(file), width=size, height=size, dpi=96, skip_system_fonts=True)
    return io.BytesIO(bytes(png))
