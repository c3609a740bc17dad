"""`check` as a notebook calls it: lookup, print, progress."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from mmlearn.checks import Case, Exercise, check
from mmlearn.checks import check as check_function
from mmlearn.checks.find import exercises, find, lessons
from mmlearn.checks.progress import load
from mmlearn.data.unavailable import DataUnavailable

MODULE = sys.modules[check_function.__module__]


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Exercise:
    exercise = Exercise("99.1", "Double", lambda x: 2 * x, (Case("two", lambda rng: (2,)),), ())
    monkeypatch.setattr(MODULE, "find", lambda exercise_id: exercise)
    return exercise


def test_verdict_progress_and_what_comes_back(double: Exercise, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def mine(x: int) -> int:
        return x + x

    assert check("99.1", ...) is double.reference
    assert load()["99.1"] == ("lent", 0)
    assert check("99.1", lambda x: x) is double.reference
    assert load()["99.1"] == ("tried", 1)
    assert check("99.1", mine) is mine
    assert load()["99.1"] == ("right", 2)
    assert capsys.readouterr().out.splitlines()[-1] == "99.1 ✓ right: 1 case"


def test_a_demonstration_leaves_no_trace(double: Exercise, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for answer in (..., lambda x: x, lambda x: 2 * x):
        check("99.1", answer, record=False)
    assert load() == {}
    assert [line[:6] for line in capsys.readouterr().out.splitlines() if line[0] == "9"] == [
        "99.1 ·",
        "99.1 ✗",
        "99.1 ✓",
    ]
    check("99.1", lambda x: x)
    assert load()["99.1"] == ("tried", 1)


def test_nothing_is_recorded_while_lessons_are_built(
    double: Exercise, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMLEARN_BUILDING", "1")
    check("99.1", ...)
    assert list(home.iterdir()) == []


def test_a_folder_that_cannot_be_written_does_not_stop_the_lesson(
    double: Exercise, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "progress").write_text("a file where the folder should be", encoding="utf-8")
    assert check("99.1", ...) is double.reference
    assert "progress could not be saved" in capsys.readouterr().out


def test_a_missing_data_set_is_said_and_the_notebook_runs_on(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(rng: object) -> tuple[int]:
        raise DataUnavailable("Stamps", "no folder", "pip install stamps")

    exercise = Exercise("99.1", "Stamps", max, (Case("stamps", make),), ())
    monkeypatch.setattr(MODULE, "find", lambda exercise_id: exercise)
    assert check("99.1", min) is max
    out = capsys.readouterr().out
    assert out.startswith(
        "99.1 · cannot be checked on this machine. Stamps: no folder.\nTo install: pip install stamps"
    )


def test_a_terminal_without_the_mark_still_gets_the_verdict(
    double: Exercise, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", old)
    check("99.1", lambda x: 2 * x)
    old.flush()
    assert old.buffer.getvalue().decode("cp1252").strip() == "99.1 ? right: 1 case"  # type: ignore[attr-defined]


def test_an_unknown_exercise_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no exercise 00\.77\. Known here:\n  00\.1 "):
        check("00.77", None)
    with pytest.raises(ValueError, match=r"no exercise 98\.1\. Known here:\n  00\.1 "):
        check("98.1", None)


def test_something_else_in_the_place_of_the_id() -> None:
    for wrong in (1.2, "1.2", "exercise 01.2", check):
        with pytest.raises(ValueError, match=r"in quotes, such as \"01\.2\""):
            check(wrong, None)  # type: ignore[arg-type]


def test_find_gives_the_declared_one() -> None:
    first = lessons()[0]
    assert find(f"{first}.1") is exercises(first)[0]
    with pytest.raises(ValueError, match="no exercises for lesson '98'"):
        exercises("98")


def test_an_exercise_needs_a_proper_id() -> None:
    with pytest.raises(ValueError, match=r"such as '01\.2', got '1\.2'"):
        Exercise("1.2", "", max, (), ())
