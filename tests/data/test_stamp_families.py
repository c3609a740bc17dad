"""Stamps of one thing are one family: rules on made-up rows, and the installed stamps where there are any."""

from __future__ import annotations

import numpy as np
import pytest

from mmlearn.data.stamp_families import file_family, head_word, stamp_families
from mmlearn.data.stamps import Stamps, stamps
from mmlearn.data.unavailable import DataUnavailable


def rows(**captions: str) -> Stamps:
    """Stamps with these keys (__ for /) and English captions."""
    n, none = len(captions), np.full(len(captions), "")
    keys = np.array([key.replace("__", "/") for key in captions])
    return Stamps(
        images=np.zeros((n, 2, 2, 4), np.uint8),
        keys=keys,
        captions={"en": np.array(list(captions.values()))},
        categories=np.array([key.split("/")[0] for key in keys]),
        plain=np.zeros(n, np.bool_),
        effects=none,
        speech={},
        zh_faults=none,
    )


def test_captions_that_end_alike_are_one_family() -> None:
    data = rows(food__a1="A red apple.", food__b1="An apple, cut in two.", food__c1="A pear.")
    assert stamp_families(data).tolist() == ["food/a1", "food/a1", "food/c1"]


def test_variants_of_one_file_are_one_family_in_one_folder_only() -> None:
    names = {"hols__grave_a": "A cross.", "hols__grave_b": "A slab.", "town__grave_c": "A stone."}
    assert stamp_families(rows(**names)).tolist() == ["hols/grave_a", "hols/grave_a", "town/grave_c"]


def test_siblings_of_siblings_are_one_family() -> None:
    names = {"a__lorry_a": "A lorry.", "a__lorry_b": "A truck.", "b__big": "A big truck!", "b__cat": "A cat."}
    assert stamp_families(rows(**names)).tolist() == ["a/lorry_a", "a/lorry_a", "a/lorry_a", "b/cat"]


def test_stamps_without_a_caption_are_not_related_by_it() -> None:
    assert len(set(stamp_families(rows(a__one="", a__two="", b__three="The of and.")))) == 3


def test_no_stamps_have_no_families() -> None:
    assert stamp_families(rows()).shape == (0,)


@pytest.mark.parametrize(
    ("caption", "head"),
    [
        ("A spiny lobster, from the Hawaiian islands.", "lobster"),
        ("An apple with a worm.", "appl"),
        ("The.", ""),
        ("", ""),
        ("Tomatoes", "tomato"),
    ],
)
def test_what_a_caption_is_about(caption: str, head: str) -> None:
    assert head_word(caption) == head


@pytest.mark.parametrize(
    ("key", "family"),
    [
        ("seasonal/halloween/grave-i", "seasonal/halloween/grave"),
        ("food/fruit/cartoon/orange", "food/fruit/orange"),
        ("vehicles/bus2", "vehicles/bus"),
        ("a/x-1", "a/x"),
    ],
)
def test_what_a_files_name_is_about(key: str, family: str) -> None:
    assert file_family(key) == family


def test_english_captions_are_asked_for() -> None:
    data = rows(a__one="A cat.")
    data.captions.clear()
    with pytest.raises(ValueError, match="expected stamps with English captions"):
        stamp_families(data)


def test_the_installed_stamps() -> None:
    try:
        data = stamps(64)
    except DataUnavailable as missing:
        pytest.skip(str(missing))
    data = data.select(~data.plain)
    families = stamp_families(data)
    assert families.shape == (len(data),) and set(families) <= set(data.keys)
    counts = np.unique(families, return_counts=True)[1]
    assert 300 < len(counts) < len(data) and counts.max() < 0.05 * len(data)
    lorries = {f for f, text in zip(families, data.captions["en"], strict=True) if text.endswith(" truck.")}
    assert len(lorries) == 1
    order = np.random.default_rng(0).permutation(len(data))
    again = stamp_families(data.select(order))  # the same parts whatever the order
    same = families[order][:, None] == families[order][None, :]
    assert (same == (again[:, None] == again[None, :])).all()
