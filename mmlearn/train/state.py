"""Stop today, go on tomorrow: all that a training run depends on, in one file."""

from __future__ import annotations

import os
import random
from dataclasses import asdict
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from torch import nn

from mmlearn.train.history import History

_PARTS = {"model", "optimiser", "kinds", "history", "random"}  # of a file


def save_state(path: str | Path, model: nn.Module, optimiser: Any, history: History) -> None:
    """Write weights, the optimiser's memory, the history, and every random generator's place.

    Call it last in ``on_step``: training that goes on from this file then gives the same losses, bit for bit, as
    training that was never cut off (on the same machine, versions and number of threads). The batches need no
    saving: `Batches` gives them by step. An older file at `path` is replaced only once the new one is whole.

    Args:
        path: of the file, such as "run.pt"; its folder must exist.
        model, optimiser: as given to `fit`.
        history: as `fit` hands it to ``on_step``.

    Raises TypeError for an optimiser without `state_dict`.

    >>> import tempfile
    >>> model = nn.Linear(2, 1)
    >>> optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_state(f"{folder}/run.pt", model, optimiser, History([0.5], [0.1], [1.0]))
    ...     load_state(f"{folder}/run.pt", model, optimiser).losses
    [0.5]

    Built in: lesson 06.
    """
    if not hasattr(optimiser, "state_dict"):
        raise TypeError(f"expected an optimiser with a state_dict, got {type(optimiser).__name__}")
    state = {
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict(),
        "kinds": _kinds(optimiser),
        "history": asdict(history),
        "random": _random_places(),
    }
    part = Path(f"{path}.part")
    torch.save(state, part)
    os.replace(part, path)


def load_state(path: str | Path, model: nn.Module, optimiser: Any) -> History:
    """Put model, optimiser and all random generators back where `save_state` found them.

    ``fit(..., resume=load_state("run.pt", model, optimiser))`` goes on from there. Learning rates and decay are
    those of the file, not those this optimiser was made with; set ``group["lr"]`` afterwards to change one.

    Args:
        path: a file of `save_state`.
        model, optimiser: built as those that were saved.

    Returns the history up to that step.

    Raises ValueError, before anything is changed, for a file that is none of `save_state` or was cut off, and for a
    model or an optimiser of another kind, size or type.

    Built in: lesson 06.
    """
    state = _read(path)
    saved, own = state["model"], model.state_dict()
    for name in sorted(saved.keys() | own.keys()):
        theirs, ours = _shape(saved, name), _shape(own, name)
        if theirs != ours:
            raise ValueError(f"{path}: {name} is {theirs} in the file and {ours} in the model: built otherwise?")
    if state["kinds"] != _kinds(optimiser):
        raise ValueError(f"{path}: saved with {_told(state['kinds'])}, got {_told(_kinds(optimiser))}")
    optimiser.load_state_dict(state["optimiser"])
    model.load_state_dict(saved)
    _put_random_back(state["random"])
    for group in optimiser.param_groups:  # saved in mid-run: the schedule's factor of that step is not kept
        group["lr"] = group.pop("initial_lr", group["lr"])
    return History(**state["history"])


def _read(path: str | Path) -> dict[str, Any]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)  # numbers and texts only: it can run no code
    except (FileNotFoundError, PermissionError):
        raise
    except (OSError, RuntimeError, EOFError, KeyError, ValueError, UnpicklingError) as error:
        raise ValueError(f"{path} is not a whole file of save_state: cut off, or of another kind?") from error
    if not isinstance(state, dict) or _PARTS - state.keys():
        raise ValueError(f"{path} is not a whole file of save_state: it lacks its {', '.join(sorted(_PARTS))}")
    return state


def _kinds(optimiser: Any) -> list[list[Any]]:
    """[kind, sizes of its groups] of every part, for a joint optimiser has several."""
    parts = getattr(optimiser, "parts", (optimiser,))
    return [[type(part).__name__, [len(group["params"]) for group in part.param_groups]] for part in parts]


def _told(kinds: list[list[Any]]) -> str:
    return " and ".join(f"{kind} for groups of {', '.join(map(str, sizes))} tensors" for kind, sizes in kinds)


def _shape(tensors: dict[str, Any], name: str) -> str:
    if name not in tensors:
        return "nothing"
    return f"{tuple(tensors[name].shape)} {str(tensors[name].dtype).removeprefix('torch.')}"


def _random_places() -> dict[str, Any]:
    name, keys, *rest = np.random.get_state(legacy=True)
    return {
        "python": random.getstate(),
        "numpy": (name, torch.from_numpy(np.asarray(keys, dtype=np.int64)), *rest),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def _put_random_back(places: dict[str, Any]) -> None:
    random.setstate(places["python"])
    name, keys, *rest = places["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(places["torch"])
    if places["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(places["cuda"])
