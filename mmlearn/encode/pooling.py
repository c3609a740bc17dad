"""From a vector a token to one vector a sentence."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from mmlearn.blocks.require import require_tensor


def sentence_vectors(states: Tensor, mask: Tensor) -> Tensor:
    """One vector a sentence: the mean of its real tokens' states, at length one.

    ``m_b = sum over t of mask_bt states_bt / sum over t of mask_bt``, ``vector_b = m_b / |m_b|``, so that the dot
    product of two vectors is their cosine. What stands at padding does not count, be it NaN. A mean of zeros, which
    has no direction, stays zeros.

    Args:
        states: (B, T, D) floats, of a two-way model.
        mask: (B, T) bool, True = real token, [CLS] and [SEP] included; each sentence has at least one.

    Returns (B, D). Raises TypeError for what is no tensor of floats or a mask that is not bool, ValueError for other
    shapes, or a sentence without a real token.

    >>> states = torch.tensor([[[3.0, 0.0], [3.0, 8.0], [9.0, 9.0]]])
    >>> sentence_vectors(states, torch.tensor([[True, True, False]]))      # the mean is (3, 4), of length 5
    tensor([[0.6000, 0.8000]])

    Paper: Reimers and Gurevych (2019), "Sentence-BERT", arXiv:1908.10084.

    Built in: lesson 08.
    """
    require_tensor(states, "states")
    require_tensor(mask, "mask")
    if not states.is_floating_point():
        raise TypeError(f"expected states of floats, got {states.dtype}: are these ids, before the model?")
    if mask.dtype != torch.bool:
        raise TypeError(f"expected a bool mask, True = real token, got {mask.dtype}: 0 and 1 become one by .bool()")
    if states.ndim != 3:
        hint = ": one sentence is a batch of one, states[None]" if states.ndim == 2 else ""
        raise ValueError(f"expected states (B, T, D), got {tuple(states.shape)}{hint}")
    if mask.shape != states.shape[:2]:
        raise ValueError(f"expected a mask for each token, {tuple(states.shape[:2])}, got {tuple(mask.shape)}")
    counts = mask.sum(dim=1, keepdim=True)  # (B, 1)
    if not bool((counts > 0).all()):
        empty = int((counts[:, 0] == 0).nonzero()[0])
        raise ValueError(f"sentence {empty} has no real token: is the mask the wrong way round? True means real")
    kept = states.masked_fill(~mask[..., None], 0.0)  # (B, T, D)
    return F.normalize(kept.sum(dim=1) / counts, dim=-1)  # (B, D)
