"""What all tests share: quiet offline kernels, the lesson filter, and the table of the slowest."""

from __future__ import annotations

import os
import signal
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mmlearn.course.execute import QUIET

ROOT = Path(__file__).parents[1]
ONLINE = pytest.StashKey[dict[str, str]]()


@pytest.fixture
def online(request: pytest.FixtureRequest) -> dict[str, str]:
    """The environment as it was before the network was shut: for package installs, the one thing that needs it."""
    return request.config.stash[ONLINE]


@pytest.fixture
def assert_caught(monkeypatch: pytest.MonkeyPatch) -> Callable[[ModuleType, tuple[str, str, Any, Any]], None]:
    """Seed a bug (what, name, wrong, caught_by) into a module: the test `caught_by` must then fail."""

    def check(module: ModuleType, bug: tuple[str, str, Any, Any]) -> None:
        _, name, wrong, caught_by = bug
        monkeypatch.setattr(module, name, wrong)
        with pytest.raises(AssertionError):
            caught_by()

    return check


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--lesson", default="", help="run only what belongs to one lesson, as in --lesson=01")


def pytest_configure(config: pytest.Config) -> None:
    """Kernels inherit this: nothing may reach the network, so a dead proxy stands in every client's way."""
    config.stash[ONLINE] = dict(os.environ)
    os.environ.update(QUIET)
    for scheme in ("http", "https"):
        os.environ[f"{scheme}_proxy"] = os.environ[f"{scheme.upper()}_PROXY"] = "http://127.0.0.1:9"
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = "localhost,127.0.0.1"
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a job in the background ignores Ctrl-C, its children too
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """LESSON=01 keeps that lesson's notebook, its tests by parameter, and its exercises."""
    lesson = config.getoption("--lesson").zfill(2) if config.getoption("--lesson") else ""
    if lesson:
        keep = [
            i for i in items if f"/{lesson}_" in i.nodeid or f"[{lesson}" in i.nodeid or f"lesson_{lesson}" in i.nodeid
        ]
        if not keep:
            raise pytest.UsageError(f"no test belongs to lesson {lesson}: is there a solutions/{lesson}_*.py?")
        config.hook.pytest_deselected(items=[i for i in items if i not in keep])
        items[:] = keep


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Seconds by file, so that a whole lesson shows as one row; pytest's --durations shows single tests."""
    spent: dict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                spent[report.nodeid.split("::")[0]] += report.duration
    terminalreporter.section("slowest lessons and test files")
    for name, seconds in sorted(spent.items(), key=lambda pair: -pair[1])[:15]:
        terminalreporter.write_line(f"{seconds:8.1f} s  {name}")
