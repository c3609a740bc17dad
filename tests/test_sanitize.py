"""What is masked before a lesson's outputs are compared: the measured value and its unit, and nothing else."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path

import nbformat
import pytest
from nbval.plugin import get_sanitize_patterns

from mmlearn.checks import report
from mmlearn.course.doctor import checkup, doctor_table
from mmlearn.data.sources import SOURCES

ROOT = Path(__file__).parents[1]
Patterns = list[tuple[str, str]]  # (regex, replacement), as nbval reads them
CONFIG = (ROOT / "tests" / "sanitize.cfg").read_text(encoding="ascii")  # nbval asks for no encoding
PATTERNS: Patterns = get_sanitize_patterns(CONFIG)

UNITS = ["", "s", "ms", "min", "MB", "GB", "Hz", "kHz", "px", "cores", "a second"]
LABELS = [
    "x", "R@1", "max |ours - theirs|", "        95 % interval, width", "what        answers 210, blind accuracy",
    "power above 4 kHz in the f (at 0.03 s)", "shift of 5 px", "loading, in s", "frames a second", "狐狸: pitch, ratio",
    "speed, px a frame (drawn: 4)", "f(x) = 3",
]  # fmt: skip
VALUES = [0, 7, -3, 0.63, -0.0033, 6e-8, -2e-4, 123456.7, 1e30, -1e30, float("inf"), float("-inf"), float("nan")]
RANGES = [{"below": 1e-5}, {"above": -0.5}, {"low": -0.4, "high": 0.5}, {"low": 1, "high": 64}]
OTHER = ["", "shape: (3, 64)", "99.1 ✓ right: 4 cases", "12 s (as expected) ok", "3 of 5 (20 expected)", "(expected"]
DOCTOR = {finding.label for finding in checkup()} | {source.name for source in SOURCES}
# label, value, unit, range with the same unit, verdict
REPORT = re.compile(r"(.+?) \S+(| \S.*) (\(expected (?:[<>] \S+?|\S+ to \S+?)\2\) (?:ok|OUT OF RANGE))")


def masked(text: str, patterns: Patterns) -> str:
    """As nbval does it: one after the other, on a whole stream."""
    for regex, replacement in patterns:
        text = re.sub(regex, replacement, text)
    return text


def due(line: str) -> str:
    """How a line of output is to look when it is masked, told by its form and without the patterns."""
    if " (expected " in line and line[:20].rstrip() in DOCTOR:
        return f"{line[:20]} VALUE{line[line.index(' (expected ') :]}"
    parts = REPORT.fullmatch(line)
    return f"{parts[1]} VALUE {parts[3]}" if parts else line


def printed(label: str, value: float, unit: str, limits: dict[str, float]) -> str:
    with redirect_stdout(io.StringIO()) as out:
        report(label, value, unit=unit, **limits)  # type: ignore[arg-type]
    return out.getvalue().rstrip("\n")


def reports(units: list[str]) -> Iterator[tuple[str, str]]:
    """Lines as `report` prints them, each with what is to be left of it."""
    for unit in units:
        for label in LABELS:
            for value in VALUES:
                for limits in RANGES:
                    line = printed(label, value, unit, limits)
                    yield line, f"{label} VALUE{line[line.index(' (expected ') :]}"


def units_used(source: str) -> set[str]:
    """Every unit that a lesson gives to `report`, also by way of a dictionary."""
    nodes: list[ast.expr] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in {"report", "dict"}:
            nodes += [keyword.value for keyword in node.keywords if keyword.arg == "unit"]
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            nodes += [value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "unit"]
    for unit in nodes:
        assert isinstance(unit, ast.Constant), f"line {unit.lineno}: write the unit out: {ast.unparse(unit)}"
    return {unit.value for unit in nodes if isinstance(unit, ast.Constant)}


def only_the_value_goes(patterns: Patterns) -> None:
    for line, left in reports(UNITS):
        assert masked(line, patterns) == left


def the_doctors_values_go(patterns: Patterns) -> None:
    values = ["✓", "·", "missing", "none", "3.12.0rc1", "2.13.0+cpu", "25.3 GB", "-0.0 GB"]
    own = [(line, f"{line[:20]} VALUE{line[line.index(' (expected ') :]}") for line in doctor_table()]
    for line, left in own:
        label, tail = left.split("VALUE")
        assert label[:20].rstrip() in DOCTOR
        for text in [line, *(f"{label}{value}{tail}" for value in values)]:
            assert masked(text, patterns) == left


def line_after_line(patterns: Patterns) -> None:
    pairs = list(reports(["", "s", "a second"]))[::7] + [(line, due(line)) for line in doctor_table()]
    lines, left = map(list, zip(*pairs, strict=True))
    for other in OTHER:
        assert masked(other, patterns) == other
        text = f"\n{other}\n".join(lines)
        assert masked(text, patterns) == f"\n{other}\n".join(left)
    assert masked("\n".join(lines) + "\n", patterns) == "\n".join(left) + "\n"


SAME = "share of names, found {value} (expected 0.40 to 0.55) ok"
DIFFERENT = [  # each pair differs in something other than the value
    (SAME, SAME.replace(") ok", ") OUT OF RANGE")),
    (SAME, SAME.replace("0.40", "0.45")),
    (SAME, SAME.replace("0.55", "0.56")),
    (SAME, SAME.replace("share", "count")),
    (SAME, SAME.replace("found", "lost")),
    (SAME, SAME.replace("names, ", "names,  ")),
    ("x {value} (expected < 1) ok", "x {value} (expected > 1) ok"),
    ("x {value} s (expected < 9 s) ok", "x {value} (expected < 9) ok"),
    ("x {value} s (expected < 9 s) ok", "x {value} ms (expected < 9 ms) ok"),
    ("time in s {value} (expected < 9) ok", "time in ms {value} (expected < 9) ok"),
    ("top 5 {value} (expected < 9) ok", "top 10 {value} (expected < 9) ok"),
    ("cores                {value} (expected >= 1) ok", "cores                {value} (expected >= 1) PROBLEM"),
    ("stamps               {value} (expected ✓) ok", "photos               {value} (expected ✓) ok"),
    ("photos coco          {value} (expected ✓) ok", "photos flickr8k      {value} (expected ✓) ok"),
]


def what_differs_still_differs(patterns: Patterns) -> None:
    for one, other in DIFFERENT:
        for values in [("0.47", "0.47"), ("0.47", "-3e-05"), ("✓", "·"), ("nan", "inf")]:
            lines = [text.format(value=value) for text, value in zip((one, other), values, strict=True)]
            assert masked(lines[0], patterns) != masked(lines[1], patterns)
            assert masked("a\n" + lines[0] + "\nb", patterns) != masked("a\n" + lines[1] + "\nb", patterns)
        assert masked(one.format(value="0.47"), patterns) == masked(one.format(value="-3e-05"), patterns)


PROOFS = [only_the_value_goes, the_doctors_values_go, line_after_line, what_differs_still_differs]
UNIT = "( (s|ms|min|MB|GB|Hz|kHz|px|cores|a second))?"
SEEDED_BUGS = [
    ("nothing is masked", r"(?!)", only_the_value_goes),
    ("the label is hidden", r".*(?= \(expected)", what_differs_still_differs),
    ("the label's last word is hidden", r"\S+( \S+)?(?= \(expected)", what_differs_still_differs),
    ("the label's padding is hidden", rf" *\S+{UNIT}(?= \(expected)", the_doctors_values_go),
    ("the range is hidden", rf"\S+{UNIT} \(expected [^)]*", what_differs_still_differs),
    ("range and verdict are hidden", rf"\S+{UNIT} \(expected.*", what_differs_still_differs),
    ("the verdict is hidden", rf"\S+{UNIT}(?= \(expected)|(?<=\) )[A-Zk o]+", what_differs_still_differs),
    ("the unit stays and the number with it", r"\S+(?= \(expected)", only_the_value_goes),
    ("a unit of two words is forgotten", r"\S+( [a-zA-Z]+)?(?= \(expected)", only_the_value_goes),
    ("a sign stays", rf"[\w.]+{UNIT}(?= \(expected)", only_the_value_goes),
    ("infinity stays", rf"-?[\d.]+(e[-+]\d+)?{UNIT}(?= \(expected)", only_the_value_goes),
    ("a tick stays", rf"[-+\w.]+{UNIT}(?= \(expected)", the_doctors_values_go),
    ("only the last line is masked", rf"\S+{UNIT}(?= \(expected.*\Z)", line_after_line),
    ("numbers anywhere are masked", rf"\S+{UNIT}(?= \(expected)|\d+(?= of)", line_after_line),
    ("lines run together", rf"(?s)\S+{UNIT}(?=\s\(expected)", line_after_line),
]  # fmt: skip


@pytest.mark.parametrize("proof", PROOFS, ids=[proof.__name__ for proof in PROOFS])
def test_the_mask(proof: Callable[[Patterns], None]) -> None:
    proof(PATTERNS)


@pytest.mark.parametrize(("regex", "proof"), [bug[1:] for bug in SEEDED_BUGS], ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(regex: str, proof: Callable[[Patterns], None]) -> None:
    with pytest.raises(AssertionError):
        proof([(regex, "VALUE")])


def test_no_entry_is_passed_over() -> None:
    """nbval ignores an entry that is not written as it likes, and says nothing."""
    assert len(PATTERNS) == len(re.findall(r"regex", CONFIG)) == len(re.findall(r"^\[", CONFIG, re.MULTILINE)) > 0


def test_the_lines_tried_hold_both_verdicts_and_all_values() -> None:
    text = "\n".join(line for line, _ in reports([""]))
    for part in (") ok", ") OUT OF RANGE", " -inf (", " inf (", " nan (", " 6e-08 (", " -2e-04 (", " 1e+30 (", " -3 ("):
        assert part in text


def test_every_unit_of_the_lessons_is_masked() -> None:
    """A new unit belongs into tests/sanitize.cfg: else the number before it is compared."""
    sources = sorted((ROOT / "solutions").glob("*.py"))
    assert sources
    units = set().union(*(units_used(source.read_text(encoding="utf-8")) for source in sources))
    for line, left in reports(sorted(units)):
        assert masked(line, PATTERNS) == left


def test_units_are_found_wherever_they_are_written() -> None:
    source = 'report("x", 1, unit="s", below=2)\nchecks.report("x", 1, unit="ms", below=2)\nplot(unit="pt")\n'
    assert units_used(source) == {"s", "ms"}
    assert units_used('limits = {"low": 1, "unit": "Hz"}\nmore = dict(unit="px")') == {"Hz", "px"}
    with pytest.raises(AssertionError, match="line 1: write the unit out: best"):
        units_used('report("x", 1, unit=best, below=2)')


@pytest.mark.parametrize("path", sorted((ROOT / "solutions").glob("*.ipynb")), ids=lambda path: path.stem)
def test_in_the_stored_outputs_only_values_are_masked(path: Path) -> None:
    outputs = [o for cell in nbformat.read(path, as_version=4).cells for o in cell.get("outputs", [])]
    texts = [o.get("text", "") or o.get("data", {}).get("text/plain", "") for o in outputs]
    for text in texts:
        assert masked(text, PATTERNS) == "\n".join(due(line) for line in text.split("\n"))
    lines = [line for text in texts for line in text.split("\n") if " (expected " in line]
    assert lines or not path.stem.startswith("00")  # lesson 00 shows the doctor
    assert all(line.count("(expected ") == 1 and due(line) != line for line in lines)
