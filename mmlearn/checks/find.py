"""Where an exercise is found: lesson NN declares its own in ``mmlearn/checks/lesson_NN.py``."""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import Any

import mmlearn.checks
from mmlearn.checks.exercise import EXERCISE_ID, Exercise
from mmlearn.checks.show import show

_MODULE = re.compile(r"lesson_(\d\d)")


def lessons() -> tuple[str, ...]:
    """The numbers of the lessons that have exercises, in order.

    >>> "00" in lessons()
    True

    Built in: lesson 00.
    """
    names = (module.name for module in pkgutil.iter_modules(mmlearn.checks.__path__))
    return tuple(sorted(match[1] for name in names if (match := _MODULE.fullmatch(name))))


def exercises(lesson: str) -> tuple[Exercise, ...]:
    """The exercises of one lesson, as declared.

    Args:
        lesson: two digits, "01".

    Raises:
        ValueError: no such lesson, or none with exercises.

    Built in: lesson 00.
    """
    if lesson not in lessons():
        raise ValueError(f"no exercises for lesson {lesson!r}; lessons with exercises: {', '.join(lessons())}")
    module = importlib.import_module(f"mmlearn.checks.lesson_{lesson}")
    declared: tuple[Exercise, ...] = tuple(module.EXERCISES)
    return declared


def find(exercise_id: str) -> Exercise:
    """The exercise of this id.

    Args:
        exercise_id: "01.2" is the second exercise of lesson 01.

    Raises:
        ValueError: no such exercise; the message lists those there are.

    Built in: lesson 00.
    """
    match = EXERCISE_ID.fullmatch(exercise_id) if isinstance(exercise_id, str) else None
    if match is None:
        raise ValueError(
            f'an exercise has an id in quotes, such as "01.2": expected check("01.2", name), '
            f"got {show(exercise_id)} in its place"
        )
    known = lessons()
    declared = exercises(match[1]) if match[1] in known else tuple(e for each in known for e in exercises(each))
    for exercise in declared:
        if exercise.id == exercise_id:
            return exercise
    there = "\n".join(f"  {exercise.id} {exercise.title}" for exercise in declared) or "  none yet"
    raise ValueError(f"no exercise {exercise_id}. Known here:\n{there}")


def right_answer(exercise: Exercise) -> Any:
    """The course's own answer: what a learner who is not there yet gets lent.

    Built in: lesson 00.
    """
    reference = exercise.reference
    if isinstance(reference, str):
        reference = pkgutil.resolve_name(reference)
    return reference if exercise.cases else value_of(reference)


def value_of(answer: Any) -> Any:
    """The value that a value exercise declares: itself, or what a function of no arguments returns.

    >>> value_of(7), value_of(lambda: 7)
    (7, 7)

    Built in: lesson 00.
    """
    return answer() if callable(answer) else answer
