"""The processor, set up for training in one place."""

from __future__ import annotations

import ctypes
import os
import platform

import torch
from joblib import cpu_count  # type: ignore[import-untyped]

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # of glibc's malloc.h
_NO_TRIM = 2**31 - 1  # bytes free at the heap's top before any goes back: never, for our sizes


def set_up_cpu(keep_memory: bool = True) -> dict[str, int | bool]:
    """Set what makes training faster here, and say what was set. Calling it twice changes nothing.

    - ``threads``: as many as torch chose (one a core), but never more than this process may use: in a container or
      a job with a share of a large machine, torch counts the machine's cores, and more threads than cores wait for
      each other. A number in the environment (OMP_NUM_THREADS, MKL_NUM_THREADS) is a choice, and stays.
    - ``keeps_memory``: Linux's C library hands large blocks back to the system as soon as they are free, and a step
      of training then gets them anew, page by page, each zeroed first. How much it hands back hangs on what happens
      to lie at the end of the heap. With ``M_MMAP_MAX = 0`` and a large ``M_TRIM_THRESHOLD`` it keeps them. Memory
      that was used once then stays with the process. On other systems nothing is set.

    Fused AdamW (`adamw`) and fused attention are used where they are built. Left alone, for measured they gained
    nothing: flushing denormal numbers to 0, huge pages. bfloat16 is a switch of yours, for it keeps three digits only:
    ``with torch.autocast("cpu", torch.bfloat16)`` around the loss gains much on processors that have it, and costs on
    those that have not. ``make bench`` measures each of these against the default.

    Args:
        keep_memory: False leaves the allocator as it is (what was set before stays set).

    Returns {"threads": number, "keeps_memory": whether the allocator was told to}.

    >>> done = set_up_cpu()
    >>> done == set_up_cpu() and done["threads"] == torch.get_num_threads()
    True

    Reference: GNU C library manual, "Malloc tunable parameters",
    https://sourceware.org/glibc/manual/latest/html_node/Malloc-Tunable-Parameters.html

    Built in: lesson 06.
    """
    threads = usable_threads(torch.get_num_threads())
    if threads != torch.get_num_threads():
        torch.set_num_threads(threads)
    return {"threads": threads, "keeps_memory": keep_memory and keep_freed_memory()}


def usable_threads(chosen: int) -> int:
    """`chosen`, or fewer where the process may use fewer cores (affinity, container); at least 1.

    >>> usable_threads(1)
    1

    Built in: lesson 06.
    """
    if os.environ.get("OMP_NUM_THREADS") or os.environ.get("MKL_NUM_THREADS"):
        return chosen
    return max(1, min(chosen, int(cpu_count())))


def keep_freed_memory() -> bool:
    """Tell glibc's malloc to keep what is freed; False, and nothing done, where the C library is another.

    Built in: lesson 06.
    """
    if platform.system() != "Linux" or platform.libc_ver()[0] != "glibc":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return bool(mallopt and mallopt(_M_MMAP_MAX, 0) == 1 and mallopt(_M_TRIM_THRESHOLD, _NO_TRIM) == 1)
