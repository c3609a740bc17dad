"""A measured number beside its range."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmlearn.checks import report


@pytest.mark.parametrize(
    ("value", "range_", "line"),
    [
        (6e-8, {"below": 1e-5}, "x 6e-08 (expected < 1e-05) ok"),
        (1e-5, {"below": 1e-5}, "x 1e-05 (expected < 1e-05) OUT OF RANGE"),
        (0.63, {"low": 0.60, "high": 0.70}, "x 0.63 (expected 0.60 to 0.70) ok"),
        (0.6, {"low": 0.6, "high": 0.7}, "x 0.6 (expected 0.60 to 0.70) ok"),
        (0.7001, {"low": 0.6, "high": 0.7}, "x 0.7 (expected 0.60 to 0.70) OUT OF RANGE"),
        (0.2, {"low": 0, "high": 0.125}, "x 0.2 (expected 0.000 to 0.125) OUT OF RANGE"),
        (4, {"low": 1, "high": 64}, "x 4 (expected 1 to 64) ok"),
        (3.0, {"above": 2}, "x 3 (expected > 2) ok"),
        (2.0, {"above": 2}, "x 2 (expected > 2) OUT OF RANGE"),
        (41.27, {"below": 90, "unit": "s", "digits": 1}, "x 41.3 s (expected < 90 s) ok"),
        (123456.7, {"above": 3000}, "x 123457 (expected > 3000) ok"),
        (0, {"below": 1e-5}, "x 0 (expected < 1e-05) ok"),
        (np.float32(0.5), {"above": 0.25}, "x 0.5 (expected > 0.25) ok"),
        (np.array([[0.5]]), {"above": 0.25}, "x 0.5 (expected > 0.25) ok"),
        (float("nan"), {"below": 1.0}, "x nan (expected < 1) OUT OF RANGE"),
        (float("-inf"), {"below": 1.0}, "x -inf (expected < 1) OUT OF RANGE"),
    ],
)
def test_line(value: Any, range_: dict[str, Any], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    report("x", value, **range_)
    assert capsys.readouterr().out == line + "\n"


def test_a_torch_number_will_do(capsys: pytest.CaptureFixture[str]) -> None:
    torch = pytest.importorskip("torch")
    report("x", torch.tensor(0.5, requires_grad=True), above=0)
    assert capsys.readouterr().out == "x 0.5 (expected > 0) ok\n"


@pytest.mark.parametrize(
    "wrong", [{}, {"low": 1}, {"high": 1}, {"below": 1, "above": 0}, {"below": 1, "low": 0, "high": 1}]
)
def test_exactly_one_range(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected below=, above=, or low= with high=; got"):
        report("x", 1.0, **wrong)  # type: ignore[arg-type]


def test_a_range_upside_down() -> None:
    with pytest.raises(ValueError, match="expected low <= high"):
        report("x", 1.0, low=2, high=1)


@pytest.mark.parametrize("wrong", [np.ones(3), "0.5", None, True])
def test_one_number(wrong: Any) -> None:
    with pytest.raises(TypeError, match="expected one number, got"):
        report("x", wrong, below=1)
