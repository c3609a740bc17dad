"""What the bridge knows of one library's model: its names, its shape, its settings."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from mmlearn.bridge.rules import Rule

# Our name of an activation -> what transformers calls the same function.
ACTIVATIONS = {
    "relu": ("relu",),
    "gelu": ("gelu", "gelu_python"),
    "gelu_tanh": ("gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_python_tanh", "gelu_accurate"),
    "quick_gelu": ("quick_gelu",),
}

# How it is called, and which row of the embedding gets no gradient: not what is computed.
_NO_MATTER = {"batch_first", "pad_token_id"}


@dataclass(frozen=True)
class Family:
    """One kind of model in a library, as the bridge sees it.

    Built in: lesson 08.
    """

    name: str  # as the library calls it
    sign: tuple[str, ...]  # any of these tensors among theirs tells that it is this kind
    model_type: str  # what the config of such a module says; "" where it has none
    into: str  # our class that takes it
    table: Callable[[Collection[str]], tuple[Rule, ...]]  # the names on their side -> rules for them
    export_table: Callable[[Any], tuple[Rule, ...]]  # ours -> the rules to export it by
    ignore: tuple[str, ...]  # tensors of theirs that have no counterpart with us, on purpose
    refusal: Callable[[Any], str]  # ours -> why this library has no such model; "" if it has
    settings: Callable[[Any], dict[str, Any]]  # ours -> the arguments that make their model
    pairs: Callable[[Any], list[tuple[str, str]]]  # ours -> (our layer, their layer), in the order of calculation
    arguments: Callable[[tuple[Any, ...]], tuple[tuple[Any, ...], dict[str, Any]]]  # our inputs -> theirs


def is_text(ours: nn.Module) -> bool:
    """Does a module carry a token embedding and a `TextConfig`, as `TextTransformer` does?

    Built in: lesson 08.
    """
    return hasattr(getattr(ours, "config", None), "norm") and "token_embedding.weight" in ours.state_dict()


def token_arguments(inputs: tuple[Any, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Our (ids, mask) as the keywords of transformers' models: the mask as 0 and 1.

    Built in: lesson 08.
    """
    if not 1 <= len(inputs) <= 2 or not all(isinstance(each, Tensor) or each is None for each in inputs):
        raise ValueError(
            f"expected (ids,) or (ids, mask) as inputs, got {len(inputs)} of them: for anything else, say how the "
            "two models are called with ours_call=lambda: ours(...), theirs_call=lambda: theirs(...)"
        )
    ids, mask = (*inputs, None)[:2]
    return (), {"input_ids": ids} | ({} if mask is None else {"attention_mask": mask.long()})


def differences(family: Family, ours: nn.Module, theirs: nn.Module) -> list[str]:
    """What a module of theirs is set to otherwise than ours, in words: weights alone do not show it.

    Built in: lesson 08.
    """
    held = getattr(theirs, "config", theirs)  # torch's modules carry their settings themselves
    kind = getattr(held, "model_type", family.model_type)
    if kind != family.model_type:  # RoBERTa, for one: the same tensors, but its positions start at 2
        return [f"theirs is of the kind {kind!r}, which has {family.name}'s names and computes otherwise"]
    found = []
    for name, value in family.settings(ours).items():
        if name in _NO_MATTER:
            continue
        got = getattr(held, name, value)
        if isinstance(got, list | tuple) and len(set(got)) == 1:
            got = got[0]  # (8, 8) is the side of a square, 8
        if got is None:
            continue  # n_inner, four times the width in GPT-2: the shapes of the weights tell
        if got != value and got not in ACTIVATIONS.get(_ours(value), ()):
            found.append(f"{name} is {got!r} in theirs, {value!r} would be ours")
    return found


def _ours(setting: Any) -> str:
    """Our name of an activation of theirs; "" for any other setting."""
    return next((ours for ours, theirs in ACTIVATIONS.items() if setting in theirs), "")
