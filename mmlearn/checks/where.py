"""Which line of the learner's own code an error or an endless loop belongs to."""

from __future__ import annotations

import ast
import linecache
import sysconfig
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

_OURS = Path(__file__).resolve().parents[1]
_LIBRARIES = (_OURS, *(Path(sysconfig.get_paths()[name]) for name in ("stdlib", "platstdlib")))


@dataclass(frozen=True)
class Place:
    """A line of the learner's code: number within its cell (0 unknown), text ("" unknown), file or cell."""

    line: int = 0
    code: str = ""
    file: str = field(default="", compare=False)


def place_of_error(error: BaseException) -> Place:
    """The learner's line in which `error` arose: the last one that is not of a library.

    Built in: lesson 00.
    """
    place, step = Place(), error.__traceback__
    while step is not None:
        if _theirs(step.tb_frame):
            place = _place(step.tb_frame.f_code.co_filename, step.tb_lineno)
        step = step.tb_next
    return place


def place_of_frames(current: Callable[[], FrameType | None]) -> Place:
    """The learner's line where a running thread is stuck.

    A few looks, 10 ms apart: the frames that stay are the ones that do not come to an end, and the
    innermost of them holds the loop. Its first line is named, because the running line changes.

    Args:
        current: gives the thread's running frame.

    Built in: lesson 00.
    """
    staying = _stack(current())
    for _ in range(5):
        time.sleep(0.01)
        now = _stack(current())
        staying = [frame for frame in staying if any(frame is other for other in now)]
    theirs = [frame for frame in staying if _theirs(frame)]
    if not theirs:
        return Place()
    frame = theirs[0]
    return _place(frame.f_code.co_filename, _loop_around(frame))


def has_other_code(place: Place) -> bool:
    """Whether the function around a `raise` holds more than the docstring and that line: the learner's code.

    Built in: lesson 00.
    """
    around = [
        node
        for node in ast.walk(_tree(place.file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.lineno <= place.line <= (node.end_lineno or 0)
    ]
    if not around:
        return False
    innermost = max(around, key=lambda node: node.lineno)
    return not all(_is_stub(statement, place.line) for statement in innermost.body)


def _is_stub(statement: ast.stmt, line: int) -> bool:
    """A docstring, `...`, `pass`, or the `raise` at this line."""
    if isinstance(statement, ast.Raise):
        return statement.lineno <= line <= (statement.end_lineno or 0)
    constant = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return constant or isinstance(statement, ast.Pass)


def _tree(filename: str) -> ast.AST:
    """The parsed file or cell; empty where it is not known."""
    try:
        return ast.parse("".join(linecache.getlines(filename)))
    except SyntaxError:
        return ast.Module([], [])


def _stack(frame: FrameType | None) -> list[FrameType]:
    frames = []
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return frames  # innermost first


def _theirs(frame: FrameType) -> bool:
    file = Path(frame.f_code.co_filename)
    library = {"site-packages", "dist-packages"} & set(file.parts) or file.name.startswith("<frozen")
    return not library and not any(file.is_relative_to(folder) for folder in _LIBRARIES)


def _place(filename: str, line: int) -> Place:
    return Place(line, linecache.getline(filename, line).strip(), filename)


def _loop_around(frame: FrameType) -> int:
    """The first line of the outermost loop around the frame's line, within its function; else that line."""
    line, first = frame.f_lineno, frame.f_code.co_firstlineno
    loops = [
        node.lineno
        for node in ast.walk(_tree(frame.f_code.co_filename))
        if isinstance(node, ast.While | ast.For) and first <= node.lineno <= line <= (node.end_lineno or 0)
    ]
    return min(loops, default=line)
