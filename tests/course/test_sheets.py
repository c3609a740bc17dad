"""Contact sheets: what is drawn where, the same each time, and what may not be passed on."""

from pathlib import Path

import numpy as np
import pytest

from mmlearn.course import sheets as module
from mmlearn.course.sheets import DRAW, PRIVATE, sheet_path, sheets
from mmlearn.data.unavailable import DataUnavailable

DATASETS = Path(__file__).resolve().parents[2] / "datasets"


def tiny():
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(2, 1))
    axis.imshow(module._some(np.arange(100), 12).reshape(3, 4))
    return figure


def missing():
    raise DataUnavailable("nothing", "there is none", "pip install nothing")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "DRAW", {"tiny": tiny, "stamps": tiny, "gone": missing})
    return tmp_path


def test_all_that_are_installed_are_drawn_each_in_its_place(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheets([])
    assert sorted(path.relative_to(root).as_posix() for path in root.rglob("*.png")) == [
        "datasets/tiny.png",
        "work/sheets/stamps.png",
    ]
    assert "gone: left out. nothing: there is none" in capsys.readouterr().out


def test_the_same_data_give_the_same_sheet(root: Path) -> None:
    sheets(["tiny"])
    first = sheet_path("tiny").read_bytes()
    sheets(["tiny"])
    assert sheet_path("tiny").read_bytes() == first


def test_a_named_set_must_exist_and_be_installed(root: Path) -> None:
    with pytest.raises(ValueError, match="no data set tny: choose from tiny, stamps, gone"):
        sheets(["tny"])
    with pytest.raises(DataUnavailable):
        sheets(["gone"])


def test_a_real_sheet_is_drawn(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image

    monkeypatch.setattr(module, "DRAW", DRAW)
    sheets(["science_photos"])
    with Image.open(sheet_path("science_photos")) as picture:
        assert picture.width > 500 and np.asarray(picture.convert("L")).std() > 30


def test_sheets_in_the_repository_are_small_and_may_be_shown() -> None:
    shown = {path.stem: path.stat().st_size for path in DATASETS.glob("*.png")}
    assert shown and set(shown) <= set(DRAW) - set(PRIVATE)
    assert {name: size for name, size in shown.items() if size > 500_000} == {}


def test_cards_show_the_sheets_there_are() -> None:
    for path in DATASETS.glob("*.png"):
        card = path.with_suffix(".md")
        if card.is_file():
            assert f"({path.name})" in card.read_text(encoding="utf-8"), card.name


def test_chinese_lines_never_begin_with_punctuation() -> None:
    text = "草地上，一只狼的右边有一只绿色的大乌龟。"
    for width in range(1, 25):
        lines = module._fill_zh(text, width).split("\n")
        assert "".join(lines) == text
        assert not any(line.startswith(("，", "。")) for line in lines)
        assert max(map(len, lines)) <= width + 1
    assert module._fill_zh("", 5) == ""
