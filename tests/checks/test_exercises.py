"""Every exercise of every lesson, proved: found here by itself as soon as a lesson declares it.

The course's answer passes, the lesson's solution passes, the learner's stub is "not started", and every
known-wrong answer is refused with its own sentence and no other.
"""

from __future__ import annotations

import ast
import symtable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from mmlearn.checks.exercise import Exercise, Mistake
from mmlearn.checks.find import exercises, lessons, right_answer, value_of
from mmlearn.checks.lent import is_lent, lend
from mmlearn.checks.verdict import Verdict, judge
from mmlearn.course.learner import cut
from mmlearn.course.lesson import Lesson, find_source, read_lesson
from mmlearn.data.unavailable import DataUnavailable

ROOT = Path(__file__).parents[2]
ALL = [exercise for lesson in lessons() for exercise in exercises(lesson)]
WRONG = [(exercise, mistake) for exercise in ALL for mistake in exercise.mistakes]
WRONG_IDS = [f"{e.id}-{e.mistakes.index(m) + 1}" for e, m in WRONG]
each_exercise = pytest.mark.parametrize("exercise", ALL, ids=[exercise.id for exercise in ALL])


def verdict(exercise: Exercise, answer: Any) -> Verdict:
    try:
        return judge(exercise, answer)
    except DataUnavailable as missing:
        pytest.skip(f"exercise {exercise.id} needs data that is not installed: {missing}")


def answer_of(source: str, exercise: Exercise) -> Any:
    """What the lesson's check cell hands over, after `source` stood in the exercise's cell.

    From the cells before, just the statements that the cell needs are run: imports, definitions, data.
    """
    lesson = _lesson(exercise.lesson)
    at = next(i for i, c in enumerate(lesson.cells) if _exercise_of(c) == exercise.id)
    earlier = [cell.source for cell in lesson.cells[:at] if cell.cell_type == "code"]
    statements = [statement for text in earlier for statement in ast.parse(text).body]
    cell = ast.parse(source)
    needed = _needs(cell)
    kept: list[ast.stmt] = []
    for statement in reversed(statements):
        if _binds(statement) & needed and not _is_check(statement):
            kept.insert(0, statement)
            needed |= _needs(ast.Module([statement], []))
    namespace: dict[str, Any] = {"__name__": f"lesson_{lesson.number}"}
    exec(compile(ast.Module([*kept, *cell.body], []), f"lesson {lesson.number}", "exec"), namespace)
    handed = [node for node in ast.walk(ast.parse(lesson.cells[at + 2].source)) if _is_check(node)]
    call = next(node for node in ast.walk(handed[-1]) if isinstance(node, ast.Call) and len(node.args) == 2)
    return eval(compile(ast.Expression(call.args[1]), "check", "eval"), namespace)


def _exercise_of(cell: Any) -> str:
    return str(cell.metadata.get("mmlearn", {}).get("exercise", ""))


def _needs(tree: ast.Module) -> set[str]:
    """The names that it takes from outside, a function's own variables left out."""
    found: set[str] = set()
    tables = [symtable.symtable(ast.unparse(tree), "cell", "exec")]
    while tables:
        table = tables.pop()
        top = table.get_type() == "module"
        found |= {s.get_name() for s in table.get_symbols() if s.is_referenced() and (top or s.is_global())}
        tables += table.get_children()
    return found


def _binds(statement: ast.stmt) -> set[str]:
    """The names that a statement at the top level defines."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _is_check(node: ast.AST) -> bool:
    calls = [n for n in ast.walk(node) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    return any(call.func.id == "check" for call in calls)  # type: ignore[attr-defined]


@lru_cache
def _lesson(number: str) -> Lesson:
    return read_lesson(find_source(ROOT, number))


def _cell(exercise: Exercise) -> str:
    return next(str(cell.source) for cell in _lesson(exercise.lesson).cells if _exercise_of(cell) == exercise.id)


@each_exercise
def test_the_courses_answer_passes(exercise: Exercise) -> None:
    found = verdict(exercise, right_answer(exercise))
    assert found.state == "right", found.text


@each_exercise
def test_what_was_lent_is_known_again(exercise: Exercise) -> None:
    try:
        lent = lend(exercise, right_answer(exercise))
    except DataUnavailable as missing:
        pytest.skip(f"exercise {exercise.id} needs data that is not installed: {missing}")
    assert is_lent(exercise, lent), "True, False or None alone cannot be told apart: ask for something else"
    assert verdict(exercise, lent).state == "right", "what is lent must work as the right answer does"


@each_exercise
def test_the_lessons_solution_passes(exercise: Exercise) -> None:
    found = verdict(exercise, answer_of(_cell(exercise), exercise))
    assert found.state == "right", found.text


@each_exercise
def test_the_learners_stub_is_not_started(exercise: Exercise) -> None:
    found = verdict(exercise, answer_of(cut(_cell(exercise), exercise.id), exercise))
    assert found.state == "lent" and "not started yet" in found.text, found.text


@pytest.mark.parametrize(("exercise", "mistake"), WRONG, ids=WRONG_IDS)
def test_a_known_wrong_answer_is_refused_with_its_own_sentence(exercise: Exercise, mistake: Mistake) -> None:
    found = verdict(exercise, mistake.wrong if exercise.cases else value_of(mistake.wrong))
    assert found.state == "tried", f"a known-wrong answer passes: {mistake.says}"
    named = [other.says for other in exercise.mistakes if other.says in found.text]
    assert named == [mistake.says], found.text


@each_exercise
def test_there_are_three_mistakes_with_sentences_of_their_own(exercise: Exercise) -> None:
    sentences = [mistake.says for mistake in exercise.mistakes]
    assert len(sentences) >= 3
    assert not [(a, b) for a in sentences for b in sentences if a is not b and a in b]
    labels = [case.label for case in exercise.cases]
    assert len(set(labels)) == len(labels), "the label seeds the case: two alike would get the same numbers"


@pytest.mark.parametrize("lesson", lessons())
def test_declared_and_written_are_the_same(lesson: str) -> None:
    declared = [(exercise.id, exercise.title) for exercise in exercises(lesson)]
    assert declared == list(_lesson(lesson).exercises)
    assert len({number for number, _ in declared}) == len(declared)
    assert all(number.startswith(f"{lesson}.") for number, _ in declared)


def test_every_lesson_that_names_exercises_declares_them() -> None:
    named = {
        source.stem[:2] for source in (ROOT / "solutions").glob("[0-9][0-9]_*.py") if read_lesson(source).exercises
    }
    assert named == set(lessons())
