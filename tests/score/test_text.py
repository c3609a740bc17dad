"""Perplexity against the slow product of probabilities, torch's cross-entropy, and the bootstrap of token means."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from mmlearn.score import text
from mmlearn.score.bootstrap import bootstrap_interval


def test_the_geometric_mean_of_one_over_p() -> None:
    generator = np.random.default_rng(0)
    for count in (1, 2, 7, 30):
        chances = generator.uniform(0.05, 1, count)
        assert text.perplexity(np.log(chances)) == pytest.approx(math.prod(1 / chances) ** (1 / count))
        assert text.perplexity(np.log(chances), units=11) == pytest.approx(math.prod(1 / chances) ** (1 / 11))


def test_the_exponential_of_the_cross_entropy() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(9, 5, dtype=torch.float64), torch.randint(0, 5, (9,))
    chosen = logits.log_softmax(-1)[torch.arange(9), labels]
    expected = torch.nn.functional.cross_entropy(logits, labels).exp().item()
    assert text.perplexity(chosen.numpy()) == pytest.approx(expected)


def test_blind_guessing_certainty_and_the_impossible() -> None:
    assert text.perplexity(np.full((3, 4), -math.log(50))) == pytest.approx(50)
    assert text.perplexity(np.zeros(3)) == 1
    assert text.perplexity([-1.0, -math.inf]) == math.inf


def test_texts_weigh_by_their_length() -> None:
    long, short = np.full(9, math.log(0.5)), np.full(1, math.log(0.1))
    whole = text.perplexity(np.concatenate([long, short]))
    assert text.perplexity([long.sum(), short.sum()], units=[9, 1]) == pytest.approx(whole)
    assert text.perplexity([long.sum(), short.sum()], units=10) == pytest.approx(whole)


def test_the_interval_is_the_bootstrap_over_whole_texts() -> None:
    generator = np.random.default_rng(1)
    lengths = generator.integers(1, 9, 60)
    groups = np.repeat(np.arange(60), lengths)
    logs = np.log(generator.uniform(0.1, 1, lengths.sum())) - 0.3 * (groups % 3)
    sums = np.bincount(groups, logs)
    low, high = text.perplexity_interval(sums, lengths, n_resamples=4000)
    expected = bootstrap_interval(logs, groups, n_resamples=4000)  # of the mean log-probability
    assert low < text.perplexity(logs) < high
    np.testing.assert_allclose([low, high], np.exp([-expected[1], -expected[0]]), rtol=0.01)
    assert text.perplexity_interval(sums, lengths) == text.perplexity_interval(sums, lengths)
    narrow = text.perplexity_interval(sums, lengths, level=0.5)
    assert low < narrow[0] < narrow[1] < high


def test_another_seed_another_interval() -> None:
    logs, units = -np.arange(1.0, 30.0), np.full(29, 4)
    assert text.perplexity_interval(logs, units, seed=0) != text.perplexity_interval(logs, units, seed=1)


@pytest.mark.filterwarnings("error")
def test_the_impossible_is_infinite_without_a_warning() -> None:
    assert text.perplexity([-1e9]) == math.inf
    assert text.perplexity_interval([-1e9, -1e9], [1, 1]) == (math.inf, math.inf)
    low, high = text.perplexity_interval([-1.0, -math.inf, -2.0], [1, 1, 1])
    assert math.e <= low < 8 and high == math.inf  # some draws miss the impossible text


SEEDED_BUGS = (
    ("the mean of 1 / p", lambda logs, units=None: float(np.exp(-np.asarray(logs)).mean())),
    ("the minus is lost", lambda logs, units=None: float(np.exp(np.mean(logs)))),
    ("the sum, not the mean", lambda logs, units=None: float(np.exp(-np.sum(logs)))),
    ("powers of two of natural logarithms", lambda logs, units=None: float(2 ** -np.mean(logs))),
    ("the entropy itself", lambda logs, units=None: float(-np.mean(logs))),
    ("units are ignored", lambda logs, units=None: float(np.exp(-np.mean(logs)))),
)


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Any) -> None:
    assert_caught(text, (bug[0], "perplexity", bug[1], test_the_geometric_mean_of_one_over_p))


def test_refuses_bad_input() -> None:
    with pytest.raises(ValueError, match="at least one log-probability"):
        text.perplexity([])
    for wrong in ([0.5, 0.2], [float("nan")]):
        with pytest.raises(ValueError, match="the probabilities themselves"):
            text.perplexity(wrong)
    for units in (0, [], [3, -1], float("nan"), float("inf")):
        with pytest.raises(ValueError, match="units above 0"):
            text.perplexity([-1.0], units=units)
    with pytest.raises(ValueError, match="one number of units, or one for each of 2 sums, got 3"):
        text.perplexity([-1.0, -2.0], units=[1, 2, 3])
    with pytest.raises(ValueError, match="two texts or more"):
        text.perplexity_interval([-1.0], [1])
    with pytest.raises(ValueError, match=r"shapes \(2,\) and \(3,\)"):
        text.perplexity_interval([-1.0, -2.0], [1, 2, 3])
    with pytest.raises(ValueError, match="a level between 0 and 1"):
        text.perplexity_interval([-1.0, -2.0], [1, 2], level=95)
