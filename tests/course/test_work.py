import shutil
from pathlib import Path

import nbformat
import pytest

from mmlearn.course.lesson import LessonError, read_lesson
from mmlearn.course.notebooks import learner_notebook, write_notebook
from mmlearn.course.work import bring_lessons, lessons_and_exercises, reset_exercise, reset_lesson


@pytest.fixture
def course(tiny: Path) -> Path:
    publish(tiny)
    bring_lessons(tiny)
    return tiny


def publish(root: Path, old: str = "", new: str = "") -> None:
    """Make the shipped learner's notebook, with `old` replaced in the lesson's source."""
    source = root / "solutions" / "90_tiny.py"
    source.write_text(
        source.read_text(encoding="utf-8").replace(old, new) if old else source.read_text("utf-8"), "utf-8"
    )
    write_notebook(learner_notebook(read_lesson(source), root), root / "notebooks" / "90_tiny.ipynb")


def learner_writes(root: Path, old: str, new: str) -> bytes:
    mine = root / "work" / "90_tiny.ipynb"
    notebook = nbformat.read(mine, as_version=4)
    for cell in notebook.cells:
        cell.source = cell.source.replace(old, new)
    nbformat.write(notebook, mine)
    return mine.read_bytes()


def test_lessons_come_once_with_a_place_for_own_pictures(course: Path) -> None:
    assert (course / "work" / "90_tiny.ipynb").read_bytes() == (course / "notebooks" / "90_tiny.ipynb").read_bytes()
    assert (course / "work" / "mine").is_dir()
    assert bring_lessons(course) == []


def test_the_learners_edits_survive_and_are_not_remarked_on(course: Path) -> None:
    theirs = learner_writes(course, "done", "my own words")
    assert bring_lessons(course) == []
    assert (course / "work" / "90_tiny.ipynb").read_bytes() == theirs


def test_an_update_leaves_the_edited_lesson_alone_and_is_put_beside_it_once(course: Path) -> None:
    theirs = learner_writes(course, "done", "my own words")
    publish(course, 'print("done")', 'print("new and better")')
    said = bring_lessons(course)
    assert len(said) == 1 and "yours is as you left it" in said[0] and "90_tiny.new-1.ipynb" in said[0]
    assert (course / "work" / "90_tiny.ipynb").read_bytes() == theirs
    assert b"new and better" in (course / "work" / "90_tiny.new-1.ipynb").read_bytes()
    assert bring_lessons(course) == []
    publish(course, "new and better", "newest")
    assert "90_tiny.new-2.ipynb" in bring_lessons(course)[0]


def test_an_update_replaces_only_the_very_copy_that_was_handed_out(course: Path) -> None:
    publish(course, 'print("done")', 'print("new and better")')
    assert "you had not changed it" in bring_lessons(course)[0]
    assert b"new and better" in (course / "work" / "90_tiny.ipynb").read_bytes()


@pytest.mark.parametrize("damage", [lambda p: p.unlink(), lambda p: p.write_text("{half", encoding="utf-8")])
def test_without_a_record_a_differing_file_counts_as_the_learners(course: Path, damage) -> None:  # type: ignore[no-untyped-def]
    damage(course / "work" / ".course.json")
    publish(course, 'print("done")', 'print("new and better")')
    before = (course / "work" / "90_tiny.ipynb").read_bytes()
    assert "yours is as you left it" in bring_lessons(course)[0]
    assert (course / "work" / "90_tiny.ipynb").read_bytes() == before


def test_reset_gives_a_fresh_copy_and_keeps_the_old_one(course: Path) -> None:
    theirs = learner_writes(course, "done", "my own words")
    assert "90_tiny.old-1.ipynb" in reset_lesson(course, "90")
    assert (course / "work" / "90_tiny.old-1.ipynb").read_bytes() == theirs
    assert (course / "work" / "90_tiny.ipynb").read_bytes() == (course / "notebooks" / "90_tiny.ipynb").read_bytes()
    learner_writes(course, "done", "again")
    assert "90_tiny.old-2.ipynb" in reset_lesson(course, "90")


def test_reset_of_a_lesson_that_was_never_started_just_copies(course: Path) -> None:
    shutil.rmtree(course / "work")
    assert reset_lesson(course, "90") == "90_tiny.ipynb: fresh copy"


@pytest.mark.parametrize("name", ["1", "90.1"])
def test_reset_of_one_exercise_leaves_the_rest(course: Path, name: str) -> None:
    learner_writes(course, "done", "my own words")
    learner_writes(course, "raise NotImplementedError", "return 3  #")
    reset_exercise(course, "90", name)
    text = (course / "work" / "90_tiny.ipynb").read_text(encoding="utf-8")
    assert "my own words" in text and "return 3" not in text and "raise NotImplementedError" in text
    assert "return 3" in (course / "work" / "90_tiny.old-1.ipynb").read_text(encoding="utf-8")


def test_unknown_names_are_listed(course: Path) -> None:
    with pytest.raises(LessonError, match=r"no lesson '77'; the lessons are 90"):
        reset_lesson(course, "77")
    with pytest.raises(LessonError, match=r"no exercise '5'; it has 90\.1"):
        reset_exercise(course, "90", "5")


def test_outside_the_courses_folder_the_error_says_so(tmp_path: Path) -> None:
    with pytest.raises(LessonError, match="the lessons are not here"):
        bring_lessons(tmp_path)


def test_exercises_are_listed_by_lesson(course: Path) -> None:
    assert lessons_and_exercises(course) == {"90_tiny": ["90.1"]}


def test_reset_takes_no_news_away_from_other_lessons(course: Path) -> None:
    other = course / "notebooks" / "91_other.ipynb"
    shutil.copyfile(course / "notebooks" / "90_tiny.ipynb", other)
    bring_lessons(course)
    mine = course / "work" / "91_other.ipynb"
    mine.write_text(mine.read_text(encoding="utf-8").replace("done", "my own words"), encoding="utf-8")
    other.write_text(other.read_text(encoding="utf-8").replace("done", "better"), encoding="utf-8")
    reset_lesson(course, "90")
    assert "91_other.new-1.ipynb" in " ".join(bring_lessons(course))


def test_a_file_that_is_no_notebook_any_more_is_named(course: Path) -> None:
    (course / "work" / "90_tiny.ipynb").write_text("{}", encoding="utf-8")
    with pytest.raises(LessonError, match=r"work/90_tiny.ipynb is not a notebook any more"):
        reset_exercise(course, "90", "1")


@pytest.mark.parametrize("number", ["", " ", "9", "0901"])
def test_no_number_is_taken_for_another(course: Path, number: str) -> None:
    with pytest.raises(LessonError, match="there is no lesson"):
        reset_lesson(course, number)


def test_a_reset_exercise_loses_its_old_output(course: Path) -> None:
    mine = course / "work" / "90_tiny.ipynb"
    notebook = nbformat.read(mine, as_version=4)
    for cell in notebook.cells:
        if "exercise" in cell.metadata.get("tags", []):
            cell.outputs, cell.execution_count = [nbformat.v4.new_output("stream", text="old")], 3
    nbformat.write(notebook, mine)
    reset_exercise(course, "90", "1")
    cells = nbformat.read(mine, as_version=4).cells
    assert not any(c.get("outputs") or c.get("execution_count") for c in cells)
