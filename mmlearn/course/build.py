"""Build the lessons: from ``solutions/NN_name.py`` both notebooks, executed, and what the run cost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mmlearn.course.execute import execute
from mmlearn.course.lesson import Lesson, find_source, lesson_sources, read_lesson
from mmlearn.course.notebooks import differences, learner_notebook, solution_notebook, write_notebook
from mmlearn.course.used_code import fingerprint

RECORD = "solutions/measured.json"


def build(root: Path, numbers: list[str], everything: bool = False) -> list[str]:
    """Build the named lessons, or all whose source or used code changed (`everything`: all); return their names."""
    sources = [find_source(root, number) for number in numbers] or lesson_sources(root)
    built = []
    for source in sources:
        if not (numbers or everything) and not is_stale(root, source):
            print(f"{source.stem}: up to date")
            continue
        build_lesson(root, source)
        built.append(source.stem)
    return built


def build_lesson(root: Path, source: Path) -> None:
    """Execute one lesson and write its two notebooks and its line in the record; nothing is written if a cell fails."""
    lesson = read_lesson(source)
    notebook = solution_notebook(lesson, root)
    print(f"{lesson.name}: executing {len(notebook.cells)} cells ...", flush=True)
    run = execute(notebook, lesson.name)
    write_notebook(notebook, root / "solutions" / f"{lesson.name}.ipynb")
    write_notebook(learner_notebook(lesson, root), root / "notebooks" / f"{lesson.name}.ipynb")
    made_from = fingerprint(source, root)
    record = read_record(root)
    record[lesson.number] = {
        "seconds": round(run.seconds),
        "peak_mb": round(run.peak_megabytes, -1),
        "made_from": made_from,
    }
    text = json.dumps(dict(sorted(record.items())), indent=1) + "\n"
    (root / RECORD).write_text(text, encoding="utf-8", newline="\n")
    print(f"{lesson.name}: {run.seconds:.0f} s, {run.peak_megabytes} MB at most")


def is_stale(root: Path, source: Path) -> bool:
    """True if the stored notebooks are not what the source would give, or code that the lesson uses has changed."""
    made_from = read_record(root).get(source.stem[:2], {}).get("made_from")
    return made_from != fingerprint(source, root) or bool(stored_differences(root, read_lesson(source)))


def stored_differences(root: Path, lesson: Lesson) -> list[str]:
    """Where the stored notebooks' cells, ids or metadata differ from the source's, without executing."""
    solved = differences(root / "solutions" / f"{lesson.name}.ipynb", solution_notebook(lesson, root))
    return solved + differences(root / "notebooks" / f"{lesson.name}.ipynb", learner_notebook(lesson, root))


def read_record(root: Path) -> dict[str, dict[str, Any]]:
    """What the last builds measured, by lesson number; empty before the first."""
    path = root / RECORD
    record: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return record
