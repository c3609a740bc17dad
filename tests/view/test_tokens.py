"""Each token has its box, in order, and says what it holds."""

from __future__ import annotations

from itertools import pairwise

import matplotlib as mpl
import pytest

from mmlearn.view.style import use_style
from mmlearn.view.tokens import plot_tokens, token_label

mpl.use("Agg")


def test_labels_show_spaces_whole_characters_and_bytes() -> None:
    dog, emoji = "狗".encode(), "🐶".encode()
    pieces = [
        b" ",
        b" a",
        dog,
        dog[:1],
        dog[1:],
        emoji,
        emoji[:2],
        "\u200d".encode(),
        b"\n",
        "é".encode(),
        "❤️".encode(),
    ]
    expected = ["␣", "␣a", "狗", "e7", "8b 97", "f0 9f 90 b6", "f0 9f", "e2 80 8d", "0a", "é", "e2 9d a4 ef b8 8f"]
    assert [token_label(piece) for piece in pieces] == expected


def test_a_box_and_a_text_for_each_token_in_order() -> None:
    import matplotlib.pyplot as plt

    use_style()
    figure = plot_tokens({"one": [b"a", b" dog"], "two": ["草地".encode(), b"\xe7", b"\x8b\x97"]}, title="Tokens")
    (axis,) = figure.axes
    assert [text.get_text() for text in axis.texts] == ["a", "␣dog", "2", "草地", "e7", "8b 97", "3"]
    starts = [(box.get_y(), box.get_x(), box.get_x() + box.get_width()) for box in axis.patches]
    assert len(starts) == 5 and starts == sorted(starts)
    assert all(end < nxt for (y, _, end), (line, nxt, _) in pairwise(starts) if y == line)
    assert [label.get_text() for label in axis.get_yticklabels()] == ["one", "two"] and axis.get_title() == "Tokens"
    figure.canvas.draw()
    plt.close(figure)


def test_a_text_shown_in_part_says_how_long_it_is() -> None:
    import matplotlib.pyplot as plt

    figure = plot_tokens({"one": [b"a"], "two": [b"b"]}, totals={"one": 36, "two": 1})
    assert [text.get_text() for text in figure.axes[0].texts] == ["a", "36 (1 shown)", "b", "1"]
    plt.close(figure)


@pytest.mark.parametrize("rows", [{}, {"one": []}, {"one": [b""]}])
def test_nothing_to_draw_is_refused(rows: dict[str, list[bytes]]) -> None:
    with pytest.raises(ValueError, match="one text or more"):
        plot_tokens(rows)
