"""The exercises of lesson 08 on tokens: the pair to merge next, and encoding a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake

Generator = np.random.Generator
Pair = tuple[int, int]
Words = dict[tuple[int, ...], int]
_PAPER: Words = {(3, 4, 6): 5, (3, 4, 6, 0, 5): 2, (1, 0, 6, 0, 2, 7): 6}  # low, lower, newest


def most_frequent_pair(words: Words) -> Pair:
    """The course's answer to 08.1."""
    best: Pair = _best(_counts(words))
    return best


def _counts(
    words: Words,
    weigh: Callable[[int], int] = lambda times: times,
    pairs: Callable[[tuple[int, ...]], Any] = lambda word: list(pairwise(word)),
) -> Counter[Any]:
    counts: Counter[Any] = Counter()
    for word, times in words.items():
        for pair in pairs(word):
            counts[pair] += weigh(times)
    return counts


def _best(counts: Counter[Any]) -> Any:
    return min(counts, key=lambda pair: (-counts[pair], pair))


def _apart(word: tuple[int, ...]) -> list[Pair]:
    """Pairs that do not overlap with an equal one before: (a, a) once in "aaa"."""
    found: list[Pair] = []
    last = -2
    for place, pair in enumerate(pairwise(word)):
        if not (found and found[-1] == pair and last == place - 1):
            found.append(pair)
            last = place
    return found


def _joined(words: Words) -> Pair:
    row = [token for word, times in words.items() for _ in range(times) for token in word]
    return most_frequent_pair({tuple(row): 1})


def _two_tokens(words: Words) -> Any:
    counts = _counts(words, pairs=lambda word: word)
    first, second = sorted(counts, key=lambda token: (-counts[token], token))[:2]
    return first, second


def _words(generator: Generator, kinds: int, tokens: int, longest: int) -> tuple[Words]:
    rows = [tuple(generator.integers(0, tokens, generator.integers(1, longest + 1)).tolist()) for _ in range(kinds)]
    words = {row: int(generator.integers(1, 9)) for row in rows}
    words[tuple(generator.integers(0, tokens, 4).tolist())] = 30
    return (words,)


PAIR = Exercise(
    id="08.1",
    title="The pair to merge",
    reference="mmlearn.checks.lesson_08_words.most_frequent_pair",
    cases=(
        Case("low 5 times, lower 2, newest 6 (as in the paper)", lambda g: (_PAPER,)),
        Case("two pairs equally frequent", lambda g: ({(4, 1): 3, (5, 2, 9): 3, (7,): 8, (2, 5, 0): 2},)),
        Case("three equal tokens in a row", lambda g: ({(3, 3, 3): 2, (1, 2): 3, (8, 1, 2): 0},)),
        Case("a rare word that repeats itself", lambda g: ({(1, 2, 1, 2, 1, 2): 2, (6, 7): 5, (0, 4, 0): 4},)),
        Case("two orders of the same tokens", lambda g: ({(1, 2): 4, (2, 1): 3, (5, 6): 5},)),
        Case("20 random words of 5 tokens", lambda g: _words(g, 20, 5, 6)),
        Case("40 random words of 3 tokens", lambda g: _words(g, 40, 3, 8)),
    ),
    mistakes=(
        Mistake(
            lambda words: _best(_counts(words, weigh=lambda times: 1)),
            "Each word counts once with you, however often it occurs: add its number of times, not 1.",
        ),
        Mistake(
            lambda words: max((counts := _counts(words)), key=lambda pair: (counts[pair], pair)),
            "Of equally frequent pairs you take the largest; the smallest ids come first.",
        ),
        Mistake(
            lambda words: _counts(words).most_common(1)[0][0],
            "Of equally frequent pairs you take the one met first: that depends on the order of the words. Smallest "
            "ids first.",
        ),
        Mistake(
            lambda words: min(_counts(words)),
            "That is the smallest pair, not the most frequent one: compare the counts first, then the ids.",
        ),
        Mistake(
            lambda words: _counts(words).most_common(1)[0],
            "most_common(1)[0] is the pair AND its count; the pair alone is asked for.",
        ),
        Mistake(
            lambda words: min((counts := _counts(words)), key=lambda pair: (counts[pair], pair)),
            "That is the rarest pair: merging pays where a pair is frequent.",
        ),
        Mistake(
            lambda words: _best(_counts(words, pairs=lambda word: set(pairwise(word)))),
            "A pair that stands in a word twice counts twice: a set lets it count once.",
        ),
        Mistake(
            lambda words: _best(_counts(words, pairs=_apart)),
            "In (3, 3, 3) the pair (3, 3) stands twice, at the first place and at the second: you count it once.",
        ),
        Mistake(
            lambda words: _best(_counts(words, pairs=lambda word: list(zip(word[::2], word[1::2], strict=False)))),
            "You cut the word into twos and miss every second pair: (a, b, c) holds (a, b) and (b, c).",
        ),
        Mistake(
            lambda words: _best(_counts(words, pairs=lambda word: [(min(p), max(p)) for p in pairwise(word)])),
            "(1, 2) and (2, 1) are two pairs: the order of the tokens counts, do not sort them.",
        ),
        Mistake(_joined, "Pairs must not reach from one word into the next: count within each word by itself."),
        Mistake(_two_tokens, "Those are the two most frequent tokens; asked are two tokens that stand side by side."),
    ),
)


# --- 08.2: encoding -------------------------------------------------------------------------------------------------


def encode_word(row: Sequence[int], merges: dict[Pair, int]) -> list[int]:
    """The course's answer to 08.2, with the package's queue."""
    from mmlearn.data.bpe_merging import apply_merges

    return apply_merges(row, {pair: (rank, new) for rank, (pair, new) in enumerate(merges.items())})


def _pass(row: Sequence[int], pair: Pair, new: int, once: bool = False, from_right: bool = False) -> list[int]:
    out, places = list(row), range(len(row) - 1)
    for place in reversed(places) if from_right else places:
        if tuple(out[place : place + 2]) == pair:
            out[place : place + 2] = [new]
            if once:
                break
    return out


def _in_turn(order: Callable[[list[Any]], Any], **how: bool) -> Callable[..., list[int]]:
    def wrong(row: Sequence[int], merges: dict[Pair, int]) -> list[int]:
        out = list(row)
        for pair, new in order(list(merges.items())):
            out = _pass(out, pair, new, **how)
        return out

    return wrong


def _leftmost(row: Sequence[int], merges: dict[Pair, int]) -> list[int]:
    out = list(row)
    while (place := next((i for i, pair in enumerate(pairwise(out)) if pair in merges), None)) is not None:
        out[place : place + 2] = [merges[out[place], out[place + 1]]]
    return out


def _spell(merges: dict[Pair, int]) -> dict[int, tuple[int, ...]]:
    spelt: dict[int, tuple[int, ...]] = {}
    for (a, b), new in merges.items():
        spelt[new] = (*spelt.get(a, (a,)), *spelt.get(b, (b,)))
    return spelt


def _longest(row: Sequence[int], merges: dict[Pair, int]) -> list[int]:
    known = {letters: token for token, letters in _spell(merges).items()}
    out, place = [], 0
    while place < len(row):
        for size in range(len(row) - place, 0, -1):
            piece = tuple(row[place : place + size])
            if size == 1 or piece in known:
                out.append(known.get(piece, piece[0]))
                place += size
                break
    return out


def _first_round(row: Sequence[int], merges: dict[Pair, int]) -> list[int]:
    out, place = [], 0
    while place < len(row):
        pair = tuple(row[place : place + 2])
        out.append(merges.get(pair, row[place]) if len(pair) == 2 else row[place])
        place += 2 if pair in merges else 1
    return out


def _overlapping(row: Sequence[int], merges: dict[Pair, int]) -> list[int]:
    out = list(row)
    for (a, b), new in merges.items():
        made, place = [], 0
        while place < len(out):
            if out[place : place + 2] == [a, b]:
                made.append(new)
                place += 1 if out[place + 1 : place + 3] == [a, b] else 2
            else:
                made.append(out[place])
                place += 1
        out = made
    return out


def _kept_second(row: Sequence[int], merges: dict[Pair, int]) -> list[int]:
    out = list(row)
    for (a, b), new in merges.items():
        out = [new if out[i : i + 2] == [a, b] else token for i, token in enumerate(out)]
    return out


def _lost_last(row: Sequence[int], merges: dict[Pair, int]) -> list[int]:
    out = list(row)
    for (a, b), new in merges.items():
        made, place = [], 0
        while place < len(out) - 1:
            pair = out[place : place + 2] == [a, b]
            made.append(new if pair else out[place])
            place += 2 if pair else 1
        out = made
    return out


def _learned(generator: Generator, tokens: int, count: int, length: int) -> tuple[list[int], dict[Pair, int]]:
    """A random row, and merges learned from others like it."""
    from mmlearn.data.bpe_training import learn_merges

    letters = "abcdefgh"[:tokens]
    texts = ["".join(generator.choice(list(letters), generator.integers(2, 9))) for _ in range(30)]
    vocabulary = {letter: number for number, letter in enumerate(letters)}
    pairs = learn_merges(Counter(texts), vocabulary, tokens + count)
    merges = {(vocabulary[a], vocabulary[b]): vocabulary[a + b] for a, b in pairs}
    return generator.integers(0, tokens, length).tolist(), merges


ENCODE = Exercise(
    id="08.2",
    title="Encode a word",
    reference="mmlearn.checks.lesson_08_words.encode_word",
    cases=(
        Case("no pair to merge", lambda g: ([4, 1, 0], {(0, 1): 5})),
        Case("a row of one token", lambda g: ([2], {(0, 1): 5})),
        Case("a merge that makes the next one possible", lambda g: ([0, 1, 2, 0, 1, 2], {(0, 1): 3, (3, 2): 4})),
        Case("two merges that want the same token", lambda g: ([0, 1, 2, 1, 2], {(1, 2): 3, (0, 1): 4, (0, 3): 5})),
        Case("the same token three and four times", lambda g: ([0, 0, 0, 1, 0, 0, 0, 0], {(0, 0): 2, (2, 2): 3})),
        Case(
            "a longer token that the merges do not reach", lambda g: ([0, 1, 2, 3], {(1, 2): 4, (0, 1): 5, (5, 2): 6})
        ),
        Case("20 tokens of 3 kinds, 12 merges", lambda g: _learned(g, 3, 12, 20)),
        Case("40 tokens of 2 kinds, 9 merges", lambda g: _learned(g, 2, 9, 40)),
        Case("60 tokens of 6 kinds, 25 merges", lambda g: _learned(g, 6, 25, 60)),
    ),
    mistakes=(
        Mistake(
            _leftmost,
            "You merge from left to right whatever fits first. What was learned first is merged first, wherever it "
            "stands.",
        ),
        Mistake(_in_turn(reversed), "You begin with the merge learned last; begin with the first."),
        Mistake(
            _longest,
            "You take the longest token that fits (as WordPiece does). BPE merges in the order learned, and may never "
            "get to that token.",
        ),
        Mistake(
            _in_turn(list, once=True),
            "Each merge is done once with you; a pair may stand in the row several times, and each is merged.",
        ),
        Mistake(
            _in_turn(list, from_right=True),
            "In (0, 0, 0) you merge the pair on the right; the leftmost is merged first.",
        ),
        Mistake(
            _first_round,
            "You go over the row once and stop. A merged token may be the half of another pair: go on, merge by merge.",
        ),
        Mistake(
            _overlapping,
            "In (0, 0, 0) you use the middle token twice: after a merge go on behind BOTH its tokens.",
        ),
        Mistake(_kept_second, "The pair's second token is still there: the new token takes the place of both."),
        Mistake(
            lambda row, merges: list(row),
            "The row comes back as it was: merge(...) makes a new row, so keep it, row = merge(row, pair, new).",
        ),
        Mistake(_lost_last, "The row loses its last token where nothing is merged there."),
        Mistake(
            lambda row, merges: len(encode_word(row, merges)),
            "That is how many tokens are left; the ids are asked for.",
        ),
    ),
)
