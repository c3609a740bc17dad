"""The group of a sticker from its pixels: a small residual CNN, on the five family splits of lesson 02."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mmlearn.course.recipes._contest import answers_table, contest_scores
from mmlearn.types import FloatArray, IntArray, StrArray

if TYPE_CHECKING:
    from mmlearn.data.splits import Split
    from mmlearn.data.stickers import Stickers
    from mmlearn.encode.cnn import CNN
    from mmlearn.train.card import Card
    from mmlearn.train.checkpoint import Trained

EPOCHS, BATCH, RATE, DECAY, SMOOTHING = 25, 64, 3e-3, 0.05, 0.1
PLAIN, AUGMENTED, WORDS = "cnn_plain", "cnn_augmented", "words_svm"  # columns of answers.csv


def train(quick: bool = False) -> Trained:
    """Each contestant on each split; ships the augmented network of the first split and everybody's answers.

    `quick` takes every eighth sticker, two splits and a few steps, to see that it runs.
    """
    from dataclasses import replace

    from mmlearn.data import stickers
    from mmlearn.data.splits import family_splits
    from mmlearn.encode.cnn import CNNConfig
    from mmlearn.encode.local import describe
    from mmlearn.encode.pictures import as_grey
    from mmlearn.train.checkpoint import Trained

    deck = stickers()
    deck = deck.select(deck.groups != "flags")
    deck = deck.select(slice(None, None, 8)) if quick else deck
    splits = family_splits(deck.groups, deck.families, n_splits=2 if quick else 5)
    parts = describe(as_grey(deck.images), step=16 if quick else 4, n_jobs=-1)  # N x (n, 128)
    answers = {name: np.empty(len(deck), dtype=deck.groups.dtype) for name in (WORDS, PLAIN, AUGMENTED)}
    kinds = np.unique(deck.groups)
    config, models = replace(CNNConfig(), classes=len(kinds)), []
    for number, split in enumerate(splits):
        answers[WORDS][split.test] = words_svm(deck, parts, split, n_words=32 if quick else 1024)
        for name in (PLAIN, AUGMENTED):
            model = train_cnn(deck, split.train, config, number, name == AUGMENTED, steps=3 if quick else None)
            answers[name][split.test] = kinds[predict(model, deck, split.test)]
        models.append(model)
    return Trained(
        models[0], config, _card(deck, splits, answers), {"answers.csv": answers_table(deck, splits, answers)}
    )


def train_cnn(
    deck: Stickers, rows: IntArray, config: object, seed: int, augmented: bool, steps: int | None = None
) -> CNN:
    """The network of the lesson, trained on some rows; `steps` other than None cuts it short."""
    from torch.nn import functional

    from mmlearn.encode.cnn import CNN
    from mmlearn.encode.tensors import to_tensor
    from mmlearn.train.batches import Batches
    from mmlearn.train.distort import distort
    from mmlearn.train.fit import fit
    from mmlearn.train.optimisers import adamw
    from mmlearn.train.schedule import cosine
    from mmlearn.train.seed import seed_everything
    from mmlearn.view.images import on_white

    seed_everything(seed)
    model = CNN(config)  # type: ignore[arg-type]
    labels = np.unique(deck.groups, return_inverse=True)[1]
    pixels = to_tensor(on_white(deck.images[rows]))  # (n, 3, 64, 64)
    batches = Batches(pixels, labels[rows], batch_size=BATCH, seed=seed, augment=distort if augmented else None)
    steps = steps or EPOCHS * batches.epoch_steps
    history = fit(
        model,
        lambda model, batch: functional.cross_entropy(model(batch[0]), batch[1], label_smoothing=SMOOTHING),
        batches,
        steps=steps,
        optimiser=adamw(model, RATE, weight_decay=DECAY),
        schedule=cosine(steps),
    )
    history.require_whole()
    return model


def predict(model: CNN, deck: Stickers, rows: IntArray) -> IntArray:
    """Class numbers of some rows' pictures, (n,)."""
    import torch

    from mmlearn.encode.tensors import to_tensor
    from mmlearn.view.images import on_white

    with torch.no_grad():
        pixels = to_tensor(on_white(deck.images[rows]))  # (n, 3, 64, 64)
        said: IntArray = torch.cat([model(part).argmax(dim=1) for part in torch.split(pixels, 256)]).numpy()
    return said


def words_svm(deck: Stickers, parts: list[FloatArray], split: Split, n_words: int) -> StrArray:
    """What lesson 02's best contestant says of the test rows: dense visual words, colours, a linear SVM."""
    from sklearn.svm import LinearSVC

    from mmlearn.encode.colour import ColourHistogram
    from mmlearn.encode.visual_words import VisualWords

    words = VisualWords(n_words, sampling="descriptors", n_jobs=-1).fit([parts[i] for i in split.train])
    rows = np.hstack([words.transform(parts), ColourHistogram().fit_transform(deck.images)])  # (N, n_words + 64)
    svm = LinearSVC(max_iter=5000, random_state=0).fit(rows[split.train], deck.groups[split.train])
    said: StrArray = svm.predict(rows[split.test])
    return said


def _card(deck: Stickers, splits: list[Split], answers: dict[str, StrArray]) -> Card:
    from mmlearn.train.card import Card

    pairs = ((AUGMENTED, PLAIN), (AUGMENTED, WORDS))
    return Card(
        what="Tells which of eight groups (animals, food, objects ...) a 64 x 64 sticker on white belongs to.",
        data=(
            f"OpenMoji stickers without flags, {len(deck)}; family_splits with seed 0. The weights are those of "
            f"the first split: {len(splits[0].train)} stickers in training, {len(splits[0].test)} held out, no "
            "family on both sides. answers.csv: what each contestant said of each sticker when it was held out. "
            "Intervals: 95 %, bootstrap by family."
        ),
        seeds="splits 0; weights, batches and augmentation: the number of the split; SVM and words 0",
        scores=contest_scores(deck, splits, answers, pairs),
        licence="weights CC BY-SA 4.0, as the artwork they come from (OpenMoji)",
        limits=(
            "Hardly ever right about smileys, whose family is held out whole; drawings in other styles and "
            "photographs were never seen. The settings were chosen on inner splits of the first training part."
        ),
    )
