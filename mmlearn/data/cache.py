"""Arrays that are slow to make, kept on disk and never trusted blindly."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import time
import uuid
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from platformdirs import user_cache_path

Arrays = dict[str, np.ndarray[Any, Any]]

_DAY = 24 * 3600.0  # seconds; an unfinished file older than this has no writer any more
_LABELS = "__labels__"  # lists the other members: a damaged directory of a zip can hide some of them
_TAKEN = (_LABELS, "file", "allow_pickle")  # numpy.savez has arguments of these names
_log = logging.getLogger("mmlearn")


def cache_folder() -> Path:
    """Where the course keeps what it can make again: the platform's cache folder, or MMLEARN_CACHE if set.

    It may be deleted at any time. It is not created here.

    >>> from unittest.mock import patch
    >>> with patch.dict("os.environ", MMLEARN_CACHE="somewhere"):
    ...     cache_folder().name
    'somewhere'

    Built in: lesson 00.
    """
    chosen = os.environ.get("MMLEARN_CACHE")
    return Path(chosen).expanduser() if chosen else user_cache_path("mmlearn-course", appauthor=False)


def cached(name: str, key: Mapping[str, Any], make: Callable[[], Arrays]) -> Arrays:
    """The arrays that `make` returns: read from disk if the same key was stored before, else made and stored.

    The file is ``{name}-{first 16 hex digits of sha256(key as JSON)}.npz``. It is written aside and then
    renamed, so a reader sees all of it or none, however many processes write; its checksums are tested on
    every read. A damaged file is made anew, and a folder that cannot be written to costs only time: both
    leave a notice in the log "mmlearn" (shown on stderr by default), not an error.

    Args:
        name: how the file's name begins: letters, digits, "-" and "_".
        key: all that the arrays depend on (versions, sizes, hashes), as plain JSON values.
        make: takes nothing, returns a dict of arrays, none of them of dtype object. Their labels are
            identifiers, other than "file" and "allow_pickle", which the file format cannot hold.

    Raises ValueError for a name that is not a plain file name, for such a label or for arrays of dtype
    object, and TypeError if the key is not plain JSON.

    >>> from tempfile import TemporaryDirectory
    >>> from unittest.mock import patch
    >>> with TemporaryDirectory() as folder, patch.dict("os.environ", MMLEARN_CACHE=folder):
    ...     cached("squares", {"n": 3}, lambda: {"squares": np.arange(3) ** 2})
    {'squares': array([0, 1, 4])}

    Built in: lesson 00.
    """
    if not name or not name.replace("-", "").replace("_", "").isalnum():
        raise ValueError(f"expected a name of letters, digits, '-' and '_', got {name!r}")
    canonical = json.dumps(key, sort_keys=True, separators=(",", ":"))
    path = cache_folder() / f"{name}-{hashlib.sha256(canonical.encode()).hexdigest()[:16]}.npz"
    stored = _read(path)
    if stored is not None:
        return stored
    arrays = make()
    for label, array in arrays.items():
        if not str(label).isidentifier() or label in _TAKEN:
            raise ValueError(f"expected labels that are identifiers, none of {', '.join(_TAKEN)}, got {label!r}")
        if array.dtype.hasobject:
            raise ValueError(f"expected plain dtypes, but {label!r} holds Python objects ({array.dtype})")
    _write(path, arrays)
    return arrays


def _read(path: Path) -> Arrays | None:
    """All arrays of the file, or None if there is none or it is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            # read() takes a member to its end and so tests its checksum; np.load may stop short of that.
            parts = {entry.removesuffix(".npy"): archive.read(entry) for entry in archive.namelist()}
        arrays = {label: _array(part) for label, part in parts.items()}
        if arrays.pop(_LABELS, np.array([])).tolist() != sorted(arrays):
            raise ValueError("some of its arrays are missing")
        return arrays
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Exception as error:  # a damaged zip raises nearly anything
        _log.warning("The cache file %s cannot be used (%s): making it again.", path, error)
        return None


def _array(npy: bytes) -> np.ndarray[Any, Any]:
    return np.lib.format.read_array(io.BytesIO(npy), allow_pickle=False)


def _write(path: Path, arrays: Arrays) -> None:
    """Write aside, then rename; a failure is logged, for the arrays are at hand anyway."""
    aside = path.with_name(f"{path.stem}.{uuid.uuid4().hex}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path.parent)
        try:
            with open(aside, "xb") as file:
                np.savez(file, **arrays, **{_LABELS: np.array(sorted(arrays))})  # type: ignore[arg-type]
            os.replace(aside, path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        # On Windows a file that another process has open cannot be replaced. If that file is whole, it
        # holds the same arrays, and nothing is missing.
        if not (isinstance(error, PermissionError) and _read(path) is not None):
            _log.warning("Cannot write the cache file %s (%s): the next start will be as slow.", path, error)


def _sweep(folder: Path) -> None:
    """Delete what killed writers left behind more than a day ago."""
    for leftover in folder.glob("*.tmp"):
        try:
            if time.time() - leftover.stat().st_mtime > _DAY:
                leftover.unlink()
        except OSError:  # gone already, or still open elsewhere: another day
            continue
