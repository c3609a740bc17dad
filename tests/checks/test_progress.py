"""What a learner has done is kept, whatever happens to the files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mmlearn.checks.progress import bars, load, progress_folder, record


def test_a_state_never_falls_back_and_stubs_are_no_tries(home: Path) -> None:
    for state in ("lent", "tried", "right", "tried", "lent"):
        record("01.2", state)  # type: ignore[arg-type]
    assert load() == {"01.2": ("right", 3)}


def test_order_is_that_of_the_lessons(home: Path) -> None:
    for name in ("01.10", "01.2", "00.3"):
        record(name, "right")
    assert list(load()) == ["00.3", "01.2", "01.10"]


def test_an_unknown_state(home: Path) -> None:
    with pytest.raises(ValueError, match="expected one of lent, tried, right, got 'done'"):
        record("01.2", "done")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"\xff\xfe", b"[]", b'{"state": "done", "tries": 1}', b'{"state": "right"}']
)
def test_a_damaged_file_is_kept_aside_and_the_others_live(
    damage: bytes, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record("01.1", "right")
    record("01.2", "right")
    (progress_folder() / "01.2.json").write_bytes(damage)
    assert load() == {"01.1": ("right", 1)}
    assert "01.2 was damaged and starts anew; the old one is kept as 01.2.damaged" in capsys.readouterr().out
    assert (progress_folder() / "01.2.damaged").read_bytes() == damage
    record("01.2", "tried")
    assert load()["01.2"] == ("tried", 1)


def test_two_notebooks_at_once_lose_nothing(home: Path) -> None:
    script = (
        "import sys\nfrom mmlearn.checks.progress import record\n"
        "for i in range(50): record(f'{sys.argv[1]}.{i}', 'right'); record('07.1', 'tried')"
    )
    both = [subprocess.Popen([sys.executable, "-c", script, lesson]) for lesson in ("01", "02")]
    assert [one.wait(60) for one in both] == [0, 0]
    assert len(load()) == 101
    assert not list(progress_folder().glob("*.part")) and not list(progress_folder().glob("*.damaged"))


def test_bars(home: Path) -> None:
    record("00.1", "right")
    record("00.2", "tried")
    record("00.3", "lent")
    record("01.1", "right")
    assert bars({"00": ["00.1", "00.2", "00.3", "00.4"], "01": ["01.1"], "02": []}).splitlines() == [
        "00  [#####~~~~~..........]  1 of 4 right, 1 tried",
        "01  [####################]  1 of 1 right",
        "02  no exercises",
    ]


def test_without_the_variable_it_lies_in_the_platforms_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MMLEARN_HOME", raising=False)
    assert progress_folder().parts[-2:] == ("mmlearn-course", "progress")


def test_a_tilde_in_the_variable_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for home in ("HOME", "USERPROFILE"):  # Windows reads the second
        monkeypatch.setenv(home, str(tmp_path))
    for given, folder in {"~": tmp_path, "~/learnt": tmp_path / "learnt"}.items():
        monkeypatch.setenv("MMLEARN_HOME", given)
        assert progress_folder() == folder / "progress"


def test_a_tilde_before_no_user_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMLEARN_HOME", "~nobody-of-this-name/learnt")
    assert progress_folder().parts[-2:] == ("learnt", "progress")
