"""Guess the next token by counting what followed the last few: n-gram language models, smoothed."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np

from mmlearn.types import FloatArray, IntArray

START = -1  # stands before a text's first token; it is never guessed

Table = dict[tuple[int, ...], dict[int, int]]  # context -> token -> how often it followed


class NgramLanguageModel:
    r"""The chance of each token, given the `order` - 1 before it: counts of long contexts, mixed with shorter ones.

    ``P(w | h) = a(w, h) + g(h) P(w | h')``, where h' is the context h without its first token. With c times w after
    h, N = all that came after h, T = how many **different** tokens came after h:

    - "kneser_ney": ``a = max(c - discount, 0) / N``, ``g = discount T / N``. Below the longest context c counts
      not how often w followed h, but after how many different tokens "h w" was seen: "Francisco" is frequent,
      but only after "San" (interpolated Kneser-Ney, one discount for all orders).
    - "witten_bell": ``a = c / (N + T)``, ``g = T / (N + T)``: the more kinds have followed, the likelier a new one.

    A context never seen has ``a = 0, g = 1``. The recursion ends in the uniform ``1 / vocabulary_size``, so that
    no token is impossible; with vocabulary_size=None in ``c / N`` of single tokens, as in NLTK, and then a token
    never seen has chance 0. Equal to ``nltk.lm``'s KneserNeyInterpolated and WittenBellInterpolated given the same
    n-grams. (NLTK's own padding adds `order` - 1 end marks to each text and counts start marks as words; here a
    text has `order` - 1 start marks, which are context only, and **the end is the caller's**: give each text its
    end token, else the model never learns to stop. NLTK's discount is 0.1 unless told; 0.75 is the textbook's.)

    Args:
        order: n, 1 to look at no context, 2 at the last token (bigrams) ...
        vocabulary_size: V, ids are 0 to V - 1.
        smoothing: "kneser_ney" or "witten_bell".
        discount: for Kneser-Ney, above 0, below 1.

    >>> model = NgramLanguageModel(2, vocabulary_size=4, smoothing="witten_bell").fit([[1, 2, 0], [1, 3, 0]])
    >>> model.probabilities([1]).round(3)                                  # after 1 came 2 and 3, once each
    array([0.15, 0.15, 0.35, 0.35])
    >>> model.log_probabilities([1, 2, 0]).round(2)
    array([-0.27, -1.05, -0.43])

    Paper: Kneser and Ney (1995), "Improved backing-off for m-gram language modeling",
    doi:10.1109/ICASSP.1995.479394; Witten and Bell (1991), "The zero-frequency problem", doi:10.1109/18.87000;
    Chen and Goodman (1999), "An empirical study of smoothing techniques", doi:10.1006/csla.1999.0128.

    Built in: lesson 08.
    """

    def __init__(
        self,
        order: int,
        vocabulary_size: int | None = None,
        smoothing: Literal["kneser_ney", "witten_bell"] = "kneser_ney",
        discount: float = 0.75,
    ) -> None:
        if not _is_whole(order) or order < 1:
            raise ValueError(f"expected an order of 1 or more (2 looks at one token before), got {order!r}")
        if vocabulary_size is not None and (not _is_whole(vocabulary_size) or vocabulary_size < 1):
            raise ValueError(f"expected a vocabulary of 1 token or more, or None, got {vocabulary_size!r}")
        if smoothing not in ("kneser_ney", "witten_bell"):
            raise ValueError(f'expected smoothing "kneser_ney" or "witten_bell", got {smoothing!r}')
        if not isinstance(discount, int | float | np.floating) or not 0 < discount < 1:
            raise ValueError(f"expected a discount between 0 and 1, as 0.75, got {discount!r}")
        self.order, self.vocabulary_size = int(order), vocabulary_size
        self.smoothing, self.discount = smoothing, discount
        self.tables_: list[Table] = []

    def fit(self, sequences: Iterable[Sequence[int]]) -> NgramLanguageModel:
        """Count the n-grams of texts, each a row of ids that ends in its end token; earlier counts are forgotten.

        Raises ValueError if there is no token at all, or an id out of range.
        """
        longest: Table = defaultdict(lambda: defaultdict(int))
        for sequence in sequences:
            ids = self._padded(sequence)
            for end in range(self.order - 1, len(ids)):
                longest[ids[end - self.order + 1 : end]][ids[end]] += 1
        if not longest:
            raise ValueError("expected texts of at least one token altogether, got none")
        tables = [longest]
        for _ in range(self.order - 1):  # every shorter table follows from the one above: start marks see to it
            shorter: Table = defaultdict(lambda: defaultdict(int))
            for context, followers in tables[0].items():
                below = shorter[context[1:]]
                for token, count in followers.items():
                    below[token] += 1 if self.smoothing == "kneser_ney" else count
            tables.insert(0, shorter)
        self.tables_ = [{context: dict(after) for context, after in table.items()} for table in tables]
        self._mix = [
            {context: self._weigh(level, sum(after.values()), len(after)) for context, after in table.items()}
            for level, table in enumerate(self.tables_)
        ]
        return self

    def log_probabilities(self, sequence: Sequence[int]) -> FloatArray:
        """Natural logarithm of each token's chance, given those before it: (T,) for T tokens; -inf for chance 0.

        Raises ValueError before `fit`, and for ids out of range.
        """
        self._require_fit()
        ids = self._padded(sequence)
        found = [self._chance(ids[end - self.order + 1 : end], ids[end]) for end in range(self.order - 1, len(ids))]
        return np.array([math.log(chance) if chance else -math.inf for chance in found])

    def probabilities(self, context: Sequence[int]) -> FloatArray:
        """Chance of every token after a context, of which the last `order` - 1 tokens count: (V,), its sum is 1.

        A context shorter than that is the beginning of a text. V is the vocabulary's size; if that was None, the
        largest id that was seen and one.

        Raises ValueError before `fit`, and for ids out of range.
        """
        self._require_fit()
        ids = self._padded(context)
        size = self._size()
        chances = np.full(size, 1 / size if self.vocabulary_size else 0.0)
        for level in range(self.order):
            known = ids[len(ids) - level :]
            after = self.tables_[level].get(known)
            if after is None:
                break
            tokens, counts = np.array(list(after)), np.array(list(after.values()), dtype=np.float64)
            taken, divisor, share = self._mix[level][known]
            chances *= share
            chances[tokens] += (counts - taken) / divisor  # a count is 1 or more, what is taken off less
        return chances

    def generate(self, steps: int, generator: np.random.Generator, *, end: int | None = None) -> list[int]:
        """Write a text of at most `steps` tokens, each drawn by its chance; it stops behind the token `end`.

        Raises ValueError before `fit`, for steps below 0, or an `end` that is no token.
        """
        self._require_fit()
        if not _is_whole(steps) or steps < 0:
            raise ValueError(f"expected steps as a whole number, 0 or more, got {steps!r}")
        if end is not None and (not _is_whole(end) or not 0 <= end < self._size()):
            raise ValueError(f"expected end as a token from 0 to {self._size() - 1}, got {end!r}: it would never come")
        ids: list[int] = []
        while len(ids) < steps and (end is None or end not in ids[-1:]):
            chances = self.probabilities(ids)
            ids.append(int(generator.choice(len(chances), p=chances / chances.sum())))
        return ids

    def _size(self) -> int:
        return self.vocabulary_size or max(self.tables_[0][()]) + 1

    def _chance(self, context: tuple[int, ...], token: int) -> float:
        chance = 1 / self.vocabulary_size if self.vocabulary_size else 0.0
        for level in range(self.order):
            known = context[len(context) - level :]
            after = self.tables_[level].get(known)
            if after is None:  # then no longer context was seen either
                break
            taken, divisor, share = self._mix[level][known]
            chance = max(after.get(token, 0) - taken, 0) / divisor + share * chance
        return chance

    def _weigh(self, level: int, total: int, kinds: int) -> tuple[float, float, float]:
        """Off each count, by what the rest is divided, and the share left to shorter contexts: g(h)."""
        if level == 0 and self.vocabulary_size is None:
            return 0, total, 0
        if self.smoothing == "kneser_ney":
            return self.discount, total, self.discount * kinds / total
        return 0, total + kinds, kinds / (total + kinds)

    def _padded(self, sequence: Sequence[int]) -> tuple[int, ...]:
        """The ids behind `order` - 1 start marks."""
        ids = require_ids(sequence, self.vocabulary_size)
        return (START,) * (self.order - 1) + tuple(ids.tolist())

    def _require_fit(self) -> None:
        if not self.tables_:
            raise ValueError("expected a model that has counted texts: call fit(texts) first")


def require_ids(sequence: Sequence[int], vocabulary_size: int | None) -> IntArray:
    """The ids of one text as (T,) int64; ValueError or TypeError for anything else, or ids out of range.

    >>> require_ids([2, 0], 3)
    array([2, 0])

    Built in: lesson 08.
    """
    if isinstance(sequence, str):
        raise TypeError(f"expected a row of token ids, got the text {sequence[:40]!r}: encode it first")
    if not isinstance(sequence, Iterable):
        raise TypeError(f"expected a row of token ids, got {sequence!r}: one text among several is [[1, 2, 3]]")
    ids = np.asarray(sequence if isinstance(sequence, np.ndarray) else list(sequence))
    if ids.ndim != 1 or (ids.size and ids.dtype.kind not in "iu"):
        raise ValueError(f"expected one text as a row of whole numbers, got shape {ids.shape} of {ids.dtype}")
    top = math.inf if vocabulary_size is None else vocabulary_size
    if ids.size and not (ids.min() >= 0 and ids.max() < top):
        wrong = ids[(ids < 0) | (ids >= top)][0]
        raise ValueError(f"expected ids from 0 to {top - 1}, got {wrong}: another tokeniser's, or its size?")
    return ids.astype(np.int64)


def _is_whole(number: object) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool)
