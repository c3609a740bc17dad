"""The group of a sticker from its patches: a small ViT from scratch on the five family splits of lesson 02."""

from __future__ import annotations

import csv
import time
from typing import TYPE_CHECKING

import numpy as np

from mmlearn.course.recipes._contest import answers_table, contest_scores
from mmlearn.types import FloatArray, IntArray, StrArray

if TYPE_CHECKING:
    from torch import Tensor

    from mmlearn.data.splits import Split
    from mmlearn.data.stickers import Stickers
    from mmlearn.encode.vit import ViT, ViTConfig
    from mmlearn.train.card import Card
    from mmlearn.train.checkpoint import Trained

# Columns of answers.csv, beside those of sticker-cnn's: what each contestant says of each sticker when it is held out.
WORDS, FROZEN, PLAIN, AUGMENTED, VIEWS = "sift_svm", "efficientnet", "vit_plain", "vit_augmented", "vit_views"
PLAIN_STEPS = 200  # of 128 pictures; by then it knows them by heart


def train(quick: bool = False) -> Trained:
    """Each contestant on each split; ships the augmented transformer of the first split and everybody's answers.

    `quick` takes every eighth sticker, two splits and a few steps, to see that it runs.
    """
    from mmlearn.course.recipes._vit_from_scratch import drawings_of, probabilities, train_from_scratch
    from mmlearn.data import stickers
    from mmlearn.data.splits import family_splits
    from mmlearn.encode.local import describe
    from mmlearn.encode.pictures import as_grey
    from mmlearn.encode.tensors import to_tensor
    from mmlearn.encode.vit import ViTConfig
    from mmlearn.train.checkpoint import Trained
    from mmlearn.view.images import on_white

    deck = stickers()
    deck = deck.select(deck.groups != "flags")
    deck = deck.select(slice(None, None, 8)) if quick else deck
    splits = family_splits(deck.groups, deck.families, n_splits=2 if quick else 5)
    drawings, pixels = drawings_of(deck), to_tensor(on_white(deck.images))  # pixels (N, 3, 64, 64)
    kinds = np.unique(deck.groups)
    config = ViTConfig(classes=len(kinds), width=128, depth=4, heads=4, hidden=512, pooling="mean")
    answers = {name: np.empty(len(deck), dtype=deck.groups.dtype) for name in (WORDS, FROZEN, PLAIN, AUGMENTED, VIEWS)}
    models, seconds = [], []
    parts = describe(as_grey(deck.images), step=16 if quick else 4, n_jobs=-1)  # N x (n, 128)
    for number, split in enumerate(splits):
        answers[WORDS][split.test] = visual_words(deck, parts, split, n_words=32 if quick else 1024)
        answers[FROZEN][split.test] = frozen_features(deck, split, quick)
        plain = train_plain(pixels[split.train], deck.groups[split.train], config, number, 2 if quick else PLAIN_STEPS)
        start = time.perf_counter()
        model = train_from_scratch(
            drawings.of(split.train), deck.groups, deck.subgroups, config, number, *((3, 32) if quick else ())
        )
        seconds.append(time.perf_counter() - start)
        for name, vit, views in ((PLAIN, plain, False), (AUGMENTED, model, False), (VIEWS, model, True)):
            answers[name][split.test] = kinds[probabilities(vit, pixels[split.test], views).argmax(axis=1)]
        models.append(model)
    card = _card(deck, splits, answers, seconds)
    return Trained(models[0], config, card, {"answers.csv": answers_table(deck, splits, answers)})


def train_plain(pixels: Tensor, groups: StrArray, config: ViTConfig, seed: int, steps: int) -> ViT:
    """The same network, shown the pictures as they are, again and again."""
    from torch.nn import functional

    from mmlearn.encode.vit import ViT
    from mmlearn.train.batches import Batches
    from mmlearn.train.fit import fit
    from mmlearn.train.optimisers import muon
    from mmlearn.train.schedule import cosine
    from mmlearn.train.seed import seed_everything

    seed_everything(seed)
    model = ViT(config)
    labels = np.unique(groups, return_inverse=True)[1]
    history = fit(
        model,
        lambda model, batch: functional.cross_entropy(model(batch[0]), batch[1], label_smoothing=0.1),
        Batches(pixels, labels, batch_size=128, seed=seed),
        steps=steps,
        optimiser=muon(model, 1e-2, weight_decay=0.05),
        schedule=cosine(steps, warmup=steps // 10),
    )
    history.require_whole()
    return model


def visual_words(deck: Stickers, parts: list[FloatArray], split: Split, n_words: int) -> StrArray:
    """What lesson 02's words without colours say of the test rows."""
    from sklearn.svm import LinearSVC

    from mmlearn.encode.visual_words import VisualWords

    words = VisualWords(n_words, sampling="descriptors", n_jobs=-1).fit([parts[i] for i in split.train])
    rows = words.transform(parts)  # (N, n_words)
    svm = LinearSVC(max_iter=5000, random_state=0).fit(rows[split.train], deck.groups[split.train])
    said: StrArray = svm.predict(rows[split.test])
    return said


def frozen_features(deck: Stickers, split: Split, quick: bool) -> StrArray:
    """What a linear classifier on EfficientNet's features says of the test rows; C is chosen in the training part."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from mmlearn.data.splits import family_splits
    from mmlearn.encode.pretrained_pictures import cached_vectors, efficientnet
    from mmlearn.view.images import on_white

    vectors: FloatArray = cached_vectors(efficientnet(side=32 if quick else 160), on_white(deck.images))  # (N, 1280)
    rows: IntArray = split.train
    folds = family_splits(deck.groups[rows], deck.families[rows], n_splits=2 if quick else 3)
    line = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    grid = {"logisticregression__C": [1e-4, 1e-3, 1e-2]}
    fitted = GridSearchCV(line, grid, cv=folds).fit(vectors[rows], deck.groups[rows])
    said: StrArray = fitted.predict(vectors[split.test])
    return said


def answers_of_lesson_06(deck: Stickers) -> dict[str, StrArray]:
    """What the contestants of sticker-cnn said of the same stickers, when they were held out in the same splits."""
    from mmlearn.course.recipes.sticker_cnn import AUGMENTED as CNN
    from mmlearn.course.recipes.sticker_cnn import WORDS as WORDS_AND_COLOURS
    from mmlearn.train.checkpoint import checkpoint_file

    with checkpoint_file("sticker-cnn", "answers.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["code"]: row for row in csv.DictReader(file)}
    return {name: np.array([rows[code][name] for code in deck.codes]) for name in (WORDS_AND_COLOURS, CNN)}


def _card(deck: Stickers, splits: list[Split], answers: dict[str, StrArray], seconds: list[float]) -> Card:
    from mmlearn.course.recipes._vit_from_scratch import BATCH, STEPS
    from mmlearn.train.card import Card

    older = answers_of_lesson_06(deck)
    minutes = f"{np.mean(seconds) / 60:.1f} for {STEPS} steps of {BATCH} pictures, with {torch_threads()} thread(s)"
    pairs = [(AUGMENTED, PLAIN), (AUGMENTED, FROZEN), (VIEWS, AUGMENTED)]
    pairs += [(one, other) for one in (AUGMENTED, VIEWS) for other in older]
    return Card(
        what="Tells which of eight groups (animals, food, objects ...) a 64 x 64 sticker on white belongs to.",
        data=(
            f"OpenMoji stickers without flags, {len(deck)}; family_splits with seed 0. The weights are those of the "
            f"first split: {len(splits[0].train)} stickers in training, in two drawings (OpenMoji, Google's Noto), "
            "and the names of their Unicode subgroups, which, with visual words and colours counted in these drawings, "
            "further heads had to tell while it learned; "
            f"{len(splits[0].test)} held out, in both drawings, no family on both sides; tested on OpenMoji's. "
            "answers.csv: what each contestant said of each sticker when it was held out; words_svm and cnn_augmented "
            "are sticker-cnn's, which saw OpenMoji's drawings only. Intervals: 95 %, bootstrap by family."
        ),
        seeds="splits 0; weights, batches and augmentation: the number of the split; SVM and words 0",
        scores=contest_scores(deck, splits, answers | older, pairs) | {"minutes a split": minutes},
        licence="weights CC BY-SA 4.0, as the artwork they come from (OpenMoji; Noto Color Emoji: OFL 1.1)",
        limits=(
            "Hardly ever right about smileys, whose family is held out whole; photographs were never seen. The "
            "settings were chosen on three inner splits of the first training part."
        ),
    )


def torch_threads() -> int:
    """Threads that torch computes with."""
    import torch

    return torch.get_num_threads()
