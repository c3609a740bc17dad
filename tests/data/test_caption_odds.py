"""The captions' grammar read backwards: every caption is understood, nothing else is, and the odds are exact."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest

from mmlearn.data import caption_odds, caption_parse, combinations, nouns, scenes
from mmlearn.data import compose as compose_module
from mmlearn.data.caption_odds import caption_log_probability
from mmlearn.data.caption_parse import parse
from mmlearn.data.captions import describe
from mmlearn.data.combinations import SPLITS, allowed

LANGUAGES = ("en", "zh")
NAMES = {"camera", "slice of melon", "mooncake", "wolf"}


@pytest.mark.parametrize("split", SPLITS)
def test_every_caption_is_read_as_what_it_was_made_from(split: str) -> None:
    made = scenes(400, seed=5, size=32, split=split)
    for language, (graph, number) in product(LANGUAGES, zip(made.graphs, range(400), strict=True)):
        said = parse(str(made.captions[language][number]), language)
        assert said is not None and said.background is graph.background
        told = sorted((kind.noun.en, kind.count) for kind in said.kinds)
        assert told == sorted((thing.noun.en, count) for thing, count in graph.kinds())
        for kind in said.kinds:
            assert kind.size in ("", graph.things[graph.where(kind.noun)[0]].size)
        if graph.relation:
            first = graph.things[0].noun is said.kinds[0].noun
            assert said.relation == (graph.relation if first else caption_parse.INVERSE[graph.relation])


@pytest.mark.parametrize(
    "text",
    [
        "On the grass, a turtle is to the right of a wolf on the beach.",
        "A turtle is to the right of a wolf.",
        "On the grass, a turtle is to the right of a turtle.",
        "On the grass, there is two turtles.",
        "On the grass, there are a turtle.",
        "On the grass, there are a turtle and two wolves.",
        "On the grass, there are a turtle and a wolf.",
        "On the grass, a red turtle is to the right of a wolf.",
        "On the grass, a green big turtle is to the right of a wolf.",
        "On the grass, an turtle is to the right of a wolf.",
        "on the grass, there is a turtle.",
        "On the grass, there is a turtle",
        "On the moon, there is a turtle.",
        "There is a turtle, to the left of a wolf on the grass.",
        "",
    ],
)
def test_what_no_scene_is_told_as_is_not_read(text: str) -> None:
    assert parse(text, "en") is None and caption_log_probability(text, "en") == -math.inf


@pytest.mark.parametrize(
    "text",
    [
        "草地上有一只轿车。",
        "草地上有二只狗。",
        "草地上，一只狗在狗的左边。",
        "草地上有一只狗和一只狼。",
        "月亮上有一只狗。",
        "草地上，一只狗在一只狼的左边有。",
        "沙滩上，有一只狗。",
    ],
)
def test_what_no_scene_is_told_as_is_not_read_in_chinese(text: str) -> None:
    assert parse(text, "zh") is None


def test_every_phrase_means_one_thing() -> None:
    for language, tight in product(LANGUAGES, (False, True)):
        ways = sum((2 if n.color else 1) * (3 if n.sized else 1) * 4 for n in nouns.nouns())
        assert len(caption_parse._phrases(language, tight)) == ways


@pytest.fixture
def small_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One place and six nouns, so few that every caption comes often; some relations between them are held out."""
    few = tuple(noun for noun in nouns.nouns() if noun.en in NAMES)
    place = caption_odds.BACKGROUNDS[:1]
    monkeypatch.setattr(combinations, "nouns", lambda: few)
    for module in (combinations, compose_module, caption_odds):
        monkeypatch.setattr(module, "BACKGROUNDS", place)
    allowed.cache_clear()
    yield
    allowed.cache_clear()


@pytest.mark.parametrize("split", ["train", "new_relation"])
@pytest.mark.usefixtures("small_world")
def test_in_a_small_world_the_odds_are_the_shares_that_come(split: str) -> None:
    rules, n = allowed(split), 30_000
    pool = rules.pools["grass"]
    unfit = [(a.en, b.en) for a in pool for b in pool if a is not b and not rules.together(a, b)]
    assert len(pool) == len(NAMES) and unfit, "the drawing must have something to skip"
    counts: dict[str, Counter[str]] = {language: Counter() for language in LANGUAGES}
    for row in np.random.default_rng(0).random((n, 36)).tolist():
        told = describe(compose_module.compose(iter(row[:24]).__next__, rules), iter(row[24:]).__next__)
        for language in LANGUAGES:
            counts[language][told[language]] += 1
    for language in LANGUAGES:
        odds = {text: math.exp(caption_log_probability(text, language, split)) for text in counts[language]}
        assert 0.9 < sum(odds.values()) <= 1 + 1e-9, "what came is most of what can come, and no more than all of it"
        common = [text for text in odds if n * odds[text] > 4]
        expected = np.array([n * odds[text] for text in common])
        came = np.array([counts[language][text] for text in common])
        surplus = ((came - expected) ** 2 / expected).mean()  # chi-squared over its mean
        assert len(common) > 200 and abs(surplus - 1) < 5 * math.sqrt(2 / len(common))


def test_the_mean_surprise_is_the_same_estimated_twice_and_held_out_is_impossible() -> None:
    halves = [
        np.mean([caption_log_probability(str(text), "en") for text in scenes(800, seed, 32).captions["en"]])
        for seed in (1, 2)
    ]
    assert abs(halves[0] - halves[1]) < 0.4
    for split in ("new_background", "new_relation"):
        held = scenes(50, 0, 32, split).captions["zh"]
        assert all(caption_log_probability(str(text), "zh", split) > -math.inf for text in held)
        assert all(caption_log_probability(str(text), "zh", "test") == -math.inf for text in held)


def test_refuses_bad_input() -> None:
    with pytest.raises(ValueError, match="'en' or 'zh'"):
        parse("Un chien.", "fr")
    with pytest.raises(ValueError, match="unknown split"):
        caption_odds.caption_log_probability("A dog is on the grass.", "en", "dev")
