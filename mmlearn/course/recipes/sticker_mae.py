"""Hidden patches first, a few labels after: a masked autoencoder of stickers, and what it is worth to a classifier."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import numpy as np

from mmlearn.types import FloatArray, StrArray

if TYPE_CHECKING:
    from torch import Tensor

    from mmlearn.course.recipes._mae_labels import Run
    from mmlearn.data.splits import Split
    from mmlearn.data.stickers import Stickers
    from mmlearn.encode.mae import MAE, MAEConfig
    from mmlearn.train.card import Card
    from mmlearn.train.checkpoint import Trained

STYLES = ("color", "line", "noto")
SPLITS = (0,)  # each has a pretraining of its own: nothing of a test family is ever seen, in any style
STEPS, BATCH, RATE, DECAY, WARMUP = 1000, 128, 3e-3, 0.05, 50


def train(quick: bool = False) -> Trained:
    """Pretrains on the drawings of training families, then compares methods where labels are few.

    Ships encoder and decoder of the first split, and every run. `quick` takes every eighth sticker, a draw and a few
    steps, to see that it runs, and does without drawings that are not installed; the record is refused without them.
    """
    from mmlearn.course.recipes._mae_labels import few_labels
    from mmlearn.data.splits import family_splits
    from mmlearn.encode.tensors import to_tensor
    from mmlearn.train.checkpoint import Trained
    from mmlearn.view.images import on_white

    decks = drawings(quick)
    deck = decks["color"]
    splits = family_splits(deck.groups, deck.families, n_splits=2 if quick else 5)
    pixels = to_tensor(on_white(deck.images))  # (N, 3, 64, 64)
    models, runs = [], []
    for number in SPLITS:
        seen = of_families(decks, deck.families[splits[number].train])  # (M, 3, 64, 64)
        models.append(pretrain(seen, mae_config(), number, steps=2 if quick else STEPS))
        runs += few_labels(models[-1].encoder, pixels, deck.groups, splits[number], number, quick)
    card = _card(deck, splits, runs, len(seen))
    return Trained(models[0], models[0].config, card, {"few_labels.csv": table(runs)})


def mae_config() -> MAEConfig:
    """Encoder of 64 patches, small enough for one core; a decoder half as wide, of one block."""
    from mmlearn.encode.mae import MAEConfig
    from mmlearn.encode.vit import ViTConfig

    encoder = ViTConfig(width=128, depth=4, heads=4, hidden=512, pooling="class", positions="sinusoidal")
    return MAEConfig(encoder, width=64, depth=1, heads=4, hidden=256)


def drawings(quick: bool = False) -> dict[str, Stickers]:
    """Style -> its stickers without flags; DataUnavailable for a missing font, where `quick` leaves the style out."""
    from mmlearn.data import stickers
    from mmlearn.data.unavailable import DataUnavailable

    decks = {}
    for style in STYLES:
        try:
            deck = stickers(style=style)
        except DataUnavailable:
            if not quick or style == "color":
                raise
            continue
        deck = deck.select(deck.groups != "flags")
        decks[style] = deck.select(slice(None, None, 8)) if quick else deck
    return decks


def of_families(decks: dict[str, Stickers], families: StrArray) -> Tensor:
    """Every drawing, in every style, of these families and of no other, (M, 3, 64, 64)."""
    import torch

    from mmlearn.encode.tensors import to_tensor
    from mmlearn.view.images import on_white

    kept = [deck.select(np.isin(deck.families, families)) for deck in decks.values()]
    return torch.cat([to_tensor(on_white(deck.images)) for deck in kept])


def pretrain(pixels: Tensor, config: MAEConfig, seed: int, steps: int) -> MAE:
    """A masked autoencoder of these pictures, distorted and hidden anew at each step; no label is asked for."""
    import torch

    from mmlearn.encode.mae import MAE
    from mmlearn.train.batches import Batches
    from mmlearn.train.distort import distort
    from mmlearn.train.fit import fit
    from mmlearn.train.optimisers import muon
    from mmlearn.train.schedule import cosine
    from mmlearn.train.seed import seed_everything

    seed_everything(seed)
    model, noise = MAE(config), torch.Generator().manual_seed(seed)
    history = fit(
        model,
        lambda model, batch: model(batch[0], generator=noise).loss,
        Batches(pixels, batch_size=BATCH, seed=seed, augment=distort),
        steps=steps,
        optimiser=muon(model, RATE, weight_decay=DECAY, adamw_for=("patch_embedding", "prediction")),
        schedule=cosine(steps, warmup=min(WARMUP, steps // 2)),
    )
    history.require_whole()
    return model


def table(runs: list[Run]) -> bytes:
    """few_labels.csv: a row a run."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["split", "labels", "seed", "method", "accuracy", "balanced"])
    for run in runs:
        writer.writerow((*run[:4], f"{run.hits.mean():.4f}", f"{run.balanced:.4f}"))
    return text.getvalue().encode()


def _scores(deck: Stickers, splits: list[Split], runs: list[Run]) -> dict[str, str]:
    """Label -> score in words: every method's at each number of labels, and the gains of pretraining."""
    from mmlearn.course.recipes._mae_labels import METHODS, PROBE, PROBE_RANDOM, SCRATCH, SHUFFLED, TUNED
    from mmlearn.score.baselines import majority_accuracy
    from mmlearn.score.bootstrap import bootstrap_interval

    first = splits[0]
    scores = {"majority": f"{majority_accuracy(deck.groups[first.train], deck.groups[first.test]):.3f}"}
    for name in METHODS:
        shares = {count: _shares(runs, name, count) for count in sorted({run.labels for run in runs})}
        scores[name] = ", ".join(
            "{:.3f} ({:.3f} to {:.3f})".format(float(np.mean(each)), *bootstrap_interval(each))
            for each in shares.values()
        )
        means = [np.mean([run.balanced for run in runs if (run.method, run.labels) == (name, k)]) for k in shares]
        scores[f"{name}, balanced"] = ", ".join(f"{mean:.3f}" for mean in means)
    for better, worse in ((TUNED, SCRATCH), (PROBE, PROBE_RANDOM), (PROBE, SHUFFLED)):
        scores[f"{better} over {worse}"] = _gains(deck, splits, runs, better, worse)
    return scores


def _card(deck: Stickers, splits: list[Split], runs: list[Run], seen: int) -> Card:
    from mmlearn.train.card import Card

    first = splits[0]
    return Card(
        what="Fills in the hidden three quarters of a 64 x 64 sticker; its encoder makes 128 numbers of a picture.",
        data=(
            f"Stickers without flags in the styles {', '.join(STYLES)}: the {seen} drawings of the training families "
            "of the first of family_splits with seed 0, without labels. few_labels.csv: share of right answers on the "
            f"{len(first.test)} OpenMoji stickers of that split's other families, draw by draw, by methods that were "
            "told 1, 5 or 20 labels a group. Scores here: for 1, 5 and 20 labels, means and 95 % bootstrap intervals "
            "over the draws; balanced is the mean over the eight groups, 0.125 by chance; gains are "
            "paired, with an interval over the draws and one over the test families. Covered is that one split and one "
            "pretraining: no interval tells what another pretraining would give."
        ),
        seeds="split and pretraining 0; labels, first weights, batches and augmentation: the number of the draw",
        scores=_scores(deck, splits, runs),
        licence="weights CC BY-SA 4.0, as the OpenMoji artwork; the noto drawings come from Google's font, SIL OFL 1.1",
        limits=(
            "Knows drawings on white paper only. More than a quarter of the test stickers are smileys, all one family. "
            "Settings were chosen on inner folds of the training families, with few runs each: those of pretraining "
            "with the inner test families left out; the token that is read and the rate of fine-tuning (of two) with "
            "the very weights that ship, which had seen the inner test pictures, though none of the test part and no "
            "label. The network from scratch was given one rate, and the machine on pixels one cost, both untuned."
        ),
    )


def _gains(deck: Stickers, splits: list[Split], runs: list[Run], better: str, worse: str) -> str:
    """For each number of labels: the mean gain on the first split, its interval over draws, and over families."""
    from mmlearn.score.bootstrap import paired_gain

    told = []
    for count in sorted({run.labels for run in runs}):
        gain, *draws = paired_gain(_shares(runs, better, count), _shares(runs, worse, count))
        of_better, of_worse = _hits(runs, better, count), _hits(runs, worse, count)  # (m,) each
        _, *families = paired_gain(of_better, of_worse, groups=deck.families[splits[0].test])
        told.append(
            f"{count}: {gain:+.3f} (draws {draws[0]:+.3f} to {draws[1]:+.3f}, families {families[0]:+.3f} to "
            f"{families[1]:+.3f})"
        )
    return "; ".join(told)


def _shares(runs: list[Run], method: str, count: int) -> list[float]:
    """A method's share of right answers, draw by draw, on the first split."""
    return [float(run.hits.mean()) for run in runs if (run.split, run.method, run.labels) == (0, method, count)]


def _hits(runs: list[Run], method: str, count: int) -> FloatArray:
    """(m,) in how many of the draws a method was right, sticker by sticker of the first split's, from 0 to 1."""
    hits = [run.hits for run in runs if (run.split, run.method, run.labels) == (0, method, count)]
    return np.asarray(np.mean(hits, axis=0), dtype=np.float64)
