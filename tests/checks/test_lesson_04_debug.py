"""Lesson 04's program with fourteen faults: every message that its table shows, met; and right answers of other kinds.

The lines are taken from the lesson itself, run with what stands before them mended, and must fail as the table says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mmlearn.checks.exercise import Exercise
from mmlearn.checks.lesson_04_debug import DEBUG, NAMES, READ
from mmlearn.checks.lesson_04_debug_rows import ROWS
from mmlearn.checks.lesson_04_debug_sift import DESCRIBE
from mmlearn.checks.lesson_04_debug_weights import WEIGHTED
from mmlearn.checks.lesson_04_program import content_words, describe, unit_rows
from mmlearn.checks.verdict import judge
from mmlearn.data import stickers
from mmlearn.encode.opencv_sift import has_opencv, opencv_sift
from mmlearn.encode.pixels import to_grey
from mmlearn.view.images import on_white

LESSON = Path(__file__).parents[2] / "solutions" / "04_svm_fusion.py"
LETTERS = "abcdefghijklmn"


@cache
def section() -> str:
    """The lesson's text from the sick program to its first exercise, comment signs taken away."""
    text = LESSON.read_text(encoding="utf-8")
    start = text.index("## A program that fails in fourteen ways")
    return re.sub(r"^# ?", "", text[start : text.index("## Exercise", start)], flags=re.MULTILINE)


def row(letter: str) -> str:
    """The table's row on one fault."""
    return next(line for line in section().splitlines() if line.startswith(f"| **{letter}** |"))


def line(*starts: str) -> str:
    """The program's lines that start so, in the program's order."""
    program = section().split("```python\n")[1].split("```")[0].splitlines()
    found = [each for each in program if each.startswith(starts)]
    assert len(found) >= len(starts), f"the lesson's program has no lines {starts}"
    return "\n".join(found)


@cache
def fox() -> Any:
    """The fox's descriptors, (40, 128) uint8."""
    deck = stickers()
    fox = deck.images[deck.names["en"].tolist().index("fox")]
    return describe([to_grey(on_white(fox))])[0]


def table(text: str = "red fox sits white paper") -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer().fit_transform([text])


def met(code: str, **names: Any) -> str:
    """ "Kind: message" of the error that the code ends in, on one line; "nothing" if it ends well."""
    try:
        exec(code, names)
    except Exception as error:
        return " ".join(f"{type(error).__name__}: {error}".split())
    return "nothing"


def shown(letter: str) -> list[str]:
    """The pieces of the message that the table's row gives, parted where it leaves something out."""
    message = re.findall(r"`([^`]*Error: [^`]*)`", row(letter))[0]
    return [piece.strip() for piece in message.split("...")]


def test_the_table_has_fourteen_rows_and_every_fault_has_its_sentence() -> None:
    assert re.findall(r"^\| \*\*(\w)\*\* \|", section(), re.MULTILINE) == list(LETTERS)
    named: dict[str, set[str]] = {letter: set() for letter in LETTERS}
    for exercise in DEBUG:
        for mistake in exercise.mistakes:
            for letters in re.findall(r"^Faults? (\w)(?: and (\w))?:", mistake.says):
                for letter in filter(None, letters):
                    named[letter].add(exercise.id)
    for letter, exercises in named.items():
        assert exercises == {row(letter).split("|")[4].strip()}, f"fault {letter}"


def test_eight_stop_two_wait_four_are_silent() -> None:
    happens = [row(letter).split("|")[2].strip() for letter in LETTERS]
    assert [sum(text.startswith(start) for text in happens) for start in ("`", "*waits:*", "*nothing*")] == [8, 2, 4]


def sift_class() -> Any:
    from skimage.feature import SIFT

    return SIFT


def without_data(monkeypatch: pytest.MonkeyPatch) -> None:
    import nltk

    monkeypatch.setattr(nltk.data, "path", [])


LOUD: dict[str, tuple[Callable[[], str], Callable[[], dict[str, Any]]]] = {
    "a": (lambda: line("grey ="), lambda: {"cv2": SimpleNamespace(cvtColor=None, COLOR_BGR2GRAY=6)}),
    "b": (lambda: line("from nltk.corpus", "common ="), dict),
    "c": (lambda: line("from skimage", "sift ="), dict),
    "d": (
        lambda: line("points, found ="),
        lambda: {"sift": sift_class()(), "grey": None},
    ),
    "e": (
        lambda: line("sift =") + "\n" + line("sift ="),
        lambda: {"sift": sift_class()},
    ),
    "f": (lambda: line("rows ="), lambda: {"found": fox(), "table": table()}),
    "g": (lambda: line("rows ="), lambda: {"np": np, "found": fox(), "table": table()}),
    "i": (
        lambda: line("labels =", "from sklearn.svm", "model ="),
        lambda: {"np": np, "found": fox(), "table": table(), "rows": np.zeros((len(fox()), 133))},
    ),
    "k": (
        lambda: section().split("# 4. Fuse\n")[1].split("```")[0],
        lambda: {"np": np, "found": fox(), "table": table()},
    ),
}


@pytest.mark.parametrize("letter", LOUD)
def test_the_error_is_the_one_that_the_table_shows(letter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without_data(monkeypatch)
    code, names = LOUD[letter]
    said = met(code(), **names())
    assert all(piece in said for piece in shown(letter)), said


def test_word_tokenize_asks_for_data_too(monkeypatch: pytest.MonkeyPatch) -> None:
    without_data(monkeypatch)
    said = met("from nltk.tokenize import word_tokenize\nword_tokenize('A red fox.')")
    assert said.startswith("LookupError") and "punkt_tab" in said and "punkt_tab" in row("b")


@pytest.mark.skipif(not has_opencv(), reason="needs OpenCV")
def test_opencv_gives_none_for_a_bad_path_and_for_a_blank_picture(tmp_path: Path) -> None:
    import cv2

    assert cv2.imread(str(tmp_path / "nothing.png")) is None  # fault a
    assert cv2.SIFT_create().detectAndCompute(np.full((64, 64), 200, np.uint8), None)[1] is None  # fault h
    assert met("len(None)").startswith("TypeError")


def test_scikit_image_raises_for_a_blank_picture_and_keeps_what_it_found_before() -> None:
    from skimage.feature import SIFT

    detector = SIFT()
    picture = np.kron(np.random.default_rng(0).integers(0, 256, (6, 6)), np.ones((6, 6))).astype(np.uint8)
    detector.detect_and_extract(picture)
    before = detector.descriptors
    with pytest.raises(RuntimeError, match="no features"):
        detector.detect_and_extract(np.full((36, 36), 200, np.uint8))
    assert detector.descriptors is before and len(before) > 0


def test_the_four_silent_faults_raise_nothing_and_are_faults() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    counter = TfidfVectorizer().fit(["red fox sits white paper"])
    assert (counter.idf_ == 1).all() and counter.transform(["dog"]).nnz == 0  # j
    body = section().split("def weighted_fusion(")[1].split("\n", 1)[1].split("\n\n")[0]
    assert "weights" not in body and "hstack" in body  # l
    assert ".fit(rows, labels).predict(rows)" in section()  # m
    assert fox().max() > 100 > 1 >= table().max()  # n


def with_pillow(path: str) -> Any:
    from PIL import Image

    try:
        return np.asarray(Image.open(path).convert("L"))
    except OSError as error:
        raise OSError(f"{path} is no picture") from error


def with_opencv(path: str) -> Any:
    import cv2

    picture = cv2.imread(path)
    if picture is None:
        raise ValueError(f"cannot read {path}")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)


def by_own_idf(train: list[str], test: list[str]) -> Any:
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(analyzer=content_words)
    known, unseen = (m.toarray() for m in (counter.fit_transform(train), counter.transform(test)))
    idf = np.log((1 + len(train)) / (1 + (known > 0).sum(axis=0))) + 1
    return unit_rows(known * idf), unit_rows(unseen * idf)


def careful(pictures: list[Any]) -> Any:
    from skimage.feature import SIFT

    sift: Any = SIFT()
    found = []
    for picture in pictures:
        try:
            sift.detect_and_extract(picture)
        except RuntimeError:
            found.append(np.empty((0, 128)))
            continue
        found.append(sift.descriptors.astype(np.float32))
    return found


def by_cdist(descriptors: Any, codebook: Any, names: Any, groups: Any) -> Any:
    from scipy.spatial.distance import cdist
    from sklearn.preprocessing import normalize

    counts = np.zeros((len(descriptors), len(codebook)))
    for i, each in enumerate(descriptors):
        for word in cdist(each, codebook).argmin(axis=1) if len(each) else ():
            counts[i, word] += 1
    return np.hstack([normalize(counts), normalize(names).toarray()]), groups


def by_einsum(model: Any, image: Any, text: Any, groups: Any, split: Any, weights: Any) -> Any:
    from sklearn.base import clone

    blocks = [clone(model).fit(X[split.train], groups[split.train]).predict_proba(X[split.test]) for X in (image, text)]
    return np.unique(groups)[np.einsum("m,mnc->nc", np.array(weights), np.array(blocks)).argmax(1)]


RIGHT = [(READ, with_pillow), (NAMES, by_own_idf), (DESCRIBE, careful), (ROWS, by_cdist), (WEIGHTED, by_einsum)]


@pytest.mark.parametrize(("exercise", "answer"), RIGHT, ids=[exercise.id for exercise, _ in RIGHT])
def test_other_right_answers_pass(exercise: Exercise, answer: Any) -> None:
    verdict = judge(exercise, answer)
    assert verdict.state == "right", verdict.text


def told(exercise: Exercise, answer: Any) -> list[str]:
    """The beginnings of the sentences that a wrong answer meets."""
    verdict = judge(exercise, answer)
    assert verdict.state == "tried"
    return [mistake.says for mistake in exercise.mistakes if mistake.says in verdict.text]


def raises(kind: type[Exception]) -> Callable[[str], Any]:
    """A right reader, but for the kind of its error."""

    def read(path: str) -> Any:
        try:
            return with_pillow(path)
        except OSError as error:
            raise kind(path) from error

    return read


@pytest.mark.parametrize("kind", [RuntimeError, AssertionError, Exception, KeyError])
def test_an_error_of_another_kind_is_refused_though_it_names_the_file(kind: type[Exception]) -> None:
    assert told(READ, raises(kind))[0].startswith("The error names the file, good, but")


@pytest.mark.parametrize("kind", [ValueError, OSError, FileNotFoundError])
def test_errors_of_the_right_kinds_pass(kind: type[Exception]) -> None:
    assert judge(READ, raises(kind)).state == "right"


@pytest.mark.skipif(not has_opencv(), reason="needs OpenCV")
def test_not_picture_is_named_with_opencvs_own_array() -> None:
    import cv2

    def read(path: str) -> Any:
        if not cv2.imread(path):
            raise ValueError(f"cannot read {path}")

    assert "`if picture is None`" in told(READ, read)[0]


@pytest.mark.skipif(not has_opencv(), reason="needs OpenCV")
def test_opencvs_grey_passes_and_its_sift_is_of_the_same_kind() -> None:
    verdict = judge(READ, with_opencv)
    assert verdict.state == "right", verdict.text
    blank = opencv_sift(np.full((36, 36), 9, np.uint8))[1]
    assert blank.shape == describe([np.full((36, 36), 9, np.uint8)])[0].shape == (0, 128)
