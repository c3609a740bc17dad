import importlib.util
import sys
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

    def step(label: str, command: list[str]) -> None:
        done.append(label.split(" (")[0])
        (place / ".venv").mkdir(exist_ok=True)
        (place / ".venv" / "python").touch()

    monkeypatch.setattr(bootstrap, "step", step)
    return done


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
    spec = importlib.util.spec_from_file_location("alone", SOURCE)
    assert spec and spec.loader
    names = {line.split()[1] for line in SOURCE.read_text(encoding="utf-8").splitlines() if line.startswith("import ")}
    assert names and names <= set(sys.stdlib_module_names)


def test_clean_leaves_the_learners_work(place: Path) -> None:
    for name in ("work", ".venv", "dist"):
        (place / name).mkdir()
    bootstrap.clean()
    assert (place / "work").exists() and not (place / ".venv").exists() and not (place / "dist").exists()
