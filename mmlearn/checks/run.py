"""Try an answer on every case of its exercise, safely: nothing that it does gets out."""

from __future__ import annotations

import copy
import re
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmlearn.checks.capture import kernel_kept, quiet, same_random_numbers
from mmlearn.checks.compare import difference
from mmlearn.checks.exercise import Case, Exercise
from mmlearn.checks.kinds import Stream, is_tensor
from mmlearn.checks.thread import Stop, run_within
from mmlearn.checks.where import Place, place_of_error

MOST = 1_000_000  # items read from a generator


@dataclass(frozen=True)
class Failure:
    """The error that an answer met."""

    kind: str
    message: str
    place: Place
    unwritten: bool  # the stub's own NotImplementedError


@dataclass(frozen=True)
class Outcome:
    """What came of one case: a value or a failure, and which arguments were changed in place."""

    value: Any = None
    failure: Failure | None = None
    changed: tuple[int, ...] = ()


@dataclass(frozen=True)
class Run:
    """What came of all cases. `stuck` is where the time ran out; then later cases have no outcome."""

    outcomes: tuple[Outcome, ...]
    stuck: Place | None = None
    printed: str = ""


def arguments(exercise: Exercise, case: Case) -> tuple[Any, ...]:
    """The arguments of one case: the same at every call.

    Raises:
        TypeError: `make` gave something other than a tuple.

    Built in: lesson 00.
    """
    made = case.make(np.random.default_rng(zlib.crc32(f"{exercise.id} {case.label}".encode())))
    if not isinstance(made, tuple):
        raise TypeError(
            f"exercise {exercise.id}, case {case.label!r}: make must return a tuple of arguments, got {made!r}"
        )
    return made


def run(exercise: Exercise, answer: Any) -> Run:
    """Try `answer` on every case within the exercise's seconds, prints caught, in a thread of its own.

    Args:
        exercise: with at least one case.
        answer: function or class: the learner's, the course's or a known-wrong one.

    Built in: lesson 00.
    """
    outcomes: list[Outcome] = []
    thread: list[int] = []
    made = [arguments(exercise, case) for case in exercise.cases]
    inputs = [(copy.deepcopy(args), copy.deepcopy(args)) for args in made]  # what `make` gave may be shared

    with quiet(thread) as prints, same_random_numbers(zlib.crc32(exercise.id.encode())), kernel_kept():

        def work() -> None:
            thread.append(threading.get_ident())
            for given, untouched in inputs:
                outcomes.append(_outcome(exercise, answer, given, untouched))
                prints.keep = False  # the first case is enough to debug by

        stuck = run_within(work, exercise.seconds)
    return Run(tuple(outcomes), stuck, prints.text())


def _outcome(exercise: Exercise, answer: Any, given: tuple[Any, ...], untouched: tuple[Any, ...]) -> Outcome:
    try:
        value = exercise.use(answer, *given)
        if isinstance(value, Iterator):
            value = Stream(type(value).__name__, _read(value))
        failure = None
    except Stop:
        raise
    except BaseException as error:  # SystemExit and KeyboardInterrupt too, if the code raises them
        value, failure = None, _failure(error)
    changed = (i for i, (now, was) in enumerate(zip(given, untouched, strict=True)) if _changed(now, was))
    return Outcome(value, failure, tuple(changed))


def _read(items: Iterator[Any]) -> list[Any]:
    taken = []
    for item in items:  # not list(items): that is one call in C, which cannot be stopped
        taken.append(item)
        if len(taken) > MOST:
            raise RuntimeError(f"the generator gave more than {MOST:,} items and would go on")
    return taken


def _failure(error: BaseException) -> Failure:
    place = place_of_error(error)
    said = re.sub(r"0x[0-9a-fA-F]{4,}", "0x...", str(error))  # an address changes from run to run
    lines = said[:300].strip().splitlines()
    unwritten = isinstance(error, NotImplementedError) and (not place.code or "NotImplemented" in place.code)
    return Failure(type(error).__name__, " ".join(line.strip() for line in lines[:3]), place, unwritten)


def _changed(now: Any, was: Any) -> bool:
    """Whether an argument differs from its untouched twin; what has no comparison of its own passes."""
    if not (isinstance(was, np.ndarray | list | dict | set) or is_tensor(was)):
        return False
    found = difference(now, was, atol=0.0, rtol=0.0)
    own = found is not None and getattr(type(found.expected), "__eq__", None) is not object.__eq__
    return own
