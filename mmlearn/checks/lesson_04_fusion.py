"""The exercises of lesson 04 on early fusion and on the choice of a weight."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.types import FloatArray

Generator = np.random.Generator
Blocks = list[FloatArray]


def _blocks(generator: Generator, n: int, *widths: int) -> tuple[Any, list[float]]:
    """Blocks of very unlike units, as descriptors 0 to 255 and TF-IDF are."""
    units = (255.0, 1.0, 0.01)
    blocks = [units[m] * generator.random((n, width)) for m, width in enumerate(widths)]
    return blocks, [1.0, 0.5, 2.0][: len(widths)]


def _blank_row(generator: Generator) -> tuple[Blocks, list[float]]:
    blocks, weights = _blocks(generator, 4, 3, 5)
    blocks[0][1], blocks[1][2] = 0, 0
    return blocks, weights


def _lengths(block: FloatArray) -> Any:
    length = np.linalg.norm(block, axis=1, keepdims=True)
    return np.where(length > 0, length, 1)


def _joined(blocks: Blocks, weights: Any, divide: Any) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.hstack([w * b / divide(b) for w, b in zip(weights, blocks, strict=True)])


def _whole_row(blocks: Blocks, weights: Any) -> FloatArray:
    row = np.hstack([w * b for w, b in zip(weights, blocks, strict=True)])
    joined: FloatArray = row / _lengths(row)
    return joined


def _summed(blocks: Blocks, weights: Any) -> Any:
    return sum(w * b / _lengths(b) for w, b in zip(weights, blocks, strict=True))


JOIN = Exercise(
    id="04.5",
    title="Join two modalities fairly",
    reference="mmlearn.fuse.blocks.join_normalised",
    cases=(
        Case("3 items, blocks of 4 and 2 columns", lambda g: _blocks(g, 3, 4, 2)),
        Case("6 items, three blocks", lambda g: _blocks(g, 6, 5, 1, 3)),
        Case("a blank picture and an empty text", _blank_row),
        Case("two blocks of equal width", lambda g: _blocks(g, 4, 4, 4)),
    ),
    mistakes=(
        Mistake(
            lambda blocks, weights: _joined(blocks, weights, lambda b: 1.0),
            "You join the blocks as they are: one of 0 to 255 drowns one of 0 to 1. Bring each row to length 1 first.",
        ),
        Mistake(
            _whole_row,
            "You bring the joined row to length 1, so the block with the large numbers still has all the say: "
            "divide block by block, before joining.",
        ),
        Mistake(
            lambda blocks, weights: _joined(blocks, weights, lambda b: np.linalg.norm(b, axis=1, keepdims=True)),
            "A blank picture has length 0, and 0/0 is NaN: such a row should stay zeros.",
        ),
        Mistake(
            lambda blocks, weights: _joined(blocks, weights, lambda b: np.linalg.norm(b, axis=0, keepdims=True)),
            "You divide by the length of each column (axis 0): an item is a row, axis=1.",
        ),
        Mistake(
            lambda blocks, weights: _joined(blocks, weights, np.linalg.norm),
            "np.linalg.norm without axis=1 is one number for the whole block; every item has a length of its own.",
        ),
        Mistake(
            lambda blocks, weights: _joined(blocks, np.ones(len(blocks)), _lengths),
            "The lengths are right, but no weight is left in them: multiply each block by its own, after the division.",
        ),
        Mistake(
            lambda blocks, weights: _joined(blocks, weights, lambda b: np.where(b.any(1), b.sum(1), 1)[:, None]),
            "You divide by the sum of the row, which makes shares; its length is the root of the sum of squares.",
        ),
        Mistake(
            lambda blocks, weights: _joined(blocks, weights, lambda b: _lengths(b) ** 2),
            "You divide by the squared length: take the square root of the sum of squares.",
        ),
        Mistake(
            lambda blocks, weights: _joined(
                blocks, weights, lambda b: np.where(b.any(1), b.max(1, initial=0), 1)[:, None]
            ),
            "You divide by the largest entry of each row, which is not its length.",
        ),
        Mistake(
            _summed,
            "Adding the blocks mixes a column of the picture with one of the text: put them side by side, np.hstack.",
        ),
        Mistake(
            lambda blocks, weights: _joined(blocks, np.sqrt(weights), _lengths),
            "Each block should have the length of its weight; yours has the square root of it.",
        ),
        Mistake(
            lambda blocks, weights: _joined(blocks, np.square(weights), _lengths),
            "The weight is in there twice: once length 1 is reached, multiply by it once.",
        ),
        Mistake(
            lambda blocks, weights: _joined(blocks, np.divide(weights, sum(weights)), _lengths),
            "You divide the weights by their sum; they are lengths, not shares: take them as they are given.",
        ),
    ),
)


def _trial(generator: Generator, n: int, c: int) -> tuple[FloatArray, FloatArray, Any, Any, Any]:
    """Validation rows like text better, the others the image: whoever looks at those chooses otherwise."""
    labels = generator.integers(0, c, n)
    validation = np.arange(n) % 3 > 0
    right = np.eye(c)[labels]
    image, text = (generator.dirichlet(np.ones(c), n) for _ in range(2))
    image = image + np.where(validation, 0.15, 0.6)[:, None] * right
    text = text + np.where(validation, 0.5, 0.0)[:, None] * right
    image, text = (p / p.sum(axis=1, keepdims=True) for p in (image, text))
    return image, text, labels, validation, np.linspace(0, 1, 11)


def _tied(p: float) -> tuple[FloatArray, FloatArray, Any, Any, Any]:
    """Two validation rows, right from one weight to another; all between are equally good."""
    image = np.array([[0.9, 0.1], [p, 1 - p], [0.9, 0.1], [0.8, 0.2]])
    text = np.array([[0.2, 0.8], [0.1, 0.9], [0.4, 0.6], [0.3, 0.7]])
    return image, text, np.array([0, 1, 1, 1]), np.array([True, True, False, False]), np.linspace(0, 1, 11)


def _two_tops() -> tuple[FloatArray, FloatArray, Any, Any, Any]:
    """Each row turns over at a weight of its own; the most are right at 0.3 and at 0.7, fewer between and beyond."""
    turns = np.array([0.25, 0.35, 0.65, 0.75, 0.45, 0.55])
    text = (0.5 - 0.6 * turns) / (1 - turns)  # so that turns * 0.6 + (1 - turns) * text is 0.5
    image, text = (np.stack([p, 1 - p], axis=1) for p in (np.full(6, 0.6), text))  # (6, 2)
    # tenths as they are written: 0.7 - 0.5 is a hair below 0.5 - 0.3 there
    return image, text, np.array([0, 1, 0, 1, 0, 1]), np.arange(6) < 4, np.arange(11) / 10


def _counts(image: Any, text: Any, labels: Any, weights: Any) -> Any:
    return np.array([((w * image + (1 - w) * text).argmax(axis=1) == labels).sum() for w in weights])


def _nearest(best: Any) -> float:
    return float(min(best, key=lambda w: (round(abs(w - 0.5), 9), w)))


def _choose(image: Any, text: Any, labels: Any, rows: Any, weights: Any) -> float:
    counts = _counts(image[rows], text[rows], labels[rows], weights)
    return _nearest(weights[counts == counts.max()])


def _hits(image: Any, text: Any, labels: Any, validation: Any, weights: Any) -> Any:
    return _counts(image[validation], text[validation], labels[validation], weights)


def _likeliest(image: Any, text: Any, labels: Any, validation: Any, weights: Any) -> float:
    row = np.flatnonzero(validation)
    mean = [(w * image + (1 - w) * text)[row, labels[row]].mean() for w in weights]
    return float(weights[int(np.argmax(mean))])


def _best(*given: Any) -> Any:
    counts = _hits(*given)
    return given[4][counts == counts.max()]


WEIGHT = Exercise(
    id="04.7",
    title="Choose the weight on validation",
    reference="mmlearn.fuse.weights.choose_weight",
    cases=(
        Case("60 items, 3 classes, two thirds of them for validation", lambda g: _trial(g, 60, 3)),
        Case("40 items, 5 classes", lambda g: _trial(g, 40, 5)),
        Case("4 items: the weights 0.5 to 0.9 are equally good", lambda g: _tied(0.52)),
        Case("4 items: the weights 0.5 and 0.6 are equally good", lambda g: _tied(0.7)),
        Case("4 items: the weights 0.5 and above are equally good", lambda g: _tied(0.3)),
        Case("6 items: the weights 0.3 and 0.7 are equally good", lambda g: _two_tops()),
    ),
    mistakes=(
        Mistake(
            lambda i, t, y, v, w: _choose(i, t, y, np.ones(len(y), bool), w),
            "You look at all rows, those of the test among them: only image[validation], text[validation], "
            "labels[validation] may have a say.",
        ),
        Mistake(
            lambda i, t, y, v, w: _choose(i, t, y, ~v, w),
            "You choose on the rows that are not for validation: that is tuning on the test.",
        ),
        Mistake(
            lambda *given: float(given[4][_hits(*given).argmax()]),
            "argmax gives the first of equally good weights; asked for is the one nearest to 1/2.",
        ),
        Mistake(
            lambda *given: float(_best(*given)[-1]),
            "You give the last of equally good weights; asked for is the one nearest to 1/2.",
        ),
        Mistake(
            lambda *given: float(_best(*given).mean()),
            "The mean or median of the equally good weights need not be one of them: take the one nearest to 1/2.",
        ),
        Mistake(
            lambda *given: float(min(_best(*given), key=lambda w: abs(w - 0.5))),
            "Of two equally near take the smaller; round the distance first. (0.7 - 0.5 ends a hair below 0.5 - 0.3.)",
        ),
        Mistake(
            lambda *given: float(_hits(*given).max() / given[3].sum()),
            "That is the best accuracy; asked for is the weight that reaches it.",
        ),
        Mistake(
            lambda *given: int(_hits(*given).argmax()),
            "That is the position of a best weight in the list: weights[position] is the weight.",
        ),
        Mistake(
            lambda i, t, y, v, w: _choose(t, i, y, v, w),
            "Your weight multiplies the text; w belongs to the image and 1 - w to the text.",
        ),
        Mistake(
            lambda *given: _nearest(given[4][_hits(*given) == _hits(*given).min()]),
            "You look for the fewest right answers: argmin where the most are asked for.",
        ),
        Mistake(
            _likeliest,
            "You compare the mean probability of the right class; asked for is how often it is the largest.",
        ),
    ),
)
