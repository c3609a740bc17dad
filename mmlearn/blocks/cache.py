"""The KV cache: keys and values of what was read already, so that each new token is computed once."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor


class LayerCache:
    """Keys and values of one attention layer, for the positions read so far.

    It grows by ``torch.cat``, which copies what was there: T tokens, one at a time, copy O(T^2) numbers in all. That
    is little beside the products they save; fast servers set the room aside beforehand.

    >>> cache = LayerCache()
    >>> k, v = cache.extend(torch.randn(1, 2, 3, 4), torch.randn(1, 2, 3, 4))
    >>> cache.extend(k[:, :, :1], v[:, :, :1])[0].shape, cache.length
    (torch.Size([1, 2, 4, 4]), 4)

    Built in: lesson 08.
    """

    def __init__(self) -> None:
        self.keys: Tensor | None = None  # (B, heads, length, D / heads)
        self.values: Tensor | None = None  # (B, heads, length, D / heads)

    @property
    def length(self) -> int:
        """How many positions it holds."""
        return 0 if self.keys is None else self.keys.shape[-2]

    def extend(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Add the keys and values of new positions; all of them so far come back.

        Args:
            k, v: (B, heads, N, D / heads) of the N new positions.

        Returns keys and values (B, heads, length, D / heads). Raises ValueError where the batch or the type has
        changed, or k and v differ; then nothing is added.
        """
        if k.ndim != 4 or k.shape != v.shape or k.dtype != v.dtype:
            raise ValueError(
                f"expected keys and values of one shape (B, heads, N, D / heads) and one type, got {_told(k)} and "
                f"{_told(v)}"
            )
        if self.keys is not None and self.values is not None:
            kept = self.keys
            if (kept.shape[:2], kept.shape[-1], kept.dtype) != (k.shape[:2], k.shape[-1], k.dtype):
                raise ValueError(
                    f"the cache holds keys of {_told(kept)}, the new ones are {_told(k)}: "
                    "batch, heads, width and type must stay; a new batch needs a new cache"
                )
            k, v = torch.cat([self.keys, k], -2), torch.cat([self.values, v], -2)
        self.keys, self.values = k, v
        return k, v


def _told(x: Tensor) -> str:
    return f"{tuple(x.shape)} {x.dtype}"


class Cache:
    """One `LayerCache` for each layer of a Transformer.

    Args:
        depth: how many layers.

    >>> cache = Cache(depth=3)
    >>> len(cache), cache.length
    (3, 0)

    Built in: lesson 08.
    """

    def __init__(self, depth: int) -> None:
        if depth < 1:
            raise ValueError(f"expected a depth of at least 1, got {depth}")
        self.layers = [LayerCache() for _ in range(depth)]

    @property
    def length(self) -> int:
        """How many positions have been read."""
        return self.layers[0].length

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, layer: int) -> LayerCache:
        return self.layers[layer]

    def __iter__(self) -> Iterator[LayerCache]:
        return iter(self.layers)
