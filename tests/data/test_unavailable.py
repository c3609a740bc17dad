"""What to install: on each system its own way, and a missing package is data that is not here."""

from __future__ import annotations

import sys

import pytest

from mmlearn.data import render
from mmlearn.data.products import install_products
from mmlearn.data.stamp_files import install_stamps
from mmlearn.data.unavailable import DataUnavailable, command_here, version_of


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_apt_is_named_on_linux_alone(monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    monkeypatch.setattr(sys, "platform", system)
    assert command_here("there", "elsewhere") == ("there" if system == "linux" else "elsewhere")
    for command in (install_stamps(), install_products("test"), render.install_noto()):
        assert ("sudo apt-get install" in command) == (system == "linux"), command


def test_elsewhere_there_is_another_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert 'products("test", download=True)' in install_products("test")
    assert "NotoColorEmoji.ttf" in render.install_noto() and "fonts folder" in render.install_noto()


def test_a_package_without_a_version_names_its_command() -> None:
    assert version_of("numpy>=2.0", "arrays")[0].isdigit()
    with pytest.raises(DataUnavailable) as caught:
        version_of("no-such-package>=1.5", "stickers")
    assert (caught.value.what, caught.value.why) == ("stickers", "no package no-such-package")
    assert caught.value.command == 'pip install "no-such-package>=1.5"'
