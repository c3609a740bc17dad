"""The cache may lose time, never data: damage, killed and parallel writers, folders that cannot be written."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmlearn.data import cache
from mmlearn.data.cache import Arrays, cache_folder, cached

ROOT = Path(__file__).parents[2]


class Maker:
    """Makes the same arrays at each call and counts the calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> Arrays:
        self.calls += 1
        return {
            "images": np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
            "codes": np.array(["1F436", "1F431"]),
            "empty": np.zeros((0, 3), dtype=np.int64),
        }


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MMLEARN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def assert_same(left: Arrays, right: Arrays) -> None:
    assert left.keys() == right.keys()
    for label in left:
        assert left[label].dtype == right[label].dtype
        np.testing.assert_array_equal(left[label], right[label])


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True, env=env)


def test_second_call_reads_the_same_arrays_and_does_not_make_them() -> None:
    make = Maker()
    first, second = cached("pets", {"size": 2}, make), cached("pets", {"size": 2}, make)
    assert make.calls == 1
    assert_same(first, second)
    second["images"][0] = 0  # a learner may write to what came from the cache, as to what was made
    assert_same(cached("pets", {"size": 2}, make), first)


def test_another_key_or_name_is_another_file_and_the_order_of_a_key_is_not(folder: Path) -> None:
    make = Maker()
    cached("pets", {"a": 1, "b": [2]}, make)
    cached("pets", {"b": [2], "a": 1}, make)
    assert (make.calls, len(list(folder.iterdir()))) == (1, 1)
    cached("pets", {"a": 1, "b": [3]}, make)
    cached("birds", {"a": 1, "b": [2]}, make)
    assert (make.calls, len(list(folder.iterdir()))) == (3, 3)


def test_truncated_file_is_made_again_with_a_notice(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = cached("pets", {}, Maker())
    path = only_file(folder)
    whole = path.read_bytes()
    for kept in (0, 1, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:kept])
        caplog.clear()
        make = Maker()
        assert_same(cached("pets", {}, make), made)
        assert make.calls == 1 and "making it again" in caplog.text and path.name in caplog.text
        assert_same(cached("pets", {}, make), made)
        assert make.calls == 1, "the damaged file was not replaced by a whole one"


def test_no_flipped_byte_ever_changes_the_arrays(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "mmlearn")
    made = cached("pets", {}, Maker())
    path = only_file(folder)
    whole = path.read_bytes()
    rebuilt = 0
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        make = Maker()
        assert_same(cached("pets", {}, make), made)
        rebuilt += make.calls
    assert rebuilt > len(whole) * 0.75, "flips in the arrays' bytes must be noticed (dates in the zip need not be)"


STOPS_HALFWAY = """
import sys, time, numpy as np
from mmlearn.data.cache import cached
def half(file, **arrays):
    file.write(b"PK" + b"x" * 5000); file.flush()
    print("writing", flush=True)
    time.sleep(300)
np.savez = half
cached("pets", {}, lambda: {"images": np.zeros(9)})
"""


def test_killed_writer_leaves_a_leftover_that_harms_nobody_and_is_swept(folder: Path) -> None:
    writer = python(STOPS_HALFWAY)
    assert writer.stdout is not None and writer.stdout.readline().strip() == "writing"
    writer.kill()
    writer.communicate()
    (leftover,) = folder.iterdir()
    assert leftover.suffix == ".tmp"

    make = Maker()
    made = cached("pets", {}, make)
    assert_same(cached("pets", {}, make), made)
    assert make.calls == 1 and leftover.exists(), "a young leftover may have a living writer"

    old = time.time() - 2 * 24 * 3600
    os.utime(leftover, (old, old))
    cached("others", {}, make)
    assert not leftover.exists()
    assert sorted(path.suffix for path in folder.iterdir()) == [".npz", ".npz"]


WRITES_WITH_OTHERS = """
import sys, time, pathlib, numpy as np
from mmlearn.data.cache import cached
go = pathlib.Path(sys.argv[1])
print("ready", flush=True)
while not go.exists(): time.sleep(0.001)
total = 0
for key in range(20):
    made = cached("shared", {"key": key}, lambda: {"a": np.full(50_000, key), "b": np.arange(key + 1)})
    total += int(made["a"].sum()) + int(made["b"].sum())
print(total)
"""


def test_four_processes_share_one_folder(folder: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    processes = [python(WRITES_WITH_OTHERS, str(go)) for _ in range(4)]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline().strip() == "ready"
    go.touch()
    totals = {process.communicate()[0].strip() for process in processes}
    assert totals == {str(sum(50_000 * key + key * (key + 1) // 2 for key in range(20)))}
    assert all(process.returncode == 0 for process in processes)
    assert [path.suffix for path in folder.iterdir()] == [".npz"] * 20
    unasked = Maker()
    for key in range(20):
        assert cached("shared", {"key": key}, unasked)["a"][-1] == key
    assert unasked.calls == 0


def test_unwritable_folder_costs_only_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    monkeypatch.setenv("MMLEARN_CACHE", str(tmp_path / "file" / "cache"))
    make = Maker()
    assert_same(cached("pets", {}, make), make())
    assert "Cannot write the cache file" in caplog.text and "as slow" in caplog.text


def test_full_disk_leaves_no_half_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(file: Any, **arrays: Any) -> None:
        file.write(b"PK")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    make = Maker()
    assert_same(cached("pets", {}, make), make())
    assert list(folder.iterdir()) == [] and "No space left" in caplog.text


def test_windows_refusal_to_replace_an_open_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Another process was faster and its file is open: fine if that file is whole, a notice if there is none."""
    real_replace = os.replace

    def refuse(source: Any, target: Any) -> None:
        raise PermissionError(13, "in use")

    def faster_neighbour(source: Any, target: Any) -> None:
        real_replace(source, target)
        raise PermissionError(13, "in use")

    monkeypatch.setattr(cache.os, "replace", faster_neighbour)
    make = Maker()
    assert_same(cached("pets", {}, make), make())
    assert caplog.text == "" and [path.suffix for path in folder.iterdir()] == [".npz"]
    monkeypatch.setattr(cache.os, "replace", refuse)
    cached("others", {}, make)
    assert "Cannot write" in caplog.text and len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("name", ["", "a/b", "../a", "a b", "a.npz"])
def test_a_name_that_is_no_plain_file_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expected a name of letters"):
        cached(name, {}, Maker())


def test_python_objects_and_keys_that_are_not_json_are_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="'things' holds Python objects"):
        cached("pets", {}, lambda: {"things": np.array([{}, None])})
    with pytest.raises(TypeError):
        cached("pets", {"path": Path("x")}, Maker())
    assert not folder.exists()


@pytest.mark.parametrize("label", ["file", "allow_pickle", "__labels__", "", "a b", "a/b", "1"])
def test_a_label_that_would_get_lost_is_refused(folder: Path, label: str) -> None:
    with pytest.raises(ValueError, match=f"expected labels that are identifiers, .*, got {label!r}"):
        cached("pets", {}, lambda: {"images": np.zeros(2), label: np.zeros(2)})
    assert not folder.exists()


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMLEARN_CACHE", "~/mine")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert cache_folder() == tmp_path / "mine"


def test_without_a_choice_the_platform_s_folder_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MMLEARN_CACHE")
    assert cache_folder().is_absolute() and "mmlearn-course" in cache_folder().parts
