"""How large should a patch be? The same transformer on patches of 4, 8, 16 and 32 pixels: what it costs and brings."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from mmlearn.data.splits import Split
    from mmlearn.data.stickers import Stickers
    from mmlearn.encode.vit import ViT, ViTConfig
    from mmlearn.train.card import Card
    from mmlearn.train.checkpoint import Trained

PATCHES = (4, 8, 16, 32)  # pixels
FOLDS, SEEDS = 3, 3  # inner folds of the first training part; trainings with weights and batches of their own
STEPS, BATCH = 400, 64
TIMED, ROUNDS = 64, 5  # pictures at a time, and how often: the quickest round counts
SHIPPED = 16  # the patch of the network that goes with the table


class Run(NamedTuple):
    """One training: what the network is, what it costs, and its share of right answers on the inner fold."""

    patch: int
    tokens: int
    multiply_adds: int  # of one picture's way through, by matrix products alone
    milliseconds: float  # of one picture's way through, in a batch, on one thread
    fold: int
    seed: int
    accuracy: float


def train(quick: bool = False) -> Trained:
    """Each patch size with each seed on an inner fold of its own; ships the table and one network.

    `quick` takes every eighth sticker, the two largest patches, one seed and a few steps, to see that it runs.
    """
    from mmlearn.course.recipes._vit_on_stickers import accuracy, pixels_of, train_vit
    from mmlearn.data import stickers
    from mmlearn.data.splits import family_splits
    from mmlearn.encode.vit import ViTConfig
    from mmlearn.train.checkpoint import Trained

    deck = stickers()
    deck = deck.select(deck.groups != "flags")
    first = family_splits(deck.groups, deck.families)[0].train  # the rest of the deck is not looked at
    deck = deck.select(first[::8] if quick else first)
    folds = family_splits(deck.groups, deck.families, n_splits=2 if quick else FOLDS)
    kinds, labels = np.unique(deck.groups, return_inverse=True)
    pixels, runs = pixels_of(deck), []
    for patch in PATCHES[-2:] if quick else PATCHES:
        config = ViTConfig(patch=patch, classes=len(kinds), width=96, depth=4, heads=3, hidden=192, pooling="mean")
        for seed in range(1 if quick else SEEDS):
            inside, outside = folds[seed % len(folds)]
            steps = 2 if quick else STEPS
            model = train_vit(pixels[inside], labels[inside], config, seed, steps, BATCH)
            share = accuracy(model, pixels[outside], labels[outside])
            spent = milliseconds(model)
            runs.append(Run(patch, config.patches + 1, multiply_adds(config), spent, seed % len(folds), seed, share))
            if patch == SHIPPED and seed == 0:
                kept = model
    return Trained(kept, kept.config, _card(deck, folds, runs), {"patch_size.csv": _table(runs)})


def multiply_adds(config: ViTConfig) -> int:
    """Multiplications in the matrix products that one picture takes."""
    tokens, width = config.patches + 1, config.width
    embedding = config.patches * config.patch**2 * config.channels * width
    linear = tokens * (4 * width**2 + 2 * width * config.hidden)  # query, key, value, output; up, down
    looking = 2 * tokens**2 * width  # the scores, and the mixing of the values
    return embedding + config.depth * (linear + looking) + width * config.classes


def milliseconds(model: ViT) -> float:
    """The time that one picture of a batch takes, forwards, on one thread."""
    import time

    import torch

    pictures, spent = torch.zeros(TIMED, 3, model.config.image, model.config.image), []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.no_grad():
            for _ in range(ROUNDS):
                start = time.perf_counter()
                model(pictures)
                spent.append(time.perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
    return 1000 * min(spent) / TIMED


def _table(runs: list[Run]) -> bytes:
    """patch_size.csv: a row a training."""
    text = io.StringIO()
    writer = csv.DictWriter(text, Run._fields, lineterminator="\n")
    writer.writeheader()
    for run in runs:
        rounded = {"milliseconds": f"{run.milliseconds:.3f}", "accuracy": f"{run.accuracy:.4f}"}
        writer.writerow(run._asdict() | rounded)
    return text.getvalue().encode()


def _card(deck: Stickers, folds: list[Split], runs: list[Run]) -> Card:
    from mmlearn.score.baselines import majority_accuracy
    from mmlearn.train.card import Card

    majority = np.mean([majority_accuracy(deck.groups[inside], deck.groups[outside]) for inside, outside in folds])
    scores = {"majority": f"{majority:.3f}"}
    for patch in sorted({run.patch for run in runs}):
        own = [run for run in runs if run.patch == patch]
        shares = [run.accuracy for run in own]
        each = " ".join(f"{share:.3f}" for share in shares)
        cost = f"{own[0].multiply_adds / 1e6:.1f} million multiply-adds, {min(r.milliseconds for r in own):.2f} ms"
        scores[f"patch {patch}"] = f"{np.mean(shares):.3f}, mean of {each}; {own[0].tokens} tokens, {cost}"
    return Card(
        what="Tells which of eight groups a 64 x 64 sticker belongs to, from patches of 16 pixels.",
        data=(
            f"The {len(deck)} stickers of the first split's training part (family_splits with seed 0), cut once more "
            f"by family into {len(folds)} inner folds; the test part was not asked. Every network is as wide and deep "
            f"and takes as many steps, {STEPS} of {BATCH} pictures. patch_size.csv: a row a training; milliseconds are "
            "those of one picture in a batch of 64, forwards, on one thread of the machine that made it."
        ),
        seeds="splits and inner folds 0; weights, batches and augmentation: seed 0 on fold 0, 1 on 1, 2 on 2",
        scores=scores,
        licence="weights CC BY-SA 4.0, as the artwork they come from (OpenMoji)",
        limits="Three trainings a patch size, each on another fold: small differences are noise. Trained briefly.",
    )
