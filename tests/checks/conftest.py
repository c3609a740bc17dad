"""Small exercises that the tests of the checks share, and a home of their own for the progress."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmlearn.checks import lent


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh folder for progress, with nothing being built and nothing lent so far."""
    monkeypatch.setattr(lent, "_LENT", {})
    monkeypatch.setenv("MMLEARN_HOME", str(tmp_path))
    monkeypatch.delenv("MMLEARN_BUILDING", raising=False)
    return tmp_path
