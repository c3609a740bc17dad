"""The exercise of lesson 01 on words: a tokeniser for names in English and Chinese."""

from __future__ import annotations

import re

from mmlearn.checks.exercise import Case, Exercise, Mistake

HAN = r"\u4e00-\u9fff"
TEXTS = (
    "Smiling Face, with Heart-Eyes!",
    "jalapeño & piñata: 2 names",
    "狐狸",
    "a FOX, 狐狸 (10)",
    "T恤 和 AB型血",
    "a dog, a fox, a dog",
    "snake_case …",
    "?!",
)


def _text(text: str) -> Case:
    return Case(repr(text), lambda generator: (text,))


def _right(text: str) -> list[str]:
    return re.findall(rf"[{HAN}]|[^\W_{HAN}]+", text.lower())


TOKENS = Exercise(
    id="01.2",
    title="Words from a name",
    reference="mmlearn.data.words.tokenize",
    cases=tuple(_text(text) for text in TEXTS),
    mistakes=(
        Mistake(
            lambda text: text.lower().split(),
            'Splitting at spaces leaves the punctuation on the words: "face," is not "face".',
        ),
        Mistake(
            lambda text: re.findall(rf"[{HAN}]|[^\W_{HAN}]+", text),
            'You keep capital letters, so "FOX" and "fox" would be two different words.',
        ),
        Mistake(
            lambda text: re.findall(r"\w+", text.lower()),
            r"\w+ takes a whole run of Chinese for one word, and takes the underscore for a letter.",
        ),
        Mistake(
            lambda text: re.findall(rf"[{HAN}]|\w+", text.lower()),
            r"\w counts the underscore as a letter, and Chinese too: T恤 stays one token. Use [^\W_...] instead.",
        ),
        Mistake(
            lambda text: re.findall(rf"[{HAN}]|[^\W_]+", text.lower()),
            "A letter before Chinese swallows it: T恤 stays one token. Shut Chinese out of the second alternative too.",
        ),
        Mistake(
            lambda text: re.findall(r"[^\W_]+", text.lower()),
            "A run of Chinese characters comes out as one word; each character should be a word of its own.",
        ),
        Mistake(
            lambda text: re.findall(r"[a-z]+", text.lower()),
            "[a-z] knows the 26 letters of English alone: é, 10 and 狐 are lost.",
        ),
        Mistake(
            lambda text: re.findall(rf"[{HAN}]|[a-z0-9]+", text.lower()),
            "Letters with accents part your words: jalapeño becomes jalape and o.",
        ),
        Mistake(
            lambda text: [letter for letter in text.lower() if letter.isalnum()],
            "Those are characters. That is right for Chinese, but English words should stay whole.",
        ),
        Mistake(
            lambda text: re.findall(rf"([{HAN}])|([^\W_{HAN}]+)", text.lower()),
            "Round brackets make findall give back what each pair caught: leave them out, A|B needs none.",
        ),
        Mistake(
            lambda text: re.split(r"\W+", text.lower()),
            "re.split leaves empty texts ('') at both ends, and Chinese in one piece: re.findall takes the words.",
        ),
        Mistake(
            lambda text: re.split(r"[\W_]+", text.lower()),
            "Splitting gives '' where the text begins or ends with a gap: describe the words, with re.findall.",
        ),
        Mistake(
            lambda text: set(_right(text)),
            "A set knows neither order nor repeats: give back the list, every token as it comes.",
        ),
        Mistake(
            lambda text: list(set(_right(text))),
            "On its way through set() your list lost its order and its repeats.",
        ),
    ),
)
