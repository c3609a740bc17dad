"""transformers' BertModel and our post-norm, two-way TextTransformer: one table, read from left to right."""

from __future__ import annotations

from typing import Any

from mmlearn.bridge.family import ACTIVATIONS, Family, is_text, token_arguments
from mmlearn.bridge.rules import Rule, both

_THEIRS, _OURS = "encoder.layer.{n}", "transformer.blocks.{n}"

RULES: tuple[Rule, ...] = (
    Rule("embeddings.word_embeddings.weight", "token_embedding.weight"),
    Rule("embeddings.position_embeddings.weight", "position_embedding.weight"),
    Rule("embeddings.token_type_embeddings.weight", "segment_embedding.weight"),
    *both("embeddings.LayerNorm", "embedding_norm"),
    *both(f"{_THEIRS}.attention.self.query", f"{_OURS}.attention.query"),
    *both(f"{_THEIRS}.attention.self.key", f"{_OURS}.attention.key"),
    *both(f"{_THEIRS}.attention.self.value", f"{_OURS}.attention.value"),
    *both(f"{_THEIRS}.attention.output.dense", f"{_OURS}.attention.output"),
    *both(f"{_THEIRS}.attention.output.LayerNorm", f"{_OURS}.norm1"),  # after the attention
    *both(f"{_THEIRS}.intermediate.dense", f"{_OURS}.feed_forward.up"),
    *both(f"{_THEIRS}.output.dense", f"{_OURS}.feed_forward.down"),
    *both(f"{_THEIRS}.output.LayerNorm", f"{_OURS}.norm2"),  # after the feed-forward
)

# The pooler is a layer on top of [CLS], trained to tell whether two sentences follow each other; the states that
# we compute do not depend on it. The position ids are 0, 1, 2 ..., which older files store.
IGNORE = ("pooler.dense.weight", "pooler.dense.bias", "embeddings.position_ids")


def refusal(ours: Any) -> str:
    """Why BertModel has no such shape; "" if it has.

    Built in: lesson 08.
    """
    if not is_text(ours):
        return "ours is no text transformer"
    config = ours.config
    reasons = {
        f"ours has norm={config.norm!r}, BERT normalises after each step (norm='post')": config.norm != "post",
        "ours is causal, BERT looks both ways (causal=False)": config.causal,
        "ours has no segments, BERT always has them (segments=1 or more, 2 in the published ones)": not config.segments,
    }
    return "; ".join(reason for reason, wrong in reasons.items() if wrong)


def settings(ours: Any) -> dict[str, Any]:
    """The keyword arguments of transformers' BertConfig that describe ours.

    Built in: lesson 08.
    """
    config = ours.config
    return {
        "vocab_size": config.vocabulary,
        "max_position_embeddings": config.positions,
        "type_vocab_size": config.segments,
        "hidden_size": config.width,
        "num_hidden_layers": config.depth,
        "num_attention_heads": config.heads,
        "intermediate_size": config.hidden,
        "hidden_act": ACTIVATIONS[config.activation][0],
        "layer_norm_eps": config.eps,
        "is_decoder": False,
        "position_embedding_type": "absolute",
        "pad_token_id": None,  # BertConfig's own 0 would leave the first row of the embedding without a gradient
    }


def pairs(ours: Any) -> list[tuple[str, str]]:
    """(our layer, their layer), in the order of calculation.

    Built in: lesson 08.
    """
    found = [
        ("token_embedding", "embeddings.word_embeddings"),
        ("position_embedding", "embeddings.position_embeddings"),
        ("input of embedding_norm", "input of embeddings.LayerNorm"),  # the sum, with the segments
        ("embedding_norm", "embeddings.LayerNorm"),
    ]
    for n in range(ours.config.depth):
        mine, yours = _OURS.replace("{n}", str(n)), _THEIRS.replace("{n}", str(n))
        found += [
            (f"{mine}.attention.query", f"{yours}.attention.self.query"),
            (f"{mine}.attention.key", f"{yours}.attention.self.key"),
            (f"{mine}.attention.value", f"{yours}.attention.self.value"),
            (f"input of {mine}.attention.output", f"input of {yours}.attention.output.dense"),
            (f"{mine}.attention.output", f"{yours}.attention.output.dense"),
            (f"{mine}.norm1", f"{yours}.attention.output.LayerNorm"),
            (f"{mine}.feed_forward.up", f"{yours}.intermediate.dense"),
            (f"input of {mine}.feed_forward.down", f"input of {yours}.output.dense"),  # after the activation
            (f"{mine}.feed_forward.down", f"{yours}.output.dense"),
            (f"{mine}.norm2", f"{yours}.output.LayerNorm"),
        ]
    return found


BERT = Family(
    name="BertModel",
    sign=("embeddings.word_embeddings.weight",),
    model_type="bert",
    into="TextTransformer",
    table=lambda theirs: RULES,
    export_table=lambda ours: RULES,
    ignore=IGNORE,
    refusal=refusal,
    settings=settings,
    pairs=pairs,
    arguments=token_arguments,
)
