"""A history counts finished steps, and its copies are its own."""

from __future__ import annotations

import pytest

from mmlearn.train.history import History


def test_a_copy_keeps_the_steps_and_forgets_the_end() -> None:
    history = History()
    history.add(2.0, 0.1, 3.0)
    history.stopped = "enough"
    copy = history.copy()
    copy.add(1.0, 0.1, 2.0)
    assert (copy.step, copy.losses, copy.rates, copy.gradient_norms) == (2, [2.0, 1.0], [0.1, 0.1], [3.0, 2.0])
    assert History([1.0], [1.0], [1.0]).copy() == History([1.0], [1.0], [1.0]) and history.gradient_norms == [3.0]
    assert copy.stopped == "" and history.step == 1 and history.stopped == "enough"


def test_what_was_stopped_is_not_to_be_kept() -> None:
    History([1.0]).require_whole()
    with pytest.raises(RuntimeError, match="not kept: interrupted after 7"):
        History(stopped="interrupted after 7").require_whole()
