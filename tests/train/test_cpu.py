"""The processor's set-up: as many threads as may be used, nothing harmful elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
import torch

from mmlearn.train import cpu as module

QUOTA = """
import torch
from mmlearn.train import cpu
torch.set_num_threads(7)
cpu.cpu_count = lambda: 3
first = cpu.set_up_cpu()
assert first == cpu.set_up_cpu() and first["threads"] == torch.get_num_threads() == 3, first
big = [torch.ones(3_000_000) for _ in range(4)]  # memory still comes and goes
del big
print(first["keeps_memory"], torch.ones(10_000_000).sum().item())
"""


def test_threads_are_cut_to_what_the_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    monkeypatch.setattr(module, "cpu_count", lambda: 3)
    assert [module.usable_threads(n) for n in (1, 2, 3, 4, 64)] == [1, 2, 3, 3, 3]
    monkeypatch.setattr(module, "cpu_count", lambda: 0)
    assert module.usable_threads(4) == 1
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        with monkeypatch.context() as patch:
            patch.setenv(name, "4")
            assert module.usable_threads(4) == 4


def test_setting_up_twice_in_a_fresh_process_is_setting_up_once() -> None:
    environment = {key: value for key, value in os.environ.items() if not key.endswith("NUM_THREADS")}
    run = subprocess.run([sys.executable, "-c", QUOTA], capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == [
        str(sys.platform == "linux" and module.platform.libc_ver()[0] == "glibc"),
        "10000000.0",
    ]


@pytest.mark.parametrize(
    "system", [("Darwin", ("", "")), ("Windows", ("", "")), ("Linux", ("", "")), ("Linux", ("musl", ""))]
)
def test_another_c_library_is_left_alone(system: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.platform, "system", lambda: system[0])
    monkeypatch.setattr(module.platform, "libc_ver", lambda: system[1])
    monkeypatch.setattr(module.ctypes, "CDLL", lambda name: pytest.fail("no library should be touched"))
    assert module.keep_freed_memory() is False
    before = torch.get_num_threads()
    assert module.set_up_cpu() == {"threads": before, "keeps_memory": False} and torch.get_num_threads() == before


def test_the_allocator_is_left_alone_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "keep_freed_memory", lambda: pytest.fail("was asked not to"))
    assert module.set_up_cpu(keep_memory=False)["keeps_memory"] is False


def test_a_refusal_of_the_allocator_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Libc:
        @staticmethod
        def mallopt(name: int, value: int) -> int:
            return 0

    monkeypatch.setattr(module.platform, "system", lambda: "Linux")
    monkeypatch.setattr(module.platform, "libc_ver", lambda: ("glibc", "2.36"))
    monkeypatch.setattr(module.ctypes, "CDLL", lambda name: Libc)
    assert module.keep_freed_memory() is False
    monkeypatch.setattr(module.ctypes, "CDLL", lambda name: object())
    assert module.keep_freed_memory() is False


def test_the_allocator_is_told_two_numbers_and_must_take_both(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[int, int]] = []
    refused: list[int] = []

    class Libc:
        @staticmethod
        def mallopt(name: int, value: int) -> int:
            calls.append((name, value))
            return int(name not in refused)

    monkeypatch.setattr(module.platform, "system", lambda: "Linux")
    monkeypatch.setattr(module.platform, "libc_ver", lambda: ("glibc", "2.36"))
    monkeypatch.setattr(module.ctypes, "CDLL", lambda name: Libc)
    assert module.keep_freed_memory() is True and calls == [(-4, 0), (-1, 2**31 - 1)]
    refused.append(-4)
    assert module.keep_freed_memory() is False
