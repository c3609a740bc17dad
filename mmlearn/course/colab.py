"""The badge and the first code cell that let the same notebook run on Colab."""

from __future__ import annotations

import tomllib
from pathlib import Path

CELL = """\
# On Colab this installs the course; where it is installed already, it does nothing. torch stays as it is.
import importlib
import importlib.util
import subprocess
import sys

COURSE = {requirement!r}
if importlib.util.find_spec("mmlearn") is None:
    if not COURSE:
        raise SystemExit("The course is not installed here. In its folder, run: make lab")
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", COURSE], check=True)
    importlib.invalidate_caches()"""


def repository(root: Path) -> str:
    """The repository as "owner/name", from its one place, pyproject.toml; "" if it has none yet."""
    facts = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    name: str = facts["tool"]["mmlearn"]["repository"]
    if name and name.count("/") != 1:
        raise ValueError(f'pyproject.toml, tool.mmlearn.repository: expected "owner/name" or "", got {name!r}')
    return name


def requirement(repo: str) -> str:
    """What pip installs on Colab for the repository "owner/name"; "" without one.

    >>> requirement("someone/course")
    'mmlearn-course @ git+https://github.com/someone/course'
    """
    return f"mmlearn-course @ git+https://github.com/{repo}" if repo else ""


def colab_cell(course: str) -> str:
    """The source of the first code cell, for the requirement that pip is to install."""
    return CELL.format(requirement=course)


def badge(repo: str, name: str) -> str:
    """Markdown of the "Open in Colab" badge of lesson `name`; "" without a repository.

    >>> badge("", "01_modalities")
    ''
    """
    if not repo:
        return ""
    page = f"https://colab.research.google.com/github/{repo}/blob/main/notebooks/{name}.ipynb"
    return f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({page})"
