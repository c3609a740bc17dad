"""What the course lends while an exercise is unsolved, and how it is known again when it comes back.

`f = check("01.2", f)` puts the course's version in the place of the learner's name. Should the learner's
cell fail before the next check, the name still holds it, and it would pass for the learner's own. So what
was lent is kept, and known again by identity: not by being equal, which the learner's right answer is too.

What is not known again: a copy of it, or a function around it, that the learner makes; and a value
that exists only once in Python, as True, False and None. No exercise asks for one of these alone.
The other way round, a lent array that the learner fills in place stays the course's: make a new one.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Exercise
from mmlearn.checks.find import right_answer

_LENT: dict[str, list[Any]] = {}  # exercise id -> what was lent; held, or its identity could pass to another object


class LentInt(int):
    """A whole number of its own identity: Python keeps one 7 for everybody."""


class LentFloat(float):
    """A floating-point number of its own identity."""


class LentText(str):
    """A text of its own identity: Python keeps one "a" for everybody."""


_KINDS: dict[type, type] = {int: LentInt, float: LentFloat, str: LentText}


def lend(exercise: Exercise, reference: Any) -> Any:
    """The course's answer, to be handed out and known again: a function as it is, a value as a copy.

    A Python number or text is lent as an object of a subclass that behaves and prints as it does.

    >>> seven = 7
    >>> answer = lend(Exercise("00.9", "Seven", seven, (), ()), seven)
    >>> answer, answer + 1, answer is seven
    (7, 8, False)

    Args:
        exercise: what it is lent for.
        reference: its right answer, as `right_answer` gives it.

    Built in: lesson 00.
    """
    kept = _LENT.setdefault(exercise.id, [])
    lent = reference if exercise.cases else _twin(reference)
    if exercise.cases:
        kept += [] if _among(lent, kept) else [lent]
    else:
        kept += [mine for mine, theirs in zip(_parts(lent), _parts(reference), strict=True) if mine is not theirs]
    return lent


def is_lent(exercise: Exercise, yours: Any) -> bool:
    """Whether `yours` is the course's own: lent before, for this exercise, or imported from the package.

    Of several values, `check("01.2", (a, b))`, one that is the course's is enough.

    >>> pair = Exercise("00.9", "Two", (3, 0.5), (), ())
    >>> three, half = lend(pair, (3, 0.5))
    >>> is_lent(pair, (three, 0.5)), is_lent(pair, (3, 0.5))
    (True, False)

    Built in: lesson 00.
    """
    if exercise.cases and yours is right_answer(exercise):
        return True
    kept = _LENT.get(exercise.id, [])
    return any(_among(part, kept) for part in _parts(yours))


def _twin(value: Any) -> Any:
    """An equal object of another identity; the same one where Python has only one."""
    if type(value) is tuple:
        return tuple(_twin(part) for part in value)
    if isinstance(value, np.generic):
        return np.array(value)[()]  # its deepcopy is the same object
    kind = _KINDS.get(type(value))
    return kind(value) if kind else copy.deepcopy(value)


def _parts(value: Any) -> list[Any]:
    """The value, and where it is a tuple, its parts."""
    return [value, *(part for each in value for part in _parts(each))] if type(value) is tuple else [value]


def _among(value: Any, kept: list[Any]) -> bool:
    return any(value is each for each in kept)
