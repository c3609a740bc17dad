"""The things that scenes are made of: a curated table of nouns, in English and Chinese, one a sticker."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

TABLE = Path(__file__).parent / "tables" / "nouns.csv"

# English -> Chinese, both as used before a noun ("a red car", 一辆红色的轿车).
COLOURS = {
    "red": "红色",
    "orange": "橙色",
    "yellow": "黄色",
    "green": "绿色",
    "blue": "蓝色",
    "purple": "紫色",
    "pink": "粉色",
    "brown": "棕色",
    "black": "黑色",
    "white": "白色",
    "grey": "灰色",
}
# With 小 before it each of these names another animal: the red panda, the crayfish.
NEVER_SIZED = {"熊猫", "龙虾"}
NUMBERS = {1: ("one", "一"), 2: ("two", "两"), 3: ("three", "三"), 4: ("four", "四")}  # 两, not 二, when counting


@dataclass(frozen=True)
class Noun:
    """One thing: its sticker and what both languages need to speak of it.

    Built in: lesson 00.
    """

    code: str  # OpenMoji's file name, "1F415"
    en: str  # "dog"; never a word that also covers another thing in the table (no "bird" beside "duck")
    article: str  # "a" or "an", for the bare noun
    plural: str  # "dogs"
    zh: str  # 狗
    measure: str  # the measure word that stands between number and noun: 只
    color: str  # a key of COLOURS, or "" where the drawing has no single plain colour

    @cached_property
    def sized(self) -> bool:
        """Whether "big" and "small" may be said of it: not where Chinese would mislead (大象, 熊猫)."""
        return not set("大小") & set(self.zh) and self.zh not in NEVER_SIZED

    def english(self, count: int = 1, color: bool = False, size: str = "") -> str:
        """The noun with its number or article, and its adjectives in English order: size, then colour.

        >>> english = {noun.en: noun.english for noun in nouns()}
        >>> english["apple"](), english["apple"](color=True), english["carrot"](1, True, "")
        ('an apple', 'a red apple', 'an orange carrot')
        >>> english["mouse"](3, size="small")
        'three small mice'
        """
        words = [word for word in (size, self.color if color else "") if word]
        if count > 1:
            return " ".join([NUMBERS[count][0], *words, self.plural])
        article = self.article if not words else "an" if words[0] == "orange" else "a"
        return " ".join([article, *words, self.en])

    def chinese(self, count: int = 1, color: bool = False, size: str = "", tight: bool = False) -> str:
        """The noun with its number and measure word, and its adjectives in Chinese order: colour, then size.

        `tight` leaves out the 的 after the colour, where another 的 is near and the name can bear it: 绿色小蛇,
        but 绿色的蛇.

        >>> chinese = {noun.en: noun.chinese for noun in nouns()}
        >>> chinese["dog"](2), chinese["car"](1, True, "small"), chinese["car"](1, True, tight=True)
        ('两只狗', '一辆红色的小轿车', '一辆红色轿车')
        """
        name = {"": "", "small": "小", "big": "大"}[size] + self.zh
        link = "" if tight and len(name) > 1 else "的"
        colour = COLOURS[self.color] + link if color and self.color else ""
        return NUMBERS[count][1] + self.measure + colour + name


@cache
def nouns() -> tuple[Noun, ...]:
    """Every noun of the table, in its order.

    Returns 210 nouns, with English and Chinese names that occur once each.

    >>> nouns()[0].en, nouns()[0].zh, len(nouns())
    ('dog', '狗', 210)

    Built in: lesson 00.
    """
    with TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(Noun(**row) for row in csv.DictReader(file))
