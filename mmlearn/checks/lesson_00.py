"""Exercises of lesson 00: mirror a picture, count stickers, the majority baseline."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlearn.checks.exercise import Case, Exercise, Mistake

Picture = NDArray[Any]


def mirror(picture: Picture) -> Picture:
    """Swap left and right: (H, W) or (H, W, C) -> the same shape and dtype.

    >>> mirror(np.array([[1, 2, 3]]))
    array([[3, 2, 1]])

    Built in: lesson 00.
    """
    return picture[:, ::-1]


def stickers_without_flags() -> int:
    """How many stickers do not belong to the group ``flags``.

    Built in: lesson 00.
    """
    return int((_groups() != "flags").sum())


def _groups() -> NDArray[np.str_]:
    from mmlearn.data.stickers import stickers

    return stickers().groups


def _without_the_word_flag() -> int:
    from mmlearn.data.stickers import stickers

    return sum("flag" not in name.lower() for name in stickers().names["en"])


def _picture(*shape: int) -> Case:
    label = f"a picture of shape {shape}"
    return Case(label, lambda rng: (rng.integers(0, 256, shape, dtype=np.uint8),))


def _labels(label: str, kinds: tuple[Any, ...], train: tuple[int, ...], test: tuple[int, ...]) -> Case:
    """Label i of `kinds` occurs train[i] times in training and test[i] times in the test, in random order."""

    def make(rng: np.random.Generator) -> tuple[Any, ...]:
        return tuple(rng.permutation(np.repeat(kinds, counts)) for counts in (train, test))

    return Case(label, make)


def _most_of(labels: Any) -> Any:
    return Counter(np.asarray(labels).tolist()).most_common(1)[0][0]


def _hits(train: Any, test: Any) -> Any:
    return np.asarray(test) == _most_of(train)


def _rarest(train: Any, test: Any) -> float:
    kinds, counts = np.unique(train, return_counts=True)
    return _share(test, kinds[counts.argmin()])


def _share(test: Any, guess: Any) -> float:
    """How many of the test labels are `guess`; 0 where the two are of different kinds."""
    return [label == guess for label in np.asarray(test).tolist()].count(True) / len(test)


def _counts(train: Any) -> NDArray[np.int64]:
    return np.unique(train, return_counts=True)[1]


def _of_the_notebook() -> float:
    """The accuracy on the lesson's own split, whatever the arguments are."""
    from mmlearn.data.stickers import stickers

    deck = stickers()
    things = deck.select(deck.groups != "flags")
    families = np.unique(things.families)
    chosen = np.random.default_rng(0).choice(families, len(families) // 2, replace=False)
    in_train = np.isin(things.families, chosen)
    return float(_hits(things.groups[in_train], things.groups[~in_train]).mean())


PICTURES = (
    _picture(2, 3),
    _picture(4, 6, 3),
    _picture(5, 5, 4),
    _picture(3, 1, 3),
)

MIRROR_MISTAKES = (
    Mistake(
        lambda p: p[::-1],
        "You turned the picture upside down: the first axis counts rows, the second counts columns.",
    ),
    Mistake(lambda p: p[::-1, ::-1], "You turned the picture by half a turn: reverse the columns only."),
    Mistake(
        lambda p: p[..., ::-1],
        "You reversed the last axis. In colour pictures that is the channels: red and blue change places, "
        "left and right do not.",
    ),
    Mistake(
        lambda p: p.swapaxes(0, 1),
        "You swapped rows and columns, a flip along the diagonal: the picture should keep its shape.",
    ),
    Mistake(
        lambda p: np.flip(p),
        "np.flip without an axis turns every axis round, the channels too: name the axis of the columns.",
    ),
    Mistake(lambda p: p, "The picture comes back as it went in."),
    Mistake(
        lambda p: p[:, ::-1] / 255,
        "The mirror is right, but you divided by 255: keep the numbers as they are, uint8 from 0 to 255.",
    ),
    Mistake(
        lambda p: np.roll(p, -1, axis=1),
        "You shifted the columns by one place: what is asked for is their order reversed.",
    ),
    Mistake(
        lambda p: p[:, ::-1, :],
        "The mirror is right for colour, but a grey picture has no third axis: leave it out of the slices.",
    ),
)

COUNT_MISTAKES = (
    Mistake(lambda: len(_groups()), "That is the number of all stickers, flags included."),
    Mistake(
        lambda: int((_groups() == "flags").sum()),
        "That is the number of flags: you want all the others (!= in place of ==).",
    ),
    Mistake(
        lambda: _groups() != "flags",
        "That is the mask, one true or false for each sticker: now count the true ones.",
    ),
    Mistake(
        _without_the_word_flag,
        "You looked for the word flag in the names, and most flags are named for their country alone: "
        "compare deck.groups with the word flags.",
    ),
    Mistake(lambda: len(np.unique(_groups())) - 1, "You counted groups; the question asks for stickers."),
    Mistake(
        lambda: float((_groups() != "flags").mean()),
        "That is a share. The question asks how many: sum, not mean.",
    ),
    Mistake(
        lambda: float(stickers_without_flags()),
        "The number is right, its type is not: a count is a whole number, int(...) makes it one.",
    ),
    Mistake(
        lambda: str(stickers_without_flags()),
        "The number is right, but in quotes it is text: drop the quotes, or str(...).",
    ),
    Mistake(
        lambda: bool((_groups() != "flags").any()),
        "True is not a count: it says only that such stickers exist, as .any() does. How many are there?",
    ),
    Mistake(
        lambda: bool((_groups() != "flags").all()),
        "False is not a count: it says only that not every sticker is one, as .all() does. How many are there?",
    ),
)

MAJORITY_MISTAKES = (
    Mistake(
        lambda train, test: float(_hits(test, test).mean()),
        "You took the most frequent label of the test set. The guess must be made before the test labels "
        "are seen: from the training labels.",
    ),
    Mistake(
        lambda train, test: float(_hits(train, train).mean()),
        "You scored the guess on the training labels; the accuracy is asked for on the test labels.",
    ),
    Mistake(
        lambda train, test: 1 / len(np.unique(train)),
        "That is the chance of a random label: one over the number of labels, however frequent they are.",
    ),
    Mistake(
        lambda train, test: int(_hits(train, test).sum()),
        "You counted the hits: divide by the number of test labels.",
    ),
    Mistake(
        lambda train, test: 100 * float(_hits(train, test).mean()),
        "That is a percentage: give a share from 0 to 1.",
    ),
    Mistake(
        lambda train, test: _most_of(train),
        "That is the label that is guessed: now see how often it is right on the test labels.",
    ),
    Mistake(
        lambda train, test: float(_hits(train, test).sum() / len(train)),
        "You divided by the number of training labels: the mean runs over the test labels.",
    ),
    Mistake(_rarest, "You guessed the rarest label: argmax finds the largest count, argmin the smallest."),
    Mistake(
        lambda train, test: _share(test, int(_counts(train).argmax())),
        "argmax gives a position, and you compare it with labels: labels[position] is the label.",
    ),
    Mistake(
        lambda train, test: int(_counts(train).argmax()),
        "You return the position of the largest count. The label at that position is the guess; then see how "
        "often the guess is right.",
    ),
    Mistake(
        lambda train, test: _share(test, int(_counts(train).max())),
        "You compare labels with the largest count, a number of times: argmax says where it stands, and the "
        "label is there.",
    ),
    Mistake(
        lambda train, test: np.unique(train)[_counts(train).max()],
        "max is how often the commonest label occurs, argmax is where it stands among the labels.",
    ),
    Mistake(
        lambda train, test: _share(test, np.bincount(train).argmax()),
        "np.bincount counts whole numbers only, and labels may be words: np.unique(labels, return_counts=True) "
        "counts both.",
    ),
    Mistake(
        lambda train, test: _share(test, max(train)),
        "max of the labels themselves is the last in the alphabet (or the largest number): count them first.",
    ),
    Mistake(
        lambda train, test: sum(label == Counter(train).most_common(1)[0] for label in test) / len(test),
        "most_common(1)[0] is a pair, label and count: most_common(1)[0][0] is the label.",
    ),
    Mistake(
        lambda train, test: _of_the_notebook(),
        "It is the same number in every case: you use the notebook's train.groups and test.groups, not the "
        "arguments train_labels and test_labels.",
    ),
    Mistake(
        lambda train, test: 0.0,
        "Nothing matches in any case. Do you compare labels with labels, and do both come from the arguments "
        "(train_labels, test_labels), not from the notebook's train and test?",
    ),
)

EXERCISES = (
    Exercise("00.1", "Mirror a picture", "mmlearn.checks.lesson_00.mirror", PICTURES, MIRROR_MISTAKES),
    Exercise(
        "00.2",
        "Who is left without the flags?",
        "mmlearn.checks.lesson_00.stickers_without_flags",
        (),
        COUNT_MISTAKES,
    ),
    Exercise(
        "00.3",
        "The opponent",
        "mmlearn.score.baselines.majority_accuracy",
        (
            _labels("three words", ("cat", "dog", "fox"), (2, 5, 3), (4, 3, 1)),
            _labels("numbers as labels", (0, 1, 2, 3), (0, 1, 3, 2), (2, 7, 5, 3)),
            _labels("a guess that is never right", ("a", "b"), (1, 6), (5, 0)),
            _labels("one training label", ("only", "other"), (3, 0), (2, 2)),
            _labels("one test item", ("sun", "moon"), (2, 4), (0, 1)),
        ),
        MAJORITY_MISTAKES,
    ),
)
