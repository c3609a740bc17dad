"""The exercise of lesson 09 on cost: the multiply-adds of a vision transformer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake

Generator = np.random.Generator
Sizes = tuple[int, int, int, int, int, int, int]


def multiply_adds(side: int, patch: int, channels: int, width: int, depth: int, hidden: int, classes: int) -> int:
    """The course's answer to 09.6: multiplications in matrix products that one picture takes."""
    patches = (side // patch) ** 2
    tokens = patches + 1  # the class token
    embedding = patches * (patch * patch * channels) * width
    linear = tokens * (4 * width * width + 2 * width * hidden)  # query, key, value, output; up, down
    looking = 2 * tokens * tokens * width  # the scores, and the mixing of the values
    return embedding + depth * (linear + looking) + width * classes


def _count(
    tokens_more: int = 1,
    square: bool = True,
    embedded: Callable[[int, int], int] = lambda patches, tokens: patches,
    pixels: Callable[[int, int], int] = lambda patch, channels: patch * patch * channels,
    matrices: int = 4,
    products: int = 2,
    network: Callable[[int, int], int] = lambda width, hidden: 2 * width * hidden,
    once: bool = False,
    head: bool = True,
) -> Callable[..., int]:
    """The count with one slip."""

    def wrong(side: int, patch: int, channels: int, width: int, depth: int, hidden: int, classes: int) -> int:
        patches = (side // patch) ** 2 if square else side // patch
        tokens = patches + tokens_more
        embedding = embedded(patches, tokens) * pixels(patch, channels) * width
        linear = tokens * (matrices * width * width + network(width, hidden))
        looking = products * tokens * tokens * width
        blocks = linear + depth * looking if once else depth * (linear + looking)
        return embedding + blocks + width * classes * head

    return wrong


def _all_tokens_judged(*sizes: int) -> int:
    side, patch, _, width, _, _, classes = sizes
    return multiply_adds(*sizes) + (side // patch) ** 2 * width * classes


def _no_looking_at_width(*sizes: int) -> int:
    side, patch, _, width, depth, _, _ = sizes
    tokens = (side // patch) ** 2 + 1
    return multiply_adds(*sizes) - depth * 2 * tokens * tokens * (width - 1)


def _without_brackets(*sizes: int) -> int:
    side, patch, _, width, depth, hidden, _ = sizes
    tokens = (side // patch) ** 2 + 1
    return multiply_adds(*sizes) - (depth - 1) * (2 * tokens * tokens * width + 2 * tokens * width * hidden)


def _one_block(*sizes: int) -> int:
    side, patch, channels, width, _, hidden, classes = sizes
    return multiply_adds(side, patch, channels, width, 1, hidden, classes)


def _head_in_each_block(*sizes: int) -> int:
    _, _, _, width, depth, _, classes = sizes
    return multiply_adds(*sizes) + (depth - 1) * width * classes


def _embedding_in_each_block(*sizes: int) -> int:
    side, patch, channels, width, depth, _, _ = sizes
    return multiply_adds(*sizes) + (depth - 1) * (side // patch) ** 2 * patch * patch * channels * width


def _look_with_squares_swapped(*sizes: int) -> int:
    side, patch, _, width, depth, _, _ = sizes
    tokens = (side // patch) ** 2 + 1
    return multiply_adds(*sizes) + depth * 2 * tokens * width * (width - tokens)


def _sizes(*sizes: int) -> Callable[[Generator], Sizes]:
    return lambda generator: sizes  # type: ignore[return-value]


def _any(generator: Generator) -> Sizes:
    patch, grid = int(generator.integers(3, 9)), int(generator.integers(3, 7))
    width, hidden = 6 * int(generator.integers(2, 6)), int(generator.integers(20, 90))
    depth, classes = int(generator.integers(2, 6)), int(generator.integers(3, 12))
    return patch * grid, patch, int(generator.integers(1, 4)), width, depth, hidden, classes


COST = Exercise(
    id="09.6",
    title="What a patch size costs",
    reference="mmlearn.checks.lesson_09_cost.multiply_adds",
    cases=(
        Case("a picture of 4 x 4 in four patches, width 2, two blocks", _sizes(4, 2, 1, 2, 2, 3, 5)),
        Case("ViT-B/16 at 224 pixels", _sizes(224, 16, 3, 768, 12, 3072, 1000)),
        Case("sizes drawn by lot", _any),
    ),
    mistakes=(
        Mistake(
            _count(tokens_more=0),
            "The class token is missing: it goes through every block like a patch, so the blocks see N + 1 tokens.",
        ),
        Mistake(
            _count(square=False),
            "A picture has (side / patch) SQUARED patches: as many rows as columns.",
        ),
        Mistake(
            _count(embedded=lambda patches, tokens: tokens),
            "The class token is no patch: only the N patches go through the patch embedding.",
        ),
        Mistake(
            _count(embedded=lambda patches, tokens: 0), "The patch embedding is missing: N rows of P * P * C numbers."
        ),
        Mistake(_count(pixels=lambda patch, channels: patch * patch), "A patch has C channels: P * P * C numbers."),
        Mistake(
            _count(pixels=lambda patch, channels: patch * channels),
            "A patch has P rows AND P columns.",
        ),
        Mistake(
            _count(matrices=3), "Attention has four matrices of D x D: query, key, value, and the one of the output."
        ),
        Mistake(_count(matrices=1), "Attention has four matrices of D x D, not one: query, key, value, output."),
        Mistake(
            _count(products=1),
            "Looking takes two products: scores q k^T, (N + 1) x (N + 1) x D, and as many for mixing the values.",
        ),
        Mistake(
            _count(products=0),
            "The look itself is missing: every token is compared with every token, in D numbers, and mixes as many.",
        ),
        Mistake(
            _no_looking_at_width,
            "Comparing two tokens is a dot product of D numbers, not one multiplication. (The heads share the D.)",
        ),
        Mistake(
            _count(network=lambda width, hidden: width * hidden),
            "The network has two layers: up, D x hidden, and down, hidden x D.",
        ),
        Mistake(
            _count(network=lambda width, hidden: 8 * width * width),
            "You take hidden = 4 D; it is given, and need not be that.",
        ),
        Mistake(_count(network=lambda width, hidden: 0), "The network of each block is missing: 2 D hidden a token."),
        Mistake(_count(once=True), "The matrices are counted for one block only: each block has its own."),
        Mistake(_one_block, "The depth is missing: there are L blocks, and each costs as much."),
        Mistake(
            _without_brackets,
            "Only the first part of a block is multiplied by L: brackets around all three, L * (matrices + look + "
            "network).",
        ),
        Mistake(_head_in_each_block, "The head works once, after the last block: leave it out of L * (...)."),
        Mistake(
            _embedding_in_each_block,
            "The patches are embedded once, before the first block: leave that out of L * (...).",
        ),
        Mistake(
            _look_with_squares_swapped,
            "In the look the TOKENS are squared, 2 T^2 D: every token is compared with every token.",
        ),
        Mistake(_count(head=False), "The head is missing: D x classes, once."),
        Mistake(_all_tokens_judged, "The head judges one vector, that of the class token, not every token."),
        Mistake(
            lambda *sizes: 2 * multiply_adds(*sizes),
            "Twice too many: these are FLOPs, a multiplication and an addition counted apart. Count the pair as one.",
        ),
        Mistake(
            lambda *sizes: multiply_adds(*sizes) / 1e6, "In millions already: return the number itself, a whole one."
        ),
    ),
)
