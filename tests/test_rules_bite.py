"""The lint rules must bite: each of these snippets holds a defect that has fooled a famous test suite."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("rule", "snippet"),
    [
        ("B015", "def test_shape(x):\n    x.shape == (2, 3)\n"),
        ("PLW0129", 'def test_text():\n    assert "always true"\n'),
        ("PLW0133", 'def refuse():\n    ValueError("never raised")\n'),
        ("B006", "def collect(into=[]):\n    return into\n"),
        ("F901", "def todo():\n    raise NotImplemented\n"),
    ],
)
@pytest.mark.parametrize("folder", ["mmlearn", "tests", "solutions", "notebooks"])
def test_a_defect_is_caught_everywhere(rule: str, snippet: str, folder: str) -> None:
    command = [sys.executable, "-m", "ruff", "check", "--output-format=json", f"--stdin-filename={folder}/x.py", "-"]
    run = subprocess.run(command, input=snippet, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 1 and f'"code": "{rule}"' in run.stdout
