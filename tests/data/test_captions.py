"""Sentences: true, whole, and as a speaker of each language would say them."""

import re

import numpy as np
import pytest

from mmlearn.data.backgrounds import BACKGROUNDS
from mmlearn.data.captions import describe
from mmlearn.data.combinations import allowed
from mmlearn.data.compose import compose
from mmlearn.data.graph import INVERSE, RELATIONS, Scene, Thing
from mmlearn.data.nouns import nouns

NOUN = {noun.en: noun for noun in nouns()}


def told(scene: Scene, times: int = 200) -> tuple[set[str], set[str]]:
    draw = np.random.default_rng(0).random
    both = [describe(scene, draw) for _ in range(times)]
    return {each["en"] for each in both}, {each["zh"] for each in both}


def many(n: int) -> list[tuple[Scene, dict[str, str]]]:
    draw = np.random.default_rng(1).random
    return [(scene, describe(scene, draw)) for scene in (compose(draw, allowed("train")) for _ in range(n))]


def test_one_thing() -> None:
    english, chinese = told(Scene(BACKGROUNDS[0], (Thing(NOUN["cow"], "big", 0.5, 0.5),)))
    assert english == {
        f"{start}{size}{end}"
        for size in ("cow", "big cow")
        for start, end in (
            ("A ", " is on the grass."),
            ("There is a ", " on the grass."),
            ("On the grass, there is a ", "."),
            ("A ", " on the grass."),
        )
    }
    assert {"草地上有一头奶牛。", "草地上有一头大奶牛。", "有一头奶牛在草地上。", "草地上的一头奶牛。"} <= chinese


def test_two_of_one_kind_and_one_of_another() -> None:
    things = Thing(NOUN["dog"], "big", 0.2, 0.2), *(Thing(NOUN["car"], "small", x, 0.7) for x in (0.2, 0.7))
    english, chinese = told(Scene(BACKGROUNDS[0], things))
    assert "There are two red cars and a dog on the grass." in english  # not "There are a dog and two cars"
    assert "草地上有一只狗和两辆红色的轿车。" in chinese
    assert "草地上的一只狗和两辆红色轿车。" in chinese  # not 的 ... 的 ... 的
    assert not any("二" in sentence for sentence in chinese)


def test_a_pair_is_told_from_both_sides() -> None:
    things = Thing(NOUN["dog"], "small", 0.2, 0.5), Thing(NOUN["tree"], "big", 0.7, 0.5)
    english, chinese = told(Scene(BACKGROUNDS[1], things, "to the left of"), 1000)
    assert "A dog is to the left of a tree on the beach." in english
    assert "On the beach, a green tree is to the right of a small dog." in english
    assert "沙滩上，一只小狗在一棵树的左边。" in chinese
    assert "沙滩上有一只狗，它的右边是一棵绿色的树。" in chinese
    assert "沙滩上，一棵绿色大树的左边有一只狗。" in chinese
    for sentence in english:
        assert (sentence.index("dog") < sentence.index("tree")) == ("left" in sentence)


def test_sentences_are_whole() -> None:
    for scene, caption in many(3000):
        en, zh = caption["en"], caption["zh"]
        assert re.fullmatch(r"[A-Z][A-Za-z ,-]+\.", en) and "  " not in en
        assert re.fullmatch(r"[\u4e00-\u9fffT，]+。", zh)
        assert not re.search(r"\ba [aeio]|\ban [^aeiouA]", en.replace("an hourglass", "")), en
        assert scene.background.en in en[0].lower() + en[1:] and scene.background.zh in zh


def test_every_thing_is_named_with_its_number_and_measure_word() -> None:
    numbers = {1: "一", 2: "两", 3: "三", 4: "四"}
    for scene, caption in many(3000):
        for thing, count in scene.kinds():
            name = thing.noun.en if count == 1 else thing.noun.plural
            assert re.search(rf"\b{name}\b", caption["en"], flags=re.IGNORECASE)
            assert re.search(numbers[count] + thing.noun.measure + ".{0,5}" + thing.noun.zh, caption["zh"])


def test_the_relation_said_is_the_relation_shown() -> None:
    for scene, caption in many(3000):
        if not scene.relation:
            continue
        one, two = (thing.noun for thing in scene.things)
        en = caption["en"].lower()
        names = one.en.lower(), two.en.lower()
        first = min((0, 1), key=lambda i: re.search(rf"\b{names[i]}\b", en).start())
        said = [relation for relation in RELATIONS if f" {relation} " in en]
        assert said == [INVERSE[scene.relation] if first else scene.relation]


def test_colours_and_sizes_are_true_and_said_alike_in_both_languages() -> None:
    for scene, caption in many(3000):
        sizes = {thing.size for thing in scene.things}
        for word in ("small", "big"):
            if f" {word} " in caption["en"].lower().join("  "):
                assert word in sizes
                assert {"small": "小", "big": "大"}[word] in caption["zh"]
        colours = {thing.noun.color for thing in scene.things} - {""}
        said = {word for word in ("red", "green", "grey", "blue", "pink") if f" {word} " in caption["en"]}
        assert said <= colours


@pytest.mark.parametrize("name", ["elephant", "trumpet", "violin", "gorilla", "panda", "lobster", "magnifying glass"])
def test_no_size_where_it_would_mean_something_else(name) -> None:
    english, chinese = told(Scene(BACKGROUNDS[0], (Thing(NOUN[name], "big", 0.5, 0.5),)))
    assert not any("big" in sentence for sentence in english)
    assert not any("大" + NOUN[name].zh in sentence for sentence in chinese)


def test_colours_are_said_half_the_time_and_sizes_a_third() -> None:
    """The figures of the card, datasets/scenes.md; 0.03 are three standard errors and more."""
    car, draw = Scene(BACKGROUNDS[0], (Thing(NOUN["car"], "big", 0.5, 0.5),)), np.random.default_rng(0).random
    sentences = [describe(car, draw)["en"].lower() for _ in range(3000)]
    assert np.mean(["red" in sentence for sentence in sentences]) == pytest.approx(1 / 2, abs=0.03)
    assert np.mean(["big" in sentence for sentence in sentences]) == pytest.approx(1 / 3, abs=0.03)
