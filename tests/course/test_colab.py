"""Colab, rebuilt here: an environment that already holds a torch, the built wheel, no constraints, lesson 01."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

import nbformat
import pytest

from mmlearn.course.colab import badge, colab_cell, repository, requirement
from mmlearn.course.execute import execute
from mmlearn.course.lesson import read_lesson
from mmlearn.course.notebooks import learner_notebook

ROOT = Path(__file__).parents[2]
VERSIONS = "import torch, cv2, importlib.metadata as m; print(torch.__version__, cv2.__version__, torch.__file__)"


def test_the_address_stands_in_one_place_and_makes_the_badge_and_the_install_line(tiny: Path) -> None:
    lesson = read_lesson(tiny / "solutions" / "90_tiny.py")
    without = learner_notebook(lesson, tiny)
    assert "colab" not in without.cells[0].source and "COURSE = ''" in without.cells[1].source
    (tiny / "pyproject.toml").write_text('[tool.mmlearn]\nrepository = "someone/course"\n', encoding="utf-8")
    with_address = learner_notebook(lesson, tiny)
    assert badge("someone/course", "90_tiny") in with_address.cells[0].source
    assert requirement("someone/course") in with_address.cells[1].source
    (tiny / "pyproject.toml").write_text('[tool.mmlearn]\nrepository = "https://x/y/z"\n', encoding="utf-8")
    with pytest.raises(ValueError, match="owner/name"):
        repository(tiny)


def test_the_cell_does_nothing_where_the_course_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: pytest.fail("it ran pip"))
    exec(colab_cell("mmlearn-course @ git+https://example.invalid/x"), {})


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [built] = folder.glob("*.whl")
    return built


def test_lesson_01_runs_from_the_wheel_beside_a_torch_that_stays(
    wheel: Path, tmp_path: Path, online: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    venv.create(tmp_path / "env", with_pip=True)
    python = next(p for p in (tmp_path / "env").glob("*/python*") if p.stem == "python")

    def run(*arguments: str) -> str:
        done = subprocess.run([str(python), *arguments], capture_output=True, text=True, env=online, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    pinned = [
        x for x in (ROOT / "constraints.txt").read_text(encoding="utf-8").split() if x.startswith(("torch==", "opencv"))
    ]
    run(
        "-m", "pip", "install", "--quiet", "ipykernel", "ipywidgets", *pinned
    )  # what a Colab machine has before the course comes
    before = run("-c", VERSIONS)
    cell = colab_cell(f"mmlearn-course @ {wheel.as_uri()}")
    run("-c", cell)
    run("-c", cell)
    assert run("-c", VERSIONS) == before
    assert run("-m", "pip", "list").count("opencv") == 1

    kernel = tmp_path / "jupyter" / "kernels" / "colab"
    kernel.mkdir(parents=True)
    spec = {"argv": [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"], "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec | {"display_name": "Colab"}), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("MMLEARN_HOME", str(tmp_path / "home"))
    [lesson] = (ROOT / "notebooks").glob("01_*.ipynb")
    notebook = nbformat.read(lesson, as_version=4)
    execute(notebook, "01 on Colab", kernel="colab")
