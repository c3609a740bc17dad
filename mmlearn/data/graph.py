"""What a scene is before it is drawn or told: things, their places, and one relation between two of them."""

from __future__ import annotations

from dataclasses import dataclass

from mmlearn.data.backgrounds import Background
from mmlearn.data.nouns import Noun

SIZES = {"small": 0.27, "big": 0.45}  # longest side of a thing, as a share of the picture's side

# English, as it is said between two things -> Chinese, as it is said after the second.
RELATIONS = {"to the left of": "左边", "to the right of": "右边", "above": "上方", "below": "下方"}
INVERSE = {
    "to the left of": "to the right of",
    "to the right of": "to the left of",
    "above": "below",
    "below": "above",
}


@dataclass(frozen=True, slots=True)
class Thing:
    """One object: `x` and `y` are its centre as shares of the picture, from the left and from the top.

    Built in: lesson 00.
    """

    noun: Noun
    size: str  # "small" or "big"
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Scene:
    """One to four things before a background; two different things alone also stand in a relation.

    ``relation`` reads "things[0] <relation> things[1]" and is "" unless there are two different things and
    nothing else. Things of one kind come one after another and have one size. Nothing here counts pixels,
    so one scene can be drawn at any size.

    Built in: lesson 00.
    """

    background: Background
    things: tuple[Thing, ...]
    relation: str = ""

    def kinds(self) -> list[tuple[Thing, int]]:
        """Each kind of thing once, in order: its first thing, and how many there are.

        >>> from mmlearn.data.backgrounds import BACKGROUNDS
        >>> from mmlearn.data.nouns import nouns
        >>> dog, cat = nouns()[:2]
        >>> cats = Thing(cat, "small", 0.2, 0.2), Thing(cat, "small", 0.8, 0.2)
        >>> scene = Scene(BACKGROUNDS[0], (*cats, Thing(dog, "big", 0.5, 0.7)))
        >>> [(thing.noun.en, count) for thing, count in scene.kinds()], scene.where(dog)
        ([('cat', 2), ('dog', 1)], (2,))
        """
        counted: list[tuple[Thing, int]] = []
        for thing in self.things:
            if counted and counted[-1][0].noun is thing.noun:
                counted[-1] = (counted[-1][0], counted[-1][1] + 1)
            else:
                counted.append((thing, 1))
        return counted

    def where(self, noun: Noun) -> tuple[int, ...]:
        """Positions in ``things`` (and in the scene's boxes) of the things of this kind."""
        return tuple(place for place, thing in enumerate(self.things) if thing.noun is noun)
