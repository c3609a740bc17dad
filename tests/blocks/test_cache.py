"""The cache grows in order, and refuses another batch."""

from __future__ import annotations

import pytest
import torch

from mmlearn.blocks.cache import Cache, LayerCache


def test_a_cache_grows_in_order() -> None:
    k, v = torch.randn(2, 3, 6, 4), torch.randn(2, 3, 6, 4)
    cache = LayerCache()
    assert cache.length == 0
    for start, end in ((0, 3), (3, 4), (4, 6)):
        keys, values = cache.extend(k[:, :, start:end], v[:, :, start:end])
        assert torch.equal(keys, k[:, :, :end]) and torch.equal(values, v[:, :, :end]) and cache.length == end


def test_a_cache_has_its_own_layers() -> None:
    cache = Cache(3)
    layers = list(cache)
    assert len(cache) == len(layers) == 3 and len({id(layer) for layer in layers}) == 3 and cache[1] is layers[1]
    cache[0].extend(torch.ones(1, 1, 2, 1), torch.ones(1, 1, 2, 1))
    assert cache.length == 2 and cache[1].length == 0
    with pytest.raises(ValueError, match="a depth of at least 1, got 0"):
        Cache(0)


@pytest.mark.parametrize("shape", [(1, 3, 1, 4), (2, 2, 1, 4), (2, 3, 1, 5)])
def test_a_cache_of_another_batch_is_refused(shape: tuple[int, ...]) -> None:
    cache = LayerCache()
    cache.extend(torch.ones(2, 3, 6, 4), torch.ones(2, 3, 6, 4))
    with pytest.raises(ValueError, match="a new batch needs a new cache"):
        cache.extend(torch.ones(shape), torch.ones(shape))
    assert cache.length == 6


def test_keys_and_values_that_do_not_belong_together_are_refused() -> None:
    cache, k = LayerCache(), torch.ones(2, 3, 6, 4)
    for values in (k[:, :, :5], k[:1], k[..., :2], k.double()):
        with pytest.raises(ValueError, match=r"keys and values of one shape .* got \(2, 3, 6, 4\) torch\.float32 and"):
            cache.extend(k, values)
    with pytest.raises(ValueError, match=r"\(B, heads, N, D / heads\)"):
        cache.extend(k[0], k[0])
    cache.extend(k, k)
    with pytest.raises(ValueError, match=r"batch, heads, width and type must stay"):
        cache.extend(k.double(), k.double())
    assert cache.length == 6
