"""The exercise of lesson 08 on sampling: the nucleus."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake

Generator = np.random.Generator


def _row(generator: Generator, n: int, v: int, p: float) -> tuple[Any, float]:
    import torch

    return torch.from_numpy(2 * generator.normal(size=(n, v))).float(), p


def _even(p: float) -> tuple[Any, float]:
    import torch

    return torch.tensor([[0.125, 0.5, 0.25, 0.125], [0.0625, 0.0625, 0.125, 0.75]]).log(), p


def _nucleus(logits: Any, p: float, *, ways: str) -> Any:
    """The nucleus with room for the mistakes below; `ways` names the one that is made."""
    import torch

    rising = ways == "rising"
    probabilities, order = logits.softmax(-1).sort(dim=-1, descending=not rising)  # (n, V)
    if ways == "batch":
        probabilities, order = logits.softmax(0).sort(dim=-1, descending=True)
    if ways == "logits":
        probabilities = logits.gather(-1, order)
    total = probabilities.cumsum(-1)
    outside = total - probabilities >= p
    if ways == "without":
        outside = total > p
    if ways == "one more":
        outside = total - probabilities > p
        outside = torch.cat([torch.zeros_like(outside[:, :1]), outside[:, :-1]], dim=-1)
    if ways == "at p":
        outside = total - probabilities > p
    if ways == "gather":
        return logits.masked_fill(outside.gather(-1, order), float("-inf"))
    if ways == "sorted logits":
        return logits.gather(-1, order).masked_fill(outside, float("-inf"))
    if ways != "sorted":
        outside = torch.zeros_like(outside).scatter(-1, order, outside)
    return logits.masked_fill(outside, 0.0 if ways == "zero" else float("-inf"))


def _threshold(logits: Any, p: float) -> Any:
    return logits.masked_fill(logits.softmax(-1) < p, float("-inf"))


def _probabilities(logits: Any, p: float) -> Any:
    from mmlearn.predict.sampling import keep_nucleus

    return keep_nucleus(logits, p).softmax(-1)


def _tail_kept(logits: Any, p: float) -> Any:
    from mmlearn.predict.sampling import keep_nucleus

    return logits.masked_fill(keep_nucleus(logits, p) > float("-inf"), float("-inf"))


def _across_rows(logits: Any, p: float) -> Any:
    from mmlearn.predict.sampling import keep_nucleus

    return keep_nucleus(logits.flatten(), p).view(logits.shape)


def _wrong_way(ways: str) -> Any:
    return lambda logits, p: _nucleus(logits, p, ways=ways)


NUCLEUS = Exercise(
    id="08.8",
    title="The nucleus",
    reference="mmlearn.predict.sampling.keep_nucleus",
    cases=(
        Case("probabilities 1/2, 1/4, 1/8, 1/8, p = 0.6", lambda g: _even(0.6)),
        Case("a sum that hits p on the spot, p = 0.75", lambda g: _even(0.75)),
        Case("two rows of 12, p = 0.9", lambda g: _row(g, 2, 12, 0.9)),
        Case("three rows of 7, p = 0.3", lambda g: _row(g, 3, 7, 0.3)),
        Case("p so small that one token must stay", lambda g: _row(g, 2, 9, 0.001)),
    ),
    mistakes=(
        Mistake(
            _wrong_way("without"),
            "The token that carries the sum over p is struck out too, so less than p is left, or nothing: a token "
            "stays if those BEFORE it sum to less than p.",
        ),
        Mistake(
            _wrong_way("sorted"),
            "Your mask is in sorted order, the logits are not: bring it back with scatter (or gather by the ranks).",
        ),
        Mistake(
            _wrong_way("gather"),
            "gather by `order` goes from the tokens to the ranks; you need the way back: scatter.",
        ),
        Mistake(
            _wrong_way("sorted logits"),
            "You give back the logits from the likeliest down; each must stand where its token stands.",
        ),
        Mistake(_wrong_way("batch"), "Your softmax runs over the rows of the batch: each row by itself, softmax(-1)."),
        Mistake(
            _wrong_way("at p"),
            "Where the likelier ones sum to exactly p the nucleus is full: at p or more a token is outside.",
        ),
        Mistake(_wrong_way("rising"), "Sorted from the least likely up: the nucleus starts with the likeliest."),
        Mistake(_wrong_way("zero"), "Struck out is a logit of -inf (probability 0); a logit of 0 still has a chance."),
        Mistake(_wrong_way("one more"), "One token too many stays: stop as soon as the sum has reached p."),
        Mistake(_wrong_way("logits"), "You sum up logits: take the softmax first, then the cumulative sum."),
        Mistake(
            _threshold,
            "You strike out what is less likely than p (a threshold, near to min-p sampling). The nucleus asks for the "
            "SUM of the likeliest.",
        ),
        Mistake(_probabilities, "Logits are asked for, not probabilities: leave out the last softmax."),
        Mistake(_tail_kept, "You keep the tail and strike out the nucleus: the mask is the wrong way round."),
        Mistake(_across_rows, "Each row is a choice of its own: sum along the last axis, not over all rows."),
    ),
)
