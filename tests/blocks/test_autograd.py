"""The engine against torch in float64: values and gradients of every operation, of random programs, of odd shapes."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmlearn.blocks import autograd, broadcast
from mmlearn.blocks.autograd import Value

CLOSE = {"rtol": 1e-10, "atol": 1e-10}
SHAPES = [
    ((), ()), ((3,), (3,)), ((4, 3), (3,)), ((3,), (4, 3)), ((4, 1), (1, 3)), ((4, 3), ()), ((2, 1, 3), (4, 1)),
    ((1,), (5,)), ((1, 1), (1, 1)), ((0, 3), (3,)),
]  # fmt: skip
PAIRS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "a * a + b": lambda a, b: a * a + b,
}
ALONE: dict[str, tuple[Callable[[Value], Value], Callable[[torch.Tensor], torch.Tensor]]] = {
    "relu": (lambda x: x.relu(), lambda x: x.relu()),
    "tanh": (lambda x: x.tanh(), lambda x: x.tanh()),
    "exp": (lambda x: x.exp(), lambda x: x.exp()),
    "log": (lambda x: (x * x + 0.1).log(), lambda x: (x * x + 0.1).log()),
    "square": (lambda x: x**2, lambda x: x**2),
    "inverse": (lambda x: (x * x + 1) ** -1, lambda x: (x * x + 1) ** -1),
    "root": (lambda x: (x * x + 1) ** 0.5, lambda x: (x * x + 1) ** 0.5),
    "power zero": (lambda x: x**0, lambda x: x**0),
    "constants": (lambda x: 2 - 3 * x / 4 + (1 / (x * x + 1)), lambda x: 2 - 3 * x / 4 + (1 / (x * x + 1))),
    "minus": (lambda x: -x, lambda x: -x),
    "sum": (lambda x: x.sum(), lambda x: x.sum()),
    "sum of an axis": (lambda x: x.sum(1), lambda x: x.sum(1)),
    "sum of the last axis, kept": (lambda x: x.sum(-1, keepdims=True), lambda x: x.sum(-1, keepdim=True)),
    "sum of two axes": (lambda x: x.sum((0, -1)), lambda x: x.sum((0, -1))),
    "mean": (lambda x: x.mean(), lambda x: x.mean()),
    "mean of two axes, kept": (lambda x: x.mean((0, 2), keepdims=True), lambda x: x.mean((0, 2), keepdim=True)),
    "reshape": (lambda x: x.reshape(4, -1), lambda x: x.reshape(4, -1)),
    "transpose": (lambda x: x.transpose(2, 0, 1), lambda x: x.permute(2, 0, 1)),
    "transpose from the end": (lambda x: x.transpose(-1, 0, 1), lambda x: x.permute(-1, 0, 1)),
    "T": (lambda x: x.T, lambda x: x.permute(2, 1, 0)),
}


def arrays(*shapes: tuple[int, ...], seed: int = 0) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    return [generator.normal(size=shape) + 0.3 for shape in shapes]


def assert_equal_to_torch(ours: Callable[..., Any], theirs: Callable[..., Any], *inputs: np.ndarray) -> None:
    """Values, and the gradients of a random projection of them, so that no error cancels out."""
    values = [Value(x) for x in inputs]
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in inputs]
    mine, due = ours(*values), theirs(*leaves)
    assert mine.shape == tuple(due.shape)
    np.testing.assert_allclose(mine.data, due.detach().numpy(), **CLOSE)
    onto = np.random.default_rng(9).normal(size=mine.shape)
    mine.backward(onto)
    due.backward(torch.tensor(onto))
    for value, leaf in zip(values, leaves, strict=True):
        assert value.grad is not None and value.grad.shape == value.shape
        np.testing.assert_allclose(value.grad, leaf.grad, **CLOSE)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_pairs_are_torchs_however_they_broadcast(name: str, shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    assert_equal_to_torch(PAIRS[name], PAIRS[name], *arrays(*shapes))


@pytest.mark.parametrize("name", ALONE)
def test_operations_on_one_array_are_torchs(name: str) -> None:
    x = arrays((2, 3, 4))[0]
    x[0, 0, 0] = 0.0  # where relu has its corner
    assert_equal_to_torch(*ALONE[name], x)


@pytest.mark.parametrize(
    "shapes",
    [((4, 3), (3, 5)), ((2, 4, 3), (3, 5)), ((2, 4, 3), (2, 3, 5)), ((3,), (3, 5)), ((4, 3), (3,)), ((3,), (3,)),
     ((2, 1, 4, 3), (5, 3, 2)), ((1, 1), (1, 1)), ((3,), (2, 3, 5)), ((0, 3), (3, 2))],
    ids=str,
)  # fmt: skip
def test_matmul_is_torchs(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    assert_equal_to_torch(lambda a, b: a @ b, lambda a, b: a @ b, *arrays(*shapes))


@pytest.mark.parametrize(("n", "classes"), [(1, 2), (5, 3), (7, 11), (3, 1)])
def test_cross_entropy_is_torchs_even_far_out(n: int, classes: int) -> None:
    labels = np.random.default_rng(n).integers(0, classes, n)
    logits = arrays((n, classes))[0]
    for scale in (1, 300, 1e4):
        assert_equal_to_torch(
            lambda x: autograd.cross_entropy(x, labels),
            lambda x: F.cross_entropy(x, torch.from_numpy(labels)),
            scale * logits,
        )


def test_a_diamond_and_a_node_used_often() -> None:
    def program(a: Any, b: Any) -> Any:
        c = a * b
        d = c + a  # c and a go two ways and meet again
        e = d * c * a
        return e + (c * c) * d + e

    assert_equal_to_torch(program, program, *arrays((3, 2), (2,)))


def test_a_short_way_and_a_long_way_to_one_node() -> None:
    def program(a: Any) -> Any:
        b = a * a
        long = ((b * 2.0 + 1.0) * b).tanh() * 3.0
        return b + long * a

    assert_equal_to_torch(program, program, *arrays((4,)))


def test_a_perceptron_of_two_layers_is_torchs() -> None:
    labels = np.array([0, 2, 1, 1])
    ours = lambda x, w, b, v: autograd.cross_entropy((x @ w + b).relu() @ v, labels)  # noqa: E731
    theirs = lambda x, w, b, v: F.cross_entropy((x @ w + b).relu() @ v, torch.from_numpy(labels))  # noqa: E731
    assert_equal_to_torch(ours, theirs, *arrays((4, 5), (5, 6), (6,), (6, 3)))


@pytest.mark.parametrize("seed", range(8))
def test_random_programs_are_torchs(seed: int) -> None:
    def program(*leaves: Any) -> Any:
        generator, pool = np.random.default_rng(seed), list(leaves)
        for _ in range(12):
            i, j = generator.integers(0, len(pool), 2)
            made = [
                lambda a, b: a + b,
                lambda a, b: a * b,
                lambda a, b: a - b.tanh(),
                lambda a, b: a / (b * b + 1),
                lambda a, b: (a @ b.reshape(3, -1)).tanh() @ b if a.shape == b.shape == (3, 3) else a.relu() + b,
            ][generator.integers(0, 5)]
            pool.append(made(pool[i], pool[j]).tanh())
        return sum(pool[len(leaves) :], pool[0])

    assert_equal_to_torch(program, program, *arrays((3, 3), (3,), (3, 1), (3, 3), seed=seed))


def test_a_chain_may_be_far_deeper_than_pythons_recursion() -> None:
    depth = 5 * sys.getrecursionlimit()
    x = Value(1.0)
    y = x
    for _ in range(depth):
        y = y + x
    y.backward()
    assert x.grad == depth + 1


def test_a_second_backward_adds_as_in_torch() -> None:
    x, leaf = Value([1.0, -2.0]), torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
    y, due = (x * x).sum(), (leaf * leaf).sum()
    for _ in range(3):
        y.backward()
        due.backward(retain_graph=True)
        np.testing.assert_allclose(x.grad, leaf.grad, **CLOSE)
    (x * 3).sum().backward()
    np.testing.assert_allclose(x.grad, leaf.grad + 3, **CLOSE)


def test_backward_of_none_is_that_of_one() -> None:
    (x := Value([1.0, 2.0])).sum().backward(None)
    assert x.grad is not None and x.grad.tolist() == [1, 1]


def test_gradients_are_nobody_elses() -> None:
    a, b = Value([1.0, 2.0]), Value([3.0, 4.0])
    (a + b).sum().backward()
    assert a.grad is not None and b.grad is not None
    a.grad[0] = 9.0
    assert a.grad.tolist() == [9, 1] and b.grad.tolist() == [1, 1]
    (c := Value([1.0, 2.0])).sum().backward()  # where the sum's one gradient is spread over both
    assert c.grad is not None and c.grad.flags.writeable
    c.grad[0] = 9.0
    assert c.grad.tolist() == [9, 1]


def test_nan_stays_nan_in_relu() -> None:
    assert np.isnan(Value([math.nan]).relu().data).all() and torch.tensor([math.nan]).relu().isnan().all()


def test_shapes_as_tuples_and_numbers_of_numpy_will_do() -> None:
    x = arrays((2, 3, 4))[0]
    assert_equal_to_torch(lambda v: v.reshape((4, -1)), lambda v: v.reshape((4, -1)), x)
    assert_equal_to_torch(lambda v: v.transpose((2, 0, 1)), lambda v: v.permute((2, 0, 1)), x)
    assert_equal_to_torch(lambda v: v ** np.int64(2), lambda v: v**2, x)
    assert_equal_to_torch(lambda v: v.sum().reshape(()), lambda v: v.sum().reshape(()), x)
    assert autograd.cross_entropy(np.zeros((2, 4)), [1, 0]).data == pytest.approx(math.log(4))  # type: ignore[arg-type]


def test_finite_differences_agree() -> None:
    x = arrays((3, 2))[0]
    program = lambda v: ((v @ v.T).tanh() / (v * v + 1).sum()).mean()  # noqa: E731
    program(value := Value(x)).backward()
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = 1e-6
        slope = (program(Value(x + step)).data - program(Value(x - step)).data) / 2e-6
        assert abs(value.grad[place] - slope) < 1e-8


def test_every_node_comes_after_its_parents_and_once() -> None:
    a, b = Value(1.0), Value(2.0)
    end = ((a + b) * a).exp() * ((a + b) + a)
    order = autograd.topological_order(end)
    place = {id(node): i for i, node in enumerate(order)}
    assert len(place) == len(order) and order[-1] is end
    assert all(place[id(parent)] < place[id(node)] for node in order for parent, _ in node.parents)


def test_numpy_on_the_left_is_an_operand_too() -> None:
    array = np.arange(6.0).reshape(2, 3)
    for made in (array + Value(1.0), array * Value(2.0), array @ Value(np.ones(3)), np.float64(3) / Value(array + 1)):
        assert isinstance(made, Value)
    assert (array - Value(1.0)).data.tolist() == (array - 1).tolist()


def test_numbers_are_copied_and_cannot_be_changed_in_place() -> None:
    array = np.ones(3)
    x = Value(array)
    array[0] = 7
    assert x.data.tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="read-only"):
        x.data[0] = 7
    y = x * x
    x.data = x.data + 1  # replaced: y keeps the numbers it was made from
    y.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [2, 2, 2]
    with pytest.raises(ValueError, match=r"new numbers of shape \(3,\), got \(2,\)"):
        x.data = np.ones(2)


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        (lambda: Value(["a"]), TypeError, "expected real numbers, got <U1"),
        (lambda: Value([True]), TypeError, "expected real numbers, got bool"),
        (lambda: Value([1j]), TypeError, "expected real numbers, got complex"),
        (lambda: Value(np.ones((0, 3))).mean(), ValueError, r"numbers to take the mean of, got none: shape \(0, 3\)"),
        (lambda: Value([1.0]) ** Value(2.0), TypeError, "a plain number as the power, got Value"),
        (lambda: Value(np.ones((2, 3))) @ np.ones((2, 3)), ValueError, r"\(2, 3\) @ \(2, 3\): is one transposed"),
        (lambda: Value(np.ones(3)) @ 2.0, ValueError, r"\(3,\) @ \(\)"),
        (lambda: Value(np.ones(3)) + np.ones(4), ValueError, "could not be broadcast"),
        (lambda: Value(np.ones(3)).backward(), ValueError, r"shape \(3,\), got \(\): backward starts at one number"),
        (lambda: Value(1.0).backward(np.ones(2)), ValueError, r"shape \(\), got \(2,\)"),
        (lambda: autograd.cross_entropy(Value(np.ones(3)), [0]), ValueError, r"logits \(N, C\) and N labels"),
        (lambda: autograd.cross_entropy(Value(np.ones((2, 3))), [0]), ValueError, r"got \(2, 3\) and \(1,\)"),
        (lambda: autograd.cross_entropy(Value(np.ones((0, 3))), []), ValueError, "N labels"),
        (lambda: autograd.cross_entropy(Value(np.ones((2, 3))), [0, 3]), ValueError, "labels from 0 to 2"),
        (lambda: autograd.cross_entropy(Value(np.ones((2, 3))), [0, -1]), ValueError, "labels from 0 to 2"),
        (lambda: autograd.cross_entropy(Value(np.ones((2, 3))), [0.0, 1.0]), ValueError, "whole numbers"),
        (lambda: broadcast.unbroadcast(np.ones((2, 3)), (2,)), ValueError, r"broadcasts to \(2, 3\), got \(2,\)"),
        (lambda: broadcast.unbroadcast(np.ones(3), (1, 3)), ValueError, r"broadcasts to \(3,\), got \(1, 3\)"),
    ],
)  # fmt: skip
def test_bad_input_is_told(wrong: Callable[[], object], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        wrong()


# Bugs that people really write into such an engine ------------------------------------------------------------


def overwrites(end: Value, gradient: Any = 1.0) -> None:
    gradients = {id(end): np.asarray(gradient, dtype=np.float64).reshape(end.shape)}
    for node in reversed(autograd.topological_order(end)):
        node.grad = gradients[id(node)]
        for parent, pull in node.parents:
            gradients[id(parent)] = np.asarray(pull(node.grad))


def passes_on_what_is_old(end: Value, gradient: Any = 1.0) -> None:
    """Adds into .grad and pulls .grad: right once, wrong at the second call."""
    end.grad = (0 if end.grad is None else end.grad) + np.asarray(gradient, dtype=np.float64).reshape(end.shape)
    for node in reversed(autograd.topological_order(end)):
        for parent, pull in node.parents:
            parent.grad = (0 if parent.grad is None else parent.grad) + np.asarray(pull(node.grad))


def breadth_first(end: Value) -> list[Value]:
    order, seen = [end], {id(end)}
    for node in order:
        fresh = [parent for parent, _ in node.parents if id(parent) not in seen and not seen.add(id(parent))]
        order.extend(fresh)
    return order[::-1]


def with_repeats(end: Value) -> list[Value]:
    order, waiting = [end], [end]
    while waiting:
        parents = [parent for parent, _ in waiting.pop().parents]
        order += parents
        waiting += parents
    return sorted(order, key=lambda node: node.born)


def recursive(end: Value) -> list[Value]:
    order: list[Value] = []

    def visit(node: Value) -> None:
        if not any(node is other for other in order[-50:]):
            for parent, _ in node.parents:
                visit(parent)
            order.append(node)

    try:
        visit(end)
    except RecursionError:
        raise AssertionError("too deep") from None
    return order


def only_in_front(gradient: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))


def averages(gradient: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    gradient = gradient.mean(axis=tuple(range(gradient.ndim - len(shape))))
    wide = tuple(i for i, size in enumerate(shape) if size == 1)
    return gradient.mean(axis=wide, keepdims=True)


def operands_swapped(a: Value, b: Value) -> Value:
    x, y = a.data, b.data
    pull_a = lambda g: (g @ y.T if y.ndim == x.ndim == 2 else g).reshape(x.shape)  # noqa: E731
    pull_b = lambda g: (g.T @ x).T if x.shape != y.shape else g @ x  # noqa: E731
    return Value(x @ y, ((a, pull_a), (b, pull_b)), "@")


def summed_loss(logits: Value, labels: Any) -> Value:
    return true_loss(logits, labels) * float(len(labels))


def overflowing_loss(logits: Value, labels: Any) -> Value:
    with np.errstate(all="ignore"):
        e = logits.exp()
        p = e / e.sum(1, keepdims=True)
        return -(p.log() * np.eye(logits.shape[1])[np.asarray(labels)]).sum() / len(labels)


def leaky_corner(x: Value) -> Value:
    positive = x.data >= 0
    return Value(np.where(positive, x.data, 0.0), ((x, lambda g: g * positive),), "relu")


def slope_of_the_input(x: Value) -> Value:
    return Value(np.tanh(x.data), ((x, lambda g: g * (1 - x.data**2)),), "tanh")


def same_order_back(x: Value, *axes: int) -> Value:
    order = axes or tuple(reversed(range(x.data.ndim)))
    return Value(x.data.transpose(order), ((x, lambda g: g.transpose(order)),), "transpose")


def forgets_to_copy(x: Value, axis: Any = None, keepdims: bool = False) -> Value:
    return Value(x.data.sum(axis=axis, keepdims=keepdims), ((x, lambda g: np.full(x.shape, np.sum(g))),), "sum")


def no_second_slope(x: Value, other: Any) -> Value:
    other = other if isinstance(other, Value) else Value(other)
    a, b = x.data, other.data
    pull_a = lambda g: broadcast.unbroadcast(g / b, a.shape)  # noqa: E731
    return Value(a / b, ((x, pull_a), (other, lambda g: np.zeros(b.shape))), "/")


true_loss = autograd.cross_entropy
two_layers, diamond = test_a_perceptron_of_two_layers_is_torchs, test_a_diamond_and_a_node_used_often


def pairs(name: str, *shapes: tuple[int, ...]) -> Callable[[], None]:
    return lambda: assert_equal_to_torch(PAIRS[name], PAIRS[name], *arrays(*shapes))


def alone(name: str) -> Callable[[], None]:
    return lambda: test_operations_on_one_array_are_torchs(name)


SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("a node used twice keeps the last gradient only", "backward", overwrites, diamond),
    ("an earlier gradient is passed on again", "backward", passes_on_what_is_old,
     test_a_second_backward_adds_as_in_torch),
    ("nodes are visited breadth first", "topological_order", breadth_first,
     test_a_short_way_and_a_long_way_to_one_node),
    ("a node used twice is listed twice", "topological_order", with_repeats,
     test_every_node_comes_after_its_parents_and_once),
    ("the walk recurses", "topological_order", recursive,
     test_a_chain_may_be_far_deeper_than_pythons_recursion),
    ("stretched axes are not summed", "unbroadcast", only_in_front, pairs("*", (4, 1), (1, 3))),
    ("broadcasting's gradient is a mean", "unbroadcast", averages, two_layers),
    ("gradients are not summed at all", "unbroadcast", lambda g, shape: np.broadcast_to(g, np.shape(g)),
     pairs("+", (4, 3), (3,))),
    ("the operands of @ are swapped backwards", "matmul", operands_swapped,
     lambda: assert_equal_to_torch(lambda a, b: a @ b, lambda a, b: a @ b, *arrays((3, 3), (3, 3)))),
    ("the loss is a sum", "cross_entropy", summed_loss, two_layers),
    ("softmax overflows", "cross_entropy", overflowing_loss,
     lambda: test_cross_entropy_is_torchs_even_far_out(5, 3)),
    ("relu has slope 1 at 0", "relu", leaky_corner, alone("relu")),
    ("tanh's slope is taken of the input", "tanh", slope_of_the_input, alone("tanh")),
    ("a transposed gradient goes back in the same order", "transpose", same_order_back, alone("transpose")),
    ("every summand gets the whole gradient", "sum", forgets_to_copy, alone("sum of an axis")),
    ("the denominator has no gradient", "__truediv__", no_second_slope, pairs("/", (3,), (3,))),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(
    bug: tuple[str, str, Any, Any], assert_caught: Callable[[ModuleType | type, tuple[str, str, Any, Any]], None]
) -> None:
    bug[3]()  # without the bug it passes
    assert_caught(autograd if hasattr(autograd, bug[1]) else Value, bug)
