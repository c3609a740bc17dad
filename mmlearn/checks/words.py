"""The verdicts in words: what a learner reads under a check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mmlearn.checks.compare import Difference
from mmlearn.checks.diagnose import diagnose
from mmlearn.checks.errors import hint
from mmlearn.checks.exercise import Exercise, Mistake
from mmlearn.checks.kinds import as_scalar, name_kind
from mmlearn.checks.run import Outcome, Run, arguments
from mmlearn.checks.show import argument_names, form, inputs, show
from mmlearn.checks.where import Place

RUNS_ON = "You get the course's version, so the notebook runs on."
GO_ON = "You get the course's version for now, so the notebook runs on. Change your cell, run it, then this one."


@dataclass(frozen=True)
class Finding:
    """A case that is not right: what came, what is due, how they differ, which arguments were changed."""

    case: int
    mine: Outcome
    theirs: Outcome
    difference: Difference | None
    changed: tuple[int, ...]


def right(exercise: Exercise, tried: Run) -> str:
    """One line of praise, with the first case's prints before it."""
    cases = len(exercise.cases)
    counted = f": {cases} case{'s' if cases > 1 else ''}" if cases else ""
    return _printed(tried) + f"{exercise.id} ✓ right{counted}"


def not_started(exercise: Exercise) -> str:
    """The stub is still there."""
    return f"{exercise.id} · not started yet. {RUNS_ON}"


def still_lent(exercise: Exercise) -> str:
    """What check lent came back to it."""
    head = f"{exercise.id} · this is still the course's version."
    return f"{head} Run your own cell first (did it end in an error?), then this one."


def stub_left(exercise: Exercise, place: Place) -> str:
    """There is code, and the stub's line beside it."""
    head = "the line `raise NotImplementedError` is still there and stops your code: delete it."
    return _block(exercise, head, *_line(place))


def misplaced(exercise: Exercise, yours: Any, reference: Any) -> str:
    """What to say to an object of the wrong kind; "" where the kind will do."""
    what, call = name_kind(yours), f'check("{exercise.id}", name)'
    if not exercise.cases:
        if callable(yours) and not callable(reference):
            return _block(exercise, f"that is {what} itself; the value that it returns is asked for.")
        if yours is None and reference is not None:
            why = "print(), .sort() and .append(), for instance, return None; so does a function without `return`."
            return _block(exercise, "that is None, not a value.", *_row("likely", why))
        return ""
    due = "class" if isinstance(reference, type) else "function"
    if callable(yours) and (due == "function" or isinstance(yours, type)):
        return ""
    if isinstance(yours, str):
        return _block(exercise, "that is text.", *_row("likely", f"Leave out the quotes around the name: {call}."))
    called = "" if callable(yours) else f', not check("{exercise.id}", name(...))'
    likely = f"Hand over the {due} itself: {call}{called}."
    return _block(exercise, f"that is {what}, not the {due}.", *_row("likely", likely))


def stuck(exercise: Exercise, tried: Run, reference: Any) -> str:
    """The time ran out."""
    place, case = tried.stuck or Place(), len(tried.outcomes)
    head = f"stopped: it had not ended after {exercise.seconds:g} s. Is there a loop that never ends?"
    return _printed(tried) + _block(exercise, head, *_line(place), *_case(exercise, case, reference))


def wrong(exercise: Exercise, tried: Run, findings: Sequence[Finding], mistake: Mistake | None, reference: Any) -> str:
    """The likely mistake, then input, expected and got, for the first case that is not right."""
    first = findings[0]
    case, failure = _case(exercise, first.case, reference), first.mine.failure
    changed = _changed(exercise, findings, reference)
    if failure and first.difference:
        said = f"{failure.kind}: {failure.message}" if failure.message else failure.kind
        rows = [
            *_line(failure.place),
            *case,
            *_row("likely", mistake.says if mistake else hint(failure)),
        ]
        return _printed(tried) + _block(exercise, f"stopped with an error: {said}", *rows)
    if not first.difference:
        rows = [*_row("why", mistake.says if mistake else changed), *case]
        return _printed(tried) + _block(exercise, "the result is right, but an input was changed on the way.", *rows)
    count = sum(finding.difference is not None for finding in findings)
    of = f": {count} of {len(tried.outcomes)} cases differ{'s' * (count == 1)}" if len(exercise.cases) > 1 else ""
    differences = [f.difference for f in findings if f.difference and not f.mine.failure and not f.theirs.failure]
    guess = mistake.says if mistake else diagnose(differences) if differences else ""
    rows = [*_row("likely", guess), *case, *_results(exercise, first, first.difference), *_row("also", changed)]
    return _printed(tried) + _block(exercise, f"not right yet{of}.", *rows)


def _block(exercise: Exercise, head: str, *rows: str) -> str:
    return "\n".join((f"{exercise.id} ✗ {head}", *rows, f"  {GO_ON}"))


def _row(label: str, text: str) -> list[str]:
    """A labelled text, further lines under the first; nothing for no text."""
    lines = text.splitlines()
    return [f"  {label if i == 0 else '':9} {line}" for i, line in enumerate(lines)]


def _line(place: Place) -> list[str]:
    return _row(f"line {place.line}", place.code or "(of your code)") if place.line else []


def _printed(tried: Run) -> str:
    if not tried.printed.strip():
        return ""
    return "\n".join(["Printed in the first case:", *(f"  | {line}" for line in tried.printed.splitlines())]) + "\n"


def _case(exercise: Exercise, case: int, reference: Callable[..., Any]) -> list[str]:
    if not exercise.cases:
        return []
    args = arguments(exercise, exercise.cases[case])
    given = "\n".join(inputs(exercise, args, reference))
    return [*_row("case", exercise.cases[case].label), *_row("input", given)]


def _results(exercise: Exercise, finding: Finding, found: Difference) -> list[str]:
    """What is due and what came; how they differ too, unless the two say it all."""
    due, mine = finding.theirs, _row("yours", _as_it_is(finding.mine.value, finding.theirs.value))
    if due.failure:
        return [*_row("expected", f"a {due.failure.kind}: {due.failure.message}"), *mine]
    single = isinstance(as_scalar(found.got), bool | int | float | str)
    says = f"{found.where}: {found.says}" if found.where else found.says
    if not exercise.cases:  # the value is the solution: only its form is told
        says = says.partition(", first at ")[0]
        differs = "" if single and "is due" in says else says
        return [*_row("expected", form(due.value)), *mine, *_row("differs", differs)]
    clear = single and not found.where and show(found.got) != show(found.expected) and "is due" in says
    return [*_row("expected", show(due.value)), *mine, *_row("differs", "" if clear else says)]


def _as_it_is(value: Any, due: Any) -> str:
    """As shown, but 1644.0 stays 1644.0 where a whole number is due: without its point it would look right."""
    mine, due = as_scalar(value), as_scalar(due)
    return f"{mine!r} (float)" if type(due) is int and type(mine) is float and mine.is_integer() else show(value)


def _changed(exercise: Exercise, findings: Sequence[Finding], reference: Callable[..., Any]) -> str:
    places = sorted({place for finding in findings for place in finding.changed})
    if not places:
        return ""
    names = argument_names(exercise, max(places) + 1, reference)
    changed = " and ".join(names[place] for place in places)
    return f"Your code changes its input ({changed}), which belongs to the caller: work on a copy."
