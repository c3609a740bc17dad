"""The frozen benchmark: its bytes, and what its makers promise of it."""

import ast
import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from mmlearn.data import bench
from mmlearn.data.bench import BenchScenes, bench_scenes

# Of train, then test: the bytes of the images, then the captions joined by line ends, in UTF-8.
# It stands in datasets/scenes.md as well. It must never change: every figure measured on it would be lost.
SHA256 = "4ca044e01d2ca9385e8cb6ef23e6f6ece54aa354ad095cecc0d103de16d512cb"


@pytest.fixture(scope="module")
def data() -> BenchScenes:
    return bench_scenes()


def fact(part, row: int) -> tuple[int, str, int, int]:
    """What a scene shows, the same whichever way its caption puts it."""
    first, second, relation = int(part.first[row]), int(part.second[row]), int(part.relation[row])
    if relation % 2:  # "to the right of" and "below" turned round
        first, second = second, first
    return first, ("left of", "above")[relation // 2], second, int(part.background[row])


def test_the_same_bytes_for_ever(data) -> None:
    digest = hashlib.sha256()
    for part in (data.train, data.test):
        digest.update(part.images.tobytes())
        digest.update("\n".join(part.captions.tolist()).encode())
    assert digest.hexdigest() == SHA256
    card = Path(__file__).parents[2] / "datasets" / "scenes.md"
    assert SHA256 in card.read_text(encoding="utf-8")


def test_shapes(data) -> None:
    for part, n in ((data.train, 20_000), (data.test, 1_000)):
        assert len(part) == n and part.images.shape == (n, 64, 64, 3) and part.images.dtype == np.uint8
        for column in (part.captions, part.first, part.relation, part.second, part.background):
            assert column.shape == (n,)
    assert len(data.things) == len(data.codes) == 100 and len(set(data.codes.tolist())) == 100
    assert len(data.relations) == 4 and len(data.backgrounds) == 8


def test_captions_name_what_the_numbers_say(data) -> None:
    for part in (data.train, data.test):
        for row in range(0, len(part), 7):
            caption = part.captions[row]
            one, two = data.things[part.first[row]], data.things[part.second[row]]
            relation, place = data.relations[part.relation[row]], data.backgrounds[part.background[row]]
            assert sorted(caption.replace(",", "").removeprefix("there is ").split()) == sorted(
                f"{one} {relation} {two} {place}".split()
            )
            assert f" {relation} {two}" in caption and caption.index(one) < caption.index(relation)


def test_all_captions_differ_and_no_combination_comes_twice(data) -> None:
    captions = data.train.captions.tolist() + data.test.captions.tolist()
    assert len(set(captions)) == 21_000
    facts = [fact(part, row) for part in (data.train, data.test) for row in range(len(part))]
    assert len(set(facts)) == 21_000
    assert all(first != second for first, _, second, _ in facts)


def test_everything_is_seen_in_training_about_equally_often(data) -> None:
    things = Counter(data.train.first.tolist() + data.train.second.tolist())
    assert len(things) == 100 and min(things.values()) > 300  # 400 expected
    for column, options in ((data.train.relation, 4), (data.train.background, 8)):
        assert np.bincount(column).min() > 0.9 * 20_000 / options


def test_twins_change_places_and_nothing_else(data) -> None:
    assert data.twins.shape == (100, 2) and len(set(data.twins.ravel().tolist())) == 200
    for one, two in data.twins.tolist():
        first, relation, second, place = fact(data.test, one)
        assert fact(data.test, two) == (second, relation, first, place)


def test_relations_are_true_with_room_to_spare() -> None:
    """Read off the stored corners: one thing ends before the other begins, and they stand nearly in line."""
    with np.load(bench.FILE) as stored:
        rows, shapes = stored["scenes"].astype(int), stored["shapes"].astype(int)
    corners = rows[:, 6:10].reshape(-1, 2, 2)  # (scene, thing, x y)
    sides = shapes[rows[:, [0, 2]], rows[:, 4:6]][..., ::-1]  # (scene, thing, width height)
    ends = corners + sides
    assert corners.min() >= 0 and ends.max() <= 64
    middles = corners + sides / 2
    for relation, axis, near in ((0, 0, 0), (1, 0, 1), (2, 1, 0), (3, 1, 1)):
        such = rows[:, 1] == relation
        far = 1 - near
        assert (corners[such, far, axis] - ends[such, near, axis] >= 2).all()
        along = middles[such, far, axis] - middles[such, near, axis]
        across = np.abs(middles[such, far, 1 - axis] - middles[such, near, 1 - axis])
        assert (across < 0.75 * along).all() and np.median(across / along) < 0.15


def test_pictures_show_both_things(data) -> None:
    """Where a sticker lies the picture is no longer the plain background, and elsewhere it still is."""
    with np.load(bench.FILE) as stored:
        papers, rows, shapes = stored["backgrounds"], stored["scenes"].astype(int), stored["shapes"].astype(int)
    for row, image, place in zip(rows[20_000:20_200], data.test.images[:200], data.test.background[:200], strict=True):
        changed = (image != papers[place]).any(2)
        for thing, size, x, y in ((row[0], row[4], row[6], row[7]), (row[2], row[5], row[8], row[9])):
            height, width = shapes[thing, size]
            assert changed[y : y + height, x : x + width].mean() > 0.15
            changed[y : y + height, x : x + width] = False
        assert not changed.any()


def test_it_stands_alone() -> None:
    """No stickers, no table of nouns, nothing that may change: its file, NumPy, and the typed rows."""
    tree = ast.parse(Path(bench.__file__).read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert modules == {"__future__", "dataclasses", "pathlib", "typing", "mmlearn.data.rows", "mmlearn.types"}
    assert names == {"numpy"}
    assert bench.FILE.stat().st_size < 1.5e6
