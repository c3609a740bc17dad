"""Scenes as a whole: reproducible, split without a leak, boxes around what was drawn."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from mmlearn.data.backgrounds import BACKGROUNDS, draw_background
from mmlearn.data.combinations import SPLITS, held_out, held_out_relation
from mmlearn.data.draw import MOST
from mmlearn.data.nouns import nouns
from mmlearn.data.scenes import Scenes, scenes


def digest(data: Scenes) -> str:
    text = repr((data.captions["en"].tolist(), data.captions["zh"].tolist(), data.questions, data.boxes.tolist()))
    return hashlib.sha256(data.images.tobytes() + text.encode()).hexdigest()


@pytest.fixture(scope="module")
def some() -> Scenes:
    return scenes(600, seed=1)


def test_shapes(some) -> None:
    assert some.images.shape == (600, 64, 64, 3) and some.images.dtype == np.uint8
    assert set(some.captions) == {"en", "zh"} and all(len(told) == 600 for told in some.captions.values())
    assert some.boxes.shape == (600, MOST, 4) and np.issubdtype(some.boxes.dtype, np.integer)
    assert len(some) == len(some.questions) == len(some.graphs) == 600


def test_rows_stay_together(some) -> None:
    few = some.select([5, 3])
    assert few.captions["zh"].tolist() == some.captions["zh"][[5, 3]].tolist()
    assert few.graphs == (some.graphs[5], some.graphs[3]) and few.questions[1] == some.questions[3]
    assert (few.images[0] == some.images[5]).all()


def test_fewer_begin_more_and_a_seed_is_a_stream(some) -> None:
    assert digest(scenes(50, seed=1)) == digest(some.select(slice(50)))
    assert digest(scenes(50, seed=2)) != digest(scenes(50, seed=1))
    assert len({digest(scenes(50, split=split)) for split in SPLITS}) == 5


def test_same_bytes_in_another_process(some) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); "
        "from test_scenes import digest, scenes; print(digest(scenes(40, 1)))"
    )
    run = [sys.executable, "-c", code, os.path.dirname(__file__)]
    for hash_seed in ("0", "1"):
        environment = {
            **os.environ,
            "PYTHONHASHSEED": hash_seed,
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        }
        out = subprocess.run(run, capture_output=True, text=True, env=environment, check=True).stdout
        assert out.strip() == digest(some.select(slice(40)))


def test_size_changes_pixels_and_boxes_alone() -> None:
    small, large = scenes(30, size=48), scenes(30, size=96)
    assert small.graphs == large.graphs and small.questions == large.questions
    assert (small.captions["en"] == large.captions["en"]).all()
    there = small.boxes[..., 0] >= 0
    assert (there == (large.boxes[..., 0] >= 0)).all()
    assert np.abs(2 * small.boxes[there] - large.boxes[there]).max() <= 3


@pytest.mark.parametrize("size", [32, 64, 101])
def test_boxes_hold_the_things_and_all_else_is_background(size) -> None:
    data = scenes(200, seed=3, size=size)
    papers = {place.name: draw_background(place.name, size) for place in BACKGROUNDS}
    for image, boxes, graph in zip(data.images, data.boxes, data.graphs, strict=True):
        assert (boxes[len(graph.things) :] == -1).all()
        changed = (image != papers[graph.background.name]).any(2)  # (size, size)
        inside = np.zeros_like(changed)
        for (x0, y0, x1, y1), thing in zip(boxes.tolist(), graph.things, strict=False):
            assert 0 <= x0 < x1 <= size and 0 <= y0 < y1 <= size
            assert abs((x0 + x1) / 2 - thing.x * size) <= 0.5 and abs((y0 + y1) / 2 - thing.y * size) <= 0.5
            inside[y0:y1, x0:x1] = True
            patch = changed[y0:y1, x0:x1]
            assert patch[0].any() and patch[-1].any() and patch[:, 0].any() and patch[:, -1].any()  # tight
        assert not changed[~inside].any()


def test_boxes_do_not_overlap(some) -> None:
    for boxes, graph in zip(some.boxes.tolist(), some.graphs, strict=True):
        for i, (x0, y0, x1, y1) in enumerate(boxes[: len(graph.things)]):
            for a0, b0, a1, b1 in boxes[:i]:
                assert x1 <= a0 or a1 <= x0 or y1 <= b0 or b1 <= y0


def test_small_things_look_smaller(some) -> None:
    sides = np.maximum(some.boxes[..., 2] - some.boxes[..., 0], some.boxes[..., 3] - some.boxes[..., 1])
    of = {"small": set(), "big": set()}
    for row, graph in zip(sides.tolist(), some.graphs, strict=True):
        for side, thing in zip(row, graph.things, strict=False):
            of[thing.size].add(side)
    assert of == {"small": {17}, "big": {29}}


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_seen_splits_show_no_held_out_combination(split) -> None:
    for graph in scenes(2500, seed=2, split=split, size=32).graphs:
        assert not any(held_out(thing.noun.en, graph.background.name) for thing in graph.things)
        assert not any(held_out_relation(*fact) for fact in visible_relations(graph))


def visible_relations(graph) -> list[tuple[str, str, str]]:
    """Every relation between two different things that a viewer could read off the picture."""
    facts = []
    for one in graph.things:
        for two in graph.things:
            if one.noun is two.noun:
                continue
            dx, dy = two.x - one.x, two.y - one.y
            if abs(dx) > 0.5 * abs(dy):
                facts.append((one.noun.en, "to the left of" if dx > 0 else "to the right of", two.noun.en))
            if abs(dy) > 0.5 * abs(dx):
                facts.append((one.noun.en, "above" if dy > 0 else "below", two.noun.en))
    return facts


def test_new_background_shows_only_held_out_ones_in_seen_relations() -> None:
    for graph in scenes(1500, split="new_background", size=32).graphs:
        assert all(held_out(thing.noun.en, graph.background.name) for thing in graph.things)
        assert not any(held_out_relation(*fact) for fact in visible_relations(graph))


def test_new_relation_shows_only_held_out_ones_before_seen_backgrounds() -> None:
    for graph in scenes(1500, split="new_relation", size=32).graphs:
        one, two = graph.things
        assert held_out_relation(one.noun.en, graph.relation, two.noun.en)
        assert not any(held_out(thing.noun.en, graph.background.name) for thing in graph.things)


def test_training_shows_every_noun_background_and_relation() -> None:
    graphs = scenes(6000, size=32).graphs
    assert {thing.noun for graph in graphs for thing in graph.things} == set(nouns())
    assert {graph.background for graph in graphs} == set(BACKGROUNDS)
    assert len({graph.relation for graph in graphs}) == 5  # four, and none


def test_none_is_an_answer() -> None:
    empty = scenes(0)
    assert empty.images.shape == (0, 64, 64, 3) and empty.boxes.shape == (0, 4, 4) and empty.graphs == ()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"n": -1}, "expected n to be a whole number, 0 or more, got -1"),
        ({"n": 2.5}, "expected n to be a whole number, 0 or more, got 2.5"),
        ({"n": 1, "seed": -3}, "expected seed to be a whole number, 0 or more, got -3"),
        ({"n": 1, "split": "dev"}, "unknown split 'dev': choose one of train, val, test"),
        ({"n": 1, "size": 31}, "expected a size of 32 to 512 whole pixels, got 31"),
        ({"n": 1, "size": 600}, "expected a size of 32 to 512 whole pixels, got 600"),
        ({"n": 1, "size": 64.0}, "expected a size of 32 to 512 whole pixels, got 64.0"),
    ],
)
def test_wrong_arguments(wrong, says) -> None:
    with pytest.raises(ValueError, match=says):
        scenes(**wrong)
