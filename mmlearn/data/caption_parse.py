"""A caption -> what it says, or nothing where no scene is told so: the grammar of `captions`, read backwards."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import product

from mmlearn.data.backgrounds import BACKGROUNDS, Background
from mmlearn.data.graph import INVERSE, RELATIONS
from mmlearn.data.nouns import Noun, nouns

LANGUAGES = ("en", "zh")
_COUNTS_TOLD = {  # two kinds without a relation; English tells the single one last, Chinese as they stand
    "en": {(2, 1), (3, 1), (2, 2)},
    "zh": {(2, 1), (1, 2), (2, 2), (3, 1), (1, 3)},
}


@dataclass(frozen=True)
class Kind:
    """One kind of thing as a caption tells it: how many, and the adjectives it gets.

    Built in: lesson 08.
    """

    noun: Noun
    count: int  # 1 to 4
    color: bool  # whether its colour is said
    size: str  # "small" or "big" where it is said, else ""


@dataclass(frozen=True)
class Said:
    """What one caption says, and by which of the four ways to put it.

    ``relation`` reads "kinds[0] <relation> kinds[1]", "" where none is told.

    Built in: lesson 08.
    """

    background: Background
    kinds: tuple[Kind, ...]
    relation: str
    template: int  # 0 to 3


def parse(caption: str, language: str) -> Said | None:
    """Read a caption of a scene; None for a sentence that no scene gets.

    Strict: number, article, verb and measure word must agree, a colour must be the thing's own, the place must be
    named exactly once, and what stands in a relation must be two different things. Splits do not matter here.

    Args:
        caption: one sentence, as `scenes` tells them.
        language: "en" or "zh".

    Raises ValueError for another language.

    >>> said = parse("On the grass, a big green turtle is to the right of a wolf.", "en")
    >>> [(kind.noun.en, kind.size) for kind in said.kinds], said.relation, said.background.name
    ([('turtle', 'big'), ('wolf', '')], 'to the right of', 'grass')
    >>> print(parse("On the grass, a turtle is to the right of a wolf on the beach.", "en"))    # two places
    None

    Built in: lesson 08.
    """
    if language not in LANGUAGES:
        raise ValueError(f"expected language 'en' or 'zh', got {language!r}")
    if language == "en":
        caption = caption[:1].lower() + caption[1:] if caption[:1].isupper() else ""
    for pair, template, pattern in _patterns(language):
        match = pattern.fullmatch(caption)
        found = _read(match, language, pair, template) if match else None
        if found:
            return found
    return None


def _read(match: re.Match[str], language: str, pair: bool, template: int) -> Said | None:
    parts = match.groupdict()
    place = next(place for place in BACKGROUNDS if getattr(place, language) == parts["place"])
    loose, tight = _phrases(language, False), _phrases(language, True)
    if not pair:
        kinds = _kinds(parts["s"], language, tight if language == "zh" and template == 2 else loose)
        many = kinds is not None and sum(kind.count for kind in kinds) > 1
        agrees = "verb" not in parts or parts["verb"] == ("are" if many else "is")
        return Said(place, kinds, "", template) if kinds and agrees else None
    bare = language == "zh" and template != 1  # what the relation starts from loses its 的
    one, two = loose.get(parts["a"]), (tight if bare else loose).get(parts["b"])
    if one is None or two is None or one.noun is two.noun or (one.count, two.count) != (1, 1):
        return None
    relation = parts["r"]
    if language == "zh":
        relation = next(english for english, chinese in RELATIONS.items() if chinese == relation)
        relation = INVERSE[relation] if template == 1 else relation
    return Said(place, (one, two), relation, template)


def _kinds(subject: str, language: str, phrases: dict[str, Kind]) -> tuple[Kind, ...] | None:
    """One kind, or two with counts that are told together."""
    if subject in phrases:
        return (phrases[subject],)
    link = " and " if language == "en" else "和"
    one, _, two = subject.partition(link)
    if one not in phrases or two not in phrases:
        return None
    kinds = phrases[one], phrases[two]
    fits = (kinds[0].count, kinds[1].count) in _COUNTS_TOLD[language] and kinds[0].noun is not kinds[1].noun
    return kinds if fits else None


@cache
def _phrases(language: str, tight: bool) -> dict[str, Kind]:
    """Every way to tell of one kind of thing -> what it says; tight as in `Noun.chinese`."""
    known: dict[str, Kind] = {}
    for noun, count in product(nouns(), (1, 2, 3, 4)):
        colours = (False, True) if noun.color else (False,)
        for color, size in product(colours, ("", "small", "big") if noun.sized else ("",)):
            english, kind = noun.english(count, color, size), Kind(noun, count, color, size)
            known[english if language == "en" else noun.chinese(count, color, size, tight)] = kind
    return known


@cache
def _patterns(language: str) -> tuple[tuple[bool, int, re.Pattern[str]], ...]:
    """(a pair in a relation?, template, what it looks like) for every way to put it."""
    places = "|".join(re.escape(getattr(place, language)) for place in BACKGROUNDS)
    sides = "|".join(RELATIONS if language == "en" else RELATIONS.values())
    p, r = f"(?P<place>{places})", f"(?P<r>{sides})"
    a, b, s, verb = "(?P<a>.+?)", "(?P<b>.+?)", "(?P<s>.+?)", "(?P<verb>is|are)"
    if language == "en":
        single = (rf"{s} {verb} {p}\.", rf"there {verb} {s} {p}\.", rf"{p}, there {verb} {s}\.", rf"{s} {p}\.")
        paired = (rf"{a} is {r} {b} {p}\.", rf"{p}, {a} is {r} {b}\.", rf"there is {a} {p}, {r} {b}\.",
                  rf"{a} {r} {b}, {p}\.")  # fmt: skip
    else:
        single = (f"{p}有{s}。", f"有{s}在{p}。", f"{p}的{s}。", f"图中，{p}有{s}。")
        paired = (
            f"{p}，{a}在{b}的{r}。",
            f"{p}有{a}，它的{r}是{b}。",
            f"{p}有{a}，在{b}的{r}。",
            f"{p}，{b}的{r}有{a}。",
        )
    kinds = [(False, single), (True, paired)]
    return tuple((pair, t, re.compile(text)) for pair, texts in kinds for t, text in enumerate(texts))
