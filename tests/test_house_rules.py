"""The rules of the house, held by the code itself: imports, sizes, docstrings, types, lint, the README's map."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mmlearn.course.lesson import lesson_sources

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "mmlearn").rglob("*.py"))
NAMES = [path.relative_to(ROOT).as_posix() for path in FILES]

# Who may import whom inside mmlearn; every folder may import itself and the files at the top.
PIPELINE = ["data", "encode", "fuse", "predict", "serve"]
BELOW = {folder: set(PIPELINE[:place]) | {"blocks", "bridge", "score", "view"} for place, folder in enumerate(PIPELINE)}
ALLOWED = {
    "blocks": set(),
    "bridge": {"blocks"},
    "score": set(),
    "view": set(),
    "data": set(),
    "encode": BELOW["encode"],
    "fuse": BELOW["fuse"],
    "train": {"blocks", "bridge", "data", "encode", "fuse", "score", "view"},
    "predict": BELOW["predict"] | {"train"},
    "serve": BELOW["serve"] | {"train"},
    "checks": {"blocks", "bridge", "score", "view", "train", *PIPELINE},
    "course": {"blocks", "bridge", "score", "view", "train", "checks", *PIPELINE},
}
ONLY_NUMPY_AND_MATPLOTLIB = {"score", "view"}
SMALL_LIBRARIES = {"numpy", "matplotlib", "mmlearn", "cycler", "paperang_p2_fonts_cjk"}


def tracked_files() -> list[str]:
    """What belongs to the project, by git; skips, with its reason, where there is no git checkout."""
    git = shutil.which("git")
    listed = subprocess.run([git, "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout if git else ""
    if not listed:
        pytest.skip("no git, or not a git checkout: there is no list of the project's own files")
    return listed.splitlines()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported_modules(source: str) -> set[str]:
    """Every module that `source` may import; of ``from mmlearn import data`` both mmlearn and mmlearn.data."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where a module is from: write mmlearn.folder.file"
            found |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def broken_imports(folder: str, source: str) -> list[str]:
    """What `source`, a file of ``mmlearn/folder`` ("" for the top), imports against the rules."""
    broken = []
    for module in imported_modules(source):
        names = module.split(".")
        if names[0] == "mmlearn" and len(names) > 1 and (ROOT / "mmlearn" / names[1]).is_dir():
            if names[1] != folder and names[1] not in ALLOWED.get(folder, set()):
                broken.append(module)
        elif folder in ONLY_NUMPY_AND_MATPLOTLIB and names[0] not in sys.stdlib_module_names | SMALL_LIBRARIES:
            broken.append(module)
    return broken


def functions(path: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef)]


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_imports_run_one_way(path: Path) -> None:
    parts = path.relative_to(ROOT / "mmlearn").parts
    assert broken_imports(parts[0] if len(parts) > 1 else "", path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("folder", "source"),
    [
        ("data", "from mmlearn.course.lesson import read_lesson"),
        ("data", "from mmlearn import checks"),
        ("score", "from mmlearn import data"),
        ("score", "import scipy.stats"),
        ("encode", "def f():\n    from mmlearn.checks.check import check"),
        ("", "import mmlearn.course.lesson"),
    ],
)
def test_a_wrong_import_is_seen_however_it_is_written(folder: str, source: str) -> None:
    assert broken_imports(folder, source)


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_files_functions_and_constructors_are_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300
    for function in functions(path):
        code_starts = (
            function.body[1].lineno if ast.get_docstring(function) and len(function.body) > 1 else function.lineno
        )
        length = (function.end_lineno or 0) - code_starts + 1
        assert length < 40, f"{function.name} has {length} lines"
        if function.name == "__init__":
            assert len(function.args.args) + len(function.args.kwonlyargs) - 1 <= 8, f"{path.name}: too many arguments"


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_what_is_public_is_documented_and_names_its_lesson(path: Path) -> None:
    assert ast.get_docstring(tree(path)), f"{path.name} has no docstring"
    lessons = {source.stem[:2] for source in lesson_sources(ROOT)}
    teaching = (
        path.relative_to(ROOT / "mmlearn").parts[0] not in {"course", "checks"} and path.parent != ROOT / "mmlearn"
    )
    for node in tree(path).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            text = ast.get_docstring(node)
            assert text, f"{path.name}: {node.name} has no docstring"
            built_in = re.search(r"^Built in: lesson (\d\d)", text, re.MULTILINE)
            if teaching:
                assert built_in, f"{path.name}: {node.name} does not say the lesson that builds it"
                assert built_in[1] in lessons, (
                    f"{path.name}: {node.name} names lesson {built_in[1]}, which is not there"
                )


def test_no_code_in_packages_but_a_docstring_and_public_names() -> None:
    for path in (ROOT / "mmlearn").rglob("__init__.py"):
        kinds = {type(node) for node in tree(path).body}
        assert kinds <= {ast.Expr, ast.ImportFrom, ast.Assign}, path


def test_importing_the_package_is_light() -> None:
    heavy = ["torch", "transformers", "sklearn", "cv2", "matplotlib", "scipy", "skimage", "PIL", "pandas"]
    script = "import sys, mmlearn, mmlearn.data, mmlearn.checks; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "mmlearn" in loaded and not set(heavy) & set(loaded)


def test_the_readmes_map_is_the_tree() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"<!-- map:begin -->\n```\n(.*?)```\n<!-- map:end -->", text, re.DOTALL)
    assert block, "README.md has no map"
    listed = dict(re.findall(r"^(\S+)\s{2,}(\S.*)$", block[1], re.MULTILINE))
    tracked = tracked_files()
    there = {name.split("/")[0] + "/" for name in tracked if "/" in name}
    there |= {
        f"mmlearn/{name.split('/')[1]}/" for name in tracked if name.startswith("mmlearn/") and name.count("/") > 1
    }
    there = {name for name in there if not name.startswith(".git")}
    assert set(listed) - {"work/"} == there
    assert all(len(text.split()) <= 8 for text in listed.values()), "at most eight words a line"


# Spelt so that this file does not hold what it looks for.
MACHINE = re.compile(
    "(/ho"
    + r"me/|/Us"
    + r"ers/|/ro"
    + r"ot/|[A-Z]:\\+Us"
    + r"ers\\+)\w|files\.python"
    + r"hosted|py"
    + r"pi\.org/simple"
)


def test_no_file_of_the_project_holds_a_path_of_a_machine_or_a_registrys_host() -> None:
    found = []
    for name in tracked_files():
        path = ROOT / name
        if (
            path.suffix not in {".png", ".npz", ".safetensors"}
            and path.is_file()
            and (hit := MACHINE.search(path.read_text("utf-8")))
        ):
            found.append(f"{name}: {hit[0]}")
    assert not found


@pytest.mark.parametrize(
    "text", ["/ho" + "me/bob", "/Us" + "ers/bob", "C:\\Us" + "ers\\bob", "C:\\\\Us" + "ers\\\\bob"]
)
def test_a_path_of_a_machine_is_seen(text: str) -> None:
    assert MACHINE.search(text)


@pytest.mark.parametrize(
    "arguments",
    [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_lint_format_and_types(arguments: list[str]) -> None:
    run = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("folder", ["solutions", "notebooks"])
def test_lint_of_notebooks(folder: str) -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "ruff",
            "check",
            *map(str, sorted((ROOT / folder).glob("*.ipynb"))),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
