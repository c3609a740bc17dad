"""Which files of the package a lesson uses, so that only what changed is built again."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

from mmlearn.course.lesson import LessonError


def fingerprint(source: Path, root: Path) -> str:
    """A digest of the lesson's source and of every package file that it uses, directly or not."""
    digest = hashlib.sha256(_bytes(source))
    for path in sorted(used_files(source, root)):
        digest.update(path.relative_to(root).as_posix().encode() + _bytes(path))
    return digest.hexdigest()[:16]


def _bytes(path: Path) -> bytes:
    """As git stores it: a checkout on Windows may have other line ends."""
    return path.read_bytes().replace(b"\r\n", b"\n")


def used_files(source: Path, root: Path) -> set[Path]:
    """The package files that `source` imports, and what they import, down to the data tables."""
    found: set[Path] = set()
    waiting = [source, *(root / "mmlearn" / "checks").glob(f"lesson_{source.stem[:2]}.py")]
    while waiting:
        path = waiting.pop()
        for imported in _imports(path, root):
            if imported not in found:
                found.add(imported)
                waiting.append(imported)
    if any(path.parent.name == "data" for path in found):
        found |= set((root / "mmlearn" / "data" / "tables").glob("*"))
    return found | set((root / "mmlearn" / "checks").glob(f"lesson_{source.stem[:2]}.py"))


def _imports(path: Path, root: Path) -> set[Path]:
    files: set[Path] = set()
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise LessonError(f"{path.name}, line {error.lineno}: {error.msg}") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "mmlearn":
            for alias in node.names:
                files |= _defined_in(node.module, alias.name, root)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "mmlearn":
                    files |= _module_file(alias.name, root)
    return files


def _defined_in(module: str, name: str, root: Path) -> set[Path]:
    """The file behind ``from module import name``: follow a package's re-export to where the name is made."""
    inside = _module_file(f"{module}.{name}", root)
    here = _module_file(module, root)
    for package in (p for p in here if p.name == "__init__.py"):
        for node in ast.parse(package.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and any((a.asname or a.name) == name for a in node.names):
                return here | _module_file(str(node.module), root)
    return inside or here


def _module_file(module: str, root: Path) -> set[Path]:
    base = root.joinpath(*module.split("."))
    return {path for path in (base.with_suffix(".py"), base / "__init__.py") if path.exists()}
