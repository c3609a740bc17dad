"""Trained models as files: weights, configuration and card, which must belong together to be loaded."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import safe_open
from safetensors.torch import load, save
from torch import nn

from mmlearn.train.card import Card, hashes_in

WEIGHTS, CONFIG, CARD = "model.safetensors", "config.json", "card.md"
SHIPPED = Path(__file__).parent / "checkpoints"
LIMIT = 10_000_000  # bytes of a whole checkpoint: the repository carries every one of them
Model = TypeVar("Model", bound=nn.Module)


@dataclass(frozen=True)
class Trained:
    """What a recipe gives back: all that `save_checkpoint` writes.

    Args:
        model: trained.    config: the frozen dataclass, or dict, it was built from.    card: its facts.
        files: further files, name -> content, such as {"tokenizer.json": ...}.

    Built in: lesson 06.
    """

    model: nn.Module
    config: Any
    card: Card
    files: Mapping[str, bytes] = field(default_factory=dict)


def save_checkpoint(
    folder: str | Path, model: nn.Module, config: Any, card: Card, files: Mapping[str, bytes] | None = None
) -> Path:
    """Write model.safetensors, config.json, any further files, and card.md with the sha256 of each.

    The weights carry a copy of the configuration inside, so that neither can be exchanged unnoticed. Unlike
    ``torch.save``, safetensors holds numbers only: to load it can run no code.

    Args:
        folder: made if missing; its last part names the checkpoint. A checkpoint there is replaced, all of it.
        model: its whole state dict is saved, from any device.
        config: frozen dataclass or dict of what JSON can hold (numbers, texts, truths, None, tuples of them).
        card: recipe, data, seeds, scores, licence.
        files: name -> content, further files of the model, such as a tokenizer.

    Returns the folder. Raises ValueError for 10 MB or more, NaN or infinity in the weights, a configuration
    that JSON cannot give back equal, a file name that is taken, holds a folder or white space, or a folder that
    holds something else than a checkpoint.

    >>> import tempfile
    >>> card, config = Card("Adds.", "none", "0", {"accuracy": "none"}, "MIT"), {"in_features": 2, "out_features": 1}
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = save_checkpoint(Path(place) / "adder", nn.Linear(2, 1), config, card)
    ...     sorted(file.name for file in folder.iterdir()), load_checkpoint(folder, lambda c: nn.Linear(**c))
    (['card.md', 'config.json', 'model.safetensors'], Linear(in_features=2, out_features=1, bias=True))

    Built in: lesson 06.
    """
    folder, settings = place_for(folder), _settings(config)
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in model.state_dict().items()}
    for name, value in tensors.items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise ValueError(f"{name} holds NaN or infinity: this model is not worth keeping")
    written = {WEIGHTS: save(tensors, metadata={"config": settings}), CONFIG: (settings + "\n").encode()}
    for name, content in (files or {}).items():
        if name in {WEIGHTS, CONFIG, CARD, ""} or Path(name).name != name or name.split() != [name]:
            raise ValueError(f"expected a plain file name, not {WEIGHTS}, {CONFIG} or {CARD}, got {name!r}")
        written[name] = content
    if (total := sum(map(len, written.values()))) >= LIMIT:
        raise ValueError(f"{folder.name} would take {total / 1e6:.1f} MB; a checkpoint stays below {LIMIT / 1e6:.0f}")
    made = f"{date.today()} with Python {platform.python_version()}, torch {torch.__version__}"
    listed = {name: (len(content), _sha256(content)) for name, content in written.items()}
    folder.mkdir(parents=True, exist_ok=True)
    _clear(folder)
    for name, content in written.items():
        (folder / name).write_bytes(content)
    (folder / CARD).write_text(card.text(folder.name, listed, made) + "\n", encoding="utf-8", newline="\n")
    return folder


def place_for(folder: str | Path) -> Path:
    """The folder, absolute, if a checkpoint may be written there: it is new, empty, or holds a checkpoint.

    Raises ValueError for any other, so that nobody's files are overwritten: ask before training, not after.

    Built in: lesson 06.
    """
    if not str(folder).strip():
        raise ValueError("expected a folder for the checkpoint, got an empty name")
    folder = Path(folder).resolve()
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise ValueError(f"expected a folder for the checkpoint, got {folder}: {nearest} is no folder to write in")
    if nearest == folder and not (folder / CARD).is_file() and any(folder.iterdir()):
        raise ValueError(f"{folder} holds files, but no {CARD} of a checkpoint: empty it first, or choose another")
    return folder


def _clear(folder: Path) -> None:
    """Take away the checkpoint there: its card first, for without it nothing here loads; the new one comes last."""
    if (folder / CARD).is_file():
        old = hashes_in((folder / CARD).read_text(encoding="utf-8"))
        (folder / CARD).unlink()
        for name in old:
            (folder / Path(name).name).unlink(missing_ok=True)


def load_checkpoint(name_or_folder: str | Path, build: Callable[[dict[str, Any]], Model]) -> Model:
    """The saved model, on the CPU, in ``eval()`` mode; refused if anything does not fit.

    Args:
        name_or_folder: a name that ships with the course (see `shipped`), or a folder.
        build: makes the model from its configuration, a dict whose lists have become tuples, as in
            ``lambda config: CNN(CNNConfig(**config))``.

    Returns what `build` made, with the saved weights.

    Raises FileNotFoundError for an unknown name or a missing file; ValueError, by the name of the file, setting
    or tensor, where a hash, the configuration, a tensor's name, shape or type is not the one that was saved.

    Built in: lesson 06.
    """
    folder = find_checkpoint(name_or_folder)
    config = read_config(folder)
    weights = checkpoint_file(folder, WEIGHTS)
    with safe_open(weights, framework="pt") as opened:
        copied = (opened.metadata() or {}).get("config")
    if copied is None:
        raise ValueError(f"{folder.name}: {WEIGHTS} holds no configuration: it was not written by save_checkpoint")
    inside = _tuples(json.loads(copied))
    for key in sorted(inside.keys() | config.keys()):
        if inside.get(key, "nothing") != config.get(key, "nothing"):
            ours, theirs = config.get(key, "nothing"), inside.get(key, "nothing")
            raise ValueError(f"{folder.name}: {CONFIG} says {key} = {ours!r}, the weights were saved with {theirs!r}")
    try:
        model = build(config)
    except TypeError as error:
        raise ValueError(f"{folder.name}: this {CONFIG} does not suit the model's configuration: {error}") from error
    tensors, own = load(weights.read_bytes()), model.state_dict()
    for name in sorted(own.keys() | tensors.keys()):
        ours, saved = _kind(own.get(name)), _kind(tensors.get(name))
        if ours != saved:
            raise ValueError(f"{folder.name}: {name} is {saved} in the file and {ours} in the model: built otherwise?")
    model.load_state_dict(tensors, strict=True)
    return model.eval()


def find_checkpoint(name_or_folder: str | Path) -> Path:
    """The folder of a shipped checkpoint, or a folder itself; FileNotFoundError names those that ship.

    Built in: lesson 06.
    """
    if isinstance(name_or_folder, str) and name_or_folder in shipped():
        return SHIPPED / name_or_folder
    folder = Path(name_or_folder)
    if not (folder / CARD).is_file():
        raise FileNotFoundError(
            f"no checkpoint {str(name_or_folder)!r}: expected one of {', '.join(shipped()) or 'none yet'}, "
            f"or a folder with {WEIGHTS}, {CONFIG} and {CARD}"
        )
    return folder


def shipped() -> list[str]:
    """Names of the checkpoints that come with the course, in order.

    Built in: lesson 06.
    """
    return sorted(path.parent.name for path in SHIPPED.glob(f"*/{CARD}"))


def read_config(name_or_folder: str | Path) -> dict[str, Any]:
    """The verified configuration of a checkpoint: setting -> value, lists turned into tuples.

    Built in: lesson 06.
    """
    settings: dict[str, Any] = _tuples(json.loads(checkpoint_file(name_or_folder, CONFIG).read_bytes()))
    return settings


def checkpoint_file(name_or_folder: str | Path, file: str) -> Path:
    """The path of one file of a checkpoint, once its sha256 is the card's.

    Args:
        name_or_folder: as in `load_checkpoint`.    file: as in "tokenizer.json".

    Raises FileNotFoundError for a file that is missing or not in the card, ValueError for another hash.

    Built in: lesson 06.
    """
    folder = find_checkpoint(name_or_folder)
    hashes = hashes_in((folder / CARD).read_text(encoding="utf-8"))
    path = folder / file
    if file not in hashes or not path.is_file():
        state = "is not in the card" if file not in hashes else "is missing"
        raise FileNotFoundError(f"{folder.name}: {file} {state}; it is made of {', '.join(hashes) or 'nothing'}")
    if (found := _sha256(path.read_bytes())) != hashes[file]:
        raise ValueError(
            f"{folder.name}: {file} has sha256 {found[:12]}..., its card says {hashes[file][:12]}...: "
            "changed or cut off on its way; take the folder anew"
        )
    return path


def _kind(tensor: torch.Tensor | None) -> str:
    """Shape and type, as in "(3, 4) float32"."""
    return "nothing" if tensor is None else f"{tuple(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}"


def _settings(config: Any) -> str:
    settings = asdict(config) if is_dataclass(config) and not isinstance(config, type) else config
    if not isinstance(settings, dict):
        raise ValueError(f"expected a dataclass or a dict as config, got {type(config).__name__}")
    try:
        text = json.dumps(settings, indent=2, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"expected a config of numbers, texts, truths, None and tuples: {error}") from None
    if _tuples(json.loads(text)) != _tuples(settings):
        raise ValueError("JSON gives this config back changed: are all its keys texts?")
    return text


def _tuples(value: Any) -> Any:
    """Lists become tuples, at any depth: JSON knows no tuple, and a frozen config holds no list."""
    if isinstance(value, dict):
        return {key: _tuples(part) for key, part in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
