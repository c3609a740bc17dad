"""The recipe runs, no test family is seen in any style, and what ships is what its record says."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from mmlearn import data
from mmlearn.course.recipes import _mae_labels, sticker_mae
from mmlearn.data import stickers
from mmlearn.data.splits import family_splits
from mmlearn.data.stickers import Stickers
from mmlearn.data.unavailable import DataUnavailable
from mmlearn.encode.mae import MAE, MAEConfig
from mmlearn.encode.tensors import to_tensor
from mmlearn.encode.vit import ViT
from mmlearn.train.checkpoint import checkpoint_file, load_checkpoint
from mmlearn.train.history import History
from mmlearn.view.images import on_white

SMALL = replace(sticker_mae.mae_config().encoder, width=12, depth=1, heads=1, hidden=12)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def shares(method: str, labels: int) -> list[float]:
    rows = read(checkpoint_file("sticker-mae", "few_labels.csv").read_text(encoding="utf-8"))
    return [float(row["accuracy"]) for row in rows if (row["method"], int(row["labels"])) == (method, labels)]


def without_noto(size: int = 64, style: str = "color") -> Stickers:
    if style == "noto":
        raise DataUnavailable("stickers", "no font", "apt-get install it")
    return stickers(size, style)


def test_a_quick_run_makes_all_that_ships() -> None:
    trained = sticker_mae.train(quick=True)
    table = read(trained.files["few_labels.csv"].decode())
    assert [*table[0]] == ["split", "labels", "seed", "method", "accuracy", "balanced"]
    assert {row["method"] for row in table} == set(_mae_labels.METHODS)
    assert {int(row["labels"]) for row in table} == set(_mae_labels.LABELS)
    assert len(table) == len(_mae_labels.METHODS) * len(_mae_labels.LABELS) * 2
    assert isinstance(trained.config, MAEConfig) and isinstance(trained.model, MAE)
    for name in _mae_labels.METHODS:
        means = [
            np.mean([float(row["accuracy"]) for row in table if row["method"] == name and row["labels"] == str(count)])
            for count in _mae_labels.LABELS
        ]
        told = [float(part.split()[0]) for part in trained.card.scores[name].split(", ")]
        np.testing.assert_allclose(told, means, atol=2e-3)


def test_pretraining_sees_the_training_families_and_no_other() -> None:
    decks = {style: stickers(style=style).select(slice(None, None, 8)) for style in ("color", "line")}
    some = np.unique(decks["color"].families)[:20]
    seen = sticker_mae.of_families(decks, some)
    expected = [deck.images[np.isin(deck.families, some)] for deck in decks.values()]
    torch.testing.assert_close(seen, torch.cat([to_tensor(on_white(images)) for images in expected]))


def test_without_a_style_there_is_no_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "stickers", without_noto)
    with pytest.raises(DataUnavailable, match="no font"):
        sticker_mae.train()
    assert [*sticker_mae.drawings(quick=True)] == ["color", "line"]


def test_fine_tuning_begins_with_the_pretrained_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_mae_labels, "fit", lambda *given, **named: History())
    start, told = ViT(SMALL), np.array(["a", "b"])
    pixels = torch.rand(2, 3, 64, 64)
    tuned = _mae_labels.fine_tune(SMALL, start, pixels, told, seed=0, steps=9)
    fresh = _mae_labels.fine_tune(SMALL, None, pixels, told, seed=0, steps=9)
    torch.testing.assert_close(tuned.features(pixels), start.features(pixels))
    assert not torch.allclose(fresh.features(pixels), start.features(pixels))
    torch.testing.assert_close(tuned.head.weight, fresh.head.weight)  # only the encoder differs
    assert set(_mae_labels.predict(tuned, pixels, told)) <= {"a", "b"}


@pytest.mark.parametrize("part", ["pretrain", "fine_tune"])
def test_a_training_that_was_stopped_is_not_kept(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*given: Any, **named: Any) -> History:
        return History(stopped="interrupted after 7 steps")

    monkeypatch.setattr("mmlearn.train.fit.fit", stopped)
    monkeypatch.setattr(_mae_labels, "fit", stopped)
    pixels = torch.zeros(2, 3, 64, 64)
    with pytest.raises(RuntimeError, match="not kept: interrupted after 7 steps"):
        if part == "pretrain":
            sticker_mae.pretrain(pixels, MAEConfig(SMALL, 12, 1, 1, 12), 0, steps=9)
        else:
            _mae_labels.fine_tune(SMALL, None, pixels, np.array(["a", "b"]), seed=0, steps=9)


def test_the_record_is_whole_and_of_the_weights_that_ship() -> None:
    model = load_checkpoint("sticker-mae", lambda config: MAE(MAEConfig(**config)))
    deck = stickers()
    deck = deck.select(deck.groups != "flags")
    split = family_splits(deck.groups, deck.families)[0]
    vectors = _mae_labels.features(model.encoder, to_tensor(on_white(deck.images)), split.train)
    for count in _mae_labels.LABELS:
        assert all(len(shares(method, count)) == _mae_labels.DRAWS for method in _mae_labels.METHODS)
        for seed in range(_mae_labels.DRAWS):
            rows = _mae_labels.draw_labels(deck.groups, split.train, count, seed)
            said = _mae_labels.probe(vectors, rows, deck.groups[rows], split.test)
            assert abs(np.mean(said == deck.groups[split.test]) - shares(_mae_labels.PROBE, count)[seed]) < 0.011
