"""The heat maps hold what was handed over, and say what they are."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from mmlearn.view.text import clip, plot_word_weights, plot_zipf

mpl.use("Agg")


@pytest.mark.parametrize("width", [2, 5, 6, 7, 11])
@pytest.mark.parametrize("text", ["", "x", "tea cup", "a cup of tea", "出租车", "火车站 a train"])
def test_a_clipped_text_fits_and_says_that_it_was_cut(text: str, width: int) -> None:
    def columns(line: str) -> int:
        return sum(2 if "\u4e00" <= letter <= "\u9fff" else 1 for letter in line)

    cut = clip(text, width)
    assert columns(cut) <= width
    assert (cut == text) == (columns(text) <= width)
    assert cut == text or (cut.endswith("…") and text.startswith(cut[:-1]))


def test_no_room_is_refused() -> None:
    with pytest.raises(ValueError, match="2 columns or more, got 1"):
        clip("tea", 1)


@pytest.mark.parametrize(("words", "stacked"), [(3, False), (12, True)])
def test_each_weight_but_zero_is_written_into_its_cell(words: int, stacked: bool) -> None:
    import matplotlib.pyplot as plt

    table = np.zeros((2, words))
    table[0, 1], table[1, 2] = 0.25, 3.0
    names = [f"word {i}" for i in range(words)]
    figure = plot_word_weights({"counted": table, "weighed": table / 2}, ["one", "two"], names)
    first, second = figure.axes
    assert (first.get_title(), second.get_title()) == ("counted", "weighed")
    assert {(t.get_position(), t.get_text()) for t in first.texts} == {((1, 0), "0.25"), ((2, 1), "3.00")}
    assert [label.get_text() for label in first.get_yticklabels()] == ["one", "two"]
    assert [label.get_text() for label in second.get_xticklabels()] == names
    assert (first.get_subplotspec().rowspan != second.get_subplotspec().rowspan) == stacked
    plt.close(figure)


def test_tables_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"2 texts x 3 words, got shape \(3, 2\) for 'counted'"):
        plot_word_weights({"counted": np.ones((3, 2))}, ["one", "two"], ["a", "b", "c"])
    with pytest.raises(ValueError, match="at least one table"):
        plot_word_weights({}, [], [])


def test_zipf_sorts_each_corpus_and_is_log_log() -> None:
    import matplotlib.pyplot as plt

    axis = plot_zipf({"names": [1, 5, 2], "captions": [7]}).axes[0]
    lines = {line.get_label(): line for line in axis.lines}
    assert lines["names"].get_ydata().tolist() == [5, 2, 1] and lines["names"].get_xdata().tolist() == [1, 2, 3]
    assert lines["1 / rank, from the top of names"].get_ydata().tolist() == [5, 2.5, 5 / 3]
    assert axis.get_xscale() == axis.get_yscale() == "log" and axis.get_xlabel() and axis.get_ylabel()
    plt.close("all")


def test_zipf_of_nothing_is_refused() -> None:
    for counts in ({}, {"names": []}):
        with pytest.raises(ValueError, match="at least one corpus, each with at least one word"):
            plot_zipf(counts)
