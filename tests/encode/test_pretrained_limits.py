"""A sentence encoder of any model and tokenizer: what it refuses, and where its limit is."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from mmlearn.encode.pretrained import SentenceEncoder
from mmlearn.encode.text import TextConfig, TextTransformer


def words() -> Tokenizer:
    """[CLS], "cat" as often as it stands there, [SEP]."""
    made = Tokenizer(models.WordLevel({"[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "cat": 3, "[UNK]": 4}, "[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    return made


def encoder(tokenizer: Any = None, limit: Any = 256, causal: bool = False, dropout: float = 0.0) -> SentenceEncoder:
    config = TextConfig(5, 256, 8, 1, 2, 12, causal, "post", "gelu", 1e-5, segments=2, dropout=dropout)
    return SentenceEncoder(TextTransformer(config), tokenizer or words(), limit)


def test_a_text_of_exactly_the_limit_is_whole() -> None:
    made = encoder()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made.encode(["cat " * 254])
    assert made.tokens("cat " * 254) == ["[CLS]", *["cat"] * 254, "[SEP]"] == made.tokens("cat " * 255)
    with pytest.warns(UserWarning, match="text 0 has 257"):
        made.encode(["cat " * 255])


def test_training_in_between_does_not_make_it_random() -> None:
    made = encoder(dropout=0.5)
    before = made.encode(["cat cat", "cat"])
    made.model.train()
    assert np.array_equal(made.encode(["cat cat", "cat"]), before)


def test_what_would_give_wrong_vectors_is_refused() -> None:
    padding, cutting = words(), words()
    padding.enable_padding(length=9)
    cutting.enable_truncation(9)
    for tokenizer in (padding, cutting):
        with pytest.raises(ValueError, match=r"neither pads nor cuts, or \[PAD\] would count as a word"):
            encoder(tokenizer)
    with pytest.raises(ValueError, match="expected a two-way model, got a causal one"):
        encoder(causal=True)
    for limit in (2, 257, 10.5):
        with pytest.raises(ValueError, match="limit of 3 to 256 tokens"):
            encoder(limit=limit)
    made = encoder(limit=3)
    for size in (0, -1, 2.5, None):
        with pytest.raises(ValueError, match="batch size of at least 1, a whole number"):
            made.encode(["cat"], batch_size=size)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected several texts, got NoneType"):
        made.encode(None)  # type: ignore[arg-type]
