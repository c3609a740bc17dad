"""Counted, not claimed: how many bugs are seeded into the parts that later lessons stand on."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmlearn.course.readme import _tuple_length

TESTS = Path(__file__).parent

# The tests of these files together seed at least this many bugs: first what lessons 06 to 08 built, then 09 and 10.
PARTS = {
    "networks": (
        25,
        ["blocks/test_*.py", "bridge/test_*.py", "train/test_*.py", "data/test_bpe*.py", "predict/test_sampling.py"]
        + [f"encode/test_{name}.py" for name in ("text", "pretrained", "cnn", "saliency", "tensors")],
    ),
    "pictures": (
        15,
        ["blocks/test_patches.py", "bridge/test_vit*.py", "train/test_cut_mix.py"]
        + [f"encode/test_{name}.py" for name in ("vit", "mae", "masking", "codebook", "rollout")],
    ),
}


def seeded(patterns: list[str]) -> dict[str, int]:
    """Test file -> number of its seeded bugs, for the files that have any."""
    files = sorted({path for pattern in patterns for path in TESTS.glob(pattern)})
    counts = {path.relative_to(TESTS).as_posix(): _tuple_length(path, "SEEDED_BUGS") for path in files}
    return {name: count for name, count in counts.items() if count}


@pytest.mark.parametrize("part", PARTS)
def test_enough_bugs_are_seeded_and_every_file_runs_its_own(part: str) -> None:
    least, patterns = PARTS[part]
    counts = seeded(patterns)
    assert sum(counts.values()) >= least, counts
    for name in counts:  # a tuple that no test is parametrised by would be counted and never run
        assert 'parametrize("bug", SEEDED_BUGS' in (TESTS / name).read_text(encoding="utf-8"), name


def test_a_missing_pattern_counts_nothing() -> None:
    assert seeded(["nowhere/test_*.py"]) == {}
