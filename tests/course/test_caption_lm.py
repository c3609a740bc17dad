"""The shipped caption model: whole, near the floor of its language, and its tokenizer is the library's too."""

from __future__ import annotations

import numpy as np
import torch
from tokenizers import Tokenizer

from mmlearn.course.recipes.caption_lm import HELD, LANGUAGES, begun, told
from mmlearn.data.bpe import BPE
from mmlearn.data.caption_odds import caption_log_probability
from mmlearn.data.caption_parse import parse
from mmlearn.data.padding import pad
from mmlearn.encode.text import TextConfig, TextTransformer
from mmlearn.predict.sampling import generate
from mmlearn.train.checkpoint import checkpoint_file, load_checkpoint
from mmlearn.train.language import next_token_log_probabilities


def shipped() -> tuple[TextTransformer, BPE]:
    model = load_checkpoint("caption-lm", lambda config: TextTransformer(TextConfig(**config)))
    return model, BPE.load(checkpoint_file("caption-lm", "tokenizer.json"))


def test_it_comes_within_two_bits_of_the_floor_on_unseen_scenes() -> None:
    model, bpe = shipped()
    texts = told(100, HELD[0], seed=9)
    ids, mask = map(torch.from_numpy, pad([begun(bpe, text) for _, text in texts]))
    ours = next_token_log_probabilities(model, ids, mask).sum(1).numpy()
    best = np.array([caption_log_probability(text, language, HELD[0]) for language, text in texts]) - np.log(2)
    assert 0 < (best - ours).mean() / np.log(2) < 2


def test_what_it_writes_is_mostly_grammatical_and_begins_as_told() -> None:
    model, bpe = shipped()
    start = torch.zeros(100, 1, dtype=torch.long)
    written = generate(model, start, steps=60, end=0, generator=torch.Generator().manual_seed(3))
    assert np.mean([any(parse(text, each) for each in LANGUAGES) for text in map(bpe.decode, written.tolist())]) > 0.8
    begin = "There are three"
    told_on = generate(model, torch.tensor([[0, *bpe.encode(begin)]]), steps=40, temperature=0, end=0)
    assert bpe.decode(told_on[0].tolist()).startswith(begin)


def test_the_library_opens_its_tokenizer() -> None:
    theirs = Tokenizer.from_file(str(checkpoint_file("caption-lm", "tokenizer.json")))
    _, bpe = shipped()
    for _, text in told(20, "new_relation"):
        assert theirs.encode(text).ids == bpe.encode(text)
