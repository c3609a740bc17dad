"""The classical part of ``make bench``: what grows, what stays, and that it runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmlearn.course import bench_classical
from mmlearn.course.bench_classical import SIZES, STAGES, Task, exponent, lines, measure, task
from mmlearn.encode.opencv_sift import has_opencv


@pytest.fixture(scope="module")
def tasks() -> dict[int, tuple[Task, Task]]:
    return {size: task(size) for size in SIZES}


def test_the_data_grows_by_four_and_what_is_asked_stays(tasks: dict[int, tuple[Task, Task]]) -> None:
    n = [len(tasks[size][0].names) for size in SIZES]
    assert [each / n[0] for each in n] == [1, 4, 16]
    for learned, asked in tasks.values():
        assert (asked.pictures == tasks[1][1].pictures).all() and asked.names == tasks[1][1].names
        assert len(learned.pictures) == len(learned.groups) == len(learned.families) == len(learned.names)


def test_no_family_that_is_asked_about_is_trained_on(tasks: dict[int, tuple[Task, Task]]) -> None:
    for learned, asked in tasks.values():
        assert not set(learned.families) & set(asked.families)
        assert set(learned.groups) == set(asked.groups)


def test_sixteen_times_are_four_drawings_of_the_same_stickers(tasks: dict[int, tuple[Task, Task]]) -> None:
    four, sixteen = tasks[4][0], tasks[16][0]
    n = len(four.names)
    assert sixteen.names == four.names * 4
    colour, outline, mirrored, mirrored_outline = (sixteen.pictures[i * n : (i + 1) * n] for i in range(4))
    assert (colour == four.pictures).all() and (mirrored == colour[:, :, ::-1]).all()
    assert (mirrored_outline == outline[:, :, ::-1]).all() and (outline != colour).any()


@pytest.mark.parametrize("power", [0.5, 1, 2])
def test_the_exponent_is_found(power: float) -> None:
    sizes = [311, 1244, 4976]
    assert exponent(sizes, [3.0 * n**power for n in sizes]) == pytest.approx(power)


def fake(n: int) -> dict[str, Any]:
    return {
        "n": n,
        "asked": 399,
        "seconds": dict.fromkeys(STAGES, n / 100),
        "megabytes": n // 2,
        "answer_ms": 3.0,
        "accuracy": 0.5,
        "interval": (0.45, 0.55),
        "majority": 0.28,
    }


def test_the_table_has_a_row_a_figure_and_its_growth() -> None:
    table = lines([fake(n) for n in (100, 400, 1600)])
    assert len(table) == 2 + len(STAGES) + 4
    assert table[0].split()[-5:] == ["100", "400", "1,600", "grows", "as"]
    assert table[1].split()[2:] == ["6.00", "24.00", "96.00", "n^1.00"]
    assert all("n^1.00" in row and "17% of the largest" in row for row in table[2 : 2 + len(STAGES)])
    assert "n^0.00" in next(row for row in table if "answering" in row)
    assert table[-1].split()[-3:] == ["0.45-0.55"] * 3


@pytest.mark.skipif(not has_opencv(), reason="needs OpenCV")
def test_the_pipeline_runs_and_tells_every_stage(
    monkeypatch: pytest.MonkeyPatch, tasks: dict[int, tuple[Task, Task]]
) -> None:
    def few(part: Task, n: int) -> Task:
        return Task(part.pictures[:n], part.names[:n], part.groups[:n], part.families[:n])

    learned, asked = tasks[1]
    monkeypatch.setattr(bench_classical, "task", lambda size: (few(learned, 16), few(asked, 10)))
    found = measure(1)
    assert found["n"] == 16 and found["asked"] == 10
    assert tuple(found["seconds"]) == STAGES and all(np.isfinite(list(found["seconds"].values())))
    low, high = found["interval"]
    assert low - 1e-9 <= found["accuracy"] <= high + 1e-9 and 0 <= found["majority"] <= 1


def test_without_opencv_it_says_what_it_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmlearn.encode.opencv_sift.has_opencv", lambda: False)
    (said,) = bench_classical.classical()
    assert "left out" in said and "OpenCV" in said
