"""The exercise of lesson 07 on scaled dot-product attention, values and gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.gradients import with_gradients

Generator = np.random.Generator
Mix = Callable[[Any, Any, Any], Any]


def attend(q: Any, k: Any, v: Any) -> Any:
    """The course's answer to 07.2: the package's function without a mask."""
    from mmlearn.blocks.attention import attention

    return attention(q, k, v)


def tensors(generator: Generator, *shapes: tuple[int, ...], double: bool = False) -> tuple[Any, ...]:
    """Normal random tensors of these shapes, float32 or float64.

    >>> [x.shape for x in tensors(np.random.default_rng(0), (2, 3), (4,))]
    [torch.Size([2, 3]), torch.Size([4])]

    Built in: lesson 07.
    """
    import torch

    kind = torch.float64 if double else torch.float32
    return tuple(torch.from_numpy(generator.normal(size=shape)).to(kind) for shape in shapes)


def attended(f: Callable[..., Any], *args: Any) -> dict[str, Any]:
    """Value and gradients, as `with_gradients`, of an answer that may write into its inputs; and whether it did.

    Built in: lesson 07.
    """
    import torch

    kept = [True]

    def on_copies(*given: Any) -> Any:
        mine = [x.clone() if isinstance(x, torch.Tensor) else x for x in given]
        value = f(*mine)
        pairs = zip(mine, given, strict=True)
        kept[0] = all(torch.equal(a, b) for a, b in pairs if isinstance(a, torch.Tensor))
        return value

    found = with_gradients(on_copies, *args)
    return {**found, "your inputs": "left as they were" if kept[0] else "written into, with /= or the like"}


def _with(
    scale: Callable[[Any, Any, Any], float] = lambda q, k, v: q.shape[-1] ** -0.5,
    shares: Callable[[Any], Any] = lambda scores: scores.softmax(-1),
) -> Mix:
    """Attention with another scale or another way from scores to weights."""

    def wrong(q: Any, k: Any, v: Any) -> Any:
        return shares(q @ k.transpose(-1, -2) * scale(q, k, v)) @ v

    return wrong


def _one_hot(scores: Any) -> Any:
    import torch

    return torch.nn.functional.one_hot(scores.argmax(-1), scores.shape[-1]).to(scores.dtype)


def _keys_for_values(q: Any, k: Any, v: Any) -> Any:
    return attend(q, k, k)


def _cosines(q: Any, k: Any, v: Any) -> Any:
    cosine = (q / q.norm(dim=-1, keepdim=True)) @ (k / k.norm(dim=-1, keepdim=True)).transpose(-1, -2)
    return cosine.softmax(-1) @ v


def _distances(q: Any, k: Any, v: Any) -> Any:
    squares = (q[..., :, None, :] - k[..., None, :, :]).square().sum(-1)
    return (-squares / q.shape[-1] ** 0.5).softmax(-1) @ v


def _cut(q: Any, k: Any, v: Any) -> Any:
    weights = (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1)
    return weights.detach() @ v


def _numpy(q: Any, k: Any, v: Any) -> Any:
    import torch

    q_, k_, v_ = (x.detach().numpy() for x in (q, k, v))
    scores = q_ @ k_.swapaxes(-1, -2) / q.shape[-1] ** 0.5
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return torch.from_numpy((weights / weights.sum(-1, keepdims=True) @ v_).astype(v_.dtype))


def _scaled_late(q: Any, k: Any, v: Any) -> Any:
    return (q @ k.transpose(-1, -2)).softmax(-1) / q.shape[-1] ** 0.5 @ v


def _all_axes(q: Any, k: Any, v: Any) -> Any:
    return q @ k.T / q.shape[-1] ** 0.5 @ v


def _swapped(q: Any, k: Any, v: Any) -> Any:
    return (k @ q.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1) @ v


def _no_transpose(q: Any, k: Any, v: Any) -> Any:
    return (q @ k / q.shape[-1] ** 0.5).softmax(-1) @ v


def _weights(q: Any, k: Any, v: Any) -> Any:
    return (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1)


def _mean(q: Any, k: Any, v: Any) -> Any:
    return attend(q, k, v).mean(-2)


def _in_place(q: Any, k: Any, v: Any) -> Any:
    q /= q.shape[-1] ** 0.5
    return (q @ k.transpose(-1, -2)).softmax(-1) @ v


def _both(q: Any, k: Any, v: Any) -> Any:
    return attend(q, k, v), _weights(q, k, v)


def _reshaped(q: Any, k: Any, v: Any) -> Any:
    turned = k.reshape(*k.shape[:-2], k.shape[-1], k.shape[-2])
    return (q @ turned / q.shape[-1] ** 0.5).softmax(-1) @ v


def _three_axes(q: Any, k: Any, v: Any) -> Any:
    return (q @ k.transpose(1, 2) / q.shape[-1] ** 0.5).softmax(-1) @ v


ATTEND = Exercise(
    id="07.2",
    title="Scaled dot-product attention",
    reference="mmlearn.checks.lesson_07_attention.attend",
    cases=(
        Case("2 sequences, 5 queries, 7 keys", lambda g: tensors(g, (2, 5, 8), (2, 7, 8), (2, 7, 4))),
        Case("as many queries as keys, all of width 6", lambda g: tensors(g, (3, 6, 6), (3, 6, 6), (3, 6, 6))),
        Case("a single key", lambda g: tensors(g, (1, 3, 4), (1, 1, 4), (1, 1, 4))),
        Case("2 sequences of 3 heads", lambda g: tensors(g, (2, 3, 4, 16), (2, 3, 5, 16), (2, 3, 5, 2), double=True)),
    ),
    mistakes=(
        Mistake(
            _with(lambda q, k, v: 1.0),
            "Your scores are not divided by the square root of D: they grow with the width, and softmax saturates.",
        ),
        Mistake(_with(lambda q, k, v: 1 / q.shape[-1]), "You divide by D; its square root is due, D ** 0.5."),
        Mistake(_with(lambda q, k, v: q.shape[-1] ** 0.5), "You multiply by the square root of D: divide by it."),
        Mistake(
            _with(lambda q, k, v: k.shape[-2] ** -0.5),
            "You divide by the root of the number of keys; the width of a key is what the score sums over: "
            "q.shape[-1].",
        ),
        Mistake(
            _with(lambda q, k, v: v.shape[-1] ** -0.5),
            "You divide by the root of the VALUES' width; queries and keys make the score: q.shape[-1].",
        ),
        Mistake(
            _with(lambda q, k, v: q.shape[1] ** -0.5),
            "You divide by the root of the length: axis 1 of q counts queries (or heads). The width is the last axis, "
            "q.shape[-1].",
        ),
        Mistake(
            _with(shares=lambda scores: scores.softmax(-2)),
            "Each query's weights should sum to one over the keys; yours sum to one over the queries. Softmax along "
            "-1.",
        ),
        Mistake(
            _with(shares=lambda scores: scores.flatten(-2).softmax(-1).unflatten(-1, scores.shape[-2:])),
            "All weights of a sequence together sum to one; each query has one unit of its own to share out.",
        ),
        Mistake(
            _with(shares=lambda scores: scores.softmax(1)),
            "Axis 1 is the queries in three axes and the heads in four; the keys are the LAST axis: softmax(-1).",
        ),
        Mistake(
            _with(shares=lambda scores: scores.softmax(2)),
            "With heads before the queries axis 2 is no longer that of the keys. Counted from the end: softmax(-1).",
        ),
        Mistake(
            _with(shares=lambda scores: scores.exp()),
            "You mix with the exponentials alone: divide each query's by their sum, or its weights do not sum to one.",
        ),
        Mistake(
            _with(lambda q, k, v: len(q) ** -0.5),
            "len(q) counts the sequences of the batch. The width of a query is its last axis, q.shape[-1].",
        ),
        Mistake(_with(shares=lambda scores: scores), "The softmax is missing: your weights may be negative."),
        Mistake(
            _with(shares=_one_hot),
            "You take the best key's value alone. That is a hard lookup: no gradient reaches queries and keys.",
        ),
        Mistake(
            _with(shares=lambda scores: scores.sigmoid()),
            "You use the sigmoid: each weight by itself is between 0 and 1, but a query's weights do not sum to one.",
        ),
        Mistake(_keys_for_values, "You mix the keys. They say where to look; what is mixed are the values v."),
        Mistake(
            _cosines,
            "You compare by cosine. The plain dot product is due: a long query may insist more than a short one.",
        ),
        Mistake(_distances, "You compare by distance; the dot product q @ k.transpose(-1, -2) is due."),
        Mistake(
            _cut,
            "The values are right, but .detach() (or no_grad) cuts the weights off: queries and keys never learn.",
        ),
        Mistake(
            _numpy, "The values are right, but the way through NumPy cuts every gradient: stay in torch throughout."
        ),
        Mistake(_scaled_late, "You scale after the softmax: then the weights do not sum to one. Scale the SCORES."),
        Mistake(
            _all_axes,
            ".T turns ALL axes round, the batch too. Swap the last two: k.transpose(-1, -2), or k.mT.",
        ),
        Mistake(
            _swapped,
            "Queries and keys have changed places: scores have a row for each QUERY, q @ k.transpose(-1, -2).",
        ),
        Mistake(
            _no_transpose,
            "q @ k multiplies rows by columns: for dot products of rows with rows transpose k, k.transpose(-1, -2).",
        ),
        Mistake(
            _in_place,
            "`/=` writes into the queries of whoever called you. Divide the scores, or write a new tensor, q / ...",
        ),
        Mistake(_both, "You return a pair, values and weights: return the mixed values alone."),
        Mistake(
            _reshaped,
            "reshape only cuts the same run of numbers anew, and rows of k fall apart: k.transpose(-1, -2) turns it.",
        ),
        Mistake(
            _three_axes,
            "It works for three axes and not for four. There may be any number of leading axes: count from the end, "
            'k.transpose(-1, -2); @ and "..." in einsum take them all, torch.bmm takes three.',
        ),
        Mistake(_weights, "Those are the weights; the mixed values are asked for, weights @ v."),
        Mistake(_mean, "You average over the queries at the end: each query keeps its own result."),
    ),
    use=attended,
)
