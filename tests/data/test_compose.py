"""Scene graphs: what is said to stand left of a thing stands there, clearly, and nothing overlaps."""

from collections import Counter

import numpy as np
import pytest

from mmlearn.data.combinations import allowed
from mmlearn.data.compose import compose, pick
from mmlearn.data.graph import SIZES, Scene


def graphs(n: int, split: str = "train", seed: int = 0) -> list[Scene]:
    draw = np.random.default_rng(seed).random
    return [compose(draw, allowed(split)) for _ in range(n)]


def test_one_to_four_things_of_at_most_two_kinds() -> None:
    counts = Counter(len(scene.things) for scene in graphs(2000))
    assert set(counts) == {1, 2, 3, 4}
    assert all(1 <= len(scene.kinds()) <= 2 for scene in graphs(2000))


def test_a_relation_exactly_where_two_different_things_are_alone() -> None:
    for scene in graphs(2000):
        alone = [count for _, count in scene.kinds()] == [1, 1]
        assert bool(scene.relation) == alone


def test_relations_are_true_with_room_to_spare() -> None:
    for scene in graphs(4000):
        if not scene.relation:
            continue
        one, two = scene.things
        dx, dy = two.x - one.x, two.y - one.y
        gap = (SIZES[one.size] + SIZES[two.size]) / 2
        along = {"to the left of": dx, "to the right of": -dx, "above": dy, "below": -dy}[scene.relation]
        across = dy if "to the" in scene.relation else dx
        assert along >= gap  # one ends before the other begins
        assert abs(across) < 0.5 * along  # and no other relation is half as true


def test_nothing_overlaps_and_nothing_leaves_the_picture() -> None:
    for scene in graphs(3000) + graphs(1000, "new_background"):
        for place, thing in enumerate(scene.things):
            half = SIZES[thing.size] / 2
            assert half + 0.01 <= thing.x <= 1 - half - 0.01 and half + 0.01 <= thing.y <= 1 - half - 0.01
            for other in scene.things[:place]:
                room = half + SIZES[other.size] / 2
                assert max(abs(thing.x - other.x), abs(thing.y - other.y)) > room


def test_things_of_one_kind_have_one_size() -> None:
    for scene in graphs(1000):
        for thing, _ in scene.kinds():
            assert {scene.things[i].size for i in scene.where(thing.noun)} == {thing.size}


def test_relations_sizes_and_backgrounds_are_equally_likely() -> None:
    many = graphs(8000)
    for seen, options in (
        (Counter(scene.relation for scene in many if scene.relation), 4),
        (Counter(scene.things[0].size for scene in many), 2),
        (Counter(scene.background.name for scene in many), 8),
    ):
        assert len(seen) == options
        assert min(seen.values()) / sum(seen.values()) == pytest.approx(1 / options, rel=0.15)


def test_pick_reaches_both_ends() -> None:
    assert pick("abc", lambda: 0.0) == "a" and pick("abc", lambda: 0.999999) == "c"


def test_numbers_needed() -> None:
    numbers = np.random.default_rng(5)
    for split in ("train", "new_background", "new_relation"):
        for _ in range(2000):
            compose(iter(numbers.random(20).tolist()).__next__, allowed(split))  # 20 are always enough
