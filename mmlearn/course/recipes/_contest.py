"""What several contestants say of stickers that were held out: a table of the answers, and their scores in words."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mmlearn.types import StrArray

if TYPE_CHECKING:
    from mmlearn.data.splits import Split
    from mmlearn.data.stickers import Stickers


def answers_table(deck: Stickers, splits: list[Split], answers: Mapping[str, StrArray]) -> bytes:
    """answers.csv: a row a sticker, in the deck's order, with the split that tested it and what everybody said."""
    number = np.empty(len(deck), dtype=np.int64)
    for place, split in enumerate(splits):
        number[split.test] = place
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["code", "family", "split", "group", *answers])
    writer.writerows(zip(deck.codes, deck.families, number, deck.groups, *answers.values(), strict=True))
    return text.getvalue().encode()


def contest_scores(
    deck: Stickers, splits: list[Split], answers: Mapping[str, StrArray], pairs: Sequence[tuple[str, str]]
) -> dict[str, str]:
    """Label -> score in words: the majority's, everybody's, and what the first of each pair gains on the second."""
    from mmlearn.score.baselines import majority_accuracy
    from mmlearn.score.bootstrap import bootstrap_interval, paired_gain

    truth, families = deck.groups, deck.families
    majority = np.mean([majority_accuracy(truth[train], truth[test]) for train, test in splits])
    scores = {"majority": f"{majority:.3f}, mean of {len(splits)} splits"}
    for name, said in answers.items():
        hits = (said == truth).astype(float)
        by_split = [hits[test].mean() for _, test in splits]
        low, high = bootstrap_interval(hits, groups=families)
        each = " ".join(f"{share:.3f}" for share in by_split)
        scores[name] = (
            f"{np.mean(by_split):.3f}, mean of {each}; all stickers {hits.mean():.3f} ({low:.3f} to {high:.3f})"
        )
    for better, worse in pairs:
        gain = paired_gain((answers[better] == truth) * 1.0, (answers[worse] == truth) * 1.0, groups=families)
        scores[f"{better} over {worse}"] = "{:+.3f} ({:+.3f} to {:+.3f}), paired".format(*gain)
    return scores
