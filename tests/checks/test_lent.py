"""The course's own version is never taken for the learner's, however it gets into the check."""

from __future__ import annotations

import copy
import importlib
import json
import pickle
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmlearn.checks import Case, Exercise, check
from mmlearn.checks.lent import is_lent, lend
from mmlearn.checks.progress import load

AGAIN = "this is still the course's version. Run your own cell first (did it end in an error?), then this one."


def double(x: Any) -> Any:
    """The course's answer."""
    return 2 * x


DOUBLE = Exercise("99.1", "Double", double, (Case("two", lambda rng: (2,)),), ())
SEVEN = Exercise("99.2", "Seven", lambda: 7, (), ())
STUB = "def mine(x):\n    raise NotImplementedError('exercise 99.1 is yours')\n"
MISSPELT = "anser = 7"
CELLS = [
    STUB,  # never touched
    "def mine(x):\n    return 3 * x\n",
    "def mine(x)\n    return 2 * x\n",  # a SyntaxError: nothing is defined
    "def mien(x):\n    return 2 * x\n",  # a misspelt name
    "from numpy import no_such_name\ndef mine(x):\n    return 2 * x\n",
    "",
]


class Notebook:
    """Cells run in one namespace; an error ends its cell, as in Jupyter, and no more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        known = {exercise.id: exercise for exercise in (DOUBLE, SEVEN)}
        module = importlib.import_module("mmlearn.checks.check")
        monkeypatch.setattr(module, "find", lambda exercise_id: known[exercise_id])
        self.names: dict[str, Any] = {"check": check}

    def run(self, cell: str) -> str:
        """What the cell prints; an error's name stands for an error."""
        with redirect_stdout(StringIO()) as printed:
            try:
                exec(cell, self.names)
            except Exception as error:
                return printed.getvalue() + type(error).__name__
        return printed.getvalue()


@pytest.mark.parametrize("cell", CELLS)
def test_every_way_to_hand_in_the_courses_own_function(cell: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook, cell_of_the_check = Notebook(monkeypatch), "mine = check('99.1', mine)"
    notebook.run(STUB)
    notebook.run(cell_of_the_check)
    assert load()["99.1"] == ("lent", 0)
    notebook.run(cell)
    notebook.run(cell_of_the_check)
    tries = load()["99.1"].tries
    for _ in range(2):
        assert notebook.run(cell_of_the_check) == f"99.1 · {AGAIN}\n"
        assert notebook.names["mine"](4) == 8, "the notebook runs on"
    assert load()["99.1"] == (("tried", 1) if tries else ("lent", 0))
    notebook.run("def mine(x):\n    return x + x\n")
    assert notebook.run(cell_of_the_check) == "99.1 ✓ right: 1 case\n"
    assert load()["99.1"] == ("right", tries + 1)


@pytest.mark.parametrize("cell", ["answer = ...", "answer = 8", "answer =", MISSPELT, "answer = 1 / 0"])
def test_every_way_to_hand_in_the_courses_own_value(cell: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook, cell_of_the_check = Notebook(monkeypatch), "answer = check('99.2', answer)"
    notebook.run("answer = ...")
    notebook.run(cell_of_the_check)
    notebook.run(cell)
    notebook.run(cell_of_the_check)
    for _ in range(2):
        assert notebook.run(cell_of_the_check) == f"99.2 · {AGAIN}\n"
        assert notebook.names["answer"] == 7, "the notebook runs on"
    assert load()["99.2"] == (("tried", 1) if cell == "answer = 8" else ("lent", 0))


def test_the_learners_own_value_is_right_after_a_loan(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = Notebook(monkeypatch)
    notebook.run("answer = check('99.2', ...)")
    for own in ("7", "3 + 4", "len('sticker')", "__import__('numpy').int64(7)"):
        assert notebook.run(f"answer = {own}\nanswer = check('99.2', answer)") == "99.2 ✓ right\n"
    assert load()["99.2"].state == "right"


def test_right_once_stays_right_and_the_tested_version_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = Notebook(monkeypatch)
    notebook.run("mine = check('99.1', lambda x: x + x)")
    assert load()["99.1"] == ("right", 1)
    assert notebook.run("mine = check('99.1', mine)") == "99.1 ✓ right: 1 case\n"  # their own, handed back
    notebook.names["mine"] = double  # "from here on, the tested version"
    assert AGAIN in notebook.run("mine = check('99.1', mine)")
    assert load()["99.1"] == ("right", 2)


def test_the_packages_own_function_is_not_the_learners(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from mmlearn.score.baselines import majority_accuracy

    assert check("00.3", majority_accuracy) is majority_accuracy  # lent to nobody before
    assert capsys.readouterr().out == f"00.3 · {AGAIN}\n"
    assert load()["00.3"] == ("lent", 0)


def test_a_demonstration_lends_and_records_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = Notebook(monkeypatch)
    notebook.run("shown = check('99.1', lambda x: x, record=False)")
    assert AGAIN in notebook.run("mine = check('99.1', shown, record=False)")
    assert load() == {}


@pytest.mark.parametrize(
    "value",
    [3, -1, 10**20, 0.5, -0.0, "a", "", "two words", (), [1, 2], {"a": 1}, np.arange(3), np.float64(2), (1, "a")],
    ids=repr,
)
def test_a_value_that_python_keeps_once_is_known_again(value: Any) -> None:
    exercise = Exercise("99.3", "A value", value, (), ())
    assert not is_lent(exercise, value)
    lent = lend(exercise, value)
    assert is_lent(exercise, lent) or value == ()
    assert not is_lent(exercise, value) and not is_lent(exercise, copy.deepcopy(value))
    assert not is_lent(Exercise("99.4", "Another", value, (), ()), lent)
    assert repr(lent) == repr(value)


@pytest.mark.parametrize("value", [True, False, None, np.True_])
def test_what_exists_only_once_cannot_be_told_and_passes(value: Any) -> None:
    exercise = Exercise("99.5", "One for all", value, (), ())
    assert not is_lent(exercise, lend(exercise, value))


def test_one_lent_part_of_several_is_enough() -> None:
    exercise = Exercise("99.6", "Three", (3, 0.5, "a"), (), ())
    count, share, letter = lend(exercise, (3, 0.5, "a"))
    assert is_lent(exercise, (count, share, letter)) and is_lent(exercise, (4, share, "b"))
    assert not is_lent(exercise, (3, 0.5, "a"))


def test_a_lent_number_or_text_works_like_any_other() -> None:
    exercise = Exercise("99.7", "Three", (3, 0.5, "a"), (), ())
    count, share, letter = lend(exercise, (3, 0.5, "a"))
    assert json.dumps([count, share, letter]) == '[3, 0.5, "a"]'
    assert pickle.loads(pickle.dumps((count, share, letter))) == (3, 0.5, "a")
    assert f"{count:03} {share:.2f} {letter:>2}" == "003 0.50  a"
    assert [10, 20, 30, 40][count] == 40 and {"a": 1}[letter] == 1 and list(range(count)) == [0, 1, 2]
    assert np.array([count]).dtype == np.array([3]).dtype and np.zeros(count).shape == (3,)
    assert np.array([share]).dtype == np.float64 and np.array([letter]).dtype == np.dtype("<U1")


def test_a_lent_number_works_in_torch() -> None:
    torch = pytest.importorskip("torch")
    exercise = Exercise("99.8", "Two", (3, 0.5), (), ())
    count, share = lend(exercise, (3, 0.5))
    assert torch.tensor(count).dtype == torch.int64 and torch.zeros(count).shape == (3,)
    assert torch.tensor([share]).dtype == torch.float32 and float(torch.ones(1) * share) == 0.5
    assert torch.nn.Linear(count, count).weight.shape == (3, 3)
