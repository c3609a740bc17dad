"""Patch sizes: the cost is counted as PyTorch counts it, and the record has every training once."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from mmlearn.course.recipes import _vit_on_stickers, sticker_patches
from mmlearn.encode.vit import ViT, ViTConfig
from mmlearn.train.checkpoint import checkpoint_file, load_checkpoint
from mmlearn.train.history import History


def records() -> list[dict[str, str]]:
    with checkpoint_file("sticker-patches", "patch_size.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("patch", [4, 8, 24])
def test_multiply_adds_are_those_that_pytorch_counts(patch: int) -> None:
    config = ViTConfig(image=24, patch=patch, channels=3, classes=5, width=18, depth=3, heads=3, hidden=31)
    model = ViT(config).eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        states, _ = model.states(torch.zeros(1, 3, 24, 24), return_weights=True)  # so that attention is seen
        model.head(model.pool(states))
    assert counter.get_total_flops() == 2 * sticker_patches.multiply_adds(config)  # it counts additions apart


def test_time_is_measured_on_one_thread_and_the_threads_are_given_back() -> None:
    before = torch.get_num_threads()
    config = ViTConfig(image=16, patch=8, classes=2, width=8, depth=1, heads=2, hidden=8)
    assert 0 < sticker_patches.milliseconds(ViT(config).eval()) < 100
    assert torch.get_num_threads() == before


def test_a_quick_run_goes_all_the_way() -> None:
    made = sticker_patches.train(quick=True)
    head, *rows = made.files["patch_size.csv"].decode().splitlines()
    assert head == "patch,tokens,multiply_adds,milliseconds,fold,seed,accuracy" and len(rows) == 2
    assert made.config.patch == sticker_patches.SHIPPED
    assert set(made.card.scores) == {"majority", "patch 16", "patch 32"}


def test_a_training_that_was_stopped_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_vit_on_stickers, "fit", lambda *given, **named: History(stopped="interrupted after 7 steps"))
    config = ViTConfig(image=16, patch=8, classes=2, width=8, depth=1, heads=2, hidden=8)
    with pytest.raises(RuntimeError, match="not kept: interrupted after 7 steps"):
        _vit_on_stickers.train_vit(torch.zeros(4, 3, 16, 16), np.array([0, 1, 0, 1]), config, 0, steps=3, batch=2)


def test_the_record_has_every_training_once_and_its_costs_are_counted() -> None:
    rows = records()
    trained = [(int(row["patch"]), int(row["seed"])) for row in rows]
    assert trained == [(patch, seed) for patch in sticker_patches.PATCHES for seed in range(sticker_patches.SEEDS)]
    model = load_checkpoint("sticker-patches", lambda settings: ViT(ViTConfig(**settings)))
    [shipped] = {int(row["multiply_adds"]) for row in rows if int(row["patch"]) == sticker_patches.SHIPPED}
    assert sticker_patches.multiply_adds(model.config) == shipped
    assert all(int(row["tokens"]) == (64 // int(row["patch"])) ** 2 + 1 for row in rows)
    assert all(0.1 < float(row["accuracy"]) < 0.8 for row in rows)
