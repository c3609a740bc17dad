"""The exercises of lesson 08 on counting: the chance of the next token, and perplexity."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake

Generator = np.random.Generator
Followers = list[dict[int, int]]

# --- 08.3: the next token -------------------------------------------------------------------------------------------


def next_chance(followers: Followers, size: int, token: int) -> float:
    """The course's answer to 08.3: Witten and Bell's mix, from no context to the longest."""
    return _mixed(followers, size, token)


def _mixed(
    followers: Followers,
    size: int,
    token: int,
    start: Callable[[int], float] = lambda size: 1 / size,
    kinds: Callable[[dict[int, int], int], float] = lambda counts, size: len(counts),
    mix: Callable[[float, float, float, float], float] = lambda c, n, t, p: (c + t * p) / (n + t),
) -> float:
    chance = start(size)
    for counts in followers:
        if counts:
            chance = mix(counts.get(token, 0), sum(counts.values()), kinds(counts, size), chance)
    return chance


def _cut(followers: Followers) -> Followers:
    """Up to the longest context that was seen."""
    return [counts for counts in followers if counts]


def _average(followers: Followers, size: int, token: int) -> float:
    shares = [counts.get(token, 0) / sum(counts.values()) for counts in followers if counts]
    return sum([1 / size, *shares]) / (1 + len(shares))


def _back_off(followers: Followers, size: int, token: int) -> float:
    for counts in reversed(followers):
        if counts.get(token):
            return counts[token] / sum(counts.values())
    return 1 / size


def _zero_if_unseen(followers: Followers, size: int, token: int) -> float:
    return 0.0 if not followers[-1] else _mixed(followers, size, token)


def _longest_only(followers: Followers, size: int, token: int) -> float:
    counts = _cut(followers)[-1]
    return counts.get(token, 0) / sum(counts.values())


def _add_one(followers: Followers, size: int, token: int) -> float:
    counts = followers[-1]
    return (counts.get(token, 0) + 1) / (sum(counts.values()) + size)


def _return_in_the_loop(followers: Followers, size: int, token: int) -> float:
    return _mixed(followers[:1], size, token)


def _uniform_at_every_level(followers: Followers, size: int, token: int) -> float:
    chance = 1 / size
    for counts in _cut(followers):
        chance = (counts.get(token, 0) + len(counts) / size) / (sum(counts.values()) + len(counts))
    return chance


def _followers(generator: Generator, levels: int, size: int, unseen: int = 0) -> tuple[Followers, int, int]:
    """Counts that shrink from level to level, the last `unseen` of them empty; a token seen at the first only."""
    found: Followers = []
    counts = {int(token): int(generator.integers(2, 30)) for token in generator.permutation(size)[: size - 2]}
    token = next(iter(counts))
    for level in range(levels):
        found.append({} if level >= levels - unseen else dict(counts))
        counts = {other: max(1, count // 3) for other, count in counts.items() if generator.random() < 0.7}
        if level == 1:
            counts.pop(token, None)
        counts = counts or {0: 1}
    return found, size, token


CHANCE = Exercise(
    id="08.3",
    title="The chance of the next token",
    reference="mmlearn.checks.lesson_08_counts.next_chance",
    cases=(
        Case("a token that followed both contexts", lambda g: ([{1: 6, 2: 3, 0: 1}, {1: 2, 2: 1}], 5, 2)),
        Case("a token never seen", lambda g: ([{1: 6, 2: 3}, {1: 2}], 7, 4)),
        Case("a longest context never seen", lambda g: ([{1: 6, 2: 3}, {1: 2, 2: 2}, {}], 4, 1)),
        Case("three levels, 8 tokens", lambda g: _followers(g, 3, 8)),
        Case("five levels, two of them unseen, 12 tokens", lambda g: _followers(g, 5, 12, unseen=2)),
    ),
    mistakes=(
        Mistake(
            lambda followers, size, token: _mixed(followers, size, token, start=lambda size: 0.0),
            "You begin with 0, so a token never seen is impossible: begin with the uniform 1 / size.",
        ),
        Mistake(
            _longest_only,
            "c / N of the longest context alone: whatever it has not seen gets 0. Mix in the shorter contexts.",
        ),
        Mistake(
            lambda followers, size, token: _mixed(followers, size, token, kinds=lambda counts, size: 1),
            "T is how many DIFFERENT tokens followed, len(counts); you always count one.",
        ),
        Mistake(
            lambda followers, size, token: _mixed(
                followers, size, token, kinds=lambda counts, size: sum(counts.values())
            ),
            "You use N in place of T: T counts the kinds that followed, not how often.",
        ),
        Mistake(
            lambda followers, size, token: _mixed(followers, size, token, kinds=lambda counts, size: size),
            "You use the whole vocabulary for T; T counts the kinds that followed this context.",
        ),
        Mistake(
            lambda followers, size, token: _mixed(followers[::-1], size, token),
            "You begin with the longest context: it would be the last word of the shortest. followers[0] comes first.",
        ),
        Mistake(
            lambda followers, size, token: _mixed(
                followers, size, token, mix=lambda c, n, t, p: c / n + t / (n + t) * p
            ),
            "The counts keep their full share, c / N, so the chances sum to more than 1: c / (N + T).",
        ),
        Mistake(
            lambda followers, size, token: _mixed(followers, size, token, mix=lambda c, n, t, p: (c + t * p) / n),
            "You divide by N; what is given away must be paid for: divide by N + T.",
        ),
        Mistake(
            lambda followers, size, token: _mixed(
                followers, size, token, mix=lambda c, n, t, p: (n * p + t * c / n) / (n + t)
            ),
            "The two shares have changed places: N / (N + T) belongs to what was counted, T / (N + T) to the rest.",
        ),
        Mistake(
            _average, "A plain mean of all levels: a context seen a hundred times should weigh more than one seen once."
        ),
        Mistake(
            _back_off,
            "You take the longest context that knows the token, and no other (backing off): the chances do not sum "
            "to 1.",
        ),
        Mistake(
            _zero_if_unseen, "Where the longest context was never seen, the shorter ones decide: do not give up with 0."
        ),
        Mistake(
            _return_in_the_loop,
            "Only the first level is used: is the `return` inside the loop? It belongs behind it.",
        ),
        Mistake(
            lambda followers, size, token: _mixed(followers[1:], size, token),
            "followers[0], the counts without any context, is left out: begin with it.",
        ),
        Mistake(
            _uniform_at_every_level,
            "Each level shares out by 1 / size: what is set aside goes to the chance that the SHORTER context gave.",
        ),
        Mistake(_add_one, "That is Laplace's add-one on the longest context: the shorter contexts are not asked."),
        Mistake(
            lambda followers, size, token: math.log(_mixed(followers, size, token)),
            "That is the logarithm of the chance; the chance itself is asked for.",
        ),
    ),
)


# --- 08.4: perplexity -----------------------------------------------------------------------------------------------


def _logs(generator: Generator, shape: tuple[int, ...]) -> Any:
    return np.log(generator.uniform(0.02, 1, shape))


def _rate(log_probabilities: Any, units: Any) -> Any:
    return np.sum(log_probabilities) / (np.size(log_probabilities) if units is None else np.sum(units))


def _wrong_perplexity(f: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda log_probabilities, units=None: f(np.asarray(log_probabilities), units)


PERPLEXITY = Exercise(
    id="08.4",
    title="Perplexity",
    reference="mmlearn.score.text.perplexity",
    cases=(
        Case("5 tokens", lambda g: (_logs(g, (5,)),)),
        Case("one token", lambda g: (_logs(g, (1,)),)),
        Case("3 texts of 4 tokens", lambda g: (_logs(g, (3, 4)),)),
        Case("7 tokens, 30 bytes", lambda g: (_logs(g, (7,)), 30)),
        Case("sums of 3 texts and the bytes of each", lambda g: (10 * _logs(g, (3,)), np.array([12, 40, 7]))),
    ),
    mistakes=(
        Mistake(
            _wrong_perplexity(lambda logs, units: np.exp(_rate(logs, units))),
            "The minus is lost: a perplexity is never below 1.",
        ),
        Mistake(
            _wrong_perplexity(lambda logs, units: -_rate(logs, units)),
            "That is the mean of the surprise, the cross-entropy: take its exponential.",
        ),
        Mistake(
            _wrong_perplexity(lambda logs, units: 2 ** -_rate(logs, units)),
            "The logarithms are natural ones: undo them with exp, not with powers of two.",
        ),
        Mistake(
            _wrong_perplexity(lambda logs, units: np.exp(-np.sum(logs))),
            "You take 1 / p of the whole text: divide the sum by the number of units before exp.",
        ),
        Mistake(
            _wrong_perplexity(lambda logs, units: np.exp(-np.mean(logs))),
            "You always divide by the number of logarithms; where units are given, divide by those.",
        ),
        Mistake(
            _wrong_perplexity(lambda logs, units: np.exp(-logs).mean()),
            "A mean of 1 / p is ruled by the worst token; the mean is taken over the logarithms, then exp.",
        ),
        Mistake(
            _wrong_perplexity(
                lambda logs, units: np.exp(-logs.sum() / (len(logs) if units is None else np.sum(units)))
            ),
            "len of a table is its number of rows: count all its entries, .size.",
        ),
        Mistake(
            _wrong_perplexity(
                lambda logs, units: np.exp(
                    -np.mean(logs if units is None else logs / np.broadcast_to(units, logs.shape))
                )
            ),
            "A mean over texts makes a short text weigh as much as a long one: sum all logarithms, sum all units.",
        ),
        Mistake(
            _wrong_perplexity(lambda logs, units: np.exp(-logs / (logs.size if units is None else np.sum(units)))),
            "One number is asked for: sum the logarithms before you divide.",
        ),
    ),
)
