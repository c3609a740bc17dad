"""Fashion-MNIST from its original files, from the hub's cache, or a clear refusal."""

import gzip
import struct
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from mmlearn.data.products import DEBIAN, Products, products, read_idx
from mmlearn.data.unavailable import DataUnavailable

module = import_module("mmlearn.data.products")  # the package holds the function under this name

IMAGES = np.arange(3 * 28 * 28, dtype=np.uint32).reshape(3, 28, 28).astype(np.uint8)
LABELS = np.array([9, 0, 3], dtype=np.uint8)


def write_idx(path: Path, array: np.ndarray, kind: int = 8) -> None:
    header = struct.pack(">HBB", 0, kind, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_idx(tmp_path / "t10k-images-idx3-ubyte.gz", IMAGES)
    write_idx(tmp_path / "t10k-labels-idx1-ubyte.gz", LABELS)
    return tmp_path


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with neither the Debian package nor a hub cache."""
    monkeypatch.setattr(module, "DEBIAN", tmp_path / "debian")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path


def test_the_original_files_are_read_exactly(folder: Path) -> None:
    data = products("test", folder=folder)
    assert data.images.dtype == np.uint8 and data.labels.dtype == np.int64
    np.testing.assert_array_equal(data.images, IMAGES)
    assert data.labels.tolist() == [9, 0, 3]
    assert [Products.names["zh"][label] for label in data.labels] == ["短靴", "T恤", "连衣裙"]


def test_ten_rows_keep_ten_names(folder: Path) -> None:
    data = products("test", folder=folder).select(np.zeros(10, dtype=int)).select([0])
    assert len(data) == 1 and len(data.names["en"]) == 10


def test_a_file_cut_short_or_of_another_type_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(struct.pack(">HBBI", 0, 8, 1, 5) + b"abcd"))
    with pytest.raises(ValueError, match="holds 4 bytes, but its header says \\(5,\\)"):
        read_idx(path)
    write_idx(path, LABELS, kind=13)
    with pytest.raises(ValueError, match="no IDX file of unsigned bytes: it starts with 00 00 0d"):
        read_idx(path)


def test_missing_says_what_and_how(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(DataUnavailable) as caught:
        products("train")
    assert "sudo apt-get install dataset-fashion-mnist" in caught.value.command
    assert 'products("train", download=True), about 31 MB' in caught.value.command
    with pytest.raises(DataUnavailable, match=r"no train-images-idx3-ubyte\.gz and train-labels"):
        products("train", folder=nowhere)
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(DataUnavailable) as caught:
        products("train")
    assert caught.value.command.startswith("pip install") and "apt-get" not in caught.value.command
    assert 'products("train", download=True), about 31 MB' in caught.value.command
    with pytest.raises(ValueError, match="unknown split 'val'"):
        products("val")


def test_the_hub_copy_gives_the_same(nowhere: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="no package datasets: pip install datasets")
    if not hasattr(datasets, "Dataset"):  # the repository's own folder
        pytest.skip("no package datasets: pip install datasets")
    from PIL import Image

    repo = nowhere / "hub" / "datasets--zalando-datasets--fashion_mnist"
    files = repo / "snapshots" / "abc" / "fashion_mnist"
    files.mkdir(parents=True)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text("abc", encoding="utf-8")
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(num_classes=10)})
    rows = {"image": [Image.fromarray(image) for image in IMAGES], "label": LABELS.tolist()}
    table = datasets.Dataset.from_dict(rows, features=features)
    table.to_parquet(str(files / "test-00000-of-00001.parquet"))
    data = products("test")
    np.testing.assert_array_equal(data.images, IMAGES)
    assert data.labels.tolist() == [9, 0, 3] and data.labels.dtype == np.int64


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="apt package dataset-fashion-mnist is not installed")
def test_debians_copy_is_the_published_set() -> None:
    train, test = products("train"), products("test")
    assert train.images.shape == (60_000, 28, 28) and test.images.shape == (10_000, 28, 28)
    assert np.bincount(train.labels).tolist() == [6_000] * 10
    assert np.bincount(test.labels).tolist() == [1_000] * 10
