"""The learner's copy of a lesson: solutions cut, stubs in their place, the solution one click away."""

from __future__ import annotations

import ast
import copy
import textwrap
from typing import Any

from mmlearn.course.lesson import Lesson, LessonError

BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"


def learner_cells(lesson: Lesson) -> list[Any]:
    """The cells of ``notebooks/NN_name.ipynb``: every exercise cut, its solution in a drop-down before its check."""
    cells: list[Any] = []
    drop_down: Any = None
    for cell in copy.deepcopy(lesson.cells):
        tags = cell.metadata.get("tags", [])
        number = cell.metadata.get("mmlearn", {}).get("exercise")
        if "check" in tags and number:
            cells.append(drop_down)
        if "exercise" in tags:
            drop_down = _solution_drop_down(cell)
            cell.source = cut(cell.source, number)
        cells.append(cell)
    return cells


def cut(source: str, number: str) -> str:
    """Replace what stands between the solution markers by a stub.

    Inside a function the stub raises NotImplementedError with a friendly text; at the top level every name
    that the solution sets becomes ``name = ...``, which `check` reads as not started.

    >>> print(cut("answer = 41 + 1", "01.1"))
    Traceback (most recent call last):
    ...
    mmlearn.course.lesson.LessonError: exercise 01.1: expected one # BEGIN SOLUTION and one # END SOLUTION, got 0 and 0
    >>> print(cut('''# BEGIN SOLUTION
    ... answer = 41 + 1
    ... # END SOLUTION''', "01.1"))
    answer = ...  # exercise 01.1: your turn
    """
    lines = source.splitlines()
    starts = [i for i, line in enumerate(lines) if line.strip() == BEGIN]
    ends = [i for i, line in enumerate(lines) if line.strip() == END]
    if not (len(starts) == len(ends) >= 1) or any(a > b for a, b in zip(starts, ends, strict=True)):
        raise LessonError(f"exercise {number}: expected one {BEGIN} and one {END}, got {len(starts)} and {len(ends)}")
    for start, end in reversed(list(zip(starts, ends, strict=True))):
        indent = lines[start][: len(lines[start]) - len(lines[start].lstrip())]
        lines[start : end + 1] = _stub(lines[start + 1 : end], indent, number)
    return "\n".join(lines)


def _stub(solution: list[str], indent: str, number: str) -> list[str]:
    if indent:
        return [
            f'{indent}raise NotImplementedError("exercise {number} is yours: write it here, in place of this line")'
        ]
    tree = ast.parse(textwrap.dedent("\n".join(solution)))
    names = [
        target.id
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    ]
    if not names:
        raise LessonError(f"exercise {number}: a solution at the top level should set at least one name")
    return [f"{name} = ...  # exercise {number}: your turn" for name in dict.fromkeys(names)]


def _solution_drop_down(cell: Any) -> Any:
    from nbformat.v4 import new_markdown_cell

    code = "\n".join(line for line in cell.source.splitlines() if line.strip() not in {BEGIN, END})
    text = f"<details><summary>Solution</summary>\n\n```python\n{code}\n```\n\n</details>"
    return new_markdown_cell(text, id=f"{cell['id']}-solution", metadata={})
