"""Fetching: nothing is downloaded that could not be read afterwards."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from mmlearn.data.hub import HubSplit, fetch
from mmlearn.data.photos import photos
from mmlearn.data.products import products
from mmlearn.data.unavailable import DataUnavailable


@pytest.mark.parametrize("stand_in", [None, ModuleType("datasets")], ids=["nothing", "a folder of that name"])
def test_the_reading_package_is_asked_for_before_anything_is_fetched(
    stand_in: ModuleType | None, tmp_path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import huggingface_hub

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("fetched before looking for the package that reads it")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    monkeypatch.setitem(sys.modules, "datasets", stand_in)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(DataUnavailable, match=r'no package datasets to read them.*\nTo install: pip install "datasets'):
        fetch(HubSplit("nobody/nothing", "*.parquet", "much"), "photos")
    with pytest.raises(DataUnavailable, match="no package datasets"):
        photos("flickr8k", download=True)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("load", [lambda: photos("coco", "test"), lambda: products("test")], ids=["photos", "products"])
def test_the_way_online_names_the_reading_package(load, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(sys.modules["mmlearn.data.products"], "DEBIAN", tmp_path)
    with pytest.raises(DataUnavailable) as caught:
        load()
    assert 'pip install "datasets>=3.0", then in Python: ' in caught.value.command
