"""One training of a small vision transformer on some stickers, as the recipes of lesson 09's comparisons share it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mmlearn.encode.tensors import to_tensor
from mmlearn.encode.vit import ViT, ViTConfig
from mmlearn.train.batches import Batches
from mmlearn.train.distort import distort
from mmlearn.train.fit import fit
from mmlearn.train.optimisers import muon
from mmlearn.train.schedule import cosine
from mmlearn.train.seed import seed_everything
from mmlearn.types import IntArray
from mmlearn.view.images import on_white

if TYPE_CHECKING:
    from mmlearn.data.stickers import Stickers

RATE, DECAY, SMOOTHING = 6e-3, 0.05, 0.1


def pixels_of(deck: Stickers) -> Tensor:
    """The stickers on white paper, (N, 3, 64, 64)."""
    return to_tensor(on_white(deck.images))


def train_vit(pixels: Tensor, labels: IntArray, config: ViTConfig, seed: int, steps: int, batch: int) -> ViT:
    """A transformer that has seen these pictures, distorted anew at each step; Muon, warm-up, half a cosine."""
    seed_everything(seed)
    model = ViT(config)
    history = fit(
        model,
        lambda model, batch: functional.cross_entropy(model(batch[0]), batch[1], label_smoothing=SMOOTHING),
        Batches(pixels, labels, batch_size=batch, seed=seed, augment=distort),
        steps=steps,
        optimiser=muon(model, RATE, weight_decay=DECAY),
        schedule=cosine(steps, warmup=steps // 10),
    )
    history.require_whole()
    return model


@torch.no_grad()
def accuracy(model: torch.nn.Module, pixels: Tensor, labels: IntArray) -> float:
    """Share of the pictures whose class the network names."""
    said = torch.cat([model(part).argmax(dim=1) for part in torch.split(pixels, 128)]).numpy()  # (n,)
    return float(np.mean(said == labels))
