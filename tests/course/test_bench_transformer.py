"""The Transformer's part of ``make bench``: it counts right, compares like with like, and runs."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from mmlearn.course import bench_transformer as bench
from mmlearn.course.bench_transformer import Speed, measure, operations, row

KINDS = ("encoder", "decoder")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    """Sizes that take no time. Returns a width."""
    for name, value in (("DEPTH", 2), ("VOCABULARY", 50), ("LENGTH", 6), ("BATCH", 4), ("SQUARES", (64,))):
        monkeypatch.setattr(bench, name, value)
    return 64


def pair(kind: str, width: int) -> Any:
    return bench._encoders(width) if kind == "encoder" else bench._decoders(width)


@pytest.mark.parametrize("kind", KINDS)
def test_operations_are_those_that_torch_counts(kind: str, small: int) -> None:
    (_, ours), _ = pair(kind, small)
    # It does not know the fused kernel of the CPU, so the plain one counts.
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter, torch.no_grad():
        ours()
    assert counter.get_total_flops() == operations(kind, small)


@pytest.mark.parametrize("kind", KINDS)
def test_both_are_of_one_size_and_learn_the_same(kind: str, small: int) -> None:
    (ours, our_loss), (theirs, their_loss) = pair(kind, small)
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in theirs.parameters())
    assert theirs.config._attn_implementation == "sdpa"
    from mmlearn.bridge import load

    load(ours, theirs)
    torch.testing.assert_close(our_loss(), their_loss(), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_it_runs_and_really_trains(kind: str, small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made = pair(kind, small)
    monkeypatch.setattr(bench, f"_{kind}s", lambda width: made)
    before = [float(loss().detach()) for _, loss in made]
    speed = measure(kind, small, rounds=2)
    assert min(*speed.train, *speed.read, *speed.peaks) > 0
    after = [float(loss().detach()) for _, loss in made]
    assert all(now < then for now, then in zip(after, before, strict=True))


def test_a_row_tells_speed_ratio_and_share() -> None:
    work, tokens = operations("encoder", 192), bench.BATCH * bench.LENGTH
    speed = Speed(train=(0.5, 0.6), read=(0.1, 0.2), peaks=(9 * work, 10 * work))
    assert row("encoder", 192, speed).split() == [
        "encoder,",
        "width",
        "192",
        f"{tokens / 0.5:,.0f}",
        "1.20",
        "60%",
        f"{tokens / 0.1:,.0f}",
        "2.00",
        "100%",
    ]


def test_the_table_has_a_row_a_kind_and_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_fresh", lambda kind, width: Speed((1.0, 1.0), (1.0, 1.0), (1e11, 2e11)))
    table = bench.transformer()
    assert len(table) == 2 + 2 * len(bench.WIDTHS) and 192 in bench.WIDTHS
    assert len({len(line) for line in table[:-1]}) == 1
    assert "200 GFLOP/s by blocks.linear, 100 by torch" in table[-1]
