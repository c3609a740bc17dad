"""Values in words: short, in one form, without running a learner's code."""

from __future__ import annotations

import numpy as np
import pytest

from mmlearn.checks.exercise import Exercise
from mmlearn.checks.kinds import name_kind
from mmlearn.checks.show import argument_names, form, show


class Hostile:
    """Its repr must never run: it could loop, raise or print an address."""

    def __repr__(self) -> str:
        raise AssertionError("repr was called")


def test_no_code_of_a_learner_runs_and_no_address_appears() -> None:
    assert show(Hostile()) == "a Hostile object"
    assert show([Hostile(), {"a": Hostile()}]) == "[a Hostile object, {'a': a Hostile object}]"
    assert show([test_no_code_of_a_learner_runs_and_no_address_appears, max, Hostile]).count("0x") == 0


def test_numbers_arrays_and_text() -> None:
    assert show(np.array([0.123456, 1e-17])) == "float64 array of shape (2,): [0.1235 0.    ]"
    assert show(np.array([1e-17])) == "float64 array of shape (1,): [1.e-17]"
    assert show(np.array(["狐", "狸"])) == "text array of shape (2,): ['狐' '狸']"
    assert show(1644.3) == "1644.3" and show(2e7) == "2e+07"
    assert show(np.full((9, 9), np.nan)) == "float64 array of shape (9, 9), no finite value, 81 NaN"
    assert show(np.zeros((0, 3))) == "float64 array of shape (0, 3)"
    assert len(show("a" * 5000)) < 100 and len(show(list(range(5000)))) < 100
    assert show(list(range(5000))).endswith("(5000 items)")
    assert show([[0.123456, np.ones(2)], (np.ones((3, 3)),)]) == "[[0.1235, [1. 1.]], (float64 array (3, 3),)]"


def test_a_dictionary_keeps_its_order() -> None:
    assert show({(3, 2): 4, (0, 1): 3}) == "{(3, 2): 4, (0, 1): 3}"
    assert show({}) == "{}" and show([[[{}, {1: 2}]]]) == "[[[{}, {...}]]]"
    assert show(dict.fromkeys(range(20, 0, -1))).startswith("{20: None, 19: None")
    assert show(dict.fromkeys(range(20))).endswith("11: None, ...} (20 items)")


def test_tensors() -> None:
    torch = pytest.importorskip("torch")
    assert show(torch.ones(2)) == "float32 tensor of shape (2,): [1. 1.]"
    assert form(torch.ones(2, 3)) == "float32 tensor of shape (2, 3)"
    assert name_kind(torch.ones(2)) == "a torch tensor"


def test_a_list_that_holds_itself() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert len(show(loop)) < 100


def test_names_of_arguments() -> None:
    plain = Exercise("99.1", "", None, (), ())
    assert argument_names(plain, 3, lambda a, b: a) == ["a", "b", "argument 3"]
    assert argument_names(Exercise("99.1", "", None, (), (), use=lambda f, a: f(a)), 1, lambda a: a) == ["argument 1"]
    passed_on = Exercise("99.1", "", None, (), (), use=lambda f, *args: sorted(f(*args)))
    assert argument_names(passed_on, 1, lambda text: text) == ["text"]
