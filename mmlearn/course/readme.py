"""The parts of README.md that are generated: the lesson table, the counts, the licences."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from mmlearn.course.build import read_record
from mmlearn.course.lesson import lesson_sources, read_lesson
from mmlearn.data.sources import SOURCES


def update_readme(root: Path) -> bool:
    """Write the generated parts anew; True if README.md changed."""
    path = root / "README.md"
    old = path.read_text(encoding="utf-8")
    new = with_generated_parts(old, root)
    if new != old:
        path.write_text(new, encoding="utf-8", newline="\n")
    return new != old


def with_generated_parts(text: str, root: Path) -> str:
    """README's `text` with what stands between its ``<!-- name:begin -->`` and ``end`` marks made anew."""
    for name, part in {"lessons": lesson_table(root), "proof": proof_counts(root), "licences": licence_table()}.items():
        pattern = re.compile(rf"(<!-- {name}:begin[^>]*-->\n).*?(<!-- {name}:end -->)", re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"README.md has no <!-- {name}:begin --> ... <!-- {name}:end --> marks")
        text = pattern.sub(lambda match, part=part: f"{match[1]}{part}\n{match[2]}", text)  # type: ignore[misc]
    return text


def lesson_table(root: Path) -> str:
    """One row a lesson: title, what you build, minutes to work, measured run time and peak memory, exercises."""
    rows = [
        "| lesson | you build | work | runs in | peak memory | exercises |",
        "|---|---|---|---|---|---|",
    ]
    record = read_record(root)
    for source in lesson_sources(root):
        lesson = read_lesson(source)
        cost = record.get(lesson.number, {"seconds": 0, "peak_mb": 0})
        link = f"[{lesson.number} {lesson.title}](notebooks/{lesson.name}.ipynb)"
        measured = f"{cost['seconds']} s | {cost['peak_mb'] / 1000:.1f} GB"
        rows.append(f"| {link} | {lesson.builds} | {lesson.minutes} min | {measured} | {len(lesson.exercises)} |")
    return "\n".join(rows)


def licence_table() -> str:
    """One row for each thing of other people's that the course uses."""
    rows = ["| what | from | licence | whose |", "|---|---|---|---|"]
    return "\n".join(rows + [f"| {s.name} | {s.package} | {s.licence} | {s.attribution} |" for s in SOURCES])


def proof_counts(root: Path) -> str:
    """How many exercises, known-wrong answers and seeded bugs the tests hold, counted in the code."""
    exercises = sum(len(read_lesson(source).exercises) for source in lesson_sources(root))
    wrong = sum(_calls(path, "Mistake") for path in (root / "mmlearn" / "checks").glob("lesson_*.py"))
    bugs = sum(_tuple_length(path, "SEEDED_BUGS") for path in (root / "tests").rglob("test_*.py"))
    return (
        f"Held by tests today: **{exercises}** exercises, **{wrong}** known-wrong answers, each refused with its own "
        f"message, and **{bugs}** bugs seeded on purpose, each caught."
    )


def _calls(path: Path, name: str) -> int:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return sum(isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == name for n in nodes)


def _tuple_length(path: Path, name: str) -> int:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            value = getattr(node, "value", None)
            return len(value.elts) if isinstance(value, ast.Tuple | ast.List) else 0
    return 0
