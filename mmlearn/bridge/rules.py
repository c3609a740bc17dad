"""Rules that say which tensor of a library is which of ours: every one used, every one found, shapes checked.

A model loaded by order, or with ``strict=False``, or by copying "whatever fits", runs and is wrong. A table of
rules is short enough to read, and `remap` refuses to leave anything over on either side.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


class BridgeError(ValueError):
    """Weights that cannot cross: which tensor, what came, what was expected.

    Built in: lesson 08.
    """


@dataclass(frozen=True)
class Convert:
    """How one tensor of theirs becomes one or several of ours, and the way back.

    Built in: lesson 08.
    """

    cut: Callable[[Tensor, int], Sequence[Tensor]]  # (theirs, how many of ours) -> ours
    join: Callable[[Sequence[Tensor]], Tensor]  # ours -> theirs
    cut_axis: int | None = None  # the axis of theirs that is cut into equal parts; None: it stays whole
    axes: int | None = None  # how many axes theirs must have; None: any number


SAME = Convert(lambda theirs, _: [theirs], lambda ours: ours[0])
# GPT-2 keeps its matrices as (in, out) and computes x @ W; nn.Linear keeps (out, in) and computes x @ W.T.
TRANSPOSED = Convert(lambda theirs, _: [theirs.T], lambda ours: ours[0].T, axes=2)
STACKED_ROWS = Convert(lambda theirs, parts: theirs.chunk(parts, 0), lambda ours: torch.cat(list(ours)), cut_axis=0)
STACKED_COLUMNS = Convert(
    lambda theirs, parts: [part.T for part in theirs.chunk(parts, 1)],
    lambda ours: torch.cat([part.T for part in ours], 1),
    cut_axis=1,
    axes=2,
)


@dataclass(frozen=True)
class Rule:
    """One line of a table: a tensor's name in the library, its name with us, and what happens on the way.

    ``{n}`` stands for a layer's number and is the same on both sides. ``{query,key,value}`` in the target names
    three tensors of ours that theirs holds as one; such a rule needs a `convert` that cuts.

    Args:
        source: the library's name.
        target: ours.
        convert: how the numbers change; None for not at all.

    >>> rule = Rule("h.{n}.attn.c_attn.bias", "blocks.{n}.attention.{query,key,value}.bias", STACKED_ROWS)
    >>> rule.number("h.11.attn.c_attn.bias"), rule.number("h.11.ln_1.bias")
    ('11', None)
    >>> rule.targets("11")
    ['blocks.11.attention.query.bias', 'blocks.11.attention.key.bias', 'blocks.11.attention.value.bias']

    Built in: lesson 08.
    """

    source: str
    target: str
    convert: Convert | None = None

    def number(self, name: str) -> str | None:
        """The layer's number in a name of theirs, "" if the rule has none; None if the rule is not about it."""
        return _number(self.source, name)

    def targets(self, number: str) -> list[str]:
        """Our names for one layer, in the order in which theirs holds them."""
        head, parts, tail = _split(self.target)
        return [f"{head}{part}{tail}".replace("{n}", number) for part in parts]

    def name(self, number: str) -> str:
        """Their name for one layer."""
        return self.source.replace("{n}", number)

    def apply(self, name: str, theirs: Tensor) -> Sequence[Tensor]:
        """One tensor of theirs as ours, in the order of `targets`; refuses a shape that cannot be cut."""
        way, parts = self.convert or SAME, len(_split(self.target)[1])
        if way.axes is not None and theirs.ndim != way.axes:
            raise BridgeError(f"theirs has {name} of shape {tuple(theirs.shape)}, expected {way.axes} axes")
        if way.cut_axis is not None and theirs.shape[way.cut_axis] % parts:
            raise BridgeError(
                f"theirs has {name} of shape {tuple(theirs.shape)}: axis {way.cut_axis} should hold "
                f"{parts} equal parts ({', '.join(_split(self.target)[1])})"
            )
        return way.cut(theirs, parts)


def both(source: str, target: str, weight: Convert | None = None, bias: Convert | None = None) -> list[Rule]:
    """The two rules of a layer that has a weight and a bias.

    >>> [rule.target for rule in both("ln_f", "norm")]
    ['norm.weight', 'norm.bias']

    Built in: lesson 08.
    """
    return [
        Rule(f"{source}.weight", f"{target}.weight", weight),
        Rule(f"{source}.bias", f"{target}.bias", bias),
    ]


def remap(
    theirs: Mapping[str, Tensor], rules: Iterable[Rule], ours: Mapping[str, Tensor], ignore: Sequence[str] = ()
) -> dict[str, Tensor]:
    """Their tensors under our names.

    Nothing is left over, on either side: each tensor of theirs is taken by exactly one rule or named in `ignore`,
    each rule takes at least one, each tensor of ours is given, each shape is right, and no number loses precision.
    Two tensors of theirs may be one of ours (tied weights), if they are equal.

    Args:
        theirs: the library's state dict.
        rules: the table.
        ours: our state dict: its names, shapes and types are what is to be filled.
        ignore: names of theirs that have no counterpart on purpose; ``{n}`` is any number.

    Returns:
        our state dict, of their numbers.

    Raises:
        BridgeError: naming the tensors, and both shapes where shapes differ.

    >>> found = remap({"fc.weight": torch.ones(2, 3)}, [Rule("fc.weight", "up.weight", TRANSPOSED)],
    ...               {"up.weight": torch.zeros(3, 2)})
    >>> {name: tuple(tensor.shape) for name, tensor in found.items()}
    {'up.weight': (3, 2)}

    Built in: lesson 08.
    """
    rules = list(rules)
    found: dict[str, Tensor] = {}
    giver: dict[str, str] = {}  # our name -> the name of theirs that filled it
    taken = _assign(theirs, rules, ignore)
    _refuse(
        [rule.source for rule in rules if rule not in {rule for rule, _ in taken.values()}],
        "rule(s) found nothing among theirs",
        "theirs lacks these tensors, or the rule misspells them",
    )
    for name, (rule, number) in taken.items():
        for target, tensor in zip(rule.targets(number), rule.apply(name, theirs[name]), strict=True):
            _fits(name, tensor, target, ours)
            if target in found:
                _tied(name, tensor, giver[target], found[target])
            found[target], giver[target] = tensor, name
    empty = [each for each in ours if each not in found]
    only_biases = all(each.endswith("bias") for each in empty)
    why = "theirs has no such biases: make ours without" if only_biases else "is ours deeper?"
    _refuse(empty, "tensor(s) of ours got nothing", why)
    return found


def unmap(ours: Mapping[str, Tensor], rules: Iterable[Rule]) -> dict[str, Tensor]:
    """Our tensors under their names: `remap` backwards, as strict, each a copy of its own.

    >>> rules = [Rule("fc.weight", "up.weight", TRANSPOSED)]
    >>> tuple(unmap({"up.weight": torch.zeros(3, 2)}, rules)["fc.weight"].shape)
    (2, 3)

    Built in: lesson 08.
    """
    theirs: dict[str, Tensor] = {}
    used: set[str] = set()
    idle = []
    for rule in rules:
        numbers = [n for n in (_number(_first(rule.target), name) for name in ours) if n is not None]
        idle += [] if numbers else [rule.target]
        for number in numbers:
            targets = rule.targets(number)
            _refuse([name for name in targets if name not in ours], "tensor(s) of ours are missing", "")
            joined = (rule.convert or SAME).join([ours[name] for name in targets])
            theirs[rule.name(number)] = joined.detach().clone().contiguous()
            used.update(targets)
    _refuse(idle, "rule(s) found nothing among ours", "ours lacks these tensors, or the rule misspells them")
    _refuse([name for name in ours if name not in used], "tensor(s) of ours have no name in the library", "")
    return theirs


def _assign(theirs: Mapping[str, Tensor], rules: Sequence[Rule], ignore: Sequence[str]) -> dict[str, tuple[Rule, str]]:
    """Name of theirs -> the rule that takes it and the layer's number; every name is taken once or ignored."""
    taken: dict[str, tuple[Rule, str]] = {}
    left = []
    for name in theirs:
        fitting = [(rule, number) for rule in rules if (number := rule.number(name)) is not None]
        if len(fitting) > 1:
            raise BridgeError(f"{len(fitting)} rules take {name}: {', '.join(rule.target for rule, _ in fitting)}")
        if fitting:
            taken[name] = fitting[0]
        elif all(_number(pattern, name) is None for pattern in ignore):
            left.append(name)
    _refuse(left, "tensor(s) of theirs are in no rule", "ours has no such part, so it could not give the same results")
    return taken


def _fits(name: str, tensor: Tensor, target: str, ours: Mapping[str, Tensor]) -> None:
    if target not in ours:
        raise BridgeError(f"theirs has {name}, ours has no {target}: is ours of the same depth, with the same parts?")
    place = ours[target]
    if tensor.shape != place.shape:
        raise BridgeError(
            f"{name} of theirs gives {tuple(tensor.shape)}, {target} of ours expects {tuple(place.shape)}: "
            "are the two models of the same sizes?"
        )
    if not torch.isfinite(tensor).all():
        raise BridgeError(f"{name} of theirs holds NaN or infinity: was the file damaged, or its training?")
    if torch.promote_types(tensor.dtype, place.dtype) != place.dtype:
        raise BridgeError(
            f"{name} of theirs is {tensor.dtype}, {target} of ours is {place.dtype}, which cannot hold it exactly: "
            "convert one of the models first"
        )


def _tied(name: str, tensor: Tensor, other: str, held: Tensor) -> None:
    if not torch.equal(tensor, held):
        off = (tensor - held).abs().max().item()
        raise BridgeError(f"ours has one tensor for {other} and {name} of theirs, but these differ by up to {off:.1e}")


def _refuse(names: Sequence[str], what: str, why: str) -> None:
    if names:
        shown = ", ".join(names[:6]) + (" ..." if len(names) > 6 else "")
        raise BridgeError(f"{len(names)} {what}: {shown}" + (f"; {why}" if why else ""))


def _number(pattern: str, name: str) -> str | None:
    regex = re.escape(pattern).replace(re.escape("{n}"), r"(\d+)")
    match = re.fullmatch(regex, name)
    return (match[1] if match.groups() else "") if match else None


def _split(target: str) -> tuple[str, list[str], str]:
    """The target's text before its {a,b,c}, the names a, b, c, and the text after; one empty name if it has none."""
    match = re.search(r"\{(\w+(?:,\w+)+)\}", target)
    return (target[: match.start()], match[1].split(","), target[match.end() :]) if match else (target, [""], "")


def _first(target: str) -> str:
    head, parts, tail = _split(target)
    return f"{head}{parts[0]}{tail}"
