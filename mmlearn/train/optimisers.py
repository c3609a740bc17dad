"""Two optimisers, set up as the field uses them: AdamW, and Muon with AdamW at its side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

HEADS = ("head", "classifier")  # as last layers are mostly called
_FUSED_ON = {"cpu", "cuda"}  # where one kernel updates all numbers of a tensor in one pass


def adamw(
    model: nn.Module, learning_rate: float, weight_decay: float = 0.01, betas: tuple[float, float] = (0.9, 0.999)
) -> torch.optim.AdamW:
    r"""AdamW in two groups: matrices and filters are decayed; vectors (biases, gains) and embeddings are not.

    ``w <- w - rate * (m / (sqrt(v) + 1e-8) + weight_decay * w)`` with m and v the running means, freed of their
    start, of the gradient and of its square. A bare ``torch.optim.AdamW(model.parameters())`` decays everything,
    pulls LayerNorm's gains to 0, and leaves the fused kernel off.

    Args:
        model: its parameters with ``requires_grad`` are taken. An embedding is the weight of an ``nn.Embedding``,
            or a parameter with "embedding" in its own name.
        learning_rate: above 0; 1e-3 suits small models.
        weight_decay: 0 or more, a share of `learning_rate` a step.
        betas: memory of m and of v, each 0 to below 1.

    Returns a `torch.optim.AdamW`, fused where every parameter is a float on a CPU or CUDA device.

    Raises ValueError for a model with nothing to train, or numbers outside these ranges.

    >>> model = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 2))
    >>> [(len(group["params"]), group["weight_decay"]) for group in adamw(model, 1e-3).param_groups]
    [(1, 0.01), (2, 0.0)]

    Paper: Loshchilov and Hutter (2019), "Decoupled weight decay regularization", arXiv:1711.05101.

    Built in: lesson 06.
    """
    trained = _trained(model, learning_rate, weight_decay)
    return _adamw(trained, _embeddings(model) | _norms(model), learning_rate, weight_decay, betas)


def muon(
    model: nn.Module,
    learning_rate: float,
    weight_decay: float = 0.01,
    momentum: float = 0.95,
    adamw_for: Sequence[str] = HEADS,
) -> JointOptimiser:
    r"""Muon on the hidden matrices, AdamW on all else, as one optimiser.

    ``B <- momentum * B + (1 - momentum) * G``; then ``W <- (1 - rate * weight_decay) W - 0.2 sqrt(max(rows,
    columns)) rate * U V^T`` with ``U S V^T`` about the singular value decomposition of the (Nesterov) momentum:
    all directions of a matrix learn at one speed. The factor 0.2 sqrt(max) ("match_rms_adamw") makes a step as long as
    AdamW's, so that one learning rate serves both; torch's own default is another factor.

    Args:
        model: its parameters with ``requires_grad`` are taken. Muon gets those with two axes that are neither
            embeddings (see `adamw`) nor a LayerNorm's gains nor named in `adamw_for`; convolutions have four axes,
            and torch's Muon takes two only: they go to AdamW.
        learning_rate: above 0, of both parts, as tuned for AdamW.
        weight_decay: 0 or more, of all Muon's matrices and of what `adamw` would decay.
        momentum: memory of B, 0 to below 1.
        adamw_for: names of modules whose matrices AdamW keeps: first and last layers, not hidden ones. A name is
            one word of the dotted path: "head" means ``model.head`` and ``model.tower.head``. Names of your own must
            each be found.

    Returns a `JointOptimiser` with `step`, `zero_grad`, `param_groups`, `state_dict`, `load_state_dict`.

    Raises ValueError for a model without hidden matrices, a name that no module has, or numbers outside these ranges;
    TypeError for a bare text as `adamw_for`.

    >>> model = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 4), nn.Linear(4, 2))
    >>> [type(part).__name__ for part in muon(model, 1e-3, adamw_for=("2",)).parts]
    ['Muon', 'AdamW']

    Paper: Jordan et al. (2024), "Muon: an optimizer for hidden layers in neural networks",
    https://kellerjordan.github.io/posts/muon/; the factor: Liu et al. (2025), "Muon is scalable for LLM training",
    arXiv:2502.16982.

    Built in: lesson 06.
    """
    if not 0 <= momentum < 1:
        raise ValueError(f"expected a momentum from 0 to below 1, got {momentum}")
    trained, kept = _trained(model, learning_rate, weight_decay), _embeddings(model) | _norms(model)
    _refuse_names(model, adamw_for)
    hidden = {
        name: weight
        for name, weight in trained.items()
        if weight.ndim == 2 and name not in kept and not _words(name) & set(adamw_for)
    }
    if not hidden:
        raise ValueError("expected a model with hidden matrices for Muon, found none: use adamw")
    parts: list[torch.optim.Optimizer] = [
        torch.optim.Muon(
            list(hidden.values()),
            lr=learning_rate,
            weight_decay=weight_decay,
            momentum=momentum,
            adjust_lr_fn="match_rms_adamw",
        )
    ]
    rest = {name: weight for name, weight in trained.items() if name not in hidden}
    if rest:
        parts.append(_adamw(rest, kept, learning_rate, weight_decay, (0.9, 0.999)))
    return JointOptimiser(*parts)


class JointOptimiser:
    """Several optimisers with parameters of their own, used as one.

    Args:
        parts: the optimisers, such as `torch.optim.Muon` for matrices and `torch.optim.AdamW` for the rest.

    Built in: lesson 06.
    """

    def __init__(self, *parts: torch.optim.Optimizer) -> None:
        self.parts = parts

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The groups of all parts, in order: set ``group["lr"]`` and the part uses it."""
        return [group for part in self.parts for group in part.param_groups]

    def step(self) -> None:
        """One step of every part."""
        for part in self.parts:
            part.step()

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for part in self.parts:
            part.zero_grad()

    def state_dict(self) -> dict[str, Any]:
        """What the parts remember, to go on later."""
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up what `state_dict` gave; ValueError where it is of another kind of optimiser."""
        saved = state.get("parts", [state])
        if len(saved) != len(self.parts):
            raise ValueError(f"expected the state of {len(self.parts)} optimisers, got {len(saved)}: made by another?")
        for part, own in zip(self.parts, saved, strict=True):
            part.load_state_dict(own)


def _trained(model: nn.Module, learning_rate: float, weight_decay: float) -> dict[str, Tensor]:
    """Name -> parameter, each once, however many modules share it."""
    if not 0 < learning_rate < math.inf:
        raise ValueError(f"expected a learning_rate above 0, got {learning_rate}")
    if not 0 <= weight_decay < math.inf:
        raise ValueError(f"expected a weight_decay of 0 or more, got {weight_decay}")
    trained = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    if not trained:
        raise ValueError("expected a model with parameters to train, found none: are all frozen (requires_grad False)?")
    return {**trained}


def _words(name: str) -> set[str]:
    """The modules that a parameter lies in: "tower.head.weight" -> tower, head."""
    return set(name.split(".")[:-1])


def _refuse_names(model: nn.Module, adamw_for: Sequence[str]) -> None:
    if isinstance(adamw_for, str):
        raise TypeError(f"expected names in a tuple, got the text {adamw_for!r}: write adamw_for=({adamw_for!r},)")
    there = {word for name, _ in model.named_parameters(remove_duplicate=False) for word in _words(name)}
    lost = [name for name in adamw_for if name not in there]
    if lost and tuple(adamw_for) != HEADS:
        known = ", ".join(sorted(there)) or "none"
        raise ValueError(f"no module with weights is named {', '.join(map(repr, lost))}; there are {known}")


def _embeddings(model: nn.Module) -> set[str]:
    """Names of the parameters that are tables of vectors, looked up by number."""
    tables = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    return {name for name, w in model.named_parameters() if id(w) in tables or "embedding" in name.rpartition(".")[2]}


def _norms(model: nn.Module) -> set[str]:
    """Names of the gains and biases of layer normalisations: with two axes too, they are no matrices."""
    gains = {id(w) for m in model.modules() if isinstance(m, nn.LayerNorm | nn.RMSNorm) for w in m.parameters()}
    return {name for name, w in model.named_parameters() if id(w) in gains}


def _adamw(
    trained: dict[str, Tensor],
    spared: set[str],
    learning_rate: float,
    weight_decay: float,
    betas: tuple[float, float],
) -> torch.optim.AdamW:
    decayed = [w for name, w in trained.items() if w.ndim >= 2 and name not in spared]
    kept = [w for name, w in trained.items() if w.ndim < 2 or name in spared]
    groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": kept, "weight_decay": 0.0}]
    fused = all(w.is_floating_point() and w.device.type in _FUSED_ON for w in trained.values())
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=learning_rate, betas=betas, fused=fused)
