"""The exercise of lesson 08 on the Transformer block: the learner's class, traced beside the course's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.gradients import with_gradients

Generator = np.random.Generator
PARTS = ("norm1", "attention", "norm2", "feed_forward")
Forward = Callable[..., Any]


def make_block(forward: Forward) -> Any:
    """A block class with the parts that the lesson's class has, and this way through them."""
    from torch import nn

    from mmlearn.blocks.attention import MultiHeadAttention
    from mmlearn.blocks.transformer import FeedForward

    class Block(nn.Module):
        def __init__(self, width: int, heads: int, hidden: int) -> None:
            super().__init__()
            self.norm1 = nn.LayerNorm(width)
            self.attention = MultiHeadAttention(width, heads)
            self.norm2 = nn.LayerNorm(width)
            self.feed_forward = FeedForward(width, hidden, "gelu")

        def forward(self, x: Any, causal: bool = False) -> Any:
            return forward(self, x, causal)

    return Block


def _way(forward: Forward) -> type:
    """A class that is made only when it is built, so that declaring the exercise loads no torch."""
    return type("Block", (), {"__new__": lambda cls, *sizes: make_block(forward)(*sizes)})


def run_block(Block: Any, sizes: tuple[int, int, int], seed: int, x: Any, causal: bool) -> dict[str, Any]:
    """The block with weights of our choice: where it first leaves the course's way, its output, and its gradient.

    Every parameter is moved off its start, so that no norm is neutral, and the same numbers go into both.
    """
    import torch

    from mmlearn.blocks.transformer import TransformerBlock
    from mmlearn.bridge.perturb import perturb_

    theirs = TransformerBlock(*sizes)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in theirs.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator) / max(1, weight.shape[-1]) ** 0.5)
    perturb_(theirs, seed)
    ours = Block(*sizes)
    ours.load_state_dict(theirs.state_dict())
    found = with_gradients(lambda given: ours(given, causal=causal), x)
    return {"parts, in the order of the work": _part_that_differs(ours, theirs, x, causal), **found}


def _part_that_differs(ours: Any, theirs: Any, x: Any, causal: bool) -> str:
    """ "all as they should be", or what `mmlearn.bridge.trace` finds first."""
    from mmlearn.bridge import trace

    run = (lambda: ours(x, causal=causal)), (lambda: theirs(x, causal=causal))
    pairs = [(part, part) for part in PARTS]
    first = trace(ours, theirs, pairs=pairs, tolerance=1e-4, ours_call=run[0], theirs_call=run[1]).first
    if first is None:
        return "all as they should be"
    return f"{first.ours} is the first that differs"


def _inputs(generator: Generator, b: int, t: int, width: int, causal: bool, heads: int = 2) -> tuple[Any, ...]:
    import torch

    x = torch.from_numpy(generator.normal(size=(b, t, width)) * 1.5 + 0.5).float()  # (B, T, D)
    return (width, heads, 3 * width), int(generator.integers(1 << 30)), x, causal


def _post(self: Any, x: Any, causal: bool) -> Any:
    x = self.norm1(x + self.attention(x, causal=causal))
    return self.norm2(x + self.feed_forward(x))


def _no_shortcuts(self: Any, x: Any, causal: bool) -> Any:
    return self.feed_forward(self.norm2(self.attention(self.norm1(x), causal=causal)))


def _one_shortcut(self: Any, x: Any, causal: bool) -> Any:
    x = x + self.attention(self.norm1(x), causal=causal)
    return self.feed_forward(self.norm2(x))


def _no_first_shortcut(self: Any, x: Any, causal: bool) -> Any:
    x = self.attention(self.norm1(x), causal=causal)
    return x + self.feed_forward(self.norm2(x))


def _normed_stream(self: Any, x: Any, causal: bool) -> Any:
    x = self.norm1(x)
    x = x + self.attention(x, causal=causal)
    x = self.norm2(x)
    return x + self.feed_forward(x)


def _swapped_norms(self: Any, x: Any, causal: bool) -> Any:
    x = x + self.attention(self.norm2(x), causal=causal)
    return x + self.feed_forward(self.norm1(x))


def _norm1_twice(self: Any, x: Any, causal: bool) -> Any:
    x = x + self.attention(self.norm1(x), causal=causal)
    return x + self.feed_forward(self.norm1(x))


def _no_norms(self: Any, x: Any, causal: bool) -> Any:
    x = x + self.attention(x, causal=causal)
    return x + self.feed_forward(x)


def _no_norm1(self: Any, x: Any, causal: bool) -> Any:
    x = x + self.attention(x, causal=causal)
    return x + self.feed_forward(self.norm2(x))


def _no_norm2(self: Any, x: Any, causal: bool) -> Any:
    x = x + self.attention(self.norm1(x), causal=causal)
    return x + self.feed_forward(x)


def _parallel(self: Any, x: Any, causal: bool) -> Any:
    return x + self.attention(self.norm1(x), causal=causal) + self.feed_forward(self.norm2(x))


def _network_first(self: Any, x: Any, causal: bool) -> Any:
    x = x + self.feed_forward(self.norm2(x))
    return x + self.attention(self.norm1(x), causal=causal)


def _first_x_again(self: Any, x: Any, causal: bool) -> Any:
    h = x + self.attention(self.norm1(x), causal=causal)
    return x + self.feed_forward(self.norm2(h))


def _never_causal(self: Any, x: Any, causal: bool) -> Any:
    x = x + self.attention(self.norm1(x))
    return x + self.feed_forward(self.norm2(x))


def _always_causal(self: Any, x: Any, causal: bool) -> Any:
    x = x + self.attention(self.norm1(x), causal=True)
    return x + self.feed_forward(self.norm2(x))


def _cross_attention(self: Any, x: Any, causal: bool) -> Any:
    x = x + self.attention(self.norm1(x), x) if not causal else x + self.attention(self.norm1(x), causal=True)
    return x + self.feed_forward(self.norm2(x))


def _causal_by_place(self: Any, x: Any, causal: bool) -> Any:
    x = x + self.attention(self.norm1(x), causal)
    return x + self.feed_forward(self.norm2(x))


def _norm_after_the_part(self: Any, x: Any, causal: bool) -> Any:
    x = x + self.norm1(self.attention(x, causal=causal))
    return x + self.norm2(self.feed_forward(x))


def _post_never_causal(self: Any, x: Any, causal: bool) -> Any:
    return _post(self, x, False)


def _detached(self: Any, x: Any, causal: bool) -> Any:
    x = x + self.attention(self.norm1(x), causal=causal).detach()
    return x + self.feed_forward(self.norm2(x)).detach()


def _only_attention(self: Any, x: Any, causal: bool) -> Any:
    return x + self.attention(self.norm1(x), causal=causal)


BLOCK = Exercise(
    id="08.5",
    title="A Transformer block",
    reference="mmlearn.blocks.transformer.TransformerBlock",
    cases=(
        Case("two sequences of 5 tokens, causal", lambda g: _inputs(g, 2, 5, 8, True)),
        Case("three sequences of 4 tokens, two-way", lambda g: _inputs(g, 3, 4, 6, False, heads=3)),
        Case("one token alone", lambda g: _inputs(g, 1, 1, 4, True)),
    ),
    mistakes=(
        Mistake(
            _way(_post),
            "That is the post-norm block of the 2017 paper: it normalises the sum. Here the norm comes BEFORE "
            "attention and before the network, and the sum itself stays as it is.",
        ),
        Mistake(
            _way(_no_shortcuts),
            "Both residual connections are missing: what comes in must be added to what attention gives, and again to "
            "what the network gives.",
        ),
        Mistake(_way(_one_shortcut), "The second residual connection is missing: x + feed_forward(norm2(x))."),
        Mistake(_way(_no_first_shortcut), "The first residual connection is missing: x + attention(norm1(x))."),
        Mistake(
            _way(_normed_stream),
            "You write x = norm(x), and so add to the NORMALISED x. Only attention and network see the norm; what they "
            "are added to is the x that came in.",
        ),
        Mistake(_way(_swapped_norms), "norm1 and norm2 have changed places: norm1 belongs to attention."),
        Mistake(_way(_norm1_twice), "norm1 is used twice: the network has a norm of its own, norm2."),
        Mistake(_way(_no_norms), "Neither norm is used: attention reads norm1(x), the network norm2(x)."),
        Mistake(_way(_no_norm1), "Attention reads x as it is: give it norm1(x)."),
        Mistake(_way(_no_norm2), "The network reads x as it is: give it norm2(x)."),
        Mistake(
            _way(_parallel),
            "Attention and network both start from the x that came in (a parallel block, as in GPT-J). Here they work "
            "in turn: the network reads what attention has already added to.",
        ),
        Mistake(_way(_network_first), "The network works before attention: first gather, then think."),
        Mistake(
            _way(_first_x_again),
            "The second sum starts from the x that came in, so what attention found is lost: keep adding to one x.",
        ),
        Mistake(
            _way(_never_causal),
            "`causal` does not reach the attention: with causal=True a token must not see those after it.",
        ),
        Mistake(_way(_always_causal), "The attention is always causal: hand it the argument, causal=causal."),
        Mistake(
            _way(_cross_attention),
            "Queries come from norm1(x), keys and values from the bare x: give attention norm1(x) alone.",
        ),
        Mistake(
            _way(_causal_by_place),
            "`causal` lands in another argument of the attention (its second is what to gather from): pass it by name, "
            "causal=causal.",
        ),
        Mistake(
            _way(_norm_after_the_part),
            "You normalise what attention and network give; here each of them READS the norm: attention(norm1(x)).",
        ),
        Mistake(
            _way(_post_never_causal),
            "Two things: the norms stand after the sums (post-norm), and `causal` does not reach the attention.",
        ),
        Mistake(
            _way(_detached), "Something is detached: the numbers are right, but nothing can be learned through them."
        ),
        Mistake(_way(_only_attention), "The network is missing: x + feed_forward(norm2(x)) comes after attention."),
    ),
    use=run_block,
    seconds=20.0,
)
