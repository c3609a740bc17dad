"""Parquet files of the Hugging Face hub: what is on this machine, and fetching them only when asked."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from mmlearn.data.unavailable import DataUnavailable

INSTALL_DATASETS = 'pip install "datasets>=3.0"'  # it reads what is fetched
_PART = re.compile(r"-(\d{5})-of-(\d{5})\b")  # train-00000-of-00002-2f8f6bfa.parquet


@dataclass(frozen=True)
class HubSplit:
    """One split of one data set on the hub.

    Built in: lesson 00.
    """

    repo: str  # "owner/name"
    pattern: str  # the split's files inside the repository, as a glob
    size: str  # what fetching it takes, in words a learner can weigh: "about 0.8 GB"


def cached_files(split: HubSplit) -> list[Path]:
    """The split's files in the local hub cache, all of them or none; never uses the network.

    >>> cached_files(HubSplit("nobody/nothing", "data/train-*.parquet", "nothing"))
    []

    Built in: lesson 00.
    """
    folder = _hub_cache() / f"datasets--{split.repo.replace('/', '--')}"
    head = folder / "refs" / "main"
    if not head.is_file():
        return []
    snapshot = folder / "snapshots" / head.read_text(encoding="utf-8").strip()
    return whole(sorted(snapshot.glob(split.pattern)))


def whole(files: list[Path]) -> list[Path]:
    """The files if none of "part k of n" is missing among them, else an empty list.

    >>> whole([Path("train-00000-of-00002.parquet")])
    []

    Built in: lesson 00.
    """
    parts = [_PART.search(file.name) for file in files]
    counts = {int(part[2]) for part in parts if part}
    complete = not counts or (len(counts) == 1 and len(files) == counts.pop())
    return files if complete else []


def fetch(split: HubSplit, what: str) -> list[Path]:
    """Download the split into the hub cache, saying first what and how large; returns its files.

    Raises DataUnavailable, before anything is fetched, if the package datasets or huggingface_hub is missing,
    and if the hub does not answer.

    Built in: lesson 00.
    """
    _package_datasets(what)
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise DataUnavailable(what, "no package huggingface_hub", "pip install huggingface_hub") from None
    print(f"Downloading {what} from huggingface.co/datasets/{split.repo}: {split.size}, into {_hub_cache()}")
    try:
        snapshot_download(split.repo, repo_type="dataset", allow_patterns=[split.pattern])
    except Exception as error:  # offline, gated, moved: the reason is in the message, the way out is the same
        why = f"the hub did not deliver {split.repo} ({type(error).__name__}: {error})".replace("\n", " ")
        raise DataUnavailable(what, why, "the same call again, with the network on") from error
    files = cached_files(split)
    if not files:
        why = f"{split.repo} holds no complete {split.pattern} any more"
        raise DataUnavailable(what, why, "pass folder= with the Parquet files of another copy")
    return files


def read_parquet(files: list[Path], what: str) -> Any:
    """The rows as a Hugging Face `datasets.Dataset`, memory-mapped, the column "image" decoded on access.

    Raises DataUnavailable if the package datasets is missing.

    Built in: lesson 00.
    """
    datasets = _package_datasets(what)
    shown = not datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        table = datasets.Dataset.from_parquet([str(file) for file in files])
    finally:
        if shown:
            datasets.enable_progress_bars()
    if "image" not in table.column_names:
        raise ValueError(f"expected a column 'image' in {files[0]}, found {', '.join(table.column_names)}")
    return table.cast_column("image", datasets.Image())


def _package_datasets(what: str) -> Any:
    # Where the package is missing, a mere folder called datasets in the working directory (this repository
    # has one) is imported in its stead, as an empty module: so ask for what the package must have.
    try:
        module: Any = import_module("datasets")
    except ImportError:
        module = None
    if not hasattr(module, "Dataset"):
        why = "its files are Parquet, and there is no package datasets to read them"
        raise DataUnavailable(what, why, INSTALL_DATASETS)
    return module


def _hub_cache() -> Path:
    """Where huggingface_hub keeps its downloads; worked out here because importing it is slow."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(name):
            return Path(os.environ[name]).expanduser()
    home = os.environ.get("HF_HOME")
    if home:
        return Path(home).expanduser() / "hub"
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "huggingface" / "hub"
