"""The exercise of lesson 09 on attention rollout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake

Generator = np.random.Generator


def _rows(*size: int) -> Callable[[Generator], tuple[Any]]:
    """Attention weights (B, depth, heads, N, N): no row uniform, every row sums to one."""

    def make(generator: Generator) -> tuple[Any]:
        import torch

        return (torch.from_numpy(2 * generator.normal(size=(*size, size[-1]))).float().softmax(-1),)

    return make


def _chain(generator: Generator) -> tuple[Any]:
    """Two layers, one head, three tokens: 0 looks at 1, and 1 had looked at 2."""
    import torch

    first = torch.tensor([[1.0, 0, 0], [0, 0, 1], [0, 0, 1]])
    second = torch.tensor([[0.0, 1, 0], [0, 1, 0], [0, 0, 1]])
    return (torch.stack([first, second])[None, :, None],)  # (1, 2, 1, 3, 3)


def _eye(weights: Any) -> Any:
    import torch

    return torch.eye(weights.shape[-1])


def _with(
    heads: Callable[[Any], Any] = lambda weights: weights.mean(2),
    layer: Callable[[Any, Any], Any] = lambda mean, eye: 0.5 * mean + 0.5 * eye,
    step: Callable[[Any, Any], Any] = lambda rolled, layer: layer @ rolled,
    end: Callable[[Any], Any] = lambda rolled: rolled,
) -> Callable[[Any], Any]:
    """Rollout with one slip: how heads are merged, a layer is made, layers are chained, the end is treated."""

    def wrong(weights: Any) -> Any:
        eye = _eye(weights)
        rolled = eye.expand(len(weights), -1, -1)  # (B, N, N)
        for mean in heads(weights).unbind(1):
            rolled = step(rolled, layer(mean, eye))
        return end(rolled)

    return wrong


def _mean_of_layers(weights: Any) -> Any:
    return (0.5 * weights.mean(2) + 0.5 * _eye(weights)).mean(1)


def _last_layer(weights: Any) -> Any:
    return 0.5 * weights[:, -1].mean(1) + 0.5 * _eye(weights)


def _axes_swapped(weights: Any) -> Any:
    return _with(heads=lambda w: w.mean(1))(weights)


def _columns(weights: Any) -> Any:
    return _with(layer=lambda mean, eye: (mean + eye) / (mean + eye).sum(-2, keepdim=True))(weights)


def _sum_of_heads(weights: Any) -> Any:
    return _with(heads=lambda w: w.sum(2), layer=lambda m, e: (m + e) / (m + e).sum(-1, keepdim=True))(weights)


def _first_twice(weights: Any) -> Any:
    return _with()(weights) @ (0.5 * weights[:, 0].mean(1) + 0.5 * _eye(weights))


ROLLOUT = Exercise(
    id="09.7",
    title="Attention rollout",
    reference="mmlearn.encode.rollout.attention_rollout",
    cases=(
        Case("two layers: 0 looks at 1, which had looked at 2", _chain),
        Case("two pictures, three layers, two heads, five tokens", _rows(2, 3, 2, 5)),
        Case("four layers and four heads", _rows(1, 4, 4, 6)),
        Case("one layer alone", _rows(2, 1, 3, 4)),
    ),
    mistakes=(
        Mistake(
            _with(step=lambda rolled, layer: rolled @ layer),
            "The layers are chained in the wrong order: what a later layer gathers it gathers from what the earlier "
            "ones have mixed. rolled = layer @ rolled.",
        ),
        Mistake(
            _with(layer=lambda mean, eye: mean),
            "The residual is missing: each token also keeps itself, 0.5 of the identity in every layer.",
        ),
        Mistake(
            _with(layer=lambda mean, eye: mean + eye),
            "Your rows sum to 2 in every layer, and to 2 to the power of the depth at the end: 0.5 of each.",
        ),
        Mistake(
            _with(layer=lambda mean, eye: mean, step=lambda rolled, mean: 0.5 * mean @ rolled + 0.5 * _eye(rolled)),
            "You add half of the identity AFTER the product, so what a token kept of itself forgets the earlier "
            "layers: brackets, (0.5 * mean + 0.5 * eye) @ rolled.",
        ),
        Mistake(
            _with(layer=lambda mean, eye: 0.5 * mean + 0.5),
            "You add the NUMBER 0.5 to every place; 0.5 of the identity is due, 0.5 * torch.eye(N).",
        ),
        Mistake(
            _with(layer=lambda mean, eye: mean, end=lambda rolled: 0.5 * rolled + 0.5 * _eye(rolled)),
            "The residual comes in once, at the end: it belongs to every layer, before the layers are multiplied.",
        ),
        Mistake(
            _first_twice,
            "The first layer is multiplied in twice: begin with the identity, or leave it out of the loop.",
        ),
        Mistake(
            _with(step=lambda rolled, layer: layer * rolled),
            "`*` multiplies place by place; going from token to token to token is a matrix product, @.",
        ),
        Mistake(_mean_of_layers, "You average the layers; they work one after the other, so multiply their matrices."),
        Mistake(
            _last_layer,
            "Only the last layer is left (did it overwrite the others?): rolled = layer @ rolled, for every layer.",
        ),
        Mistake(
            _axes_swapped,
            "You average over the layers and multiply over the heads: axis 1 is the depth, axis 2 the heads.",
        ),
        Mistake(
            _with(heads=lambda w: w.amax(2)),
            "You take the largest head at each place (some papers do); here it is the mean, whose rows sum to one.",
        ),
        Mistake(_with(heads=lambda w: w[:, :, 0]), "Only the first head counts in yours: take the mean of all."),
        Mistake(_sum_of_heads, "The heads are summed, so that together they outweigh the residual: take their mean."),
        Mistake(
            _with(end=lambda rolled: rolled.transpose(1, 2)),
            "Rows and columns have changed places: row n says where token n has gathered from, and sums to one.",
        ),
        Mistake(_columns, "You normalise the columns; each ROW must sum to one. 0.5 and 0.5 see to that."),
        Mistake(
            _with(end=lambda rolled: rolled[:, 0, 1:]),
            "That is already the class token's row; the whole matrix (B, N, N) is asked for.",
        ),
        Mistake(_with(end=lambda rolled: rolled[0]), "Only the first picture is left: keep the batch axis."),
    ),
)
