"""Text as bytes: each byte written as one visible letter, and a text cut into words as GPT-2 cuts it."""

from __future__ import annotations

from functools import cache
from typing import Any

# Contractions, then a run of letters, of digits, or of anything else that is not a space, each with at most one
# space in front, then spaces. `\s+(?!\S)` leaves the last space of a run to the word behind it.
PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def _letters() -> tuple[str, ...]:
    """Printable bytes stand for themselves, the other 68 for the letters from U+0100 on, in order."""
    shown = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    hidden = [byte for byte in range(256) if byte not in shown]
    return tuple(chr(byte) if byte in shown else chr(0x100 + hidden.index(byte)) for byte in range(256))


LETTERS = _letters()  # 256 letters: LETTERS[byte]
ALPHABET = tuple(sorted(LETTERS))  # the order in which a byte-level tokeniser numbers them
_TO_LETTERS = dict(enumerate(LETTERS))
_TO_BYTE = {letter: byte for byte, letter in enumerate(LETTERS)}


def text_to_letters(text: str) -> str:
    """Write each byte of the text's UTF-8 as one visible letter: a space is Ġ, a line's end Ċ.

    So a tokeniser may handle any text of any script as a row of 256 letters and never meet an unknown one.
    Letters, digits and punctuation of English stand for themselves; é takes two letters, 狗 three, 🐶 four.

    Args:
        text: any text. Raises TypeError for anything else, ValueError for half a character (a lone surrogate),
            which no UTF-8 can write.

    >>> text_to_letters("a dog"), text_to_letters("狗")
    ('aĠdog', 'çĭĹ')

    Reference: Radford et al. (2019), "Language models are unsupervised multitask learners", section 2.2, OpenAI.

    Built in: lesson 08.
    """
    return require_text(text).encode("utf-8").decode("latin-1").translate(_TO_LETTERS)


def letters_to_bytes(letters: str) -> bytes:
    """The bytes that the letters stand for; undoes `text_to_letters`, letter by letter.

    A piece of a text may end in the middle of a character, so this gives bytes: join them, then decode.

    Raises ValueError for a letter that stands for no byte, as a plain space.

    >>> letters_to_bytes("çĭĹ"), letters_to_bytes("çĭĹ").decode()
    (b'\\xe7\\x8b\\x97', '狗')

    Built in: lesson 08.
    """
    try:
        return bytes([_TO_BYTE[letter] for letter in letters])
    except KeyError as error:
        raise ValueError(
            f"expected letters that stand for bytes, got {error.args[0]!r} in {letters!r}: is this the text itself?"
        ) from None


def split_words(text: str) -> list[str]:
    """Cut a text into words, each with the space before it; joined, they are the text again.

    GPT-2's pattern: a run of letters, of digits, or of other signs, each with at most one space in front; the
    English endings 's 't 're 've 'm 'll 'd by themselves; longer runs of spaces by themselves, all but the last
    space. No piece of a byte-level BPE reaches over such a cut. Chinese writes no spaces, so a whole clause is
    **one** word. Equals ``tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)`` (whose default is True:
    it would put a space before every text).

    Raises TypeError for anything but a text, ValueError for half a character.

    >>> split_words("It's 2 dogs,  ok?")
    ['It', "'s", ' 2', ' dogs', ',', ' ', ' ok', '?']
    >>> split_words("草地上有一只狗。")
    ['草地上有一只狗', '。']

    Reference: Radford et al. (2019), "Language models are unsupervised multitask learners", section 2.2, OpenAI.

    Built in: lesson 08.
    """
    words: list[str] = _pattern().findall(require_text(text))
    return words


def require_text(text: str) -> str:
    """The text as it is; TypeError for anything else, ValueError if UTF-8 cannot write it.

    Built in: lesson 08.
    """
    if not isinstance(text, str):
        raise TypeError(f"expected one text (str), got {type(text).__name__}: for many, take each by itself")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(
            f"expected a text that UTF-8 can write, got half a character, {text[error.start]!r}, at place "
            f"{error.start}: was the text cut in the middle of a character?"
        ) from None
    return text


@cache
def _pattern() -> Any:
    import regex  # type: ignore[import-untyped]  # Python's own `re` knows no \p{L}

    return regex.compile(PATTERN)
