"""The sticker table is complete, and its families part nothing that is alike."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from mmlearn.data import render
from mmlearn.data.stickers import Stickers, stickers

# The folder's stickers is the function; the file behind it goes by its full name.
module = import_module("mmlearn.data.stickers")
TABLE = Path(module.__file__).parent / "tables" / "stickers.csv"
with TABLE.open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))

# Families that hold stickers of several Unicode groups, each because the same thing is drawn or named in both.
ACROSS_GROUPS = {
    "banknote": "currency exchange shows banknotes",
    "bathtub": "a person taking a bath is the tub with a head in it",
    "bear": "the teddy bear is a bear",
    "bed": "a person in bed is the bed with a head in it",
    "bell": "bellhop bell, bell",
    "bottle": "baby bottle, lotion bottle",
    "cat": "cats and smiling cats",
    "chair": "a seat in a plane, a chair at home",
    "crustacean": "shrimp, fried shrimp",
    "drop": "sweat, water, blood",
    "envelope": "love letter, red envelope, envelope",
    "face": "the baby angel is a smiling face with wings; the others are faces",
    "flag": "the flag in a golf hole, the triangular flag",
    "glasses": "the diving mask, the goggles",
    "glove": "boxing glove, gloves",
    "hand": "the hamsa is a hand",
    "heart-suit": "hearts, the suit of hearts and so the suits, diamonds in two colours, the heart of the body",
    "horse": "horse, race horse with rider, carousel horse",
    "lantern": "jack-o-lantern, paper lantern",
    "moon-disc": "a new moon is a black disc, a full moon a yellow one",
    "mouth": "kiss mark, mouth",
    "mushroom": "two mushrooms",
    "parcel": "two boxes, one with a ribbon",
    "person-figure": "a wheelchair with and without the person in it",
    "person-role": "the officers of passport control and customs",
    "phone": "mobile phone, mobile phone off, vibration mode",
    "primate": "monkeys and the three wise monkeys",
    "skate": "roller skate, ice skate",
    "square-scene": "full-bleed dark squares: Kaaba, bridge at night, Milky Way beside the coloured squares",
    "star": "star, sparkles, dizzy, sparkle",
    "suitcase": "luggage, briefcase",
    "top": "running shirt, t-shirt",
    "tree": "evergreen, Christmas tree",
    "urn": "amphora, funeral urn",
    "weather": "the brightness buttons are suns",
}

TOGETHER = """
dog, dog face; dog, guide dog; dog, poodle; cat, cat face; cat face, crying cat; monkey, see-no-evil monkey
tiger, tiger face; horse, horse face; horse, carousel horse; unicorn, horse; cow, cow face; pig face, pig nose
mouse, mouse face; rabbit, rabbit face; camel, two-hump camel; bear, teddy bear; rooster, baby chick; bird, black bird
whale, spouting whale; fish, tropical fish; dragon, dragon face; beetle, lady beetle; rose, wilted flower
evergreen tree, Christmas tree; shamrock, four leaf clover; mushroom, brown mushroom; shrimp, fried shrimp
red heart, blue heart; red heart, heart suit; spade suit, heart suit; diamond suit, large orange diamond
grinning face, crying face; grinning face, angry face with horns; skull, skull and crossbones; mouth, kiss mark
one o’clock, one-thirty; one o’clock, watch; full moon, full moon face; new moon, black circle; sun, sun with face
sun, sun behind cloud; red circle, blue circle; red square, black small square; drop of blood, droplet
woman cook, man cook; cook, farmer; woman, man; man, man frowning; woman running, man surfing; elf, man elf
family man woman boy, family; kiss, couple with heart; thumbs up, thumbs down; clapping hands, folded hands
person in manual wheelchair, manual wheelchair; person taking bath, bathtub; person in bed, bed
red apple, green apple; melon, watermelon; lemon, lime; hot pepper, bell pepper; cooked rice, curry rice
ice cream, soft ice cream; birthday cake, cupcake; beer mug, clinking beer mugs; wine glass, clinking glasses
globe showing Americas, globe with meridians; house, houses; hospital, bank; castle, Japanese castle; church, mosque
mountain, volcano; train, tram; bus, trolleybus; automobile, taxi; fire engine, ambulance; ship, ferry
motorcycle, motor scooter; airplane, airplane departure; bell, bell with slash; hourglass done, hourglass not done
snowman, snowman without snow; umbrella, closed umbrella; 1st place medal, sports medal; baseball, softball
t-shirt, running shirt; glasses, sunglasses; goggles, diving mask; man’s shoe, high-heeled shoe; top hat, woman’s hat
handbag, purse; muted speaker, loudspeaker; guitar, banjo; drum, long drum; mobile phone, mobile phone off
laptop, desktop computer; camera, video camera; green book, blue book; dollar banknote, money with wings
envelope, love letter; envelope, red envelope; open mailbox with raised flag, postbox; chart increasing, bar chart
locked, key; hammer, hammer and pick; link, chains; pencil, pen; file folder, open file folder
calendar, spiral calendar; up arrow, left-right arrow; Aries, Pisces; keycap 0, keycap 10
A button (blood type), O button (blood type)
star of David, om; play button, pause button; potable water, non-potable water; check mark, cross mark
red question mark, red exclamation mark; female sign, male sign; star, glowing star; sparkle, sparkles
Japan, China; England, France; flag in hole, triangular flag; empty nest, nest with eggs; amphora, funeral urn
"""
PAIRS = [tuple(pair.split(", ")) for pair in re.split(r"; |\n", TOGETHER.strip())]
APART = [("dog", "elephant"), ("banana", "pizza"), ("hammer", "scissors"), ("train", "airplane"), ("guitar", "drum")]


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("MMLEARN_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module")
def data(own_cache: Path) -> Stickers:
    return stickers(size=32)


@pytest.fixture(scope="module")
def family_of(data: Stickers) -> dict[str, str]:
    names = data.names["en"].tolist()
    return dict(zip(names, data.families.tolist(), strict=True))


def test_table_has_each_sticker_once_and_no_gap() -> None:
    codes = [row["code"] for row in ROWS]
    assert len(codes) == len(set(codes)) == 1914
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", row["family"]) for row in ROWS)
    assert {row["group"] for row in ROWS} == {
        "smileys-emotion",
        "people-body",
        "animals-nature",
        "food-drink",
        "travel-places",
        "activities",
        "objects",
        "symbols",
        "flags",
    }
    assert all(row["subgroup"] for row in ROWS)


def test_table_has_every_named_emoji_without_skin_tone_that_is_drawn(data: Stickers) -> None:
    path = module._package_file("emoji", "unicode_codes", "emoji.json")
    entries = json.loads(path.read_text(encoding="utf-8"))
    drawn = {module._plain(file.stem) for file in render.svg_folder().glob("*.svg")}
    expected = {
        module._plain(module._code(text))
        for text, entry in entries.items()
        if entry["status"] == 2 and not any("\U0001f3fb" <= letter <= "\U0001f3ff" for letter in text)  # 2: complete
    }
    assert {module._plain(row["code"]) for row in ROWS} == expected & drawn


def test_a_subgroup_belongs_to_one_group() -> None:
    assert len({(row["group"], row["subgroup"]) for row in ROWS}) == len({row["subgroup"] for row in ROWS})


def test_families_span_groups_only_where_said_why() -> None:
    groups: dict[str, set[str]] = {}
    for row in ROWS:
        groups.setdefault(row["family"], set()).add(row["group"])
    assert {family for family, held in groups.items() if len(held) > 1} == set(ACROSS_GROUPS)


def test_families_are_neither_all_single_nor_all_one() -> None:
    families = [row["family"] for row in ROWS if row["group"] != "flags"]
    assert 400 <= len(set(families)) <= 600
    assert max(families.count(family) for family in set(families)) < 0.08 * len(families)


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=[f"{one}+{other}" for one, other in PAIRS])
def test_what_is_alike_stays_on_one_side(one: str, other: str, family_of: dict[str, str]) -> None:
    assert family_of[one] == family_of[other]


def test_enough_pairs_are_checked_and_some_are_apart(family_of: dict[str, str]) -> None:
    assert len(PAIRS) >= 60
    assert all(family_of[one] != family_of[other] for one, other in APART)


def test_near_identical_pictures_are_of_one_family(data: Stickers) -> None:
    """Grey on white at 32 px, normalised correlation above 0.97: whatever the names say, it is one picture."""
    some = data.select(data.groups != "flags")
    alpha = some.images[..., 3:].astype(np.float32) / 255
    grey = (some.images[..., :3] * alpha + 255 * (1 - alpha)) @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    flat = grey.reshape(len(some), -1)  # (N, 1024)
    flat -= flat.mean(1, keepdims=True)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    close = 0
    for start in range(0, len(some), 256):
        alike = flat[start : start + 256] @ flat.T > 0.97  # (256, N)
        rows, others = np.nonzero(alike)
        rows += start
        parted = [
            f"{some.names['en'][i]} ({some.families[i]}) and {some.names['en'][j]} ({some.families[j]})"
            for i, j in zip(rows, others, strict=True)
            if i < j and some.families[i] != some.families[j]
        ]
        assert parted == []
        close += int((rows < others).sum())
    assert close > 150, "the measure finds the near-copies that are there"
