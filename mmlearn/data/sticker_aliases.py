"""What else stickers are called: short names that people type in chats, beside the official ones."""

from __future__ import annotations

import re

import numpy as np

from mmlearn.data.stickers import Stickers
from mmlearn.data.unavailable import DataUnavailable
from mmlearn.types import IntArray, StrArray

_WORDS = re.compile(r"[a-z]{3,}( [a-z]{3,})*")  # no digits, no signs, no abbreviations of one or two letters


def sticker_aliases(stickers: Stickers) -> tuple[IntArray, StrArray]:
    """Other English names of stickers, as chat programs know them: "coffee" for the hot beverage.

    Kept are those that are made of words of three or more letters, and that belong to one of the stickers only.

    Args:
        stickers: as from ``stickers()``, whole or a selection.

    Returns rows (M,) int64, the number of the sticker, and texts (M,) str, in the order of the stickers; a sticker has
    none, one or several. Raises DataUnavailable if the package `emoji` is not installed.

    >>> from mmlearn.data import stickers
    >>> deck = stickers()
    >>> rows, texts = sticker_aliases(deck)
    >>> [(str(deck.names["en"][row]), str(text)) for row, text in zip(rows, texts) if text in ("coffee", "jigsaw")]
    [('hot beverage', 'coffee'), ('puzzle piece', 'jigsaw')]

    Built in: lesson 08.
    """
    try:
        from emoji import EMOJI_DATA
    except ModuleNotFoundError:
        raise DataUnavailable("sticker aliases", "no package emoji", "pip install emoji") from None
    known: dict[str, list[str]] = {}
    for text, entry in EMOJI_DATA.items():
        known.setdefault(_plain(text), []).extend(entry.get("alias", []))
    found = [
        (row, alias)
        for row, code in enumerate(stickers.codes.tolist())
        for alias in dict.fromkeys(map(_spoken, known.get(_key(code), [])))
        if _WORDS.fullmatch(alias)
    ]
    texts = [alias for _, alias in found]
    once = [(row, alias) for row, alias in found if texts.count(alias) == 1]
    return np.array([row for row, _ in once], dtype=np.int64), np.array([alias for _, alias in once], dtype=np.str_)


def _spoken(alias: str) -> str:
    """:space_invader: -> space invader"""
    return alias.strip(":").replace("_", " ").replace("-", " ").lower()


def _key(code: str) -> str:
    """OpenMoji's file name -> the letters it stands for, without variation selectors."""
    return _plain("".join(chr(int(part, 16)) for part in code.split("-")))


def _plain(text: str) -> str:
    return text.replace("\ufe0f", "")
