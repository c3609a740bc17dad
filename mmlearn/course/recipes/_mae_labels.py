"""What pretraining is worth where labels are few: the same pictures and labels, with it and without it."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mmlearn.course.recipes.sticker_few import draw_labels
from mmlearn.data.splits import Split
from mmlearn.encode.vit import ViT, ViTConfig
from mmlearn.train.batches import Batches
from mmlearn.train.distort import distort
from mmlearn.train.fit import fit
from mmlearn.train.optimisers import adamw
from mmlearn.train.schedule import cosine
from mmlearn.train.seed import seed_everything
from mmlearn.types import BoolArray, FloatArray, IntArray, StrArray

LABELS, DRAWS = (1, 5, 20), 5  # labels a group; draws of them, and of the networks' first weights
PIXELS, SHUFFLED = "pixels_svm", "probe_shuffled_labels"
PROBE, PROBE_RANDOM = "probe_pretrained", "probe_random"
TUNED, SCRATCH = "finetune_pretrained", "finetune_scratch"
METHODS = (PIXELS, SHUFFLED, PROBE_RANDOM, PROBE, SCRATCH, TUNED)
STRENGTH = 0.01  # C of the probe's logistic regression, on standardised features
SVM_COST = 10.0  # C of the machine on pixels
STEPS = {1: 30, 5: 60, 20: 100}  # of a fine-tuning, by the labels a group; recipe sticker-few gives twice as many
BATCH, DECAY, SMOOTHING = 32, 0.05, 0.1
RATE, RATE_SCRATCH = 3e-4, 1e-3  # of AdamW: the better of two on inner folds; the one that was tried


class Run(NamedTuple):
    """One method, taught once: which of the split's held-out stickers it got right, (m,)."""

    split: int
    labels: int
    seed: int
    method: str
    hits: BoolArray
    balanced: float  # mean over the groups of the share that is right: large groups do not outvote small ones


def few_labels(
    encoder: ViT, pixels: Tensor, groups: StrArray, split: Split, number: int, quick: bool = False
) -> list[Run]:
    """Every method at every number of labels, `DRAWS` times, on the split of this number.

    The draws are those of recipe sticker-few, so that the two records may be read side by side. Every method of a draw
    is told the same labels; the shuffled control is told them in another order. The random encoder is another in
    every draw.
    """
    learned = features(encoder, pixels, split.train)  # (N, D)
    raw, truth = pixels.flatten(1).numpy(), groups[split.test]  # (N, 3 * 64 * 64), (m,)
    runs = []
    for seed in range(2 if quick else DRAWS):
        seed_everything(seed)
        untaught = features(ViT(encoder.config).eval(), pixels, split.train)  # (N, D)
        for count in LABELS:
            rows = draw_labels(groups, split.train, count, seed)  # (n,)
            told, held, steps = groups[rows], split.test, 2 if quick else STEPS[count]
            said = {
                PIXELS: svm(raw, rows, told, held),
                SHUFFLED: probe(learned, rows, np.random.default_rng(seed).permutation(told), held),
                PROBE_RANDOM: probe(untaught, rows, told, held),
                PROBE: probe(learned, rows, told, held),
                SCRATCH: predict(fine_tune(encoder.config, None, pixels[rows], told, seed, steps), pixels[held], told),
                TUNED: predict(fine_tune(encoder.config, encoder, pixels[rows], told, seed, steps), pixels[held], told),
            }
            runs += [
                Run(number, count, seed, name, answer == truth, _balanced(truth, answer))
                for name, answer in said.items()
            ]
    return runs


def _balanced(truth: StrArray, answer: StrArray) -> float:
    """Mean recall of the groups: 1 / 8 for whoever guesses, or always says the same."""
    return float(np.mean([np.mean(answer[truth == group] == group) for group in np.unique(truth)]))


@torch.no_grad()
def features(encoder: ViT, pixels: Tensor, rows: IntArray) -> FloatArray:
    """A picture's vector, (N, D), standardised by the pictures of the training part, whose labels this asks not for."""
    vectors = torch.cat([encoder.features(part) for part in torch.split(pixels, 128)]).double().numpy()  # (N, D)
    centre, spread = vectors[rows].mean(axis=0), vectors[rows].std(axis=0)  # (D,), (D,)
    standard: FloatArray = (vectors - centre) / (spread + 1e-6)
    return standard


def probe(vectors: FloatArray, rows: IntArray, told: StrArray, held: IntArray) -> StrArray:
    """A linear layer on frozen features: logistic regression on those of `rows`, asked for those of `held`."""
    from sklearn.linear_model import LogisticRegression

    said: StrArray = LogisticRegression(C=STRENGTH, max_iter=1000).fit(vectors[rows], told).predict(vectors[held])
    return said


def svm(raw: FloatArray, rows: IntArray, told: StrArray, held: IntArray) -> StrArray:
    """A support vector machine with Gaussian kernel on the bare pixels."""
    from sklearn.svm import SVC

    said: StrArray = SVC(C=SVM_COST).fit(raw[rows], told).predict(raw[held])
    return said


def fine_tune(config: ViTConfig, start: ViT | None, pixels: Tensor, told: StrArray, seed: int, steps: int) -> ViT:
    """A classifier of this shape taught these pictures, all its weights; they begin as those of `start`, or anew."""
    seed_everything(seed)
    kinds, labels = np.unique(told, return_inverse=True)
    model = ViT(replace(config, classes=len(kinds)))
    if start is not None:
        lost = model.load_state_dict(start.state_dict(), strict=False)
        assert not lost.unexpected_keys and all(name.startswith("head.") for name in lost.missing_keys)
    history = fit(
        model,
        lambda model, batch: functional.cross_entropy(model(batch[0]), batch[1], label_smoothing=SMOOTHING),
        Batches(pixels, labels, batch_size=BATCH, seed=seed, augment=distort),
        steps=steps,
        optimiser=adamw(model, RATE_SCRATCH if start is None else RATE, weight_decay=DECAY),
        schedule=cosine(steps, warmup=steps // 10),
    )
    history.require_whole()
    return model


@torch.no_grad()
def predict(model: ViT, pixels: Tensor, told: StrArray) -> StrArray:
    """The groups that a classifier of the kinds in `told` names, (m,)."""
    said: StrArray = np.unique(told)[
        torch.cat([model(part).argmax(dim=1) for part in torch.split(pixels, 128)]).numpy()
    ]
    return said
