"""Byte-level byte-pair encoding: any text as a row of whole numbers, and back without loss."""

from __future__ import annotations

import json
import operator
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from mmlearn.data.bpe_file import read_tokenizer, tokenizer_json
from mmlearn.data.bpe_merging import apply_merges
from mmlearn.data.bpe_training import learn_merges
from mmlearn.data.byte_level import ALPHABET, letters_to_bytes, require_text, split_words, text_to_letters

CACHED = 65_536  # words whose ids are remembered
LONG = 256  # a word of more letters is not remembered: it will hardly come again


class BPE:
    r"""Byte-level BPE: cut a text into words, write each as bytes, merge pairs of neighbours in the order learned.

    ``vocabulary = special tokens, 256 bytes, one token a merge``. Every text of every script becomes ids, none is
    ever unknown, and `decode` gives it back to the byte. The ids are those of the `tokenizers` library: models.BPE
    with a ByteLevel pre-tokenizer (add_prefix_space=False) and decoder. A special token in a text becomes its one
    id; it is never cut. (For letters that Unicode has added from version 17 of 2025 on, the cuts into words may
    differ: the library's tables may be older than those of the package `regex`.)

    Attributes:
        vocabulary: token -> id, 0 to len - 1, in byte letters (`text_to_letters`): " dog" is "Ġdog".
        merges: pairs of tokens, the first learned first.
        special: the special tokens.

    >>> bpe = BPE.train(["a dog, a cat and a dog"], vocabulary_size=261, special=("<end>",))
    >>> bpe.encode("a dog<end>")
    [65, 260, 0]
    >>> bpe.tokens("a 狗"), bpe.decode(bpe.encode("a 狗"))
    (['a', 'Ġ', 'ç', 'ĭ', 'Ĺ'], 'a 狗')

    Paper: Sennrich, Haddow and Birch (2016), "Neural machine translation of rare words with subword units",
    arXiv:1508.07909; for bytes Radford et al. (2019), "Language models are unsupervised multitask learners", OpenAI.

    Built in: lesson 08.
    """

    def __init__(
        self, vocabulary: Mapping[str, int], merges: Sequence[tuple[str, str]], special: Sequence[str] = ()
    ) -> None:
        _require_whole(vocabulary, merges, special)
        self.vocabulary = dict(sorted(vocabulary.items(), key=lambda item: item[1]))
        self.merges = [(a, b) for a, b in merges]
        self.special = tuple(special)
        self._tokens = list(self.vocabulary)
        # (id, id) -> rank and id of what they become
        self._ranks = {
            (vocabulary[a], vocabulary[b]): (rank, vocabulary[a + b]) for rank, (a, b) in enumerate(self.merges)
        }
        self._known: dict[str, list[int]] = {}

    @classmethod
    def train(
        cls, texts: Iterable[str], vocabulary_size: int, special: Sequence[str] = (), *, min_frequency: int = 0
    ) -> BPE:
        """Learn the merges from texts, as `tokenizers`' BpeTrainer does (initial_alphabet=ByteLevel.alphabet()).

        Args:
            texts: any number of texts, each cut into words by itself. A special token within them is text here.
            vocabulary_size: special tokens + 256 + merges. Where the texts run out of pairs it stays smaller.
            special: tokens that stand for no text, such as "<end>", in the order of their ids, which come first.
            min_frequency: pairs that occur less often are not merged.

        Raises TypeError for a single text, ValueError for a size below len(special) + 256 and for special tokens
        that are empty, given twice, or a token of the texts as well (the library lets one id stand for both, and
        `decode` then loses text).
        """
        if isinstance(texts, str):
            raise TypeError(f"expected several texts, got one: {texts[:40]!r}: put it into a list")
        names = _require_special(special)
        vocabulary = {token: number for number, token in enumerate(dict.fromkeys((*names, *ALPHABET)))}
        if not _is_whole(min_frequency):
            raise ValueError(f"expected min_frequency as a whole number, got {min_frequency!r}")
        if not _is_whole(vocabulary_size) or vocabulary_size < len(vocabulary):
            raise ValueError(
                f"expected a vocabulary of {len(vocabulary)} or more ({len(names)} special tokens and the 256 bytes), "
                f"got {vocabulary_size!r}"
            )
        counts = Counter(word for text in texts for word in split_words(text))
        words = {text_to_letters(word): times for word, times in counts.items()}
        merges = learn_merges(words, vocabulary, vocabulary_size, min_frequency)
        return cls(vocabulary, merges, names)

    def encode(self, text: str) -> list[int]:
        """The ids of a text; none for an empty one. Words that came before are looked up, not merged again.

        Raises TypeError for anything but one text, ValueError for half a character.
        """
        ids: list[int] = []
        for special, part in self._parts(require_text(text)):
            if special:
                ids.append(self.vocabulary[part])
                continue
            for word in split_words(part):
                ids += self._word(word)
        return ids

    def tokens(self, text: str) -> list[str]:
        """The tokens of a text in byte letters, one for each id: a space is Ġ, 狗 is çĭĹ if it is one token."""
        return [self._tokens[number] for number in self.encode(text)]

    def pieces(self, text: str) -> list[bytes]:
        """The bytes that each token stands for, special tokens included; joined, they are the text's UTF-8."""
        return [self._bytes(number) for number in self.encode(text)]

    def decode(self, ids: Iterable[int], *, skip_special: bool = True) -> str:
        """The text of these ids; bytes that are no whole character become U+FFFD, the replacement character.

        Args:
            ids: whole numbers, 0 to len(self) - 1.
            skip_special: leave the special tokens out, as `tokenizers` does unless told otherwise.

        Raises ValueError for an id that is not in the vocabulary (the library drops it without a word), TypeError
        for what is no whole number.
        """
        if not isinstance(ids, Iterable):
            raise TypeError(f"expected a row of ids, got {ids!r}: a single one is [{ids!r}]")
        numbers = [self._require_id(number) for number in ids]
        skipped = {self.vocabulary[token] for token in self.special} if skip_special else set()
        return b"".join(self._bytes(number) for number in numbers if number not in skipped).decode("utf-8", "replace")

    def save(self, path: str | Path) -> None:
        """Write the file that ``tokenizers.Tokenizer.from_file`` opens."""
        text = json.dumps(tokenizer_json(self.vocabulary, self.merges, self.special), ensure_ascii=False, indent=2)
        Path(path).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> BPE:
        """Read such a file, ours or the library's. Raises ValueError where it asks for what this class does not do."""
        parts = read_tokenizer(Path(path))
        try:
            return cls(*parts)
        except (TypeError, ValueError) as error:
            raise ValueError(f"in {path}: {error}") from None

    def __len__(self) -> int:
        return len(self._tokens)

    def __repr__(self) -> str:
        return f"BPE({len(self)} tokens: {len(self.special)} special, {len(self.merges)} merges)"

    @cached_property
    def _special_pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self.special, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def _parts(self, text: str) -> Iterator[tuple[bool, str]]:
        """The text, cut at special tokens: (is it one, what it is)."""
        start = 0
        for match in self._special_pattern.finditer(text):
            yield False, text[start : match.start()]
            yield True, match.group()
            start = match.end()
        yield False, text[start:]

    def _word(self, word: str) -> list[int]:
        known = self._known.get(word)
        if known is None:
            known = apply_merges([self.vocabulary[letter] for letter in text_to_letters(word)], self._ranks)
            if len(self._known) < CACHED and len(word) <= LONG:
                self._known[word] = known
        return known

    def _bytes(self, number: int) -> bytes:
        token = self._tokens[number]
        try:
            return letters_to_bytes(token)
        except ValueError:  # a special token with a space, or in Chinese
            return token.encode()

    def _require_id(self, number: int) -> int:
        if not _is_whole(number):
            raise TypeError(f"expected ids as whole numbers, one text at a time, got {number!r}")
        if not 0 <= number < len(self):
            raise ValueError(f"expected ids from 0 to {len(self) - 1}, got {number}: is it another tokeniser's?")
        return int(number)


def _is_whole(number: object) -> bool:
    """A whole number, NumPy's and torch's too."""
    try:
        operator.index(number)  # type: ignore[arg-type]
    except TypeError:
        return False
    return not isinstance(number, bool)


def _require_special(special: Sequence[str]) -> tuple[str, ...]:
    if isinstance(special, str):
        raise TypeError(f'expected special tokens as a list or tuple, got the text {special!r}: write ("{special}",)')
    if not isinstance(special, Iterable):
        raise TypeError(f"expected special tokens as a list or tuple, got {special!r}: none is ()")
    for token in special:
        if not isinstance(token, str) or not token:
            raise ValueError(f"expected each special token to be a text of one sign or more, got {token!r}")
        require_text(token)
    if len(set(special)) != len(special):
        raise ValueError(f"expected each special token once, got {list(special)}")
    return tuple(special)


def _require_whole(vocabulary: Mapping[str, int], merges: Sequence[tuple[str, str]], special: Sequence[str]) -> None:
    """Every letter, part and result of a merge, and special token has an id; no id is left out or means two things."""
    if len(set(map(tuple, merges))) < len(merges):
        twice = next(pair for pair, times in Counter(map(tuple, merges)).items() if times > 1)
        raise ValueError(f"expected each merge once, got {twice} more often: when would it be its turn?")
    spelt = {*ALPHABET, *(token for a, b in merges for token in (a, b, a + b))}
    for token in _require_special(special):
        if token in spelt:
            raise ValueError(
                f"expected special tokens that stand for no text, but {token!r} is a token of the texts as well: "
                f'choose one that no text holds, such as "<{token}>"'
            )
    for token in (*special, *spelt):
        if token not in vocabulary:
            raise ValueError(f"expected {token!r} in the vocabulary: a special token, a byte, or part of a merge")
    if sorted(vocabulary.values()) != list(range(len(vocabulary))):
        raise ValueError(f"expected the ids 0 to {len(vocabulary) - 1}, each once, in the vocabulary")
