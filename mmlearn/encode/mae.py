"""A masked autoencoder: hide most patches of a picture, encode the others, predict the pixels of the hidden ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from mmlearn.blocks.linear import Linear
from mmlearn.blocks.patches import patchify, unpatchify
from mmlearn.blocks.positions import sinusoidal_positions_2d
from mmlearn.blocks.require import require_tensor, require_vectors, require_whole
from mmlearn.blocks.transformer import Transformer
from mmlearn.encode.masking import (
    count_kept,
    hidden_error,
    hide_patches,
    normalise_patches,
    patch_statistics,
    random_masking,
)
from mmlearn.encode.vit import ViT, ViTConfig

__all__ = [
    "MAE",
    "MAEConfig",
    "MAEOutput",
    "hidden_error",
    "hide_patches",
    "normalise_patches",
    "patch_statistics",
    "random_masking",
]


@dataclass(frozen=True)
class MAEConfig:
    """What a `MAE` is made of: a whole encoder, and a decoder that is narrower and less deep.

    Raises ValueError for what no model can have (the decoder's width is a multiple of 4 and of its heads; at least
    one patch is hidden and one is seen; the encoder has no head), TypeError for other types.

    >>> config = MAEConfig(ViTConfig(image=32, patch=8, width=12, positions="sinusoidal"))
    >>> config.encoder.patches, config.kept
    (16, 4)

    Built in: lesson 10.
    """

    encoder: ViTConfig  # classes=0; a dict of its fields will do, as JSON gives it back
    width: int = 96  # D', of the decoder's vectors
    depth: int = 2  # the decoder's blocks
    heads: int = 3  # the decoder's, a divisor of its width
    hidden: int = 384  # width inside the decoder's feed-forward networks
    mask_ratio: float = 0.75  # share of the patches that are hidden, above 0 and below 1
    normalise_targets: bool = True  # predict each patch's pixels less their mean, over their deviation

    def __post_init__(self) -> None:
        if isinstance(self.encoder, dict):
            object.__setattr__(self, "encoder", ViTConfig(**self.encoder))
        if not isinstance(self.encoder, ViTConfig):
            raise TypeError(f"expected encoder as a ViTConfig, got {type(self.encoder).__name__}: it is the first")
        if self.encoder.classes:
            raise ValueError(f"expected an encoder without head, got classes={self.encoder.classes}: use classes=0")
        for name in ("width", "depth", "heads", "hidden"):
            object.__setattr__(self, name, require_whole(getattr(self, name), f"the decoder's {name}", 1))
        if self.width % self.heads or self.width % 4:
            raise ValueError(
                "expected a decoder's width that is a multiple of its heads and of 4 (its positions are sines and "
                f"cosines of row and column), got {self.width} and {self.heads} heads"
            )
        if not isinstance(self.normalise_targets, bool):
            raise TypeError(f"expected normalise_targets True or False, got {self.normalise_targets!r}")
        if self.kept == self.encoder.patches:
            raise ValueError(
                f"a mask_ratio of {self.mask_ratio} hides none of {self.encoder.patches} patches: raise it"
            )

    @property
    def kept(self) -> int:
        """How many patches of a picture the encoder sees."""
        return count_kept(self.encoder.patches, self.mask_ratio)


class MAEOutput(NamedTuple):
    """What `MAE` gives for a batch.

    loss (), mean squared error on the hidden patches; predictions (B, N, P P C) for every patch, in the units of the
    targets; mask (B, N), 1 = hidden, 0 = seen.

    Built in: lesson 10.
    """

    loss: Tensor
    predictions: Tensor
    mask: Tensor


class MAE(nn.Module):
    """Encoder of the patches that are seen, decoder of all, one linear layer to pixels.

    1. Every patch gets its position; most are dropped (`random_masking`).
    2. The encoder, class token and all, sees the rest: with a quarter of the tokens about a quarter of the work.
    3. Its states are made as narrow as the decoder; one learned vector, the mask token, stands wherever a patch is
       missing; then every place gets its position again, or the mask tokens would all be alike.
    4. The decoder runs over all N + 1 of them, and a linear layer predicts P P C numbers a patch.
    5. The loss is the mean squared error over the **hidden** patches only; copying what is seen earns nothing.

    Equal to transformers' ``ViTMAEForPreTraining`` (loss, predictions and gradients at 1e-5) once the weights are
    mapped by `mmlearn.bridge.load`, at the size of picture in the config. Four things differ: a loss over no hidden
    patch is refused, there it is NaN; noise with ties is sorted the same way each time; the encoder's positions learn
    if its config says so; and a fresh model here has sines and cosines, while transformers 5.23 leaves zeros in both
    tables, so that one trained there from the start could not tell its patches apart. Linear layers and the mask token
    start as in `Transformer`: normal, with standard deviation 0.02.

    Args:
        config: sizes; kept as `.config`. The decoder takes activation, eps and dropout from the encoder's.

    >>> model = MAE(MAEConfig(ViTConfig(image=32, width=12, depth=2, hidden=24, positions="sinusoidal")))
    >>> loss, predictions, mask = model(torch.randn(2, 3, 32, 32))
    >>> predictions.shape, mask.sum(1).tolist()
    (torch.Size([2, 16, 192]), [12.0, 12.0])

    Paper: He et al. (2022), "Masked autoencoders are scalable vision learners", arXiv:2111.06377.

    Built in: lesson 10.
    """

    def __init__(self, config: MAEConfig) -> None:
        super().__init__()
        if not isinstance(config, MAEConfig):
            raise TypeError(f"expected a MAEConfig, got {type(config).__name__}: MAE(MAEConfig(ViTConfig(...)))")
        c, e = config, config.encoder
        self.config = config
        self.encoder = ViT(e)
        self.to_decoder = Linear(e.width, c.width)
        self.mask_token = nn.Parameter(torch.empty(1, 1, c.width))
        positions = torch.cat([torch.zeros(1, c.width), sinusoidal_positions_2d(e.grid, c.width)])  # (N + 1, D')
        self.decoder_positions = nn.Parameter(positions[None], requires_grad=False)  # class token first: zeros
        self.decoder = Transformer(c.depth, c.width, c.heads, c.hidden, "pre", e.activation, e.eps, e.dropout)
        self.prediction = Linear(c.width, e.patch**2 * e.channels)
        nn.init.normal_(self.mask_token, std=0.02)
        for layer in (self.to_decoder, self.prediction):
            nn.init.normal_(layer.weight, std=0.02)
            nn.init.zeros_(layer.bias)

    def forward(self, images: Tensor, noise: Tensor | None = None, *, generator: Any = None) -> MAEOutput:
        """Hide, encode, decode, compare.

        Args:
            images: (B, C, H, W) float, about -1 to 1 as `to_tensor` makes them, of the config's size.
            noise: (B, N) float: of each picture the patches with the smallest are seen. Left out, it is drawn.
            generator: a ``torch.Generator`` to draw it from; left out, torch's own.

        Returns `MAEOutput`. Raises TypeError, ValueError: see `ViT` and `random_masking`; ValueError for no pictures.
        """
        states, mask, restore = self.encode(images, noise=noise, generator=generator)
        predictions = self.decode(states, restore)  # (B, N, P P C)
        return MAEOutput(hidden_error(predictions, self.targets(images), mask), predictions, mask)

    def encode(
        self, images: Tensor, noise: Tensor | None = None, *, generator: Any = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Args as in `forward`. Returns states (B, 1 + kept, D), class token first, mask (B, N), restore (B, N)."""
        tokens = self.encoder.embed(images)  # (B, N, D), each with its position
        if not len(tokens):
            raise ValueError("expected one picture or more, got none: the loss is a mean over hidden patches")
        kept, mask, restore = random_masking(tokens, self.config.mask_ratio, self._noise(tokens, noise, generator))
        states = self.encoder.transformer(self.encoder.with_class(kept))  # (B, 1 + kept, D)
        return states, mask, restore

    def decode(self, states: Tensor, restore: Tensor) -> Tensor:
        """States (B, 1 + kept, D), restore (B, N) of `encode` -> predictions (B, N, P P C) for every patch."""
        require_vectors(states, self.config.encoder.width, self, "states")
        _require_restore(restore, len(states), self.config.encoder.patches, states.shape[1])
        x = self.to_decoder(states)  # (B, 1 + kept, D')
        missing = self.mask_token.expand(len(x), restore.shape[1] + 1 - x.shape[1], -1)  # (B, N - kept, D')
        shuffled = torch.cat([x[:, 1:], missing], dim=1)  # (B, N, D'): the seen first, in the order of the noise
        patches = shuffled.gather(1, restore[..., None].expand_as(shuffled))  # (B, N, D'), each in its place
        x = torch.cat([x[:, :1], patches], dim=1) + self.decoder_positions  # (B, N + 1, D')
        predictions: Tensor = self.prediction(self.decoder(x)[:, 1:])  # (B, N, P P C), the class token's left out
        return predictions

    def targets(self, images: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, N, P P C), what is to be predicted: pixels, normalised by patch if the config says so."""
        patches = patchify(images, self.config.encoder.patch)  # (B, N, P P C)
        return normalise_patches(patches) if self.config.normalise_targets else patches

    @torch.no_grad()
    def reconstruct(self, images: Tensor, noise: Tensor | None = None, *, generator: Any = None) -> Tensor:
        """Pictures (B, C, H, W): the seen patches pasted in as they are, the hidden ones as predicted.

        With normalised targets the model says nothing of a patch's own brightness and contrast, so here the **true**
        patch's mean and deviation are given back: such a picture shows the pattern that was predicted, and looks
        better than what the model alone knows. Without gradients. Arguments as in `forward`.
        """
        found = self(images, noise=noise, generator=generator)
        patches, predictions = patchify(images, self.config.encoder.patch), found.predictions  # (B, N, P P C)
        if self.config.normalise_targets:
            mean, deviation = patch_statistics(patches)  # (B, N, 1) each
            predictions = predictions * deviation + mean
        pasted = torch.where(found.mask[..., None] == 1, predictions, patches)  # (B, N, P P C)
        return unpatchify(pasted, self.config.encoder.patch, self.config.encoder.grid)

    def _noise(self, tokens: Tensor, noise: Tensor | None, generator: Any) -> Tensor:
        if noise is not None:
            return noise
        if generator is not None and not isinstance(generator, torch.Generator):
            got = type(generator).__name__
            raise TypeError(f"expected generator as a torch.Generator, got {got}: torch.Generator().manual_seed(0)")
        place = tokens.device if generator is None else generator.device  # a generator draws on its own device only
        return torch.rand(tokens.shape[:2], generator=generator, device=place).to(tokens.device)  # (B, N)


def _require_restore(restore: Any, batch: int, patches: int, tokens: int) -> None:
    """Refuse what is no way back for these states: the mask, the noise, or that of another picture."""
    require_tensor(restore, "restore")
    if restore.dtype != torch.int64 or tuple(restore.shape) != (batch, patches):
        raise ValueError(
            f"expected restore (B, N) = {(batch, patches)} of int64, as encode gives it, got {tuple(restore.shape)} of "
            f"{restore.dtype}: is it the mask, or the noise?"
        )
    if not 1 < tokens <= patches + 1 or int(restore.min()) < 0 or int(restore.max()) >= patches:
        raise ValueError(f"expected states of 2 to {patches + 1} tokens, and restore from 0 to {patches - 1}")
