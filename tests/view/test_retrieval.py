"""The gallery: a place for each answer, and its verdict told by more than colour."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from mmlearn.view.retrieval import Card, show_answers

mpl.use("Agg")
PICTURE = np.zeros((4, 4, 3), np.uint8)


def test_each_answer_has_a_frame_and_a_mark_of_its_own() -> None:
    answers: list[list[Card]] = [
        [(None, "a"), (None, "b")],
        [(PICTURE, "c"), (PICTURE[..., 0], "a long name that needs two lines")],
    ]
    figure = show_answers([(PICTURE, "one"), (None, "two")], answers, [[True, False], [False, True]], title="t")
    axes = np.array(figure.axes).reshape(2, 3)
    assert [axes[0, place].get_title() for place in range(3)] == ["asked", "1", "2"]
    marks = [[axis.texts[-1].get_text() for axis in row[1:]] for row in axes]
    assert marks == [["✓", "✗"], ["✗", "✓"]]
    frames = [axes[0, place].spines["left"] for place in (1, 2)]
    assert frames[0].get_linestyle() != frames[1].get_linestyle()
    assert frames[0].get_linewidth() > frames[1].get_linewidth()
    assert "\n" in axes[1, 2].get_xlabel() and len(axes[1, 1].images) == 1


def test_wrong_counts_are_refused() -> None:
    with pytest.raises(ValueError, match=r"got \(1, 1\) for 2 queries"):
        show_answers([(None, "a")] * 2, [[(None, "b")]] * 2, [[True]])
    with pytest.raises(ValueError, match=r"expected 2 answers for each of 1 queries, got \[1\]"):
        show_answers([(None, "a")], [[(None, "b")]], [[True, False]])
    with pytest.raises(ValueError, match=r"as \(queries, answers\)"):
        show_answers([], [], [])
