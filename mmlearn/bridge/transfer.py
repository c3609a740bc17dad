"""Load a library's weights into our model, and hand ours back in the library's names: strictly, both ways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from torch import Tensor, nn

from mmlearn.bridge.bert import BERT
from mmlearn.bridge.family import Family, differences
from mmlearn.bridge.gpt2 import GPT2
from mmlearn.bridge.rules import BridgeError, remap, unmap
from mmlearn.bridge.torch_attention import TORCH_ATTENTION
from mmlearn.bridge.vit import VIT, VIT_CLASSIFIER
from mmlearn.bridge.vit_mae import VIT_MAE, VIT_MAE_ENCODER

AnyModule = TypeVar("AnyModule", bound=nn.Module)

# Where weights have the signs of two and nothing tells their kind, the first is meant: the MAE before its encoder.
FAMILIES: tuple[Family, ...] = (BERT, GPT2, TORCH_ATTENTION, VIT_MAE, VIT, VIT_CLASSIFIER, VIT_MAE_ENCODER)


def load(ours: AnyModule, theirs: nn.Module | Mapping[str, Tensor]) -> AnyModule:
    """Give our model a library's weights, in place.

    The table of rules is chosen by the names of their tensors: BertModel's, GPT2Model's and GPT2LMHeadModel's,
    ViTModel's and ViTForImageClassification's, ViTMAEForPreTraining's and ViTMAEModel's, or torch's
    nn.MultiheadAttention's. Every tensor of theirs must find its place, every one of ours must be filled,
    and the shapes must be right; otherwise nothing at all is changed. Weights do not show everything: where theirs
    is a module, its kind and settings (activation, eps, number of heads ...) are compared as well; dropout is not, as
    it is off in `eval()`.

    Args:
        ours: a `TextTransformer`, `ViT`, `MAE` or `MultiHeadAttention`; also a model of your own with the same names
            inside.
        theirs: the library's model, or its state dict (then see to the settings yourself: RoBERTa's has BERT's
            names, but counts positions from 2).

    Returns:
        ours.

    Raises:
        BridgeError: if it could not compute the same; says which tensor or setting, what came and what was expected.

    >>> import torch
    >>> from mmlearn.blocks.attention import MultiHeadAttention
    >>> theirs, x = nn.MultiheadAttention(6, 2, batch_first=True), torch.randn(1, 5, 6)
    >>> ours = load(MultiHeadAttention(6, 2), theirs)
    >>> bool(torch.allclose(ours(x), theirs(x, x, x)[0], atol=1e-5))
    True

    Built in: lesson 08.
    """
    state = _state(theirs)
    family = family_of(state, kind_of(theirs))
    reason = family.refusal(ours)
    if not reason and isinstance(theirs, nn.Module):
        reason = "; ".join(differences(family, ours, theirs))
    if reason:
        raise BridgeError(f"theirs is a {family.name}, ours could not compute the same: {reason}")
    found = remap(state, family.table(state), ours.state_dict(), family.ignore)
    ours.load_state_dict(found, strict=True)
    return ours


def _state(theirs: nn.Module | Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    if isinstance(theirs, nn.Module):
        return theirs.state_dict()
    if not isinstance(theirs, Mapping):
        raise BridgeError(f"expected a library's model or its state dict as theirs, got {type(theirs).__name__}")
    for name, value in theirs.items():
        if not isinstance(value, Tensor):
            got = type(value).__name__
            raise BridgeError(f"expected tensors as weights, got {got} for {name!r}: torch.as_tensor makes one of it")
    return theirs


def export(ours: nn.Module) -> dict[str, Tensor]:
    """Our weights in a library's names, ready for its `load_state_dict(strict=True)`.

    Post-norm and looking both ways: BertModel (add_pooling_layer=False). Pre-norm and causal: GPT2LMHeadModel.
    A `ViT`: ViTModel (add_pooling_layer=False), with classes ViTForImageClassification; a `MAE`: ViTMAEForPreTraining.
    A `MultiHeadAttention`: nn.MultiheadAttention. `library_settings` gives the arguments that make that model.

    Args:
        ours: a `TextTransformer`, `ViT`, `MAE` or `MultiHeadAttention`.

    Returns:
        a state dict; each tensor is a copy and shares no memory, so that it can be saved as safetensors.

    Raises:
        BridgeError: if no library has such a model, with the reason for each.

    >>> from mmlearn.blocks.attention import MultiHeadAttention
    >>> sorted(export(MultiHeadAttention(6, 2)))
    ['in_proj_bias', 'in_proj_weight', 'out_proj.bias', 'out_proj.weight']

    Built in: lesson 08.
    """
    return unmap(ours.state_dict(), counterpart(ours).export_table(ours))


def library_settings(ours: nn.Module) -> dict[str, Any]:
    """The keyword arguments that make the library's model of the same shape as ours.

    For a `TextTransformer` they go to transformers' BertConfig or GPT2Config, for a `ViT` to ViTConfig, for a `MAE` to
    ViTMAEConfig, for a `MultiHeadAttention` to nn.MultiheadAttention; what they leave out (dropout, ids of special
    tokens) is the library's default.

    >>> from mmlearn.blocks.attention import MultiHeadAttention
    >>> library_settings(MultiHeadAttention(6, 2))["num_heads"]
    2

    Built in: lesson 08.
    """
    return counterpart(ours).settings(ours)


def kind_of(theirs: Any) -> str:
    """What the config of a library's module says of its kind, as "bert"; "" for a state dict and modules without one.

    Built in: lesson 09.
    """
    return str(getattr(getattr(theirs, "config", None), "model_type", ""))


def family_of(theirs: Mapping[str, Tensor], kind: str = "") -> Family:
    """Which library's model a state dict belongs to, told by its names; where two have the same, by its kind.

    Args:
        theirs: the state dict.
        kind: see `kind_of`; "" if nobody knows: then the first of them.

    Returns the family. Raises BridgeError if it is none that the bridge knows.

    Built in: lesson 08.
    """
    fitting = [family for family in FAMILIES if any(name in theirs for name in family.sign)]
    if fitting:
        return next((family for family in fitting if family.model_type == kind), fitting[0])
    known = ", ".join(family.name for family in FAMILIES)
    for prefix in ("bert", "model", "module"):  # a model inside another one
        if any(f"{prefix}.{name}" in theirs for family in FAMILIES for name in family.sign):
            raise BridgeError(f"these weights lie inside another model: pass its .{prefix} (the bridge knows {known})")
    shown = ", ".join(list(theirs)[:4]) or "no tensors"
    raise BridgeError(f"the bridge knows {known}; these weights ({shown} ...) are none of them")


def counterpart(ours: nn.Module) -> Family:
    """The library's model that has the shape of ours.

    Raises BridgeError if none has, with the reason for each.

    Built in: lesson 08.
    """
    reasons = {family.name: family.refusal(ours) for family in FAMILIES}
    for family in FAMILIES:
        if not reasons[family.name]:
            return family
    told = ". ".join(f"{name}: {reason}" for name, reason in reasons.items())
    raise BridgeError(f"no library's model that the bridge knows has this shape. {told}")
