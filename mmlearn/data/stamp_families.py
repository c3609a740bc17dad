"""Which stamps are siblings: three apples, eleven graves, a lorry from three sides."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mmlearn.data.stamps import Stamps
from mmlearn.data.words import content_stems
from mmlearn.types import StrArray

_CLAUSE = re.compile(r"[.,;:!?(—–]| (?:with|from|for|in|on|at|that|which) ")


def stamp_families(data: Stamps) -> StrArray:
    """A family for every stamp: stamps in one family show the same kind of thing.

    Two stamps are siblings if their captions end alike ("A red apple." and "An apple, cut in two." in *appl*,
    the stem of the last word of the first clause), or if their files are variants of one name in the same
    folder (grave-a, grave-i). Siblings of siblings are one family. Words know no pictures: a few families
    hold things that merely share a word, which costs a little training data and leaks nothing.

    Args:
        data: stamps with English captions.

    Returns (N,) str, the key of the family's first stamp. Raises ValueError if no English captions were loaded.

    Built in: lesson 04.
    """
    if "en" not in data.captions:
        raise ValueError('expected stamps with English captions: stamps(languages=("en", ...))')
    names = [file_family(str(key)) for key in data.keys]
    heads = [f"word {head_word(str(text))}" if head_word(str(text)) else "" for text in data.captions["en"]]
    family = _linked(zip(names, heads, strict=True))
    first = dict(reversed(list(zip(family, data.keys, strict=True))))
    return np.array([str(first[number]) for number in family])


def head_word(caption: str) -> str:
    """The stem of the last content word of a caption's first clause: what it is called; "" if it has none.

    >>> head_word("A spiny lobster, from the Hawaiian islands."), head_word("An apple, cut in two.")
    ('lobster', 'appl')

    Built in: lesson 04.
    """
    for clause in _CLAUSE.split(caption):
        if words := content_stems(clause):
            return words[-1]
    return ""


def file_family(key: str) -> str:
    """A stamp's key without what tells variants apart: the artist's folder, numbers, one-letter endings.

    >>> file_family("food/fruit/cartoon/orange"), file_family("seasonal/halloween/grave-i")
    ('food/fruit/orange', 'seasonal/halloween/grave')

    Built in: lesson 04.
    """
    *folders, name = key.split("/")
    plain = re.split(r"[-_ ]|\d", name)
    kept = [part for part in plain if len(part) > 1] or plain
    return "/".join([*(folder for folder in folders if folder != "cartoon"), kept[0]])


def _linked(marks: Iterable[tuple[str, str]]) -> list[int]:
    """Items that share a mark, or share one with an item that does, get one number."""
    rows: list[int] = []
    columns: list[int] = []
    place: dict[str, int] = {}
    for row, pair in enumerate(marks):
        for mark in pair:
            if mark:
                rows.append(row)
                columns.append(place.setdefault(mark, len(place)))
    n = max(rows, default=-1) + 1
    size = n + len(place)
    edges = coo_array((np.ones(len(rows)), (rows, [n + column for column in columns])), shape=(size, size))
    numbers: list[int] = connected_components(edges, directed=False)[1][:n].tolist()
    return numbers
