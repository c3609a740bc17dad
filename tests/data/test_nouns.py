"""The table of nouns: every row true to its drawing's file, its article, its measure word."""

import pytest

from mmlearn.data.nouns import COLOURS, TABLE, nouns
from mmlearn.data.render import render_sticker, svg_folder

# Measure words, each with what it counts here.
MEASURES = {
    *"只头匹条",  # animals; 条 also long soft things
    *"个块根颗",  # things, slabs, sticks, small round things
    *"朵棵片道",  # flowers and clouds, plants, leaves, arcs
    *"辆列架艘枚台",  # cars, trains, frames and aircraft, ships, rockets and medals, machines
    *"把件顶支本面份",  # things with handles, clothes, hats, pens, books, drums, gifts
    *"座张扇",  # buildings, beds, doors
}
# Where the letters mislead: the sound decides, and "unicorn" begins like "you".
SOUNDS_LIKE_VOWEL, SOUNDS_LIKE_CONSONANT = {"hourglass"}, {"unicorn"}


def test_at_least_150_nouns_with_a_colour_for_most() -> None:
    assert len(nouns()) >= 150
    assert sum(noun.color != "" for noun in nouns()) > len(nouns()) / 2


def test_the_file_is_plain_utf8_with_unix_line_ends() -> None:
    data = TABLE.read_bytes()
    assert b"\r" not in data and data.endswith(b"\n") and not data.startswith(b"\xef\xbb\xbf")
    data.decode("utf-8")


@pytest.mark.parametrize("noun", nouns(), ids=lambda noun: noun.en.replace(" ", "_"))
def test_row(noun) -> None:
    assert (svg_folder() / f"{noun.code}.svg").is_file()
    assert noun.measure in MEASURES
    assert noun.color == "" or noun.color in COLOURS
    vowel = noun.en[0].lower() in "aeiou" and noun.en not in SOUNDS_LIKE_CONSONANT
    assert noun.article == ("an" if vowel or noun.en in SOUNDS_LIKE_VOWEL else "a")
    assert noun.plural and noun.plural == noun.plural.strip() and noun.en == noun.en.strip()
    assert all("\u4e00" <= letter <= "\u9fff" or letter == "T" for letter in noun.zh)


@pytest.mark.parametrize("column", ["code", "en", "plural", "zh"])
def test_no_two_rows_share(column) -> None:
    values = [getattr(noun, column) for noun in nouns()]
    assert len(set(values)) == len(values)


def test_no_noun_covers_another() -> None:
    """A question "is there a tree?" has one answer only if no palm tree can stand beside the tree."""
    umbrellas = {"bird", "animal", "flower", "ball", "boat", "ship", "hat", "shoe", "bag", "vehicle", "fruit"}
    assert not umbrellas & {noun.en for noun in nouns()}


def test_plurals_that_follow_no_rule() -> None:
    plural = {noun.en: noun.plural for noun in nouns()}
    irregular = {"mouse": "mice", "sheep": "sheep", "fish": "fish", "deer": "deer", "wolf": "wolves"}
    irregular |= {"maple leaf": "maple leaves", "scarf": "scarves", "snowman": "snowmen", "cactus": "cacti"}
    irregular |= {"jellyfish": "jellyfish", "slice of pizza": "slices of pizza", "strawberry": "strawberries"}
    assert {en: plural[en] for en in irregular} == irregular


# Colours as OpenMoji's own palette has them, to hold the table against the drawings.
PALETTE = {
    "red": ("EA5A47", "D22F27"),
    "orange": ("F4AA41", "E27022", "F1B31C"),
    "yellow": ("FCEA2B", "F1B31C"),
    "green": ("B1CC33", "5C9E31", "186648"),
    "blue": ("92D3F5", "61B2E4", "1E50A0"),
    "purple": ("B399C8", "8967AA"),
    "pink": ("FFA7C0", "E67A94"),
    "brown": ("A57939", "6A462F"),
    "black": ("3F3F3F",),
    "white": ("FFFFFF",),
    "grey": ("9B9B9A", "D0CFCE"),
}


@pytest.mark.parametrize("noun", [noun for noun in nouns() if noun.color], ids=lambda noun: noun.en)
def test_the_colour_is_in_the_drawing(noun) -> None:
    import numpy as np

    pixels = render_sticker(noun.code, 72).reshape(-1, 4).astype(int)
    filled = pixels[(pixels[:, 3] > 250) & (pixels[:, :3].sum(1) > 120)][:, :3]  # all but the black outlines
    wanted = np.array([[int(code[i : i + 2], 16) for i in (0, 2, 4)] for code in PALETTE[noun.color]])
    near = (np.abs(filled[:, None] - wanted).sum(2).min(1) < 40).mean()
    if noun.color == "white":  # white may be left unfilled where the paper does as well; greys shade it
        near = (filled.min(1) > 200).mean()
    assert near > 0.3, f"only {near:.0%} of the drawing of {noun.en} is {noun.color}"


def test_phrases() -> None:
    by_name = {noun.en: noun for noun in nouns()}
    assert by_name["umbrella"].english() == "an umbrella"
    assert by_name["umbrella"].english(color=True) == "a purple umbrella"
    assert by_name["basketball"].english(color=True) == "an orange basketball"
    assert by_name["basketball"].english(color=True, size="big") == "a big orange basketball"
    assert by_name["wolf"].english(4, color=True) == "four wolves"  # no plain colour: none is said
    assert by_name["car"].chinese(2, color=True) == "两辆红色的轿车"
    assert by_name["car"].chinese(1, color=True, size="big", tight=True) == "一辆红色大轿车"
    assert by_name["horse"].chinese(3) == "三匹马"
    assert by_name["snake"].chinese(2, color=True, tight=True) == "两条绿色的蛇"
    assert by_name["snake"].chinese(2, color=True, size="small", tight=True) == "两条绿色小蛇"
    assert not by_name["elephant"].sized and by_name["dog"].sized
