"""The exercise of lesson 07 on multi-head attention: the learner's class, traced beside the course's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.gradients import with_gradients
from mmlearn.checks.lesson_07_attention import tensors

Generator = np.random.Generator
PARTS = ("query", "key", "value", "input of output", "output")
Forward = Callable[..., Any]


def make_layer(forward: Forward) -> Any:
    """A class with the four layers that the lesson's class has, and this way through them."""
    from torch import nn

    class Layer(nn.Module):
        def __init__(self, width: int, heads: int) -> None:
            super().__init__()
            self.heads = heads
            self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
            self.value, self.output = nn.Linear(width, width), nn.Linear(width, width)

        def forward(self, x: Any, context: Any = None, mask: Any = None) -> Any:
            return forward(self, x, context, mask)

    return Layer


def _way(forward: Forward) -> type:
    """A class that is made only when it is built, so that declaring the exercise loads no torch."""
    return type("Layer", (), {"__new__": lambda cls, *sizes: make_layer(forward)(*sizes)})


def run_layer(Layer: Any, width: int, heads: int, x: Any, context: Any, mask: Any) -> dict[str, Any]:
    """The layer with weights of our choice: where it first leaves the course's way, its output, and all gradients."""
    from mmlearn.blocks.attention import MultiHeadAttention
    from mmlearn.bridge.perturb import perturb_

    theirs = perturb_(MultiHeadAttention(width, heads), seed=width)
    ours = Layer(width, heads)
    ours.load_state_dict(theirs.state_dict())
    if context is None:
        found = with_gradients(lambda x: ours(x, mask=mask), x)
    else:
        found = with_gradients(lambda x, context: ours(x, context, mask), x, context)
    gradients = _of_parameters(ours, x, context, mask)
    return {"parts, in the order of the work": _part_that_differs(ours, theirs, x, context, mask), **found, **gradients}


def _of_parameters(model: Any, x: Any, context: Any, mask: Any) -> dict[str, Any]:
    import torch

    value = model(x, context, mask)
    named = dict(model.named_parameters())
    found: tuple[Any, ...] = (None,) * len(named)
    if isinstance(value, torch.Tensor) and value.requires_grad:
        found = torch.autograd.grad(value.square().sum(), list(named.values()), allow_unused=True)
    return {f"gradient of {name}": gradient for name, gradient in zip(named, found, strict=True)}


def _part_that_differs(ours: Any, theirs: Any, x: Any, context: Any, mask: Any) -> str:
    """ "all as they should be", or what `mmlearn.bridge.trace` finds first."""
    from mmlearn.bridge import trace

    run = (lambda: ours(x, context, mask)), (lambda: theirs(x, context, mask))
    pairs = [(part, part) for part in PARTS]
    first = trace(ours, theirs, pairs=pairs, tolerance=1e-4, ours_call=run[0], theirs_call=run[1]).first
    return "all as they should be" if first is None else f"{first.ours} is the first that differs"


def _case(generator: Generator, shape: tuple[int, int, int], heads: int, m: int = 0, short: bool = False) -> Any:
    """Inputs for a layer; `m` > 0: a context of that length, `short`: with padding."""
    import torch

    b, _, width = shape
    x, context = tensors(generator, shape, (b, m or 1, width))
    lengths = generator.integers(1, m + 1, size=(b, 1)) if short else None
    mask = None if lengths is None else torch.from_numpy(np.arange(m) < lengths)  # (B, M)
    return width, heads, x, context if m else None, mask


def _split(layer: Any, each: Any) -> Any:
    return each.unflatten(-1, (layer.heads, -1)).transpose(1, 2)  # (B, heads, N, D / heads)


def _forward(
    self: Any,
    x: Any,
    context: Any,
    mask: Any,
    split: Callable[[Any, Any], Any] = _split,
    mix: Callable[..., Any] | None = None,
    join: Callable[[Any], Any] = lambda mixed: mixed.transpose(1, 2).flatten(2),
    last: bool = True,
) -> Any:
    """The right way, with one part of it changed."""
    from mmlearn.blocks.attention import attention

    source = x if context is None else context
    q, k, v = split(self, self.query(x)), split(self, self.key(source)), split(self, self.value(source))
    allowed = None if mask is None else mask[:, None, None, :]
    joined = join((mix or attention)(q, k, v, allowed))  # (B, N, D)
    return self.output(joined) if last else joined


def _changed(**parts: Any) -> type:
    return _way(lambda self, x, context, mask: _forward(self, x, context, mask, **parts))


def _whole_scale(q: Any, k: Any, v: Any, mask: Any) -> Any:
    from mmlearn.blocks.attention import attention

    return attention(q * q.shape[1] ** -0.5, k, v, mask)  # sqrt(D / heads) * sqrt(heads) = sqrt(D)


def _no_scale(q: Any, k: Any, v: Any, mask: Any) -> Any:
    from mmlearn.blocks.attention import attention

    return attention(q * q.shape[-1] ** 0.5, k, v, mask)


def _swapped(q: Any, k: Any, v: Any, mask: Any) -> Any:
    from mmlearn.blocks.attention import attention

    return attention(q, v, k, mask)


def _unmasked(q: Any, k: Any, v: Any, mask: Any) -> Any:
    from mmlearn.blocks.attention import attention

    return attention(q, k, v)


def _inverted(q: Any, k: Any, v: Any, mask: Any) -> Any:
    from mmlearn.blocks.attention import attention

    return attention(q, k, v, mask if mask is None else ~mask)


def _one_head(self: Any, x: Any, context: Any, mask: Any) -> Any:
    from mmlearn.blocks.attention import attention

    source = x if context is None else context
    allowed = None if mask is None else mask[:, None, :]
    return self.output(attention(self.query(x), self.key(source), self.value(source), allowed))


def _self_only(self: Any, x: Any, context: Any, mask: Any) -> Any:
    return _forward(self, x, None, None if context is not None else mask)


def _values_of_x(self: Any, x: Any, context: Any, mask: Any) -> Any:
    return _forward(self, x if context is None else context, x, None)


def _context_ignored(self: Any, x: Any, context: Any, mask: Any) -> Any:
    return _forward(self, x, None, mask)


def _context_asks(self: Any, x: Any, context: Any, mask: Any) -> Any:
    return _forward(self, x if context is None else context, x, mask)


def _scaled_twice(q: Any, k: Any, v: Any, mask: Any) -> Any:
    from mmlearn.blocks.attention import attention

    return attention(q * q.shape[-1] ** -0.5, k, v, mask)


def _without_return(self: Any, x: Any, context: Any, mask: Any) -> None:
    _forward(self, x, context, mask)


def _residual(self: Any, x: Any, context: Any, mask: Any) -> Any:
    return x + _forward(self, x, context, mask)


def _shared(self: Any, x: Any, context: Any, mask: Any) -> Any:
    key, self.key = self.key, self.query
    try:
        return _forward(self, x, context, mask)
    finally:
        self.key = key


HEADS = Exercise(
    id="07.5",
    title="Multi-head attention",
    reference="mmlearn.blocks.attention.MultiHeadAttention",
    cases=(
        Case("self-attention, 2 sequences of 5, width 8, 2 heads", lambda g: _case(g, (2, 5, 8), 2)),
        Case("cross-attention, 4 queries look at 7", lambda g: _case(g, (2, 4, 12), 3, m=7)),
        Case("a context of several lengths, with its mask", lambda g: _case(g, (3, 4, 8), 4, m=6, short=True)),
        Case("one head", lambda g: _case(g, (2, 3, 4), 1)),
    ),
    mistakes=(
        Mistake(
            _changed(split=lambda layer, each: each.reshape(len(each), layer.heads, each.shape[1], -1)),
            "reshape to (B, heads, N, D/heads) cuts along the wrong axis: it mixes positions. First split the LAST "
            "axis into (heads, D/heads), then transpose heads and N.",
        ),
        Mistake(
            _changed(split=lambda layer, each: each.unflatten(-1, (-1, layer.heads)).permute(0, 3, 1, 2)),
            "Your heads take every h-th number: the last axis is split as (D/heads, heads). Each head is a slice of "
            "neighbours: (heads, D/heads).",
        ),
        Mistake(
            _changed(
                split=lambda layer, each: each.unflatten(-1, (-1, layer.heads)).permute(0, 3, 1, 2),
                join=lambda mixed: mixed.permute(0, 2, 3, 1).flatten(2),
            ),
            "Split and join agree, but each head takes every h-th number; slices of NEIGHBOURS are due: "
            "unflatten(-1, (heads, -1)).",
        ),
        Mistake(
            _changed(split=lambda layer, each: each.unflatten(-1, (-1, layer.heads)).transpose(1, 2)),
            "unflatten(-1, (-1, heads)) makes D/heads heads of width `heads`: the number of heads comes first, "
            "(heads, -1).",
        ),
        Mistake(
            _changed(
                split=lambda layer, each: each.unflatten(-1, (layer.heads, -1)), join=lambda mixed: mixed.flatten(2)
            ),
            "After unflatten the axes are (B, N, heads, D/heads): there the HEADS of one position look at one another. "
            "Transpose heads and N, .transpose(1, 2).",
        ),
        Mistake(
            _changed(mix=_scaled_twice),
            "The scores are divided by the root of D/heads twice: `attention` does it for you.",
        ),
        Mistake(
            _changed(join=lambda mixed: mixed.reshape(len(mixed), mixed.shape[2], -1)),
            "The heads are split rightly but joined wrongly: transpose heads and N back BEFORE flattening, or "
            "positions mix.",
        ),
        Mistake(
            _changed(mix=_whole_scale),
            "You scale by the root of the whole width; a head's vectors are only D/heads long: scale by the root of "
            "that.",
        ),
        Mistake(_changed(mix=_no_scale), "The scores of the heads are not scaled: divide by the root of D/heads."),
        Mistake(_changed(mix=_swapped), "Keys and values have changed places between the layers and the mixing."),
        Mistake(_changed(mix=_unmasked), "The mask does not reach the attention: padding is looked at."),
        Mistake(_changed(mix=_inverted), "The mask is inverted: True is a REAL token, which may be looked at."),
        Mistake(_way(_one_head), "That is a single head of the whole width: split the width into heads."),
        Mistake(
            _changed(last=False),
            "The last layer is missing: the joined heads go through self.output, which mixes them.",
        ),
        Mistake(
            _way(_self_only),
            "The context is not looked at: keys and values come from it, where one is given. Only queries come from x.",
        ),
        Mistake(
            _way(_context_ignored),
            "The context is never used: keys and values are made of x, which the context's mask does not even fit.",
        ),
        Mistake(
            _way(_context_asks),
            "The context asks and x is looked at, with the context's mask: exchange them. Queries come from x.",
        ),
        Mistake(_way(_without_return), "Nothing comes back: forward has no `return`."),
        Mistake(
            _way(_values_of_x),
            "x and context have changed roles: x asks (queries), the context is looked at (keys and values).",
        ),
        Mistake(_way(_shared), "The query layer makes the keys too: self.key is never used."),
        Mistake(
            _way(_residual), "You add x to the result. That shortcut belongs to the block around attention (lesson 08)."
        ),
    ),
    use=run_layer,
    seconds=20.0,
)
