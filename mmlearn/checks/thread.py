"""Run code that may never end, and stop it: in any kernel, on any system, without signals."""

from __future__ import annotations

import _thread
import contextvars
import ctypes
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from types import FrameType

from mmlearn.checks.where import Place, place_of_frames

POLL = 0.05  # a wait in slices, because on Windows Ctrl-C cannot break a wait without an end
GRACE = 1.0  # seconds that the code gets to notice that it is to stop
STACK = 64 * 2**20  # bytes: deep recursion must end in RecursionError, and some systems give a thread 0.5 MB


class Stop(SystemExit):
    """Raised inside the learner's code when its time is up; a thread that ends by SystemExit ends silently."""


def run_within(work: Callable[[], None], seconds: float) -> Place | None:
    """Run `work()` in a thread of its own; None when it ends in time, else the place where it was stopped.

    The time is up: `Stop` is raised inside the thread until it ends. Code that does not let go (it sleeps
    in a C function, say) is left behind as a daemon thread, and stops when it wakes. A loop inside C code
    that never lets other threads run cannot be stopped by anybody but who restarts the kernel.

    `work` sees the caller's context variables (so NumPy's errstate), but not what is local to a thread,
    such as torch.no_grad().

    >>> run_within(lambda: None, seconds=10) is None
    True

    Args:
        work: takes nothing and returns nothing; it keeps its results itself.
        seconds: until it is stopped.

    Raises:
        Exception: what `work` raised.
        KeyboardInterrupt: the learner interrupted; `work` is stopped first.

    Built in: lesson 00.
    """
    done = threading.Event()
    problems: list[BaseException] = []
    context = contextvars.copy_context()

    def body() -> None:
        try:
            context.run(work)
        except Stop:
            raise
        except BaseException as error:
            problems.append(error)
        finally:
            done.set()

    ident = _start(body)
    stopped_at = None
    try:
        if not _wait(done, seconds):
            stopped_at = place_of_frames(lambda: _frame(ident))
    finally:
        if not done.is_set():
            _stop(ident, done)
    if problems:
        raise problems[0]
    return stopped_at


def _start(body: Callable[[], None]) -> int:
    """Start a bare thread (threading.Thread would print a traceback for Stop) with a roomy stack."""
    before = threading.stack_size(STACK)
    try:
        return _thread.start_new_thread(body, ())
    finally:
        threading.stack_size(before)


def _wait(done: threading.Event, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not done.wait(POLL):
        if time.monotonic() > deadline:
            return done.is_set()
    return True


def _frame(ident: int) -> FrameType | None:
    return sys._current_frames().get(ident)


def _stop(ident: int, done: threading.Event) -> None:
    """Raise Stop in the thread every 20 ms until it has ended, or the grace is over.

    Once is not enough: `while True: try: ... except: pass` swallows it. Nor is many times, as each may
    land inside the `try` again. So the exception, when it is swallowed and freed, sets off the next one;
    the handler is over by then, and the next lands outside the `try`. All of it in C: a `__del__` written
    in Python would catch the exception itself.
    """
    kind = type("Stop", (Stop,), {})
    again = partial(ctypes.pythonapi.PyThreadState_SetAsyncExc, ctypes.c_ulong(ident), ctypes.py_object(kind))
    kind.__del__ = staticmethod(again)  # type: ignore[attr-defined]
    patience = time.monotonic() + GRACE
    while alive := not done.is_set() and again() == 1:
        if time.monotonic() > patience:
            break
        time.sleep(0.02)
    if not alive:
        del kind.__del__  # type: ignore[attr-defined]  # its number may now be another thread's
