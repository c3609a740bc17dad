"""A tiny autograd engine: NumPy arrays that remember how they were made.

Every operation makes a new node that keeps its parents and, for each, a *pull*: the function that turns the
gradient of the result into the gradient of that parent. `backward` walks from the end to the beginning and
pulls. That is all that ``loss.backward()`` does in PyTorch, too.

Reference: Baydin, Pearlmutter, Radul, Siskind (2018), "Automatic differentiation in machine learning: a survey",
arXiv:1502.05767, section 3.2 (reverse mode).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.blocks.broadcast import unbroadcast
from mmlearn.types import FloatArray

Pull = Callable[[FloatArray], FloatArray]
Slope = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
_births = itertools.count()


def topological_order(end: Value) -> list[Value]:
    """Every node that `end` was made from, each after its parents; `end` is the last.

    A node is born after its parents, so the order of birth will do: no recursion, so no limit to the depth.

    >>> x = Value(3.0)
    >>> [node.operation for node in topological_order((x * x + x).relu())]
    ['', '*', '+', 'relu']

    Built in: lesson 06.
    """
    found, waiting = {id(end): end}, [end]
    while waiting:
        for parent, _ in waiting.pop().parents:
            if id(parent) not in found:
                found[id(parent)] = parent
                waiting.append(parent)
    return sorted(found.values(), key=lambda node: node.born)


def backward(end: Value, gradient: ArrayLike | None = None) -> None:
    """Add to every node's `.grad` the derivative of `end` with respect to it, by the chain rule, last node first.

    dL/dparent = sum over its children of pull(dL/dchild). A node is visited after all its children, so its own
    gradient is complete when it is passed on. As in PyTorch a second call adds to what is there; unlike
    PyTorch every node keeps its gradient, not only the leaves, and the graph is not thrown away.

    Args:
        end: a single number, unless `gradient` is given.
        gradient: dL/dend, in the shape of `end`; None: 1.

    Raises ValueError if `end` has several numbers and `gradient` is not of its shape.

    >>> backward(((x := Value([1.0, 2.0, 3.0])) * x).sum())
    >>> x.grad
    array([2., 4., 6.])

    Built in: lesson 06.
    """
    start = np.asarray(1.0 if gradient is None else gradient, dtype=np.float64)
    if start.shape != end.shape and (start.size, end.data.size) != (1, 1):
        raise ValueError(
            f"expected a gradient of shape {end.shape}, got {start.shape}: backward starts at one number, "
            "such as the .mean() of all losses, or with a gradient as large as the array"
        )
    gradients: dict[int, FloatArray] = {id(end): start.reshape(end.shape)}  # of this call; .grad may hold more
    for node in reversed(topological_order(end)):
        upstream = gradients.pop(id(node))
        node.grad = np.array(upstream) if node.grad is None else node.grad + upstream
        for parent, pull in node.parents:
            pulled = np.asarray(pull(upstream))
            gradients[id(parent)] = gradients[id(parent)] + pulled if id(parent) in gradients else pulled


class Value:
    """A float64 array that remembers how it was made: ``+ - * / ** @``, sum, mean, reshape, transpose, relu ...

    Differs from torch.Tensor: always float64; every node keeps a `.grad`; shapes follow NumPy's names
    (``transpose(*axes)`` is torch's ``permute``); `.data` cannot be changed in place, only replaced, since
    a pull may still need the old numbers (PyTorch counts versions and raises at backward).

    Args:
        data: numbers, copied. Constants take part in operations as they are: ``2 * x``, ``x @ array``.
        parents: (node, pull) pairs; given by operations, not by you.
        operation: what made it, "" for a leaf.

    >>> w, x = Value([[1.0], [2.0]]), Value([[3.0, 4.0]])
    >>> loss = ((x @ w) ** 2).sum()  # (3 + 8)^2
    >>> loss.backward()
    >>> loss, w.grad.ravel()
    (Value(121.), array([66., 88.]))

    Built in: lesson 06.
    """

    __array_ufunc__ = None  # so that array + Value asks Value, not NumPy

    def __init__(self, data: ArrayLike, parents: tuple[tuple[Value, Pull], ...] = (), operation: str = "") -> None:
        self.data = data
        self.parents, self.operation = parents, operation
        self.grad: FloatArray | None = None
        self.born = next(_births)

    @property
    def data(self) -> FloatArray:
        """The numbers, read-only; assign a new array of the same shape to replace them."""
        return self._data

    @data.setter
    def data(self, numbers: ArrayLike) -> None:
        array = np.asarray(numbers)
        if array.dtype.kind not in "iuf":
            raise TypeError(f"expected real numbers, got {array.dtype}: labels and text have no gradient")
        if hasattr(self, "_data") and array.shape != self.shape:
            raise ValueError(f"expected new numbers of shape {self.shape}, got {array.shape}")
        self._data: FloatArray = array.astype(np.float64)  # a copy, always
        self._data.flags.writeable = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the numbers."""
        return self.data.shape

    def __repr__(self) -> str:
        return f"Value({np.array2string(self.data, separator=', ', threshold=20)})"

    def backward(self, gradient: ArrayLike | None = None) -> None:
        """`backward` from here."""
        backward(self, gradient)

    def __add__(self, other: Any) -> Value:
        return _pair("+", np.add, lambda g, a, b: g, lambda g, a, b: g, self, other)

    def __sub__(self, other: Any) -> Value:
        return _pair("-", np.subtract, lambda g, a, b: g, lambda g, a, b: -g, self, other)

    def __mul__(self, other: Any) -> Value:
        return _pair("*", np.multiply, lambda g, a, b: g * b, lambda g, a, b: g * a, self, other)

    def __truediv__(self, other: Any) -> Value:
        return _pair("/", np.divide, lambda g, a, b: g / b, lambda g, a, b: -g * (a / b) / b, self, other)

    def __matmul__(self, other: Any) -> Value:
        return matmul(self, _value(other))

    def __rsub__(self, other: Any) -> Value:
        return _value(other) - self

    def __rtruediv__(self, other: Any) -> Value:
        return _value(other) / self

    def __rmatmul__(self, other: Any) -> Value:
        return matmul(_value(other), self)

    __radd__, __rmul__ = __add__, __mul__  # the order does not matter

    def __neg__(self) -> Value:
        return self * -1.0

    def __pow__(self, power: float) -> Value:
        if isinstance(power, bool) or not isinstance(power, int | float | np.integer | np.floating):
            raise TypeError(f"expected a plain number as the power, got {type(power).__name__}: (p * x.log()).exp()?")
        power = float(power)
        slope = power * self.data ** (power - 1.0) if power else np.zeros(self.shape)  # 0 * 0^-1 would be NaN
        return Value(self.data**power, ((self, lambda g: g * slope),), f"**{power:g}")

    def exp(self) -> Value:
        """e^x, whose slope is itself."""
        result = np.exp(self.data)
        return Value(result, ((self, lambda g: g * result),), "exp")

    def log(self) -> Value:
        """The natural logarithm; slope 1 / x."""
        x = self.data
        return Value(np.log(x), ((self, lambda g: g / x),), "log")

    def tanh(self) -> Value:
        """Slope 1 - tanh^2."""
        result = np.tanh(self.data)
        return Value(result, ((self, lambda g: g * (1 - result**2)),), "tanh")

    def relu(self) -> Value:
        """max(x, 0); at 0 itself the slope is taken to be 0, as in PyTorch."""
        positive = self.data > 0
        return Value(np.maximum(self.data, 0.0), ((self, lambda g: g * positive),), "relu")

    def sum(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Value:
        """Over one axis, several, or all; backwards, every summand gets the sum's gradient."""
        kept = self.data.sum(axis=axis, keepdims=True).shape
        x = self.data
        pull = lambda g: np.broadcast_to(g.reshape(kept), x.shape)  # noqa: E731
        return Value(x.sum(axis=axis, keepdims=keepdims), ((self, pull),), "sum")

    def mean(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Value:
        """The sum over how many there are; ValueError for none."""
        if not self.data.size:
            raise ValueError(f"expected numbers to take the mean of, got none: shape {self.shape}")
        total = self.sum(axis, keepdims)
        return total * (total.data.size / self.data.size)

    def reshape(self, *shape: int | tuple[int, ...]) -> Value:
        """The same numbers in another shape, -1 for "whatever is left"; backwards, the old shape."""
        old = self.shape
        return Value(self.data.reshape(_plain(shape)), ((self, lambda g: g.reshape(old)),), "reshape")

    def transpose(self, *axes: int | tuple[int, ...]) -> Value:
        """Axes in the order given, reversed without one; backwards, the inverse order."""
        order = _plain(axes) or tuple(reversed(range(self.data.ndim)))
        back = np.argsort([axis % self.data.ndim for axis in order]) if order else order
        return Value(self.data.transpose(order), ((self, lambda g: g.transpose(tuple(back))),), "transpose")

    @property
    def T(self) -> Value:
        """`transpose()`: the axes reversed."""
        return self.transpose()


def matmul(a: Value, b: Value) -> Value:
    """a @ b, the last two axes multiplied, the others broadcast; an array of one axis is a row, or a column.

    Y = A B: dL/dA = dL/dY B^T and dL/dB = A^T dL/dY. The shapes leave no other way.

    Args:
        a, b: (..., N, K) and (..., K, M), or (K,) in place of either.

    Returns (..., N, M). Raises ValueError if K is not the same, or an operand is a single number.

    >>> matmul(Value([[1.0, 2.0]]), Value([3.0, 4.0]))
    Value([11.])

    Built in: lesson 06.
    """
    rows, columns = a.data.ndim, b.data.ndim
    if min(rows, columns) == 0 or a.shape[-1] != b.shape[max(columns - 2, 0)]:
        raise ValueError(f"expected (..., N, K) @ (..., K, M), got {a.shape} @ {b.shape}: is one transposed?")
    a = a.reshape(1, -1) if rows == 1 else a
    b = b.reshape(-1, 1) if columns == 1 else b
    x, y = a.data, b.data
    pulls = (
        (a, lambda g: unbroadcast(g @ y.swapaxes(-1, -2), x.shape)),  # (..., N, M) @ (..., M, K)
        (b, lambda g: unbroadcast(x.swapaxes(-1, -2) @ g, y.shape)),  # (..., K, N) @ (..., N, M)
    )
    result = Value(x @ y, pulls, "@")
    shape = result.shape[:-2] + result.shape[-2:-1] * (rows > 1) + result.shape[-1:] * (columns > 1)
    return result if shape == result.shape else result.reshape(*shape)


def cross_entropy(logits: Value, labels: ArrayLike) -> Value:
    """The mean surprise at the right answers: mean over n of -log softmax(logits_n)[label_n], natural log.

    Gradient: (softmax - one-hot) / N, what the model believes less what is true. As torch's cross_entropy; the
    largest logit of a row is taken off first, so nothing overflows.

    Args:
        logits: (N, C), any real numbers.
        labels: (N,) whole numbers 0 to C - 1.

    Returns one number, 0 or more; log C for logits that are all alike. Raises ValueError for other shapes, no rows,
    or labels that are not 0 to C - 1.

    >>> round(float(cross_entropy(Value([[0.0, 0.0], [9.0, 0.0]]), [1, 0]).data), 4)
    0.3466

    Built in: lesson 06.
    """
    logits, true = _value(logits), np.asarray(labels)
    if logits.data.ndim != 2 or true.shape != logits.shape[:1] or len(true) == 0:
        raise ValueError(f"expected logits (N, C) and N labels, got {logits.shape} and {true.shape}")
    if true.dtype.kind not in "iu" or true.min() < 0 or true.max() >= logits.shape[1]:
        raise ValueError(f"expected labels from 0 to {logits.shape[1] - 1}, whole numbers, got {true[:5]} ...")
    shifted = logits.data - logits.data.max(axis=1, keepdims=True)  # (N, C)
    log_softmax = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))  # (N, C)
    one_hot = np.eye(logits.shape[1])[true]  # (N, C)
    slope = (np.exp(log_softmax) - one_hot) / len(true)
    return Value(-log_softmax[np.arange(len(true)), true].mean(), ((logits, lambda g: g * slope),), "cross entropy")


def _value(other: Any) -> Value:
    return other if isinstance(other, Value) else Value(other)  # a constant is a leaf of its own


def _plain(numbers: tuple[int | tuple[int, ...], ...]) -> tuple[int, ...]:
    """(2, 3) of both ``reshape(2, 3)`` and ``reshape((2, 3))``."""
    return tuple(np.ravel(numbers).tolist())


def _pair(name: str, forward: Callable[..., FloatArray], left: Slope, right: Slope, one: Value, other: Any) -> Value:
    """An operation on two arrays, element by element, broadcast forwards and summed backwards."""
    a, b = one, _value(other)
    x, y = a.data, b.data
    pull_a: Pull = lambda g: unbroadcast(left(g, x, y), x.shape)  # noqa: E731
    pull_b: Pull = lambda g: unbroadcast(right(g, x, y), y.shape)  # noqa: E731
    return Value(forward(x, y), ((a, pull_a), (b, pull_b)), name)
