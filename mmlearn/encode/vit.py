"""Pictures -> vectors, by a Transformer: the picture is a sentence of patches, read by an encoder as text is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Literal

import torch
from torch import Tensor, nn

from mmlearn.blocks.activations import activation as activation_of
from mmlearn.blocks.linear import Linear
from mmlearn.blocks.patches import PatchEmbedding, near_sides
from mmlearn.blocks.positions import interpolate_positions, sinusoidal_positions_2d
from mmlearn.blocks.require import require_vectors, require_whole
from mmlearn.blocks.transformer import Transformer

Pooling = Literal["class", "mean"]
Positions = Literal["learned", "sinusoidal"]


@dataclass(frozen=True)
class ViTConfig:
    """What a `ViT` is made of: ``ViTConfig(224, 16, 3, 1000, 768, 12, 12, 3072, eps=1e-12)`` is ViT-B/16's shape.

    Raises ValueError for a size below 1, an image that is not of whole patches, and whatever else no model can have;
    TypeError for a size that is no whole number.

    >>> ViTConfig(image=64, patch=8).grid, ViTConfig(image=64, patch=8).patches
    ((8, 8), 64)

    Built in: lesson 09.
    """

    image: int = 64  # side of the square pictures it learns from, in pixels
    patch: int = 8  # P, side of a patch in pixels; a divisor of the image's
    channels: int = 3  # C, of the picture: 3 RGB, 1 grey
    classes: int = 0  # logits that come out; 0: no head, the features come out
    width: int = 192  # D, of every vector
    depth: int = 6  # blocks
    heads: int = 3  # a divisor of the width
    hidden: int = 768  # width inside the feed-forward networks, mostly 4 D
    pooling: Pooling = "class"  # a picture's vector: the class token's, or the mean of the patches'
    positions: Positions = "learned"  # "sinusoidal": fixed, as in MAE; then the width is a multiple of 4
    activation: str = "gelu"  # exact, as in the published ViTs; "gelu_tanh" in SigLIP, "quick_gelu" in OpenAI's CLIP
    eps: float = 1e-6  # added to the variance in layer normalisation: 1e-6 in the paper's code, 1e-12 in transformers
    dropout: float = 0.0  # probability, while training

    def __post_init__(self) -> None:
        for name in ("image", "patch", "channels", "classes", "width", "depth", "heads", "hidden"):
            least = 0 if name == "classes" else 1
            object.__setattr__(self, name, require_whole(getattr(self, name), name, least))
        if self.image % self.patch:
            near = near_sides(self.image, self.patch)
            raise ValueError(
                f"expected an image of whole patches, got {self.image} pixels and patches of {self.patch}: "
                f"take an image of {near}, or another patch"
            )
        if self.width % self.heads:
            raise ValueError(f"expected a width that is a multiple of the heads, got {self.width} and {self.heads}")
        for name, known in (("pooling", ("class", "mean")), ("positions", ("learned", "sinusoidal"))):
            if getattr(self, name) not in known:
                raise ValueError(f'expected {name} "{known[0]}" or "{known[1]}", got {getattr(self, name)!r}')
        if self.positions == "sinusoidal" and self.width % 4:
            raise ValueError(f"expected a width that is a multiple of 4 for sinusoidal positions, got {self.width}")
        for name in ("eps", "dropout"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Real):
                raise TypeError(f"expected {name} as a number, got {value!r}: YAML takes 1e-6 for text, 1.0e-6 not")
        if not 0 <= self.dropout < 1 or not 0 < self.eps < math.inf:
            raise ValueError(
                f"expected dropout from 0 to below 1 and eps above 0 and finite, got {self.dropout}, {self.eps}"
            )
        activation_of(self.activation)

    @property
    def grid(self) -> tuple[int, int]:
        """(rows, columns) of the patches."""
        return self.image // self.patch, self.image // self.patch

    @property
    def patches(self) -> int:
        """N, how many patches; the encoder reads N + 1 tokens."""
        return self.grid[0] * self.grid[1]

    @property
    def head_width(self) -> int:
        """D / heads, the width of one head's queries, keys and values."""
        return self.width // self.heads


class ViT(nn.Module):
    """Vision Transformer: patches and a class token, each plus its position, through a pre-norm encoder.

    ``states = transformer([class_token; projection(patchify(images))] + position_embedding)``, then
    ``logits = head(states[0])``, or of the mean of the patches' states with pooling "mean"; the class token is there
    then too, it is read by the patches, but it is not in the mean. Equal to transformers' ``ViTModel`` and
    ``ViTForImageClassification`` at 1e-5 once the weights are mapped by `mmlearn.bridge.load`. The features are taken
    after the last layer norm; MAE's fine-tuning with a mean takes the mean first and normalises it.

    The class token, learned positions and the head start normal with standard deviation 0.02, as in transformers
    (which cuts off beyond 2, a hundred deviations away); the rest as `PatchEmbedding` and `Transformer` say.
    Sinusoidal positions are a parameter that does not learn; the class token's is 0.

    Args:
        config: sizes and kind; kept as `.config`.

    >>> model = ViT(ViTConfig(image=32, patch=8, classes=5, width=24, depth=2, heads=3, hidden=48)).eval()
    >>> pictures = torch.zeros(2, 3, 32, 32)
    >>> model(pictures).shape, model.features(pictures).shape, model.states(pictures).shape
    (torch.Size([2, 5]), torch.Size([2, 24]), torch.Size([2, 17, 24]))

    Paper: Dosovitskiy et al. (2021), "An image is worth 16x16 words", arXiv:2010.11929; sinusoidal positions as in
    He et al. (2022), "Masked autoencoders are scalable vision learners", arXiv:2111.06377.

    Built in: lesson 09.
    """

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        if not isinstance(config, ViTConfig):
            raise TypeError(f"expected a ViTConfig, got {type(config).__name__}: ViT(ViTConfig(image=64, patch=8))")
        c = self.config = config
        self.patch_embedding = PatchEmbedding(c.patch, c.channels, c.width)
        self.class_token = nn.Parameter(torch.empty(1, 1, c.width))
        learned = c.positions == "learned"
        self.position_embedding = nn.Parameter(torch.zeros(1, c.patches + 1, c.width), requires_grad=learned)
        self.dropout = nn.Dropout(c.dropout)
        self.transformer = Transformer(c.depth, c.width, c.heads, c.hidden, "pre", c.activation, c.eps, c.dropout)
        self.head = Linear(c.width, c.classes) if c.classes else nn.Identity()
        self._initialise()

    def _initialise(self) -> None:
        nn.init.normal_(self.class_token, std=0.02)
        if self.config.positions == "learned":
            nn.init.normal_(self.position_embedding, std=0.02)
        else:
            with torch.no_grad():
                self.position_embedding[0, 1:] = sinusoidal_positions_2d(self.config.grid, self.config.width)
        if isinstance(self.head, Linear):
            nn.init.normal_(self.head.weight, std=0.02)
            nn.init.zeros_(self.head.bias)

    def embed(self, images: Tensor, *, interpolate: bool = False) -> Tensor:
        """The patches' vectors, each plus its position; no class token.

        Args:
            images: (B, C, H, W) float, about -1 to 1 as `to_tensor` makes them.
            interpolate: take pictures of other sizes too, any of whole patches: positions are resized to their grid.

        Returns (B, N, D). Raises TypeError, ValueError: see `patchify`; ValueError for another size.
        """
        vectors: Tensor = self.patch_embedding(images)  # (B, N, D)
        positions, grid = self.position_embedding[0, 1:], self.patch_embedding.grid(images)
        if grid != self.config.grid:
            if not interpolate:
                raise ValueError(
                    f"expected pictures of {self.config.image} x {self.config.image}, as this model has learned, got "
                    f"{images.shape[2]} x {images.shape[3]}: resize them, or pass interpolate=True, "
                    "which resizes the positions"
                )
            positions = interpolate_positions(positions, self.config.grid, grid)  # (N, D)
        return vectors + positions  # (B, N, D)

    def with_class(self, tokens: Tensor) -> Tensor:
        """Put the class token, plus its position, in front of some tokens: (B, N, D) -> (B, N + 1, D).

        N is any number: a masked autoencoder has left out some of `embed`'s. Raises TypeError, ValueError for what are
        no vectors of this width.
        """
        require_vectors(tokens, self.config.width, self, "tokens")
        first = self.class_token + self.position_embedding[:, :1]  # (1, 1, D)
        return torch.cat([first.expand(len(tokens), -1, -1), tokens], dim=1)  # (B, N + 1, D)

    def states(
        self, images: Tensor, *, interpolate: bool = False, return_weights: bool = False
    ) -> Tensor | tuple[Tensor, Tensor]:
        """What the encoder says of each token, after the last norm: the class token's first, then the patches'.

        Args as in `embed`; return_weights: return weights (B, depth, heads, N + 1, N + 1) as well.

        Returns (B, N + 1, D), or (that, weights).
        """
        x = self.dropout(self.with_class(self.embed(images, interpolate=interpolate)))  # (B, N + 1, D)
        out: Tensor | tuple[Tensor, Tensor] = self.transformer(x, return_weights=return_weights)
        return out

    def pool(self, states: Tensor) -> Tensor:
        """(B, N + 1, D) states -> (B, D): the class token's, or the mean of the patches', which come after it."""
        require_vectors(states, self.config.width, self, "states")
        if states.shape[1] < 2:
            raise ValueError(f"expected states of a class token and patches, got {tuple(states.shape)}: no patches")
        return states[:, 0] if self.config.pooling == "class" else states[:, 1:].mean(dim=1)

    def features(self, images: Tensor, *, interpolate: bool = False) -> Tensor:
        """(B, C, H, W) -> (B, D), what is there; args and errors as in `embed`."""
        states = self.states(images, interpolate=interpolate)
        assert isinstance(states, Tensor)
        return self.pool(states)

    def forward(self, images: Tensor, *, interpolate: bool = False) -> Tensor:
        """(B, C, H, W) -> (B, classes) logits, or (B, D) features with classes=0; args and errors as in `embed`."""
        logits: Tensor = self.head(self.features(images, interpolate=interpolate))
        return logits
