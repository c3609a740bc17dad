"""One set of packages, said three times: pyproject.toml (ranges), constraints.txt (pins), environment.yml (conda)."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from rattler import MatchSpec

from mmlearn.course.bootstrap import EXTRAS

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(r.name): str(r.specifier).removeprefix("==") for r in requirements}


def test_every_package_of_pyproject_has_a_pin_inside_its_range() -> None:
    for line in [*PROJECT["dependencies"], *chain(*PROJECT["optional-dependencies"].values())]:
        wanted = Requirement(line)
        assert wanted.specifier.contains(pins()[canonicalize_name(wanted.name)]), line


def test_ranges_stay_wide_and_torch_admits_colabs() -> None:
    ranges = {Requirement(line).name: Requirement(line).specifier for line in PROJECT["dependencies"]}
    assert all("==" not in str(specifier) for specifier in ranges.values())
    assert ranges["torch"].contains("2.11.0")
    assert not any(name in ranges for name in ("torchvision", "timm", "open_clip_torch", "opencv-python"))


def test_conda_gets_a_python_that_the_course_takes_and_pip() -> None:
    specs = [MatchSpec(spec) for spec in CONDA["dependencies"] if isinstance(spec, str)]
    assert [spec.name.normalized for spec in specs] == ["python", "pip"]
    versions = SpecifierSet(CONDA["dependencies"][0].removeprefix("python "))
    takes = SpecifierSet(PROJECT["requires-python"])
    assert versions.contains("3.11.0") and not versions.contains("3.10.9")
    assert all(takes.contains(v) for v in ("3.11.0", "3.12.0", "3.13.0") if versions.contains(v))


def test_conda_hands_over_to_pip_with_the_same_pins_and_extras() -> None:
    [section] = [part["pip"] for part in CONDA["dependencies"] if isinstance(part, dict)]
    assert section == ["-c constraints.txt", f"-e .[{EXTRAS['lab']}]"]
    assert set(EXTRAS["test"].split(",")) == set(PROJECT["optional-dependencies"])


def test_pip_accepts_the_conda_section(online: dict[str, str]) -> None:
    """As conda does it: the section in a file beside environment.yml, given to pip."""
    [section] = [part["pip"] for part in CONDA["dependencies"] if isinstance(part, dict)]
    aside = ROOT / ".conda-pip-section.txt"
    try:
        aside.write_text("\n".join(section), encoding="utf-8")
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "-r", aside.name]
        run = subprocess.run(command, cwd=ROOT, env=online, capture_output=True, text=True)
    finally:
        aside.unlink()
    assert run.returncode == 0, run.stderr
    assert "nvidia" not in run.stdout
