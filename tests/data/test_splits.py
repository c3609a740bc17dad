"""Splits that do not leak, on uneven families and on the course's stickers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import KFold, StratifiedGroupKFold, StratifiedKFold

from mmlearn.data import stickers
from mmlearn.data.splits import Split, family_splits


def uneven(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """300 items in families of 1 to 25, most families of one label, labels of very different size."""
    rng = np.random.default_rng(seed)
    families = np.repeat(np.arange(60), rng.choice([1, 2, 3, 8, 25], 60, p=[0.4, 0.3, 0.2, 0.08, 0.02]))
    own = rng.choice(["a", "b", "c"], 60, p=[0.5, 0.3, 0.2])[families]
    labels = np.where(rng.random(len(families)) < 0.1, "b", own)
    order = rng.permutation(len(families))
    return labels[order], families[order]


def is_sound(splits: Callable[..., Any]) -> bool:
    """Every item tested once, train is all the rest, no family on both sides, labels about even, repeatable."""
    for seed in range(3):
        labels, families = uneven(seed)
        found = splits(labels, families, 4, seed)
        tested = np.sort(np.concatenate([test for _, test in found]))
        if len(found) != 4 or not np.array_equal(tested, np.arange(len(labels))):
            return False
        for (train, test), again in zip(found, splits(labels, families, 4, seed), strict=True):
            if set(families[train]) & set(families[test]) or not np.array_equal(test, again[1]):
                return False
            if not np.array_equal(np.sort(np.concatenate([train, test])), np.arange(len(labels))):
                return False
    labels, families = uneven()
    shuffled = [tuple(test) for _, test in splits(labels, families, 4, 1)]
    if shuffled == [tuple(test) for _, test in splits(labels, families, 4, 2)]:
        return False
    many = np.repeat([0, 1], [80, 20])
    return all((many[test] == 1).sum() == 5 for _, test in splits(many, np.arange(100), 4, 0))


def test_sound() -> None:
    assert is_sound(family_splits)


def plain(n: int, seed: Any) -> list[tuple[Any, Any]]:
    return list(KFold(4, shuffle=True, random_state=seed).split(np.zeros(n)))


def by_label(labels: Any, families: Any, n: int, seed: int) -> list[Any]:
    return list(StratifiedKFold(n, shuffle=True, random_state=seed).split(labels, labels))


def overlap(labels: Any, families: Any, n: int, seed: int) -> list[Any]:
    return [(np.arange(len(labels)), test) for _, test in family_splits(labels, families, n, seed)]


def same_seed(labels: Any, families: Any, n: int, seed: int) -> list[Any]:
    return family_splits(labels, families, n, 0)


def no_seed(labels: Any, families: Any, n: int, seed: int) -> list[Any]:
    random = np.random.randint(1 << 30)
    return list(StratifiedGroupKFold(n, shuffle=True, random_state=random).split(labels, labels, families))


def part_left_out(labels: Any, families: Any, n: int, seed: int) -> list[Any]:
    found = family_splits(labels, families, n, seed)
    return [*found[:-1], found[0]]


def labels_ignored(labels: Any, families: Any, n: int, seed: int) -> list[Any]:
    return family_splits(np.zeros(len(labels)), families, n, seed)


# Each is a way to split that people really use, or a slip in ours; `is_sound` must notice it.
SEEDED_BUGS = (
    lambda labels, families, n, seed: plain(len(labels), seed),
    by_label,
    overlap,
    same_seed,
    no_seed,
    part_left_out,
    labels_ignored,
)


@pytest.mark.parametrize("bug", SEEDED_BUGS)
def test_a_seeded_bug_is_caught(bug: Callable[..., Any]) -> None:
    assert not is_sound(bug)


def test_on_the_stickers_no_family_is_on_both_sides_and_groups_are_even() -> None:
    deck = stickers(size=8)
    deck = deck.select(deck.groups != "flags")
    found = family_splits(deck.groups, deck.families)
    assert len(found) == 5 and sum(len(split.test) for split in found) == len(deck) == 1644
    for split in found:
        assert isinstance(split, Split) and not set(deck.families[split.train]) & set(deck.families[split.test])
        assert (np.diff(split.train) > 0).all() and (np.diff(split.test) > 0).all()
        assert set(deck.groups[split.test]) == set(deck.groups)


def test_lists_will_do() -> None:
    assert len(family_splits(["a", "b", "a", "b"], [1, 2, 3, 4], n_splits=2)) == 2


def test_bad_input_is_refused() -> None:
    for arguments, says in (
        ((["a", "b"], [1]), "one label and one family an item"),
        (([["a"], ["b"]], [[1], [2]]), "one label and one family an item"),
        ((["a", "b"], [1, 2], 1), "2 parts or more, got 1"),
        ((["a", "b", "a"], [1, 1, 2], 3), "at least 3 families for 3 parts, got 2"),
        (([], []), "at least 5 families"),
    ):
        with pytest.raises(ValueError, match=says):
            family_splits(*arguments)
