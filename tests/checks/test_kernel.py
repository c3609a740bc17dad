"""In a real Jupyter kernel: a verdict for an endless loop, and the interrupt button still works."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

SETUP = """\
from mmlearn.checks import Case, Exercise
from mmlearn.checks.verdict import judge

def forever(x):
    while True:
        try:
            sum(range(100))
        except:
            pass

def exercise(seconds):
    return Exercise("99.1", "One", lambda x: x, (Case("one", lambda rng: (1,)),), (), seconds=seconds)

def quits(x):
    quit()
    return x

def exits(x):
    exit()
    return x

def exits_to_stay(x):
    exit(keep_kernel=True)
    return x
"""


@pytest.fixture(scope="module")
def kernel() -> Iterator[tuple[Any, Any]]:
    manager_module = pytest.importorskip("jupyter_client.manager", reason="jupyter_client is not installed")
    manager, client = manager_module.start_new_kernel(extra_arguments=["--log-level=ERROR"])
    client.execute_interactive(SETUP, timeout=60, output_hook=lambda message: None)
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client: Any, code: str) -> str:
    """What a cell prints; an error's name stands for an error."""
    said: list[str] = []

    def hook(message: Any) -> None:
        content = message["content"]
        said.append(content.get("text", "") + content.get("ename", ""))

    client.execute_interactive(code, timeout=60, output_hook=hook)
    return "".join(said)


def test_an_endless_loop_ends_in_a_verdict_and_the_kernel_lives(kernel: tuple[Any, Any]) -> None:
    said = run(kernel[1], "print(judge(exercise(0.5), forever).text)")
    assert "99.1 ✗ stopped: it had not ended after 0.5 s" in said and "\n  line 5    while True:\n" in said
    assert run(kernel[1], "print(judge(exercise(5), abs).text)") == "99.1 ✓ right: 1 case\n"


def test_code_beside_the_stubs_line_is_found_in_a_cell(kernel: tuple[Any, Any]) -> None:
    stub = 'def mine(x):\n    raise NotImplementedError("exercise 99.1 is yours")\n'
    run(kernel[1], stub)
    assert "not started yet" in run(kernel[1], "print(judge(exercise(5), mine).text)")
    run(kernel[1], stub + "    return x\n")
    said = run(kernel[1], "print(judge(exercise(5), mine).text)")
    assert "is still there and stops your code: delete it.\n  line 2    raise NotImplementedError" in said


def test_the_interrupt_button_interrupts(kernel: tuple[Any, Any]) -> None:
    manager, client = kernel
    client.execute("print('begun', flush=True); judge(exercise(50), forever)")
    while "begun" not in client.get_iopub_msg(timeout=60)["content"].get("text", ""):
        pass
    time.sleep(0.5)
    manager.interrupt_kernel()
    before = time.monotonic()
    assert client.get_shell_msg(timeout=60)["content"]["ename"] == "KeyboardInterrupt"
    assert time.monotonic() - before < 20
    assert run(client, "print(judge(exercise(5), abs).text)").endswith("99.1 ✓ right: 1 case\n")


@pytest.mark.parametrize("call", ["quits", "exits", "exits_to_stay"])
def test_quit_and_exit_are_a_verdict_and_the_kernel_lives(call: str, kernel: tuple[Any, Any]) -> None:
    manager, client = kernel
    said = run(client, f"kept = 7; print(judge(exercise(5), {call}).text)")
    assert "99.1 ✗" in said and "SystemExit" in said and "hand the result back with `return`" in said
    time.sleep(0.5)  # the kernel would end 0.1 s after the cell
    assert manager.is_alive() and run(client, "print(kept)") == "7\n"


def test_a_cells_own_exit_works_as_before(kernel: tuple[Any, Any]) -> None:
    client = kernel[1]
    run(client, "judge(exercise(5), quits)")
    reply = client.execute_interactive("exit(keep_kernel=True)", timeout=60, output_hook=lambda message: None)
    assert [(each["source"], each["keepkernel"]) for each in reply["content"]["payload"]] == [("ask_exit", True)]
