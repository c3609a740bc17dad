import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from mmlearn.course import bootstrap

SOURCE = Path(bootstrap.__file__)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The bootstrap as if the course lay in an empty folder, with a Python that only notes what it is asked."""
    for name, path in {"ROOT": "", "VENV": ".venv", "STAMP": ".venv/stamp.txt", "LOG": ".venv/install.log"}.items():
        monkeypatch.setattr(bootstrap, name, str(tmp_path / path))
    monkeypatch.setattr(bootstrap, "PYTHON", str(tmp_path / ".venv" / "python"))
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    (tmp_path / "constraints.txt").write_text("numpy==2.0\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def steps(place: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    done: list[str] = []
    monkeypatch.setattr(bootstrap, "is_usable", os.path.exists)

    def step(label: str, command: list[str]) -> None:
        done.append(label.split(" (")[0])
        commands.append(command)
        (place / ".venv").mkdir(exist_ok=True)
        (place / ".venv" / "python").touch()

    monkeypatch.setattr(bootstrap, "step", step)
    return done


commands: list[list[str]] = []
ALL = ["making .venv", "installing the packages", "registering the Jupyter kernel"]


def test_first_start_does_all_steps_and_the_second_none(steps: list[str]) -> None:
    bootstrap.install("lab,opencv")
    assert steps == ALL
    bootstrap.install("lab,opencv")
    assert steps == ALL
    bootstrap.install("opencv")
    assert steps == ALL


def test_more_extras_or_other_pins_install_again_but_keep_the_environment(steps: list[str], place: Path) -> None:
    bootstrap.install("lab,opencv")
    bootstrap.install("lab,opencv,dev")
    assert steps == ALL + ALL[1:]
    bootstrap.install("lab,opencv")
    assert steps == ALL + ALL[1:]
    (place / "constraints.txt").write_text("numpy==2.1\n", encoding="utf-8")
    bootstrap.install("lab,opencv")
    assert steps == ALL + ALL[1:] + ALL[1:]


def test_a_failed_step_shows_the_end_of_its_output_and_where_the_rest_is(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / ".venv").mkdir()
    talk = "print('line\\n' * 40 + 'no room on the disk'); raise SystemExit(1)"
    with pytest.raises(SystemExit, match=r"install\.log"):
        bootstrap.step("installing", [sys.executable, "-c", talk])
    said = capsys.readouterr().out
    assert "no room on the disk" in said and said.count("line") < 20
    assert (place / ".venv" / "install.log").read_text(encoding="utf-8").count("line") >= 40
    assert not (place / ".venv" / "stamp.txt").exists()


def test_an_old_python_gets_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer"):
        bootstrap.check_python()


def test_a_python_without_venv_is_told_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(SystemExit, match="apt-get install python3-venv"):
        bootstrap.check_python()


def test_an_unknown_command_lists_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap.main(["dance"]) == 2 and bootstrap.main([]) == 2
    assert "lab|test|build|bench" in capsys.readouterr().out


def test_it_stands_on_the_standard_library_alone() -> None:
    names = {line.split()[1] for line in SOURCE.read_text(encoding="utf-8").splitlines() if line.startswith("import ")}
    assert names and names <= set(sys.stdlib_module_names)


def test_clean_leaves_the_learners_work(place: Path) -> None:
    for name in ("work", ".venv", "dist"):
        (place / name).mkdir()
    bootstrap.clean()
    assert (place / "work").exists() and not (place / ".venv").exists() and not (place / "dist").exists()


def test_the_pins_are_used_and_a_broken_environment_is_made_anew(steps: list[str], place: Path) -> None:
    commands.clear()
    bootstrap.install("lab,opencv")
    venv, pip, _ = commands
    assert "--clear" in venv
    assert pip[pip.index("-c") + 1] == str(place / "constraints.txt")
    assert pip[pip.index("-e") + 1] == f"{place}[lab,opencv]"


def test_where_python_lies_on_each_system() -> None:
    assert bootstrap.venv_python("v", "posix") == os.path.join("v", "bin", "python")
    assert bootstrap.venv_python("v", "nt") == os.path.join("v", "Scripts", "python.exe")


def test_an_environment_without_pip_or_of_an_old_python_is_not_usable(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    assert bootstrap.is_usable(sys.executable)
    assert not bootstrap.is_usable(str(tmp_path / "python"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "half")], check=True)
    assert not bootstrap.is_usable(bootstrap.venv_python(str(tmp_path / "half"), os.name))
    monkeypatch.setattr(bootstrap, "OLDEST", (9, 0))
    assert not bootstrap.is_usable(sys.executable)


def test_the_place_of_the_course_is_part_of_an_installation(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = bootstrap.fingerprint()
    other = place / "moved"
    other.mkdir()
    for name in ("pyproject.toml", "constraints.txt"):
        (other / name).write_bytes((place / name).read_bytes())
    monkeypatch.setattr(bootstrap, "ROOT", str(other))
    assert bootstrap.fingerprint() != before


def test_a_python_newer_than_tested_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 99, 0))
    bootstrap.check_python()
    assert "tested up to 3.13" in capsys.readouterr().out
    monkeypatch.setattr(sys, "version_info", (3, 13, 1))
    bootstrap.check_python()
    assert capsys.readouterr().out == ""


def test_a_step_that_is_interrupted_says_how_to_go_on(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bootstrap.subprocess, "run", interrupted)
    with pytest.raises(SystemExit, match="Run the same again"):
        bootstrap.step("installing", ["pip"])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to pass on")
def test_a_kill_is_passed_on(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "PYTHON", sys.executable)
    before = signal.getsignal(signal.SIGTERM)
    threading.Timer(1, os.kill, (os.getpid(), signal.SIGTERM)).start()
    start = time.monotonic()
    try:
        assert bootstrap.run(["-c", "import time; time.sleep(60)"]) == -signal.SIGTERM
    finally:
        signal.signal(signal.SIGTERM, before)
    assert time.monotonic() - start < 50


def test_ctrl_c_waits_for_the_command_to_end(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Process:
        calls = 0

        def wait(self) -> int:
            self.calls += 1
            if self.calls == 1:
                raise KeyboardInterrupt
            return 7

    monkeypatch.setattr(bootstrap.subprocess, "Popen", lambda *a, **k: Process())
    monkeypatch.setattr(bootstrap.signal, "signal", lambda *a: None)
    assert bootstrap.run(["x"]) == 7
