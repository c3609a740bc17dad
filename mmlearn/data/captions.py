"""A scene -> one sentence in English and one in Chinese, each as its speakers would put it."""

from __future__ import annotations

from collections.abc import Callable

from mmlearn.data.graph import INVERSE, RELATIONS, Scene, Thing

Draw = Callable[[], float]  # the next number in [0, 1)


def describe(scene: Scene, draw: Draw) -> dict[str, str]:
    """Say what the picture shows: {"en": ..., "zh": ...}, true and whole sentences or titles.

    Colours are said half the time and sizes a third of the time, the same in both languages; the order of
    words is drawn for each language by itself. A pair may be told from either side ("a dog to the left of a
    cat", "a cat to the right of a dog").

    Args:
        scene: what to describe.
        draw: gives the next number in [0, 1); at most 8 are taken.

    >>> from itertools import repeat
    >>> from mmlearn.data.backgrounds import BACKGROUNDS
    >>> from mmlearn.data.nouns import nouns
    >>> dog, car = (next(noun for noun in nouns() if noun.en == name) for name in ("dog", "car"))
    >>> pair = Thing(dog, "small", 0.2, 0.5), Thing(car, "big", 0.7, 0.5)
    >>> scene = Scene(BACKGROUNDS[0], pair, "to the left of")
    >>> print(*describe(scene, repeat(0.4).__next__).values(), sep="\\n")
    On the grass, a red car is to the right of an orange dog.
    草地上有一辆红色的轿车，它的左边是一只橙色的狗。

    Built in: lesson 00.
    """
    told = [_Told(thing, count, draw) for thing, count in scene.kinds()]
    flip, english, chinese = draw() < 0.5, int(draw() * 4), int(draw() * 4)
    if not scene.relation:
        return {"en": _english(scene, told, english), "zh": _chinese(scene, told, chinese)}
    relation = scene.relation
    if flip:
        told, relation = told[::-1], INVERSE[relation]
    return {
        "en": _english_pair(scene, told, relation, english),
        "zh": _chinese_pair(scene, told, relation, chinese),
    }


class _Told:
    """One kind of thing with the adjectives it gets here, in both languages."""

    def __init__(self, thing: Thing, count: int, draw: Draw) -> None:
        color = draw() < 0.5
        size = thing.size if draw() < 1 / 3 and thing.noun.sized else ""
        self.count = count
        self.en = thing.noun.english(count, color, size)
        self.zh = thing.noun.chinese(count, color, size)
        self.zh_tight = thing.noun.chinese(count, color, size, tight=True)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _english(scene: Scene, told: list[_Told], template: int) -> str:
    place, many = scene.background.en, sum(kind.count for kind in told) > 1
    # "There are two cats and a dog", never "There are a dog and two cats".
    subject = " and ".join(kind.en for kind in sorted(told, key=lambda kind: kind.count == 1))
    verb = "are" if many else "is"
    if template == 0:
        return f"{_capital(subject)} {verb} {place}."
    if template == 1:
        return f"There {verb} {subject} {place}."
    if template == 2:
        return f"{_capital(place)}, there {verb} {subject}."
    return f"{_capital(subject)} {place}."


def _chinese(scene: Scene, told: list[_Told], template: int) -> str:
    place, subject = scene.background.zh, "和".join(kind.zh for kind in told)
    if template == 0:
        return f"{place}有{subject}。"
    if template == 1:
        return f"有{subject}在{place}。"
    if template == 2:
        return f"{place}的{'和'.join(kind.zh_tight for kind in told)}。"
    return f"图中，{place}有{subject}。"


def _english_pair(scene: Scene, told: list[_Told], relation: str, template: int) -> str:
    (one, two), place = told, scene.background.en
    if template == 0:
        return f"{_capital(one.en)} is {relation} {two.en} {place}."
    if template == 1:
        return f"{_capital(place)}, {one.en} is {relation} {two.en}."
    if template == 2:
        return f"There is {one.en} {place}, {relation} {two.en}."
    return f"{_capital(one.en)} {relation} {two.en}, {place}."


def _chinese_pair(scene: Scene, told: list[_Told], relation: str, template: int) -> str:
    (one, two), place = told, scene.background.zh
    if template == 0:
        return f"{place}，{one.zh}在{two.zh_tight}的{RELATIONS[relation]}。"
    if template == 1:
        return f"{place}有{one.zh}，它的{RELATIONS[INVERSE[relation]]}是{two.zh}。"
    if template == 2:
        return f"{place}有{one.zh}，在{two.zh_tight}的{RELATIONS[relation]}。"
    return f"{place}，{two.zh_tight}的{RELATIONS[relation]}有{one.zh}。"
