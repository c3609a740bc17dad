"""TOPICS.md: 161 topics without a gap, and true about the lessons that are written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mmlearn.course.lesson import lesson_sources, read_lesson
from mmlearn.view.course_map import LATER, lessons

ROOT = Path(__file__).parents[1]
ROW = re.compile(r"\| (\d+) \| ([^|]+) \| ([^|]+) \|")
LINK = re.compile(r"\[(\d\d)\]\(notebooks/(\d\d_\w+)\.ipynb\)")
PLANNED = re.compile(r"(?:lesson (\d\d)|part ([IVX]+)) \(planned\)")
GROUPS = "ABCDEFGHIJKLM"


def text() -> str:
    return (ROOT / "TOPICS.md").read_text(encoding="utf-8")


def taught_in() -> dict[int, list[str]]:
    """Topic -> what its last cell lists."""
    return {int(number): cell.strip().split(", ") for number, _, cell in ROW.findall(text())}


def written() -> dict[str, str]:
    return {path.stem[:2]: path.stem for path in lesson_sources(ROOT)}


def test_the_numbers_run_from_1_to_161_in_order() -> None:
    assert [int(row[0]) for row in ROW.findall(text())] == list(range(1, 162))


def test_the_groups_are_there_in_order() -> None:
    assert "".join(re.findall(r"^## ([A-Z])\. ", text(), re.MULTILINE)) == GROUPS


def test_every_topic_is_taught_somewhere_that_exists_or_is_planned() -> None:
    planned, parts = {stop.number for stop in lessons()}, {later.split()[0] for later in LATER}
    for topic, places in taught_in().items():
        for place in places:
            if link := LINK.fullmatch(place):
                assert written().get(link[1]) == link[2], f"topic {topic}: {place} leads nowhere"
                continue
            later = PLANNED.fullmatch(place)
            assert later, f"topic {topic}: expected a link or '... (planned)', got {place!r}"
            assert later[1] is None or later[1] in planned - set(written()), f"topic {topic}: {place} is not planned"
            assert later[2] is None or later[2] in parts, f"topic {topic}: there is no {place}"


@pytest.mark.parametrize("source", lesson_sources(ROOT), ids=lambda path: path.stem)
def test_a_written_lesson_is_listed_at_exactly_the_topics_it_declares(source: Path) -> None:
    declared = set(read_lesson(source).topics)
    assert declared <= set(range(1, 162)), f"{source.name} declares topics that do not exist"
    listed = {
        topic for topic, places in taught_in().items() for place in places if place.startswith(f"[{source.stem[:2]}]")
    }
    assert declared == listed, f"in TOPICS.md alone: {listed - declared}; in the lesson alone: {declared - listed}"


def test_a_lesson_exists_to_be_tested() -> None:
    assert lesson_sources(ROOT)
