"""N-gram language models against NLTK's, on uneven little corpora, and against what probabilities must do."""

from __future__ import annotations

import math
import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from nltk.lm import MLE, KneserNeyInterpolated, Vocabulary, WittenBellInterpolated

from mmlearn.predict import ngram_language
from mmlearn.predict.ngram_language import NgramLanguageModel

Corpus = list[list[int]]


def corpus(seed: int, texts: int = 12, kinds: int = 6) -> Corpus:
    """Texts of 1 to 9 tokens, some far more frequent than others; 0 ends each."""
    generator = np.random.default_rng(seed)
    chances = 1 / np.arange(1, kinds) ** 1.3
    return [
        [*(1 + generator.choice(kinds - 1, generator.integers(0, 9), p=chances / chances.sum())).tolist(), 0]
        for _ in range(texts)
    ]


def theirs(kind: Any, order: int, texts: Corpus, **options: Any) -> Any:
    """NLTK's model, fed with n-grams that end in a token of the text, start marks before it."""
    words = [[str(number) for number in text] for text in texts]
    padded = [["<s>"] * (order - 1) + text for text in words]
    ngrams = [
        [tuple(text[end - length : end]) for end in range(order, len(text) + 1) for length in range(1, order + 1)]
        for text in padded
    ]
    model = kind(order=order, vocabulary=Vocabulary([w for text in words for w in text] + ["<s>"]), **options)
    model.fit(ngrams)
    return model


def expected_chance(model: Any, order: int, before: Sequence[int], token: int) -> float:
    context = (["<s>"] * (order - 1) + [str(number) for number in before])[len(before) :]
    return float(model.score(str(token), context if order > 1 else None))


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("smoothing", ["kneser_ney", "witten_bell"])
def test_equal_to_nltk(order: int, smoothing: Any) -> None:
    for seed, discount in ((0, 0.1), (1, 0.75)):
        texts, unseen = corpus(seed), corpus(seed + 50)
        ours = ngram_language.NgramLanguageModel(order, smoothing=smoothing, discount=discount).fit(texts)
        if order == 1:  # NLTK's Kneser-Ney has no rule for single tokens; its Witten-Bell has c / N
            reference = theirs(MLE, order, texts)
        elif smoothing == "kneser_ney":
            reference = theirs(KneserNeyInterpolated, order, texts, discount=discount)
        else:
            reference = theirs(WittenBellInterpolated, order, texts)
        for text in (*texts, *unseen):
            expected = [expected_chance(reference, order, text[:place], text[place]) for place in range(len(text))]
            np.testing.assert_allclose(np.exp(ours.log_probabilities(text)), expected, rtol=0, atol=1e-9)
            for token, chance in enumerate(ours.probabilities(text[:-1])):
                assert chance == pytest.approx(expected_chance(reference, order, text[:-1], token), rel=0, abs=1e-9)


@pytest.mark.parametrize("smoothing", ["kneser_ney", "witten_bell"])
def test_chances_sum_to_one_and_none_is_zero(smoothing: Any) -> None:
    for order in (1, 2, 4):
        model = ngram_language.NgramLanguageModel(order, 9, smoothing).fit(corpus(2))  # 6 to 8 were never seen
        for before in ([], [1], [3, 1, 2], [8, 8, 8], [0], [1, 1, 1, 1, 1, 1]):
            chances = model.probabilities(before)
            assert chances.shape == (9,) and chances.sum() == pytest.approx(1, abs=1e-12) and chances.min() > 0
            logs = [model.log_probabilities([*before, token])[-1] for token in range(9)]
            np.testing.assert_allclose(np.exp(logs), chances, atol=1e-12)


def by_hand(order: int, size: int | None, smoothing: str, discount: float, texts: Corpus, before: list[int]) -> Any:
    """The formulas of the docstring with loops and no tables, for the uniform end that NLTK does not have."""
    padded = [[-1] * (order - 1) + text for text in texts]
    grams = [tuple(text[i - order + 1 : i + 1]) for text in padded for i in range(order - 1, len(text))]
    context = ([-1] * (order - 1) + before)[len(before) :] if order > 1 else []
    chances = np.full(size, 1 / size) if size else np.zeros(6)
    for length in range(order):
        known = tuple(context[len(context) - length :])
        found = [gram[order - 1 - length :] for gram in grams]
        if smoothing == "kneser_ney" and length < order - 1:
            found = [gram[1:] for gram in {gram[order - 2 - length :] for gram in grams}]  # once for each token before
        after = [gram[-1] for gram in found if gram[:-1] == known]
        if not after:
            break
        counts = np.bincount(after, minlength=len(chances))
        kinds, total = (counts > 0).sum(), len(after)
        if smoothing == "witten_bell":
            chances = (counts + kinds * chances) / (total + kinds)
        else:
            chances = (np.maximum(counts - discount, 0) + discount * kinds * chances) / total
    return chances


@pytest.mark.parametrize("smoothing", ["kneser_ney", "witten_bell"])
def test_the_uniform_end_by_hand(smoothing: Any) -> None:
    for order in (1, 2, 3):
        texts = corpus(3)
        model = ngram_language.NgramLanguageModel(order, 8, smoothing, discount=0.4).fit(texts)
        for before in ([], [2], [1, 1], [5, 4, 1], [7]):
            expected = by_hand(order, 8, smoothing, 0.4, texts, before)
            np.testing.assert_allclose(model.probabilities(before), expected, atol=1e-12)


def test_what_is_impossible_without_a_vocabulary() -> None:
    model = NgramLanguageModel(2).fit([[1, 2, 0]])
    assert model.log_probabilities([5]).tolist() == [-math.inf]
    assert model.probabilities([1]).shape == (3,)


def test_it_writes_by_its_chances_and_stops_at_the_end() -> None:
    model = NgramLanguageModel(2, 4, "witten_bell").fit([[1, 2, 0]] * 50 + [[3, 0]] * 50)
    generator = np.random.default_rng(0)
    written = [tuple(model.generate(20, generator, end=0)) for _ in range(400)]
    share = np.mean([text in ((1, 2, 0), (3, 0)) for text in written])
    assert 0.8 < share < 1  # the rest is what smoothing allows
    assert np.mean([text[0] == 3 for text in written]) == pytest.approx(0.5, abs=0.08)
    assert all(0 not in text[:-1] for text in written)
    assert len(model.generate(7, generator)) == 7 and model.generate(0, generator) == []
    again = np.random.default_rng(0)
    assert [tuple(model.generate(20, again, end=0)) for _ in range(400)] == written


def test_fitting_again_forgets_and_a_copy_remembers() -> None:
    model = NgramLanguageModel(3, 6).fit(corpus(4))
    first = model.probabilities([1, 2])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).probabilities([1, 2]), first)
    model.fit(corpus(5))
    np.testing.assert_array_equal(model.fit(corpus(4)).probabilities([1, 2]), first)
    assert model.log_probabilities([]).shape == (0,)
    np.testing.assert_array_equal(
        NgramLanguageModel(3, 6).fit([np.array(t) for t in corpus(4)]).probabilities([1, 2]), first
    )


# --- Known-wrong models ---------------------------------------------------------------------------------------------


def _mutant(**methods: Any) -> type[NgramLanguageModel]:
    return type("Wrong", (NgramLanguageModel,), methods)


def _raw_counts(self: Any, texts: Any) -> Any:
    """Kneser-Ney with plain counts below the longest context: absolute discounting."""
    kind, self.smoothing = self.smoothing, "witten_bell"
    NgramLanguageModel.fit(self, texts)
    self.smoothing = kind
    return self


def _kinds_for_all(self: Any, texts: Any) -> Any:
    """Kinds, not counts, in the longest context too."""
    seen = {}
    for text in texts:
        padded = (-1,) * (self.order - 1) + tuple(text)
        for end in range(self.order - 1, len(padded)):
            seen[padded[end - self.order + 1 : end + 1]] = 1
    NgramLanguageModel.fit(self, texts)
    for gram in seen:
        self.tables_[-1][gram[:-1]][gram[-1]] = 1
    last = self.order - 1
    self._mix[-1] = {context: self._weigh(last, len(after), len(after)) for context, after in self.tables_[-1].items()}
    return self


def _over_texts(self: Any, texts: Any) -> Any:
    """One long text: the end of one is the context of the next."""
    return NgramLanguageModel.fit(self, [[token for text in texts for token in text]])


def _no_start(self: Any, sequence: Any) -> Any:
    return (1,) * (self.order - 1) + tuple(int(number) for number in sequence)


def _all_shared(self: Any, level: int, total: int, kinds: int) -> Any:
    """Nothing is kept for the seen: sums above 1."""
    return *NgramLanguageModel._weigh(self, level, total, kinds)[:2], 1 if level else 0


def _half_shared(self: Any, level: int, total: int, kinds: int) -> Any:
    return *NgramLanguageModel._weigh(self, level, total, kinds)[:2], 0.5 if level else 0


def _no_discount(self: Any, level: int, total: int, kinds: int) -> Any:
    return 0, total, NgramLanguageModel._weigh(self, level, total, kinds)[2]


def _rescaled(self: Any, level: int, total: int, kinds: int) -> Any:
    """The counts left over are made to sum to one: nothing is left to share out."""
    taken, _, share = NgramLanguageModel._weigh(self, level, total, kinds)
    return taken, total - taken * kinds, share


def _nltk() -> None:
    for order in (2, 3):
        for smoothing in ("kneser_ney", "witten_bell"):
            test_equal_to_nltk(order, smoothing)


SEEDED_BUGS = (
    ("no continuation counts", "NgramLanguageModel", _mutant(fit=_raw_counts), _nltk),
    ("kinds in the longest context", "NgramLanguageModel", _mutant(fit=_kinds_for_all), _nltk),
    ("texts run into one another", "NgramLanguageModel", _mutant(fit=_over_texts), _nltk),
    ("the start is a token like others", "NgramLanguageModel", _mutant(_padded=_no_start), _nltk),
    ("shorter contexts weigh one", "NgramLanguageModel", _mutant(_weigh=_all_shared), _nltk),
    ("shorter contexts weigh a half", "NgramLanguageModel", _mutant(_weigh=_half_shared), _nltk),
    ("nothing is taken off", "NgramLanguageModel", _mutant(_weigh=_no_discount), _nltk),
    ("what is taken off is given back", "NgramLanguageModel", _mutant(_weigh=_rescaled), _nltk),
)


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Any) -> None:
    assert_caught(ngram_language, bug)


# --- Bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"order": 0}, "an order of 1 or more"),
        ({"order": 2.5}, "an order of 1 or more"),
        ({"order": True}, "an order of 1 or more"),
        ({"order": 2, "vocabulary_size": 0}, "a vocabulary of 1 token"),
        ({"order": 2, "smoothing": "laplace"}, "expected smoothing"),
        ({"order": 2, "discount": 1}, "a discount between 0 and 1"),
        ({"order": 2, "discount": float("nan")}, "a discount between 0 and 1"),
        ({"order": 2, "discount": "x"}, "a discount between 0 and 1"),
    ],
)
def test_a_bad_model_is_refused(options: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        NgramLanguageModel(**options)


def test_bad_texts_are_refused() -> None:
    with pytest.raises(ValueError, match=r"call fit\(texts\) first"):
        NgramLanguageModel(2).log_probabilities([1])
    with pytest.raises(ValueError, match=r"call fit\(texts\) first"):
        NgramLanguageModel(2).probabilities([1])
    for texts in ([], [[], []]):
        with pytest.raises(ValueError, match="at least one token"):
            NgramLanguageModel(2).fit(texts)
    with pytest.raises(TypeError, match="encode it first"):
        NgramLanguageModel(2).fit(["a dog"])  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"got 1: one text among several is \[\[1, 2, 3\]\]"):
        NgramLanguageModel(2).fit([1, 2, 3])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="whole numbers"):
        NgramLanguageModel(2).fit([[1.0, 2.5]])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="one text as a row"):
        NgramLanguageModel(2).fit([[[1, 2]]])  # type: ignore[list-item]
    for wrong in (-1, 6):
        with pytest.raises(ValueError, match=f"ids from 0 to 5, got {wrong}"):
            NgramLanguageModel(2, 6).fit([[1, wrong]])
    model = NgramLanguageModel(2, 6).fit([[1, 0]])
    with pytest.raises(ValueError, match="ids from 0 to 5, got 7"):
        model.probabilities([7])


def test_bad_writing_is_refused() -> None:
    generator = np.random.default_rng(0)
    for vocabulary_size in (6, None):  # without one, the largest id that was seen and one
        model = NgramLanguageModel(2, vocabulary_size).fit([[1, 5]])
        for steps in (-1, 2.0):
            with pytest.raises(ValueError, match="steps as a whole number, 0 or more, got"):
                model.generate(steps, generator)  # type: ignore[arg-type]
        for end in (-1, 6):
            with pytest.raises(ValueError, match=f"end as a token from 0 to 5, got {end}: it would never come"):
                model.generate(3, generator, end=end)
    with pytest.raises(ValueError, match=r"call fit\(texts\) first"):
        NgramLanguageModel(2).generate(0, generator)


def test_without_a_vocabulary_gaps_count() -> None:
    chances = NgramLanguageModel(1).fit([[0, 5]]).probabilities([])
    assert chances.shape == (6,) and chances[5] == 0.5
