"""Lesson 04's debugging exercise on reading a picture file, or saying why it cannot be read."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mmlearn.checks.compare import difference
from mmlearn.checks.exercise import Case, Exercise, Mistake

Generator = np.random.Generator

NAMED, NAMELESS = "an error that names the file", "an error that does not name the file"
OTHER = "an error that names the file, of another kind than was asked for"
BT_601 = np.array([0.299, 0.587, 0.114])
CvError = type("error", (Exception,), {})  # cv2's own error is called so; cv2 itself may be missing


def _read_one(read: Callable[[str], Any], content: Any) -> Any:
    """Call `read` with a file of this content: a picture, the bytes of something else, or None for no file."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fox.png"
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif content is not None:
            Image.fromarray(content).save(path)
        try:
            return read(str(path))
        except Exception as error:
            named, due = "fox.png" in str(error), isinstance(error, OSError | ValueError)
            if isinstance(content, np.ndarray) or not (named or due):
                raise
            return OTHER if not due else NAMED if named else NAMELESS


def _nearly(got: Any, expected: Any) -> str | None:
    """Equal, but for one level: Pillow, OpenCV and the course round differently."""
    found = difference(got, expected)
    if found is None:
        return None
    alike = all(isinstance(x, np.ndarray) and x.dtype == np.uint8 for x in (got, expected))
    if not alike or got.shape != expected.shape:
        return found.says
    most = int(np.abs(got.astype(int) - expected.astype(int)).max())
    return f"levels up to {most} apart, where 1 is allowed for rounding" if most > 1 else None


def _imread(path: str) -> Any:
    """What cv2.imread gives: BGR, or None for whatever it cannot read."""
    try:
        return _pillow(path)[..., ::-1]
    except OSError:
        return None


def _pillow(path: str) -> Any:
    from PIL import Image

    return np.asarray(Image.open(path).convert("RGB"))


def _opened(path: str) -> Any:
    """As stored: a grey file stays (H, W). What cannot be read is named."""
    from PIL import Image

    try:
        return np.asarray(Image.open(path))
    except OSError as error:
        raise ValueError(path) from error


def _grey(picture: Any, weights: Any = BT_601) -> Any:
    return np.round(picture @ weights).astype(np.uint8)


def _bgr_to_grey(picture: Any, weights: Any = BT_601[::-1]) -> Any:
    """What cv2.cvtColor does; of None it says that it is empty."""
    if picture is None:
        raise CvError("(-215:Assertion failed) !_src.empty() in function 'cvtColor'")
    return _grey(picture, weights)


def _never_read(path: str) -> Any:
    return _bgr_to_grey(picture)  # type: ignore[name-defined]  # noqa: F821  the fault itself


def _or(instead: Callable[[str], Any]) -> Callable[[str], Any]:
    """A right answer, but for what it does with a file that cannot be read."""

    def read(path: str) -> Any:
        picture = _imread(path)
        return instead(path) if picture is None else _bgr_to_grey(picture)

    return read


def _not_picture(path: str) -> Any:
    picture = _imread(path)
    if not picture:
        raise ValueError(f"cannot read {path}")
    return _bgr_to_grey(picture)


def _nameless(path: str) -> None:
    raise ValueError("cannot read the picture")


def _other_kind(path: str) -> None:
    raise RuntimeError(f"cannot read {path}")


def _wordless(path: str) -> None:
    raise AssertionError  # what `assert picture is not None` does


def _plain(generator: Generator) -> tuple[Any]:
    return (np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[255, 255, 255], [0, 0, 0], [9, 99, 199]]], np.uint8),)


def _png_cut_short(generator: Generator) -> tuple[bytes]:
    """The first bytes of a picture: opening it goes well, reading it does not."""
    from PIL import Image

    whole = io.BytesIO()
    Image.fromarray(generator.integers(0, 256, (40, 40, 3)).astype(np.uint8)).save(whole, format="png")
    return (whole.getvalue()[:300],)


READ = Exercise(
    id="04.8",
    title="Read a picture, or say why not",
    reference="mmlearn.checks.lesson_04_program.read_grey",
    cases=(
        Case("a file of six plain colours", _plain),
        Case("a picture of 5 x 7 pixels", lambda g: (g.integers(0, 256, (5, 7, 3)).astype(np.uint8),)),
        Case("a picture that was saved grey", lambda g: (g.integers(0, 256, (6, 4)).astype(np.uint8),)),
        Case("no such file", lambda g: (None,)),
        Case("a file that is no picture", lambda g: (b"This is a sample text.",)),
        Case("a download that broke off", _png_cut_short),
    ),
    mistakes=(
        Mistake(
            _never_read,
            "Fault a: a comment says that the picture is read, but no line does it, so the name has no value.",
        ),
        Mistake(
            lambda path: _bgr_to_grey(_imread(path)),
            "Fault a: cv2.imread gives None for what it cannot read, and cvtColor's error names no file: look first.",
        ),
        Mistake(
            lambda path: _bgr_to_grey(_imread(path), BT_601),
            "Two things: cv2.imread gives None for what it cannot read, and its colours come in the order BGR.",
        ),
        Mistake(
            lambda path: _grey(_pillow(path)[..., ::-1]),
            "Red and blue have changed places: Pillow reads RGB, cv2.imread BGR. COLOR_BGR2GRAY fits only the second.",
        ),
        Mistake(
            _or(lambda path: None),
            "You hand on None for a bad file, as cv2.imread does: the error comes later, far from its cause.",
        ),
        Mistake(
            _or(lambda path: np.zeros((64, 64), dtype=np.uint8)),
            "A black picture in place of a bad file goes through the whole program unseen: raise an error.",
        ),
        Mistake(
            _or(_nameless),
            "An error, good, but among a thousand pictures it should say which: put the path into its text.",
        ),
        Mistake(
            _or(_other_kind),
            "The error names the file, good, but must be a ValueError or OSError: those are what callers catch.",
        ),
        Mistake(
            _or(_wordless),
            'A bare assert says nothing of the file, and python -O skips it: raise ValueError(f"cannot read {path}").',
        ),
        Mistake(
            _not_picture,
            "Good files fail: of many pixels NumPy cannot say whether they are true. `if picture is None`, "
            "not `if not picture`.",
        ),
        Mistake(
            lambda path: _grey(_opened(path)),
            'A picture that was saved grey is (H, W), without colours to weigh: .convert("RGB") first.',
        ),
        Mistake(
            lambda path: _grey(_pillow(path)),
            "Image.open reads only the head. A picture that breaks off fails later, with an error that names no file.",
        ),
        Mistake(_pillow, "Still in colour, (H, W, 3): a grey picture is (H, W)."),
        Mistake(
            lambda path: np.round(_pillow(path).mean(axis=-1)).astype(np.uint8),
            "That is the plain mean of the channels; brightness weighs them 0.299, 0.587, 0.114 (lesson 01).",
        ),
        Mistake(
            lambda path: _pillow(path) @ np.array([0.2125, 0.7154, 0.0721]) / 255,
            "scikit-image's as_gray=True gives 0 to 1 with the weights of television; here levels 0 to 255 are due.",
        ),
    ),
    use=_read_one,
    compare=_nearly,
)
