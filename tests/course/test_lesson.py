from pathlib import Path

import pytest

from mmlearn.course.lesson import LessonError, find_source, read_lesson


def change(root: Path, old: str, new: str) -> Path:
    source = root / "solutions" / "90_tiny.py"
    text = source.read_text(encoding="utf-8")
    assert old in text
    source.write_text(text.replace(old, new), encoding="utf-8")
    return source


def test_a_lesson_declares_itself(tiny: Path) -> None:
    lesson = read_lesson(tiny / "solutions" / "90_tiny.py")
    assert (lesson.number, lesson.name, lesson.title, lesson.minutes) == ("90", "90_tiny", "Tiny", 5)
    assert lesson.exercises == (("90.1", "Double"),)
    assert lesson.topics == (1,)


def test_the_same_source_gives_the_same_cells(tiny: Path) -> None:
    source = tiny / "solutions" / "90_tiny.py"
    assert read_lesson(source).cells == read_lesson(source).cells


def test_editing_one_cell_changes_one_id(tiny: Path) -> None:
    before = [c["id"] for c in read_lesson(tiny / "solutions" / "90_tiny.py").cells]
    after = [c["id"] for c in read_lesson(change(tiny, 'print("done")', 'print("over")')).cells]
    assert before[:-1] == after[:-1] and before[-1] != after[-1]


def test_equal_cells_get_different_ids(tiny: Path) -> None:
    lesson = read_lesson(change(tiny, 'print("done")', 'print("done")\n\n# %%\nprint("done")'))
    ids = [c["id"] for c in lesson.cells]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("#     minutes: 5\n", "", "mmlearn.minutes as int, got None"),
        ('# %% tags=["check"]', "# %%", "followed by its cell"),
        ('check("90.1", double)', 'check("90.2", double)', 'should call check("90.1"'),
        ("## Exercise 90.1 · Double", "## Exercise ninety", "1 cells are tagged exercise, but 0"),
    ],
)
def test_a_broken_lesson_is_refused_by_name(tiny: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(LessonError, match=r"90_tiny.py") as error:
        read_lesson(change(tiny, old, new))
    assert says in str(error.value)


def test_lessons_are_found_by_number_and_unknown_ones_listed(tiny: Path) -> None:
    assert find_source(tiny, "90").name == "90_tiny.py"
    with pytest.raises(LessonError, match="the lessons are 90"):
        find_source(tiny, "7")
