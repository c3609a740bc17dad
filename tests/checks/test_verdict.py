"""Right, wrong, not begun: the verdicts on answers good and bad, word by word where it matters."""

from __future__ import annotations

import itertools
import random
import sys
import time
from typing import Any

import numpy as np
import pytest

from mmlearn.checks import Case, Exercise, Mistake
from mmlearn.checks.verdict import Verdict, judge

RUNS_ON = "You get the course's version, so the notebook runs on."
GO_ON = "You get the course's version for now, so the notebook runs on. Change your cell, run it, then this one."


def scale(values: Any) -> Any:
    """The exercise of these tests: the largest value becomes 1; what has no values raises."""
    if len(values) == 0:
        raise ValueError("nothing to scale")
    return values / values.max()


def halve_in_place(values: Any) -> Any:
    values /= 2
    return values * 2 / (values * 2).max()


def never_ends(values: Any) -> Any:
    while True:
        try:
            values = values + 1
        except:  # noqa: E722
            continue


SCALE = Exercise(
    id="99.1",
    title="Scale",
    reference=scale,
    cases=(
        Case("three numbers", lambda rng: (rng.random(3) + 0.5,)),
        Case("a table", lambda rng: (rng.random((4, 3)) + 0.5,)),
        Case("no numbers", lambda rng: (np.zeros(0),)),
    ),
    mistakes=(
        Mistake(lambda v: v / v.sum(), "You divide by the sum."),
        Mistake(lambda v: v / v.max() if len(v) else v, "Nothing to scale is an error."),
        Mistake(lambda v: v / v.max(axis=0), "You divide by the largest of each column."),
    ),
    seconds=1,
)
WORDS = Exercise("99.4", "Words", lambda text: text.split(), (Case("two words", lambda rng: ("a b",)),), ())


NUMBERS = Exercise(
    "99.6", "A generator", lambda n: (i for i in range(n)), (Case("three", lambda rng: (3,)),), (), seconds=20
)


def verdict(answer: Any, exercise: Exercise = SCALE) -> Verdict:
    return judge(exercise, answer)


def test_a_right_answer_is_adopted_in_one_line() -> None:
    def mine(values: Any) -> Any:
        return scale(values)

    found = verdict(mine)
    assert (found.state, found.text) == ("right", "99.1 ✓ right: 3 cases")
    assert found.result is mine


def test_a_wrong_answer_gets_the_courses_version() -> None:
    found = verdict(lambda v: v)
    assert found.state == "tried" and found.result is scale
    assert found.text.startswith(
        "99.1 ✗ not right yet: 3 of 3 cases differ.\n  case      three numbers\n  input     values = "
    )
    assert found.text.endswith(f"\n  {GO_ON}")


def test_a_stub_is_not_started() -> None:
    def stub(values: Any) -> Any:
        raise NotImplementedError("exercise 99.1 is yours")

    for blank in (stub, ..., lambda v: ...):
        found = verdict(blank)
        assert (found.state, found.text) == ("lent", f"99.1 · not started yet. {RUNS_ON}")
        assert found.result is scale


def test_the_stubs_line_beside_code_is_named() -> None:
    def below(values: Any) -> Any:
        """The docstring."""
        raise NotImplementedError("exercise 99.1 is yours")
        return scale(values)

    def above(values: Any) -> Any:
        values.sum()  # the return is forgotten
        raise NotImplementedError("exercise 99.1 is yours")

    for answer in (below, above):
        found = verdict(answer)
        line = answer.__code__.co_firstlineno + 2
        head = "99.1 ✗ the line `raise NotImplementedError` is still there and stops your code: delete it."
        code = 'raise NotImplementedError("exercise 99.1 is yours")'
        assert (found.state, found.text) == ("tried", f"{head}\n  {f'line {line}':9} {code}\n  {GO_ON}")


def test_a_stub_of_several_lines_is_not_started() -> None:
    def stub(values: Any) -> Any:
        """The docstring, and a message over two lines."""
        ...
        raise NotImplementedError(
            "exercise 99.1 is yours"
        )  # fmt: skip

    assert verdict(stub).state == "lent"


def test_a_stubs_line_on_one_branch_is_named() -> None:
    def half_done(values: Any) -> Any:
        if len(values) == 3:
            return scale(values)
        raise NotImplementedError("exercise 99.1 is yours")

    text = verdict(half_done).text
    assert "likely    A line `raise NotImplementedError` is still there and stops your code: delete it." in text


def test_a_name_of_numpy_without_np_is_told() -> None:
    def forgets(values: Any) -> Any:
        return log10(values)  # type: ignore[name-defined]  # noqa: F821

    def misspells(values: Any) -> Any:
        return vlaues  # type: ignore[name-defined]  # noqa: F821

    assert "Is `np.` missing in front: np.log10?" in verdict(forgets).text
    text = verdict(misspells).text
    assert "Is it spelt right? If so, run the cells above first." in text and "np." not in text


def test_rows_of_unequal_length_are_told() -> None:
    for put_together in (np.array, np.stack):

        def ragged(values: Any, put_together: Any = put_together) -> Any:
            return put_together([np.ones(4), np.ones(4), np.ones(2)])

        assert "not of one length. Look at the last one: is it cut short?" in verdict(ragged).text


def test_an_error_of_another_kind_is_not_a_stub() -> None:
    def unsupported(values: Any) -> Any:
        return values.dot(NotImplemented) if values is None else values.wrong_name

    assert verdict(unsupported).state == "tried"


@pytest.mark.parametrize("mistake", SCALE.mistakes, ids=lambda mistake: mistake.says)
def test_a_known_mistake_is_named(mistake: Mistake) -> None:
    assert f"  likely    {mistake.says}\n" in verdict(mistake.wrong).text


def test_no_known_mistake_is_named_where_one_case_says_otherwise() -> None:
    def almost(values: Any) -> Any:
        return values / values.sum() if values.ndim == 1 else values * 0

    assert "likely" not in verdict(almost).text


def test_what_is_expected_and_what_came_is_shown() -> None:
    text = verdict(lambda text: text.upper().split(), WORDS).text.splitlines()
    assert text == [
        "99.4 ✗ not right yet.",
        "  likely    Only capital and small letters differ.",
        "  case      two words",
        "  input     text = 'a b'",
        "  expected  ['a', 'b']",
        "  yours     ['A', 'B']",
        "  differs   [0]: 'A' where 'a' is due",
        f"  {GO_ON}",
    ]


def test_changing_the_input_is_wrong_and_named() -> None:
    text = verdict(halve_in_place).text
    assert "the result is right, but an input was changed" in text
    assert "changes its input (values)" in text


def test_changing_the_input_is_told_beside_a_wrong_result() -> None:
    def both(values: Any) -> Any:
        values[:] = 0
        return values

    assert "  also      Your code changes its input (values)" in verdict(both).text


def test_an_error_is_told_with_the_learners_own_line() -> None:
    def fails(values: Any) -> Any:
        return values.maximum()  # no such method

    text = verdict(fails).text
    assert "stopped with an error: AttributeError: 'numpy.ndarray' object has no attribute 'maximum'" in text
    line = fails.__code__.co_firstlineno + 1
    assert f"  line {line}".ljust(12) + "return values.maximum()  # no such method" in text
    assert "Traceback" not in text and "File" not in text


def test_the_learners_line_is_named_when_a_library_raises() -> None:
    def fails(values: Any) -> Any:
        return np.linalg.inv(values)

    assert "return np.linalg.inv(values)" in verdict(fails).text


def test_an_error_where_it_is_due_is_right_and_its_absence_is_wrong() -> None:
    assert "likely    Nothing to scale is an error." in verdict(SCALE.mistakes[1].wrong).text
    text = verdict(lambda v: v / v.max() if len(v) else np.zeros(1)).text
    assert "  expected  a ValueError: nothing to scale\n  yours     float64 array of shape (1,): [0.]" in text


def test_exit_interrupt_and_endless_recursion_are_verdicts() -> None:
    def exits(values: Any) -> Any:
        sys.exit("bye")

    def interrupts(values: Any) -> Any:
        raise KeyboardInterrupt

    def calls_itself(values: Any) -> Any:
        return calls_itself(values) + 1

    assert "SystemExit: bye" in verdict(exits).text
    assert "KeyboardInterrupt" in verdict(interrupts).text
    assert "RecursionError" in verdict(calls_itself).text


def test_deep_recursion_through_c_does_not_kill_the_process() -> None:
    class Deep:
        def __getattr__(self, name: str) -> Any:
            return sorted([self, self], key=lambda one: getattr(one, name + "x"))

    assert "RecursionError" in verdict(lambda v: Deep().a).text


def test_an_endless_loop_ends_in_a_verdict() -> None:
    before = time.monotonic()
    text = verdict(never_ends).text
    assert time.monotonic() - before < SCALE.seconds + 2
    assert text.startswith("99.1 ✗ stopped: it had not ended after 1 s. Is there a loop that never ends?\n  line")
    assert "  while True:\n  case      three numbers\n" in text


def test_a_generator_without_end_ends_in_a_verdict() -> None:
    assert verdict(lambda n: iter(range(n)), NUMBERS).state == "right"
    assert "would go on" in verdict(itertools.count, NUMBERS).text


def test_a_loop_that_only_the_third_case_meets_is_told_with_that_case() -> None:
    def third(values: Any) -> Any:
        while len(values) == 0:
            pass
        return scale(values)

    assert "case      no numbers" in verdict(third).text


def test_prints_of_the_first_case_are_shown_and_endless_ones_cut() -> None:
    def chatty(values: Any) -> Any:
        print("shape", values.shape)
        return scale(values)

    assert verdict(chatty).text == "Printed in the first case:\n  | shape (3,)\n99.1 ✓ right: 3 cases"

    def endless(values: Any) -> Any:
        while True:
            print("again and again")

    text = verdict(endless).text
    assert "  | again and again" in text and "  | ... (cut here)" in text and len(text.splitlines()) < 30


def test_nothing_gets_out(capsys: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder) -> None:
    def noisy(values: Any) -> Any:
        print("to stdout")
        print("to stderr", file=sys.stderr)
        np.random.seed(3)
        return values / 0

    random.seed(1)
    np.random.seed(1)
    before = random.getstate(), np.random.get_state()[1].tolist()
    out = sys.stdout
    verdict(noisy)
    assert capsys.readouterr() == ("", "") and not recwarn.list
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before
    assert sys.stdout is out


def test_the_same_code_gets_the_same_verdict() -> None:
    def chancy(values: Any) -> Any:
        return values + np.random.random() + random.random()

    def says_where(values: Any) -> Any:
        raise TypeError(f"cannot take {object()}")

    for answer in (chancy, says_where):
        assert verdict(answer).text == verdict(answer).text
    assert "object at 0x...>" in verdict(says_where).text


def test_a_missing_return_is_named() -> None:
    def no_return(values: Any) -> None:
        scale(values) if len(values) else None

    assert "is the `return` missing" in verdict(no_return).text


def test_a_comparison_of_the_exercises_own() -> None:
    anyhow = Exercise("99.7", "Any order", sorted, WORDS.cases, (), compare=lambda got, due: set(got) == set(due))
    assert verdict(list, anyhow).state == "right"
    assert verdict(lambda text: ["a"], anyhow).state == "tried"
    assert verdict(lambda text: None, anyhow).state == "tried"  # set(None) raises inside the comparison
    with_words = Exercise("99.8", "Sum", sum, ((Case("two", lambda rng: ([1, 2],))),), (), lambda a, b: "Look again.")
    assert "differs   Look again." in verdict(len, with_words).text


def test_a_fault_of_the_course_is_not_put_on_the_learner() -> None:
    broken = Exercise("99.9", "Broken", lambda v: v.nothing, SCALE.cases, ())
    with pytest.raises(RuntimeError, match=r"99\.9, case 1: the course's own answer fails: AttributeError"):
        verdict(scale, broken)
    not_a_tuple = Exercise("99.9", "Broken", scale, (Case("one", lambda rng: 3),), ())  # type: ignore[arg-type,return-value]
    with pytest.raises(TypeError, match="must return a tuple"):
        verdict(scale, not_a_tuple)
