"""Right, wrong or not begun: an answer judged against the course's own, and its mistake found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mmlearn.checks.compare import Difference, difference
from mmlearn.checks.exercise import Exercise, Mistake
from mmlearn.checks.find import right_answer, value_of
from mmlearn.checks.lent import lend
from mmlearn.checks.progress import State
from mmlearn.checks.run import Outcome, Run, run
from mmlearn.checks.where import Place, has_other_code
from mmlearn.checks.words import Finding, misplaced, not_started, right, stub_left, stuck, wrong

_EXPECTED_ERRORS = {"ValueError", "TypeError", "KeyError", "IndexError"}


@dataclass(frozen=True)
class Verdict:
    """What the learner is told, what is noted as progress, and what the notebook goes on with."""

    state: State
    text: str
    result: Any


def judge(exercise: Exercise, yours: Any) -> Verdict:
    """Try an answer on every case; adopt it if it is right, else lend the course's version.

    Where the right answer raises ValueError, TypeError, KeyError or IndexError, the same error is due.

    Args:
        exercise: its declaration.
        yours: the learner's function, class or value.

    Raises:
        RuntimeError: the course's own answer fails: a fault of the course, not of the learner.

    Built in: lesson 00.
    """
    reference = right_answer(exercise)
    state, text = _judge(exercise, yours, reference)
    return Verdict(state, text, yours if state == "right" else lend(exercise, reference))


def _judge(exercise: Exercise, yours: Any, reference: Any) -> tuple[State, str]:
    if _blank(yours):
        return "lent", not_started(exercise)
    told = misplaced(exercise, yours, reference)
    if told:
        return "tried", told
    tried = attempt(exercise, yours)
    if tried.stuck:
        return "tried", stuck(exercise, tried, reference)
    if all(_blank(outcome.value) or (outcome.failure and outcome.failure.unwritten) for outcome in tried.outcomes):
        left = _stub_left(tried)
        return ("tried", stub_left(exercise, left)) if left else ("lent", not_started(exercise))
    findings = _findings(exercise, tried, attempt(exercise, reference))
    if not findings:
        return "right", right(exercise, tried)
    return "tried", wrong(exercise, tried, findings, named_mistake(exercise, tried), reference)


def attempt(exercise: Exercise, answer: Any) -> Run:
    """What comes of an answer: for a value, the value itself, as the only outcome.

    Built in: lesson 00.
    """
    return run(exercise, answer) if exercise.cases else Run((Outcome(answer),))


def named_mistake(exercise: Exercise, tried: Run) -> Mistake | None:
    """The known-wrong answer whose outcomes are those of `tried` in every case; the first declared wins.

    Built in: lesson 00.
    """
    for mistake in exercise.mistakes:
        known = attempt(exercise, mistake.wrong if exercise.cases else value_of(mistake.wrong))
        if not known.stuck and all(
            _differ(exercise, mine, theirs) is None and set(theirs.changed) <= set(mine.changed)
            for mine, theirs in zip(tried.outcomes, known.outcomes, strict=True)
        ):
            return mistake
    return None


def _blank(value: Any) -> bool:
    return value is Ellipsis or (isinstance(value, tuple) and len(value) > 0 and all(v is Ellipsis for v in value))


def _stub_left(tried: Run) -> Place | None:
    """The stub's line, if the learner has written code beside it."""
    places = [outcome.failure.place for outcome in tried.outcomes if outcome.failure]
    return next((place for place in places if has_other_code(place)), None)


def _findings(exercise: Exercise, tried: Run, due: Run) -> list[Finding]:
    if due.stuck:
        raise RuntimeError(f"exercise {exercise.id}: the course's own answer does not end in time")
    findings = []
    for i, (mine, theirs) in enumerate(zip(tried.outcomes, due.outcomes, strict=True)):
        if theirs.failure and theirs.failure.kind not in _EXPECTED_ERRORS:
            said = f"{theirs.failure.kind}: {theirs.failure.message}"
            raise RuntimeError(f"exercise {exercise.id}, case {i + 1}: the course's own answer fails: {said}")
        changed = tuple(sorted(set(mine.changed) - set(theirs.changed)))
        found = _differ(exercise, mine, theirs)
        if found or changed:
            findings.append(Finding(i, mine, theirs, found, changed))
    return findings


def _differ(exercise: Exercise, mine: Outcome, theirs: Outcome) -> Difference | None:
    """The difference of two outcomes of one case: values by the exercise's comparison, errors by their kind."""
    if mine.failure or theirs.failure:
        kinds = [outcome.failure.kind if outcome.failure else "no error" for outcome in (mine, theirs)]
        says = f"{kinds[0]} where {kinds[1]} is due"
        return Difference("", says, mine.value, theirs.value) if kinds[0] != kinds[1] else None
    if exercise.compare is None or isinstance(mine.value, Iterator):
        return _compare(mine.value, theirs.value)
    try:
        answer = exercise.compare(mine.value, theirs.value)
    except Exception as error:  # a result of another kind than the comparison knows
        found = _compare(mine.value, theirs.value)
        return found or Difference("", f"it cannot be compared ({error})", mine.value, theirs.value)
    if answer is None or (not isinstance(answer, str) and bool(answer)):
        return None
    return Difference("", answer if isinstance(answer, str) else "", mine.value, theirs.value)


def _compare(mine: Any, theirs: Any) -> Difference | None:
    try:
        return difference(mine, theirs)
    except Exception as error:
        return Difference("", f"it cannot be compared ({type(error).__name__})", mine, theirs)
