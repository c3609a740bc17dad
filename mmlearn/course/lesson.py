"""A lesson's one hand-written source, ``solutions/NN_name.py``, read into notebook cells."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FIELDS = {"title": str, "builds": str, "minutes": int, "needs": list, "topics": list}
EXERCISE = re.compile(r"^## Exercise (\d\d\.\d+) · (.+)$", re.MULTILINE)


class LessonError(ValueError):
    """A lesson's source breaks a rule of the lesson format; the message names the lesson and the cell."""


@dataclass(frozen=True)
class Lesson:
    """What a lesson declares about itself, and its cells.

    Attributes:
        number: two digits, "01".    name: the file's stem, "01_modalities".
        title, builds: for the lesson table.    minutes: for a learner to work it through.
        needs: numbers of the lessons to take first.    topics: numbers of TOPICS.md that it teaches.
        exercises: (id, title) in order, ("01.1", "Grey from colour").
        cells: nbformat cells with stable ids, tags and, on an exercise's code cell, its id.
    """

    number: str
    name: str
    title: str
    builds: str
    minutes: int
    needs: tuple[str, ...]
    topics: tuple[int, ...]
    exercises: tuple[tuple[str, str], ...]
    cells: tuple[Any, ...]


def lesson_sources(root: Path) -> list[Path]:
    """The lessons' sources below `root`, in course order."""
    return sorted((root / "solutions").glob("[0-9][0-9]_*.py"))


def find_source(root: Path, number: str) -> Path:
    """The source of lesson `number` ("1" and "01" are both the first); unknown ones are an error that lists all."""
    known = {path.stem[:2]: path for path in lesson_sources(root)}
    return pick(known, number)


def pick(known: dict[str, Path], number: str) -> Path:
    """The lesson `number` among the `known`; "1" and "01" are the same, and an unknown one is told which there are."""
    wanted = number.strip().zfill(2) if number.strip() else ""
    if wanted not in known:
        raise LessonError(f"there is no lesson {number!r}; the lessons are {', '.join(known) or 'none yet'}")
    return known[wanted]


def read_lesson(path: Path) -> Lesson:
    """Parse a source in jupytext's percent format; raise LessonError where it breaks the lesson format."""
    import jupytext

    notebook = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent")
    facts = dict(notebook.metadata.get("mmlearn", {}))
    _check_facts(path, facts)
    cells = [_clean(cell) for cell in notebook.cells]
    _set_ids(cells)
    return Lesson(
        number=path.stem[:2],
        name=path.stem,
        title=facts["title"],
        builds=facts["builds"],
        minutes=facts["minutes"],
        needs=tuple(facts["needs"]),
        topics=tuple(facts["topics"]),
        exercises=tuple(_mark_exercises(path, cells)),
        cells=tuple(cells),
    )


def _check_facts(path: Path, facts: dict[str, Any]) -> None:
    for field, kind in FIELDS.items():
        if not isinstance(facts.get(field), kind):
            raise LessonError(
                f"{path.name}: its header should give mmlearn.{field} as {kind.__name__}, got {facts.get(field)!r}"
            )


def _clean(cell: Any) -> Any:
    """Keep what the lesson says and drop what a tool may add: the same source must give the same bytes."""
    from nbformat.v4 import new_code_cell, new_markdown_cell

    tags = sorted(cell.metadata.get("tags", []))
    fresh = new_code_cell(cell.source) if cell.cell_type == "code" else new_markdown_cell(cell.source)
    fresh.metadata = type(fresh.metadata)({"tags": tags} if tags else {})
    if "hide-input" in tags:
        fresh.metadata["jupyter"] = {"source_hidden": True}
    return fresh


def _set_ids(cells: list[Any]) -> None:
    """Ids from the cell's own text, so that editing one cell changes one id."""
    seen: dict[str, int] = {}
    for cell in cells:
        digest = hashlib.blake2s(f"{cell.cell_type}\n{cell.source}".encode(), digest_size=4).hexdigest()
        seen[digest] = seen.get(digest, 0) + 1
        cell["id"] = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def _mark_exercises(path: Path, cells: list[Any]) -> list[tuple[str, str]]:
    """Give each exercise's code cell its id, in ``metadata.mmlearn.exercise``; hold the exercise's shape."""
    found: list[tuple[str, str]] = []
    for place, cell in enumerate(cells):
        for number, title in EXERCISE.findall(cell.source) if cell.cell_type == "markdown" else ():
            following = [
                c.metadata.get("tags", [None])[0] if c.cell_type == "code" else "" for c in cells[place + 1 :][:3]
            ]
            if following != ["exercise", "", "check"]:
                raise LessonError(
                    f"{path.name}: exercise {number} should be followed by its cell (tag exercise), one markdown cell "
                    f"of hints and its check (tag check); after its text come {following}"
                )
            if f'check("{number}"' not in cells[place + 3].source:
                raise LessonError(
                    f'{path.name}: the check cell of exercise {number} should call check("{number}", ...)'
                )
            for part in cells[place + 1], cells[place + 3]:
                part.metadata["mmlearn"] = {"exercise": number}
            found.append((number, title.strip()))
    marked = sum("exercise" in cell.metadata.get("tags", []) for cell in cells)
    if marked != len(found):
        raise LessonError(
            f"{path.name}: {marked} cells are tagged exercise, but {len(found)} exercise headings stand above one"
        )
    return found
