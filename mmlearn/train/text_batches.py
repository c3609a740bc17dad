"""Batches of texts of similar length, so that little of the work is spent on padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from mmlearn.data.padding import pad
from mmlearn.train.batches import whole_step
from mmlearn.types import IntArray

POOL = 32  # batches that are sorted by length together: enough to save padding, few enough to stay shuffled


class TextBatches:
    """Shuffled batches of token ids by number: ``batches[step]`` is ids (B, T) and mask (B, T), True = real.

    Like `mmlearn.train.batches.Batches` (random access, every text once an epoch, the order from (seed, epoch)
    alone), but the texts are lists of any length. Each epoch they are shuffled, sorted by length within pools of
    32 batches, cut into batches, and these shuffled: T is the longest of its batch alone.

    Args:
        rows: N lists of token ids, N >= 1, none of them empty.
        batch_size: texts a batch, 1 or more; the last ones of an epoch may be fewer.
        seed: of the orders, 0 or more.
        fill: the id that fills up short texts.

    Raises ValueError for no texts, an empty one, or a batch size below 1; IndexError for a step below 0.

    >>> batches = TextBatches([[1], [2, 3, 4], [5], [6, 7, 8]], batch_size=2)
    >>> sorted(tuple(batches[step][0].shape) for step in range(batches.epoch_steps))
    [(2, 1), (2, 3)]

    Built in: lesson 08.
    """

    def __init__(self, rows: Sequence[Sequence[int]], batch_size: int, seed: int = 0, fill: int = 0) -> None:
        if isinstance(batch_size, bool) or not isinstance(batch_size, int | np.integer) or batch_size < 1:
            raise ValueError(f"expected a batch_size of 1 or more, a whole number, got {batch_size!r}")
        self.rows = [list(row) for row in rows]
        self.lengths = np.array([len(row) for row in self.rows], dtype=np.int64)
        if not self.rows or not self.lengths.all():
            raise ValueError("expected one text or more, none of them without a token: drop empty texts first")
        self.batch_size, self.seed, self.fill = int(batch_size), seed, fill
        self._epoch: tuple[int, list[IntArray]] = (0, self._batches_of(0))

    @property
    def epoch_steps(self) -> int:
        """Steps in which every text is seen once."""
        return -(-len(self.rows) // self.batch_size)

    def __getitem__(self, step: int) -> tuple[Tensor, Tensor]:
        """The batch of a step, 0 or more: ids (B, T) int64, mask (B, T) bool."""
        whole_step(step)
        epoch, place = divmod(int(step), self.epoch_steps)
        if self._epoch[0] != epoch:  # kept while the epoch lasts
            self._epoch = (epoch, self._batches_of(epoch))
        ids, mask = pad([self.rows[row] for row in self._epoch[1][place]], self.fill)
        return torch.from_numpy(ids), torch.from_numpy(mask)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        raise TypeError("batches have no end: one epoch is [batches[s] for s in range(batches.epoch_steps)]")

    def _batches_of(self, epoch: int) -> list[IntArray]:
        """The row numbers of every batch of an epoch."""
        generator = np.random.default_rng([self.seed, epoch])
        order = generator.permutation(len(self.rows))
        pool = POOL * self.batch_size
        cuts = [order[start : start + pool] for start in range(0, len(order), pool)]
        order = np.concatenate([cut[np.argsort(self.lengths[cut], kind="stable")] for cut in cuts])
        batches = [order[start : start + self.batch_size] for start in range(0, len(order), self.batch_size)]
        return [batches[place] for place in generator.permutation(len(batches))]
