"""Print a measured number beside the range in which it should lie."""

from __future__ import annotations

import math
from typing import Any


def report(
    label: str,
    value: Any,
    *,
    below: float | None = None,
    above: float | None = None,
    low: float | None = None,
    high: float | None = None,
    unit: str = "",
    digits: int | None = None,
) -> None:
    """Print ``label value (expected range) ok``, or OUT OF RANGE in place of ok.

    Timings, trained models and rounding differ from machine to machine; the range and the verdict do not.

    >>> report("max |ours - theirs|", 6e-8, below=1e-5)
    max |ours - theirs| 6e-08 (expected < 1e-05) ok
    >>> report("R@1", 0.57, low=0.6, high=0.7)
    R@1 0.57 (expected 0.60 to 0.70) OUT OF RANGE
    >>> report("training", 41.27, below=90, unit="s", digits=1)
    training 41.3 s (expected < 90 s) ok

    Args:
        label: what was measured.
        value: one number; a NumPy or torch number will do.
        below, above: the limit that the value must be below or above.
        low, high: the range in which it must lie, ends included.
        unit: written after the numbers.
        digits: decimals of the value; default: as its size suggests.

    Raises:
        ValueError: not exactly one of below, above, or low with high.
        TypeError: `value` is not one number.

    Built in: lesson 00.
    """
    given = [
        name for name, bound in (("below", below), ("above", above), ("low", low), ("high", high)) if bound is not None
    ]
    number, space = _one_number(value), f" {unit}" if unit else ""
    if below is not None and given == ["below"]:
        ok, expected = number < below, f"< {below:g}"
    elif above is not None and given == ["above"]:
        ok, expected = number > above, f"> {above:g}"
    elif low is not None and high is not None and given == ["low", "high"]:
        if low > high:
            raise ValueError(f"expected low <= high, got low={low!r}, high={high!r}")
        ok, expected = low <= number <= high, _range(low, high)
    else:
        raise ValueError(f"expected below=, above=, or low= with high=; got {', '.join(given) or 'none of them'}")
    verdict = "ok" if ok and math.isfinite(number) else "OUT OF RANGE"
    print(f"{label} {_text(number, digits)}{space} (expected {expected}{space}) {verdict}")


def _one_number(value: Any) -> float:
    try:
        number = value.item() if hasattr(value, "item") else value
    except (ValueError, RuntimeError, TypeError):
        number = None  # more than one element
    if isinstance(number, bool) or not isinstance(number, int | float):
        shape = getattr(value, "shape", None)
        got = type(value).__name__ + (f" of shape {tuple(shape)}" if shape is not None else "")
        raise TypeError(f"expected one number, got {got}: take its .max() or .mean()?")
    return number


def _text(number: float, digits: int | None) -> str:
    if not math.isfinite(number):
        return f"{number}"
    if digits is not None:
        return f"{number:.{digits}f}"
    if isinstance(number, int):
        return f"{number}"
    if number and not 1e-3 <= abs(number) < 1e6:
        return f"{number:.0e}"
    return f"{number:.0f}" if abs(number) >= 1000 else f"{number:.3g}"


def _range(low: float, high: float) -> str:
    """Both ends with as many decimals as either needs: at least two, unless both are whole."""
    needed = max(len(f"{end:.6f}".rstrip("0").partition(".")[2]) for end in (low, high))
    decimals = max(needed, 2) if needed else 0
    return f"{low:.{decimals}f} to {high:.{decimals}f}"
