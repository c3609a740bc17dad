"""Verdicts on values and classes, and on objects that are not what the exercise asks for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmlearn.checks import Case, Exercise, Mistake
from mmlearn.checks.verdict import Verdict, judge


def scale(values: Any) -> Any:
    """The largest value becomes 1."""
    return values / values.max()


SCALE = Exercise("99.1", "Scale", scale, (Case("three numbers", lambda rng: (rng.random(3),)),), ())
ANSWER = Exercise("99.2", "A number", lambda: 42, (), (Mistake(41, "Count from zero to the end."),))
TABLE = Exercise("99.3", "A table", np.arange(6.0).reshape(2, 3), (), ())


class Counter:
    """The class of the class exercise."""

    def __init__(self, start: int) -> None:
        self.count = start

    def add(self, n: int) -> int:
        """Count on."""
        self.count += n
        return self.count


COUNTER = Exercise(
    "99.5",
    "A class",
    Counter,
    (Case("from three", lambda rng: (3, [1, 2])),),
    (),
    use=lambda made, start, steps: [made(start).add(step) for step in steps],
)


def verdict(answer: Any, exercise: Exercise) -> Verdict:
    return judge(exercise, answer)


@pytest.mark.parametrize(
    ("answer", "exercise", "words"),
    [
        (np.ones(3), SCALE, "that is a NumPy array, not the function."),
        (None, SCALE, "that is None, not the function."),
        ("scale", SCALE, "Leave out the quotes"),
        (3, COUNTER, "that is a number, not the class."),
        (Counter(3), COUNTER, "that is a Counter object, not the class."),
        (scale, COUNTER, "that is the function scale, not the class."),
        (scale, ANSWER, "that is the function scale itself; the value that it returns is asked for."),
        (None, ANSWER, "that is None, not a value."),
    ],
)
def test_an_object_of_the_wrong_kind_gets_told_just_that(answer: Any, exercise: Exercise, words: str) -> None:
    found = verdict(answer, exercise)
    assert found.state == "tried" and words in found.text and len(found.text.splitlines()) <= 3


def test_a_value() -> None:
    assert verdict(42, ANSWER).text == "99.2 ✓ right"
    found = verdict(41, ANSWER)
    assert "likely    Count from zero to the end." in found.text and found.result == 42
    assert "42" not in verdict(7, ANSWER).text  # the solution is not given away
    assert "expected  a whole number\n  yours     7\n" in verdict(7, ANSWER).text


@pytest.mark.parametrize(
    ("answer", "likely", "yours"),
    [
        (42.0, "The number is right, its type is not: int(...) makes it a whole number.", "42.0 (float)"),
        ("42", "The number is right: leave out the quotes.", "'42'"),
        (True, "True is not a count. Of many truth values, .sum() counts the true ones.", "True"),
        (43.0, "1 too high", "43.0 (float)"),
        (41.5, "", "41.5"),
    ],
)
def test_almost_a_whole_number(answer: Any, likely: str, yours: str) -> None:
    text = verdict(answer, ANSWER).text
    assert likely in text and ("likely" in text) == bool(likely)
    assert f"\n  expected  a whole number\n  yours     {yours}\n" in text


def test_a_whole_number_with_a_point_keeps_it_on_show() -> None:
    three = Exercise("99.6", "Three", lambda: 3, (Case("none", lambda rng: ()),), ())
    assert "  expected  3\n  yours     3.0 (float)\n" in verdict(lambda: 3.0, three).text


def test_a_complex_number_is_not_a_real_one() -> None:
    half = Exercise("99.6", "Half", 0.5, (), ())
    assert "np.abs(...) of that is right" in verdict(0.5 + 0j, half).text
    assert verdict(0.5, half).state == "right"


def test_a_lent_value_is_a_copy() -> None:
    verdict(..., TABLE).result[:] = 0
    assert verdict(np.arange(6.0).reshape(2, 3), TABLE).state == "right"
    text = verdict(np.arange(6.0).reshape(2, 3) * 3, TABLE).text
    assert "expected  float64 array of shape (2, 3)\n" in text and "differs   5 of 6 values differ\n" in text


def test_a_class() -> None:
    class Mine(Counter):
        pass

    class Wrong(Counter):
        def add(self, n: int) -> int:
            return self.count

    assert verdict(Mine, COUNTER).text == "99.5 ✓ right: 1 case"
    assert "expected  [4, 5]\n  yours     [3, 3]" in verdict(Wrong, COUNTER).text


def test_several_values_not_yet_set_are_not_started() -> None:
    assert verdict((..., ...), ANSWER).state == verdict(..., ANSWER).state == "lent"
