"""Which combinations a split may show: some are held out of training for ever, by a hash of their names.

A model that has seen dogs, and has seen beaches, but never a dog on a beach, shows whether it composes what
it knows or remembers what it saw (compositional generalisation: Lake and Baroni, 2018, arXiv:1711.00350).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache

from mmlearn.data.backgrounds import BACKGROUNDS
from mmlearn.data.graph import INVERSE, RELATIONS
from mmlearn.data.nouns import Noun, nouns

SPLITS = ("train", "val", "test", "new_background", "new_relation")
HELD_OUT = 8  # one combination in eight
_AXES = ("to the left of", "above")  # "b to the right of a" is the same fact as "a to the left of b"


def held_out(*names: str) -> bool:
    """Whether this combination of names is kept out of "train", "val" and "test".

    The first eight bytes of BLAKE2b of the names, joined by "|", leave no remainder when divided by 8.

    >>> sum(held_out(str(number), "grass") for number in range(8000))      # about one in eight
    1022

    Built in: lesson 00.
    """
    digest = hashlib.blake2b("|".join(names).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % HELD_OUT == 0


def held_out_relation(first: str, relation: str, second: str) -> bool:
    """`held_out` for "first <relation> second", the same for both ways to say it.

    >>> held_out_relation("dog", "above", "cat") == held_out_relation("cat", "below", "dog")
    True

    Built in: lesson 00.
    """
    if relation in _AXES:
        return held_out(first, relation, second)
    return held_out(second, INVERSE[relation], first)


@dataclass(frozen=True)
class Allowed:
    """What the scenes of one split may hold.

    Built in: lesson 00.
    """

    pools: dict[str, tuple[Noun, ...]]  # for each background's name, the nouns that may stand before it
    new_relation: bool  # only held-out relations, so every scene must show one; else only seen ones

    def relations(self, first: Noun, second: Noun) -> list[str]:
        """Those of the four relations that this split may show between two different things."""
        return [name for name in RELATIONS if held_out_relation(first.en, name, second.en) == self.new_relation]

    def together(self, first: Noun, second: Noun) -> bool:
        """Whether two kinds may stand in one picture anyhow placed, so that no relation need be looked at."""
        return len(self.relations(first, second)) == len(RELATIONS)


@cache
def allowed(split: str) -> Allowed:
    """The rules of a split: "new_background" and "new_relation" each show one kind of held-out combination.

    Raises ValueError for an unknown split.

    >>> dog = allowed("train").pools["grass"][0]
    >>> dog.en, dog in allowed("new_background").pools["grass"]
    ('dog', False)

    Built in: lesson 00.
    """
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}: choose one of {', '.join(SPLITS)}")
    new = split == "new_background"
    pools = {
        place.name: tuple(noun for noun in nouns() if held_out(noun.en, place.name) == new) for place in BACKGROUNDS
    }
    return Allowed(pools, new_relation=split == "new_relation")
