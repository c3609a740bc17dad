"""What a learner has done so far, kept between sessions: one small file an exercise.

Two notebooks may be open at once. Each exercise has its own file, written aside and then put in place,
so no notebook can lose what another one wrote, and no lock is needed, on any system.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import platformdirs

from mmlearn.mode import building

State = Literal["lent", "tried", "right"]  # from not begun to done: a state never falls back
_ORDER: tuple[str, ...] = get_args(State)


class Entry(NamedTuple):
    """The best state that an exercise reached, and how many answers were handed in (stubs do not count)."""

    state: State
    tries: int


def progress_folder() -> Path:
    """The folder of the files: the platform's place for user data, or ``$MMLEARN_HOME/progress``.

    Built in: lesson 00.
    """
    home = os.environ.get("MMLEARN_HOME")
    if home:
        return Path(os.path.expanduser(home)) / "progress"  # Path's own raises for an unknown user
    return platformdirs.user_data_path("mmlearn-course", appauthor=False) / "progress"


def record(exercise_id: str, state: State) -> None:
    """Note that an exercise was checked; nothing is kept while lessons are built (MMLEARN_BUILDING=1).

    Args:
        exercise_id: "01.2".
        state: "right", "tried" (wrong so far) or "lent" (not begun).

    Raises:
        ValueError: no such state.
        OSError: the folder cannot be written.

    Built in: lesson 00.
    """
    if state not in _ORDER:
        raise ValueError(f"expected one of {', '.join(_ORDER)}, got {state!r}")
    if building():
        return
    folder = progress_folder()
    folder.mkdir(parents=True, exist_ok=True)
    before = _read(folder / f"{exercise_id}.json") or Entry("lent", 0)
    best = max(before.state, state, key=_ORDER.index)
    entry = Entry(best, before.tries + (state != "lent"))
    aside = folder / f"{exercise_id}.{os.getpid()}.part"
    aside.write_text(json.dumps(entry._asdict()) + "\n", encoding="utf-8", newline="\n")
    _put(aside, folder / f"{exercise_id}.json")


def load() -> dict[str, Entry]:
    """All that is recorded, by exercise id, in order of lesson and number.

    A damaged file is renamed to ``.damaged``, with a notice, and its exercise starts anew.

    Built in: lesson 00.
    """
    found = {path.stem: _read(path) for path in progress_folder().glob("*.json")}
    in_order = sorted(found, key=lambda name: [int(part) if part.isdigit() else 0 for part in name.split(".")])
    return {name: entry for name in in_order if (entry := found[name])}


def bars(lessons: Mapping[str, Sequence[str]]) -> str:
    """A text bar a lesson: ``#`` right, ``~`` tried, ``.`` not yet.

    Args:
        lessons: lesson -> ids of its exercises.

    >>> print(bars({"77": ["77.1", "77.2"]}))  # a lesson that nobody has begun
    77  [....................]  0 of 2 right

    Built in: lesson 00.
    """
    entries = load()
    return "\n".join(_bar(lesson, ids, entries) for lesson, ids in lessons.items())


def _bar(lesson: str, ids: Sequence[str], entries: Mapping[str, Entry], width: int = 20) -> str:
    states = [entries[each].state for each in ids if each in entries]
    right, tried = states.count("right"), states.count("tried")
    if not ids:
        return f"{lesson}  no exercises"
    done, begun = right * width // len(ids), (right + tried) * width // len(ids)
    bar = "#" * done + "~" * (begun - done) + "." * (width - begun)
    return f"{lesson}  [{bar}]  {right} of {len(ids)} right" + (f", {tried} tried" if tried else "")


def _read(path: Path) -> Entry | None:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        entry = Entry(kept["state"], kept["tries"])
        if entry.state in _ORDER and isinstance(entry.tries, int):
            return entry
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):  # not JSON, not ours; UnicodeDecodeError is a ValueError
        pass
    aside = path.with_suffix(".damaged")
    with suppress(FileNotFoundError):  # another notebook was faster
        _put(path, aside)
    print(f"The record of exercise {path.stem} was damaged and starts anew; the old one is kept as {aside.name}.")
    return None


def _put(source: Path, target: Path) -> None:
    """os.replace; on Windows it fails for a moment while another process reads the target."""
    for wait in (0.02, 0.05, 0.1, 0.2):
        try:
            os.replace(source, target)
            return
        except PermissionError:
            time.sleep(wait)
    os.replace(source, target)
