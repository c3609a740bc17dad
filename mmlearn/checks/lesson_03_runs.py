"""The exercise of lesson 03 on runs of characters within words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.data.words import tokenize

CASES = (
    ("tea", 2, 3),
    ("bubble tea", 2, 4),
    ("Red FOX", 2, 3),
    ("狐狸 fox", 1, 2),
    ("a ox", 4, 5),
    ("fox", 4, 5),
    ("a tea", 2, 4),
    ("ox", 5, 6),
    ("heart-eyes!", 3, 3),
    ("  two   gaps ", 1, 4),
    ("", 1, 3),
)


def _case(text: str, low: int, high: int) -> Case:
    def make(generator: np.random.Generator) -> tuple[str, int, int]:
        return text, low, high

    return Case(f"{text!r}, runs of {low} to {high}", make)


def _windows(padded: str, n: int) -> list[str]:
    return [padded[start : start + n] for start in range(len(padded) - n + 1)]


def _pieces(text: str) -> list[str]:
    return [f" {piece} " for piece in text.lower().split()]


def _lengths(low: int, high: int) -> range:
    return range(low, high + 1)


def _answer(
    pieces: Callable[[str], list[str]] = _pieces,
    lengths: Callable[[int, int], range] = _lengths,
    windows: Callable[[str, int], list[str]] = _windows,
    short: bool = True,
) -> Callable[[str, int, int], list[str]]:
    """The right answer, of which one part is swapped; without `short`, what is shorter than `low` vanishes."""

    def answer(text: str, low: int, high: int) -> list[str]:
        runs = []
        for piece in pieces(text):
            if short and len(piece) < low:
                runs.append(piece)
            else:
                runs += [run for n in lengths(low, high) for run in windows(piece, n)]
        return runs

    return answer


def _first_only(text: str, low: int, high: int) -> list[str] | None:
    """The return stands inside the loop over the pieces."""
    for piece in _pieces(text):
        return [run for n in _lengths(low, high) for run in _windows(piece, n)]
    return None


def _first_length_only(text: str, low: int, high: int) -> list[str] | None:
    """The return stands inside both loops."""
    for piece in _pieces(text):
        return _windows(piece, low)
    return None


def _once(text: str, low: int, high: int) -> list[str]:
    return sorted(set(_answer()(text, low, high)))


def _once_naive(text: str, low: int, high: int) -> list[str]:
    return sorted(set(_answer(short=False)(text, low, high)))


def _judged_by(limit: Callable[[str, int, int], bool]) -> Callable[[str, int, int], list[str]]:
    """A wrong question for which words are short: `limit(word, low, high)`, the word without its spaces."""

    def answer(text: str, low: int, high: int) -> list[str]:
        return [
            run
            for piece in _pieces(text)
            for run in (
                [piece]
                if limit(piece[1:-1], low, high)
                else [run for n in _lengths(low, high) for run in _windows(piece, n)]
            )
        ]

    return answer


def _both(says: str, **swapped: Any) -> tuple[Mistake, Mistake]:
    """A slip, with the rule for short words and, as in a first try, without it."""
    first_try = f"Two things: {says[0].lower()}{says[1:]} And a word shorter than low should come once, whole."
    return Mistake(_answer(**swapped), says), Mistake(_answer(**swapped, short=False), first_try)


def _sorted_runs(answer: Any, *args: Any) -> Any:
    """Runs are counted, so their order is free."""
    result = answer(*args)
    right = isinstance(result, list) and all(isinstance(run, str) for run in result)
    return sorted(result) if right else result


RUNS = Exercise(
    id="03.4",
    title="Character n-grams",
    reference="mmlearn.encode.ngrams.char_ngrams",
    use=_sorted_runs,
    cases=tuple(_case(*case) for case in CASES),
    mistakes=(
        *_both(
            "Your runs reach over the gap between two words: cut the text at white space first, then each piece.",
            pieces=lambda text: [text.lower()],
        ),
        *_both(
            "You put the two spaces round the whole text; each word gets its own: take text.split() first.",
            pieces=lambda text: [f" {text.lower()} "],
        ),
        *_both(
            "The edges are not marked: put a space before and behind each word, or 'tea' in 'teacher' counts as tea.",
            pieces=lambda text: text.lower().split(),
        ),
        *_both(
            "Capital letters are kept, so 'FOX' and 'fox' share no run: take text.lower().",
            pieces=lambda text: [f" {piece} " for piece in text.split()],
        ),
        *_both(
            "The longest runs are missing: range(low, high) stops before high.",
            lengths=lambda low, high: range(low, high),
        ),
        Mistake(
            _answer(windows=lambda padded, n: _windows(padded, n)[:-1]),
            "The last run of each word is missing: a word of L characters has L - n + 1 runs of n, not L - n.",
        ),
        Mistake(
            _answer(windows=lambda padded, n: _windows(padded, n)[:-1], short=False),
            "Each word's last run is missing. Is there a space behind the word, and + 1 in len(padded) - n + 1?",
        ),
        *_both(
            "You count the places in the word without its spaces: there are len(padded) - n + 1.",
            windows=lambda padded, n: [padded[i : i + n] for i in range(len(padded) - 2 - n + 1)],
        ),
        *_both(
            "Only the shortest runs are there: every length from low to high is asked for.",
            lengths=lambda low, high: range(low, low + 1),
        ),
        *_both(
            "Only the longest runs are there, and every length from low to high is asked for.",
            lengths=lambda low, high: range(high, high + 1),
        ),
        Mistake(
            _answer(pieces=lambda text: [f" {word}" for word in text.lower().split()]),
            "Only the beginnings are marked: a space belongs behind each word too.",
        ),
        *_both(
            "Only the ends are marked: a space belongs before each word too.",
            pieces=lambda text: [f"{word} " for word in text.lower().split()],
        ),
        *_both(
            "Here .split() at white space is all; tokenize parts Chinese characters and drops punctuation.",
            pieces=lambda text: [f" {word} " for word in tokenize(text)],
        ),
        *_both(
            "Two spaces in a row make an empty word with split(' '): .split() without an argument makes none.",
            pieces=lambda text: [f" {word} " for word in text.lower().split(" ")],
        ),
        Mistake(_once, "Each run is there once. They will be counted, so every occurrence should stand in the list."),
        Mistake(
            _once_naive,
            "Two things: a set keeps each run once, but they will be counted. And short words have vanished.",
        ),
        Mistake(
            _first_only,
            "You have the first word only: the return stands inside the loop. Collect all runs, return after it.",
        ),
        Mistake(
            _first_length_only,
            "The first word's shortest runs only: the return stands inside both loops. Collect first, return last.",
        ),
        Mistake(
            _answer(short=False),
            "A word shorter than the shortest run has vanished: let it be one run, with its two spaces.",
        ),
        Mistake(
            _judged_by(lambda word, low, high: len(word) < low),
            "Short is judged with the two spaces: ' fox ' has five characters, so it does have runs of four.",
        ),
        Mistake(
            _judged_by(lambda word, low, high: len(word) + 2 < high),
            "A word is short if it is shorter than low, not than high: ' a ' has runs of two, though none of four.",
        ),
        Mistake(
            _answer(windows=lambda p, n: [p[i : i + n] for i in range(max(1, len(p) - n + 1))], short=False),
            "A short word comes once for every length: once in all is enough (stop when n exceeds the word).",
        ),
        *_both(
            "Your windows run out over the end of the word, so the last ones are too short: stop at len - n.",
            windows=lambda padded, n: [padded[i : i + n] for i in range(len(padded))],
        ),
    ),
)
