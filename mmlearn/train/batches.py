"""Batches by number: the batch of any step can be asked for, whatever came before."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

Augment = Callable[[Tensor, torch.Generator], Tensor]


class Batches:
    """Shuffled batches of one or more arrays with N rows each: ``batches[step]`` is a tuple of tensors.

    Step ``s`` belongs to epoch ``s // E``, with ``E = ceil(N / batch_size)`` steps in an epoch. Each epoch is a
    new order of all rows, drawn from (seed, epoch) alone: no row twice in an epoch, none left out, the last batch
    shorter where the size does not divide N. A torch ``DataLoader`` walks the same way, but only forwards; this
    one is random access, so training that was cut off goes on at its step with the very batches it would have had.

    Args:
        arrays: NumPy arrays or tensors of equal length N >= 1; numbers keep their type.
        batch_size: rows in a batch, 1 or more.
        seed: of the orders and of `augment`, 0 or more.
        augment: changes the first array of each batch, as in ``images = augment(images, generator)``; the
            generator is seeded by (seed, step), so a step's augmentation is always the same.

    They have no end, so ``for x, y in batches`` is refused: one epoch is ``range(batches.epoch_steps)``.

    Raises ValueError for no arrays, unequal lengths, a batch size below 1, a seed below 0, or an `augment` that loses
    rows; TypeError for what is no number and for a step that is not whole; IndexError for a step below 0.

    >>> batches = Batches(np.arange(5), np.arange(5) ** 2, batch_size=2, seed=3)
    >>> batches.epoch_steps
    3
    >>> [len(x) for x, y in (batches[step] for step in range(3))]
    [2, 2, 1]
    >>> sorted(torch.cat([batches[step][0] for step in range(3)]).tolist())
    [0, 1, 2, 3, 4]

    Built in: lesson 06.
    """

    def __init__(
        self, *arrays: ArrayLike | Tensor, batch_size: int, seed: int = 0, augment: Augment | None = None
    ) -> None:
        self.arrays = tuple(_as_tensor(place, array) for place, array in enumerate(arrays))
        lengths = [len(array) for array in self.arrays]
        if not lengths or len(set(lengths)) > 1 or not lengths[0]:
            raise ValueError(f"expected arrays with the same number of rows, 1 or more, got lengths {lengths}")
        if isinstance(batch_size, bool) or not isinstance(batch_size, int | np.integer) or batch_size < 1:
            raise ValueError(f"expected a batch_size of 1 or more, a whole number, got {batch_size!r}")
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
            raise ValueError(f"expected a seed of 0 or more, a whole number, got {seed!r}")
        self.batch_size, self.seed, self.augment = int(batch_size), int(seed), augment
        self._order: tuple[int, NDArray[np.int64]] = (0, self._shuffled(0))

    @property
    def epoch_steps(self) -> int:
        """Steps in which every row is seen once."""
        return -(-len(self.arrays[0]) // self.batch_size)

    def __getitem__(self, step: int) -> tuple[Tensor, ...]:
        """The batch of a step, 0 or more: (B, ...) of each array, B = batch_size or fewer."""
        whole_step(step)
        epoch, place = divmod(int(step), self.epoch_steps)
        if self._order[0] != epoch:  # the order is kept while the epoch lasts
            self._order = (epoch, self._shuffled(epoch))
        rows = torch.from_numpy(self._order[1][place * self.batch_size : (place + 1) * self.batch_size])  # (B,)
        first, *others = (array[rows] for array in self.arrays)  # (B, ...) each
        if self.augment is not None:
            drawn = np.random.SeedSequence([self.seed, int(step)]).generate_state(1, np.uint64)[0] >> np.uint64(1)
            first = self._augmented(first, torch.Generator().manual_seed(int(drawn)))
        return (first, *others)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        raise TypeError("batches have no end: one epoch is [batches[s] for s in range(batches.epoch_steps)]")

    def _augmented(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        assert self.augment is not None
        changed = self.augment(rows, generator)
        if not isinstance(changed, Tensor) or len(changed) != len(rows):
            got = len(changed) if isinstance(changed, Tensor) else type(changed).__name__
            raise ValueError(f"expected augment to give back {len(rows)} rows, a tensor, got {got}")
        return changed

    def _shuffled(self, epoch: int) -> NDArray[np.int64]:
        return np.random.default_rng([self.seed, epoch]).permutation(len(self.arrays[0]))


def whole_step(step: object) -> None:
    """Refuse what is no step: TypeError for no whole number, IndexError for one below 0.

    Built in: lesson 06.
    """
    if isinstance(step, bool) or not isinstance(step, int | np.integer):
        raise TypeError(f"expected a step, a whole number, got {step!r}")
    if step < 0:
        raise IndexError(f"expected a step of 0 or more, got {step}: there is no last batch to count back from")


def _as_tensor(place: int, array: ArrayLike | Tensor) -> Tensor:
    rows = array if isinstance(array, Tensor) else np.asarray(array, order="C")
    if isinstance(rows, np.ndarray) and not rows.flags.writeable:
        rows = rows.copy()  # torch would warn of what it shares and must not write
    try:
        tensor = rows if isinstance(rows, Tensor) else torch.from_numpy(rows)
    except TypeError:
        kind = rows.dtype
        raise TypeError(
            f"expected numbers in array {place}, got {kind}: encode labels as whole numbers first, "
            "as in np.unique(labels, return_inverse=True)"
        ) from None
    if not tensor.ndim:
        raise TypeError(f"expected an array with rows at place {place}, got the single value {tensor.item()!r}")
    return tensor
