"""Surroundings for the learner's code: prints caught, random numbers the same, the kernel kept alive."""

from __future__ import annotations

import io
import random
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TextIO

import numpy as np

LIMIT = 2000  # characters


class Prints(io.TextIOBase):
    """Stands in for sys.stdout: keeps what one thread writes, up to a limit, and lets others through."""

    def __init__(self, real: TextIO, thread: list[int], keep: bool) -> None:
        self._real, self._thread, self._kept, self.keep = real, thread, "", keep

    def write(self, text: str) -> int:
        """Keep `text`, drop it, or pass it on, by the thread that writes it."""
        if threading.get_ident() not in self._thread:
            return self._real.write(text)
        if self.keep:
            self._kept = (self._kept + text[: LIMIT + 1])[: LIMIT + 1]
        return len(text)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """As of the stream behind."""
        return self._real.encoding

    def flush(self) -> None:
        """Nothing waits here; the stream behind is flushed."""
        self._real.flush()

    def text(self) -> str:
        """What was kept, cut to a screenful."""
        lines = self._kept[:LIMIT].splitlines()
        cut = len(self._kept) > LIMIT or len(lines) > 12
        return "\n".join(lines[:12] + ["... (cut here)"] * cut)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)  # what a kernel's own stream has beyond a file


@contextmanager
def quiet(thread: list[int]) -> Iterator[Prints]:
    """Catch what the threads in `thread` print (numbers may be added later); no warnings meanwhile.

    Yields:
        the stand-in for sys.stdout; set its `keep` to False to drop what follows.

    Built in: lesson 00.
    """
    prints, nothing = Prints(sys.stdout, thread, True), Prints(sys.stderr, thread, False)
    real = sys.stdout, sys.stderr
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sys.stdout, sys.stderr = prints, nothing
        try:
            yield prints
        finally:
            sys.stdout, sys.stderr = real


@contextmanager
def same_random_numbers(seed: int) -> Iterator[None]:
    """Seed the global generators (random, NumPy, torch where it is loaded) and put them back afterwards.

    >>> with same_random_numbers(3):
    ...     first = random.random()
    >>> with same_random_numbers(3):
    ...     print(random.random() == first)
    True

    Built in: lesson 00.
    """
    torch: Any = sys.modules.get("torch")
    python, numpy = random.getstate(), np.random.get_state()
    torches = torch.random.get_rng_state() if torch else None
    random.seed(seed)
    np.random.seed(seed)
    if torch:
        torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        if torch:
            torch.random.set_rng_state(torches)


@contextmanager
def kernel_kept() -> Iterator[None]:
    """Meanwhile IPython's quit() and exit() raise SystemExit, as Python's own do, and end no kernel.

    In a notebook these names are IPython's: they raise nothing, so the function that called them runs on,
    and the kernel ends a moment later, with all that the learner has in it.

    Built in: lesson 00.
    """
    ipython: Any = sys.modules.get("IPython")  # not imported: without it there is nothing to keep
    shell = ipython.get_ipython() if ipython else None
    if shell is None:
        yield
        return
    before = vars(shell).get("ask_exit")  # as a rule None: it is a method of the class
    shell.ask_exit = _exit
    try:
        yield
    finally:
        if before is None:
            del shell.ask_exit
        else:
            shell.ask_exit = before


def _exit() -> NoReturn:
    raise SystemExit
