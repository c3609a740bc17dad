import json
from pathlib import Path

import nbformat
import pytest

from mmlearn.course.build import build, is_stale, read_record, stored_differences
from mmlearn.course.execute import CellFailed
from mmlearn.course.lesson import LessonError, read_lesson
from mmlearn.course.notebooks import learner_notebook, solution_notebook, to_text


def source_of(root: Path) -> Path:
    return root / "solutions" / "90_tiny.py"


def edit(root: Path, old: str, new: str) -> None:
    text = source_of(root).read_text(encoding="utf-8")
    assert old in text
    source_of(root).write_text(text.replace(old, new), encoding="utf-8")


def test_build_writes_both_notebooks_and_the_record(tiny: Path) -> None:
    assert build(tiny, []) == ["90_tiny"]
    solved = nbformat.read(tiny / "solutions" / "90_tiny.ipynb", as_version=4)
    nbformat.validate(solved)
    code = [c for c in solved.cells if c.cell_type == "code"]
    assert all(c.execution_count for c in code)
    assert code[-1].outputs[0].text == "done\n"
    learner = nbformat.read(tiny / "notebooks" / "90_tiny.ipynb", as_version=4)
    assert not any(c.get("outputs") or c.get("execution_count") for c in learner.cells)
    assert read_record(tiny)["90"]["peak_mb"] > 10
    assert build(tiny, []) == []
    assert build(tiny, [], everything=True) == ["90_tiny"]


def test_nothing_of_this_machine_or_hour_is_stored(tiny: Path) -> None:
    build(tiny, [])
    stored = json.loads((tiny / "solutions" / "90_tiny.ipynb").read_text(encoding="utf-8"))
    assert set(stored["metadata"]) == {"kernelspec", "language_info"}
    assert "version" not in stored["metadata"]["language_info"]
    assert all("execution" not in cell["metadata"] for cell in stored["cells"])
    assert len(stored["cells"]) == len(solution_notebook(read_lesson(source_of(tiny)), tiny).cells)


def test_the_same_source_gives_the_same_bytes(tiny: Path) -> None:
    lesson = read_lesson(source_of(tiny))
    for make in (solution_notebook, learner_notebook):
        assert to_text(make(lesson, tiny)) == to_text(make(read_lesson(source_of(tiny)), tiny))


def test_a_changed_source_is_stale_and_its_differences_are_named(tiny: Path) -> None:
    build(tiny, [])
    assert not is_stale(tiny, source_of(tiny)) and stored_differences(tiny, read_lesson(source_of(tiny))) == []
    edit(tiny, 'print("done")', 'print("over")')
    assert is_stale(tiny, source_of(tiny))
    assert any("run make build" in line for line in stored_differences(tiny, read_lesson(source_of(tiny))))


@pytest.mark.parametrize("where", ["solutions", "notebooks"])
def test_a_notebook_edited_by_hand_is_found_out(tiny: Path, where: str) -> None:
    build(tiny, [])
    path = tiny / where / "90_tiny.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source += " changed"
    nbformat.write(notebook, path)
    assert any("differs from the source" in line for line in stored_differences(tiny, read_lesson(source_of(tiny))))


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import sys; print('noise', file=sys.stderr)", "writes to stderr"),
        ("import os; os._exit(1)", "Kernel died"),
        ("from ipywidgets import IntSlider; display(IntSlider())", "leaves a widget"),
    ],
)
def test_a_failing_cell_names_lesson_cell_and_error_and_writes_nothing(tiny: Path, bad: str, says: str) -> None:
    edit(tiny, 'print("done")', bad)
    with pytest.raises(CellFailed) as error:
        build(tiny, [])
    assert "90_tiny" in str(error.value) and bad.split(";")[0] in str(error.value) and says in str(error.value)
    assert not (tiny / "solutions" / "90_tiny.ipynb").exists() and not read_record(tiny)


def test_used_code_counts_as_source(tiny: Path) -> None:
    package = tiny / "mmlearn"
    (package / "data").mkdir(parents=True)
    (package / "data" / "__init__.py").write_text("from mmlearn.data.far import thing\n", encoding="utf-8")
    (package / "data" / "far.py").write_text("thing = 1\n", encoding="utf-8")
    (package / "data" / "other.py").write_text("thing = 1\n", encoding="utf-8")
    build(tiny, [])
    edit(tiny, 'print("done")', "if False:\n    from mmlearn.data import thing")
    build(tiny, [])
    (package / "data" / "other.py").write_text("thing = 2\n", encoding="utf-8")
    assert not is_stale(tiny, source_of(tiny))
    (package / "data" / "far.py").write_text("thing = 2\n", encoding="utf-8")
    assert is_stale(tiny, source_of(tiny))


def test_cells_run_in_an_empty_folder(tiny: Path) -> None:
    edit(tiny, 'print("done")', "import os; print(os.listdir())")
    build(tiny, [])
    solved = nbformat.read(tiny / "solutions" / "90_tiny.ipynb", as_version=4)
    assert solved.cells[-1].outputs[0].text == "[]\n"


def test_a_named_lesson_is_built_even_if_nothing_changed(tiny: Path) -> None:
    build(tiny, [])
    assert build(tiny, ["90"]) == ["90_tiny"]


def test_line_ends_do_not_make_a_lesson_stale_and_are_written_one_way(tiny: Path) -> None:
    build(tiny, [])
    assert b"\r" not in (tiny / "solutions" / "90_tiny.ipynb").read_bytes()
    source_of(tiny).write_bytes(source_of(tiny).read_bytes().replace(b"\n", b"\r\n"))
    assert not is_stale(tiny, source_of(tiny))


def test_data_tables_count_as_used_code(tiny: Path) -> None:
    tables = tiny / "mmlearn" / "data" / "tables"
    tables.mkdir(parents=True)
    (tiny / "mmlearn" / "data" / "near.py").write_text("thing = 1\n", encoding="utf-8")
    (tables / "names.csv").write_text("a,b\n", encoding="utf-8")
    edit(tiny, 'print("done")', "if False:\n    from mmlearn.data.near import thing")
    build(tiny, [])
    (tables / "names.csv").write_text("a,c\n", encoding="utf-8")
    assert is_stale(tiny, source_of(tiny))


def test_a_syntax_error_is_named_with_its_line(tiny: Path) -> None:
    edit(tiny, 'print("done")', "def broken(:")
    with pytest.raises(LessonError, match=r"90_tiny\.py, line 3\d: "):
        build(tiny, [])


def test_hidden_cells_start_folded(tiny: Path) -> None:
    edit(tiny, '# %%\nprint("done")', '# %% tags=["hide-input"]\nprint("done")')
    cell = solution_notebook(read_lesson(source_of(tiny)), tiny).cells[-1]
    assert cell.metadata["jupyter"]["source_hidden"] is True
