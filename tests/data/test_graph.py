"""The graph of a scene: relations come in opposite pairs, kinds are counted in order."""

import pytest

from mmlearn.data.backgrounds import BACKGROUNDS
from mmlearn.data.graph import INVERSE, RELATIONS, SIZES, Scene, Thing
from mmlearn.data.nouns import nouns

DOG, CAT, CAR = (next(noun for noun in nouns() if noun.en == name) for name in ("dog", "cat", "car"))


def test_every_relation_has_its_opposite() -> None:
    assert set(INVERSE) == set(INVERSE.values()) == set(RELATIONS)
    assert all(INVERSE[INVERSE[name]] == name != INVERSE[name] for name in RELATIONS)
    assert INVERSE["above"] == "below" and INVERSE["to the left of"] == "to the right of"
    assert RELATIONS == {"to the left of": "左边", "to the right of": "右边", "above": "上方", "below": "下方"}


def test_small_is_small_enough_to_be_told_from_big() -> None:
    assert SIZES["small"] < 0.65 * SIZES["big"] < SIZES["big"] < 0.5


def test_kinds_and_their_places() -> None:
    def thing(noun):
        return Thing(noun, "small", 0.5, 0.5)

    scene = Scene(BACKGROUNDS[0], (thing(CAT), thing(CAT), thing(DOG)))
    assert [(first.noun, count) for first, count in scene.kinds()] == [(CAT, 2), (DOG, 1)]
    assert scene.where(CAT) == (0, 1) and scene.where(DOG) == (2,) and scene.where(CAR) == ()


def test_a_scene_cannot_be_changed() -> None:
    scene = Scene(BACKGROUNDS[0], (Thing(DOG, "big", 0.5, 0.5),))
    with pytest.raises(AttributeError):
        scene.relation = "above"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        scene.things[0].x = 0.1  # type: ignore[misc]
