"""How much memory a computation needs at once: counted from torch's own allocations, not guessed from the system."""

from __future__ import annotations

import os
from collections.abc import Callable


def peak_bytes(call: Callable[[], object]) -> int:
    """The most bytes that a call holds at once on top of what was there before, on the CPU.

    ``max over time of (bytes asked for so far - bytes given back so far)``, from the record that torch's profiler
    keeps of its allocator. The memory of the whole process, as the system reports it, also holds libraries and what the
    allocator keeps for later, and moves in steps of pages; this count is exact. What NumPy asks for, it does not see.

    Args:
        call: a function of no arguments. Inputs made before it do not count; what it returns does.

    Returns bytes, 0 or more. Raises TypeError for what cannot be called.

    >>> import torch
    >>> x = torch.ones(1000, 1000)                     # 4 MB, made before
    >>> peak_bytes(lambda: ((x + 1) * 2).sum()) // 10**6     # two of its size alive at once
    8

    Built in: lesson 07.
    """
    if not callable(call):
        raise TypeError(
            f"expected a function of no arguments, got {type(call).__name__}: write lambda: before the call"
        )
    os.environ.setdefault("KINETO_LOG_LEVEL", "9")  # or the profiler writes its start and stop to the screen
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
        call()
    events = record.profiler.kineto_results.events()
    return _highest([(event.start_ns(), event.nbytes()) for event in events if event.name() == "[memory]"])


def _highest(changes: list[tuple[int, int]]) -> int:
    """The highest level of a sum of (time, bytes) changes, in the order of time; 0 before the first."""
    held = most = 0
    for _, change in sorted(changes):
        held += change
        most = max(most, held)
    return most
