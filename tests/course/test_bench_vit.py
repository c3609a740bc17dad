"""The ViT's part of ``make bench``: it compares like with like, and runs."""

from __future__ import annotations

import pytest
import torch

from mmlearn.bridge import load
from mmlearn.course import bench_vit as bench
from mmlearn.course.bench_transformer import Speed


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes that take no time."""
    for name, value in (("IMAGE", 16), ("WIDTH", 12), ("DEPTH", 2), ("HEADS", 2), ("BATCH", 4)):
        monkeypatch.setattr(bench, name, value)
    monkeypatch.setattr("mmlearn.course.bench_transformer.SQUARES", (64,))


def test_both_are_of_one_size_and_learn_the_same() -> None:
    (ours, our_loss), (theirs, their_loss) = bench.models(8)
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in theirs.parameters())
    assert theirs.config._attn_implementation == "sdpa"
    load(ours, theirs)
    torch.testing.assert_close(our_loss(), their_loss(), atol=1e-5, rtol=1e-4)


def test_it_runs_and_really_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    made = bench.models(8)
    monkeypatch.setattr(bench, "models", lambda patch: made)
    before = [float(loss().detach()) for _, loss in made]
    speed = bench.measure(8, rounds=3)
    assert min(*speed.train, *speed.read) > 0
    after = [float(loss().detach()) for _, loss in made]
    assert all(now < then for now, then in zip(after, before, strict=True))


def test_the_table_has_a_row_a_patch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_fresh", lambda patch: Speed((0.5, 0.6), (0.1, 0.2), (1.0, 1.0)))
    table = bench.vit()
    assert len(table) == 1 + len(bench.PATCHES) and len({len(line) for line in table}) == 1
    assert table[1].split() == ["patches", "of", "4", "px", "8", "1.20", "40", "2.00"]
