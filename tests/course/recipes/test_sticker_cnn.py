"""The recipe runs, its card tells the truth, and what ships is what its answers say."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from mmlearn.course.recipes import sticker_cnn
from mmlearn.data import stickers
from mmlearn.data.splits import family_splits
from mmlearn.data.stickers import Stickers
from mmlearn.data.unavailable import DataUnavailable
from mmlearn.encode.cnn import CNN, CNNConfig
from mmlearn.train.checkpoint import checkpoint_file, load_checkpoint

CONTESTANTS = (sticker_cnn.WORDS, sticker_cnn.PLAIN, sticker_cnn.AUGMENTED)


def plain_deck() -> Stickers:
    deck = stickers()
    return deck.select(deck.groups != "flags")


def read(text: str) -> dict[str, np.ndarray]:
    rows = list(csv.DictReader(io.StringIO(text)))
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


def test_a_quick_run_makes_all_that_ships() -> None:
    try:
        trained = sticker_cnn.train(quick=True)
    except DataUnavailable as missing:
        pytest.skip(f"visual words need it: {missing}")
    table = read(trained.files["answers.csv"].decode())
    assert set(table) == {"code", "family", "split", "group", *CONTESTANTS}
    assert all(set(table[name]) <= set(table["group"]) for name in CONTESTANTS)
    assert isinstance(trained.config, CNNConfig) and trained.config.classes == len(set(table["group"]))
    for name in CONTESTANTS:
        share = np.mean([(table[name] == table["group"])[table["split"] == part].mean() for part in ("0", "1")])
        assert trained.card.scores[name].startswith(f"{share:.3f}, mean of")
    for family in set(table["family"]):
        assert len(set(table["split"][table["family"] == family])) == 1


def test_the_record_is_of_these_stickers_and_splits() -> None:
    deck = plain_deck()
    table = read(checkpoint_file("sticker-cnn", "answers.csv").read_text(encoding="utf-8"))
    np.testing.assert_array_equal(table["code"], deck.codes)
    np.testing.assert_array_equal(table["group"], deck.groups)
    np.testing.assert_array_equal(table["family"], deck.families)
    for place, split in enumerate(family_splits(deck.groups, deck.families)):
        assert (table["split"][split.test] == str(place)).all()


def test_the_weights_that_ship_gave_the_answers_of_the_first_split() -> None:
    deck = plain_deck()
    model = load_checkpoint("sticker-cnn", lambda config: CNN(CNNConfig(**config)))
    table = read(checkpoint_file("sticker-cnn", "answers.csv").read_text(encoding="utf-8"))
    test = family_splits(deck.groups, deck.families)[0].test
    said = np.unique(deck.groups)[sticker_cnn.predict(model, deck, test)]
    assert (said == table[sticker_cnn.AUGMENTED][test]).mean() > 0.99  # rounding may tip a picture on another machine


def test_the_recorded_order_of_the_contestants() -> None:
    table = read(checkpoint_file("sticker-cnn", "answers.csv").read_text(encoding="utf-8"))
    mean = {
        name: np.mean([(table[name] == table["group"])[table["split"] == str(part)].mean() for part in range(5)])
        for name in CONTESTANTS
    }
    assert mean[sticker_cnn.AUGMENTED] > mean[sticker_cnn.PLAIN] + 0.03
    assert mean[sticker_cnn.AUGMENTED] > 0.38
