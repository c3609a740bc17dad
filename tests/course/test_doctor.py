import importlib.metadata as metadata
import re
from dataclasses import replace
from pathlib import Path

import pytest

from mmlearn.course import doctor
from mmlearn.data.sources import SOURCES

ROOT = Path(__file__).parents[2]


@pytest.fixture
def versions(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Installed versions that a test can bend."""
    bent: dict[str, str] = {}
    real = metadata.version

    def version(name: str) -> str:
        if bent.get(name) == "missing":
            raise metadata.PackageNotFoundError(name)
        return bent.get(name) or real(name)

    monkeypatch.setattr(doctor.metadata, "version", version)
    return bent


def test_this_environment_is_sound_and_only_values_are_the_machines() -> None:
    assert doctor.problems() == []
    for line in doctor.doctor_table():
        assert re.fullmatch(r"[\w ,\-]+? \S+( GB)? \(expected[^)]*\) ok", line), line


def test_every_finding_has_a_cure_where_it_can_fail(versions: dict[str, str]) -> None:
    versions.update(dict.fromkeys(doctor.PACKAGES, "missing"))
    assert doctor.problems() == list(doctor.PACKAGES)
    assert 'pip install "torch>=2.9"' in doctor.full_report()


@pytest.mark.parametrize("version", ["5.0.0", "4.5.1", "missing"])
def test_an_opencv_without_hog_or_none_is_a_problem(versions: dict[str, str], version: str) -> None:
    for name in ("-python-headless", "-python", "-contrib-python", "-contrib-python-headless"):
        versions[f"opencv{name}"] = "missing"
    versions["opencv-python-headless"] = version
    assert doctor.problems() == ["OpenCV"]


@pytest.mark.parametrize(("made_for", "problem"), [("2.13.0", []), ("2.14.1", ["torchvision"])])
def test_a_torchvision_made_for_another_torch_is_a_problem(
    versions: dict[str, str], monkeypatch: pytest.MonkeyPatch, made_for: str, problem: list[str]
) -> None:
    versions.update({"torchvision": "0.28.0", "torch": "2.13.0+cpu"})
    monkeypatch.setattr(doctor, "find_spec", lambda name: name)
    monkeypatch.setattr(
        doctor.metadata, "requires", lambda name: ["numpy", f"torch (=={made_for})".replace(" (", "").rstrip(")")]
    )
    assert doctor.problems() == problem


def test_a_missing_data_set_says_what_it_costs_and_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    source = replace(SOURCES[4], found=lambda: False)
    monkeypatch.setattr(doctor, "SOURCES", (source,))
    report = doctor.full_report()
    assert source.without in report and source.command in report


def test_licences_name_every_source_and_the_readme_does_too() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for source in SOURCES:
        assert source.licence in doctor.licences() and source.attribution in doctor.licences()
        assert source.package.split(" (")[0] in readme, f"README's licences lack {source.package}"
