"""The tests of the tests: bugs seeded into the checks, each of which a named test must notice."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import inspect
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mmlearn.checks import capture, compare, find, progress, run, show, thread, verdict
from mmlearn.checks.capture import Prints
from mmlearn.checks.kinds import as_array
from mmlearn.checks.where import Place

NOTICED = (AssertionError, pytest.fail.Exception, SystemExit, FileNotFoundError)  # not: any error at all
FIXTURES = {"home", "capsys", "monkeypatch", "tmp_path"}
arrays, numbers, failure, outcome = compare._arrays, compare._numbers, run._failure, run._outcome
checks = importlib.import_module("mmlearn.checks.check")  # the attribute of this name is the function
again = checks._again
isclose, default_rng, run_within, put, stop = (
    np.isclose,
    np.random.default_rng,
    thread.run_within,
    progress._put,
    thread._stop,
)


LEFT: list[int] = []  # threads that a seeded bug did not stop


@dataclass(frozen=True)
class SeededBug:
    """`bug` in the place of `name` of module `where`; the test `caught_by` of this folder must fail for it."""

    what: str
    where: str
    name: str
    bug: Any
    caught_by: str
    given: dict[str, Any] = field(default_factory=dict)


def flat(got: Any, expected: Any, *rest: Any) -> Any:
    return arrays(got.reshape(expected.shape) if got.size == expected.size else got, expected, *rest)


def any_type(got: Any, expected: Any, *rest: Any) -> Any:
    return arrays(got.astype(expected.dtype), expected, *rest)


def lists_too(got: Any, expected: Any, *rest: Any) -> Any:
    return arrays(as_array(got), expected, *rest)


def near_enough(got: Any, expected: Any, *rest: Any) -> Any:
    return numbers(float(got), float(expected), *rest)


def nan_is_fine(a: Any, b: Any, **options: Any) -> Any:
    return isclose(a, b, **options) | np.isnan(a)


def first_case_only(exercise: Any, tried: Any) -> Any:
    for mistake in exercise.mistakes:
        known = verdict.attempt(exercise, mistake.wrong)
        if verdict._differ(exercise, tried.outcomes[0], known.outcomes[0]) is None:
            return mistake
    return None


def never_late(work: Callable[[], None], seconds: float) -> None:
    run_within(work, seconds)


def stops_once(ident: int, done: threading.Event) -> None:
    LEFT.append(ident)
    send(ident)
    done.wait(0.3)


def stops_without_the_next(ident: int, done: threading.Event) -> None:
    LEFT.append(ident)
    for _ in range(20):
        send(ident)
        done.wait(0.02)


def send(ident: int) -> None:
    setter = thread.ctypes.pythonapi.PyThreadState_SetAsyncExc
    setter(thread.ctypes.c_ulong(ident), thread.ctypes.py_object(thread.Stop))


def errors_pass(exercise: Any, answer: Any, given: Any, untouched: Any) -> Any:
    found = outcome(exercise, answer, given, untouched)
    return outcome(exercise, verdict.right_answer(exercise), given, untouched) if found.failure else found


def exits(error: BaseException) -> Any:
    if isinstance(error, SystemExit):
        raise error
    return failure(error)


def never_a_stub(error: BaseException) -> Any:
    found = failure(error)
    return run.Failure(found.kind, found.message, found.place, False)


def with_addresses(error: BaseException) -> Any:
    return run.Failure(type(error).__name__, str(error), Place(), False)


@contextmanager
def open_mouth(own: list[int]) -> Iterator[Prints]:
    yield Prints(SimpleNamespace(), own, True)  # type: ignore[arg-type]


def never_put_back() -> nullcontext[None]:
    capture.sys.modules["IPython"].get_ipython().ask_exit = capture._exit
    return nullcontext()


def value_only(f: Any, *args: Any) -> dict[str, Any]:
    return {"value": f(*args).detach()}


def last_wins(before: Any, now: Any, key: Any) -> Any:
    return now


def throws_away(source: Path, target: Path) -> None:
    source.unlink() if target.suffix == ".damaged" else put(source, target)


def equal_is_the_same(value: Any, kept: list[Any]) -> bool:
    return any(type(value) in {int, float, str} and value == each for each in kept)


def counts_as_a_try(exercise: Any) -> Any:
    return dataclasses.replace(again(exercise), state="tried")


def counts_as_right(exercise: Any) -> Any:
    return dataclasses.replace(again(exercise), state="right")


def always_records(exercise_id: str, yours: Any, record: bool = True) -> Any:
    return checks.check(exercise_id, yours)


def next_best(exercise_id: str) -> Any:
    return find.exercises("00")[0]


def unseeded(seed: Any = None) -> Any:
    return default_rng(random.getrandbits(64))


ENDLESS = "test_thread.test_an_endless_loop_is_stopped_for_good"
SAME = "test_verdict.test_the_same_code_gets_the_same_verdict"
CHANGED = "test_verdict.test_changing_the_input_is_wrong_and_named"
LENT = "test_lent.test_every_way_to_hand_in_the_courses_own_function"
C, V, R, T = "mmlearn.checks.compare", "mmlearn.checks.verdict", "mmlearn.checks.run", "mmlearn.checks.thread"
K, L, W = "mmlearn.checks.check", "mmlearn.checks.lent", "mmlearn.checks.words"

SEEDED_BUGS = (
    SeededBug("shapes are ignored", C, "_arrays", flat, "test_compare.test_a_wrong_shape_is_wrong"),
    SeededBug("types are ignored", C, "_arrays", any_type, "test_compare.test_a_wrong_kind_of_number_is_wrong"),
    SeededBug("a list passes for an array", C, "_arrays", lists_too,
              "test_compare.test_a_list_is_not_an_array_nor_the_other_way_round"),
    SeededBug("whole numbers are compared as floats", C, "_numbers", near_enough,
              "test_compare.test_whole_numbers_are_exact"),
    SeededBug("NaN passes for anything", "numpy", "isclose", nan_is_fine,
              "test_compare.test_nan_is_not_a_number_that_is_due"),
    SeededBug("no mistake is ever named", V, "named_mistake", lambda *_: None, "test_verdict_values.test_a_value"),
    SeededBug("a mistake is named by the first case alone", V, "named_mistake", first_case_only,
              "test_verdict.test_no_known_mistake_is_named_where_one_case_says_otherwise"),
    SeededBug("no diagnosis without a known mistake", "mmlearn.checks.words", "diagnose", lambda *_: "",
              "test_verdict.test_a_missing_return_is_named"),
    SeededBug("running late goes unnoticed", R, "run_within", never_late,
              "test_verdict.test_an_endless_loop_ends_in_a_verdict"),
    SeededBug("the stop is sent once only", T, "_stop", stops_once, ENDLESS, {"work": "swallows_everything"}),
    SeededBug("the stop does not set off the next", T, "_stop", stops_without_the_next, ENDLESS,
              {"work": "swallows_base_exceptions"}),
    SeededBug("the time is not watched", T, "_wait", lambda done, seconds: done.wait(3.3),
              "test_verdict.test_an_endless_loop_ends_in_a_verdict"),
    SeededBug("a stub is a wrong answer", R, "_failure", never_a_stub, "test_verdict.test_a_stub_is_not_started"),
    SeededBug("an untouched `...` is a wrong answer", V, "_blank", lambda value: False,
              "test_verdict.test_a_stub_is_not_started"),
    SeededBug("an answer that fails is right", R, "_outcome", errors_pass,
              "test_verdict.test_an_error_is_told_with_the_learners_own_line"),
    SeededBug("exit() gets out", R, "_failure", exits,
              "test_verdict.test_exit_interrupt_and_endless_recursion_are_verdicts"),
    SeededBug("quit() in a notebook ends the kernel", R, "kernel_kept", nullcontext,
              "test_capture.test_quit_in_a_notebook_raises_and_ends_nothing"),
    SeededBug("quit() does nothing at all", "mmlearn.checks.capture", "_exit", lambda: None,
              "test_capture.test_quit_in_a_notebook_raises_and_ends_nothing"),
    SeededBug("quit() is not put back", R, "kernel_kept", never_put_back,
              "test_capture.test_quit_works_again_after_the_run"),
    SeededBug("changes of the input go unnoticed", R, "_changed", lambda now, was: False, CHANGED),
    SeededBug("inputs are not copied", R, "copy", SimpleNamespace(deepcopy=lambda args: args), CHANGED),
    SeededBug("a lent value is the original", L, "copy", SimpleNamespace(deepcopy=lambda value: value),
              "test_verdict_values.test_a_lent_value_is_a_copy"),
    SeededBug("what was lent passes for the learner's own", K, "is_lent", lambda *_: False, LENT, {"cell": "STUB"}),
    SeededBug("the package's own function passes", L, "right_answer", lambda exercise: None,
              "test_lent.test_the_packages_own_function_is_not_the_learners"),
    SeededBug("what was lent is forgotten", L, "_among", lambda value, kept: False,
              "test_lent.test_every_way_to_hand_in_the_courses_own_value", {"cell": "MISSPELT"}),
    SeededBug("an equal answer is taken for what was lent", L, "_among", equal_is_the_same,
              "test_lent.test_the_learners_own_value_is_right_after_a_loan"),
    SeededBug("small numbers are lent as they are", L, "_KINDS", {},
              "test_lent.test_a_value_that_python_keeps_once_is_known_again", {"value": 3}),
    SeededBug("the parts of a tuple are not looked at", L, "_parts", lambda value: [value],
              "test_lent.test_one_lent_part_of_several_is_enough"),
    SeededBug("the course's own counts as a try", K, "_again", counts_as_a_try, LENT, {"cell": "STUB"}),
    SeededBug("the course's own is recorded as right", K, "_again", counts_as_right, LENT, {"cell": "STUB"}),
    SeededBug("a demonstration is recorded", "mmlearn.checks", "check", always_records,
              "test_lent.test_a_demonstration_lends_and_records_nothing"),
    SeededBug("code beside the stub's line is not seen", V, "has_other_code", lambda place: False,
              "test_verdict.test_the_stubs_line_beside_code_is_named"),
    SeededBug("a stub is taken for code", V, "has_other_code", lambda place: True,
              "test_verdict.test_a_stub_is_not_started"),
    SeededBug("no hint after an error", W, "hint", lambda failure: "",
              "test_verdict.test_a_name_of_numpy_without_np_is_told"),
    SeededBug("1644.0 is shown as 1644", W, "_as_it_is", lambda value, due: show.show(value),
              "test_verdict_values.test_a_whole_number_with_a_point_keeps_it_on_show"),
    SeededBug("cases are not seeded", "numpy.random", "default_rng", unseeded, SAME),
    SeededBug("global random numbers are not seeded", R, "same_random_numbers", nullcontext, SAME),
    SeededBug("addresses are printed", R, "_failure", with_addresses, SAME),
    SeededBug("prints are not caught", R, "quiet", open_mouth,
              "test_verdict.test_prints_of_the_first_case_are_shown_and_endless_ones_cut"),
    SeededBug("a value's solution is given away", "mmlearn.checks.words", "form", show.show,
              "test_verdict_values.test_a_value"),
    SeededBug("a library's line is taken for the learner's", "mmlearn.checks.where", "_theirs", lambda frame: True,
              "test_verdict.test_the_learners_line_is_named_when_a_library_raises"),
    SeededBug("gradients are not compared", "mmlearn.checks.gradients", "with_gradients", value_only,
              "test_gradients.test_a_cut_gradient_is_wrong_though_the_value_is_right"),
    SeededBug("an unknown exercise is taken for another", "mmlearn.checks.check", "find", next_best,
              "test_check.test_an_unknown_exercise_lists_the_known_ones"),
    SeededBug("progress falls back", "mmlearn.checks.progress", "max", last_wins,
              "test_progress.test_a_state_never_falls_back_and_stubs_are_no_tries"),
    SeededBug("a damaged record is thrown away", "mmlearn.checks.progress", "_put", throws_away,
              "test_progress.test_a_damaged_file_is_kept_aside_and_the_others_live", {"damage": b"{"}),
    SeededBug("a tilde is taken for a folder's name", "os.path", "expanduser", str,
              "test_progress.test_a_tilde_in_the_variable_is_the_home_folder"),
    SeededBug("progress is recorded while lessons are built", "mmlearn.checks.progress", "building", lambda: False,
              "test_check.test_nothing_is_recorded_while_lessons_are_built"),
)  # fmt: skip


def load(name: str) -> ModuleType:
    """A test file of this folder, read anew, so that it sees what is patched."""
    spec = importlib.util.spec_from_file_location(f"seeded_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_test(bug: SeededBug, request: pytest.FixtureRequest) -> None:
    file, name = bug.caught_by.split(".")
    module = load(file)
    given = {key: getattr(module, value) if isinstance(value, str) else value for key, value in bug.given.items()}
    test = getattr(module, name)
    for wanted in inspect.signature(test).parameters:
        if wanted in FIXTURES:
            given[wanted] = request.getfixturevalue(wanted)
        elif wanted == "double":
            given[wanted] = module.double.__wrapped__(request.getfixturevalue("monkeypatch"))
    test(**given)


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug.what for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: SeededBug, request: pytest.FixtureRequest) -> None:
    module = importlib.import_module(bug.where)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, bug.name, bug.bug, raising=bug.name != "max")
        with pytest.raises(NOTICED):
            run_test(bug, request)
    while LEFT:
        stop(LEFT.pop(), threading.Event())  # what the bug let live


@pytest.mark.parametrize("name", sorted({bug.caught_by for bug in SEEDED_BUGS}))
def test_what_catches_a_bug_passes_without_it(name: str, request: pytest.FixtureRequest) -> None:
    run_test(next(bug for bug in SEEDED_BUGS if bug.caught_by == name), request)
