from pathlib import Path

import pytest

from mmlearn.course.learner import cut, learner_cells
from mmlearn.course.lesson import LessonError, read_lesson


def test_the_solution_is_cut_and_the_stub_says_whose_turn_it_is(tiny: Path) -> None:
    cells = learner_cells(read_lesson(tiny / "solutions" / "90_tiny.py"))
    stub = next(c for c in cells if "exercise" in c.metadata.get("tags", []))
    names: dict[str, object] = {}
    exec(stub.source, names)
    with pytest.raises(NotImplementedError, match=r"90\.1 is yours"):
        names["double"](3)  # type: ignore[operator]
    assert "2 * x" not in stub.source and '"""Twice x."""' in stub.source


def test_hints_stay_and_the_solution_is_in_a_drop_down_before_the_check(tiny: Path) -> None:
    cells = learner_cells(read_lesson(tiny / "solutions" / "90_tiny.py"))
    check = next(i for i, c in enumerate(cells) if "check" in c.metadata.get("tags", []))
    assert "<summary>Solution</summary>" in cells[check - 1].source and "2 * x" in cells[check - 1].source
    assert "BEGIN SOLUTION" not in cells[check - 1].source
    assert "<summary>Hint</summary>" in cells[check - 2].source


def test_learner_and_solution_share_ids(tiny: Path) -> None:
    lesson = read_lesson(tiny / "solutions" / "90_tiny.py")
    ids = [c["id"] for c in learner_cells(lesson)]
    assert [i for i in ids if not i.endswith("-solution")] == [c["id"] for c in lesson.cells]


def test_a_value_exercise_becomes_an_ellipsis_for_each_name() -> None:
    source = "a = 1\n# BEGIN SOLUTION\nfirst = a + 1\nsecond = first * 2\n# END SOLUTION\nlast = 3"
    names: dict[str, object] = {}
    exec(cut(source, "90.1"), names)
    assert (names["a"], names["first"], names["second"], names["last"]) == (1, ..., ..., 3)


def test_several_solution_blocks_in_a_class() -> None:
    source = (
        "class Pair:\n    def a(self):\n        # BEGIN SOLUTION\n        return 1\n        # END SOLUTION\n\n"
        "    def b(self):\n        # BEGIN SOLUTION\n        return 2\n        # END SOLUTION"
    )
    names: dict[str, type] = {}
    exec(cut(source, "90.1"), names)
    for method in ("a", "b"):
        with pytest.raises(NotImplementedError):
            getattr(names["Pair"](), method)()


@pytest.mark.parametrize(
    "source",
    [
        "x = 1",
        "# BEGIN SOLUTION\nx = 1",
        "# END SOLUTION\nx = 1\n# BEGIN SOLUTION",
        "# BEGIN SOLUTION\nprint(1)\n# END SOLUTION",
    ],
)
def test_markers_that_do_not_pair_or_set_nothing_are_refused(source: str) -> None:
    with pytest.raises(LessonError, match=r"exercise 90\.1"):
        cut(source, "90.1")
