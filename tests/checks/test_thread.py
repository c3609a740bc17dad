"""Code that never ends is stopped, whatever it does against it."""

from __future__ import annotations

import _thread
import contextvars
import itertools
import threading
import time
from collections.abc import Callable

import pytest

from mmlearn.checks import thread
from mmlearn.checks.thread import run_within
from mmlearn.checks.where import Place


def bare() -> None:
    while True:
        pass


def swallows_everything() -> None:
    while True:
        try:
            sum(range(200))
        except:  # noqa: E722
            continue


def swallows_base_exceptions() -> None:
    while True:
        try:
            time.sleep(0.05)
        except BaseException as error:
            str(error)


def swallows_in_two_layers() -> None:
    def inner() -> None:
        while True:
            try:
                while True:
                    sum(range(200))
            except BaseException:
                continue

    while True:
        try:
            inner()
        except BaseException:
            continue


def goes_on_in_finally() -> None:
    try:
        while True:
            pass
    finally:
        while True:
            pass


def endless_generator() -> None:
    for number in itertools.count():
        str(number)


ENDLESS = [bare, swallows_everything, swallows_base_exceptions, swallows_in_two_layers, goes_on_in_finally,
           endless_generator]  # fmt: skip


def stops(work: Callable[[], None]) -> bool:
    """Whether the thread is gone, not only given up."""
    running: list[int] = []

    def body() -> None:
        running.append(threading.get_ident())
        work()

    place = run_within(body, 0.1)
    return place is not None and thread._frame(running[0]) is None


@pytest.mark.parametrize("work", ENDLESS)
def test_an_endless_loop_is_stopped_for_good(work: Callable[[], None]) -> None:
    assert stops(work)


def test_what_sleeps_is_left_behind_and_stops_when_it_wakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread, "GRACE", 0.1)
    woke: list[str] = []

    def sleeps() -> None:
        time.sleep(2.0)
        woke.append("went on")

    before = time.monotonic()
    assert run_within(sleeps, 0.1) is not None
    assert time.monotonic() - before < 1.9
    time.sleep(2.2)
    assert woke == []


def test_the_loop_that_does_not_end_is_named() -> None:
    place = run_within(swallows_everything, 0.1)
    assert place is not None and place.code == "while True:"
    assert place.line == swallows_everything.__code__.co_firstlineno + 1


def test_a_sleep_without_a_loop_is_named_by_its_own_line() -> None:
    def waits() -> None:
        time.sleep(1.3)

    place = run_within(waits, 0.05)
    assert place == Place(waits.__code__.co_firstlineno + 1, "time.sleep(1.3)")


def test_work_in_time_is_not_stopped() -> None:
    done: list[int] = []
    assert run_within(lambda: done.append(1), 10) is None
    assert done == [1]


def test_an_error_comes_back() -> None:
    with pytest.raises(ZeroDivisionError):
        run_within(lambda: print(1 / 0), 10)


def test_a_real_interrupt_interrupts_and_stops_the_work() -> None:
    running: list[int] = []

    def work() -> None:
        running.append(threading.get_ident())
        swallows_everything()

    timer = threading.Timer(0.3, _thread.interrupt_main)
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            run_within(work, 30)
    finally:
        timer.cancel()
    assert thread._frame(running[0]) is None


def test_the_callers_context_is_seen() -> None:
    number = contextvars.ContextVar("number", default=0)
    number.set(5)
    seen: list[int] = []
    run_within(lambda: seen.append(number.get()), 10)
    assert seen == [5]


def test_no_exception_is_left_for_a_later_thread() -> None:
    """A thread's number is used again by the next one: nothing may be sent to it after its time."""
    kept: list[BaseException] = []

    def keeps_the_exception() -> None:
        while True:
            try:
                sum(range(200))
            except BaseException as error:
                kept.append(error)
                if len(kept) > 2:
                    raise

    assert stops(keeps_the_exception)
    finished: list[int] = []
    for i in range(20):
        if i == 10:
            kept.clear()  # freed only now, in another thread
        run_within(lambda: finished.append(sum(range(1000))), 10)
    assert len(finished) == 20
