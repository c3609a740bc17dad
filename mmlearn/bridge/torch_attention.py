"""torch's nn.MultiheadAttention and our MultiHeadAttention: torch keeps q, k and v in one matrix, stacked by rows."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from mmlearn.bridge.family import Family, is_text
from mmlearn.bridge.rules import STACKED_ROWS, Rule

WEIGHTS: tuple[Rule, ...] = (
    Rule("in_proj_weight", "{query,key,value}.weight", STACKED_ROWS),
    Rule("out_proj.weight", "output.weight"),
)
BIASES: tuple[Rule, ...] = (
    Rule("in_proj_bias", "{query,key,value}.bias", STACKED_ROWS),
    Rule("out_proj.bias", "output.bias"),
)


def rules(names: Collection[str]) -> tuple[Rule, ...]:
    """The table for these names, theirs or ours: with biases if there are any.

    Built in: lesson 08.
    """
    return (*WEIGHTS, *BIASES) if any(name.endswith("bias") for name in names) else WEIGHTS


def refusal(ours: Any) -> str:
    """Why nn.MultiheadAttention has no such shape; "" if it has.

    Built in: lesson 08.
    """
    parts = ("query", "key", "value", "output")
    missing = [part for part in parts if f"{part}.weight" not in ours.state_dict()]
    if is_text(ours) or missing or not hasattr(ours, "heads"):
        return "ours is no MultiHeadAttention (query, key, value, output, heads)"
    return ""


def settings(ours: Any) -> dict[str, Any]:
    """The keyword arguments of nn.MultiheadAttention that describe ours.

    Built in: lesson 08.
    """
    return {
        "embed_dim": ours.query.weight.shape[1],
        "num_heads": ours.heads,
        "bias": ours.query.bias is not None,
        "add_zero_attn": False,
        "batch_first": True,
    }


def arguments(inputs: tuple[Any, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Our (x, context, mask) as torch's: keys and values apart, and True in a mask where looking is forbidden.

    Built in: lesson 08.
    """
    if not 1 <= len(inputs) <= 3:
        raise ValueError(f"expected (x,), (x, context) or (x, context, mask) as inputs, got {len(inputs)} of them")
    x, context, mask = (*inputs, None, None)[:3]
    context = x if context is None else context
    if mask is None:
        return (x, context, context), {}
    if mask.ndim != 2 or mask.shape != context.shape[:2]:
        raise ValueError(
            f"expected a mask (B, M) = {tuple(context.shape[:2])}, True for a real token, got {tuple(mask.shape)}: for "
            "another mask, say how the two are called with ours_call=lambda: ours(...), theirs_call=lambda: theirs(...)"
        )
    return (x, context, context), {"key_padding_mask": ~mask}


TORCH_ATTENTION = Family(
    name="nn.MultiheadAttention",
    sign=("in_proj_weight", "q_proj_weight"),
    model_type="",
    into="MultiHeadAttention",
    table=rules,
    export_table=lambda ours: rules(ours.state_dict()),
    ignore=(),
    refusal=refusal,
    settings=settings,
    pairs=lambda ours: [("", "")],  # torch's module computes in one function: inside it there is nothing to hook
    arguments=arguments,
)
