"""Small exercises that the tests of the checks share, and a home of their own for the progress."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh folder for progress, with nothing being built."""
    monkeypatch.setenv("MMLEARN_HOME", str(tmp_path))
    monkeypatch.delenv("MMLEARN_BUILDING", raising=False)
    return tmp_path
