"""GLOSSARY.md: sorted, complete in both languages, one sentence a term, and every link true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mmlearn.view.course_map import lessons

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"\[lesson (\d\d)\]\(notebooks/(\d\d_\w+)\.ipynb\)")
PLANNED = re.compile(r"lesson (\d\d) \(planned\)")


def rows() -> list[list[str]]:
    lines = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8").splitlines()
    table = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines if line.startswith("|")]
    assert table[0] == ["English", "中文", "Meaning", "Where"]
    return table[2:]


ROWS = rows()


def test_there_are_enough_terms_and_each_row_has_four_cells() -> None:
    assert 80 <= len(ROWS) <= 200
    assert {len(row) for row in ROWS} == {4}


def test_terms_are_sorted_and_unique() -> None:
    terms = [row[0].casefold() for row in ROWS]
    assert terms == sorted(terms)
    assert len(set(terms)) == len(terms)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_term_has_english_chinese_and_one_sentence(row: list[str]) -> None:
    english, chinese, meaning, _ = row
    assert english.isascii() and english, f"{english!r}: the first cell is English"
    assert re.search(r"[\u4e00-\u9fff]", chinese), f"{english}: no Chinese characters in {chinese!r}"
    assert re.fullmatch(r"[A-Z][^.!?]+\.", meaning), f"{english}: expected one sentence, got {meaning!r}"
    assert len(meaning.split()) >= 5, f"{english}: {meaning!r} says too little"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_term_leads_to_a_lesson_that_exists_or_is_marked_planned(row: list[str]) -> None:
    where = row[3]
    written = {path.stem[:2]: path.stem for path in (ROOT / "solutions").glob("[0-9][0-9]_*.py")}
    if link := LINK.fullmatch(where):
        assert written.get(link[1]) == link[2], f"{row[0]}: {where} leads nowhere"
        return
    planned = PLANNED.fullmatch(where)
    assert planned, f"{row[0]}: expected a link or 'lesson NN (planned)', got {where!r}"
    assert planned[1] in {stop.number for stop in lessons()}, f"{row[0]}: no lesson {planned[1]} is planned"
    assert planned[1] not in written, f"{row[0]}: lesson {planned[1]} is written now, link it"


@pytest.mark.parametrize("row", [row for row in ROWS if LINK.fullmatch(row[3])], ids=lambda row: row[0])
def test_a_linked_lesson_uses_the_term(row: list[str]) -> None:
    link = LINK.fullmatch(row[3])
    assert link is not None
    text = (ROOT / "solutions" / f"{link[2]}.py").read_text(encoding="utf-8")
    words = re.sub(r"[\s#*-]+", " ", text).casefold()
    assert re.sub(r"[\s-]+", " ", row[0]).casefold() in words, f"lesson {link[1]} never says {row[0]!r}"
