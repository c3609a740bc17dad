"""Held-out combinations: fixed, about one in eight, and nothing is left without training scenes."""

import numpy as np
import pytest

from mmlearn.data.backgrounds import BACKGROUNDS
from mmlearn.data.combinations import allowed, held_out, held_out_relation
from mmlearn.data.graph import INVERSE, RELATIONS
from mmlearn.data.nouns import nouns


def test_fixed_for_ever() -> None:
    """A change here would move scenes from training to test: models trained before could not be compared."""
    on_grass = [noun.en for noun in nouns() if held_out(noun.en, "grass")]
    assert on_grass[:5] == ["cat", "rhinoceros", "hedgehog", "dove", "frog"]
    spider = [relation for relation in RELATIONS if held_out_relation("cat", relation, "spider")]
    assert spider == ["to the right of", "below"]
    assert not any(held_out_relation("cat", relation, "rose") for relation in RELATIONS)


def test_one_in_eight_of_backgrounds() -> None:
    share = np.mean([held_out(noun.en, place.name) for noun in nouns() for place in BACKGROUNDS])
    assert share == pytest.approx(1 / 8, abs=0.02)


def test_one_in_eight_of_relations_and_each_of_them() -> None:
    some = nouns()[:60]
    for relation in RELATIONS:
        facts = [held_out_relation(a.en, relation, b.en) for a in some for b in some if a is not b]
        assert np.mean(facts) == pytest.approx(1 / 8, abs=0.02)


def test_a_relation_is_one_fact_said_either_way() -> None:
    for relation, other in INVERSE.items():
        assert INVERSE[other] == relation
        for a in nouns()[:20]:
            for b in nouns()[20:40]:
                assert held_out_relation(a.en, relation, b.en) == held_out_relation(b.en, other, a.en)


def test_every_noun_is_trained_on_some_background_and_every_background_has_nouns() -> None:
    train, new = allowed("train").pools, allowed("new_background").pools
    assert {noun for pool in train.values() for noun in pool} == set(nouns())
    assert min(len(pool) for pool in new.values()) >= 10
    for place in BACKGROUNDS:
        assert sorted(noun.code for noun in train[place.name] + new[place.name]) == sorted(n.code for n in nouns())
        assert not set(train[place.name]) & set(new[place.name])


def test_relations_of_a_split_and_of_its_opposite_make_four() -> None:
    a, b = nouns()[3], nouns()[9]
    seen, new = allowed("train").relations(a, b), allowed("new_relation").relations(a, b)
    assert sorted(seen + new) == sorted(RELATIONS)
    assert allowed("train").together(a, b) == (len(seen) == 4)


def test_unknown_split() -> None:
    with pytest.raises(ValueError, match="unknown split 'dev': choose one of train, val, test, new_background"):
        allowed("dev")
