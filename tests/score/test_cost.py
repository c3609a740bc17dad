"""Medians of calls that take turns, and exponents of power laws, against scipy and worked examples."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from mmlearn.score import cost
from mmlearn.score.cost import fit_exponent, median_seconds


def test_exponent_equals_scipys_line_on_logarithms() -> None:
    from scipy.stats import linregress

    generator = np.random.default_rng(0)
    sizes = generator.integers(10, 10_000, 9)
    costs = 0.3 * sizes**1.7 * np.exp(generator.normal(0, 0.5, 9))
    line = linregress(np.log(sizes), np.log(costs))
    assert fit_exponent(sizes, costs) == pytest.approx((line.slope, np.exp(line.intercept)))


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0, -1.0])
def test_a_power_law_gives_its_exponent_back(exponent: float) -> None:
    sizes = np.array([3, 8, 50])
    assert fit_exponent(sizes, 7.0 * sizes**exponent) == pytest.approx((exponent, 7.0))


def test_unit_changes_the_factor_alone() -> None:
    sizes, costs = [1, 2, 4], [1.0, 3.0, 11.0]
    (slope, factor), (slope_ms, factor_ms) = fit_exponent(sizes, costs), fit_exponent(sizes, np.multiply(costs, 1000))
    assert slope_ms == pytest.approx(slope) and factor_ms == pytest.approx(1000 * factor)


def test_bad_sizes_and_costs_are_refused() -> None:
    with pytest.raises(ValueError, match=r"got shapes \(2,\) and \(3,\)"):
        fit_exponent([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="above 0"):
        fit_exponent([1, 2], [0, 2])
    with pytest.raises(ValueError, match="above 0"):
        fit_exponent([1, 2], [np.nan, 2])
    with pytest.raises(ValueError, match="two different sizes or more, got 1"):
        fit_exponent([5, 5], [1, 2])


def test_calls_take_turns_after_one_warm_up_and_the_median_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    now, order = [0.0], []
    costs = {"a": iter([50, 1, 9, 2]), "b": iter([70, 5, 5, 99])}

    def call(name: str) -> None:
        order.append(name)
        now[0] += next(costs[name])

    clock = SimpleNamespace(perf_counter=lambda: now[0], get_clock_info=lambda name: SimpleNamespace(resolution=1e-9))
    monkeypatch.setattr(cost, "time", clock)
    assert median_seconds({"a": lambda: call("a"), "b": lambda: call("b")}, repeats=3) == {"a": 2, "b": 5}
    assert "".join(order) == "abababab"


def test_seconds_are_above_zero_even_on_a_clock_that_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost.time, "perf_counter", lambda: 1.0)
    assert median_seconds({"nothing": lambda: None})["nothing"] > 0


def test_nothing_to_time_is_refused() -> None:
    with pytest.raises(ValueError, match="got 0 and 5"):
        median_seconds({})
    with pytest.raises(ValueError, match="got 1 and 0"):
        median_seconds({"a": lambda: None}, repeats=0)


def plain_slope(x: np.ndarray, y: np.ndarray, degree: int) -> tuple[float, float]:
    return tuple(np.linalg.lstsq(np.vander(np.exp(x), 2), np.exp(y), rcond=None)[0])


def first_and_last(x: np.ndarray, y: np.ndarray, degree: int) -> tuple[float, float]:
    slope = (y[-1] - y[0]) / (x[-1] - x[0])
    return slope, y[0] - slope * x[0]


SEEDED_BUGS = (
    ("a line through the costs themselves", plain_slope),
    ("only the first and last point count", first_and_last),
    ("size and cost change places", lambda x, y, degree: np.polyfit(np.asarray(y), np.asarray(x), degree)),
)
polyfit = np.polyfit


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: tuple, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = bug[1] if "places" not in bug[0] else lambda x, y, degree: polyfit(y, x, degree)
    monkeypatch.setattr(cost.np, "polyfit", wrong)
    with pytest.raises(AssertionError):
        test_exponent_equals_scipys_line_on_logarithms()
