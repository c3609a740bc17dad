"""The likely mistake, told from the wrong and the right result alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from mmlearn.checks.compare import difference
from mmlearn.checks.diagnose import diagnose
from mmlearn.checks.kinds import Stream

A = np.random.default_rng(0).normal(size=(3, 4)) + 2.0
B = np.arange(1.0, 5.0)
C = np.arange(24.0).reshape(2, 3, 4)
PICTURE = np.array([[10, 200], [250, 30]], np.uint8)


def told(got: Any, expected: Any) -> str:
    found = difference(got, expected)
    assert found is not None
    return diagnose([found])


@pytest.mark.parametrize(
    ("got", "expected", "words"),
    [
        (None, A, "`return`"),
        (..., 3, "still a `...`"),
        (Stream("generator", [1, 2]), [1, 2], "list(...)"),
        (range(2), [0, 1], "list(...)"),
        (iter([1]), [1], "list(...)"),
        (A.tolist(), A, "the values are right: np.array(...)"),
        ([[1], [2, 3]], A, "not of one length"),
        (A.T, A, "Your result is transposed"),
        (A.T + 1, A, "may be transposed"),
        (C.transpose(1, 2, 0), C, "order of the axes"),
        (B[:, None], B, "axis of length 1 too many"),
        (B, B[:, None], "axis of length 1 missing"),
        (A.ravel(), A, "the right numbers in another form: reshape to (3, 4)"),
        (A[:2], A, "Axis 0 has one entry too few"),
        (np.ones((3, 5)), A, "Axis 1 has one entry too many"),
        (A.mean(0), A, "An axis is gone"),
        (A, A.mean(0), "There is an axis too many"),
        (float(A.mean()), A, "over all axes"),
        (A, float(A.mean()), "where one number is due"),
        (PICTURE.astype(float), PICTURE, ".astype(np.uint8) converts"),
        (PICTURE + 0.3, PICTURE, "Round, then convert"),
        (B.astype(int), B / 2, "fractions are lost"),
        (np.array([1.0, np.nan]), np.array([1.0, 2.0]), "NaN where a number is due"),
        (np.array([1.0, np.inf]), np.array([1.0, 2.0]), "Infinity where"),
        (-A, A, "sign is reversed"),
        (A * 255, A, "255 times the right ones: is the range 0 to 1"),
        (A * 7, A, "7 times the right ones."),
        (A * math.log(10), A, "natural logarithm"),
        (50.0, 0.5, "in percent"),
        (A + 0.5, A, "0.5 too high, all of them"),
        (7, 8, "1 too low"),
        (B[::-1], B, "reversed order, along axis 0"),
        (A[:, ::-1], A, "reversed order, along axis 1"),
        (A[:, :3].T, A[:, :3], "transposed"),
        (B[[1, 0, 3, 2]], B, "in the wrong places"),
        (B**2, B, "a square root is missing"),
        (np.sqrt(B), B, "one root too many"),
        (1 / B, B, "upside down"),
        ((PICTURE * np.uint8(3)).astype(np.int64), PICTURE.astype(np.int64) * 3, "multiples of 256"),
        (np.array([True, False]), np.array([False, True]), "have changed places"),
        (B + 0j, B, "complex numbers: np.abs(...) of that is right"),
        (B * 1j + 9, B, "np.abs(...) gives the magnitude"),
        (3 + 4j, 5.0, "a complex number: np.abs(...) of that is right"),
        (1644.0, 1644, "int(...) makes it a whole number"),
        (np.float64(1644), 1644, "int(...) makes it a whole number"),
        ("1644", 1644, "The number is right: leave out the quotes"),
        ("0.5", 0.5, "The number is right: leave out the quotes"),
        ("1643", 1644, "text, not a number: leave out the quotes"),
        ("many", 1644, "text, not a number: leave out the quotes"),
        (True, 1644, "True is not a count"),
        (np.True_, 1, "True is not a count"),
        (False, 0.0, "False is not a number"),
        ("dog ", "dog", ".strip()"),
        ("Dog", "dog", "capital and small"),
        ("god", "dog", "backwards"),
        ("a  b", "a b", "Only the spaces"),
        ([["a", "b"]], ["a", "b"], "inside another list"),
        (["a"], ["a", "b"], "last item is missing"),
        (["b"], ["a", "b"], "first item is missing"),
        (["a", "b", "c"], ["a", "b"], "too many, at the end"),
        (["c", "b", "a"], ["a", "b", "c"], "reversed order"),
        (["b", "a", "c"], ["a", "b", "c"], "in another order"),
        ("a b", ["a", "b"], "list of texts"),
        ([2.0, 4.0, 6.0], [1.0, 2.0, 3.0], "2 times the right ones"),
        (B, B.tolist(), ".tolist()"),
    ],
)  # fmt: skip
def test_a_likely_mistake_is_named(got: Any, expected: Any, words: str) -> None:
    assert words in told(got, expected)


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (3.0, 7.0),
        (B**3 + B, B),
        ("cat", "dog"),
        (["x", "b"], ["a", "b"]),
        (np.array([1.0, 5.0]), np.array([1.0, 2.0])),
        ([2, 4], [1, 9]),
        (1643.5, 1644),
        (1, True),
    ],
)
def test_nothing_is_said_where_nothing_comes_to_mind(got: Any, expected: Any) -> None:
    assert told(got, expected) == ""


def test_one_number_a_case_is_judged_over_all_cases() -> None:
    found = [difference(7 * x, x) for x in (1.0, 2.0, 5.0)]
    assert diagnose([each for each in found if each]) == "Your values are 7 times the right ones."


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_or_infinity_is_spoken_of_only_where_the_case_shown_holds_it(bad: float) -> None:
    plain, holed = difference(B**3 + B, B), difference(np.array([1.0, bad]), np.array([1.0, 2.0]))
    assert plain and holed
    assert diagnose([plain, holed]) == ""
    assert "where a number is due" in diagnose([holed, plain]) or "Infinity where" in diagnose([holed, plain])


def test_infinity_in_the_wrong_place_is_no_division_by_zero_where_the_answer_holds_some() -> None:
    assert told(np.array([1.0, -np.inf, 3.0]), np.array([1.0, 2.0, -np.inf])) == ""
    assert "NaN where" in told(np.array([1.0, np.nan, 3.0]), np.array([1.0, 2.0, -np.inf]))


def test_tensors_are_diagnosed_as_arrays_are() -> None:
    torch = pytest.importorskip("torch")
    t = torch.tensor(A)
    assert "transposed" in told(t.T, t)
    assert "Stay in torch" in told(A, t)
    assert "tensor.numpy()" in told(t, A)
