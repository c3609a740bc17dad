"""Easy-VQA: the published counts, and pictures that stay beside their questions."""

from collections import Counter
from importlib import import_module
from importlib.util import spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

from mmlearn.data import unavailable
from mmlearn.data.easy_vqa import EasyVQA, easy_vqa
from mmlearn.data.unavailable import DataUnavailable

module = import_module("mmlearn.data.easy_vqa")  # the package holds the function under this name

COLOURS = {
    "red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "yellow": (255, 255, 0),
    "black": (0, 0, 0), "gray": (128, 128, 128), "teal": (0, 128, 128), "brown": (165, 42, 42),
}  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMLEARN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def test_the_published_counts() -> None:
    train, test = easy_vqa("train"), easy_vqa("test")
    assert (len(train), train.images.shape) == (38_575, (4_000, 64, 64, 3))
    assert (len(test), test.images.shape) == (9_673, (1_000, 64, 64, 3))
    assert train.images.dtype == np.uint8
    answers = Counter(train.answers.tolist())
    assert (answers["yes"], answers["no"], answers["circle"]) == (14_229, 14_178, 1_689)
    assert sum(answers[each] for each in ("yes", "no")) == 28_407
    assert len(set(train.questions.tolist())) == 107


def test_the_choices_are_the_packages_own() -> None:
    import easy_vqa as theirs

    assert EasyVQA.choices == tuple(theirs.get_answers())
    assert set(easy_vqa("test").answers.tolist()) == set(EasyVQA.choices)


def test_each_question_is_about_its_picture() -> None:
    data = easy_vqa("train")
    asked = data.select(data.questions == "what color is the shape?")
    assert len(asked) == 1_318
    ink = np.array([COLOURS[answer] for answer in asked.answers], dtype=np.uint8)  # (Q, 3)
    matching = (asked.images[asked.image_index] == ink[:, None, None]).all(-1).sum((1, 2))  # (Q,) pixels
    assert matching.min() == 12  # the smallest shape; a picture beside the wrong question would have none


def test_select_keeps_the_pictures_even_at_their_own_number() -> None:
    data = easy_vqa("test").select(slice(0, 1_000)).select([999])
    assert len(data) == 1 and data.images.shape == (1_000, 64, 64, 3)
    whole = easy_vqa("test")
    assert data.questions[0] == whole.questions[999] and data.image_index[0] == whole.image_index[999]


def test_the_cached_pictures_are_the_files() -> None:
    from PIL import Image

    easy_vqa("test")
    again = easy_vqa("test")
    with Image.open(module._folder("test") / "images" / "137.png") as picture:
        np.testing.assert_array_equal(again.images[137], np.asarray(picture.convert("RGB")))


def test_bad_split_and_missing_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown split 'val': choose one of train, test"):
        easy_vqa("val")
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(DataUnavailable, match="no package easy_vqa"):
        easy_vqa()


def test_a_package_without_its_data_or_its_version_is_data_that_is_not_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from importlib.metadata import PackageNotFoundError

    def unknown(name: str) -> str:
        raise PackageNotFoundError(name)

    with monkeypatch.context() as patch:
        patch.setattr(unavailable, "version", unknown)
        with pytest.raises(DataUnavailable, match=r'no package easy-vqa.*\nTo install: pip install "easy-vqa>=1.0"'):
            easy_vqa("test")
    (tmp_path / "__init__.py").touch()
    monkeypatch.setattr(module, "find_spec", lambda name: spec_from_file_location(name, tmp_path / "__init__.py"))
    with pytest.raises(DataUnavailable, match=r"no data/test/questions\.json in the package easy_vqa"):
        easy_vqa("test")


def test_the_cache_notices_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    keys: list[dict[str, str]] = []

    def note(name: str, key: dict[str, str], make: object) -> dict[str, np.ndarray]:
        keys.append(key)
        return {"images": np.zeros((1_000, 64, 64, 3), np.uint8)}

    monkeypatch.setattr(module, "cached", note)
    easy_vqa("test")
    monkeypatch.setattr(unavailable, "version", lambda name: "99")
    easy_vqa("test")
    assert keys[0] != keys[1]
