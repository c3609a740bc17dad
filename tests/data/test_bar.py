import subprocess
import sys

import pytest

LOOP = "from mmlearn.data.bar import bar; print(sum(bar(range(3), 'adding')))"


@pytest.mark.parametrize(("building", "shows"), [("1", False), ("0", True)])
def test_a_bar_shows_for_a_learner_and_leaves_nothing_while_building(
    monkeypatch: pytest.MonkeyPatch, building: str, shows: bool
) -> None:
    monkeypatch.setenv("MMLEARN_BUILDING", building)
    monkeypatch.setenv("TQDM_DISABLE", "0")
    run = subprocess.run([sys.executable, "-c", LOOP], capture_output=True, text=True)
    assert run.stdout == "3\n" and ("adding" in run.stderr) is shows
