"""What ``make bench`` measures of the ViT: pictures a second, beside transformers' own, in one run.

Same sizes, same pictures, same optimiser, in one fresh process, in turns, as in `mmlearn.course.bench_transformer`:
ours and theirs train a step and read a batch, in an order drawn anew every round; then the ratio of the medians.
Theirs is as it comes: a convolution for the patches, and fused attention (SDPA).
"""

from __future__ import annotations

import json
import subprocess
import sys

import torch
import torch.nn.functional as F
from torch import Tensor

from mmlearn.bridge.transfer import library_settings
from mmlearn.course.bench_transformer import Model, Speed, in_turns
from mmlearn.encode.vit import ViT, ViTConfig

PATCHES = (4, 8, 16)  # sides in pixels: 256, 64 and 16 patches
IMAGE, CLASSES, WIDTH, DEPTH, HEADS = 64, 8, 192, 4, 6
BATCH, ROUNDS = 32, 11


def vit() -> list[str]:
    """A table: pictures a second, and how many times theirs."""
    head = f"{f'ViT, width {WIDTH}, {IMAGE} px':<26}{'train, images/s':>16}{'x theirs':>10}"
    return [head + f"{'read, images/s':>16}{'x theirs':>10}", *(row(patch, _fresh(patch)) for patch in PATCHES)]


def row(patch: int, speed: Speed) -> str:
    """One line of the table."""
    cells = "".join(f"{BATCH / ours:>16,.0f}{theirs / ours:>10.2f}" for ours, theirs in (speed.train, speed.read))
    return f"{f'  patches of {patch} px':<26}{cells}"


def _fresh(patch: int) -> Speed:
    """`measure` in a process of its own, with memory and threads set up as for training."""
    script = (
        "import json; from mmlearn.course.bench_vit import measure; from mmlearn.train.cpu import set_up_cpu; "
        f"set_up_cpu(); print(json.dumps(measure({patch})))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    train, read, peaks = json.loads(done.stdout.splitlines()[-1])
    return Speed(tuple(train), tuple(read), tuple(peaks))


def measure(patch: int, rounds: int = ROUNDS) -> Speed:
    """Train and read in turns, ours and theirs."""
    return in_turns(models(patch), rounds)


def models(patch: int) -> tuple[Model, Model]:
    """Our ViT and ViTForImageClassification, of one size; the loss is that of the labels."""
    from transformers import ViTConfig as TheirConfig
    from transformers import ViTForImageClassification

    ours = ViT(ViTConfig(IMAGE, patch, 3, CLASSES, WIDTH, DEPTH, HEADS, 4 * WIDTH))
    theirs = ViTForImageClassification(TheirConfig(**library_settings(ours)))
    images = torch.randn(BATCH, 3, IMAGE, IMAGE, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(BATCH) % CLASSES  # (B,)

    def loss(logits: Tensor) -> Tensor:
        return F.cross_entropy(logits, labels)  # (B, classes)

    return (ours, lambda: loss(ours(images))), (theirs, lambda: loss(theirs(images).logits))
