"""From a lesson to its two notebooks, before anything is executed: cells, ids and metadata."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from mmlearn.course.colab import badge, colab_cell, repository, requirement
from mmlearn.course.learner import learner_cells
from mmlearn.course.lesson import Lesson

# No version and no kernel of this machine: the same source must give the same bytes everywhere.
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}


def solution_notebook(lesson: Lesson, root: Path) -> Any:
    """The solved notebook, without outputs: what the builder executes and stores in ``solutions/``."""
    return _notebook(list(copy.deepcopy(lesson.cells)), lesson, root)


def learner_notebook(lesson: Lesson, root: Path) -> Any:
    """What a learner opens: exercises as stubs, no outputs."""
    return _notebook(learner_cells(lesson), lesson, root)


def _notebook(cells: list[Any], lesson: Lesson, root: Path) -> Any:
    from nbformat.v4 import new_code_cell, new_notebook

    repo = repository(root)
    if repo:
        cells[0].source += f"\n\n{badge(repo, lesson.name)}"
    metadata = {"tags": ["colab"], "jupyter": {"source_hidden": True}}
    cells.insert(1, new_code_cell(colab_cell(requirement(repo)), id="colab", metadata=metadata))
    return new_notebook(cells=cells, metadata=copy.deepcopy(METADATA))


def to_text(notebook: Any) -> str:
    """The notebook as it is written to disk."""
    import nbformat

    text: str = nbformat.writes(notebook, version=nbformat.NO_CONVERT)
    return text.rstrip("\n") + "\n"


def write_notebook(notebook: Any, path: Path) -> None:
    """Write aside, then rename: a build that is stopped never leaves half a notebook."""
    aside = path.with_suffix(".ipynb.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    aside.write_text(to_text(notebook), encoding="utf-8", newline="\n")
    aside.replace(path)


def differences(stored: Path, fresh: Any) -> list[str]:
    """What of cells, ids and metadata in the `stored` notebook is not as built from the source (outputs apart)."""
    import nbformat

    if not stored.exists():
        return [f"{stored.name} is missing: run make build"]
    old = nbformat.read(stored, as_version=4)
    wrong = [] if dict(old.metadata) == dict(fresh.metadata) else [f"{stored.name}: metadata differ"]
    if [c["id"] for c in old.cells] != [c["id"] for c in fresh.cells]:
        wrong.append(f"{stored.name}: the cells' ids differ from the source's: run make build")
        return wrong
    for a, b in zip(old.cells, fresh.cells, strict=True):
        if (a.cell_type, a.source, dict(a.metadata)) != (b.cell_type, b.source, dict(b.metadata)):
            wrong.append(f"{stored.name}: cell {a['id']} differs from the source: run make build")
    return wrong
