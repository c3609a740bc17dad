"""The photographs that other packages ship."""

import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest

from mmlearn.data.science_photos import science_photos
from mmlearn.data.unavailable import DataUnavailable

module = import_module("mmlearn.data.science_photos")  # the package holds the function under this name


def test_every_photograph_loads_and_is_described() -> None:
    data = science_photos()
    assert len(data) == 17 and len(set(data.keys.tolist())) == 17
    for image, key in zip(data.images, data.keys, strict=True):
        assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3, key
        assert image.std() > 5, f"{key} is blank"
    for words in (data.names["en"], data.names["zh"], data.licences):
        assert all(words.tolist())
    assert data.keys[data.grey].tolist() == ["brick", "camera", "clock_motion", "coins", "grass", "gravel"]


def test_the_pixels_are_those_that_scikit_image_gives() -> None:
    from skimage import data as theirs

    ours = dict(zip(science_photos().keys, science_photos().images, strict=True))
    np.testing.assert_array_equal(ours["astronaut"], theirs.astronaut())
    np.testing.assert_array_equal(ours["coins"][..., 0], theirs.coins())


def test_neither_package_is_imported() -> None:
    code = (
        "import sys; from mmlearn.data.science_photos import science_photos; science_photos();"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'skimage', 'sklearn', 'pooch', 'scipy'}))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_missing_file_or_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataUnavailable, match=r"no eagle\.png inside the package skimage"):
        module._read("skimage", "eagle.png")
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(DataUnavailable, match="To install: pip install --upgrade scikit-image"):
        science_photos()
