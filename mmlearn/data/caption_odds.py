"""How likely a caption is: the exact probability with which `scenes` tells it. No language model can do better."""

from __future__ import annotations

import math

from mmlearn.data.backgrounds import BACKGROUNDS
from mmlearn.data.caption_parse import Kind, Said, parse
from mmlearn.data.combinations import Allowed, allowed
from mmlearn.data.compose import GROUPS
from mmlearn.data.graph import INVERSE
from mmlearn.data.nouns import Noun

# `compose`: one thing, a pair in a relation, several of one kind, two kinds together.
_ONE, _PAIR, _MANY, _TWO = 0.15, 0.45, 0.25, 0.15


def caption_log_probability(caption: str, language: str, split: str = "train") -> float:
    """log P(caption): natural logarithm of the share of the split's scenes that are told by just this sentence.

    All ways that lead to it are added up: two sizes where none is said, a pair told from either side. The mean of
    ``-log P`` over captions of a split estimates the entropy of the language: no model's mean ``-log p`` is lower,
    but for the luck of the draw (Shannon, 1948).

    Args:
        caption: one sentence.
        language: "en" or "zh"; the probability is that among captions of this language.
        split: as in `scenes`.

    Returns a number below 0; ``-inf`` for what the split never tells. Raises ValueError for an unknown language
    or split.

    >>> round(caption_log_probability("On the grass, a big green turtle is to the right of a wolf.", "en"), 1)
    -18.9
    >>> caption_log_probability("The grass is green.", "en")
    -inf

    Reference: Shannon (1948), "A mathematical theory of communication", doi:10.1002/j.1538-7305.1948.tb01338.x.

    Built in: lesson 08.
    """
    rules, said = allowed(split), parse(caption, language)
    if said is None:
        return -math.inf
    pool = rules.pools[said.background.name]
    if any(kind.noun not in pool for kind in said.kinds):
        return -math.inf
    share = _shown(said, rules, pool, language) * math.prod(map(_adjectives, said.kinds))
    share *= 1 / len(BACKGROUNDS) / 4  # the place, and one of four templates
    return math.log(share) if share else -math.inf


def _shown(said: Said, rules: Allowed, pool: tuple[Noun, ...], language: str) -> float:
    """P(what is shown and the side it is told from | the place)."""
    first = said.kinds[0]
    if rules.new_relation and not said.relation:
        return 0.0
    if len(said.kinds) == 1:
        return _ONE / len(pool) if first.count == 1 else _MANY / len(pool) / 3
    a, b = (kind.noun for kind in said.kinds)
    if said.relation:
        ways = (a, said.relation, b), (b, INVERSE[said.relation], a)  # told as it was planned, or turned round
        return (1.0 if rules.new_relation else _PAIR) / 2 * sum(_pair(*way, rules, pool) for way in ways)
    counts = first.count, said.kinds[1].count
    share = GROUPS.count(counts) / len(GROUPS) * _drawn(a, b, pool, rules.together)
    if language == "en" and counts[1] == 1:  # "two cats and a dog" also tells of a dog and two cats
        share += GROUPS.count(counts[::-1]) / len(GROUPS) * _drawn(b, a, pool, rules.together)
    return _TWO * share


def _pair(first: Noun, relation: str, second: Noun, rules: Allowed, pool: tuple[Noun, ...]) -> float:
    """P(first, second and this relation between them | a pair is shown)."""
    open_to_them = rules.relations(first, second)
    if relation not in open_to_them:
        return 0.0
    return _drawn(first, second, pool, rules.relations) / len(open_to_them)


def _drawn(first: Noun, second: Noun, pool: tuple[Noun, ...], fit: object) -> float:
    """P(first, second) as `compose` draws them: where the second does not fit, the next that does takes its place."""
    assert callable(fit)
    if not fit(first, second):
        return 0.0
    others = len(pool) - 1
    start = pool.index(first) + 1
    place = (pool.index(second) - start) % len(pool)  # among the others, counted from first
    starts = 1
    while starts < others and not fit(first, pool[(start + (place - starts) % others) % len(pool)]):
        starts += 1
    return starts / others / len(pool)


def _adjectives(kind: Kind) -> float:
    """P(the adjectives that are said | the thing): colours half the time, sizes a third of it."""
    colour = 0.5 if kind.noun.color else 1.0
    if not kind.noun.sized:
        return colour
    return colour * (1 / 6 if kind.size else 2 / 3)
