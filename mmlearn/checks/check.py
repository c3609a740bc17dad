"""`f = check("01.2", f)`: the line under every exercise."""

from __future__ import annotations

import sys
from typing import Any

from mmlearn.checks.exercise import Exercise
from mmlearn.checks.find import find, right_answer
from mmlearn.checks.lent import is_lent, lend
from mmlearn.checks.progress import State
from mmlearn.checks.progress import record as write_down
from mmlearn.checks.verdict import Verdict, judge
from mmlearn.checks.words import still_lent
from mmlearn.data.unavailable import DataUnavailable


def check(exercise_id: str, yours: Any, record: bool = True) -> Any:
    """Check an answer, say what is right or wrong with it, and hand back one that works.

    The learner's own object comes back if it is right, else the course's: the notebook runs on.
    The course's own, handed in again, is known for what it is (`mmlearn.checks.lent`) and never counts.
    An error in the learner's code is part of the verdict and never raised; a loop without end is stopped
    after the exercise's seconds. Only a loop inside C code (``sum(itertools.count())``) cannot be
    stopped by anything in Python: restart the kernel then. The code runs in a thread of its own: what
    is local to a thread, as torch.no_grad(), does not reach it. Prints of the first case are shown.

    >>> check("00.1", ...) is not None  # nothing done yet
    00.1 · not started yet. You get the course's version, so the notebook runs on.
    True

    Args:
        exercise_id: lesson and number, "01.2".
        yours: the function, class or value that the exercise asks for.
        record: False for a demonstration: the verdict is printed, and no progress is kept of it.

    Returns:
        `yours` if it is right, else the course's version.

    Raises:
        ValueError: there is no such exercise.

    Built in: lesson 00.
    """
    exercise = find(exercise_id)
    try:
        verdict = _again(exercise) if is_lent(exercise, yours) else judge(exercise, yours)
    except DataUnavailable as missing:
        _say(f"{exercise.id} · cannot be checked on this machine. {missing}")
        return right_answer(exercise) if exercise.cases else yours
    _say(verdict.text)
    if record:
        _note(exercise.id, verdict.state)
    return verdict.result


def _again(exercise: Exercise) -> Verdict:
    """The verdict on the course's own version: neither right nor a try; a value is lent afresh."""
    return Verdict("lent", still_lent(exercise), lend(exercise, right_answer(exercise)))


def _note(exercise_id: str, state: State) -> None:
    try:
        write_down(exercise_id, state)
    except OSError as error:
        _say(f"(Your progress could not be saved: {error.strerror}. MMLEARN_HOME=folder names another place.)")


def _say(text: str) -> None:
    """Print; on a terminal that has no ✓ (Windows with an old code page), with a ? in its place."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding))
