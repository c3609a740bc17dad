import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmlearn.course import cli


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "command", ["doctor", "lab", "start", "progress", "reset", "build", "sheets", "bench", "train"]
)
def test_every_command_has_a_help_text(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    assert ended.value.code == 0
    assert f"usage: mmlearn {command}" in capsys.readouterr().out
    assert command in cli.parser().format_help()


def test_a_wrong_call_ends_with_two() -> None:
    for call in (["dance"], ["lab", "--port", "http"], ["lab", "--port", "70000"]):
        with pytest.raises(SystemExit) as ended:
            cli.main(call)
        assert ended.value.code == 2


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    assert "progress" in capsys.readouterr().out


def test_an_error_is_one_sentence_and_code_one(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("build", "sheets"):
        assert cli.main([command]) == 1
        assert capsys.readouterr().err.startswith("mmlearn: this command works in the course's folder")
    (root / "solutions").mkdir()
    (root / "solutions" / "90_tiny.py").touch()
    assert cli.main(["build", "77"]) == 1
    assert capsys.readouterr().err == "mmlearn: there is no lesson '77'; the lessons are 90\n"
    assert cli.main(["reset", "01"]) == 1
    assert "the lessons are not here" in capsys.readouterr().err


def test_an_empty_port_means_none_was_asked_for() -> None:
    assert cli.parser().parse_args(["lab", "--port="]).port is None


def test_a_missing_package_is_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "jupytext", None)
    assert cli.main(["build", "00"]) == 1
    assert "jupytext" in capsys.readouterr().err


def test_an_empty_exercise_is_not_the_whole_lesson(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("mmlearn.course.work.reset_exercise", lambda root, lesson, exercise: asked.append(exercise))
    assert cli.main(["reset", "01", "--exercise", ""]) == 0 and asked == [""]


def test_the_doctor_speaks_where_there_is_no_tick() -> None:
    command = [sys.executable, "-m", "mmlearn.course.cli", "doctor"]
    run = subprocess.run(command, capture_output=True, env=os.environ | {"PYTHONIOENCODING": "cp1252"})
    assert run.returncode == 0 and b"? Python" in run.stdout


def test_the_doctors_exit_code_tells_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cli.main(["doctor"]) == 0
    monkeypatch.setattr("mmlearn.course.doctor.PACKAGES", {"numpy": "99"})
    assert cli.main(["doctor"]) == 1
