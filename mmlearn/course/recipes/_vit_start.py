"""Where a transformer begins to learn: with weights that look a little like those of trained ones."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from mmlearn.blocks.positions import sinusoidal_positions_2d
from mmlearn.blocks.transformer import TransformerBlock
from mmlearn.encode.vit import ViT

LOOK, MIX = 0.7, 0.4  # how near to the identity queries times keys, and to its negative values times outputs begin
PLACES = 0.3  # scale of the positions' waves


def start_like_trained(vit: ViT, generator: torch.Generator) -> None:
    """Set positions to waves and attention to "look where it is like you, and take off a little of that".

    In trained transformers ``W_q^T W_k`` of a head looks like a multiple of the identity, ``W_o W_v`` like a negative
    one; whoever begins there needs fewer pictures (Trockman, Kolter 2023, "Mimetic initialization of self-attention
    layers", arXiv:2305.09828). Products are factored by their singular values, queries and keys of each head to
    that head's width. Written into the learned positions and the weights of `vit`; biases stay.
    """
    heads, width = vit.config.heads, vit.config.width
    for block in vit.transformer.blocks:
        attention = cast(TransformerBlock, block).attention
        pairs = [_factors(_near_identity(width, LOOK, generator), width // heads) for _ in range(heads)]
        outward, inward = _factors(_near_identity(width, -MIX, generator), width)
        with torch.no_grad():
            attention.query.weight.copy_(torch.cat([query.T for query, _ in pairs]))  # heads x (d, D) -> (D, D)
            attention.key.weight.copy_(torch.cat([key.T for _, key in pairs]))
            attention.output.weight.copy_(outward)
            attention.value.weight.copy_(inward.T)
    with torch.no_grad():
        vit.position_embedding[0, 1:] = PLACES * sinusoidal_positions_2d(vit.config.grid, width)


def _near_identity(width: int, size: float, generator: torch.Generator) -> Tensor:
    """size times the identity, plus noise as large: entries of standard deviation |size| / sqrt(width)."""
    noise = torch.randn(width, width, generator=generator) / width**0.5
    product: Tensor = abs(size) * noise + size * torch.eye(width)
    return product


def _factors(product: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """(D, rank) twice, the first times the second's transpose nearest to the product."""
    left, size, right = torch.linalg.svd(product)
    roots = size[:rank].sqrt()
    return left[:, :rank] * roots, right[:rank].T * roots
