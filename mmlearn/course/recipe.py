"""``mmlearn train``: find a recipe by its file, run it, write its checkpoint."""

from __future__ import annotations

import importlib
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mmlearn import mode
from mmlearn.course import recipes

if TYPE_CHECKING:
    from mmlearn.train.checkpoint import Trained


def recipe_names() -> list[str]:
    """Every recipe there is, as it is called: the modules of mmlearn/course/recipes, with dashes."""
    files = [path for folder in recipes.__path__ for path in Path(folder).glob("*.py")]
    return sorted(path.stem.replace("_", "-") for path in files if not path.stem.startswith("_"))


def recipe_list() -> str:
    """A line a recipe: its name and the first line of its docstring."""
    lines = []
    for name in recipe_names():
        about = (importlib.import_module(_module(name)).__doc__ or "").strip().partition("\n")[0]
        lines.append(f"{name:<20}{about}")
    return "\n".join(lines) or "no recipes yet"


def run_recipe(name: str, folder: Path | None = None, quick: bool = False) -> str:
    """Train by recipe `name` and save; what was written and how good it is, in words.

    Without a `folder` the checkpoint is written where the shipped ones live; a `quick` one, of a few steps, is
    then not kept. Raises ValueError, before training, for an unknown name, for a folder that could not be written,
    and where MMLEARN_QUICK=1 would cut a whole training short; RuntimeError for one that was stopped.
    """
    from mmlearn.train.checkpoint import SHIPPED, place_for, save_checkpoint
    from mmlearn.train.cpu import set_up_cpu

    if name not in recipe_names():
        raise ValueError(f"no recipe {name!r}: expected one of {', '.join(recipe_names()) or 'none yet'}")
    if mode.quick() and not quick:
        raise ValueError("MMLEARN_QUICK=1 cuts every training to a few steps: unset it, or ask for --quick")
    if not (quick and folder is None):
        place_for(folder or SHIPPED / name)
    set_up_cpu()
    start = time.perf_counter()
    trained: Trained = importlib.import_module(_module(name)).train(quick=quick)
    scores = [f"  {label}: {value}" for label, value in trained.card.scores.items()]
    done = f"{name}: trained in {time.perf_counter() - start:.0f} s"
    if quick and folder is None:
        return "\n".join([f"{done}, a few steps only; not kept (--to FOLDER keeps it)", *scores])
    card = replace(trained.card, recipe=f"mmlearn train {name}" + (" --quick" if quick else ""))
    saved = save_checkpoint(folder or SHIPPED / name, trained.model, trained.config, card, trained.files)
    size = sum(file.stat().st_size for file in saved.iterdir())
    return "\n".join([f"{done}; {size / 1e6:.2f} MB in {saved}", *scores])


def replaced(name: str, folder: Path | None = None, quick: bool = False) -> str:
    """What a run will write over, in words; "" for nothing."""
    from mmlearn.train.checkpoint import CARD, SHIPPED

    place = folder or SHIPPED / name
    if name not in recipe_names() or not (place / CARD).is_file() or (quick and folder is None):
        return ""
    ships = "what ships with the course; --to FOLDER leaves it alone" if folder is None else "the checkpoint there"
    return f"{name}: will replace {place} once trained, {ships}"


def _module(name: str) -> str:
    return f"{recipes.__name__}.{name.replace('-', '_')}"
