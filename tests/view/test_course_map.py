"""The map tells the truth: what it draws as written is written, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import pytest
from matplotlib.patches import FancyBboxPatch

from mmlearn.view.course_map import PARTS, course_map, lessons
from mmlearn.view.style import use_style

matplotlib.use("Agg")
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def one_style() -> Iterator[None]:
    use_style()
    yield
    plt.close("all")


def boxes(highlight: tuple[str, ...] = ()) -> list[FancyBboxPatch]:
    axis = course_map(highlight=highlight).axes[0]
    return [patch for patch in axis.patches if isinstance(patch, FancyBboxPatch)]


def test_a_lesson_is_written_on_the_map_exactly_if_its_source_is_there() -> None:
    sources = {path.name[:2] for path in (ROOT / "solutions").glob("[0-9][0-9]_*.py")}
    written = {stop.number for stop in lessons() if stop.written}
    assert written == sources, "set `written` in mmlearn/view/course_map.py to what solutions/ holds"


def test_numbers_run_from_00_without_a_gap() -> None:
    assert [stop.number for stop in lessons()] == [f"{n:02}" for n in range(len(lessons()))]


def test_every_lesson_has_a_box_filled_or_dashed() -> None:
    drawn = boxes()
    assert len(drawn) == len(lessons())
    white = (1.0, 1.0, 1.0, 1.0)
    on_a_road = boxes(tuple(stop.number for stop in lessons()))
    for box, stop in zip([*drawn, *on_a_road], [*lessons(), *lessons()], strict=True):
        assert (box.get_facecolor() != white) == stop.written
        assert box.get_linestyle() == ("-" if stop.written else "--")


def test_a_road_is_framed_and_only_the_road() -> None:
    framed = [stop.number for box, stop in zip(boxes(("00", "12")), lessons(), strict=True) if box.get_linewidth() == 3]
    assert framed == ["00", "12"]


def test_boxes_and_words_stay_inside_their_place() -> None:
    figure = course_map()
    figure.canvas.draw()
    axis = figure.axes[0]
    stops = [patch.get_window_extent() for patch in axis.patches]
    titles = {stop.title.split()[0] for stop in lessons()}
    inside = [text for text in axis.texts if text.get_text().split()[0] in titles and text.get_fontsize() == 9]
    assert len(inside) == len(lessons())
    for text in inside:
        place = text.get_window_extent()
        assert any(b.x0 <= place.x0 and place.x1 <= b.x1 and b.y0 <= place.y0 and place.y1 <= b.y1 for b in stops), (
            f"{text.get_text()!r} sticks out of its box"
        )


def test_parts_have_their_own_colours() -> None:
    assert len({part.colour for part in PARTS}) == len(PARTS)


def test_an_unknown_lesson_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match=r"on the map, 00 to 18, got \['99'\]"):
        course_map(highlight=["99"])
