"""Random numbers -> a scene: which things, how many, how big, and where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from mmlearn.data.backgrounds import BACKGROUNDS
from mmlearn.data.combinations import Allowed
from mmlearn.data.graph import SIZES, Scene, Thing
from mmlearn.data.nouns import Noun

T = TypeVar("T")
Draw = Callable[[], float]  # the next number in [0, 1)

MARGIN = 0.02  # share of the picture left free at its edges and between the two things of a relation
SWAY = 0.05  # how far two things side by side may each stand off their common line
# Kinds and their counts where two kinds share a picture; "how many" then has no one likely answer.
GROUPS = ((2, 1), (1, 2), (2, 2), (3, 1), (3, 1), (1, 3), (1, 3))
CORNERS = ((0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75))


def pick(options: Sequence[T], draw: Draw) -> T:
    """One of the options, each as likely: a number in [0, 1) -> an item.

    >>> pick("abcd", lambda: 0.5)
    'c'

    Built in: lesson 00.
    """
    return options[int(draw() * len(options))]


def compose(draw: Draw, rules: Allowed) -> Scene:
    """Make one scene that the rules allow, from at most 20 random numbers.

    Of all scenes 15 in 100 hold one thing, 45 a pair in a relation, 25 two to four of one kind, and 15 two
    kinds with three or four things together ("new_relation": all hold a pair).

    Args:
        draw: gives the next number in [0, 1); the same numbers make the same scene.
        rules: what the split may show, from `allowed`.

    >>> from itertools import cycle
    >>> from mmlearn.data.combinations import allowed
    >>> scene = compose(cycle([0.3, 0.5, 0.1]).__next__, allowed("train"))
    >>> [thing.noun.en for thing in scene.things], scene.relation, scene.background.name
    (['rooster', 'bell pepper'], 'above', 'sea')

    Built in: lesson 00.
    """
    place = pick(BACKGROUNDS, draw)
    pool = rules.pools[place.name]
    choice = draw()
    if rules.new_relation or 0.15 <= choice < 0.6:
        first, second = _two(pool, draw, rules.relations)
        relation = pick(rules.relations(first, second), draw)
        return Scene(place, _related(first, relation, second, draw), relation)
    if choice < 0.15:
        return Scene(place, (_anywhere(pick(pool, draw), draw),))
    if choice < 0.85:
        things = [(pick(pool, draw), pick((2, 3, 4), draw))]
    else:
        # From corner to corner two kinds show several relations at once: none of them may be held out.
        kinds = _two(pool, draw, rules.together)
        things = list(zip(kinds, pick(GROUPS, draw), strict=True))
    return Scene(place, _in_corners(things, draw))


def _two(pool: Sequence[Noun], draw: Draw, fit: Callable[[Noun, Noun], object]) -> tuple[Noun, Noun]:
    """Two kinds that fit together: where the two drawn do not, the second moves on through the pool."""
    first, start = int(draw() * len(pool)), int(draw() * (len(pool) - 1))
    for step in range(len(pool) - 1):
        second = (first + 1 + (start + step) % (len(pool) - 1)) % len(pool)
        if fit(pool[first], pool[second]):
            return pool[first], pool[second]
    raise RuntimeError(f"nothing in the pool of {len(pool)} fits together with {pool[first].en}")


def _anywhere(noun: Noun, draw: Draw) -> Thing:
    size = pick(tuple(SIZES), draw)
    free = 1 - 2 * MARGIN - SIZES[size]
    edge = MARGIN + SIZES[size] / 2
    return Thing(noun, size, edge + draw() * free, edge + draw() * free)


def _related(first: Noun, relation: str, second: Noun, draw: Draw) -> tuple[Thing, Thing]:
    """Side by side or one over the other: never overlapping, and nearly on one line."""
    sizes = pick(tuple(SIZES), draw), pick(tuple(SIZES), draw)
    near, far = (0, 1) if relation in ("to the left of", "above") else (1, 0)
    spans = [SIZES[size] for size in sizes]
    free = 1 - 3 * MARGIN - sum(spans)
    before = draw() * free
    between = draw() * (free - before)
    along = [0.0, 0.0]
    along[near] = MARGIN + before + spans[near] / 2
    along[far] = along[near] + spans[near] / 2 + MARGIN + between + spans[far] / 2
    edge = MARGIN + max(spans) / 2 + SWAY
    line = edge + draw() * (1 - 2 * edge)
    across = [line + (2 * draw() - 1) * SWAY for _ in sizes]
    points = zip(along, across, strict=True) if "to the" in relation else zip(across, along, strict=True)
    one, two = (Thing(noun, size, *xy) for noun, size, xy in zip((first, second), sizes, points, strict=True))
    return one, two


def _in_corners(kinds: Sequence[tuple[Noun, int]], draw: Draw) -> tuple[Thing, ...]:
    """Each thing in a quarter of its own, somewhere in it; things of a kind have one size."""
    corners, things = list(CORNERS), []
    for noun, count in kinds:
        size = pick(tuple(SIZES), draw)
        reach = 0.5 - MARGIN - SIZES[size]
        for _ in range(count):
            x, y = corners.pop(int(draw() * len(corners)))
            things.append(Thing(noun, size, x + (draw() - 0.5) * reach, y + (draw() - 0.5) * reach))
    return tuple(things)
