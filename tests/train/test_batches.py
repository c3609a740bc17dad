"""Batches: whole epochs, random access, exact repeats; against torch's DataLoader for what an epoch holds."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from mmlearn.train import batches as module


def noisy(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return images + torch.rand(images.shape, generator=generator)


def test_an_epoch_holds_every_row_once_as_the_dataloaders_does() -> None:
    for n, size in [(10, 3), (9, 3), (1, 1), (5, 8), (7, 1)]:
        x, y = np.arange(n), np.arange(n) * 10.0
        ours = module.Batches(x, y, batch_size=size, seed=1)
        theirs = list(DataLoader(TensorDataset(torch.from_numpy(x), torch.from_numpy(y)), size, shuffle=True))
        assert ours.epoch_steps == len(theirs)
        for epoch in range(3):
            steps = range(epoch * ours.epoch_steps, (epoch + 1) * ours.epoch_steps)
            mine = [ours[step] for step in steps]
            assert [len(batch[0]) for batch in mine] == [len(batch[0]) for batch in theirs]
            assert sorted(torch.cat([a for a, _ in mine]).tolist()) == list(range(n))
            assert all(torch.equal(b, a * 10.0) for a, b in mine)  # rows stay together


def test_each_epoch_and_each_seed_has_its_own_order() -> None:
    x = np.arange(20)
    orders = [module.Batches(x, batch_size=20, seed=seed)[epoch][0].tolist() for seed in (0, 1) for epoch in (0, 1, 2)]
    assert len({tuple(order) for order in orders}) == 6


def test_a_step_gives_the_same_batch_whatever_was_asked_before() -> None:
    x, y = np.random.default_rng(0).random((10, 2), dtype=np.float32), np.arange(10)
    forwards = [module.Batches(x, y, batch_size=4, seed=5, augment=noisy)[step] for step in range(9)]
    again = module.Batches(x, y, batch_size=4, seed=5, augment=noisy)
    for step in (8, 0, 5, 5, 2):
        assert all(torch.equal(a, b) for a, b in zip(again[step], forwards[step], strict=True))


def test_augmentation_changes_the_first_array_only_and_anew_at_each_step() -> None:
    x, y = torch.zeros(6, 2), torch.arange(6.0)
    plain = module.Batches(x, y, batch_size=6, seed=0)
    batches = module.Batches(x, y, batch_size=6, seed=0, augment=noisy)
    seen = [batches[step] for step in range(4)]
    assert len({tuple(images.flatten().tolist()) for images, _ in seen}) == 4
    assert all(torch.equal(batches[step][1], plain[step][1]) for step in range(4))
    other = module.Batches(x, y, batch_size=6, seed=1, augment=noisy)
    assert not torch.equal(other[0][0], batches[0][0])
    assert not x.any()  # the data itself is left alone


def test_augmentation_leaves_the_shared_generator_alone() -> None:
    batches = module.Batches(torch.zeros(4, 1), batch_size=2, augment=noisy)
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    _ = batches[0]
    assert torch.equal(torch.rand(1), expected)


def test_numbers_keep_their_type() -> None:
    kinds: list[Any] = [
        np.zeros(3, np.uint8),
        np.zeros(3),
        np.zeros((3, 2), np.float32),
        torch.zeros(3).bool(),
        [1, 2, 3],
    ]
    found = [tensor.dtype for tensor in module.Batches(*kinds, batch_size=2)[0]]
    assert found == [torch.uint8, torch.float64, torch.float32, torch.bool, torch.int64]
    backwards = np.arange(6)[::-1]  # a view with a negative stride, which torch alone would refuse
    assert sorted(module.Batches(backwards, batch_size=6)[0][0].tolist()) == list(range(6))


def test_read_only_arrays_will_do_without_a_warning() -> None:
    rows = np.arange(4)
    rows.setflags(write=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sorted(module.Batches(rows, batch_size=4)[0][0].tolist()) == [0, 1, 2, 3]


def test_bad_input_is_refused() -> None:
    for arrays in ([], [np.zeros(0)], [np.zeros(3), np.zeros(4)]):
        with pytest.raises(ValueError, match="the same number of rows, 1 or more, got lengths"):
            module.Batches(*arrays, batch_size=1)
    for size in (0, -1, 2.0, True, "4"):
        with pytest.raises(ValueError, match="batch_size of 1 or more"):
            module.Batches(np.zeros(3), batch_size=size)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"expected numbers in array 1, got <U3: encode labels as whole numbers"):
        module.Batches(np.zeros(2), np.array(["cat", "dog"]), batch_size=1)
    with pytest.raises(TypeError, match="array with rows at place 0"):
        module.Batches(np.float64(3.0), batch_size=1)
    with pytest.raises(IndexError, match="step of 0 or more, got -1"):
        _ = module.Batches(np.zeros(3), batch_size=1)[-1]


PLAIN = module.Batches


class _OneOrder(module.Batches):
    def _shuffled(self, epoch: int) -> Any:
        return PLAIN._shuffled(self, 0)


class _WithRepeats(module.Batches):
    def _shuffled(self, epoch: int) -> Any:
        n = len(self.arrays[0])
        return np.random.default_rng([self.seed, epoch]).integers(0, n, n)


class _WithoutTheRest(module.Batches):
    @property
    def epoch_steps(self) -> int:
        return max(1, len(self.arrays[0]) // self.batch_size)


class _Forwards(module.Batches):
    def _shuffled(self, epoch: int) -> Any:
        return torch.randperm(len(self.arrays[0])).numpy()


class _OneAugmentation(module.Batches):
    def __getitem__(self, step: int) -> Any:
        first, *others = PLAIN.__getitem__(self, step)  # as before, but drawn as at step 0
        rows = self.arrays[0][: len(first)]
        return (rows + torch.rand(rows.shape, generator=torch.Generator().manual_seed(self.seed)), *others)


EPOCH, ORDER = (
    test_an_epoch_holds_every_row_once_as_the_dataloaders_does,
    test_each_epoch_and_each_seed_has_its_own_order,
)
REPEAT, ANEW = (
    test_a_step_gives_the_same_batch_whatever_was_asked_before,
    test_augmentation_changes_the_first_array_only_and_anew_at_each_step,
)
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("every epoch in one order", "Batches", _OneOrder, ORDER),
    ("rows drawn with repeats", "Batches", _WithRepeats, EPOCH),
    ("the last rows of an epoch are dropped", "Batches", _WithoutTheRest, EPOCH),
    ("orders from the shared generator", "Batches", _Forwards, REPEAT),
    ("one augmentation for all steps", "Batches", _OneAugmentation, ANEW),
)


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)
