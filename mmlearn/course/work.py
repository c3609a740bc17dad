"""The learner's own folder, ``work/``: lessons come in, and what the learner wrote is never overwritten."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from mmlearn.course.lesson import LessonError, pick

RECORD = ".course.json"  # which version of each lesson was handed out, by digest


def bring_lessons(root: Path) -> list[str]:
    """Copy the lessons that ``work/`` lacks; say in plain lines what was done.

    A lesson of which the course now has another version is replaced only if the learner's file is, byte for
    byte, the copy that was handed out. Otherwise theirs stays and the new one is put beside it.
    """
    work = root / "work"
    (work / "mine").mkdir(parents=True, exist_ok=True)
    handed_out = _read(work)
    said = []
    for lesson in shipped(root):
        now, mine = _digest(lesson), work / lesson.name
        if not mine.exists():
            _copy(lesson, mine)
            said.append(f"{lesson.name}: copied")
        elif handed_out.get(lesson.name) != now and _digest(mine) != now:
            said.append(_update(lesson, mine, untouched=_digest(mine) == handed_out.get(lesson.name)))
        handed_out[lesson.name] = now
    _write(work, handed_out)
    return said


def _update(lesson: Path, mine: Path, untouched: bool) -> str:
    if untouched:
        _copy(lesson, mine)
        return f"{mine.name}: updated (you had not changed it)"
    beside = _free(mine, "new")
    _copy(lesson, beside)
    return f"{mine.name}: yours is as you left it; the course has a new version, put beside it as {beside.name}"


def reset_lesson(root: Path, number: str) -> str:
    """Give a fresh copy of one lesson; the learner's old file is kept beside it."""
    lesson = find_shipped(root, number)
    mine = root / "work" / lesson.name
    kept = _put_aside(mine)
    mine.parent.mkdir(exist_ok=True)
    _copy(lesson, mine)
    _write(mine.parent, _read(mine.parent) | {lesson.name: _digest(lesson)})
    return f"{mine.name}: fresh copy" + (f"; your old one is {kept.name}" if kept else "")


def reset_exercise(root: Path, number: str, exercise: str) -> str:
    """Put the stub of one exercise ("2" or "01.2") back into the learner's file; the old file is kept beside it."""
    import nbformat

    lesson = find_shipped(root, number)
    wanted = exercise if "." in exercise else f"{lesson.name[:2]}.{exercise}"
    fresh = _exercise_cells(nbformat.read(lesson, as_version=4))
    if wanted not in fresh:
        raise LessonError(f"lesson {lesson.name[:2]} has no exercise {exercise!r}; it has {', '.join(fresh)}")
    mine = root / "work" / lesson.name
    if not mine.exists():
        raise LessonError(f"work/{lesson.name} is not there yet: run mmlearn start {lesson.name[:2]}")
    try:
        notebook = nbformat.read(mine, as_version=4)
    except (ValueError, nbformat.ValidationError):
        raise LessonError(f"work/{mine.name} is not a notebook any more: run mmlearn reset {number}") from None
    theirs = _exercise_cells(notebook)
    if wanted not in theirs:
        raise LessonError(f"work/{mine.name} has no cell of exercise {wanted} any more: run mmlearn reset {number}")
    kept = _free(mine, "old")
    _copy(mine, kept)
    theirs[wanted].source = fresh[wanted].source
    theirs[wanted].update(outputs=[], execution_count=None)
    nbformat.write(notebook, mine)
    return f"{mine.name}: exercise {wanted} is a stub again; the file as it was is {kept.name}"


def shipped(root: Path) -> list[Path]:
    """The learner's notebooks that the course ships, in order; an error where there are none."""
    found = sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    if not found:
        raise LessonError(
            "the lessons are not here: this command works in the course's folder (the one with the Makefile), "
            "where the package is installed by make lab"
        )
    return found


def find_shipped(root: Path, number: str) -> Path:
    """The learner's notebook of lesson "1" or "01"."""
    known = {path.name[:2]: path for path in shipped(root)}
    return pick(known, number)


def lessons_and_exercises(root: Path) -> dict[str, list[str]]:
    """The exercises of each shipped lesson: ``{"01_modalities": ["01.1", "01.2", ...]}``."""
    import nbformat

    return {path.stem: list(_exercise_cells(nbformat.read(path, as_version=4))) for path in shipped(root)}


def _exercise_cells(notebook: Any) -> dict[str, Any]:
    return {
        cell.metadata["mmlearn"]["exercise"]: cell
        for cell in notebook.cells
        if "exercise" in cell.metadata.get("tags", []) and "mmlearn" in cell.metadata
    }


def _put_aside(mine: Path) -> Path | None:
    return mine.rename(_free(mine, "old")) if mine.exists() else None


def _free(path: Path, word: str) -> Path:
    """The first name like 01_modalities.old-1.ipynb that is not taken."""
    count = 1
    while (place := path.with_name(f"{path.stem}.{word}-{count}.ipynb")).exists():
        count += 1
    return place


def _copy(source: Path, target: Path) -> None:
    """Aside, then renamed: a copy that is cut short never passes for a lesson."""
    aside = target.with_suffix(".ipynb.part")
    shutil.copyfile(source, aside)
    aside.replace(target)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read(work: Path) -> dict[str, str]:
    try:
        record: dict[str, str] = json.loads((work / RECORD).read_text(encoding="utf-8"))
        return record
    except (OSError, ValueError):
        return {}  # unknown history: every file that differs counts as the learner's own


def _write(work: Path, record: dict[str, str]) -> None:
    aside = work / f"{RECORD}.part"
    aside.write_text(json.dumps(record, indent=1), encoding="utf-8")
    aside.replace(work / RECORD)
