"""How an exercise is declared: once, with its reference, its cases and its known-wrong answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

EXERCISE_ID = re.compile(r"(\d\d)\.(\d+)")


def apply(f: Callable[..., Any], *args: Any) -> Any:
    """Use the learner's object in the plainest way: call it.

    >>> apply(max, 3, 5)
    5

    Built in: lesson 00.
    """
    return f(*args)


@dataclass(frozen=True)
class Case:
    """One trial of an exercise: a name that a learner understands, and the arguments.

    Args:
        label: what is special about the case, in words: "a picture of one pixel".
        make: generator -> tuple of arguments. The generator is seeded by exercise and case, so the same
            code always meets the same inputs. `make` is called anew for every trial.

    >>> Case("a row of three", lambda rng: (rng.random(3),)).make(np.random.default_rng(0))[0].shape
    (3,)

    Built in: lesson 00.
    """

    label: str
    make: Callable[[np.random.Generator], tuple[Any, ...]]


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people really give, and the sentence that helps them.

    Args:
        wrong: the wrong answer, of the kind the exercise asks for: function, class or value. It is named
            to a learner whose results equal its results in every case (or who meets the same error).
        says: what is wrong and where to look, in a sentence or two.

    >>> Mistake(min, "You take the smallest where the largest is asked for.").wrong([3, 5])
    3

    Built in: lesson 00.
    """

    wrong: Any
    says: str


@dataclass(frozen=True)
class Exercise:
    """One exercise: what is right, how it is tried, and what usually goes wrong.

    Args:
        id: "LL.K", lesson and number: "01.2".
        title: as in the heading of the lesson.
        reference: dotted path of the right answer, "mmlearn.encode.pixels.to_grey"; it may lie in the
            lesson's own checks module. Anything but a string is taken as the right answer itself. It is
            the course's own, never a library's function, for whoever hands it in gets told that it is lent.
        cases: the trials of a function or class. Without cases the exercise asks for a value (array,
            number, string ...): then a `reference` or `Mistake.wrong` that is a function of no arguments
            is called for the value, so that a costly one is worked out only when it is needed. Not True,
            False or None alone: Python has one of each, so one that was lent could not be known again.
        mistakes: at least three.
        compare: ``compare(got, expected)`` returns True or None where `got` is right, False or a sentence
            where not. Default: `mmlearn.checks.compare.difference`; `close(atol, rtol)` there loosens it.
            It sees finished results only; whatever runs the learner's code belongs into `use`.
        use: ``use(answer, *args)`` gives the result that is compared; default: call it. For a class,
            build and use it: ``lambda Vocabulary, words: Vocabulary(words).encode("dog")``.
            `mmlearn.checks.gradients.with_gradients` compares the gradients of a torch function as well.
        seconds: for all cases together; then the learner's code is stopped.

    >>> double = Exercise("00.9", "Twice", lambda x: 2 * x, (Case("three", lambda rng: (3,)),), ())
    >>> double.lesson, double.seconds
    ('00', 10.0)

    Built in: lesson 00.
    """

    id: str
    title: str
    reference: Any
    cases: tuple[Case, ...]
    mistakes: tuple[Mistake, ...]
    compare: Callable[[Any, Any], bool | str | None] | None = None
    use: Callable[..., Any] = apply
    seconds: float = 10.0

    def __post_init__(self) -> None:
        if not EXERCISE_ID.fullmatch(self.id):
            raise ValueError(f"expected an exercise id such as '01.2', got {self.id!r}")

    @property
    def lesson(self) -> str:
        """The lesson's number, two digits."""
        return self.id[:2]
