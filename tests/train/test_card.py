"""A card says what must be said, and its hashes can be read back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mmlearn.train.card import Card, hashes_in

CARD = Card("Names things.", "all of it", "0 and 1", {"accuracy": "0.5 (0.4 to 0.6)", "chance": "0.1"}, "MIT")


def test_every_fact_is_told_and_hashes_come_back() -> None:
    files = {"model.safetensors": (1234567, "ab" * 32), "config.json": (9, "0" * 64)}
    text = replace(CARD, limits="never seen a cat", recipe="mmlearn train thing").text("thing", files, "today")
    for part in ("# thing", "`mmlearn train thing`", "all of it", "0 and 1", "**Score, chance**: 0.1", "MIT", "a cat",
                 "| model.safetensors | 1,234,567 |", "today"):  # fmt: skip
        assert part in text
    assert hashes_in(text) == {name: digest for name, (_, digest) in files.items()}


def test_white_space_is_no_fact_and_a_number_no_score() -> None:
    for name in ("what", "licence"):
        with pytest.raises(ValueError, match=f"expected the card to say its {name}, got nothing"):
            replace(CARD, **{name: "  "})  # type: ignore[arg-type]
    for score in ("", " ", 0.0, 0.7):
        with pytest.raises(ValueError, match="the score 'x' in words, as in"):
            replace(CARD, scores={"x": score})


@pytest.mark.parametrize("name", ["what", "data", "seeds", "scores", "licence"])
def test_an_empty_fact_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"expected the card to say its {name}"):
        replace(CARD, **{name: {} if name == "scores" else ""})  # type: ignore[arg-type]
