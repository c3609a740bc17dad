"""How well a language model foresees text: perplexity, per token or per byte, with an interval."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.types import FloatArray


def perplexity(log_probabilities: ArrayLike, units: ArrayLike | None = None) -> float:
    r"""Among how many equally likely tokens the model seems to choose: 1 at best, V for blind guessing.

    ``exp(-(sum of ln p) / units)``, the geometric mean of 1 / p over all tokens. It equals the exponential of the
    mean cross-entropy (in nats). **Per token** it depends on the tokeniser: long tokens are fewer and harder. To
    compare models whose tokens differ, divide by the texts' bytes instead, which no tokeniser changes.

    Args:
        log_probabilities: natural logarithms, 0 or below, of each token, or already summed over each text; any
            shape. One -inf (a token held impossible) makes the perplexity infinite.
        units: how many units they are spread over, one number or one for each log-probability: tokens or bytes.
            None: as many as there are log-probabilities, which must then be one a token.

    Raises ValueError for no log-probability, NaN, a positive one, or units that are not above 0, not finite, or of
    another length.

    >>> round(perplexity(np.log([0.5, 0.5, 0.125])), 3)
    3.175
    >>> round(perplexity(np.log([0.5, 0.5, 0.125]), units=10), 3)          # the same three tokens are ten bytes
    1.414

    Reference: Jelinek, Mercer, Bahl and Baker (1977), "Perplexity: a measure of the difficulty of speech recognition
    tasks", doi:10.1121/1.2016299.

    Built in: lesson 08.
    """
    logs = _logs(log_probabilities)
    counts = np.array(float(logs.size)) if units is None else _units(units)
    if counts.size not in {1, logs.size}:
        raise ValueError(f"expected one number of units, or one for each of {logs.size} sums, got {counts.size}")
    with np.errstate(over="ignore"):  # beyond the largest float it is infinite, as it should be
        return float(np.exp(-logs.sum() / counts.sum()))


def perplexity_interval(
    log_probabilities: ArrayLike, units: ArrayLike, level: float = 0.95, n_resamples: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Interval for a perplexity: draw the **texts** again, with replacement, and see where it falls.

    ``exp(-(sum of ln p of the drawn) / (sum of units of the drawn))``, `n_resamples` times, the middle `level` of
    them (percentile bootstrap). Texts are drawn whole, for the tokens of one text are no independent trials. It
    says how far the figure hangs on these test texts; nothing of another training.

    Args:
        log_probabilities: (N,) each text's sum of natural logarithms.
        units: (N,) each text's tokens or bytes.
        level, n_resamples, seed: as in `mmlearn.score.bootstrap.bootstrap_interval`.

    Returns (low, high). Raises ValueError for fewer than two texts, unequal lengths, or what `perplexity` refuses.

    >>> low, high = perplexity_interval([-3.0, -5.0, -4.0, -8.0] * 25, [4, 5, 4, 6] * 25)
    >>> print(f"{low:.2f} {high:.2f}")
    2.74 2.99

    Reference: Efron (1979), "Bootstrap methods: another look at the jackknife", doi:10.1214/aos/1176344552.

    Built in: lesson 08.
    """
    logs, counts = _logs(log_probabilities), _units(units)
    if logs.ndim != 1 or logs.shape != counts.shape or len(logs) < 2:
        raise ValueError(
            f"expected a sum and a number of units for each of two texts or more, got shapes {logs.shape} and "
            f"{counts.shape}"
        )
    if not 0 < level < 1 or n_resamples < 1:
        raise ValueError(f"expected a level between 0 and 1 and at least 1 resample, got {level} and {n_resamples}")
    generator = np.random.default_rng(seed)
    means = np.empty(n_resamples)
    for place in range(n_resamples):
        drawn = generator.integers(0, len(logs), len(logs))  # (N,)
        means[place] = logs[drawn].sum() / counts[drawn].sum()
    tail = (1 - level) / 2
    # nothing lies between -inf and -inf
    between: Literal["linear", "nearest"] = "linear" if np.isfinite(means).all() else "nearest"
    with np.errstate(over="ignore"):
        low, high = np.exp(-np.quantile(means, [1 - tail, tail], method=between))
    return float(low), float(high)


def _logs(log_probabilities: ArrayLike) -> FloatArray:
    logs = np.asarray(log_probabilities, dtype=np.float64)
    if not logs.size:
        raise ValueError("expected at least one log-probability, got none")
    if np.isnan(logs).any() or logs.max() > 0:
        raise ValueError(
            f"expected logarithms of probabilities, 0 or below and not NaN, got up to {logs.max()}: are these the "
            "probabilities themselves, or losses (without the minus)?"
        )
    return logs


def _units(units: ArrayLike) -> FloatArray:
    counts = np.asarray(units, dtype=np.float64)
    if not counts.size or not ((counts > 0) & np.isfinite(counts)).all():
        raise ValueError(f"expected units above 0 (tokens or bytes) and finite, got {counts}")
    return counts
