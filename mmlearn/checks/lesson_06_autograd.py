"""The exercise of lesson 06 on the way back through a graph."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake

_births = itertools.count()


class Node:
    """The lesson's node: numbers, parents with their pulls, a gradient that starts at 0, and when it was born."""

    def __init__(self, data: Any, parents: tuple[tuple[Node, Callable[[Any], Any]], ...] = ()) -> None:
        self.data, self.parents = np.asarray(data, dtype=float), parents
        self.grad: Any = 0.0
        self.born = next(_births)

    def __add__(self, other: Node) -> Node:
        return Node(self.data + other.data, ((self, lambda g: g), (other, lambda g: g)))

    def __mul__(self, other: Node) -> Node:
        return Node(self.data * other.data, ((self, lambda g: g * other.data), (other, lambda g: g * self.data)))

    def __matmul__(self, other: Node) -> Node:
        pulls = (self, lambda g: g @ other.data.T), (other, lambda g: self.data.T @ g)
        return Node(self.data @ other.data, pulls)


def order_of(end: Node) -> list[Node]:
    """Every node once, each after its parents."""
    found, waiting = {id(end): end}, [end]
    while waiting:
        for parent, _ in waiting.pop().parents:
            if id(parent) not in found:
                found[id(parent)] = parent
                waiting.append(parent)
    return sorted(found.values(), key=lambda node: node.born)


def backward(end: Node) -> None:
    """The course's answer to 06.2."""
    _pull(end, order_of(end)[::-1])


def _pull(end: Node, nodes: list[Node], start: Any = 1.0) -> None:
    end.grad = start * np.ones_like(end.data)
    for node in nodes:
        for parent, pull in node.parents:
            parent.grad = parent.grad + pull(node.grad)


def _overwrites(end: Node) -> None:
    end.grad = np.ones_like(end.data)
    for node in order_of(end)[::-1]:
        for parent, pull in node.parents:
            parent.grad = pull(node.grad)


def _found(end: Node, once: bool) -> list[Node]:
    """As they are met, from the end: breadth first."""
    order, seen = [end], {id(end)}
    for node in order:
        for parent, _ in node.parents:
            if not once or id(parent) not in seen:
                seen.add(id(parent))
                order.append(parent)
    return order


def _again_and_again(end: Node) -> None:
    end.grad, waiting = np.ones_like(end.data), [end]
    while waiting:
        node = waiting.pop()
        for parent, pull in node.parents:
            parent.grad = parent.grad + pull(node.grad)
            waiting.append(parent)


def _recursive(end: Node) -> None:
    order: list[Node] = []
    seen: set[int] = set()

    def visit(node: Node) -> None:
        if id(node) not in seen:
            seen.add(id(node))
            for parent, _ in node.parents:
                visit(parent)
            order.append(node)

    visit(end)
    _pull(end, order[::-1])


def _numbers_pulled(end: Node) -> None:
    end.grad = np.ones_like(end.data)
    for node in order_of(end)[::-1]:
        for parent, pull in node.parents:
            parent.grad = parent.grad + pull(node.data)


def _one_for_all(end: Node) -> None:
    nodes = order_of(end)[::-1]
    end.grad = 1.0
    for node in nodes:
        for parent, pull in node.parents:
            parent.grad = parent.grad + pull(node.grad)


def _listed_again(end: Node) -> None:
    _pull(end, sorted(_found(end, once=False), key=lambda node: -node.born))


def _never_started(end: Node) -> None:
    for node in order_of(end)[::-1]:
        for parent, pull in node.parents:
            parent.grad = parent.grad + pull(node.grad)


def _always_the_ends(end: Node) -> None:
    end.grad = np.ones_like(end.data)
    for node in order_of(end)[::-1]:
        for parent, pull in node.parents:
            parent.grad = parent.grad + pull(end.grad)


def gradients_after(answer: Callable[[Node], Any], program: str, *numbers: Any) -> dict[str, Any]:
    """Build a small graph, send the answer back through it, and read the gradients."""
    x, y = (Node(number) for number in numbers)
    programs: dict[str, Callable[[], Node]] = {
        "product": lambda: x * y,
        "reused": lambda: x * x + x * y,
        "ways": lambda: _ways(x, y),
        "diamonds": lambda: _diamonds(x, y),
        "chain": lambda: _chain(x, y),
        "layer": lambda: (x @ y) * (x @ y),
    }
    end = programs[program]()
    given = answer(end)
    if given is Ellipsis:
        return given  # type: ignore[return-value]  # the untouched stub
    return {name: np.asarray(node.grad, dtype=float) for name, node in (("x", x), ("y", y), ("end", end))}


def _ways(x: Node, y: Node) -> Node:
    product = x * y
    return (product * x + y) * x + product


def _diamonds(x: Node, y: Node) -> Node:
    square = x * y
    both = square + square
    return both * square + both * x


def _chain(x: Node, y: Node) -> Node:
    end = x
    for _ in range(3000):
        end = end + y
    return end


BACK = Exercise(
    id="06.2",
    title="The way back",
    reference="mmlearn.checks.lesson_06_autograd.backward",
    cases=(
        Case("x * y", lambda g: ("product", 2.0, -3.0)),
        Case("x * x + x * y, where x is used three times", lambda g: ("reused", 2.0, -3.0)),
        Case("a short way and a long way to the same node", lambda g: ("ways", 1.5, 0.5)),
        Case("two diamonds, one behind the other", lambda g: ("diamonds", 0.5, 3.0)),
        Case("a chain of 3,000 sums", lambda g: ("chain", 1.0, 0.25)),
        Case("matrices, (2, 3) @ (3, 2)", lambda g: ("layer", g.normal(size=(2, 3)), g.normal(size=(3, 2)))),
    ),
    mistakes=(
        Mistake(_overwrites, "You overwrite a parent's gradient: a node used twice gets two, so ADD to what is there."),
        Mistake(_never_started, "Everything stays 0: first give the end its own, end.grad = np.ones_like(end.data)."),
        Mistake(
            lambda end: _pull(end, order_of(end)),
            "You begin with the oldest, which have nothing to pass on yet: go from the youngest to the oldest.",
        ),
        Mistake(_always_the_ends, "You pull the end's gradient at every node; each passes on its own, node.grad."),
        Mistake(
            lambda end: _pull(end, _found(end, once=True)),
            "A node passes its gradient on before all its users have paid in: go by birth, the youngest first.",
        ),
        Mistake(
            _again_and_again,
            "Each time you come to a node you pass on all it has, the old part too: visit every node ONCE.",
        ),
        Mistake(_listed_again, "A node used twice stands in your list twice, and pays twice: keep track of the seen."),
        Mistake(
            lambda end: _pull(end, [end]),
            "Only the parents of the end get a gradient: go on to theirs, from the end to the beginning (reversed).",
        ),
        Mistake(
            lambda end: _pull(end, order_of(end)[::-1], end.data),
            "The end's gradient is its own value with you; d end / d end is 1.",
        ),
        Mistake(
            _one_for_all,
            "Right for numbers; a matrix needs a gradient of its own shape to start with: np.ones_like(end.data).",
        ),
        Mistake(_numbers_pulled, "You pull on node.data; what goes back is the gradient, pull(node.grad)."),
        Mistake(
            _recursive,
            "Right, until Python's recursion ends at a thousand: collect with a list, and sort by born.",
        ),
    ),
    use=gradients_after,
)  # fmt: skip
