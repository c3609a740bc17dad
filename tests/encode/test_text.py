"""TextTransformer against BertModel and GPT2LMHeadModel, with cache and without; what padding may not change."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel, GPT2Config, GPT2LMHeadModel

from mmlearn.blocks.cache import Cache
from mmlearn.bridge import load
from mmlearn.bridge.perturb import perturb_
from mmlearn.encode import text as module
from mmlearn.encode.text import TextConfig, TextTransformer

ENCODER = TextConfig(23, 11, 12, 3, 3, 20, causal=False, norm="post", activation="gelu", eps=1e-12, segments=2)
DECODER = TextConfig(29, 13, 12, 3, 2, 20, causal=True, norm="pre", activation="gelu_tanh", eps=1e-5)
B, T = 4, 7


def bert(eps: float = 1e-12) -> tuple[TextTransformer, BertModel]:
    """Theirs, every parameter perturbed, and ours with its weights; eager attention, no dropout."""
    config = BertConfig(
        vocab_size=23, max_position_embeddings=11, hidden_size=12, num_hidden_layers=3, num_attention_heads=3,
        intermediate_size=20, hidden_act="gelu", layer_norm_eps=eps, type_vocab_size=2, pad_token_id=0,
        attn_implementation="eager",
    )  # fmt: skip
    theirs = perturb_(BertModel(config, add_pooling_layer=False).eval())
    return load(module.TextTransformer(replace(ENCODER, eps=eps)).eval(), theirs), theirs


def gpt2() -> tuple[TextTransformer, GPT2LMHeadModel]:
    """Theirs, every parameter perturbed, and ours with its weights; eager attention, no dropout."""
    config = GPT2Config(
        vocab_size=29, n_positions=13, n_embd=12, n_layer=3, n_head=2, n_inner=20, activation_function="gelu_new",
        layer_norm_epsilon=1e-5, bos_token_id=1, eos_token_id=2, pad_token_id=0, attn_implementation="eager",
    )  # fmt: skip
    theirs = perturb_(GPT2LMHeadModel(config).eval())
    return load(module.TextTransformer(DECODER).eval(), theirs), theirs


def ids(most: int, t: int = T, b: int = B, seed: int = 0) -> Tensor:
    """Never id 0: transformers gives its padding id's vector no gradient."""
    return torch.randint(1, most, (b, t), generator=torch.Generator().manual_seed(seed))


def close(ours: Tensor, theirs: Tensor) -> None:
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


REAL = torch.arange(T) < torch.tensor([[7], [3], [1], [6]])  # (B, T), padding on the right


def gradients(out: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
    loss = (out * torch.linspace(-1, 2, out.numel()).reshape(out.shape)).sum()
    return torch.autograd.grad(loss, inputs)


def test_encoder_is_bert() -> None:
    x, kinds = ids(23), ids(3, seed=1) - 1
    for eps in (1e-12, 1e-2):
        ours, theirs = bert(eps)
        for mask, segments in ((None, None), (REAL, None), (REAL, kinds)):
            mine = ours(x, mask, segments=segments)
            other = theirs(x, attention_mask=None if mask is None else mask.long(), token_type_ids=segments)[0]
            real = torch.ones_like(REAL) if mask is None else mask
            close(mine[real], other[real])
            table = theirs.embeddings
            for got, due in zip(
                gradients(mine[real], ours.token_embedding.weight, ours.position_embedding.weight,
                          ours.segment_embedding.weight, ours.embedding_norm.weight),
                gradients(other[real], table.word_embeddings.weight, table.position_embeddings.weight,
                          table.token_type_embeddings.weight, table.LayerNorm.weight),
                strict=True,
            ):  # fmt: skip
                close(got, due)


def test_decoder_is_gpt2() -> None:
    ours, theirs = gpt2()
    x = ids(29)
    for mask in (None, REAL):
        mine = ours.logits(ours(x, mask))
        other = theirs(x, attention_mask=None if mask is None else mask.long()).logits
        real = torch.ones_like(REAL) if mask is None else mask
        close(mine[real], other[real])
        for got, due in zip(
            gradients(mine[real], ours.token_embedding.weight, ours.position_embedding.weight),
            gradients(other[real], theirs.transformer.wte.weight, theirs.transformer.wpe.weight),
            strict=True,
        ):
            close(got, due)


def test_weights_are_the_attentions_of_the_libraries() -> None:
    x = ids(23)
    for ours, theirs in (bert(), gpt2()):
        out, weights = ours(x, REAL, return_weights=True)
        close(out, ours(x, REAL))
        others = theirs(x, attention_mask=REAL.long(), output_attentions=True).attentions
        close(weights, torch.stack(others, dim=1))  # (B, depth, heads, T, T)


def chunks(model: TextTransformer, x: Tensor, sizes: tuple[int, ...], mask: Tensor | None = None) -> Tensor:
    """The states of x, read in pieces with a cache."""
    cache, states, end = model.new_cache(), [], 0
    for size in sizes:
        end += size
        states.append(model(x[:, end - size : end], None if mask is None else mask[:, :end], cache=cache))
        assert cache.length == end
    return torch.cat(states, dim=1)


def test_a_cache_changes_nothing_however_it_is_fed() -> None:
    ours, _ = gpt2()
    x = ids(29)
    for sizes in ((1,) * 7, (7,), (3, 1, 2, 1), (1, 6), (6, 1)):
        close(chunks(ours, x, sizes), ours(x))
        close(chunks(ours, x, sizes, REAL)[REAL], ours(x, REAL)[REAL])


def test_a_cache_gives_what_gpt2s_own_gives() -> None:
    ours, theirs = gpt2()
    x = ids(29)
    cache, past = ours.new_cache(), None
    for part in x.split([3, 1, 1, 2], dim=1):
        other = theirs(part, past_key_values=past, use_cache=True)
        past = other.past_key_values
        close(ours.logits(ours(part, cache=cache)), other.logits)


def test_gradients_go_through_the_cache() -> None:
    ours, _ = gpt2()
    x, found = ids(29), []
    for sizes in ((T,), (2, 3, 2)):
        cache = ours.new_cache()
        out = torch.cat([ours(part, cache=cache) for part in x.split(list(sizes), dim=1)], dim=1)
        found.append(gradients(out, *ours.parameters()))
    for got, due in zip(found[1], found[0], strict=True):
        torch.testing.assert_close(got, due, atol=1e-4, rtol=1e-4)


def test_the_first_id_learns_among_real_tokens_in_bert_it_does_not() -> None:
    ours, theirs = bert()
    x = ids(23)
    x[:, 2] = 0
    mine, other = ours(x), theirs(x)[0]
    close(mine, other)
    got, due = (
        gradients(mine, ours.token_embedding.weight)[0],
        gradients(other, theirs.embeddings.word_embeddings.weight)[0],
    )
    close(got[1:], due[1:])
    assert got[0].any() and not due[0].any()  # its padding_idx


def test_dropout_of_the_config_reaches_embedding_and_blocks() -> None:
    model, seen = TextTransformer(replace(ENCODER, dropout=0.25)).train(), []
    assert [m.p for m in model.modules() if isinstance(m, nn.Dropout)] == [0.25] * 4  # the embeddings', three blocks'
    model.transformer.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    model(ids(23))
    assert (seen[0] == 0).any()  # the norm comes first, then dropout


def test_the_last_position_and_the_first_id_too_many() -> None:
    encoder = TextTransformer(ENCODER)
    assert encoder(ids(23, t=11)).shape == (B, 11, 12)
    with pytest.raises(ValueError, match="ids from 0 to 22, got 23 to 23"):
        encoder(torch.tensor([[23]]))


def test_two_caches_do_not_mix() -> None:
    ours, _ = gpt2()
    one, two = ids(29), ids(29, seed=1)
    a, b = ours.new_cache(), ours.new_cache()
    ours(one[:, :4], cache=a), ours(two[:, :2], cache=b)
    close(ours(one[:, 4:], cache=a), ours(one)[:, 4:])
    close(ours(two[:, 2:], cache=b), ours(two)[:, 2:])


def test_padding_changes_no_real_token() -> None:
    for ours, most in ((bert()[0], 23), (gpt2()[0], 29)):
        x = ids(most)
        other = torch.where(REAL, x, ids(most, seed=5))
        close(ours(other, REAL)[REAL], ours(x, REAL)[REAL])
        for i, n in enumerate(REAL.sum(1).tolist()):
            close(ours(x, REAL)[i, :n], ours(x[i : i + 1, :n])[0])
        assert ours(x, torch.zeros(B, T).bool()).isfinite().all()  # nobody sees anything


def test_a_decoder_does_not_see_the_future_an_encoder_does() -> None:
    x = ids(23)
    y = x.clone()
    y[:, 4] = (y[:, 4] + 1) % 23
    decoder, encoder = gpt2()[0], bert()[0]
    close(decoder(y)[:, :4], decoder(x)[:, :4])
    for model, first in ((decoder, 4), (encoder, 0)):
        assert ((model(y) - model(x)).abs().amax(-1)[:, first:] > 1e-4).all()


def test_the_order_of_tokens_matters() -> None:
    for model, most in ((bert()[0], 23), (gpt2()[0], 29)):
        x = ids(most)
        assert ((model(x.flip(1)).flip(1) - model(x)).abs().amax(-1) > 1e-3).all()


def test_parts_and_how_they_start() -> None:
    torch.manual_seed(0)
    encoder, decoder = (TextTransformer(replace(c, vocabulary=400, width=48)) for c in (ENCODER, DECODER))
    assert isinstance(encoder.embedding_norm, nn.LayerNorm) and isinstance(decoder.embedding_norm, nn.Identity)
    assert hasattr(encoder, "segment_embedding") and not hasattr(decoder, "segment_embedding")
    for table in (encoder.token_embedding, encoder.position_embedding, encoder.segment_embedding):
        assert float(table.weight.detach().std()) == pytest.approx(0.02, rel=0.15)
    states = torch.randn(2, 3, 48)
    assert torch.equal(decoder.logits(states), states @ decoder.token_embedding.weight.T)
    odds = decoder.logits(decoder(ids(400))).detach().flatten(0, 1).log_softmax(-1)  # (B T, V)
    loss = nn.functional.nll_loss(odds, ids(400, seed=1).flatten())
    assert float(loss) == pytest.approx(math.log(400), abs=0.1)  # it starts by knowing nothing


def test_every_parameter_learns() -> None:
    encoder, decoder = TextTransformer(ENCODER), TextTransformer(DECODER)
    decoder.logits(decoder(ids(29))).pow(2).sum().backward()
    encoder(ids(23), segments=ids(3) - 1)[..., 0].sum().backward()
    for model in (encoder, decoder):
        assert all(parameter.grad is not None for parameter in model.parameters())


def test_float64_and_saving() -> None:
    ours = TextTransformer(DECODER).double().eval()
    assert ours(ids(29)).dtype == torch.float64
    again = TextTransformer(DECODER).double().eval()
    again.load_state_dict(ours.state_dict(), strict=True)
    assert torch.equal(again(ids(29)), ours(ids(29))) and ours(ids(29).int()).shape == (B, T, 12)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"depth": 0}, "depth of at least 1, got 0"),
        ({"vocabulary": -3}, "vocabulary of at least 1, got -3"),
        ({"heads": 5}, "a multiple of the heads, got 12 and 5"),
        ({"norm": "both"}, 'norm "pre" or "post", got \'both\''),
        ({"activation": "gelu_new"}, "an activation of relu, gelu"),
        ({"dropout": 1.0}, r"dropout from 0 to below 1 .* got 2, 1\.0"),
        ({"segments": -1}, "segments of 0 or more"),
        ({"eps": 0.0}, "eps above 0"),
        ({"eps": math.nan}, "eps above 0"),
        ({"eps": math.inf}, "eps above 0 and finite"),
    ],
)
def test_a_config_that_no_model_can_have_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        replace(ENCODER, **changes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"causal": "no"}, r"causal True \(decoder\) or False \(encoder\), got 'no'"),
        ({"width": 12.0}, "width as a whole number, got 12.0"),
        ({"segments": 2.0}, "segments as a whole number"),
        ({"depth": True}, "depth as a whole number, got True"),
    ],
)
def test_a_config_of_other_types_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(TypeError, match=sentence):
        replace(ENCODER, **changes)


def test_a_vocabulary_counted_by_numpy_is_a_plain_number() -> None:
    config = replace(ENCODER, vocabulary=np.int64(23))  # type: ignore[arg-type]
    assert config == ENCODER and type(config.vocabulary) is int


def test_a_config_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        ENCODER.width = 3  # type: ignore[misc]
    assert ENCODER.head_width == 4


def test_refuses_bad_ids_and_segments() -> None:
    encoder, decoder = TextTransformer(ENCODER), TextTransformer(DECODER)
    x = ids(23)
    for bad, sentence in (
        (x[0], r"ids of shape \(B, T\), got \(7,\): one sequence is a batch of one: ids\[None\]"),
        (x[:, :0], r"got \(4, 0\): a sequence has at least a token"),
        (x + 20, r"ids from 0 to 22, got .* to .*: do they come from this model's tokenizer"),
        (x - 20, "ids from 0 to 22, got -"),
        (ids(23, t=12), "the sequence has 12 tokens, this model knows 11 positions: cut the text"),
    ):
        with pytest.raises(ValueError, match=sentence):
            encoder(bad)
    with pytest.raises(TypeError, match=r"ids of whole numbers, int64, got torch\.float32: use \.long\(\)"):
        encoder(x.float())
    for segments, sentence in ((x, "segments from 0 to 1"), (x[:, :3] * 0, "a segment for each id"),):  # fmt: skip
        with pytest.raises(ValueError, match=sentence):
            encoder(x, segments=segments)
    with pytest.raises(ValueError, match=r"no segments: leave them out, or build it with TextConfig\(segments=2\)"):
        decoder(x, segments=x * 0)
    assert encoder(x[:0]).shape == (0, T, 12)  # no sequences at all are none
    for given, options, sentence in (
        (x.numpy(), {}, r"expected ids as a torch\.Tensor, got ndarray: torch\.tensor\(ids\) makes one"),
        (x.tolist(), {}, "expected ids as a torch.Tensor, got list"),
        (x, {"mask": np.ones((B, T), dtype=bool)}, "expected mask as a torch.Tensor, got ndarray"),
        (x, {"segments": np.zeros((B, T), dtype=int)}, "expected segments as a torch.Tensor, got ndarray"),
    ):
        with pytest.raises(TypeError, match=sentence):
            encoder(given, **options)


def test_refuses_bad_masks_caches_and_states() -> None:
    encoder, decoder = TextTransformer(ENCODER), TextTransformer(DECODER)
    x = ids(23)
    with pytest.raises(TypeError, match=r"a bool mask, True = real token, got torch\.int64"):
        encoder(x, REAL.long())
    for mask in (REAL[:, :3], REAL[:2], REAL.T, REAL[:, None]):
        with pytest.raises(ValueError, match=r"for every token read by then, \(4, 7\), got"):
            encoder(x, mask)
    with pytest.raises(ValueError, match="only a causal model can be continued"):
        encoder.new_cache()
    with pytest.raises(ValueError, match="a cache is for causal models"):
        encoder(x, cache=Cache(3))
    cache = decoder.new_cache()
    decoder(x, cache=cache)
    with pytest.raises(ValueError, match="the sequence has 14 tokens, this model knows 13 positions"):
        decoder(x, cache=cache)
    with pytest.raises(ValueError, match=r"\(4, 8\), got \(4, 1\)"):
        decoder(x[:, :1], torch.ones(4, 1).bool(), cache=cache)
    with pytest.raises(ValueError, match="a new batch needs a new cache"):
        decoder(x[:2, :1], cache=cache)
    for states, shown in ((torch.ones(4, 7, 6), r"\(4, 7, 6\)"), (torch.tensor(1.0), r"\(\)")):
        with pytest.raises(ValueError, match=rf"states of width 12, got {shown}"):
            decoder.logits(states)
    for wrong, sentence in (
        (decoder(x, return_weights=True), "got tuple: with return_weights=True a model gives two, take the first"),
        (torch.ones(4, 12).double(), r"states of torch\.float32, as the weights are, got torch\.float64"),
        (np.ones((4, 12)), "expected states as a torch.Tensor, got ndarray"),
    ):
        with pytest.raises(TypeError, match=sentence):
            decoder.logits(wrong)


TEXT, STACK = module.TextTransformer, module.Transformer


class _Restarts(TEXT):  # type: ignore[misc, valid-type]
    """Positions begin anew with every piece."""

    def forward(self, ids: Tensor, mask: Any = None, *, cache: Any = None, **options: Any) -> Any:
        if cache is None:
            return super().forward(ids, mask, **options)
        x = self.token_embedding(ids) + self.position_embedding.weight[: ids.shape[1]]
        return self.transformer(x, mask, causal=True, cache=cache)


class _Unordered(TEXT):  # type: ignore[misc, valid-type]
    def forward(self, *given: Any, **options: Any) -> Any:
        self.position_embedding.weight.data[:] = 0
        return super().forward(*given, **options)


class _NoSegments(TEXT):  # type: ignore[misc, valid-type]
    def _segment_vectors(self, ids: Tensor, segments: Any) -> Tensor:
        return super()._segment_vectors(ids, None)


class _NoNorm(TEXT):  # type: ignore[misc, valid-type]
    def forward(self, *given: Any, **options: Any) -> Any:
        self.embedding_norm.forward = lambda x: x
        return super().forward(*given, **options)


class _OneEps(TEXT):  # type: ignore[misc, valid-type]
    def __init__(self, config: TextConfig) -> None:
        super().__init__(config)
        self.embedding_norm = nn.LayerNorm(config.width) if config.norm == "post" else nn.Identity()


class _NotTied(TEXT):  # type: ignore[misc, valid-type]
    def logits(self, states: Tensor) -> Tensor:
        return super().logits(states.roll(1, 1))


class _NoLastNorm(STACK):  # type: ignore[misc, valid-type]
    def forward(self, *given: Any, **options: Any) -> Any:
        self.norm.forward = lambda x: x
        return super().forward(*given, **options)


class _Stack(STACK):  # type: ignore[misc, valid-type]
    hidden: tuple[str, ...] = ()

    def forward(self, x: Tensor, mask: Any = None, **options: Any) -> Any:
        if "mask" in self.hidden:
            mask = None
        return super().forward(x, mask, **{k: v for k, v in options.items() if k not in self.hidden})


def _without(*names: str) -> type:
    return type("_Deaf", (_Stack,), {"hidden": names})


CACHED = test_a_cache_gives_what_gpt2s_own_gives
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("positions begin anew with every piece", "TextTransformer", _Restarts, CACHED),
    ("no positions", "TextTransformer", _Unordered, test_decoder_is_gpt2),
    ("segments are ignored", "TextTransformer", _NoSegments, test_encoder_is_bert),
    ("the embeddings' norm is skipped", "TextTransformer", _NoNorm, test_encoder_is_bert),
    ("the embeddings' norm has an eps of its own", "TextTransformer", _OneEps, test_encoder_is_bert),
    ("logits of the token before", "TextTransformer", _NotTied, test_decoder_is_gpt2),
    ("the decoder sees the future", "Transformer", _without("causal"),
     test_a_decoder_does_not_see_the_future_an_encoder_does),
    ("padding is seen", "Transformer", _without("mask"), test_padding_changes_no_real_token),
    ("no last norm", "Transformer", _NoLastNorm, test_decoder_is_gpt2),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)
