"""Few labels: rows are drawn as they should be, and the record has an experiment for each cell of its table."""

from __future__ import annotations

import csv
from collections import Counter

import numpy as np
import pytest

from mmlearn.course.recipes import sticker_few
from mmlearn.data import stickers
from mmlearn.data.splits import family_splits
from mmlearn.encode.vit import ViT, ViTConfig
from mmlearn.train.checkpoint import checkpoint_file, load_checkpoint


def test_so_many_of_each_are_drawn_and_none_beyond_the_training_part() -> None:
    groups = np.array(["cat"] * 9 + ["sun"] * 2 + ["fox"] * 5)
    allowed = np.array([0, 2, 3, 5, 8, 9, 11, 12, 15])
    drawn = sticker_few.draw_labels(groups, allowed, 3, seed=0)
    assert Counter(groups[drawn]) == {"cat": 3, "sun": 1, "fox": 3}  # one sun is all there is
    assert set(drawn) <= set(allowed) and len(set(drawn)) == len(drawn)
    assert np.array_equal(drawn, sticker_few.draw_labels(groups, allowed, 3, seed=0))
    others = [set(sticker_few.draw_labels(groups, allowed, 3, seed)) for seed in range(1, 9)]
    assert any(set(drawn) != other for other in others)


def test_a_smaller_draw_is_part_of_the_larger_one() -> None:
    groups, rows = np.array(["cat", "sun"] * 20), np.arange(40)
    few, more = (set(sticker_few.draw_labels(groups, rows, count, seed=4)) for count in (2, 7))
    assert few < more


def test_a_quick_run_goes_all_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def random_vectors(deck: object, *rest: object) -> np.ndarray:
        return np.random.default_rng(0).normal(size=(len(deck), 5)).astype(np.float32)  # type: ignore[arg-type]

    monkeypatch.setattr(sticker_few, "frozen_vectors", random_vectors)
    monkeypatch.setattr(sticker_few, "LABELS", (1, 2))
    made = sticker_few.train(quick=True)
    head, *rows = made.files["few_labels.csv"].decode().splitlines()
    assert head == "split,labels,seed,method,accuracy" and len(rows) == 2 * 2 * 2 * 4
    assert set(made.card.scores) == {"majority", *sticker_few.METHODS}


def test_the_record_has_every_experiment_once() -> None:
    with checkpoint_file("sticker-few", "few_labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    cells = Counter((row["method"], int(row["labels"])) for row in rows)
    assert set(cells) == {(method, count) for method in sticker_few.METHODS for count in sticker_few.LABELS}
    assert set(cells.values()) == {5 * sticker_few.DRAWS} and {row["split"] for row in rows} == set("01234")
    mean = {
        cell: np.mean([float(r["accuracy"]) for r in rows if (r["method"], int(r["labels"])) == cell]) for cell in cells
    }
    assert all(mean[method, 1] < mean[method, 20] for method in sticker_few.METHODS)


def test_the_shipped_network_is_as_good_as_the_record_says() -> None:
    deck = stickers()
    deck = deck.select(deck.groups != "flags")
    split = family_splits(deck.groups, deck.families)[0]
    model = load_checkpoint("sticker-few", lambda settings: ViT(ViTConfig(**settings)))
    with checkpoint_file("sticker-few", "few_labels.csv").open(encoding="utf-8", newline="") as file:
        last = [row for row in csv.DictReader(file) if row["method"] == sticker_few.PATCHES and row["split"] == "0"][-1]
    assert sticker_few.network_accuracy(model, deck, split.test) == pytest.approx(float(last["accuracy"]), abs=0.01)
