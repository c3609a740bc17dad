"""Lesson 04's debugging exercise on weighted fusion: weights that weigh, on rows that were held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.lesson_04_program import weighted_fusion
from mmlearn.data.splits import Split
from mmlearn.types import FloatArray, StrArray

Generator = np.random.Generator


def _model() -> Any:
    """A quick one with probabilities; the lesson's own is a calibrated SVM."""
    from sklearn.naive_bayes import GaussianNB

    return GaussianNB()


def _two_views(generator: Generator, widths: tuple[int, int], weights: Sequence[float]) -> tuple[Any, ...]:
    """Ninety noisy examples of three groups, seen in two ways; every third is for the test."""
    groups = np.repeat(["animals", "food", "objects"], 30)
    image, text = (
        generator.normal(size=(90, width))
        + 1.6 * (generator.permutation(3)[np.repeat(np.arange(3), 30)] - 1)[:, None] / width**0.5
        for width in widths
    )
    order = generator.permutation(90)
    return _model(), image, text, groups, Split(np.sort(order[30:]), np.sort(order[:30])), tuple(weights)


def _probabilities(model: Any, block: FloatArray, groups: StrArray, fitted: Any, asked: Any) -> Any:
    from sklearn.base import clone

    return clone(model).fit(block[fitted], groups[fitted]).predict_proba(block[asked])


def _late(model: Any, image: Any, text: Any, groups: Any, weights: Any, fitted: Any, asked: Any) -> Any:
    see, read = (_probabilities(model, block, groups, fitted, asked) for block in (image, text))
    return np.unique(groups)[(weights[0] * see + weights[1] * read).argmax(axis=1)]


def _at(pick: Callable[[Split, Any], tuple[Any, Any]]) -> Callable[..., Any]:
    """The answer fitted on other rows, or asked about others: pick(split, all rows) -> (fitted, asked)."""

    def fuse(model: Any, image: Any, text: Any, groups: Any, split: Any, weights: Any) -> Any:
        return _late(model, image, text, groups, weights, *pick(split, np.arange(len(groups))))

    return fuse


def _with(change: Callable[[Any], Any]) -> Callable[..., Any]:
    """The answer with other weights."""
    return lambda model, image, text, groups, split, weights: _late(
        model, image, text, groups, change(weights), split.train, split.test
    )


def _joined(use: Callable[[Any], Any], fitted: str, asked: str) -> Callable[..., Any]:
    """One model on the joined columns; `use` makes the factors of the two blocks from the weights."""

    def fuse(model: Any, image: Any, text: Any, groups: Any, split: Any, weights: Any) -> Any:
        a, b = use(weights)
        rows = np.hstack((a * image, b * text))
        every = {"all": np.arange(len(groups)), "train": split.train, "test": split.test}
        probabilities = _probabilities(model, rows, groups, every[fitted], every[asked])
        return np.unique(groups)[probabilities.argmax(axis=1)]

    return fuse


def _same_object(model: Any, image: Any, text: Any, groups: Any, split: Any, weights: Any) -> Any:
    see = model.fit(image[split.train], groups[split.train])
    read = model.fit(text[split.train], groups[split.train])
    mixed = weights[0] * see.predict_proba(image[split.test]) + weights[1] * read.predict_proba(text[split.test])
    return see.classes_[mixed.argmax(axis=1)]


def _hard(model: Any, image: Any, text: Any, groups: Any, split: Any, weights: Any) -> Any:
    """Weighted votes: each model puts its whole weight on one group."""
    votes = 0.0
    for block, weight in zip((image, text), weights, strict=True):
        sure = _probabilities(model, block, groups, split.train, split.test)
        votes = votes + weight * np.eye(sure.shape[1])[sure.argmax(axis=1)]
    return np.unique(groups)[votes.argmax(axis=1)]  # type: ignore[attr-defined]


def _multiplied(exponents: Callable[[Any], Any], factor: Callable[[Any], float] = lambda _: 1) -> Callable[..., Any]:
    """The product of the two models' probabilities, each to the power made from the weights, and of a factor."""

    def fuse(model: Any, image: Any, text: Any, groups: Any, split: Any, weights: Any) -> Any:
        see, read = (_probabilities(model, block, groups, split.train, split.test) for block in (image, text))
        a, b = exponents(weights)
        return np.unique(groups)[(factor(weights) * see**a * read**b).argmax(axis=1)]

    return fuse


def _row_of_groups(model: Any, image: Any, text: Any, groups: Any, split: Any, weights: Any) -> Any:
    answer = weighted_fusion(model, image, text, groups, split, weights)
    return groups[np.searchsorted(np.unique(groups), answer)]


def _after(change: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """The right answer, and then something else made of it: change(answer, true groups of the test rows)."""
    return lambda model, image, text, groups, split, weights: change(
        weighted_fusion(model, image, text, groups, split, weights), groups[split.test]
    )


WEIGHTED = Exercise(
    id="04.12",
    title="Weights that weigh, on rows that were held out",
    reference="mmlearn.checks.lesson_04_program.weighted_fusion",
    cases=(
        Case("the picture weighs 0.7, the name 0.3", lambda g: _two_views(g, (6, 4), (0.7, 0.3))),
        Case("the picture weighs 0.2, the name 0.8", lambda g: _two_views(g, (5, 7), (0.2, 0.8))),
        Case("two blocks of one width", lambda g: _two_views(g, (5, 5), (0.6, 0.4))),
        Case("everything on the name", lambda g: _two_views(g, (4, 5), (0.0, 1.0))),
    ),
    mistakes=(
        Mistake(
            _joined(lambda weights: (1, 1), "all", "all"),
            "Faults l and m: one model on joined columns uses no weights, and is asked about the rows it learned from.",
        ),
        Mistake(
            _joined(lambda weights: (1, 1), "train", "test"),
            "Fault l: weights is never used. One model a modality, then weights[0] * p_image + weights[1] * p_text.",
        ),
        Mistake(
            _joined(lambda weights: weights, "train", "test"),
            "Fault l: weights on columns of one model are early fusion. Here two models' probabilities are weighed.",
        ),
        Mistake(
            _with(lambda weights: (0.5, 0.5)),
            "Fault l: weights is never used: that is the plain average.",
        ),
        Mistake(
            _with(lambda weights: weights[::-1]),
            "The weights have changed places: the first is the picture's.",
        ),
        Mistake(
            _at(lambda split, rows: (rows, rows)),
            "Fault m: fitted on every row and asked about every row. Fit on split.train, ask about split.test.",
        ),
        Mistake(
            _at(lambda split, rows: (rows, split.test)),
            "Fault m: you ask about the test rows alone, but the models have learned from them: fit on split.train.",
        ),
        Mistake(
            _at(lambda split, rows: (split.train, split.train)),
            "Fault m: those are the training rows again, which it may know by heart. Ask about split.test.",
        ),
        Mistake(
            _at(lambda split, rows: (split.test, split.train)),
            "Fault m: learned from the test rows and asked about the training rows: the two have changed places.",
        ),
        Mistake(
            _at(lambda split, rows: (split.test, split.test)),
            "Fault m: fitted on the test rows, the very ones you ask about. Fit on split.train.",
        ),
        Mistake(
            _with(lambda weights: (1, 0)),
            "Only the picture has a say: add weights[1] times what the name's model says.",
        ),
        Mistake(
            _with(lambda weights: (0, 1)),
            "Only the name has a say: add weights[0] times what the picture's model says.",
        ),
        Mistake(
            _multiplied(lambda weights: (1, 1)),
            "That is the product of the two, without weights; asked for is w1 p_image + w2 p_text.",
        ),
        Mistake(
            _multiplied(lambda weights: (1, 1), lambda weights: weights[0] * weights[1]),
            "Multiplied with each other, the weights have no effect, or wipe out everything with a 0: add the two.",
        ),
        Mistake(
            _multiplied(lambda weights: weights),
            "Weights as exponents make a weighted product; asked for is the weighted sum.",
        ),
        Mistake(
            _same_object,
            "model is one object: the second fit overwrites the first. clone(model) makes a fresh one for each block.",
        ),
        Mistake(
            _hard,
            "Votes of two models: the heavier one always wins, however unsure it is. Weigh probabilities.",
        ),
        Mistake(
            _after(lambda answer, true: np.searchsorted(["animals", "food", "objects"], answer)),
            "argmax gives a column's number; the group's name is classes_[number].",
        ),
        Mistake(
            _row_of_groups,
            "argmax is a column of classes_, not a row of groups: see.classes_[...].",
        ),
        Mistake(
            _after(lambda answer, true: float((answer == true).mean())),
            "That is the accuracy; asked for are the guesses, one group for each test row.",
        ),
    ),
)
