"""Byte-level BPE against the `tokenizers` library: the same vocabulary, merges, ids, tokens, texts and files."""

from __future__ import annotations

import heapq
import json
import pickle
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from mmlearn.data import bpe
from mmlearn.data.bpe_file import tokenizer_json
from mmlearn.data.bpe_merging import apply_merges
from mmlearn.data.bpe_training import learn_merges
from mmlearn.data.byte_level import LETTERS, split_words

ENGLISH = (
    "On the grass, a big green turtle is to the right of a wolf.",
    "There are two cats and a dog in the sea. They're the dog's friends, aren't they?",
    "A dog is above 12 red cars; it's snowing:  3.5 km  ",
)
CHINESE = (
    "草地上，一只狼的右边有一只绿色的大乌龟。",
    "草地上有一只狗，它的左边是两只猫。",
    "图中，海里有三辆红色的轿车。",
)
EMOJI = ("👨‍👩‍👧 family, 🐈‍⬛ cat", "❤️🔥 ❤️‍🔥 🇨🇳🇬🇧 👍🏽", "é ñ ü ß — “quotes” …")
# Alphabets to draw random texts from; in the first few most pairs overlap ("aaa").
LETTER_SETS = ("ab", "a", "abc", " ab", "a b\n", "猫狗一", "👨‍👩‍👧🐈‍⬛❤️", "aé ", "0 1a'st", "  \t\u3000a\x1c", "a<s>")


def theirs(texts: Sequence[str], size: int, special: Sequence[str] = (), min_frequency: int = 0) -> Tokenizer:
    """The library's tokeniser, trained on the same texts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(special),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
        min_frequency=min_frequency,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def assert_same(ours: bpe.BPE, reference: Tokenizer, texts: Sequence[str]) -> None:
    """The same file, to the last key, and the same ids, tokens and decoded texts."""
    written = json.loads(json.dumps(tokenizer_json(ours.vocabulary, ours.merges, ours.special)))
    assert written == json.loads(reference.to_str())
    for text in texts:
        found = reference.encode(text)
        assert ours.encode(text) == found.ids
        assert ours.tokens(text) == found.tokens
        assert ours.decode(found.ids, skip_special=False) == reference.decode(found.ids, skip_special_tokens=False)
        assert ours.decode(found.ids) == reference.decode(found.ids)


@pytest.mark.parametrize("size", [259, 260, 300, 420, 5000])
def test_equal_to_the_library_on_english_chinese_and_emoji(size: int) -> None:
    special = ("<pad>", "<end>", "<end>less")
    texts = [*ENGLISH, *CHINESE, *EMOJI, *ENGLISH[:1] * 3]
    unseen = ["", " ", "A wolf<end> and<end>less 狼<pad>", "未见过的字：龘", "Ünseen\n\n\twords  ", "🦊" * 3, "<en d>"]
    assert_same(bpe.BPE.train(texts, size, special), theirs(texts, size, special), [*texts, *unseen])


def _random_texts(draw: random.Random) -> tuple[list[str], list[str]]:
    letters = list(draw.choice(LETTER_SETS)) + (list(draw.choice(LETTER_SETS)) if draw.random() < 0.3 else [])

    def text(lengths: Sequence[int], extra: Sequence[str] = ()) -> str:
        return "".join(draw.choice([*letters, *extra]) for _ in range(draw.choice(lengths)))

    texts = [text([0, 1, 3, 8, 30, 80]) for _ in range(draw.choice([0, 1, 3, 10, 30]))]
    return texts, [text([0, 1, 5, 50, 300], ["<s>", "<s>a"]) for _ in range(5)]


@pytest.mark.parametrize("block", range(6))
def test_equal_to_the_library_on_random_texts(block: int) -> None:
    for seed in range(40 * block, 40 * block + 40):
        draw = random.Random(seed)
        texts, unseen = _random_texts(draw)
        special = draw.choice([(), ("<s>",), ("<pad>", "<s>", "<s>a"), ("<猫 狗>", "<s>")])
        size = 256 + len(special) + draw.choice([0, 1, 5, 20, 100, 1000])
        min_frequency = draw.choice([0, 0, 1, 2, 3])
        ours = bpe.BPE.train(texts, size, special, min_frequency=min_frequency)
        reference = theirs(texts, size, special, min_frequency)
        assert_same(ours, reference, unseen)
        ids = [draw.randrange(len(ours)) for _ in range(12)]  # most of these bytes are no text at all
        for skip in (True, False):
            assert ours.decode(ids, skip_special=skip) == reference.decode(ids, skip_special_tokens=skip)


def test_very_long_texts_are_no_trap() -> None:
    texts = ["猫狗" * 2000, "a" * 10_000, "a b" * 3000, " " * 5000]
    assert_same(bpe.BPE.train(texts, 300), theirs(texts, 300), [text + text for text in texts])


def test_every_text_comes_back_and_pieces_are_its_bytes() -> None:
    ours = bpe.BPE.train([*ENGLISH, *CHINESE], 350, ("<end>",))
    for text in (*ENGLISH, *CHINESE, *EMOJI, "\x00\x7f\ufeff\uffff\U0010ffff", "a\r\n\tb ", " <end"):
        assert ours.decode(ours.encode(text)) == text
        assert b"".join(ours.pieces(text)).decode() == text
        assert len(ours.pieces(text)) == len(ours.encode(text)) == len(ours.tokens(text))
    assert ours.pieces("a<end>") == [b"a", b"<end>"] and ours.decode(ours.encode("a<end>")) == "a"


# --- Known-wrong tokenisers -----------------------------------------------------------------------------------------

Words, Ids, Merges = Mapping[str, int], dict[str, int], list[tuple[str, str]]


def slow_merges(
    words: Words,
    vocabulary: Ids,
    size: int,
    min_frequency: int = 0,
    tie: Callable[[tuple[int, int], list[str], int], Any] = lambda pair, tokens, seen: (-pair[0], -pair[1]),
    weigh: Callable[[int], int] = lambda times: times,
    apart: bool = False,
    from_right: bool = False,
    more_than: int = 0,
) -> Merges:
    """The obvious trainer: count every pair afresh each time. Its options are the usual slips."""
    rows, tokens, merges = {word: [vocabulary[letter] for letter in word] for word in words}, list(vocabulary), []
    while len(vocabulary) < size:
        counts: Counter[tuple[int, int]] = Counter()
        for word, row in rows.items():
            last = None
            for place, pair in enumerate(pairwise(row)):
                if apart and last == (place - 1, pair):  # "aaa" holds the pair twice; these count it once
                    last = None
                    continue
                last = (place, pair)
                counts[pair] += weigh(words[word])
        seen = {pair: place for place, pair in enumerate(counts)}
        best = max(counts, key=lambda pair: (counts[pair], tie(pair, tokens, seen[pair])), default=None)
        if best is None or counts[best] < max(1, min_frequency) + more_than:
            break
        a, b = best
        token = tokens[a] + tokens[b]
        vocabulary[token] = len(tokens)
        tokens.append(token)
        merges.append((tokens[a], tokens[b]))
        for row in rows.values():
            places = range(len(row) - 2, -1, -1) if from_right else range(len(row) - 1)
            for place in places:
                if row[place : place + 2] == [a, b]:
                    row[place : place + 2] = [vocabulary[token]]
    return merges


def _mutant(**slip: Any) -> Callable[..., Merges]:
    return lambda words, vocabulary, size, least=0: slow_merges(words, vocabulary, size, least, **slip)


def _one_short(words: Words, vocabulary: Ids, size: int, least: int = 0) -> Merges:
    return learn_merges(words, vocabulary, size - 1, least)


def _leftmost_first(ids: Sequence[int], ranks: Any) -> list[int]:
    row = list(ids)
    while (place := next((i for i in range(len(row) - 1) if (row[i], row[i + 1]) in ranks), None)) is not None:
        row[place : place + 2] = [ranks[row[place], row[place + 1]][1]]
    return row


def _last_rank_first(ids: Sequence[int], ranks: Any) -> list[int]:
    return apply_merges(ids, {pair: (-rank, new) for pair, (rank, new) in ranks.items()})


def _rightmost_first(ids: Sequence[int], ranks: Any) -> list[int]:
    row = list(ids)
    while found := [(ranks[pair][0], -i) for i, pair in enumerate(pairwise(row)) if pair in ranks]:
        place = -min(found)[1]
        row[place : place + 2] = [ranks[row[place], row[place + 1]][1]]
    return row


def _no_second_look(ids: Sequence[int], ranks: Any) -> list[int]:
    """Pairs that only come about by merging are never merged."""
    row = list(ids)
    queue = [(ranks[pair][0], i, pair) for i, pair in enumerate(pairwise(row)) if pair in ranks]
    heapq.heapify(queue)
    while queue:
        _, place, (a, b) = heapq.heappop(queue)
        if row[place] == a and row[place + 1] == b:
            row[place : place + 2] = [ranks[a, b][1], -1]
    return [number for number in row if number >= 0]


def _shortest_special(text_parts: Any = bpe.BPE._parts) -> type[bpe.BPE]:
    class Wrong(bpe.BPE):
        def _parts(self, text: str) -> Iterator[tuple[bool, str]]:
            self.__dict__["_special_pattern"] = re.compile("|".join(map(re.escape, self.special)) or "(?!)")
            return text_parts(self, text)  # type: ignore[no-any-return]

    return Wrong


def _characters(text: str) -> str:
    return "".join(LETTERS[ord(character) % 256] for character in text)


def test_the_mutants_without_a_mutation_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bpe, "learn_merges", _mutant())
    _three_sizes()
    _random_block()


def _three_sizes() -> None:
    for size in (260, 300, 420):
        test_equal_to_the_library_on_english_chinese_and_emoji(size)


def _random_block() -> None:
    test_equal_to_the_library_on_random_texts(0)


SEEDED_BUGS = (
    ("ties go to the larger ids", "learn_merges", _mutant(tie=lambda pair, tokens, seen: pair), _three_sizes),
    ("ties go to the pair seen first", "learn_merges", _mutant(tie=lambda pair, tokens, seen: -seen), _three_sizes),
    (
        "ties go by the tokens' letters",
        "learn_merges",
        _mutant(tie=lambda pair, tokens, seen: (tokens[pair[0]], tokens[pair[1]])),
        _three_sizes,
    ),
    ("a word counts once, however often it occurs", "learn_merges", _mutant(weigh=lambda times: 1), _three_sizes),
    ("pairs that overlap count once", "learn_merges", _mutant(apart=True), _random_block),
    ("merges run from the right", "learn_merges", _mutant(from_right=True), _random_block),
    ("the least frequency must be exceeded", "learn_merges", _mutant(more_than=1), _random_block),
    ("one merge short", "learn_merges", _one_short, _three_sizes),
    ("encoding merges from left to right", "apply_merges", _leftmost_first, _three_sizes),
    ("encoding merges the last learned first", "apply_merges", _last_rank_first, _three_sizes),
    ("of several, the rightmost is merged", "apply_merges", _rightmost_first, _random_block),
    ("what merging brings about is not merged", "apply_merges", _no_second_look, _three_sizes),
    ("words lose their space", "split_words", lambda text: re.findall(r"\w+|[^\w\s]+|\s", text), _three_sizes),
    ("a text is one word", "split_words", lambda text: [text] if text else [], _three_sizes),
    ("a space before every text", "split_words", lambda text: split_words(" " + text if text else ""), _three_sizes),
    (
        "characters, not bytes",
        "text_to_letters",
        lambda text: "".join(LETTERS[ord(c) % 256] for c in text),
        _three_sizes,
    ),
    ("bytes in the order of bytes", "ALPHABET", LETTERS, _three_sizes),
    ("the shorter special token wins", "BPE", _shortest_special(), _three_sizes),
)


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Any) -> None:
    assert_caught(bpe, bug)


# --- Files ----------------------------------------------------------------------------------------------------------


def test_our_file_opens_in_the_library_and_theirs_here(tmp_path: Path) -> None:
    texts = [*ENGLISH, *CHINESE, *EMOJI, "aaa aaaa aaaaa"]
    ours, reference = bpe.BPE.train(texts, 400, ("<end>",)), theirs(texts, 400, ("<end>",))
    ours.save(tmp_path / "ours.json")
    reference.save(str(tmp_path / "theirs.json"))
    for path in ("ours.json", "theirs.json"):
        assert_same(bpe.BPE.load(tmp_path / path), Tokenizer.from_file(str(tmp_path / path)), [*texts, "a<end>b"])
    again = pickle.loads(pickle.dumps(ours))
    assert (
        again.encode("a 狗<end>") == ours.encode("a 狗<end>")
        and repr(again) == "BPE(400 tokens: 1 special, 143 merges)"
    )


def test_a_file_of_gpt_2s_time_opens_too(tmp_path: Path) -> None:
    found = json.loads(theirs(ENGLISH, 300).to_str())
    found["model"]["merges"] = [" ".join(pair) for pair in found["model"]["merges"]]
    found["model"]["continuing_subword_prefix"] = found["model"]["end_of_word_suffix"] = ""
    del found["model"]["ignore_merges"], found["model"]["byte_fallback"], found["pre_tokenizer"]["use_regex"]
    found["post_processor"] = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    found["added_tokens"] = [{"id": 300, "content": "<|endoftext|>", **flags}]
    (tmp_path / "old.json").write_text(json.dumps(found), encoding="utf-8")
    loaded = bpe.BPE.load(tmp_path / "old.json")
    reference = Tokenizer.from_file(str(tmp_path / "old.json"))
    for text in (*ENGLISH, "a<|endoftext|>"):
        assert loaded.encode(text) == reference.encode(text).ids


def _with(path: tuple[str, ...], value: Any) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        for key in path[:-1]:
            found = found[key]
        found[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_with(("normalizer",), {"type": "Lowercase"}), "expected no normalizer"),
        (_with(("padding",), {"direction": "Right"}), "expected no padding"),
        (_with(("pre_tokenizer", "add_prefix_space"), True), "add_prefix_space False"),
        (_with(("pre_tokenizer",), {"type": "Whitespace"}), "type 'ByteLevel'"),
        (_with(("pre_tokenizer",), None), "type 'ByteLevel'"),
        (_with(("decoder",), None), "ByteLevel decoder"),
        (_with(("post_processor",), {"type": "TemplateProcessing"}), "ByteLevel post_processor"),
        (_with(("model", "type"), "WordPiece"), "expected type 'BPE'"),
        (_with(("model", "byte_fallback"), True), "expected byte_fallback False"),
        (_with(("model", "dropout"), 0.1), "expected dropout None"),
        (_with(("model", "unk_token"), "<unk>"), "expected unk_token None"),
        (_with(("model", "merges"), [["Q", "Q"]]), "expected 'QQ' in the vocabulary"),
        (_with(("model", "vocab", "!"), 7), "each once"),
        (_with(("added_tokens",), [{"id": 0, "content": "<a>", "special": False}]), "plain special tokens"),
        (_with(("added_tokens",), [{"id": 0, "content": "<a>", "special": True, "lstrip": True}]), "plain special"),
        (_with(("model",), 3), "expected a tokenizer.json"),
        (_with(("added_tokens",), [{"id": 9, "content": "!", "special": True}]), "'!' has two ids, 9 and 0"),
        (_with(("added_tokens",), [{"content": "<a>", "special": True}]), r"tokenizer\.json .* in .*t\.json"),
        (_with(("added_tokens",), ["<a>"]), r"tokenizer\.json .* in .*t\.json"),
        (_with(("added_tokens",), None), r"tokenizer\.json .* in .*t\.json"),
        (_with(("model", "merges"), [["a", "b", "c"]]), r"tokenizer\.json .* in .*t\.json"),
        (_with(("model", "merges"), ["ab"]), r"tokenizer\.json .* in .*t\.json"),
        (
            _with(("model", "merges"), [["Ġ", "t"], ["Ġ", "t"]]),
            r"in .*t\.json: expected each merge once, got \('Ġ', 't'\)",
        ),
    ],
)
def test_a_file_that_asks_for_more_is_refused(change: Any, says: str, tmp_path: Path) -> None:
    found = json.loads(theirs(ENGLISH, 270).to_str())
    change(found)
    (tmp_path / "t.json").write_text(json.dumps(found), encoding="utf-8")
    with pytest.raises(ValueError, match=says):
        bpe.BPE.load(tmp_path / "t.json")


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text("merges", encoding="utf-8")
    with pytest.raises(ValueError, match=r"expected a tokenizer\.json"):
        bpe.BPE.load(tmp_path / "t.json")


# --- Bad input ------------------------------------------------------------------------------------------------------


def test_bad_training_is_refused() -> None:
    with pytest.raises(TypeError, match="put it into a list"):
        bpe.BPE.train("one text", 300)
    with pytest.raises(TypeError, match="expected one text"):
        bpe.BPE.train([b"bytes"], 300)  # type: ignore[list-item]
    with pytest.raises(ValueError, match="a vocabulary of 258 or more"):
        bpe.BPE.train(["a"], 257, ("<a>", "<b>"))
    with pytest.raises(ValueError, match="256 bytes"):
        bpe.BPE.train(["a"], 300.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r'write \("<end>",\)'):
        bpe.BPE.train(["a"], 300, "<end>")
    with pytest.raises(ValueError, match="each special token once"):
        bpe.BPE.train(["a"], 300, ("<a>", "<a>"))
    with pytest.raises(ValueError, match="of one sign or more"):
        bpe.BPE.train(["a"], 300, ("",))
    with pytest.raises(TypeError, match=r"got None: none is \(\)"):
        bpe.BPE.train(["a"], 300, None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="half a character"):
        bpe.BPE.train(["a"], 300, ("<\ud83d>",))
    with pytest.raises(ValueError, match="min_frequency as a whole number, got '2'"):
        bpe.BPE.train(["a"], 300, min_frequency="2")  # type: ignore[arg-type]
    assert len(bpe.BPE.train(ENGLISH, np.int64(270))) == 270  # type: ignore[arg-type]


@pytest.mark.parametrize("special", ["a", "é", "dog"])
def test_a_special_token_that_texts_hold_is_refused(special: str) -> None:
    texts = ["dog dog"]
    with pytest.raises(ValueError, match="stand for no text"):
        bpe.BPE.train(texts, 300, (special,))
    reference = theirs(texts, 300, (special,))  # the library takes it, and loses text
    assert reference.decode(reference.encode(f"x{special}x").ids) != f"x{special}x"


def test_bad_texts_and_ids_are_refused() -> None:
    ours = bpe.BPE.train(ENGLISH, 300)
    with pytest.raises(TypeError, match="for many, take each"):
        ours.encode(["a", "b"])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="half a character"):
        ours.encode("a\ud83d")
    for number in (300, -1):
        with pytest.raises(ValueError, match="expected ids from 0 to 299"):
            ours.decode([5, number])
    for ids in ([1.5], "ab", [None], [[1]], [True]):
        with pytest.raises(TypeError, match="expected ids as whole numbers, one text at a time, got"):
            ours.decode(ids)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"expected a row of ids, got 5: a single one is \[5\]"):
        ours.decode(5)  # type: ignore[arg-type]
    assert ours.decode(np.array(ours.encode("a dog"))) == "a dog"


def test_the_cache_changes_nothing_and_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bpe, "CACHED", 3)
    ours = bpe.BPE.train(ENGLISH, 300)
    first = [ours.encode(text) for text in (*ENGLISH, *CHINESE)]
    assert [ours.encode(text) for text in (*ENGLISH, *CHINESE)] == first and len(ours._known) == 3
    first[0].append(7)  # a list of the caller's own
    assert ours.encode(ENGLISH[0]) != first[0]


def test_long_words_are_not_remembered() -> None:
    ours = bpe.BPE.train(["ab"], 257)
    ours.encode("a" * 257)
    assert not ours._known
    ours.encode("a" * 256)
    assert len(ours._known) == 1


def test_special_tokens_in_no_byte_letters_decode() -> None:
    ours, text = bpe.BPE.train(["a"], 258, ("<the end>", "完")), "a<the end>完"
    assert ours.decode(ours.encode(text), skip_special=False) == text
    assert b"".join(ours.pieces(text)).decode() == text
