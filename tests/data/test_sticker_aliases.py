"""Other names of stickers: words only, each of one sticker alone, none of another sticker's."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from mmlearn.data import stickers
from mmlearn.data.sticker_aliases import sticker_aliases
from mmlearn.data.unavailable import DataUnavailable


def test_known_names_lie_with_their_stickers() -> None:
    deck = stickers()
    rows, texts = sticker_aliases(deck)
    named = dict(zip(texts.tolist(), deck.names["en"][rows].tolist(), strict=True))
    assert named["coffee"] == "hot beverage" and named["space invader"] == "alien monster"
    assert rows.shape == texts.shape and len(rows) > 600 and (np.diff(rows) >= 0).all()
    assert len(set(texts.tolist())) == len(texts)
    assert all(part.isalpha() and part.islower() and len(part) > 2 for text in texts for part in text.split())


def test_a_selection_counts_its_own_rows() -> None:
    deck = stickers()
    some = deck.select(np.flatnonzero(deck.names["en"] == "hot beverage"))
    rows, texts = sticker_aliases(some)
    assert (rows == 0).all() and "coffee" in texts


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    deck = stickers()
    monkeypatch.setitem(sys.modules, "emoji", None)
    with pytest.raises(DataUnavailable, match="pip install emoji"):
        sticker_aliases(deck)
