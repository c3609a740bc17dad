"""transformers' ViTModel and ViTForImageClassification, and our ViT: a convolution's weight as a linear layer's."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from torch import Tensor

from mmlearn.bridge.family import ACTIVATIONS, Family
from mmlearn.bridge.rules import BridgeError, Convert, Rule, both

_THEIRS, _OURS = "layers.{n}", "transformer.blocks.{n}"
_FILES = "encoder.layer.{n}"  # the same layers in published files and in older versions of the library

# The pooler is a layer on top of the class token, which the states do not depend on; the mask token stands for hidden
# patches where somebody hides some.
IGNORE = ("pooler.dense.weight", "pooler.dense.bias", "embeddings.mask_token")


def patch_weight(channels: int) -> Convert:
    """A convolution's weight (D, C, P, P) as that of a linear layer on flattened patches (D, P * P * C), and back.

    Args:
        channels: C, for the way back: a row of ours does not tell it.

    >>> import torch
    >>> theirs = torch.randn(5, 3, 2, 2)
    >>> way = patch_weight(3)
    >>> bool((way.join(way.cut(theirs, 1)) == theirs).all())
    True

    Built in: lesson 09.
    """

    def cut(theirs: Tensor, _: int) -> list[Tensor]:
        if theirs.shape[2] != theirs.shape[3]:
            raise BridgeError(f"theirs has patches of {theirs.shape[2]} x {theirs.shape[3]} pixels, ours are square")
        return [theirs.permute(0, 2, 3, 1).flatten(1)]  # (D, C, P, P) -> (D, P, P, C) -> (D, P P C)

    def join(ours: Any) -> Tensor:
        patch = math.isqrt(ours[0].shape[1] // channels)
        rows: Tensor = ours[0].reshape(-1, patch, patch, channels)  # (D, P, P, C)
        return rows.permute(0, 3, 1, 2)  # (D, C, P, P)

    return Convert(cut, join, axes=4)


def block_rules(theirs: str, ours: str) -> tuple[Rule, ...]:
    """The table of a stack of blocks, as the library names them inside a model.

    Args:
        theirs, ours: where a block is, such as "layers.{n}" and "transformer.blocks.{n}".

    >>> block_rules("layers.{n}", "transformer.blocks.{n}")[0].target
    'transformer.blocks.{n}.norm1.weight'

    Built in: lesson 09.
    """
    return (
        *both(f"{theirs}.layernorm_before", f"{ours}.norm1"),
        *both(f"{theirs}.attention.q_proj", f"{ours}.attention.query"),
        *both(f"{theirs}.attention.k_proj", f"{ours}.attention.key"),
        *both(f"{theirs}.attention.v_proj", f"{ours}.attention.value"),
        *both(f"{theirs}.attention.o_proj", f"{ours}.attention.output"),
        *both(f"{theirs}.layernorm_after", f"{ours}.norm2"),
        *both(f"{theirs}.mlp.fc1", f"{ours}.feed_forward.up"),
        *both(f"{theirs}.mlp.fc2", f"{ours}.feed_forward.down"),
    )


# A part of a block: its name in a model of the library, and in published files.
FILE_NAMES = {
    "attention.q_proj": "attention.attention.query",
    "attention.k_proj": "attention.attention.key",
    "attention.v_proj": "attention.attention.value",
    "attention.o_proj": "attention.output.dense",
    "mlp.fc1": "intermediate.dense",
    "mlp.fc2": "output.dense",
}


def as_in_files(rule: Rule, theirs: str, files: str) -> Rule:
    """A rule of `block_rules` for the names that published files have.

    Args:
        rule: one of them.
        theirs, files: where a block is, such as "layers.{n}" and "encoder.layer.{n}".

    >>> as_in_files(Rule("layers.{n}.mlp.fc1.bias", "up.bias"), "layers.{n}", "encoder.layer.{n}").source
    'encoder.layer.{n}.intermediate.dense.bias'

    Built in: lesson 09.
    """
    source = rule.source.replace(theirs, files)
    for model, file in FILE_NAMES.items():
        source = source.replace(f"{files}.{model}.", f"{files}.{file}.")
    return replace(rule, source=source)


def encoder_rules(channels: int = 3) -> tuple[Rule, ...]:
    """The table of ViTModel.

    Args:
        channels: see `patch_weight`; of no importance for loading.

    >>> len(encoder_rules()), encoder_rules()[0].target
    (22, 'class_token')

    Built in: lesson 09.
    """
    projection = "embeddings.patch_embeddings.projection"
    return (
        Rule("embeddings.cls_token", "class_token"),
        Rule("embeddings.position_embeddings", "position_embedding"),  # the class token's first, in both
        *both(projection, "patch_embedding.projection", patch_weight(channels)),
        *block_rules(_THEIRS, _OURS),
        *both("layernorm", "transformer.norm"),
    )


def rules(names: Collection[str], channels: int = 3) -> tuple[Rule, ...]:
    """The table for these names of theirs: with or without "vit." in front, and the head, and as in published files.

    Built in: lesson 09.
    """
    prefix = "vit." if any(name.startswith("vit.") for name in names) else ""
    table = encoder_rules(channels)
    if any(name.startswith(f"{prefix}encoder.layer.") for name in names):
        table = tuple(as_in_files(rule, _THEIRS, _FILES) for rule in table)
    table = tuple(replace(rule, source=prefix + rule.source) for rule in table)
    return (*table, *both("classifier", "head")) if "classifier.weight" in names else table


def is_vit(ours: Any) -> bool:
    """Does a module carry a patch embedding, a class token and a `ViTConfig`, as `ViT` does?

    Built in: lesson 09.
    """
    there = ours.state_dict()
    return hasattr(getattr(ours, "config", None), "patch") and {
        "class_token",
        "position_embedding",
        "patch_embedding.projection.weight",
    } <= set(there)


def refusal(ours: Any) -> str:
    """Why ViTModel has no such shape; "" if it has. How ours pools is its own affair: the states are the same.

    Built in: lesson 09.
    """
    if not is_vit(ours):
        return "ours is no ViT"
    if ours.config.classes:
        return (
            f"ours has a head of {ours.config.classes} classes, ViTModel has none (classes=0; a new head can be put "
            "on it later: model.head = Linear(width, classes))"
        )
    return ""


def head_refusal(ours: Any) -> str:
    """Why ViTForImageClassification has no such shape; "" if it has.

    Built in: lesson 09.
    """
    if not is_vit(ours):
        return "ours is no ViT"
    config = ours.config
    reasons = {
        "ours has no head, ViTForImageClassification has one (classes=1 or more)": not config.classes,
        f"ours has pooling={config.pooling!r}, ViTForImageClassification reads the class token (pooling='class')": (
            config.pooling != "class"
        ),
    }
    return "; ".join(reason for reason, wrong in reasons.items() if wrong)


def settings(ours: Any) -> dict[str, Any]:
    """The keyword arguments of transformers' ViTConfig that describe ours.

    Built in: lesson 09.
    """
    config = ours.config
    return {
        "image_size": config.image,
        "patch_size": config.patch,
        "num_channels": config.channels,
        "hidden_size": config.width,
        "num_hidden_layers": config.depth,
        "num_attention_heads": config.heads,
        "intermediate_size": config.hidden,
        "hidden_act": ACTIVATIONS[config.activation][0],
        "layer_norm_eps": config.eps,
        "qkv_bias": True,
    }


def block_pairs(ours: str, theirs: str, depth: int) -> list[tuple[str, str]]:
    """(our layer, their layer) of a stack of blocks, in the order of calculation; names as in `block_rules`.

    Built in: lesson 09.
    """
    found = []
    for n in range(depth):
        mine, yours = ours.replace("{n}", str(n)), theirs.replace("{n}", str(n))
        found += [
            (f"{mine}.norm1", f"{yours}.layernorm_before"),
            (f"{mine}.attention.query", f"{yours}.attention.q_proj"),
            (f"{mine}.attention.key", f"{yours}.attention.k_proj"),
            (f"{mine}.attention.value", f"{yours}.attention.v_proj"),
            (f"input of {mine}.attention.output", f"input of {yours}.attention.o_proj"),
            (f"{mine}.attention.output", f"{yours}.attention.o_proj"),
            (f"{mine}.norm2", f"{yours}.layernorm_after"),
            (f"{mine}.feed_forward.up", f"{yours}.mlp.fc1"),
            (f"input of {mine}.feed_forward.down", f"input of {yours}.mlp.fc2"),  # after the activation
            (f"{mine}.feed_forward.down", f"{yours}.mlp.fc2"),
        ]
    return found


def pairs(ours: Any) -> list[tuple[str, str]]:
    """(our layer, their layer), in the order of calculation.

    Built in: lesson 09.
    """
    return [
        ("patch_embedding", "embeddings.patch_embeddings"),
        ("input of dropout", "input of embeddings.dropout"),  # the sum: class token in front, positions added
        *block_pairs(_OURS, _THEIRS, ours.config.depth),
        ("transformer.norm", "layernorm"),
    ]


def head_pairs(ours: Any) -> list[tuple[str, str]]:
    """`pairs` inside ViTForImageClassification, and the head.

    Built in: lesson 09.
    """
    body = [(mine, yours.replace("input of ", "input of vit.", 1)) for mine, yours in pairs(ours)]
    body = [(mine, yours if yours.startswith("input of ") else f"vit.{yours}") for mine, yours in body]
    return [*body, ("head", "classifier")]


def picture_arguments(inputs: tuple[Any, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Our (images,) as the keyword of transformers' models.

    Built in: lesson 09.
    """
    if len(inputs) != 1 or not isinstance(inputs[0], Tensor):
        raise ValueError(
            f"expected (images,) as inputs, got {len(inputs)} of them: for anything else, say how the two models are "
            "called with ours_call=lambda: ours(...), theirs_call=lambda: theirs(...)"
        )
    return (), {"pixel_values": inputs[0]}


VIT = Family(
    name="ViTModel",
    sign=("embeddings.patch_embeddings.projection.weight",),
    model_type="vit",
    into="ViT",
    table=rules,
    export_table=lambda ours: encoder_rules(ours.config.channels),
    ignore=IGNORE,
    refusal=refusal,
    settings=settings,
    pairs=pairs,
    arguments=picture_arguments,
)
VIT_CLASSIFIER = Family(
    name="ViTForImageClassification",
    sign=("vit.embeddings.patch_embeddings.projection.weight",),
    model_type="vit",
    into="ViT",
    table=rules,
    export_table=lambda ours: rules({"vit.", "classifier.weight"}, ours.config.channels),
    ignore=(),
    refusal=head_refusal,
    settings=lambda ours: settings(ours) | {"num_labels": ours.config.classes},
    pairs=head_pairs,
    arguments=picture_arguments,
)
