"""Bytes as letters and the cut into words, against the library's ByteLevel pre-tokeniser, sign by sign."""

from __future__ import annotations

import random
import re
import unicodedata
from typing import Any

import pytest
from tokenizers import pre_tokenizers

from mmlearn.data import byte_level
from mmlearn.data.byte_level import ALPHABET, LETTERS, letters_to_bytes, text_to_letters

THEIRS = pre_tokenizers.ByteLevel(add_prefix_space=False)
TEXTS = (
    "",
    " ",
    "   ",
    "It's 2 dogs,  we'll see: they've 3.5 km, don't you'RE?",
    "草地上，一只狗（2只猫）。",
    "tabs\tand\n\n lines\r\n\u3000wide\xa0fixed\u2028line",
    "'s 'S 'll'd ''",
    "👨‍👩‍👧 🐈‍⬛❤️",
    "x²₂ Ⅷ ½ 一二３ ١٢ naïve e\u0301",
    "a_b-c=d+e …",
)


def their_words(text: str) -> list[str]:
    return [text[start:end] for _, (start, end) in THEIRS.pre_tokenize_str(text)]


def test_words_are_the_librarys() -> None:
    for text in TEXTS:
        assert byte_level.split_words(text) == their_words(text), text
        assert "".join(byte_level.split_words(text)) == text
        letters = [word for word, _ in THEIRS.pre_tokenize_str(text)]
        assert [byte_level.text_to_letters(word) for word in byte_level.split_words(text)] == letters


def test_every_kind_of_sign_is_cut_alike() -> None:
    """A sample of all signs; letters that Unicode has added of late may differ, the library's tables being older."""
    draw, old = random.Random(0), unicodedata.ucd_3_2_0
    signs = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000 and old.category(chr(code)) != "Cn"]
    for sign in {*signs[:5000], *draw.sample(signs, 5000)}:
        text = f"a{sign}a 1{sign}1 !{sign}! {sign}{sign} "
        assert byte_level.split_words(text) == their_words(text), hex(ord(sign))


def test_256_letters_that_are_visible_and_come_back() -> None:
    assert sorted(ALPHABET) == sorted(pre_tokenizers.ByteLevel.alphabet()) and list(ALPHABET) == sorted(LETTERS)
    assert len(set(LETTERS)) == 256 and all(letter.isprintable() and letter != " " for letter in LETTERS)
    for text in (*TEXTS, "\x00\x1f\x7f\x85\xad", "\ufeff\U0010ffff"):
        assert letters_to_bytes(text_to_letters(text)).decode() == text
    for byte in range(256):
        assert letters_to_bytes(LETTERS[byte]) == bytes([byte])


PLAIN = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[a-zA-Z]+| ?[0-9]+| ?[^\sa-zA-Z0-9]+|\s+(?!\S)|\s+")
SEEDED_BUGS = (
    ("letters of English alone", "split_words", PLAIN.findall, test_words_are_the_librarys),
    ("words without their space", "split_words", re.compile(r"\w+|[^\w\s]+|\s+").findall, test_words_are_the_librarys),
    ("every space parts", "split_words", re.compile(r" ?\S+|\s").findall, test_words_are_the_librarys),
    ("bytes as they are", "text_to_letters", lambda text: text.encode().decode("latin-1"), test_words_are_the_librarys),
    ("code points", "text_to_letters", lambda text: text.replace(" ", "Ġ"), test_words_are_the_librarys),
)


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Any) -> None:
    assert_caught(byte_level, bug)


def test_refuses_bad_input() -> None:
    for wrong in (b"bytes", None, ["a"]):
        with pytest.raises(TypeError, match="expected one text"):
            byte_level.split_words(wrong)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="expected one text"):
            text_to_letters(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"half a character, '\\ud83d', at place 1"):
        text_to_letters("a\ud83d")
    with pytest.raises(ValueError, match="is this the text itself"):
        letters_to_bytes("a dog")
