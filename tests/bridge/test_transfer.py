"""What `load` refuses before it looks at any rule, and what it tells from the names alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn
from transformers import BertConfig, BertModel

from mmlearn.blocks.attention import MultiHeadAttention
from mmlearn.bridge import bert, export, load
from mmlearn.bridge.rules import BridgeError
from mmlearn.bridge.transfer import library_settings
from mmlearn.encode.text import TextConfig, TextTransformer

SHAPE = TextConfig(9, 5, 4, 1, 2, 6, causal=False, norm="post", activation="gelu", eps=1e-5, segments=2)


def ours(**changes: Any) -> TextTransformer:
    return TextTransformer(replace(SHAPE, **changes))


def test_what_is_no_model_and_no_weights_is_told() -> None:
    with pytest.raises(BridgeError, match="a library's model or its state dict as theirs, got NoneType"):
        load(ours(), None)  # type: ignore[arg-type]
    arrays = {name: tensor.numpy() for name, tensor in export(ours()).items()}
    with pytest.raises(BridgeError, match=r"got ndarray for 'embeddings.*': torch.as_tensor makes one"):
        load(ours(), arrays)  # type: ignore[arg-type]


@pytest.mark.parametrize("config", [None, {"norm": "post"}])
def test_a_model_without_our_config_is_no_text_transformer(config: Any) -> None:
    model = ours()
    model.config = config
    with pytest.raises(BridgeError, match="ours is no text transformer"):
        load(model, export(ours()))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused_by_name(value: float) -> None:
    theirs = export(ours())
    theirs["encoder.layer.0.output.dense.bias"][1] = value
    with pytest.raises(BridgeError, match=r"encoder.layer.0.output.dense.bias of theirs holds NaN or infinity"):
        load(ours(), theirs)


def test_missing_biases_are_not_taken_for_missing_layers() -> None:
    theirs = nn.MultiheadAttention(4, 2, bias=False, batch_first=True)
    with pytest.raises(BridgeError, match=r"got nothing: query.bias, .*; theirs has no such biases: make ours without"):
        load(MultiHeadAttention(4, 2), theirs.state_dict())
    with pytest.raises(BridgeError, match="is ours deeper"):
        load(ours(depth=2), export(ours()))


@pytest.mark.parametrize("prefix", ["bert", "model", "module"])
def test_weights_inside_another_model_are_told_where(prefix: str) -> None:
    with pytest.raises(BridgeError, match=rf"lie inside another model: pass its \.{prefix} "):
        load(ours(), {f"{prefix}.{name}": tensor for name, tensor in export(ours()).items()})


def theirs(**changes: Any) -> BertModel:
    return BertModel(BertConfig(**(bert.settings(ours()) | changes)), add_pooling_layer=False)


def test_names_of_one_activation_are_alike_and_of_two_are_not() -> None:
    load(ours(), theirs(hidden_act="gelu_python"))
    with pytest.raises(BridgeError, match="hidden_act is 'gelu' in theirs, 'quick_gelu' would be ours"):
        load(ours(activation="quick_gelu"), theirs())


def test_every_row_of_the_embedding_learns_in_the_model_that_our_settings_make() -> None:
    model = ours()
    library = BertModel(BertConfig(**library_settings(model)), add_pooling_layer=False)
    library(torch.tensor([[0, 1]])).last_hidden_state.square().sum().backward()
    assert library.embeddings.word_embeddings.weight.grad[0].abs().sum() > 0
    load(model, theirs(pad_token_id=0))  # a padding id computes nothing else
