"""Tux Paint's stamps: a folder the test writes, and the real one where it is installed."""

import csv
import hashlib
import io
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmlearn.data import stamp_files, unavailable
from mmlearn.data.stamp_files import draw_stamp, read_captions, stamps_folder, stamps_places
from mmlearn.data.stamps import _FAULTS, stamp_languages, stamps
from mmlearn.data.unavailable import DataUnavailable

module = import_module("mmlearn.data.stamps")  # the package holds the function under this name
INSTALLED = stamps_folder()
RED_SQUARE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{0}">'
    '<rect width="100%" height="100%" fill="#ff0000"/></svg>'
)


def png(width: int, height: int, colour: tuple[int, int, int, int]) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGBA", (width, height), colour).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five stamps and a mirrored one, filed as Tux Paint files them."""
    root = tmp_path / "stamps"
    files: dict[str, bytes | str] = {
        "animals/birds/duck.png": png(60, 30, (0, 0, 255, 255)),
        "animals/birds/duck.txt": "A duck.\nfr.utf8=Un canard.\nzh_CN.utf8=鸭子。\nzh_TW.utf8=鴨子。\n",
        "animals/birds/duck.ogg": b"quack",
        "animals/birds/duck_desc.ogg": b"a duck",
        "animals/birds/duck_desc_fr.ogg": b"un canard",
        "animals/birds/duck_mirror.png": png(60, 30, (0, 0, 255, 255)),
        "animals/mammals/bovines/yak.svg": RED_SQUARE.format("128pt"),
        "animals/mammals/bovines/yak.txt": "A yak.\nzh_CN.utf8=废话。\n",
        "animals/mammals/bears/bear.png": png(8, 8, (90, 60, 30, 255)),
        "animals/mammals/bears/bear.txt": "A bear.\nzh_CN.utf8=熊。\n",  # reviewed as wrong, mended since
        "symbols/math/1.png": png(40, 40, (0, 0, 0, 255)),
        "symbols/math/1.txt": "One.\nzh_CN.utf8=\n",
        "town/both.png": png(20, 20, (0, 128, 0, 255)),
        "town/both.svg": RED_SQUARE.format("20"),
        "town/both.txt": "A green square.\n",
    }
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.setenv("MMLEARN_STAMPS", str(root))
    monkeypatch.setenv("MMLEARN_CACHE", str(tmp_path / "cache"))
    return root


def test_keys_captions_and_flags(tree: Path) -> None:
    data = stamps(32, languages=("en", "zh", "zh_TW", "fr"))
    assert data.keys.tolist() == [
        "animals/birds/duck", "animals/mammals/bears/bear", "animals/mammals/bovines/yak", "symbols/math/1",
        "town/both",
    ]  # fmt: skip
    assert data.captions["en"].tolist() == ["A duck.", "A bear.", "A yak.", "One.", "A green square."]
    assert data.captions["fr"].tolist() == ["Un canard.", "", "", "", ""]
    assert data.captions["zh_TW"][0] == "鴨子。"
    assert data.categories.tolist() == ["animals", "animals", "animals", "symbols", "town"]
    assert data.plain.tolist() == [False, False, False, True, False]
    assert data.select(~data.plain).captions["en"].tolist() == ["A duck.", "A bear.", "A yak.", "A green square."]


def test_a_wrong_chinese_caption_is_blank_unless_asked_for(tree: Path) -> None:
    data = stamps(32)
    assert data.captions["zh"].tolist() == ["鸭子。", "熊。", "", "", ""]
    assert data.zh_faults.tolist() == ["", "", "nonsense, idle talk; a yak is 牦牛", "", ""]
    assert stamps(32, faulty=True).captions["zh"].tolist() == ["鸭子。", "熊。", "废话。", "", ""]


def test_sounds_are_told_apart(tree: Path) -> None:
    data = stamps(32)
    assert Path(data.effects[0]).read_bytes() == b"quack"
    assert Path(data.speech["en"][0]).read_bytes() == b"a duck"
    assert Path(data.speech["fr"][0]).read_bytes() == b"un canard"
    assert data.effects[1:].tolist() == data.speech["en"][1:].tolist() == [""] * 4
    assert sorted(data.speech) == ["en", "fr"]


def test_pictures_fill_a_square_and_lie_on_transparency(tree: Path) -> None:
    assert stamps(48).images.shape == (5, 48, 48, 4)
    images = stamps(32).images
    assert images.shape == (5, 32, 32, 4) and images.dtype == np.uint8
    duck = images[0]  # 60 x 30: the full width, half the height
    assert (duck[8:24] == (0, 0, 255, 255)).all() and not duck[:8].any() and not duck[24:].any()
    assert (images[2] == (255, 0, 0, 255)).all()  # a size in points, which the renderer takes for none
    assert (images[4] == (0, 128, 0, 255)).all()  # PNG and SVG: the PNG


def test_hidden_colours_do_not_bleed_into_the_edge(tmp_path: Path) -> None:
    from PIL import Image

    pixels = np.zeros((64, 64, 4), dtype=np.uint8)
    pixels[..., 1] = 255  # green everywhere, but transparent ...
    pixels[16:48, 16:48] = (255, 255, 255, 255)  # ... around an opaque white middle
    Image.fromarray(pixels).save(tmp_path / "x.png")
    small = draw_stamp(tmp_path, "x", 24)
    seen = small[..., 3] > 20
    assert seen.any() and small[seen][:, 0].min() > 200


def test_a_changed_picture_is_drawn_anew(tree: Path) -> None:
    stamps(32)
    (tree / "town" / "both.png").write_bytes(png(21, 21, (255, 0, 255, 255)))
    assert (stamps(32).images[4] == (255, 0, 255, 255)).all()


def test_languages_and_bad_arguments(tree: Path) -> None:
    assert stamp_languages() == ("en", "fr", "zh", "zh_TW")
    with pytest.raises(ValueError, match="no captions in de: choose from en, fr, zh, zh_TW"):
        stamps(32, languages=("en", "de"))
    with pytest.raises(ValueError, match="expected a size of 16 to 512 whole pixels, got 8"):
        stamps(8)


@pytest.mark.parametrize("size", [64.5, "64", None, True, 513])
def test_a_size_that_is_no_count_of_pixels(tree: Path, size: Any) -> None:
    with pytest.raises(ValueError, match="16 to 512 whole pixels, got"):
        stamps(size)


def test_one_text_is_not_several_languages(tree: Path) -> None:
    with pytest.raises(ValueError, match=r"expected several languages, such as \('en',\), got the text 'en'"):
        stamps(32, languages="en")


def test_a_size_counted_by_numpy_will_do(tree: Path) -> None:
    assert stamps(np.int64(32)).images.shape == (5, 32, 32, 4)


def test_the_cache_notices_another_renderer(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys: list[Any] = []
    monkeypatch.setattr(module, "cached", lambda name, key, make: keys.append(key) or make())
    stamps(32)
    known = unavailable.version
    monkeypatch.setattr(unavailable, "version", lambda name: "99" if name == "resvg-py" else known(name))
    stamps(32)
    assert keys[0] != keys[1]


def test_drawings_are_rendered_without_the_fonts_of_the_machine(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import resvg_py

    asked: list[dict[str, Any]] = []
    plain = resvg_py.svg_to_bytes
    monkeypatch.setattr(resvg_py, "svg_to_bytes", lambda **options: asked.append(options) or plain(**options))
    draw_stamp(tree, "animals/mammals/bovines/yak", 32)
    assert [options["skip_system_fonts"] for options in asked] == [True]


def test_a_missing_renderer_names_its_command(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(DataUnavailable, match=r'no package resvg_py.*\nTo install: pip install "resvg-py'):
        stamps(32)


def test_missing_says_where_it_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMLEARN_STAMPS", str(tmp_path / "none"))
    with pytest.raises(DataUnavailable) as caught:
        stamps()
    assert str(tmp_path / "none") in caught.value.why
    (tmp_path / "none").mkdir()
    with pytest.raises(DataUnavailable, match="holds no stamps"):
        stamps()


@pytest.mark.parametrize(
    ("system", "place", "command"),
    [
        ("linux", "/usr/share/tuxpaint/stamps", "sudo apt-get install tuxpaint-stamps-default"),
        ("darwin", "Application Support/TuxPaint/stamps", "tuxpaint.org/download"),
        ("win32", "TuxPaint/data/stamps", "tuxpaint.org/download"),
    ],
)
def test_each_system_has_its_places(monkeypatch: pytest.MonkeyPatch, system: str, place: str, command: str) -> None:
    monkeypatch.delenv("MMLEARN_STAMPS", raising=False)
    monkeypatch.setenv("PROGRAMFILES", "C:/Program Files")
    monkeypatch.setattr(stamp_files.sys, "platform", system)
    assert any(place in each.as_posix() for each in stamps_places())
    assert command in stamp_files.install_stamps()


def test_the_review_is_in_order_and_gives_reasons() -> None:
    with _FAULTS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    keys = [row["key"] for row in rows]
    assert keys == sorted(set(keys)) and len(keys) == 83
    assert all(re.fullmatch("[0-9a-f]{12}", row["caption_sha256"]) and row["why"] for row in rows)


@pytest.fixture(scope="class")
def own_cache(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMLEARN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.mark.usefixtures("own_cache")
@pytest.mark.skipif(INSTALLED is None, reason="apt package tuxpaint-stamps-default is not installed")
class TestInstalled:
    """Tux Paint's own folder, as of the release of June 2022."""

    def test_counts(self) -> None:
        data = stamps(32)
        assert (len(data), int((~data.plain).sum())) == (950, 716)
        assert (int((data.effects != "").sum()), int((data.speech["en"] != "").sum())) == (134, 65)
        assert len(stamp_languages()) == 78  # the 77 of the files, and their first line: English
        assert set(data.speech) < set(stamp_languages())
        assert "zh" not in data.speech and int((data.speech["fr"] != "").sum()) == 925

    def test_every_reviewed_fault_is_met(self) -> None:
        clean, kept = stamps(32), stamps(32, faulty=True)
        assert int((kept.captions["zh"] != "").sum()) == 773
        assert int((clean.captions["zh"] != "").sum()) == 690
        assert int((clean.zh_faults != "").sum()) == 83

    def test_the_review_quotes_no_caption(self) -> None:
        said = dict(zip(stamps(32).keys.tolist(), stamps(32, faulty=True).captions["zh"].tolist(), strict=True))
        table = _FAULTS.read_text(encoding="utf-8")
        with _FAULTS.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                caption = said[row["key"]]
                assert row["caption_sha256"] == hashlib.sha256(caption.encode()).hexdigest()[:12]
                assert caption not in table, row["key"]

    def test_no_picture_is_blank(self) -> None:
        data = stamps(32)
        assert data.keys[data.images[..., 3].max(axis=(1, 2)) < 100].tolist() == []

    def test_every_caption_file_is_read_whole(self) -> None:
        for path in sorted((INSTALLED or Path()).rglob("*.txt"))[::25]:
            lines = [line for line in path.read_text(encoding="utf-8").splitlines()[1:] if line.strip()]
            assert len(read_captions(path)) == 1 + len([x for x in lines if x.split("=", 1)[1].strip()]), path
