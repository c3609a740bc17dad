"""The processor's part of ``make bench``: its table, its verdicts, and that it runs."""

from __future__ import annotations

import itertools

import pytest

from mmlearn.course import bench_cpu
from mmlearn.course.bench_cpu import DEFAULT, IMPORTS, MODELS, SETTINGS, Run, Setting, lines


def runs(gains: dict[str, float]) -> dict[tuple[str, str, str], list[Run]]:
    """Rounds in which a step takes 100 ms, or as much less as a setting gains; slower once, by chance."""
    found = {}
    for setting, model, imports in itertools.product(SETTINGS, MODELS, IMPORTS):
        time = 100 / gains.get(setting.name, 1.0)
        found[setting.name, model, imports] = [Run(time, 2000.0, 2), Run(3 * time, 9000.0, 2), Run(time, 2000.0, 2)]
    return found


def test_a_row_a_setting_with_its_gain_and_verdict() -> None:
    table = lines(runs({"memory kept by malloc": 1.25, "set_up_cpu": 0.9, "bfloat16 autocast": 1.5}))
    assert len(table) == 4 + len(SETTINGS) - 1
    assert table[0].split()[2:] == ["CNN,", "bare", "CNN,", "usual", "encoder,", "bare", "encoder,", "usual"]
    assert table[1].split() == ["default,", "2", "threads", *["100", "ms"] * 4]
    assert all(row.split()[-4:] == ["2,000"] * 4 for row in table[2:4])
    row = {
        name: next(line for line in table[4:] if name in line) for name in (setting.name for setting in SETTINGS[1:])
    }
    assert (
        row["memory kept"[:11] + " by malloc"].endswith("   on") and row["memory kept by malloc"].count("x 1.25") == 4
    )
    assert row["set_up_cpu"].endswith("on, and costs here: switch it off")
    assert row["bfloat16 autocast"].endswith("off") and row["bfloat16 autocast"].count("x 1.50") == 4
    assert max(map(len, table)) <= 132


def test_one_column_that_loses_after_the_usual_imports_is_enough() -> None:
    found = runs({})
    found["memory kept by malloc", "CNN", "usual"] = [Run(110.0, 0.0, 2)]
    assert next(row for row in lines(found) if "malloc" in row).endswith("switch it off")
    found = runs({})
    found["memory kept by malloc", "CNN", "bare"] = [Run(110.0, 0.0, 2)]
    assert next(row for row in lines(found) if "malloc" in row).endswith("   on")


def test_every_setting_meets_every_model_in_every_round(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, str]] = []

    def fake(setting: Setting, model: str, imports: str) -> Run:
        asked.append((setting.name, model, imports))
        return Run(10.0, 0.0, 2)

    monkeypatch.setattr(bench_cpu, "_fresh", fake)
    assert bench_cpu.cpu()[1].split()[0] == f"{DEFAULT},"
    cells = list(itertools.product((setting.name for setting in SETTINGS), MODELS, IMPORTS))
    assert sorted(asked) == sorted(cells * bench_cpu.ROUNDS)


def test_it_runs_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_cpu, "STEPS", 1)
    run = bench_cpu._fresh(SETTINGS[1], "CNN", "bare")
    assert run.milliseconds > 0 and run.threads >= 1 and run.pages >= 0


def test_both_models_make_a_step() -> None:
    for model in MODELS:
        bench_cpu._training(model, fused=True, halved=True)()
    assert bench_cpu._page_faults() >= 0
