import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from mmlearn.course import lab
from mmlearn.course.lab import choose_port, has_screen
from mmlearn.course.lesson import read_lesson
from mmlearn.course.notebooks import learner_notebook, write_notebook

START = """
import sys
from pathlib import Path
from mmlearn.course import cli
cli.ROOT = Path(sys.argv[1])
sys.exit(cli.main(sys.argv[2:]))
"""


@pytest.fixture
def course(tiny: Path) -> Path:
    lesson = read_lesson(tiny / "solutions" / "90_tiny.py")
    write_notebook(learner_notebook(lesson, tiny), tiny / "notebooks" / "90_tiny.ipynb")
    return tiny


@pytest.fixture
def taken_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_start_serves_the_lesson_at_the_printed_url_and_ctrl_c_ends_it(course: Path) -> None:
    port = free_port()
    command = [sys.executable, "-c", START, str(course), "start", "90", "--port", str(port)]
    group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if os.name == "nt" else {"start_new_session": True}
    behind_a_proxy = {k: v for k, v in os.environ.items() if k.lower() != "no_proxy"}  # conftest's proxy is dead
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=behind_a_proxy, **group)  # type: ignore[call-overload]
    try:
        said = ""
        for line in server.stdout:
            said += line
            if url := re.search(r"http://localhost:\S+", line):
                break
        assert url, said
        assert f":{port}/lab/tree/work/90_tiny.ipynb?token=" in url[0] and "90_tiny.ipynb: copied" in said
        with urllib.request.urlopen(url[0], timeout=30) as page:
            assert page.status == 200 and b"JupyterLab" in page.read()
        token = url[0].split("token=")[1]
        setting = f"http://localhost:{port}/lab/api/settings/@jupyterlab/apputils-extension:notification?token={token}"
        with urllib.request.urlopen(setting, timeout=30) as answer:
            assert json.load(answer)["schema"]["properties"]["fetchNews"]["default"] == "false"
    finally:
        server.send_signal(signal.CTRL_BREAK_EVENT if os.name == "nt" else signal.SIGINT)
        rest, _ = server.communicate(timeout=60)
    if os.name != "nt":
        assert server.returncode == 0 and "your work is in work/" in rest


def test_a_taken_port_is_an_error_when_asked_for_and_passed_over_when_not(taken_port: int) -> None:
    with pytest.raises(RuntimeError, match=f"port {taken_port} is in use"):
        choose_port(taken_port)
    assert choose_port(None) != taken_port


def test_no_browser_without_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "SSH_CONNECTION", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert not has_screen()
    monkeypatch.setenv("DISPLAY", ":0")
    assert has_screen()
    monkeypatch.setenv("CI", "true")
    assert not has_screen()
    monkeypatch.delenv("CI")
    monkeypatch.setenv("SSH_CONNECTION", "1.2.3.4 5 6.7.8.9 22")
    assert not has_screen()


class Server:
    """A server that runs until it is told to stop, or has ended with `code`."""

    def __init__(self, code: int | None = None) -> None:
        self.returncode, self.stopped = code, False

    def poll(self) -> int | None:
        return self.returncode

    def wait(self) -> int:
        return self.returncode or 0

    def terminate(self) -> None:
        self.stopped = True


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    commands: list[list[str]] = []

    def popen(command: list[str], **options: object) -> Server:
        commands.append(command)
        return Server()

    monkeypatch.setattr(lab.subprocess, "Popen", popen)
    monkeypatch.setattr(lab.signal, "signal", lambda *a: None)
    monkeypatch.setattr(lab, "wait_until_up", lambda *a: None)
    return commands


@pytest.mark.parametrize("screen", [True, False])
def test_a_browser_opens_where_there_is_a_screen(
    started: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, screen: bool
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(lab, "has_screen", lambda: screen)
    monkeypatch.setattr(lab.webbrowser, "open", opened.append)
    lab.run_lab(tmp_path, "00_start_here.ipynb", free_port())
    assert [url.split("?")[0].split("/work/")[1] for url in opened] == (["00_start_here.ipynb"] if screen else [])
    [command] = started
    assert {"--no-browser", "--ServerApp.answer_yes=True", "--ServerApp.port_retries=0"} <= set(command)
    assert not any("token" in part for part in command), "other users of the machine can read a command line"


def test_a_server_that_ends_at_once_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="ended at once with code 3"):
        lab.wait_until_up(Server(3), free_port())  # type: ignore[arg-type]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to send")
def test_a_kill_ends_the_server_too(course: Path) -> None:
    port = free_port()
    command = [sys.executable, "-c", START, str(course), "start", "90", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if "Ctrl-C" in line:
            break
    process.terminate()
    process.communicate(timeout=60)
    assert lab.is_free(port)
