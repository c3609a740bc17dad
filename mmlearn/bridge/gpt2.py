"""transformers' GPT2LMHeadModel and our pre-norm, causal TextTransformer: matrices transposed; q, k, v in one."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from mmlearn.bridge.family import ACTIVATIONS, Family, is_text, token_arguments
from mmlearn.bridge.rules import STACKED_COLUMNS, STACKED_ROWS, TRANSPOSED, Rule, both

_THEIRS, _OURS = "h.{n}", "transformer.blocks.{n}"

# Names as in GPT2Model. GPT2LMHeadModel puts "transformer." before each and adds the head, which is tied.
BODY: tuple[Rule, ...] = (
    Rule("wte.weight", "token_embedding.weight"),
    Rule("wpe.weight", "position_embedding.weight"),
    *both(f"{_THEIRS}.ln_1", f"{_OURS}.norm1"),  # before the attention
    *both(f"{_THEIRS}.attn.c_attn", f"{_OURS}.attention.{{query,key,value}}", STACKED_COLUMNS, STACKED_ROWS),
    *both(f"{_THEIRS}.attn.c_proj", f"{_OURS}.attention.output", TRANSPOSED),
    *both(f"{_THEIRS}.ln_2", f"{_OURS}.norm2"),  # before the feed-forward
    *both(f"{_THEIRS}.mlp.c_fc", f"{_OURS}.feed_forward.up", TRANSPOSED),
    *both(f"{_THEIRS}.mlp.c_proj", f"{_OURS}.feed_forward.down", TRANSPOSED),
    *both("ln_f", "transformer.norm"),
)
HEAD = Rule("lm_head.weight", "token_embedding.weight")

# Older files store the causal mask beside the weights.
_MASKS = (f"{_THEIRS}.attn.bias", f"{_THEIRS}.attn.masked_bias")
IGNORE = (*_MASKS, *(f"transformer.{name}" for name in _MASKS))


def rules(names: Collection[str]) -> tuple[Rule, ...]:
    """The table for these names of theirs: with or without the prefix "transformer.", with or without the head.

    Built in: lesson 08.
    """
    prefix = "transformer." if "transformer.wte.weight" in names else ""
    body = tuple(Rule(prefix + rule.source, rule.target, rule.convert) for rule in BODY)
    return (*body, HEAD) if "lm_head.weight" in names else body


def refusal(ours: Any) -> str:
    """Why GPT2LMHeadModel has no such shape; "" if it has.

    Built in: lesson 08.
    """
    if not is_text(ours):
        return "ours is no text transformer"
    config = ours.config
    reasons = {
        f"ours has norm={config.norm!r}, GPT-2 normalises before each step (norm='pre')": config.norm != "pre",
        "ours looks both ways, GPT-2 is causal (causal=True)": not config.causal,
        f"ours has {config.segments} segments, GPT-2 has none (segments=0)": bool(config.segments),
    }
    return "; ".join(reason for reason, wrong in reasons.items() if wrong)


def settings(ours: Any) -> dict[str, Any]:
    """The keyword arguments of transformers' GPT2Config that describe ours.

    Built in: lesson 08.
    """
    config = ours.config
    return {
        "vocab_size": config.vocabulary,
        "n_positions": config.positions,
        "n_embd": config.width,
        "n_layer": config.depth,
        "n_head": config.heads,
        "n_inner": config.hidden,
        "activation_function": ACTIVATIONS[config.activation][0],
        "layer_norm_epsilon": config.eps,
        "scale_attn_weights": True,
        "scale_attn_by_inverse_layer_idx": False,
        "tie_word_embeddings": True,
        "add_cross_attention": False,
    }


def pairs(ours: Any) -> list[tuple[str, str]]:
    """(our layer, their layer), in the order of calculation; q, k and v side by side are their c_attn.

    Built in: lesson 08.
    """
    found = [
        ("token_embedding", "transformer.wte"),
        ("position_embedding", "transformer.wpe"),
        (f"input of {_OURS}.norm1".replace("{n}", "0"), "input of transformer.h.0.ln_1"),  # the sum
    ]
    for n in range(ours.config.depth):
        mine, yours = _OURS.replace("{n}", str(n)), "transformer." + _THEIRS.replace("{n}", str(n))
        heads = " + ".join(f"{mine}.attention.{name}" for name in ("query", "key", "value"))
        found += [
            (f"{mine}.norm1", f"{yours}.ln_1"),
            (heads, f"{yours}.attn.c_attn"),
            (f"input of {mine}.attention.output", f"input of {yours}.attn.c_proj"),
            (f"{mine}.attention.output", f"{yours}.attn.c_proj"),
            (f"{mine}.norm2", f"{yours}.ln_2"),
            (f"{mine}.feed_forward.up", f"{yours}.mlp.c_fc"),
            (f"input of {mine}.feed_forward.down", f"input of {yours}.mlp.c_proj"),  # after the activation
            (f"{mine}.feed_forward.down", f"{yours}.mlp.c_proj"),
        ]
    return [*found, ("transformer.norm", "transformer.ln_f")]


GPT2 = Family(
    name="GPT2LMHeadModel",
    sign=("transformer.wte.weight", "wte.weight"),
    model_type="gpt2",
    into="TextTransformer",
    table=rules,
    export_table=lambda ours: rules({"transformer.wte.weight", "lm_head.weight"}),
    ignore=IGNORE,
    refusal=refusal,
    settings=settings,
    pairs=pairs,
    arguments=token_arguments,
)
