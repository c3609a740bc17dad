"""Pictures as sentences of discrete tokens: a codebook of typical patches, and the loss of guessing hidden tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from mmlearn.blocks.patches import patchify, require_grid, unpatchify
from mmlearn.blocks.require import require_tensor, require_whole
from mmlearn.encode.masking import hidden_places
from mmlearn.encode.pictures import as_levels, range_of
from mmlearn.encode.tensors import to_images, to_tensor
from mmlearn.encode.visual_words import codebook, nearest_words
from mmlearn.types import FloatArray, IntArray, UInt8Array
from mmlearn.view.images import on_white

BATCH = 256  # pictures whose patches are compared with the tokens at a time: it bounds the memory


class PatchCodebook(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Each patch of a picture becomes the number of the typical patch that is nearest: a picture in discrete tokens.

    `fit` cuts the training pictures by `patchify` and k-means finds `n_tokens` centres c_k (`codebook`, the one of
    visual words) of the **different** patches: each counts once, blank paper too. ``token(x) = argmin_k |x - c_k|^2``;
    `decode` puts the centres back side by side. Tokens are numbered from the darkest centre to the lightest. BEiT's
    tokens come from a trained network instead (the dVAE of DALL-E, 8,192 of them), which sees more than a patch and
    forgets shades of colour; a centre is a blurred patch.

    Args:
        n_tokens: K, how many, 1 or more, at most as many as the training pictures have different patches.
        patch: P, side of a patch in pixels; it divides the sides of all pictures, which are of one size.
        max_patches: on how many k-means runs at most, a random sample.
        image_shape: for flattened rows (N, D): (H, W) or (H, W, C), as in `mmlearn.encode.pictures.as_levels`.
        random_state: of k-means and its sample.

    Attributes: centres_ (K, P * P * C) float32, about -1 to 1 as `to_tensor` makes pictures, in `patchify`'s order;
    grid_, (rows, columns) of patches in the training pictures; channels_; value_range_, for rows, else None.
    Raises ValueError and TypeError for bad pictures or settings.

    >>> pictures = np.random.default_rng(0).integers(0, 256, (6, 8, 12, 3), dtype=np.uint8)
    >>> book = PatchCodebook(n_tokens=5, patch=4).fit(pictures)
    >>> ids = book.tokens(pictures)
    >>> ids.shape, book.decode(ids, grid=(2, 3)).shape
    ((6, 6), (6, 8, 12, 3))

    Paper: Bao et al. (2022), "BEiT: BERT pre-training of image transformers", arXiv:2106.08254.

    Built in: lesson 10.
    """

    def __init__(
        self,
        n_tokens: int = 256,
        patch: int = 8,
        max_patches: int = 60_000,
        image_shape: Sequence[int] | None = None,
        random_state: Any = 0,
    ) -> None:
        self.n_tokens = n_tokens
        self.patch = patch
        self.max_patches = max_patches
        self.image_shape = image_shape
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> PatchCodebook:
        """Learn the tokens of the training pictures; `y` is ignored.

        X: (N, H, W) or (N, H, W, C) uint8, or floats 0 to 1, or a list of such pictures, RGBA laid on white; or what
        `to_tensor` made of them, (N, C, H, W); or, with `image_shape`, rows (N, D).
        """
        n_tokens, most = require_whole(self.n_tokens, "n_tokens", 1), require_whole(self.max_patches, "max_patches", 1)
        images = self._images(X, reset=True)
        patches = self._patches(images)  # (N, patches a picture, P P C)
        # Each different patch once: else blank paper, half of all patches, would get several tokens that are all but
        # equal, and rounding would choose among them.
        different = {row.tobytes(): row for row in patches.reshape(-1, patches.shape[-1])}
        rows = np.stack(list(different.values()))  # (different patches, P P C)
        if len(rows) < n_tokens:
            raise ValueError(
                f"expected {n_tokens} different patches or more to find n_tokens={n_tokens} in, got {len(rows)} in "
                f"{len(images)} pictures: ask for fewer tokens, or smaller patches"
            )
        centres = codebook([rows], n_tokens, max(most, n_tokens), self.random_state)  # (K, P P C)
        self.centres_: FloatArray = centres[np.argsort(centres.mean(axis=1), kind="stable")]
        self.grid_ = images.shape[1] // self.patch, images.shape[2] // self.patch
        self.channels_ = images.shape[3]
        return self

    def tokens(self, X: Any) -> IntArray:
        """(N, patches a picture) int64, 0 to K - 1, row by row as one reads. X: as in `fit`."""
        check_is_fitted(self)
        images = self._images(X, reset=False)
        if images.shape[3] != self.channels_:
            raise ValueError(f"expected pictures of {self.channels_} channels, as in fit, got {images.shape[3]}")
        found = []
        for start in range(0, len(images), BATCH):
            patches = self._patches(images[start : start + BATCH])  # (n, patches a picture, P P C)
            ids = nearest_words(patches.reshape(-1, patches.shape[-1]), self.centres_)
            found.append(ids.reshape(patches.shape[:2]))  # (n, patches a picture)
        return np.concatenate(found)

    def transform(self, X: Any) -> IntArray:
        """`tokens`, by the name that scikit-learn's pipelines call."""
        return self.tokens(X)

    def decode(self, ids: ArrayLike, grid: tuple[int, int] | None = None) -> UInt8Array:
        """Pictures made of the centres of their tokens: what is left of them after `tokens`.

        Args:
            ids: (N, rows * columns) whole numbers, 0 to K - 1.
            grid: (rows, columns) of patches; that of the training pictures where left out.

        Returns (N, H, W) uint8 for pictures of one channel, (N, H, W, C) else. Raises TypeError, ValueError.
        """
        check_is_fitted(self)
        rows, columns = self.grid_ if grid is None else require_grid(grid, "grid")
        numbers = np.asarray(ids)
        if numbers.dtype.kind not in "iu":
            raise TypeError(f"expected ids of whole numbers, got {numbers.dtype}: logits become ids by argmax(-1)")
        if numbers.ndim != 2 or numbers.shape[1] != rows * columns:
            raise ValueError(f"expected ids (N, {rows * columns}) for {rows} x {columns} patches, got {numbers.shape}")
        if numbers.size and not 0 <= numbers.min() <= numbers.max() < len(self.centres_):
            raise ValueError(
                f"expected ids from 0 to {len(self.centres_) - 1}, got {numbers.min()} to {numbers.max()}: "
                "are they another codebook's?"
            )
        patches = torch.from_numpy(self.centres_[numbers])  # (N, rows * columns, P P C)
        return to_images(unpatchify(patches, self.patch, (rows, columns)))

    def pictures(self) -> UInt8Array:
        """Every token as a small picture, to look at: (K, P, P) uint8 for one channel, (K, P, P, C) else."""
        check_is_fitted(self)
        return self.decode(np.arange(len(self.centres_))[:, None], grid=(1, 1))

    def _images(self, X: Any, reset: bool) -> UInt8Array:
        """Pictures of one size and kind, (N, H, W, C) uint8, C 1 or 3."""
        if isinstance(X, Tensor):
            if X.is_floating_point() and X.numel() and float(X.abs().max()) > 3:  # an augmented one may pass 1
                raise ValueError(
                    f"expected a tensor of about -1 to 1, as to_tensor makes it, got {float(X.min()):.3g} to "
                    f"{float(X.max()):.3g}: are these levels 0 to 255? Divide by 127.5 and subtract 1"
                )
            X = to_images(X)
        if self.image_shape is not None:
            X = validate_data(self, X, reset=reset)
        if reset:
            self.value_range_ = None if self.image_shape is None else range_of(X)
        levels = [_opaque(each) for each in as_levels(X, self.image_shape, self.value_range_)]
        shapes = sorted({each.shape for each in levels})
        if len(shapes) > 1:
            raise ValueError(f"expected pictures of one size and kind, got {shapes[0]} and {shapes[1]}: resize them")
        return np.stack(levels)

    def _patches(self, images: UInt8Array) -> FloatArray:
        patches: FloatArray = patchify(to_tensor(images), require_whole(self.patch, "patch", 1)).numpy()
        return patches  # (N, patches a picture, P P C) float32

    @property
    def _n_features_out(self) -> int:
        """For scikit-learn's get_feature_names_out."""
        return int(self.grid_[0] * self.grid_[1])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # ids are whole numbers, whatever comes in
        return tags


def masked_token_loss(logits: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
    """How badly hidden tokens were guessed: the mean of ``-log softmax(logits)[token]`` over the hidden places.

    BEiT's loss, and BERT's. Equal to ``F.cross_entropy(logits.transpose(1, 2), where(mask, tokens, -100))``, which
    skips -100 and is NaN where nothing is hidden; that is refused here.

    Args:
        logits: (B, N, K) float.
        tokens: (B, N) int64, 0 to K - 1, also where nothing is hidden.
        mask: (B, N), 1 = hidden, 0 = seen; or bool, True = hidden.

    Returns (), 0 or more; log K for one who knows nothing. Raises TypeError for what is no tensor or of another type;
    ValueError for shapes that do not fit, ids out of range, a mask of other numbers or one that hides nothing.

    >>> logits = torch.tensor([[[9.0, 0.0], [0.0, 0.0]]])
    >>> masked_token_loss(logits, torch.tensor([[1, 0]]), torch.tensor([[0, 1]]))  # the second alone: log 2
    tensor(0.6931)

    Paper: Bao et al. (2022), "BEiT: BERT pre-training of image transformers", section 2.3, arXiv:2106.08254.

    Built in: lesson 10.
    """
    require_tensor(logits, "logits")
    require_tensor(tokens, "tokens")
    if not logits.is_floating_point():
        raise TypeError(f"expected logits of floats, got {logits.dtype}: are logits and tokens the wrong way round?")
    if tokens.dtype not in (torch.int64, torch.int32):
        raise TypeError(f"expected tokens of whole numbers, int64, got {tokens.dtype}: use .long()")
    if logits.ndim != 3 or tokens.shape != logits.shape[:2]:
        raise ValueError(
            f"expected logits (B, N, K) and tokens (B, N), got {tuple(logits.shape)} and {tuple(tokens.shape)}: "
            "F.cross_entropy wants K second, here it comes last; the class token has no logits"
        )
    hidden = hidden_places(mask, tuple(tokens.shape), logits)  # (B, N)
    ids, kinds = tokens[hidden].long(), logits.shape[2]  # (hidden,)
    if int(tokens.min()) < 0 or int(tokens.max()) >= kinds:
        raise ValueError(f"expected tokens from 0 to {kinds - 1}, got {int(tokens.min())} to {int(tokens.max())}")
    odds = logits[hidden].log_softmax(-1)  # (hidden, K)
    return -odds.gather(1, ids[:, None]).mean()


def _opaque(picture: UInt8Array) -> UInt8Array:
    """(H, W, C), C 1 or 3: RGBA is laid on white paper."""
    channels = picture[..., None] if picture.ndim == 2 else picture  # (H, W, C)
    return on_white(channels) if channels.shape[2] == 4 else channels
