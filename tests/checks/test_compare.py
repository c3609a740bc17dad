"""What counts as right, and what is said of the rest."""

from __future__ import annotations

from collections import Counter, namedtuple
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from mmlearn.checks.compare import close, difference
from mmlearn.checks.kinds import Stream


def says(got: Any, expected: Any) -> str:
    found = difference(got, expected)
    assert found is not None, f"{got!r} passes for {expected!r}"
    return found.says


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (3, np.int64(3)),
        (np.array(3.0), 3.0),
        (np.float32(0.1), 0.1),
        (3, 3.0),
        (1.0000005, 1.0),
        (float("nan"), float("nan")),
        (True, np.bool_(True)),
        ("dog", np.str_("dog")),
        ([1, (2, 3)], (1, [2, 3])),
        (Counter(a=2), {"a": 2}),
        ({1, 2}, {2, 1}),
        (None, None),
        (np.array([1, 2], np.int32), np.array([1, 2])),
        (np.array([0.5], np.float32), np.array([0.5])),
        (np.array([np.nan, np.inf]), np.array([np.nan, np.inf])),
        (np.array(["a", "b"]), np.array(["a", "b"])),
        (np.zeros((0, 3)), np.zeros((0, 3))),
        (Stream("map", [1]), Stream("generator", [1])),
    ],
)
def test_right_is_right(got: Any, expected: Any) -> None:
    assert difference(got, expected) is None


def test_a_value_out_of_tolerance_is_wrong() -> None:
    assert says(1.0001, 1.0) == "1.0001 where 1.0 is due"  # alike to four digits, so in full
    assert says(np.array([1.0, 2.0]), np.array([1.0, 3.0])) == "1 of 2 values differs, first at [1]: 2 where 3 is due"


def test_a_wrong_shape_is_wrong() -> None:
    assert says(np.ones((2, 3)), np.ones((3, 2))) == "shape (2, 3) where (3, 2) is due"
    assert says(np.ones((3, 1)), np.ones(3)) == "shape (3, 1) where (3,) is due"


def test_a_wrong_kind_of_number_is_wrong() -> None:
    assert "float64" in says(np.ones(3), np.ones(3, np.uint8))
    assert says(3.0, 3) == "3.0, a floating-point number, where the whole number 3 is due"
    assert says(1, True) == "a number where True or False is due"
    assert says(True, 1) == "True or False where a number is due"


def test_whole_numbers_are_exact() -> None:
    assert says(np.array([10_000_001]), np.array([10_000_000]))
    assert says(10**9 + 1, 10**9)


def test_text_is_exact() -> None:
    assert says("Dog", "dog") == "'Dog' where 'dog' is due"
    assert says(np.array(["a", "c"]), np.array(["a", "b"])).endswith("'c' where 'b' is due")


def test_nan_is_not_a_number_that_is_due() -> None:
    assert says(np.array([1.0, np.nan]), np.array([1.0, 2.0]))
    assert says(float("nan"), 0.0) == "nan where 0 is due"
    assert says(0.0, float("nan"))


def test_a_list_is_not_an_array_nor_the_other_way_round() -> None:
    assert says([1.0, 2.0], np.array([1.0, 2.0])) == "a list where a NumPy array is due"
    assert says(np.array([1, 2]), [1, 2]) == "a NumPy array where a list is due"
    assert says(np.array(["a"]), "a") == "a NumPy array where text is due"


def test_the_place_inside_a_result_is_named() -> None:
    found = difference({"dog": [1, 2], "cat": [3]}, {"dog": [1, 5], "cat": [3]})
    assert found is not None and (found.where, found.says) == ("['dog'][1]", "2 where 5 is due")
    assert says({"a": 1}, {"a": 1, "b": 2}) == "a dictionary without the key 'b'"
    assert says({"a": 1, "c": 2}, {"a": 1}) == "a dictionary with a key 'c' that is not due"
    assert says([1, 2], [1]) == "2 items where 1 item is due"
    assert says([1], [1, 2, 3]) == "1 item where 3 items are due"


def test_dataclasses_are_compared_by_name_and_field() -> None:
    @dataclass
    class Box:
        left: int
        right: np.ndarray

    ours = Box

    @dataclass
    class Box:  # as a learner's own class in a notebook
        left: int
        right: np.ndarray

    assert difference(Box(1, np.ones(2)), ours(1, np.ones(2))) is None
    found = difference(Box(1, np.zeros(2)), ours(1, np.ones(2)))
    assert found is not None and found.where == ".right"
    assert says((1, np.ones(2)), ours(1, np.ones(2))) == "a tuple where a Box object is due"
    pair = namedtuple("pair", "a b")
    assert difference((1, 2), pair(1, 2)) is None


def test_tensors() -> None:
    torch = pytest.importorskip("torch")
    assert difference(torch.ones(2, dtype=torch.float64), torch.ones(2)) is None
    assert difference(torch.ones(2, requires_grad=True), torch.ones(2)) is None
    assert difference(torch.tensor(2.0), torch.tensor(2.0)) is None
    assert difference(torch.ones(2, dtype=torch.bfloat16), torch.ones(2)) is None
    assert says(torch.tensor(2.0), torch.tensor(3.0)) == "2 where 3 is due"
    assert says(np.ones(2), torch.ones(2)) == "a NumPy array where a torch tensor is due"
    assert says(torch.ones(2), np.ones(2)) == "a torch tensor where a NumPy array is due"
    assert "shape" in says(torch.ones(2, 1), torch.ones(2))


def test_close_takes_other_tolerances() -> None:
    assert close(atol=0.2)(np.array([1.1]), np.array([1.0])) is None
    assert close(atol=0.01, rtol=0)(np.array([1.1]), np.array([1.0])) is not None
