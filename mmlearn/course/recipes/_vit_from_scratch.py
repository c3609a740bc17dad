"""A small vision transformer from a thousand pictures: everything that helps it, short of other people's weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mmlearn.course.recipes._vit_start import start_like_trained
from mmlearn.encode.masking import random_masking
from mmlearn.encode.tensors import to_tensor
from mmlearn.encode.vit import ViT, ViTConfig
from mmlearn.train.batches import Batches
from mmlearn.train.cut_mix import cut_mix
from mmlearn.train.distort import distort
from mmlearn.train.fit import fit
from mmlearn.train.optimisers import muon
from mmlearn.train.schedule import cosine
from mmlearn.train.seed import seed_everything
from mmlearn.types import FloatArray, IntArray, StrArray, UInt8Array
from mmlearn.view.images import on_white

if TYPE_CHECKING:
    from mmlearn.data.stickers import Stickers

STEPS, BATCH, RATE, DECAY, SMOOTHING = 1000, 128, 2e-2, 0.2, 0.1
ZOOM, LIGHT = 0.35, 0.3  # of `distort`: sizes vary more than in lesson 06
SUBGROUPS = 0.3  # weight of the second question, which subgroup it is
DESCRIBED = 2.0  # weight of each of the other two: which visual words, which colours
N_WORDS = 1024
DROPPED = 0.5  # share of a picture's patches that a training step leaves out
SHRINK = 1e-3  # C of the last layer's second fit: small, as its features know the training pictures well
SHIFTS = ((0, 0), (3, 0), (-3, 0), (0, 3), (0, -3))  # pixels down and right; with their mirror images ten views


class Drawings(NamedTuple):
    """Pictures in several styles, each with the row of the deck that it shows."""

    images: UInt8Array  # (M, 64, 64, 4)
    pixels: Tensor  # (M, 3, 64, 64)
    rows: IntArray  # (M,)

    def of(self, rows: IntArray) -> Drawings:
        """The drawings of some rows of the deck alone."""
        kept = np.isin(self.rows, rows)
        return Drawings(self.images[kept], self.pixels[torch.from_numpy(kept)], self.rows[kept])


def drawings_of(deck: Stickers, styles: tuple[str, ...] = ("color", "noto")) -> Drawings:
    """The deck's stickers in OpenMoji's and in Google's drawing; a style may lack a few."""
    from mmlearn.data import stickers

    place = {code: row for row, code in enumerate(deck.codes)}
    images, rows = [], []
    for style in styles:
        drawn = stickers(style=style)
        known = np.array([code in place for code in drawn.codes])
        images.append(drawn.images[known])
        rows.append(np.array([place[code] for code in drawn.codes[known]]))
    whole = np.concatenate(images)  # (M, 64, 64, 4)
    return Drawings(whole, to_tensor(on_white(whole)), np.concatenate(rows))


def described(images: UInt8Array, n_words: int = N_WORDS) -> list[Tensor]:
    """Each picture's visual words (M, n_words) and colours (M, 64) as shares; the dictionary is of these pictures.

    What lessons 02 and 04 knew, as a question to the network (Gidaris et al. 2020, "Learning representations by
    predicting bags of visual words", arXiv:2002.12247, whose words are a network's own).
    """
    from mmlearn.encode.colour import ColourHistogram
    from mmlearn.encode.local import describe
    from mmlearn.encode.pictures import as_grey
    from mmlearn.encode.visual_words import VisualWords

    parts = describe(as_grey(images), n_jobs=-1)  # M x (n, 128)
    words = VisualWords(n_words, sampling="descriptors", n_jobs=-1).fit(parts).transform(parts)
    counts = (words, ColourHistogram().fit_transform(images))
    shares = (count / np.maximum(count.sum(axis=1, keepdims=True), 1e-9) for count in counts)
    return [torch.tensor(share, dtype=torch.float32) for share in shares]


def distorted(images: Tensor, generator: torch.Generator) -> Tensor:
    """Lesson 06's distortions, with this recipe's strengths."""
    return distort(images, generator, zoom=ZOOM, light=LIGHT)


class Pupil(nn.Module):
    """A transformer and, while it learns, heads for further questions; half of the patches are left out.

    Fewer patches cost half the time and are an augmentation of their own (Li et al. 2022, "Scaling language-image
    pre-training via masking", arXiv:2212.00794).
    """

    def __init__(self, vit: ViT, sizes: list[int], generator: torch.Generator) -> None:
        super().__init__()
        self.vit, self.generator = vit, generator
        self.further_heads = nn.ModuleList(nn.Linear(vit.config.width, size) for size in sizes)

    def forward(self, images: Tensor) -> list[Tensor]:
        """(B, 3, 64, 64) -> logits of the groups (B, 8), then of each further question (B, size)."""
        tokens = self.vit.embed(images)  # (B, N, D)
        noise = torch.rand(tokens.shape[:2], generator=self.generator)  # (B, N)
        kept, _, _ = random_masking(tokens, DROPPED, noise)  # (B, N / 2, D)
        features = self.vit.pool(self.vit.transformer(self.vit.with_class(kept)))  # (B, D)
        return [self.vit.head(features), *(head(features) for head in self.further_heads)]


def question_loss(logits: list[Tensor], answers: list[Tensor], partner: Tensor, kept: float) -> Tensor:
    """All questions about mixed pictures: group, subgroup (class numbers), words, colours (shares)."""
    total = torch.zeros(())
    for weight, said, truth in zip((1.0, SUBGROUPS, DESCRIBED, DESCRIBED), logits, answers, strict=True):
        smoothing = 0.0 if truth.is_floating_point() else SMOOTHING
        for share, target in ((kept, truth), (1 - kept, truth[partner])):
            loss = functional.cross_entropy(said, target, label_smoothing=smoothing)
            total = total + weight * share * loss
    return total


def train_from_scratch(
    drawings: Drawings,
    groups: StrArray,
    subgroups: StrArray,
    config: ViTConfig,
    seed: int,
    steps: int = STEPS,
    n_words: int = N_WORDS,
) -> ViT:
    """A transformer that has seen these drawings only: distorted, cut and mixed, half of the patches each time.

    Args:
        drawings: of the training rows.
        groups, subgroups: (N,) of the whole deck; the second are asked for while training, not afterwards.
    """
    answers = [torch.tensor(np.unique(names, return_inverse=True)[1][drawings.rows]) for names in (groups, subgroups)]
    answers += described(drawings.images, n_words)  # (M,), (M,), (M, n_words), (M, 64)
    sizes = [len(np.unique(subgroups)), *(answer.shape[1] for answer in answers[2:])]
    generator = seed_everything(seed)
    pupil = Pupil(ViT(config), sizes, generator)
    start_like_trained(pupil.vit, generator)

    def loss(pupil: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        mixed, partner, kept = cut_mix(batch[0], generator)
        return question_loss(pupil(mixed), list(batch[1:]), partner, kept)

    batches = Batches(drawings.pixels, *answers, batch_size=BATCH, seed=seed, augment=distorted)
    ends = ("head", "further_heads", "patch_embedding")  # first and last layers, which AdamW moves
    optimiser = muon(pupil, RATE, weight_decay=DECAY, adamw_for=ends)
    schedule = cosine(steps, warmup=min(100, steps // 10))
    history = fit(pupil, loss, batches, steps=steps, optimiser=optimiser, schedule=schedule)
    history.require_whole()
    pupil.vit.eval()
    refit_head(pupil.vit, drawings.pixels, answers[0].numpy())
    return pupil.vit


def refit_head(vit: ViT, pixels: Tensor, numbers: IntArray) -> None:
    """Fit the last layer anew, on whole pictures: it has learned on halves, and on mixtures of two.

    A logistic regression, scaled features and all, is again one linear layer. (Kang et al. 2020, "Decoupling
    representation and classifier for long-tailed recognition", arXiv:1910.09217, for another reason.)
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    features = over_views(vit.features, pixels).numpy()  # (M, D)
    scaler = StandardScaler().fit(features)
    fitted = LogisticRegression(C=SHRINK, max_iter=500).fit(scaler.transform(features), numbers)
    if len(fitted.classes_) != vit.config.classes:
        raise ValueError(f"expected pictures of all {vit.config.classes} classes, got {len(fitted.classes_)}")
    weight = fitted.coef_ / scaler.scale_  # (classes, D)
    bias = fitted.intercept_ - weight @ scaler.mean_  # (classes,)
    vit.head.load_state_dict({"weight": torch.from_numpy(weight), "bias": torch.from_numpy(bias)})


@torch.no_grad()
def over_views(reads: Callable[[Tensor], Tensor], images: Tensor, views: bool = True) -> Tensor:
    """(n, D) what it reads in each picture; with views the mean over ten, moved by 3 pixels and mirrored."""
    moved = [images.roll(shift, (2, 3)) for shift in SHIFTS]
    shown = [*moved, *(each.flip(3) for each in moved)] if views else [images]
    found = [torch.cat([reads(part) for part in torch.split(each, 256)]) for each in shown]
    return torch.stack(found).mean(dim=0)  # (views, n, D) -> (n, D)


def probabilities(vit: ViT, images: Tensor, views: bool = False) -> FloatArray:
    """(n, classes) of each picture; with views the mean over ten."""
    mean: FloatArray = over_views(lambda part: vit(part).softmax(dim=1), images, views).numpy()
    return mean
