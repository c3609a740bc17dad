"""Which pairs a byte-pair encoder merges, and in which order: its training, pair by pair, most frequent first."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

Pair = tuple[int, int]


def learn_merges(
    words: Mapping[str, int], vocabulary: dict[str, int], size: int, min_frequency: int = 0
) -> list[tuple[str, str]]:
    """Merge the most frequent pair of neighbouring tokens, again and again, until the vocabulary is full.

    ``count(a, b) = sum over words of (times the word occurs) * (times b follows a in it)``. Of pairs equally
    frequent, the one whose **ids** come first: the smaller id of a, then the smaller of b. This is the rule of
    `tokenizers`' BpeTrainer; the paper leaves it open. In "aaa" the pair (a, a) is counted twice and merged once,
    on the left. Nothing is counted afresh: a merge changes the counts of its neighbours only, and a queue holds
    the pairs, each with the words in which it stands.

    Args:
        words: each word, in the letters the vocabulary has, and how often it occurs.
        vocabulary: token -> id, 0, 1, 2 ...; it must hold every letter. **New tokens are added to it.**
        size: tokens to stop at. It may stay smaller: when every word is one token, there is nothing to merge.
        min_frequency: pairs that occur less often are not merged.

    Returns the merges in order, each two tokens.

    >>> vocabulary = {letter: number for number, letter in enumerate("elorsw")}
    >>> learn_merges({"low": 5, "lower": 2, "slow": 1}, vocabulary, size=9)
    [('l', 'o'), ('lo', 'w'), ('e', 'r')]

    Paper: Sennrich, Haddow and Birch (2016), "Neural machine translation of rare words with subword units",
    arXiv:1508.07909, algorithm 1; Gage (1994), "A new algorithm for data compression", C Users Journal 12(2).

    Built in: lesson 08.
    """
    tokens = list(vocabulary)
    rows, times = [[vocabulary[letter] for letter in word] for word in words], list(words.values())
    counts, places = _count_pairs(rows, times)
    queue = [(-counts[pair], pair) for pair in places]  # heapq pops the smallest
    heapq.heapify(queue)
    merges: list[tuple[str, str]] = []
    while queue and len(vocabulary) < size:
        minus, pair = heapq.heappop(queue)
        if -minus != counts[pair]:  # other merges took some of it: back into the queue, with its count of today
            heapq.heappush(queue, (-counts[pair], pair))
            continue
        if -minus < max(1, min_frequency):
            break
        a, b = tokens[pair[0]], tokens[pair[1]]
        merges.append((a, b))
        tokens.append(a + b)
        vocabulary[a + b] = len(tokens) - 1
        new = _merge_rows(rows, times, counts, places.pop(pair), pair, len(tokens) - 1)
        places.update(new)
        for found in new:
            heapq.heappush(queue, (-counts[found], found))
    return merges


def _count_pairs(rows: Sequence[Sequence[int]], times: Sequence[int]) -> tuple[dict[Pair, int], dict[Pair, set[int]]]:
    """How often each pair of neighbours occurs, and in which rows."""
    counts: dict[Pair, int] = defaultdict(int)
    places: dict[Pair, set[int]] = defaultdict(set)
    for number, row in enumerate(rows):
        for pair in pairwise(row):
            counts[pair] += times[number]
            places[pair].add(number)
    return counts, places


def _merge_rows(
    rows: list[list[int]], times: Sequence[int], counts: dict[Pair, int], where: set[int], pair: Pair, token: int
) -> dict[Pair, set[int]]:
    """Put the token for the pair in the rows named, keep the counts right: the new pairs, and their rows."""
    new: dict[Pair, set[int]] = defaultdict(set)
    for number in where:
        for lost, won in _merge_row(rows[number], pair, token):
            counts[lost] -= times[number]
            counts[won] += times[number]
            new[won].add(number)
    return new


def _merge_row(row: list[int], pair: Pair, token: int) -> list[tuple[Pair, Pair]]:
    """Put the token for each pair in the row, from left to right: what each neighbour lost, and what it won."""
    a, b = pair
    merged: list[int] = []
    changes = []
    place = 0
    while place < len(row):
        if row[place] != a or row[place + 1 : place + 2] != [b]:
            merged.append(row[place])
            place += 1
            continue
        if merged:
            changes.append(((merged[-1], a), (merged[-1], token)))
        merged.append(token)
        place += 2
        if place < len(row):
            changes.append(((b, row[place]), (token, row[place])))
    row[:] = merged
    return changes
