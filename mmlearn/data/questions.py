"""A scene -> questions about it with their answers, none of which the question gives away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mmlearn.data.combinations import Allowed
from mmlearn.data.compose import pick
from mmlearn.data.graph import INVERSE, RELATIONS, Scene
from mmlearn.data.nouns import COLOURS, NUMBERS, Noun

Draw = Callable[[], float]  # the next number in [0, 1)

KINDS = ("what", "where", "how many", "what colour", "yes/no")
_SIDES = {
    "to the left of": "to the left",
    "to the right of": "to the right",
    "above": "above",
    "below": "below",
}
_YES, _NO = ("yes", "对"), ("no", "不对")


@dataclass(frozen=True, slots=True)
class Question:
    """A question and its answer in both languages, and which things the answer is about.

    Built in: lesson 00.
    """

    kind: str  # one of KINDS
    en: str
    zh: str
    answer_en: str  # "dog", "to the left", "on the grass", "three", "red", "yes"
    answer_zh: str
    about: tuple[int, ...]  # rows of the scene's boxes; empty where the answer is that a thing is absent


def ask(scene: Scene, rules: Allowed, draw: Draw) -> tuple[Question, ...]:
    """Three to five questions about a scene, always one of them to be answered by yes or no.

    "Yes" and "no" are equally likely for every wording: what is asked for and is not there comes from the
    same draw as what is there. "What colour" never names the thing, whose colour is always the same.

    Args:
        scene: what to ask about.
        rules: what its split may show: no question names a combination that the split holds out.
        draw: gives the next number in [0, 1); at most 8 are taken.

    >>> from itertools import repeat
    >>> from mmlearn.data.combinations import allowed
    >>> from mmlearn.data.compose import compose
    >>> scene = compose(iter([0.1, 0.3, 0.0, 0.6, 0.2] + [0.5] * 7).__next__, allowed("train"))
    >>> for question in ask(scene, allowed("train"), repeat(0.4).__next__):
    ...     print(question.en, question.answer_en, question.zh, question.answer_zh)
    What is to the right of the high heel? dog 高跟鞋的右边是什么？ 狗
    Where is the dog relative to the high heel? to the right 狗在高跟鞋的什么位置？ 右边
    What colour is the thing to the right of the high heel? orange 高跟鞋右边的东西是什么颜色的？ 橙色
    Is the dog to the right of the high heel? yes 狗在高跟鞋的右边，对吗？ 对

    Built in: lesson 00.
    """
    if scene.relation:
        asked = _about_pair(scene, draw)
    elif len(scene.things) == 1:
        asked = _about_one(scene, draw)
    else:
        asked = _about_many(scene, draw)
    return (*asked, _yes_or_no(scene, rules, draw))


def _about_pair(scene: Scene, draw: Draw) -> list[Question]:
    """What stands there, where it stands, and its colour: each asked of one of the two, drawn anew."""
    target = int(draw() * 2)
    noun, other, relation = _seen_from(scene, target)
    en, zh = f"What is {relation} the {other.en}?", f"{other.zh}的{RELATIONS[relation]}是什么？"
    asked = [Question("what", en, zh, noun.en, noun.zh, (target,))]
    target = int(draw() * 2)
    noun, other, relation = _seen_from(scene, target)
    en, zh = f"Where is the {noun.en} relative to the {other.en}?", f"{noun.zh}在{other.zh}的什么位置？"
    asked.append(Question("where", en, zh, _SIDES[relation], RELATIONS[relation], (target,)))
    coloured = [target for target in (0, 1) if scene.things[target].noun.color]
    if coloured:
        target = pick(coloured, draw)
        noun, other, relation = _seen_from(scene, target)
        en = f"What colour is the thing {relation} the {other.en}?"
        zh = f"{other.zh}{RELATIONS[relation]}的东西是什么颜色的？"
        asked.append(Question("what colour", en, zh, noun.color, COLOURS[noun.color], (target,)))
    return asked


def _seen_from(scene: Scene, target: int) -> tuple[Noun, Noun, str]:
    """One of a pair, the other, and the relation as it is said of the first."""
    relation = INVERSE[scene.relation] if target else scene.relation
    return scene.things[target].noun, scene.things[1 - target].noun, relation


def _about_one(scene: Scene, draw: Draw) -> list[Question]:
    noun, place = scene.things[0].noun, scene.background
    asked = [
        Question("what", f"What is {place.en}?", f"{place.zh}有什么？", noun.en, noun.zh, (0,)),
        _where(scene, noun, 1),
    ]
    if noun.color:
        colour = "What colour is the thing in the picture?", "图里的东西是什么颜色的？"
        asked.append(Question("what colour", *colour, noun.color, COLOURS[noun.color], (0,)))
    if draw() < 0.25:  # else "one" would be the likeliest number
        asked.append(_how_many(scene, noun, 1))
    return asked


def _about_many(scene: Scene, draw: Draw) -> list[Question]:
    kinds = scene.kinds()
    thing, count = pick(kinds, draw)
    asked = [_where(scene, thing.noun, count), _how_many(scene, thing.noun, count)]
    if len(kinds) == 1 and thing.noun.color:
        colour = "What colour are the things in the picture?", "图里的东西是什么颜色的？"
        about = scene.where(thing.noun)
        asked.append(Question("what colour", *colour, thing.noun.color, COLOURS[thing.noun.color], about))
    return asked


def _where(scene: Scene, noun: Noun, count: int) -> Question:
    subject = f"is the {noun.en}" if count == 1 else f"are the {noun.plural}"
    place = scene.background
    return Question("where", f"Where {subject}?", f"{noun.zh}在哪里？", place.en, "在" + place.zh, scene.where(noun))


def _how_many(scene: Scene, noun: Noun, count: int) -> Question:
    en, zh = f"How many {noun.plural} are there?", f"图里有几{noun.measure}{noun.zh}？"
    number, digit = NUMBERS[count]
    return Question("how many", en, zh, number, digit + noun.measure, scene.where(noun))


def _yes_or_no(scene: Scene, rules: Allowed, draw: Draw) -> Question:
    """Is it there, is it on that side, are there so many: a half each way, whatever the scene."""
    choice, truth = draw(), draw() < 0.5
    kinds = scene.kinds()
    if scene.relation and choice < 0.5:
        question = _is_it_there_or_elsewhere(scene, rules, truth, draw)
        if question:
            return question
    elif len(kinds) == 1 and kinds[0][1] > 1 and choice < 0.5:
        return _are_there_so_many(scene, truth, draw)
    return _is_there(scene, rules, truth, draw)


def _is_it_there_or_elsewhere(scene: Scene, rules: Allowed, truth: bool, draw: Draw) -> Question | None:
    """Is the dog to the left of the cat? None where the split leaves no other relation to ask about."""
    target = int(draw() * 2)
    noun, other, relation = _seen_from(scene, target)
    wrong = [name for name in rules.relations(noun, other) if name != relation]
    if not wrong:
        return None
    asked = relation if truth else pick(wrong, draw)
    en = f"Is the {noun.en} {asked} the {other.en}?"
    zh = f"{noun.zh}在{other.zh}的{RELATIONS[asked]}，对吗？"
    return Question("yes/no", en, zh, *(_YES if truth else _NO), (target, 1 - target))


def _are_there_so_many(scene: Scene, truth: bool, draw: Draw) -> Question:
    noun, count = scene.things[0].noun, len(scene.things)
    asked = count if truth else pick([number for number in (2, 3, 4) if number != count], draw)
    number, digit = NUMBERS[asked]
    en = f"Are there exactly {number} {noun.plural} in the picture?"
    zh = f"图里正好有{digit}{noun.measure}{noun.zh}，对吗？"
    return Question("yes/no", en, zh, *(_YES if truth else _NO), scene.where(noun))


def _is_there(scene: Scene, rules: Allowed, truth: bool, draw: Draw) -> Question:
    there = [thing.noun for thing, _ in scene.kinds()]
    noun = pick(there, draw)
    if not truth:
        pool = rules.pools[scene.background.name]
        start = int(draw() * len(pool))
        noun = next(noun for noun in pool[start:] + pool[:start] if noun not in there)
    en, zh = f"Is there {noun.english()} in the picture?", f"图里有{noun.zh}，对吗？"
    return Question("yes/no", en, zh, *(_YES if truth else _NO), scene.where(noun))
