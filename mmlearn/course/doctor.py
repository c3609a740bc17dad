"""Is this machine ready? Versions, cores, memory, data sets, and what a missing one costs you."""

from __future__ import annotations

import importlib.metadata as metadata
import os
import platform
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from mmlearn.data.sources import SOURCES

# What lessons import, with the oldest version that works; the exact tested pins are in constraints.txt.
PACKAGES = {"numpy": "2.0", "torch": "2.9", "transformers": "5.5", "scikit-learn": "1.6", "matplotlib": "3.9"}
GIGABYTE = 1e9


@dataclass(frozen=True)
class Finding:
    """One line of the check-up: what was measured, what was expected, and the cure if it is not so."""

    label: str
    value: str
    expected: str
    fine: bool
    cure: str = ""

    def line(self) -> str:
        """``label value (expected ...) ok``: the value is this machine's, the rest is the same everywhere."""
        return f"{self.label:20} {self.value} (expected {self.expected}) {'ok' if self.fine else 'PROBLEM'}"


def doctor_table() -> list[str]:
    """The check-up in lines for a notebook: only the values differ from one sound machine to another."""
    return [finding.line() for finding in checkup()] + [
        f"{source.name:20} {'✓' if source.found() else '·'} (expected ✓, or · for not here) ok" for source in SOURCES
    ]


def full_report() -> str:
    """The check-up for a terminal: findings with their cures, then data sets with what each missing one costs."""
    lines = ["Machine and packages"]
    for finding in checkup():
        lines.append(
            f"  {'✓' if finding.fine else '✗'} {finding.label:14} {finding.value} (expected {finding.expected})"
        )
        lines += [] if finding.fine else [f"    {finding.cure}"]
    lines.append("Data and voices")
    for source in SOURCES:
        lines.append(f"  {'✓' if source.found() else '·'} {source.name:22} {source.what}")
        if not source.found():
            lines.append(f"      not here; you do without {source.without}. To install: {source.command}")
    wrong = problems()
    lines.append(f"{len(wrong)} problem(s): {', '.join(wrong)}" if wrong else "All is well.")
    return "\n".join(lines)


def problems() -> list[str]:
    """The labels of what is not as the course needs it."""
    return [finding.label for finding in checkup() if not finding.fine]


def licences() -> str:
    """Whose work the course stands on: one paragraph a source."""
    own = "The course: code under MIT, text and figures under CC BY-SA 4.0 (files LICENSE and LICENSE-CC-BY-SA-4.0)."
    return "\n".join([own] + [f"\n{s.name}: {s.what}\n  {s.package}; {s.licence}\n  {s.attribution}" for s in SOURCES])


def checkup() -> list[Finding]:
    """All findings about the machine and the packages; imports none of them, so it takes no time."""
    cores, memory = os.cpu_count() or 1, _memory()
    free = shutil.disk_usage(Path.home()).free / GIGABYTE
    python = platform.python_version()
    return [
        Finding("Python", python, ">= 3.11", _at_least(python, "3.11"), "install a newer Python, then make lab"),
        Finding("cores", str(cores), ">= 1", cores >= 1),
        Finding("memory", f"{memory:.1f} GB", ">= 4 GB", memory >= 4, "close other programs; some lessons need 4 GB"),
        Finding("free disk", f"{free:.0f} GB", ">= 1 GB", free >= 1, "make room: the sticker cache needs some"),
        *(_package(name, oldest) for name, oldest in PACKAGES.items()),
        _opencv(),
        _torchvision(),
    ]


def _package(name: str, oldest: str) -> Finding:
    version = _version(name)
    cure = f'pip install "{name}>={oldest}", or make lab'
    return Finding(name, version or "missing", f">= {oldest}", bool(version) and _at_least(version, oldest), cure)


def _opencv() -> Finding:
    """OpenCV may come from any of four packages; version 5 has no HOG and no cascades."""
    names = ["opencv-python-headless", "opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless"]
    version = next(filter(None, map(_version, names)), "")
    fine = bool(version) and _at_least(version, "4.10") and not _at_least(version, "5")
    return Finding(
        "OpenCV", version or "missing", ">= 4.10, < 5", fine, 'pip install "opencv-python-headless>=4.10,<5"'
    )


def _torchvision() -> Finding:
    """A torchvision made for another torch breaks transformers; none, or the matching one, is fine."""
    if find_spec("torchvision") is None:
        return Finding("torchvision", "none", "none, or made for this torch", True)
    wanted = next((r for r in metadata.requires("torchvision") or [] if r.replace(" ", "").startswith("torch==")), "")
    fine = not wanted or wanted.split("==")[1].split("+")[0].strip() == _version("torch").split("+")[0]
    cure = "pip uninstall torchvision: beside this torch it stops transformers from loading, and the course needs none"
    return Finding("torchvision", _version("torchvision") or "here", "none, or made for this torch", fine, cure)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _at_least(version: str, oldest: str) -> bool:
    from packaging.version import Version

    return Version(version) >= Version(oldest)


def _memory() -> float:
    import psutil

    return float(psutil.virtual_memory().total) / GIGABYTE
