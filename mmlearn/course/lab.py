"""Start JupyterLab on the learner's folder and say where it is."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from pathlib import Path

FIRST_PORT, PORTS_TO_TRY = 8888, 50
START_SECONDS = 60


def run_lab(root: Path, notebook: str, port: int | None = None) -> int:
    """Run JupyterLab in ``work/`` with `notebook` open until it ends or Ctrl-C; return its exit code.

    The token goes by the environment, not by the command line, where other users of the machine would see it.
    Raises RuntimeError if the port is taken or the server does not answer within a minute.
    """
    port = choose_port(port)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a kill ends the server with it, as Ctrl-C does
    token = os.environ.get("JUPYTER_TOKEN") or secrets.token_hex(16)
    options = {
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": root,  # not work/: the lessons link to the glossary and the syllabus above it
        "ServerApp.log_level": "ERROR",
        "LabApp.log_level": "ERROR",
        "LabApp.app_settings_dir": Path(__file__).parent / "lab_settings",  # no news pop-up; .md shown, not edited
        "ServerApp.answer_yes": True,  # Ctrl-C ends it without a question
        "ServerApp.allow_root": hasattr(os, "geteuid") and os.geteuid() == 0,  # as in a container
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", *(f"--{k}={v}" for k, v in options.items())]
    server = subprocess.Popen(command, env=os.environ | {"JUPYTER_TOKEN": token}, cwd=root)
    try:
        wait_until_up(server, port)
        url = f"http://localhost:{port}/lab/tree/work/{notebook}?token={token}"
        print(f"\nJupyterLab is at  {url}\nStop it with Ctrl-C.", flush=True)
        if has_screen():
            webbrowser.open(url)
        return server.wait()
    except KeyboardInterrupt:
        print("\nStopping JupyterLab; your work is in work/.")
        return 0
    finally:
        server.terminate()
        server.wait()


def choose_port(port: int | None) -> int:
    """The asked-for port, or the first free one from 8888 up; RuntimeError if what was asked for is taken."""
    if port is not None:
        if not is_free(port):
            raise RuntimeError(f"port {port} is in use by another program: choose another with PORT=, or leave it out")
        return port
    for candidate in range(FIRST_PORT, FIRST_PORT + PORTS_TO_TRY):
        if is_free(candidate):
            return candidate
    raise RuntimeError(f"no port from {FIRST_PORT} to {FIRST_PORT + PORTS_TO_TRY - 1} is free: give one with PORT=")


def is_free(port: int) -> bool:
    """True if nothing listens on this port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def wait_until_up(server: subprocess.Popen[bytes], port: int) -> None:
    """Return when the server answers; RuntimeError if it has ended or stays silent."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy does not know this machine
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"JupyterLab ended at once with code {server.returncode}; its message stands above")
        try:
            with direct.open(f"http://127.0.0.1:{port}/login", timeout=2):
                return
        except urllib.error.HTTPError:
            return  # it answers, if only to ask for the token
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not answer on port {port} within {START_SECONDS} s")


def has_screen() -> bool:
    """True if opening a browser makes sense: a desktop session, not a server, a test or a login by SSH."""
    if os.environ.get("CI") or os.environ.get("SSH_CONNECTION"):
        return False
    if sys.platform in {"win32", "darwin"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
