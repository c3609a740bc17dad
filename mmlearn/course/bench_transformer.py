"""What ``make bench`` measures of the Transformer: its speed beside transformers' own, and beside the machine's limit.

Same sizes, same batch, same optimiser, in one fresh process, in turns: ours and theirs train a step and read a batch,
in an order drawn anew every round; then the ratio of the medians. Theirs is as it comes: fused attention (SDPA), and
GPT-2 with the activation of its default config. The limit is the fastest matrix product seen in the same rounds, by
torch's own ``a @ b`` or by `mmlearn.blocks.linear`, whichever is faster; it is told for both.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmlearn.blocks.linear import linear
from mmlearn.encode.text import TextConfig, TextTransformer

WIDTHS = (192, 384)
HEAD_WIDTH = 32
DEPTH, VOCABULARY, LENGTH, BATCH = 4, 2000, 32, 64  # the size of lesson 08's: captions of scenes
ROUNDS = 21
SQUARES = (512, 1024, 2048)  # sides of the matrices whose product shows the limit


Model = tuple[nn.Module, Callable[[], Tensor]]  # and its loss


class Speed(NamedTuple):
    """Median seconds of a step, ours and theirs; operations a second of the best product, by torch and by `linear`."""

    train: tuple[float, float]
    read: tuple[float, float]
    peaks: tuple[float, float]


def transformer() -> list[str]:
    """A table: tokens a second, how many times theirs, and the share of the matrix-product limit."""
    head = f"{'transformer':<26}{'train, tokens/s':>16}{'x theirs':>10}{'of limit':>10}"
    table = [head + f"{'read, tokens/s':>16}{'x theirs':>10}{'of limit':>10}"]
    speeds = {(kind, width): _fresh(kind, width) for kind in ("encoder", "decoder") for width in WIDTHS}
    table += [row(kind, width, speed) for (kind, width), speed in speeds.items()]
    torchs, ours = (max(speed.peaks[way] for speed in speeds.values()) / 1e9 for way in (0, 1))
    return [
        *table,
        f"  the limit                 {ours:.0f} GFLOP/s by blocks.linear, {torchs:.0f} by torch's own product",
    ]


def _fresh(kind: str, width: int) -> Speed:
    """`measure` in a process of its own, with memory and threads set up as for training."""
    script = (
        "import json; from mmlearn.course.bench_transformer import measure; from mmlearn.train.cpu import set_up_cpu; "
        f"set_up_cpu(); print(json.dumps(measure({kind!r}, {width})))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    train, read, peaks = json.loads(done.stdout.splitlines()[-1])
    return Speed(tuple(train), tuple(read), tuple(peaks))


def row(kind: str, width: int, speed: Speed) -> str:
    """One line of the table. Training is three times reading: the gradients take two products for each of its own."""
    cells, work = "", operations(kind, width)
    for (ours, theirs), times in ((speed.train, 3), (speed.read, 1)):
        share = times * work / ours / max(speed.peaks)
        cells += f"{BATCH * LENGTH / ours:>16,.0f}{theirs / ours:>10.2f}{share:>10.0%}"
    return f"{f'  {kind}, width {width}':<26}{cells}"


def operations(kind: str, width: int) -> int:
    """Multiplications and additions of reading one batch, in matrix products alone.

    A token and layer: 4 D^2 (query, key, value, output) and 8 D^2 (up and down), twice each, and 2 T D, twice, for
    scores and mixing; the decoder's logits take 2 D V more. A causal mask halves scores and mixing where the kernel
    skips what is hidden; they are counted in full all the same, as is usual, and are 3 % at width 192.
    """
    each = DEPTH * (2 * 12 * width**2 + 4 * LENGTH * width)
    return BATCH * LENGTH * (each + (2 * width * VOCABULARY if kind == "decoder" else 0))


def measure(kind: str, width: int, rounds: int = ROUNDS) -> Speed:
    """Train and read in turns, our encoder or decoder and theirs."""
    return in_turns(_encoders(width) if kind == "encoder" else _decoders(width), rounds)


def in_turns(models: tuple[Model, Model], rounds: int) -> Speed:
    """Train and read, ours and theirs, in an order drawn anew every round: none profits from its place."""
    pairs = [_work(model, run) for model, run in models]
    jobs = {(job, who): pairs[who][job] for job in (0, 1) for who in (0, 1)}
    for work in jobs.values():
        work()
        work()  # memory is there, the optimiser has its state
    spent: dict[tuple[int, int], list[float]] = {job: [] for job in jobs}
    rates, order = [], random.Random(0)
    for _ in range(rounds):
        rates += [_rates(side) for side in SQUARES]
        for job in order.sample(list(jobs), len(jobs)):
            spent[job].append(seconds(jobs[job]))
    median = {job: statistics.median(times) for job, times in spent.items()}
    return Speed(
        (median[0, 0], median[0, 1]), (median[1, 0], median[1, 1]), (max(a for a, _ in rates), max(b for _, b in rates))
    )


def seconds(work: Callable[[], object]) -> float:
    """By the clock on the wall."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _rates(side: int) -> tuple[float, float]:
    """Operations a second of a product of two square matrices, by torch's way and by ours."""
    a, b = torch.rand(side, side), torch.rand(side, side)
    with torch.no_grad():
        return 2 * side**3 / seconds(lambda: a @ b), 2 * side**3 / seconds(lambda: linear(a, b))


def _work(model: nn.Module, loss: Callable[[], Tensor]) -> tuple[Callable[[], None], Callable[[], None]]:
    """A training step and a reading, of one model."""
    optimiser = torch.optim.AdamW(model.parameters(), fused=True)

    def train() -> None:
        value = loss()
        optimiser.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    def read() -> None:
        with torch.no_grad():
            loss()

    return train, read


def _encoders(width: int) -> tuple[Model, Model]:
    """A post-norm encoder and BertModel; every other sequence is half padding."""
    from transformers import BertConfig, BertModel

    heads = width // HEAD_WIDTH
    config = TextConfig(VOCABULARY, LENGTH, width, DEPTH, heads, 4 * width, False, "post", "gelu", 1e-12, segments=2)
    ours = TextTransformer(config)
    settings = _off("hidden_dropout_prob", "attention_probs_dropout_prob")
    theirs = BertModel(
        BertConfig(
            vocab_size=VOCABULARY, hidden_size=width, num_hidden_layers=DEPTH, num_attention_heads=heads,
            intermediate_size=4 * width, max_position_embeddings=LENGTH, **settings,
        ),
        add_pooling_layer=False,
    )  # fmt: skip
    ids = _ids()
    lengths = torch.tensor([[LENGTH], [LENGTH // 2]]).repeat(BATCH // 2, 1)  # (B, 1)
    mask = torch.arange(LENGTH) < lengths  # (B, T)
    return (
        (ours, lambda: ours(ids, mask).pow(2).mean()),
        (theirs, lambda: theirs(ids, attention_mask=mask).last_hidden_state.pow(2).mean()),
    )


def _decoders(width: int) -> tuple[Model, Model]:
    """A pre-norm causal decoder and GPT2LMHeadModel; the loss is that of the next token."""
    from transformers import GPT2Config, GPT2LMHeadModel

    heads = width // HEAD_WIDTH
    ours = TextTransformer(
        TextConfig(VOCABULARY, LENGTH, width, DEPTH, heads, 4 * width, True, "pre", "gelu_tanh", 1e-5)
    )
    settings = _off("resid_pdrop", "embd_pdrop", "attn_pdrop")
    theirs = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=VOCABULARY, n_positions=LENGTH, n_embd=width, n_layer=DEPTH, n_head=heads,
            bos_token_id=0, eos_token_id=0, use_cache=False, **settings,
        )
    )  # fmt: skip
    ids, following = _ids(), _ids(seed=1).flatten()  # (B, T), (B T,)

    def next_token(logits: Tensor) -> Tensor:
        return F.cross_entropy(logits.flatten(0, 1), following)  # (B T, V)

    return (
        (ours, lambda: next_token(ours.logits(ours(ids)))),
        (theirs, lambda: next_token(theirs(ids).logits)),
    )


def _off(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, 0.0)


def _ids(seed: int = 0) -> Tensor:
    return torch.randint(VOCABULARY, (BATCH, LENGTH), generator=torch.Generator().manual_seed(seed))
