"""Batches of similar lengths: every text once an epoch, the same for the same step, little padding."""

from __future__ import annotations

import numpy as np
import pytest

from mmlearn.train.text_batches import TextBatches

ROWS = [[row] * length for row, length in enumerate(np.random.default_rng(0).integers(1, 40, 700).tolist())]


def test_every_text_comes_once_an_epoch_whole() -> None:
    batches = TextBatches(ROWS, batch_size=16, seed=3, fill=999)
    for epoch in (0, 1):
        seen = []
        for step in range(batches.epoch_steps):
            ids, mask = batches[epoch * batches.epoch_steps + step]
            assert (ids[~mask] == 999).all() and mask.any(0).all()
            seen += [row[real].tolist() for row, real in zip(ids, mask, strict=True)]
        assert sorted(seen) == sorted(ROWS)


def test_any_step_can_be_asked_for_in_any_order() -> None:
    batches, again = TextBatches(ROWS, 16, seed=3), TextBatches(ROWS, 16, seed=3)
    ahead = {step: batches[step] for step in (99, 3, 44, 0)}
    for step in (0, 3, 44, 99):
        assert all(a.equal(b) for a, b in zip(again[step], ahead[step], strict=True))


def test_epochs_and_seeds_differ() -> None:
    batches = TextBatches(ROWS, 16, seed=3)
    first = batches[0][0]
    assert not first.equal(batches[batches.epoch_steps][0])
    assert not first.equal(TextBatches(ROWS, 16, seed=4)[0][0])


def test_little_is_padding_and_lengths_do_not_come_in_order() -> None:
    batches = TextBatches(ROWS, 16)
    drawn = [batches[step] for step in range(batches.epoch_steps)]
    assert sum(int(mask.sum()) for _, mask in drawn) / sum(mask.numel() for _, mask in drawn) > 0.9
    widths = [ids.shape[1] for ids, _ in drawn]
    assert abs(np.corrcoef(widths, range(len(widths)))[0, 1]) < 0.5


def test_refuses_bad_input() -> None:
    for rows in ([], [[1], []]):
        with pytest.raises(ValueError, match="one text or more"):
            TextBatches(rows, 2)
    for size in (0, 2.0, True):
        with pytest.raises(ValueError, match="batch_size"):
            TextBatches([[1]], size)  # type: ignore[arg-type]
    with pytest.raises(IndexError, match="step of 0 or more"):
        TextBatches([[1]], 1)[-1]
