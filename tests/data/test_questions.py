"""Questions: right answers, and none that the question gives away."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from mmlearn.data.combinations import allowed
from mmlearn.data.compose import compose
from mmlearn.data.graph import INVERSE, RELATIONS, Scene
from mmlearn.data.nouns import COLOURS, nouns
from mmlearn.data.questions import KINDS, Question, ask

BY_NAME = {noun.en: noun for noun in nouns()} | {noun.plural: noun for noun in nouns()}


def asked(n: int, split: str = "train", seed: int = 0) -> list[tuple[Scene, tuple[Question, ...]]]:
    draw, rules = np.random.default_rng(seed).random, allowed(split)
    return [(scene, ask(scene, rules, draw)) for scene in (compose(draw, rules) for _ in range(n))]


@pytest.fixture(scope="module")
def many() -> list[tuple[Scene, tuple[Question, ...]]]:
    return asked(10_000)


def test_yes_and_no_are_equally_likely(many) -> None:
    answers = Counter(q.answer_en for _, questions in many[:5000] for q in questions if q.kind == "yes/no")
    assert sum(answers.values()) == 5000  # one a scene
    assert answers["yes"] / 5000 == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_question_alone_does_not_tell_yes_from_no(many, language) -> None:
    """The majority answer to each wording, learned on 5,000 scenes, is a coin toss on 5,000 others."""
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for _, questions in many[:5000]:
        for q in questions:
            if q.kind == "yes/no":
                seen[getattr(q, language)][q.answer_en] += 1
    right = [
        seen[getattr(q, language)].most_common(1)[0][0] == q.answer_en
        for _, questions in many[5000:]
        for q in questions
        if q.kind == "yes/no" and getattr(q, language) in seen
    ]
    assert len(right) > 2000
    assert np.mean(right) < 0.53


@pytest.mark.parametrize(
    ("kind", "share", "wording_alone"),
    [
        ("what", 0.60, 0.01),
        ("where", 1, 0.19),
        ("how many", 0.43, 0.27),
        ("what colour", 0.70, 0.17),
        ("yes/no", 1, 0.5),
    ],
)
def test_shares_and_what_wording_alone_gets_as_the_card_says(many, kind, share, wording_alone) -> None:
    pairs = [
        [(q.en, q.answer_en) for _, qs in half for q in qs if q.kind == kind] for half in (many[:5000], many[5000:])
    ]
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for text, answer in pairs[0]:
        seen[text][answer] += 1
    commonest = Counter(answer for _, answer in pairs[0]).most_common(1)[0][0]
    right = [(seen[text].most_common(1)[0][0] if text in seen else commonest) == answer for text, answer in pairs[1]]
    assert len(pairs[1]) / 5000 == pytest.approx(share, abs=0.03)
    assert np.mean(right) == pytest.approx(wording_alone, abs=0.04)


def test_nor_does_the_form_of_the_question(many) -> None:
    """Every way to ask is balanced by itself: each relation, each number, "is there"."""
    forms: dict[str, list[bool]] = defaultdict(list)
    for _, questions in many:
        q = questions[-1]
        words = [word for word in (*RELATIONS, "two", "three", "four") if f" {word} " in q.en]
        forms[words[0] if words else "is there"].append(q.answer_en == "yes")
    assert len(forms) == 8
    for form, yes in forms.items():
        assert np.mean(yes) == pytest.approx(0.5, abs=4 * 0.5 / len(yes) ** 0.5), form


def test_a_wrong_side_may_be_any_of_the_other_three(many) -> None:
    wrong = Counter()
    for scene, questions in many:
        q = questions[-1]
        if scene.relation and q.answer_en == "no" and not q.en.startswith("Is there "):
            said = next(word for word in RELATIONS if f" {word} " in q.en)
            wrong[said == INVERSE[_side(scene, q.about[0])]] += 1
    assert wrong[True] / wrong.total() == pytest.approx(1 / 3, abs=0.06)


def test_absent_things_are_like_present_ones(many) -> None:
    """Over-asked nouns would betray the answer: the two distributions differ by chance alone."""
    counts = {answer: np.zeros(len(nouns())) for answer in ("yes", "no")}
    row = {noun.english(): index for index, noun in enumerate(nouns())}
    for _, questions in many:
        if questions[-1].en.startswith("Is there "):
            name = questions[-1].en.removeprefix("Is there ").removesuffix(" in the picture?")
            counts[questions[-1].answer_en][row[name]] += 1
    yes, no = counts["yes"], counts["no"]
    chi2 = ((yes - no) ** 2 / np.maximum(yes + no, 1)).sum()  # about chi-squared, 210 degrees of freedom
    assert chi2 < 210 + 4 * 420**0.5


def test_every_kind_is_asked_and_last_comes_yes_or_no(many) -> None:
    assert {q.kind for _, questions in many for q in questions} == set(KINDS)
    counts = {len(questions) for _, questions in many}
    assert (min(counts), max(counts)) == (3, 5)
    assert (ask.__doc__ or "").startswith("Three to five questions")
    assert all([q.kind == "yes/no" for q in questions].index(True) == len(questions) - 1 for _, questions in many)


def test_answers_are_right(many) -> None:
    for scene, questions in many[:3000]:
        for q in questions:
            {"what": _what, "where": _where, "how many": _how_many, "what colour": _colour, "yes/no": _yes_no}[q.kind](
                scene, q
            )


def _side(scene: Scene, target: int) -> str:
    """The relation of a thing to the other one, read off the places, not off the graph's own word."""
    one, two = scene.things[target], scene.things[1 - target]
    dx, dy = two.x - one.x, two.y - one.y
    if abs(dx) > abs(dy):
        return "to the left of" if dx > 0 else "to the right of"
    return "above" if dy > 0 else "below"


def _what(scene: Scene, q: Question) -> None:
    (target,) = q.about
    noun = scene.things[target].noun
    assert (q.answer_en, q.answer_zh) == (noun.en, noun.zh)
    assert noun.en not in q.en.split() and f"{noun.zh}的" not in q.zh
    if scene.relation:
        assert f" {_side(scene, target)} " in q.en and f"的{RELATIONS[_side(scene, target)]}是" in q.zh
    else:
        assert len(scene.things) == 1


def _where(scene: Scene, q: Question) -> None:
    if scene.relation:
        relation = _side(scene, q.about[0])
        assert q.answer_en == relation.removesuffix(" of") and q.answer_zh == RELATIONS[relation]
    else:
        assert (q.answer_en, q.answer_zh) == (scene.background.en, "在" + scene.background.zh)


def _how_many(scene: Scene, q: Question) -> None:
    noun = BY_NAME[q.en.removeprefix("How many ").removesuffix(" are there?")]
    count = sum(thing.noun is noun for thing in scene.things)
    assert q.answer_en == ("one", "two", "three", "four")[count - 1]
    assert q.answer_zh == "一两三四"[count - 1] + noun.measure and f"几{noun.measure}{noun.zh}" in q.zh
    assert q.about == scene.where(noun)


def _colour(scene: Scene, q: Question) -> None:
    noun = scene.things[q.about[0]].noun
    assert q.answer_en == noun.color and q.answer_zh == COLOURS[noun.color]
    assert (
        f" {noun.en}" not in q.en.replace(f"the {scene.things[1 - q.about[0]].noun.en}?", "")
        if scene.relation
        else True
    )
    if scene.relation:
        assert f" {_side(scene, q.about[0])} " in q.en


def _yes_no(scene: Scene, q: Question) -> None:
    truth = q.answer_en == "yes"
    assert q.answer_zh == ("对" if truth else "不对") and q.zh.endswith("，对吗？")
    if q.en.startswith("Is there "):
        present = any(f"Is there {thing.noun.english()} in the picture?" == q.en for thing in scene.things)
        assert present == truth == bool(q.about)
    elif q.en.startswith("Are there exactly "):
        assert (("one", "two", "three", "four")[len(scene.things) - 1] in q.en) == truth
    else:
        assert (f" {_side(scene, q.about[0])} " in q.en) == truth


def test_numbers_are_nearly_equally_likely(many) -> None:
    counts = Counter(q.answer_en for _, questions in many for q in questions if q.kind == "how many")
    assert set(counts) == {"one", "two", "three", "four"}
    assert max(counts.values()) / sum(counts.values()) < 0.35


@pytest.mark.parametrize("split", ["train", "new_background", "new_relation"])
def test_no_question_names_what_the_split_keeps_out(split) -> None:
    rules = allowed(split)
    for scene, questions in asked(1500, split, seed=4):
        if scene.relation:
            one, two = (thing.noun for thing in scene.things)
            options = rules.relations(one, two)
            said = [word for word in RELATIONS if f" {word} " in questions[-1].en]
            if said:
                first = scene.things[questions[-1].about[0]].noun is one
                assert (said[0] if first else INVERSE[said[0]]) in options


def test_numbers_needed() -> None:
    numbers = np.random.default_rng(6)
    for scene, _ in asked(2000):
        ask(scene, allowed("train"), iter(numbers.random(8).tolist()).__next__)  # eight are always enough
