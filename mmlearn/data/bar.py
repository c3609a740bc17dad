"""A progress bar that a learner sees and a stored notebook does not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from mmlearn.mode import building

T = TypeVar("T")


def bar(items: Iterable[T], label: str, total: int | None = None) -> Iterable[T]:
    """Loop over `items` with a bar that ends up empty (leave=False); silent while lessons are built.

    >>> sum(bar([1, 2, 3], "adding"))
    6

    Built in: lesson 00.
    """
    from tqdm.auto import tqdm

    wrapped: Iterable[T] = tqdm(items, desc=label, total=total, leave=False, disable=building())
    return wrapped
