"""The surroundings of the learner's code are put back as they were."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from mmlearn.checks import Case, Exercise, run


class Shell:
    """As much of IPython as its quit() and exit() need: they call ask_exit, which raises nothing."""

    def __init__(self) -> None:
        self.ended = False

    def ask_exit(self) -> None:
        self.ended = True


def outcome_of(answer: Any) -> Any:
    case = Case("one", lambda rng: (1,))
    return run.run(Exercise("99.1", "One", lambda x: x, (case,), ()), answer).outcomes[0]


def notebook(monkeypatch: pytest.MonkeyPatch) -> Shell:
    shell = Shell()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    return shell


def test_quit_in_a_notebook_raises_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = notebook(monkeypatch)
    found = outcome_of(lambda x: shell.ask_exit())
    assert found.failure is not None and found.failure.kind == "SystemExit"
    assert not shell.ended


def test_quit_works_again_after_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = notebook(monkeypatch)
    outcome_of(lambda x: x / 0)
    shell.ask_exit()
    assert shell.ended and "ask_exit" not in vars(shell)


def test_somebodys_own_way_to_end_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    shell, asked = notebook(monkeypatch), []
    shell.ask_exit = lambda: asked.append("ended")  # type: ignore[method-assign]
    outcome_of(lambda x: shell.ask_exit())
    assert asked == []
    shell.ask_exit()
    assert asked == ["ended"]


@pytest.mark.parametrize("ipython", [None, SimpleNamespace(get_ipython=lambda: None)])
def test_without_a_notebook_there_is_nothing_to_keep(ipython: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    assert outcome_of(lambda x: x).value == 1
