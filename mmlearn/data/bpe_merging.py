"""Byte-pair encoding applied: merge neighbours, the pair that was learned first before all others."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from itertools import pairwise

Pair = tuple[int, int]


def apply_merges(ids: Sequence[int], ranks: Mapping[Pair, tuple[int, int]]) -> list[int]:
    """Merge one pair at a time, always the one of the lowest rank, of several the leftmost, until none is left.

    A row of n ids with m merges costs about (n + m) log n, so that a text without a single space is no trap:
    neighbours are linked, and what may be merged waits in a queue.

    Args:
        ids: one word, letter by letter.
        ranks: (id, id) -> (rank, id of the two as one); the lower rank was learned earlier.

    Returns the ids that stay.

    >>> apply_merges([0, 0, 1, 0, 1], {(0, 1): (0, 2), (2, 2): (1, 3)})
    [0, 3]

    Paper: Sennrich, Haddow and Birch (2016), "Neural machine translation of rare words with subword units",
    arXiv:1508.07909.

    Built in: lesson 08.
    """
    row, last = list(ids), len(ids)
    after, before = list(range(1, last + 1)), list(range(-1, last - 1))  # neighbours of each place; last: the end
    queue = []
    for place, pair in enumerate(pairwise(row)):
        if pair in ranks:
            queue.append((ranks[pair][0], place, *pair))
    heapq.heapify(queue)
    while queue:
        _, place, a, b = heapq.heappop(queue)
        behind = after[place]
        if row[place] != a or row[behind] != b:
            continue  # one of the two has become part of another token since
        row[place], row[behind] = ranks[a, b][1], -1
        after[place] = after[behind]
        if after[place] != last:
            before[after[place]] = place
        for left in (before[place], place):
            if left >= 0 and after[left] != last:
                pair = (row[left], row[after[left]])
                if pair in ranks:
                    heapq.heappush(queue, (ranks[pair][0], left, *pair))
    return [number for number in row if number >= 0]
