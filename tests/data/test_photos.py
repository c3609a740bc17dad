"""Captioned photographs: the schema of the hub, written small by the test, read with the network off."""

import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from mmlearn.data import hub
from mmlearn.data.photos import PHOTO_SETS, Pictures, photos
from mmlearn.data.unavailable import DataUnavailable

datasets = pytest.importorskip("datasets", reason="no package datasets: pip install datasets")
if not hasattr(datasets, "Dataset"):  # the repository's own folder, imported where the package is missing
    pytest.skip("no package datasets: pip install datasets", allow_module_level=True)

SIZES = ((20, 30), (33, 17), (8, 8), (40, 10), (12, 12))


def picture(row: int) -> np.ndarray:
    return np.random.default_rng(row).integers(0, 256, (*SIZES[row], 3), dtype=np.uint8)


def caption(row: int, number: int) -> str:
    return f"photograph {row}, as person {number} saw it"


def write(folder: Path, name: str, split: str = "train", parts: int = 2) -> None:
    """Five photographs in the columns that the set has on the hub, in Parquet files named as there."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    rows = range(len(SIZES))
    columns: dict[str, list] = {"image": [Image.fromarray(picture(row)) for row in rows]}
    features = {"image": datasets.Image()}
    if name == "flickr8k":
        for number in range(5):
            columns[f"caption_{number}"] = [caption(row, number) + " " for row in rows]
            features[f"caption_{number}"] = datasets.Value("string")
    else:
        columns["sentences_raw"] = [[caption(row, number) for number in range(5 + row % 2)] for row in rows]
        columns["cocoid"] = list(rows)
        features |= {"sentences_raw": [datasets.Value("string")], "cocoid": datasets.Value("int64")}
    table = datasets.Dataset.from_dict(columns, features=datasets.Features(features))
    for part in range(parts):
        chosen = [row for row in rows if row * parts // len(SIZES) == part]
        table.select(chosen).to_parquet(str(folder / f"{split}-{part:05}-of-{parts:05}-0123abcd.parquet"))


@pytest.fixture(autouse=True)
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "arrow"))


@pytest.mark.parametrize("name", ["flickr8k", "coco"])
def test_a_local_folder_gives_pictures_and_captions_in_order(tmp_path: Path, name: str) -> None:
    write(tmp_path / "mine" / "data", name)
    data = photos(name, folder=tmp_path / "mine")
    assert len(data) == len(data.images) == 5
    for row, image in enumerate(data.images):
        assert image.dtype == np.uint8
        np.testing.assert_array_equal(image, picture(row))
    assert data.captions[0] == tuple(caption(0, number) for number in range(5))
    assert [len(each) for each in data.captions] == [5, 5, 5, 5, 5] if name == "flickr8k" else [5, 6, 5, 6, 5]


def test_select_keeps_pictures_beside_their_captions(tmp_path: Path) -> None:
    write(tmp_path, "flickr8k")
    data = photos("flickr8k", folder=tmp_path).select([4, 1, 1]).select(np.array([True, False, True]))
    assert [text[0] for text in data.captions] == [caption(4, 0), caption(1, 0)]
    np.testing.assert_array_equal(data.images[0], picture(4))
    np.testing.assert_array_equal(data.images[-1], picture(1))
    last = photos("flickr8k", folder=tmp_path).images[3:]
    assert isinstance(last, Pictures) and len(last) == 2
    np.testing.assert_array_equal(last[0], picture(3))
    with pytest.raises(IndexError):
        last[2]


def test_pictures_are_decoded_only_when_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "flickr8k")
    decoded = []
    plain = datasets.Image.decode_example
    monkeypatch.setattr(datasets.Image, "decode_example", lambda *a, **k: decoded.append(1) or plain(*a, **k))
    data = photos("flickr8k", folder=tmp_path).select([0, 3])
    assert decoded == []
    assert data.images[1].shape == (40, 10, 3)
    assert len(decoded) == 1


def in_cache(tmp_path: Path, name: str, split: str = "train") -> Path:
    repo = tmp_path / "hub" / f"datasets--{PHOTO_SETS[name].splits[split].repo.replace('/', '--')}"
    (repo / "refs").mkdir(parents=True)
    (repo / "refs" / "main").write_text("f00", encoding="utf-8")
    write(repo / "snapshots" / "f00" / "data", name, split)
    return repo


def test_what_was_fetched_before_is_found_offline(tmp_path: Path) -> None:
    in_cache(tmp_path, "coco", "validation")
    assert len(photos("coco", "validation")) == 5


def test_a_half_fetched_split_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    repo = in_cache(tmp_path, "flickr8k")
    next((repo / "snapshots").rglob("*-00001-of-00002-*")).unlink()
    with pytest.raises(DataUnavailable, match="no copy of jxie/flickr8k in the Hugging Face cache"):
        photos("flickr8k")
    write(tmp_path / "mine", "flickr8k")
    (tmp_path / "mine" / "train-00000-of-00002-0123abcd.parquet").unlink()
    with pytest.raises(DataUnavailable, match=r"no complete train-\*.parquet"):
        photos("flickr8k", folder=tmp_path / "mine")


def test_missing_names_the_exact_call_and_the_size() -> None:
    with pytest.raises(DataUnavailable) as caught:
        photos("coco", "test")
    assert 'photos("coco", "test", download=True): fetches about 0.8 GB' in caught.value.command
    with pytest.raises(ValueError, match="unknown photographs 'flickr'"):
        photos("flickr")
    with pytest.raises(ValueError, match="unknown split 'val' of coco: choose one of train, validation, test"):
        photos("coco", "val")


def test_the_columns_of_another_set_are_named(tmp_path: Path) -> None:
    write(tmp_path, "coco")
    with pytest.raises(ValueError, match=r"no column caption_0.*it has image, sentences_raw, cocoid"):
        photos("flickr8k", folder=tmp_path)


def test_download_says_what_and_how_large_then_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import huggingface_hub

    asked = []

    def fetch(repo: str, repo_type: str, allow_patterns: list[str]) -> None:
        asked.append((repo, repo_type, allow_patterns))
        in_cache(tmp_path, "flickr8k")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)
    assert len(photos("flickr8k", download=True)) == 5
    assert asked == [("jxie/flickr8k", "dataset", ["data/train-*.parquet"])]
    said = capsys.readouterr().out
    assert "huggingface.co/datasets/jxie/flickr8k: about 0.8 GB" in said
    assert len(photos("flickr8k", download=True)) == 5 and len(asked) == 1  # it is here now: not fetched again


def test_a_hub_that_does_not_answer_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def fail(*_: object, **__: object) -> None:
        raise ConnectionError("no route")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    with pytest.raises(DataUnavailable, match=r"did not deliver jxie/flickr8k .ConnectionError: no route"):
        photos("flickr8k", download=True)


def test_a_folder_called_datasets_is_not_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "flickr8k")
    monkeypatch.setitem(sys.modules, "datasets", ModuleType("datasets"))
    with pytest.raises(DataUnavailable, match="no package datasets to read them"):
        photos("flickr8k", folder=tmp_path)
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataUnavailable, match="no package datasets to read them"):
        photos("flickr8k", folder=tmp_path)


@pytest.mark.parametrize("variable", ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", ""])
def test_the_cache_is_where_huggingface_hub_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "here"))
    code = "from huggingface_hub.constants import HF_HUB_CACHE; print(HF_HUB_CACHE)"
    theirs = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert str(hub._hub_cache()) == theirs.stdout.strip()
