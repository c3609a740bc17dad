"""Broadcasting, backwards."""

from __future__ import annotations

from mmlearn.types import FloatArray


def unbroadcast(gradient: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """The gradient of an array that was broadcast: sum over every axis along which it was copied.

    y = x + b with b (D,) copied to (N, D): dL/db_d = sum_n dL/dy_nd, for b_d had a hand in N numbers.

    Args:
        gradient: with respect to the broadcast array.
        shape: of the array before it was broadcast.

    Returns the gradient in that shape. Raises ValueError if `shape` does not broadcast to the gradient's.

    >>> import numpy as np
    >>> unbroadcast(np.ones((4, 3)), (3,)), unbroadcast(np.ones((4, 3)), (4, 1)).shape
    (array([4., 4., 4.]), (4, 1))

    Built in: lesson 06.
    """
    added = gradient.ndim - len(shape)
    kept = gradient.shape[added:] if added >= 0 else ()
    if added < 0 or any(size not in {1, due} for size, due in zip(shape, kept, strict=True)):
        raise ValueError(f"expected a shape that broadcasts to {gradient.shape}, got {shape}")
    gradient = gradient.sum(axis=tuple(range(added)))  # axes that were put in front
    stretched = tuple(i for i, (size, due) in enumerate(zip(shape, kept, strict=True)) if size != due)
    summed: FloatArray = gradient.sum(axis=stretched, keepdims=True)  # axes of length 1 that were stretched
    return summed
