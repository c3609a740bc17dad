"""A small language model of scene captions, English and Chinese: the decoder of lesson 08, trained for longer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mmlearn.types import FloatArray

if TYPE_CHECKING:
    from mmlearn.data.bpe import BPE
    from mmlearn.encode.text import TextTransformer
    from mmlearn.train.card import Card
    from mmlearn.train.checkpoint import Trained

SCENES, EPOCHS, BATCH, RATE, WARMUP = 40_000, 1.5, 64, 3e-3, 20
VOCABULARY, END = 1000, "<end>"
LANGUAGES = ("en", "zh")
HELD = ("test", "new_background", "new_relation")
Texts = list[tuple[str, str]]  # (language, caption)


def train(quick: bool = False) -> Trained:
    """Tokenizer and decoder from the same captions; `quick` takes few of them and a few steps, to see that it runs."""
    from mmlearn.data.bpe import BPE
    from mmlearn.encode.text import TextConfig
    from mmlearn.predict.ngram_language import NgramLanguageModel
    from mmlearn.train.checkpoint import Trained

    texts = told(300 if quick else SCENES, "train")
    bpe = BPE.train([text for _, text in texts], VOCABULARY, special=(END,))
    rows = [begun(bpe, text) for _, text in texts]
    config = TextConfig(
        len(bpe), positions=64, width=128, depth=3, heads=4, hidden=512,
        causal=True, norm="pre", activation="gelu_tanh", eps=1e-5,
    )  # fmt: skip
    model = train_lm(rows, config, steps=3 if quick else None)
    grams = NgramLanguageModel(5, len(bpe)).fit([row[1:] for row in rows])
    card = _card(model, grams, bpe, texts, 20 if quick else 1000)
    return Trained(model, config, card, {"tokenizer.json": _tokenizer_file(bpe)})


def told(n: int, split: str, seed: int = 0) -> Texts:
    """The captions of n scenes, each in both languages."""
    from mmlearn.data import scenes

    found = scenes(n, seed=seed, size=32, split=split)
    return [(language, str(found.captions[language][i])) for i in range(n) for language in LANGUAGES]


def begun(bpe: BPE, text: str) -> list[int]:
    """Its ids between two end tokens: the first is what the model starts from."""
    return [0, *bpe.encode(text), 0]


def train_lm(rows: list[list[int]], config: object, steps: int | None = None, seed: int = 0) -> TextTransformer:
    """A decoder of this size, trained on these texts; `steps` other than None cuts it short."""
    from mmlearn.encode.text import TextTransformer
    from mmlearn.train.fit import fit
    from mmlearn.train.language import next_token_loss
    from mmlearn.train.optimisers import muon
    from mmlearn.train.schedule import cosine
    from mmlearn.train.seed import seed_everything
    from mmlearn.train.text_batches import TextBatches

    seed_everything(seed)
    model = TextTransformer(config)  # type: ignore[arg-type]
    batches = TextBatches(rows, BATCH, seed)
    steps = steps or int(EPOCHS * batches.epoch_steps)
    history = fit(
        model,
        lambda model, batch: next_token_loss(model.logits(model(batch[0])), *batch),
        batches,
        steps=steps,
        optimiser=muon(model, RATE),
        schedule=cosine(steps, min(WARMUP, steps - 1)),
    )
    history.require_whole()
    return model


def _card(model: TextTransformer, grams: object, bpe: BPE, texts: Texts, n: int) -> Card:
    from mmlearn.train.card import Card

    scores: dict[str, str] = {}
    for split in HELD:
        scores |= _scores(model, grams, bpe, split, n)
    scores["sampled captions that the grammar knows"] = _grammatical(model, bpe, n)
    return Card(
        what="Writes captions of sticker scenes, English or Chinese, token by token, from <end> (id 0) to <end>.",
        data=(
            f"Captions of {len(texts) // 2} scenes (split train, seed 0), English and Chinese, made by this course; "
            f"about one combination in eight is held out of them. Byte-level BPE, {len(bpe)} tokens, learned from "
            f"the same captions (tokenizer.json). Scores on {n} captions of each split; intervals: 95 %, bootstrap by "
            "caption."
        ),
        seeds="scenes 0, weights 0, batches 0, sampling 0",
        scores=scores,
        licence="weights MIT, as the course; the captions are the course's own",
        limits="Knows 210 things, eight places and eight ways to put a sentence, and nothing else.",
    )


def _scores(model: TextTransformer, grams: object, bpe: BPE, split: str, n: int) -> dict[str, str]:
    """Perplexity per token on one split: the model, the 5-gram model, and the best that is possible."""
    import torch

    from mmlearn.data.caption_odds import caption_log_probability
    from mmlearn.data.padding import pad
    from mmlearn.score.bootstrap import paired_gain
    from mmlearn.score.text import perplexity, perplexity_interval
    from mmlearn.train.language import next_token_log_probabilities

    texts = told(n // 2, split)
    rows = [begun(bpe, text) for _, text in texts]
    ids, mask = map(torch.from_numpy, pad(rows))
    ours = next_token_log_probabilities(model, ids, mask).sum(1).numpy().astype(float)
    counted = np.array([grams.log_probabilities(row[1:]).sum() for row in rows])  # type: ignore[attr-defined]
    best = np.array([caption_log_probability(text, language, split) for language, text in texts]) - math.log(2)
    tokens = np.array([len(row) - 1 for row in rows])

    def told_as(logs: FloatArray) -> str:
        low, high = perplexity_interval(logs, tokens)
        bits = -logs.mean() / math.log(2)
        return f"{perplexity(logs, tokens):.3f} ({low:.3f} to {high:.3f}); {bits:.2f} bits a caption"

    gain = paired_gain(ours / math.log(2), counted / math.log(2))
    found = {f"perplexity per token, {split}": told_as(ours), f"... 5-gram, {split}": told_as(counted)}
    found[f"... the grammar itself, {split}"] = told_as(best)
    found[f"bits a caption won over 5-grams, {split}"] = "{:.2f} ({:.2f} to {:.2f}), paired".format(*gain)
    return found


def _grammatical(model: TextTransformer, bpe: BPE, n: int) -> str:
    import torch

    from mmlearn.data.caption_parse import parse
    from mmlearn.predict.sampling import generate
    from mmlearn.score.interval import wilson_interval

    start = torch.zeros(n, 1, dtype=torch.long)
    written = generate(model, start, steps=60, end=0, generator=torch.Generator().manual_seed(0))
    hits = [any(parse(text, language) for language in LANGUAGES) for text in map(bpe.decode, written.tolist())]
    low, high = wilson_interval(hits)
    return f"{np.mean(hits):.3f} ({low:.3f} to {high:.3f}) of {n} at temperature 1"


def _tokenizer_file(bpe: BPE) -> bytes:
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        bpe.save(Path(folder) / "tokenizer.json")
        return (Path(folder) / "tokenizer.json").read_bytes()
