"""A model card: what a checkpoint is, how it was made, how good it is, and the hashes of its files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_ROW = re.compile(r"^\| (\S+) \| [\d,]+ \| ([0-9a-f]{64}) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Card:
    """The facts of a trained model, in words; all but `limits` and `recipe` must be given.

    Args:
        what: what it does, in a sentence.
        data: what it learned from, and what was held out.
        seeds: of the data, of the weights, of the batches.
        scores: label -> value in words with its interval and on what, as in "0.50 (0.45 to 0.55), 399 unseen stickers".
        licence: of the weights, and of the data they come from.
        limits: what it cannot do.
        recipe: the command that makes it; ``mmlearn train`` fills it in.

    Raises ValueError for an empty fact, or a score that is not in words.

    >>> card = Card("Names shapes.", "40 drawings", "0", {"accuracy": "0.9 on 10 unseen"}, "MIT")
    >>> print(card.text("shapes", {"model.safetensors": (12, "0" * 64)}, made="by hand"))
    # shapes
    <BLANKLINE>
    Names shapes.
    <BLANKLINE>
    - **Recipe**: none recorded
    - **Data**: 40 drawings
    - **Seeds**: 0
    - **Score, accuracy**: 0.9 on 10 unseen
    - **Licence**: MIT
    - **Made**: by hand
    <BLANKLINE>
    | file | bytes | sha256 |
    |---|---|---|
    | model.safetensors | 12 | 0000000000000000000000000000000000000000000000000000000000000000 |

    Paper: Mitchell et al. (2019), "Model cards for model reporting", arXiv:1810.03993.

    Built in: lesson 06.
    """

    what: str
    data: str
    seeds: str
    scores: Mapping[str, str] = field(hash=False)
    licence: str
    limits: str = ""
    recipe: str = ""

    def __post_init__(self) -> None:
        for name in ("what", "data", "seeds", "scores", "licence"):
            if not getattr(self, name) or not str(getattr(self, name)).strip():
                raise ValueError(f"expected the card to say its {name}, got nothing")
        for label, value in self.scores.items():
            if not isinstance(value, str) or not value.strip():
                raise ValueError(f"expected the score {label!r} in words, as in '0.5 (0.4 to 0.6)', got {value!r}")

    def text(self, name: str, files: Mapping[str, tuple[int, str]], made: str) -> str:
        """The card in Markdown. `files`: name -> bytes and sha256. `made`: when and with what."""
        facts = {"Recipe": f"`{self.recipe}`" if self.recipe else "none recorded", "Data": self.data}
        facts |= {"Seeds": self.seeds}
        facts |= {f"Score, {label}": value for label, value in self.scores.items()}
        facts |= {"Licence": self.licence, "Limits": self.limits, "Made": made}
        lines = [f"# {name}", "", self.what, ""]
        lines += [f"- **{label}**: {fact}" for label, fact in facts.items() if fact]
        lines += ["", "| file | bytes | sha256 |", "|---|---|---|"]
        lines += [f"| {file} | {size:,} | {digest} |" for file, (size, digest) in files.items()]
        return "\n".join(lines)


def hashes_in(card: str) -> dict[str, str]:
    """File -> sha256, read from a card's table of files.

    >>> hashes_in("| file | bytes | sha256 |\\n|---|---|---|\\n| a.json | 1,200 | " + "ab" * 32 + " |")
    {'a.json': 'abababababababababababababababababababababababababababababababab'}

    Built in: lesson 06.
    """
    return dict(_ROW.findall(card))
