"""Run two models side by side and say where they part: the first layer whose numbers differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from mmlearn.bridge.family import Family, is_text
from mmlearn.bridge.transfer import FAMILIES, kind_of

INPUT = "input of "  # before a layer's name: what goes into it, instead of what comes out
Seen = dict[str, Tensor]  # layer -> what it gave when first called, in the order of the calls


@dataclass(frozen=True)
class Layer:
    """One line of a trace: a layer of ours beside one of theirs.

    Built in: lesson 08.
    """

    ours: str  # name inside our model; "" is the whole model
    theirs: str
    difference: float  # max |ours - theirs|; inf where the two cannot be subtracted
    scale: float  # max |theirs|
    note: str = ""  # why they cannot be subtracted, or were not

    @property
    def relative(self) -> float:
        """difference / max(1, scale): what is compared with the tolerance, since large numbers round coarsely."""
        return self.difference / max(1.0, self.scale)

    def fits(self, tolerance: float) -> bool:
        """Is the relative difference at most `tolerance`? NaN is not."""
        return self.relative <= tolerance


@dataclass(frozen=True)
class Trace:
    """Two models, layer by layer, in the order in which ours calculates; `str` makes a small table of it.

    Built in: lesson 08.
    """

    layers: tuple[Layer, ...]
    tolerance: float

    @property
    def first(self) -> Layer | None:
        """The first layer that differs: what comes before it is right, so look there. None if all agree."""
        return next((layer for layer in self.layers if not layer.fits(self.tolerance)), None)

    @property
    def worst(self) -> float:
        """The largest relative difference of all layers: at most the tolerance if all agree."""
        return max((layer.relative for layer in self.layers), default=0.0)

    def __str__(self) -> str:
        """A table around the first difference. What agrees shows no digits: the last ones vary by machine."""
        first = self.first
        if first is None:
            every = f"all {len(self.layers)} layers agree" if len(self.layers) > 1 else "the one layer compared agrees"
            return f"{every} (tolerance {self.tolerance:g})"
        place = self.layers.index(first)
        low, high = max(place - 3, 0), place + 4
        rows = [("ours", "theirs", "max |ours - theirs|")]
        rows += [(_short(layer.ours), _short(layer.theirs), self._shown(layer)) for layer in self.layers]
        widths = [max(len(row[column]) for row in [rows[0], *rows[low + 1 : high + 1]]) for column in (0, 1)]
        lines = [f"{a:{widths[0]}}  {b:{widths[1]}}  {c}" for a, b, c in [rows[0], *rows[low + 1 : high + 1]]]
        lines[place - low + 1] += "  <- the first that differs"
        if low:
            lines.insert(1, f"... {low} layers agree (tolerance {self.tolerance:g})")
        if len(self.layers) > high:
            lines.append(f"... {len(self.layers) - high} layers more")
        return "\n".join(lines)

    def _shown(self, layer: Layer) -> str:
        if layer.note:
            return layer.note
        return "ok" if layer.fits(self.tolerance) else f"{layer.difference:.1e}"


def trace(
    ours: nn.Module,
    theirs: nn.Module,
    *inputs: Any,
    pairs: Iterable[tuple[str, str]] | None = None,
    tolerance: float = 1e-5,
    ours_call: Callable[[], Any] | None = None,
    theirs_call: Callable[[], Any] | None = None,
) -> Trace:
    """Run both models on the same inputs and compare them layer by layer.

    difference of a layer = max |ours - theirs| over what it gives; it agrees if difference / max(1, max |theirs|)
    is at most the tolerance. Both models run in `eval()` and without gradients and are then as before.
    A layer that one model calls and the other never does counts as a difference. A layer called several times is
    compared on its first call.

    Args:
        ours: the model in doubt.
        theirs: the one it should equal: BertModel, GPT2LMHeadModel, GPT2Model, ViTModel, ViTForImageClassification,
            ViTMAEForPreTraining, nn.MultiheadAttention; or any module.
        inputs: what ours is called with. For text models (ids, mask), for pictures (images,), with MAE
            (images, noise), for attention (x, context, mask); theirs gets the same in its own words. Any other
            module gets the same inputs.
        pairs: (layer of ours, layer of theirs), by their names in `named_modules()`; "" is the whole model,
            "input of NAME" what goes into a layer, "a + b" two layers' outputs side by side. Left out: all layers
            of the libraries' models above; for two other modules, the layers of the same name.
        tolerance: see above.
        ours_call, theirs_call: how a model is called, where `inputs` do not say it:
            ``lambda: theirs(input_ids=ids, token_type_ids=segments)``.

    Returns:
        a `Trace`: `.first`, first that differs or None; `.worst`, the largest difference, relative; `.layers`.

    Raises:
        ValueError: for pairs that name no layer, no pairs, layers that neither model calls, and inputs that the
            library's model has no words for; TypeError for what is no module.

    >>> one, other = nn.Sequential(nn.Linear(3, 3), nn.ReLU()), nn.Sequential(nn.Linear(3, 3), nn.GELU())
    >>> _ = other.load_state_dict(one.state_dict())
    >>> trace(one, other, torch.randn(4, 3)).first.ours
    '1'

    Built in: lesson 08.
    """
    for side, model in (("ours", ours), ("theirs", theirs)):
        if not isinstance(model, nn.Module):
            raise TypeError(f"expected a module as {side}, got {type(model).__name__}")
    family = _family(ours, theirs)
    if pairs is None:
        named = _family_pairs(family, ours, theirs) if family else _same_names(ours, theirs)
    else:
        named = _known(list(pairs), ours, theirs)
    arguments, keywords = family.arguments(inputs) if family and not theirs_call else (inputs, {})
    if family and not getattr(theirs, "batch_first", True) and not theirs_call:
        raise ValueError("theirs takes the length first: make it with batch_first=True, or say theirs_call=lambda: ...")
    mine = _run(ours, [a for a, _ in named], ours_call or partial(ours, *inputs))
    yours = _run(theirs, [b for _, b in named], theirs_call or partial(theirs, *arguments, **keywords))
    if not mine and not yours:
        raise ValueError(f"neither model calls any of the {len(named)} layers named, so nothing was compared")
    layers = [_compare(a, b, mine, yours) for a, b in named]
    return Trace(tuple(_in_order(layers, list(mine))), tolerance)


def _family(ours: nn.Module, theirs: nn.Module) -> Family | None:
    names, kind = theirs.state_dict(), kind_of(theirs)
    fitting = [
        family
        for family in FAMILIES
        if any(name in names for name in family.sign) and is_text(ours) == (family.into == "TextTransformer")
    ]
    return next((family for family in fitting if family.model_type == kind), next(iter(fitting), None))


def _family_pairs(family: Family, ours: nn.Module, theirs: nn.Module) -> list[tuple[str, str]]:
    there = dict(theirs.named_modules())
    prefix = "transformer."  # GPT2LMHeadModel has it, GPT2Model has not
    return [(a, b if prefix[:-1] in there else b.replace(prefix, "")) for a, b in family.pairs(ours)]


def _same_names(ours: nn.Module, theirs: nn.Module) -> list[tuple[str, str]]:
    there = dict(theirs.named_modules())
    return [(name, name) for name, _ in ours.named_modules() if name in there]


def _known(pairs: Sequence[tuple[str, str]], ours: nn.Module, theirs: nn.Module) -> list[tuple[str, str]]:
    if not pairs:
        raise ValueError("expected one pair of layers or more, got none: leave pairs out to compare all")
    for side, model, names in (("ours", ours, [a for a, _ in pairs]), ("theirs", theirs, [b for _, b in pairs])):
        there = dict(model.named_modules())
        for part in (part for name in names for part in _parts(name)):
            path = part.removeprefix(INPUT)
            if path not in there:
                near = get_close_matches(path, there, 3) or list(there)[1:4]
                raise ValueError(f"{side} has no layer {path!r}; it has {', '.join(near)} ...: see named_modules()")
    return list(pairs)


def _parts(name: str) -> list[str]:
    return name.split(" + ")


def _short(name: str) -> str:
    """A layer's name for the table: of layers side by side, what they share only once."""
    first, *rest = _parts(name)
    return " + ".join([first or "(whole)", *(part.rpartition(".")[2] for part in rest)])


def _run(model: nn.Module, names: Sequence[str], call: Callable[[], Any]) -> Seen:
    """What each named layer gives or gets while the model runs once."""
    there, seen = dict(model.named_modules()), {}

    def keep(name: str, found: Any) -> None:
        if name not in seen and (tensor := _first_tensor(found)) is not None:
            seen[name] = tensor.detach().clone()

    with ExitStack() as hooks:
        for name in dict.fromkeys(part for joined in names for part in _parts(joined)):
            module = there.get(name.removeprefix(INPUT))
            if module is None:
                continue  # a layer that a library's model has and ours lacks: `_compare` tells
            if name.startswith(INPUT):
                into = partial(lambda name, module, given, named: keep(name, (given, named)), name)
                hooks.callback(module.register_forward_pre_hook(into, with_kwargs=True).remove)
            else:
                out = partial(lambda name, module, given, gave: keep(name, gave), name)
                hooks.callback(module.register_forward_hook(out).remove)
        with _evaluating(model), torch.no_grad():
            call()
    return seen


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def _first_tensor(found: Any) -> Tensor | None:
    """The first tensor in what a layer gave, of floats if there is one: tuples and transformers' outputs hold many."""
    tensors = list(_tensors(found))
    return next((each for each in tensors if each.is_floating_point() or each.is_complex()), next(iter(tensors), None))


def _tensors(found: Any) -> Iterator[Tensor]:
    if isinstance(found, Tensor):
        yield found
    elif isinstance(found, Mapping | list | tuple):
        for each in found.values() if isinstance(found, Mapping) else found:
            yield from _tensors(each)


def _compare(a: str, b: str, mine: Seen, yours: Seen) -> Layer:
    here, there = (_joined(name, seen) for name, seen in ((a, mine), (b, yours)))
    if here is None and there is None:
        return Layer(a, b, 0.0, 0.0, "called in neither")
    if here is None or there is None:
        return Layer(a, b, float("inf"), 0.0, f"never called in {'ours' if here is None else 'theirs'}")
    axes = min(here.ndim, there.ndim)  # positions are (T, D) with us, (1, T, D) in transformers
    short = [each.flatten(0, each.ndim - axes) if each.shape[: each.ndim - axes].numel() == 1 else each
             for each in (here, there)]  # fmt: skip
    if short[0].shape != short[1].shape:
        return Layer(a, b, float("inf"), 0.0, f"shapes differ: {tuple(here.shape)}, {tuple(there.shape)}")
    x, y = (each.cpu().to(torch.complex128 if each.is_complex() else torch.float64) for each in short)
    bad = " and ".join(side for side, each in (("ours", x), ("theirs", y)) if not each.isfinite().all())
    if bad:
        return Layer(a, b, float("inf"), 0.0, f"NaN or infinity in {bad}")
    return Layer(a, b, (x - y).abs().max().item() if x.numel() else 0.0, y.abs().max().item() if y.numel() else 0.0)


def _joined(name: str, seen: Seen) -> Tensor | None:
    found = [seen[part] for part in _parts(name) if part in seen]
    return torch.cat(found, -1) if found and len(found) == len(_parts(name)) else None


def _in_order(layers: Sequence[Layer], called: Sequence[str]) -> list[Layer]:
    """By our calls; a layer that ours never called stays behind the one it was named after."""
    keys, last = [], -1
    for layer in layers:
        last = max((called.index(part) for part in _parts(layer.ours) if part in called), default=last)
        keys.append(last)
    return [layers[place] for place in sorted(range(len(layers)), key=lambda place: keys[place])]
