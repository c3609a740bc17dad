"""transformers' ViTMAEForPreTraining and our MAE; and ViTMAEModel, its encoder alone, and our ViT."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from torch import Tensor

from mmlearn.bridge import vit
from mmlearn.bridge.family import Family
from mmlearn.bridge.rules import Rule, both

_THEIRS, _OURS = "decoder.decoder_layers.{n}", "decoder.blocks.{n}"
_FILES = "vit.encoder.layer."  # in published files, whose decoder's layers are where a model has them
_WRITTEN = "decoder.decoder_encoder.layer.{n}"  # and in what save_pretrained of transformers 5 writes

# ViTMAE's decoder, as in a model of the library. Both tables of positions have the class token's row first.
DECODER: tuple[Rule, ...] = (
    *both("decoder.decoder_embed", "to_decoder"),
    Rule("decoder.mask_token", "mask_token"),
    Rule("decoder.decoder_pos_embed", "decoder_positions"),
    *vit.block_rules(_THEIRS, _OURS),
    *both("decoder.decoder_norm", "decoder.norm"),
    *both("decoder.decoder_pred", "prediction"),  # both order a patch (row, column, channel)
)


def rules(names: Collection[str], channels: int = 3) -> tuple[Rule, ...]:
    """The table for these names of theirs: as in a model of the library, or as in published files.

    Args:
        names: theirs.
        channels: see `mmlearn.bridge.vit.patch_weight`; of no importance for loading.

    Built in: lesson 10.
    """
    published = any(name.startswith(_FILES) for name in names)
    encoder = vit.rules({"vit.encoder.layer.0" if published else "vit."}, channels)
    written = any(name.startswith(_WRITTEN.removesuffix("{n}")) for name in names)
    place = _WRITTEN if written else _THEIRS
    decoder = tuple(vit.as_in_files(rule, _THEIRS, place) for rule in DECODER) if published else DECODER
    return (*(replace(rule, target=f"encoder.{rule.target}") for rule in encoder), *decoder)


def is_mae(ours: Any) -> bool:
    """Does a module carry an encoder, a mask token and a `MAEConfig`, as `MAE` does?

    Built in: lesson 10.
    """
    there = {"encoder.class_token", "mask_token", "decoder_positions", "to_decoder.weight"}
    return hasattr(getattr(ours, "config", None), "mask_ratio") and there <= set(ours.state_dict())


def refusal(ours: Any) -> str:
    """Why ViTMAEForPreTraining has no such shape; "" if it has.

    Built in: lesson 10.
    """
    if is_mae(ours):
        return ""
    alone = "ours is a ViT, an encoder without decoder: the library's is ViTMAEForPreTraining(...).vit"
    return alone if vit.is_vit(ours) else "ours is no MAE"


def encoder_refusal(ours: Any) -> str:
    """Why ViTMAEModel has no such shape; "" if it has.

    Built in: lesson 10.
    """
    if is_mae(ours):
        return "ours is a whole MAE, ViTMAEModel is an encoder alone: pass ours.encoder"
    return vit.refusal(ours).replace("ViTModel", "ViTMAEModel")


def settings(ours: Any) -> dict[str, Any]:
    """The keyword arguments of transformers' ViTMAEConfig that describe ours.

    Built in: lesson 10.
    """
    config = ours.config
    return vit.settings(ours.encoder) | {
        "decoder_hidden_size": config.width,
        "decoder_num_hidden_layers": config.depth,
        "decoder_num_attention_heads": config.heads,
        "decoder_intermediate_size": config.hidden,
        "mask_ratio": config.mask_ratio,
        "norm_pix_loss": config.normalise_targets,
    }


def pairs(ours: Any) -> list[tuple[str, str]]:
    """(our layer, their layer), in the order of calculation.

    Built in: lesson 10.
    """
    encoder = _encoder_pairs(ours.encoder)
    return [
        *((_inside("encoder", mine), _inside("vit", yours)) for mine, yours in encoder),
        ("to_decoder", "decoder.decoder_embed"),
        (f"input of {_OURS}.norm1".replace("{n}", "0"), f"input of {_THEIRS}.layernorm_before".replace("{n}", "0")),
        *vit.block_pairs(_OURS, _THEIRS, ours.config.depth),
        ("decoder.norm", "decoder.decoder_norm"),
    ]


def _inside(part: str, layer: str) -> str:
    """A layer of an encoder, named inside the whole; "input of " stays in front."""
    return f"input of {part}.{layer.removeprefix('input of ')}" if layer.startswith("input of ") else f"{part}.{layer}"


def _encoder_pairs(ours: Any) -> list[tuple[str, str]]:
    blocks = vit.block_pairs("transformer.blocks.{n}", "layers.{n}", ours.config.depth)
    return [
        ("patch_embedding", "embeddings.patch_embeddings"),
        ("input of transformer.blocks.0.norm1", "input of layers.0.layernorm_before"),  # the patches that are seen
        *blocks,
        ("transformer.norm", "layernorm"),
    ]


def arguments(inputs: tuple[Any, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Our (images, noise) as the keywords of ViTMAEForPreTraining: without noise, each would hide other patches.

    Built in: lesson 10.
    """
    if len(inputs) != 2 or not all(isinstance(each, Tensor) for each in inputs):
        raise ValueError(
            f"expected (images, noise) as inputs, got {len(inputs)} of them: noise (B, N), as torch.rand makes "
            "it, says which patches are hidden, and without it each model would draw its own"
        )
    return (), {"pixel_values": inputs[0], "noise": inputs[1]}


def encoder_arguments(inputs: tuple[Any, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Refuses: ViTMAEModel draws noise and hides patches whenever it is called, our ViT never; says how to compare.

    Built in: lesson 10.
    """
    raise ValueError(
        f"ViTMAEModel shuffles and hides patches, a ViT does not, so {len(inputs)} input(s) do not say enough: give "
        "theirs mask_ratio=0 and noise that rises, trace(ours, theirs, ours_call=lambda: ours(images), "
        "theirs_call=lambda: theirs(images, noise=torch.arange(N).expand(len(images), -1)))"
    )


VIT_MAE = Family(
    name="ViTMAEForPreTraining",
    sign=("decoder.decoder_embed.weight",),
    model_type="vit_mae",
    into="MAE",
    table=rules,
    export_table=lambda ours: rules((), ours.config.encoder.channels),
    ignore=(),
    refusal=refusal,
    settings=settings,
    pairs=pairs,
    arguments=arguments,
)
VIT_MAE_ENCODER = Family(
    name="ViTMAEModel",
    sign=vit.VIT.sign,
    model_type="vit_mae",
    into="ViT",
    table=vit.rules,
    export_table=vit.VIT.export_table,
    ignore=(),
    refusal=encoder_refusal,
    settings=vit.settings,
    pairs=_encoder_pairs,
    arguments=encoder_arguments,
)
