"""Every lesson: current, executed, clean, and it runs on when nothing is solved. (nbval compares the outputs.)"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from mmlearn.course.build import read_record, stored_differences
from mmlearn.course.execute import execute
from mmlearn.course.lesson import lesson_sources, read_lesson
from mmlearn.course.readme import with_generated_parts

ROOT = Path(__file__).parents[1]
SOURCES = lesson_sources(ROOT)
each_lesson = pytest.mark.parametrize("source", SOURCES, ids=[source.stem for source in SOURCES])
RESIDUE = re.compile(r"0x[0-9a-f]{6,}|/tmp/|/home/|/Users/|/root/|\\Users\\|site-packages|ipykernel_\d+")


@each_lesson
def test_stored_notebooks_are_what_the_source_gives(source: Path) -> None:
    assert stored_differences(ROOT, read_lesson(source)) == []


@each_lesson
def test_the_stored_solution_was_executed_top_to_bottom(source: Path) -> None:
    cells = nbformat.read(source.with_suffix(".ipynb"), as_version=4).cells
    counts = [c.execution_count for c in cells if c.cell_type == "code" and c.source.strip()]
    assert counts == list(range(1, len(counts) + 1)), "run make build"
    errors = [o for c in cells for o in c.get("outputs", []) if o.output_type == "error"]
    assert not errors


@each_lesson
def test_stored_outputs_hold_no_warning_widget_or_residue(source: Path) -> None:
    for cell in nbformat.read(source.with_suffix(".ipynb"), as_version=4).cells:
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", output.text
            data = output.get("data", {})
            assert "application/vnd.jupyter.widget-view+json" not in data
            text = output.get("text", "") + str(data.get("text/plain", "")) + str(data.get("text/html", ""))
            assert not RESIDUE.search(text), f"cell {cell['id']} stores {RESIDUE.search(text)}"


@each_lesson
def test_the_learners_notebook_holds_no_solution_and_no_output(source: Path) -> None:
    notebook = nbformat.read(ROOT / "notebooks" / f"{source.stem}.ipynb", as_version=4)
    for cell in notebook.cells:
        assert not cell.get("outputs") and not cell.get("execution_count")
        if "exercise" in cell.metadata.get("tags", []):
            assert "SOLUTION" not in cell.source
            assert "NotImplementedError" in cell.source or "= ..." in cell.source


@each_lesson
def test_the_learners_notebook_runs_on_unsolved(source: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MMLEARN_QUICK", "1")
    monkeypatch.setenv("MMLEARN_HOME", str(tmp_path))
    notebook = nbformat.read(ROOT / "notebooks" / f"{source.stem}.ipynb", as_version=4)
    execute(notebook, source.stem)
    said = "".join(o.get("text", "") for c in notebook.cells for o in c.get("outputs", []))
    for number, _ in read_lesson(source).exercises:
        assert f"{number} · not started" in said


@each_lesson
def test_a_lesson_has_what_every_lesson_has(source: Path) -> None:
    lesson = read_lesson(source)
    prose = "\n".join(c.source for c in lesson.cells if c.cell_type == "markdown")
    assert lesson.cells[0].source.startswith(f"# {lesson.number} · ")
    for word in (
        "**You will build**",
        "**You need**",
        "**Time**",
        "## Quiz",
        "## Recap",
        "## Going bigger",
        "## References",
    ):
        assert word in prose, f"{source.name} has no {word}"
    assert len(lesson.exercises) >= 3
    assert set(lesson.needs) <= {other.stem[:2] for other in SOURCES if other.stem < source.stem}
    for cell in lesson.cells:
        if cell.cell_type == "code" and "exercise" not in cell.metadata.get("tags", []):
            lines = [
                x for x in cell.source.splitlines() if x.strip() and not x.strip().startswith(("#", "import", "from"))
            ]
            assert len(lines) <= 20, f"{source.name}: a cell of {len(lines)} lines, starting {lines[0]!r}"


@each_lesson
def test_measured_cost_is_within_the_lessons_budget(source: Path) -> None:
    cost = read_record(ROOT)[source.stem[:2]]
    assert 0 < cost["seconds"] <= 240 and 0 < cost["peak_mb"] < 4000


def test_readmes_lesson_table_and_counts_are_current() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert with_generated_parts(text, ROOT) == text, "run make build"


def test_every_notebook_has_a_source() -> None:
    names = {source.stem for source in SOURCES}
    for folder in ("solutions", "notebooks"):
        assert {path.stem for path in (ROOT / folder).glob("*.ipynb")} == names
