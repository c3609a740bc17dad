import inspect
import pkgutil
from dataclasses import dataclass, is_dataclass
from importlib import import_module

import numpy as np
import pytest

from mmlearn import data
from mmlearn.data.rows import Rows
from mmlearn.types import IntArray, StrArray


@dataclass(frozen=True)
class Pets(Rows):
    numbers: IntArray
    names: dict[str, StrArray]
    notes: tuple[str, ...]
    title: str = "pets"


@pytest.fixture
def pets() -> Pets:
    return Pets(np.arange(3), {"en": np.array(["dog", "cat", "owl"])}, ("a", "b", "c"))


@pytest.mark.parametrize("index", [[2, 0], np.array([2, 0])])
def test_positions_keep_rows_together_and_their_order(pets: Pets, index: object) -> None:
    some = pets.select(index)  # type: ignore[arg-type]
    assert (some.numbers.tolist(), some.names["en"].tolist(), some.notes) == ([2, 0], ["owl", "dog"], ("c", "a"))
    assert some.title == "pets" and len(some) == 2 and type(some) is Pets


def test_masks_and_slices(pets: Pets) -> None:
    assert pets.select(pets.names["en"] != "cat").notes == ("a", "c")
    assert pets.select(slice(1, None)).numbers.tolist() == [1, 2]
    assert len(pets.select([])) == 0


def test_one_number_and_a_short_mask_are_refused(pets: Pets) -> None:
    with pytest.raises(ValueError, match="a mask, a slice or a list of positions"):
        pets.select(1)
    with pytest.raises(IndexError):
        pets.select(np.array([True, False]))


def results_with_arrays() -> list[type]:
    """Every dataclass of mmlearn.data that holds arrays: `==` of arrays gives no one truth."""
    modules = [import_module(f"mmlearn.data.{found.name}") for found in pkgutil.iter_modules(data.__path__)]
    classes = {
        each
        for module in modules
        for each in vars(module).values()
        if inspect.isclass(each) and is_dataclass(each) and each.__module__ == module.__name__
    }
    holds = {each for each in classes if "Array" in " ".join(map(str, inspect.get_annotations(each).values()))}
    return sorted(holds | {each for each in classes if issubclass(each, Rows)}, key=lambda each: each.__name__)


@pytest.mark.parametrize("result", results_with_arrays(), ids=lambda each: each.__name__)
def test_results_are_compared_by_identity(result: type) -> None:
    assert result.__eq__ is object.__eq__ and result.__hash__ is object.__hash__


def test_the_results_are_found() -> None:
    assert {"Scenes", "BenchPart", "BenchScenes", "Stickers", "Photos", "Waveform"} <= {
        each.__name__ for each in results_with_arrays()
    }
