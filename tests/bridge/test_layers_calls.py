"""trace on small models that call their layers in odd ways: what is recorded, when, and what is no agreement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mmlearn.bridge.layers import Layer, Trace, trace

X = torch.arange(1.0, 13).reshape(4, 3)
Call = Callable[["Net", Tensor], Any]


class Net(nn.Module):
    """Three layers that change nothing, called as a test says."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Identity(), nn.Identity(), nn.Linear(3, 3)
        self.call = call
        nn.init.eye_(self.c.weight)
        nn.init.zeros_(self.c.bias)

    def forward(self, x: Tensor) -> Any:
        return self.call(self, x)


def pair(one: Call, other: Call, *pairs: tuple[str, str]) -> Trace:
    return trace(Net(one), Net(other), X, pairs=pairs)


def first(found: Trace) -> Layer:
    assert found.first is not None
    return found.first


def test_a_layer_called_twice_is_compared_on_its_first_call() -> None:
    assert pair(lambda m, x: m.a(m.a(x) + 1), lambda m, x: m.a(m.a(x)), ("a", "a")).first is None


def test_a_change_in_place_after_a_layer_is_not_the_layers() -> None:
    found = pair(lambda m, x: m.c(x).mul_(2), lambda m, x: m.c(x), ("c", "c"), ("", ""))
    assert first(found).ours == ""


def test_models_run_without_gradients() -> None:
    seen = []

    def watched(m: Net, x: Tensor) -> Any:
        seen.append(torch.is_grad_enabled())
        return m.a(x)

    pair(watched, lambda m, x: m.a(x), ("a", "a"))
    assert seen == [False]


def test_the_scale_is_theirs() -> None:
    assert pair(lambda m, x: m.a(1000 * x), lambda m, x: m.a(x), ("a", "a")).layers[0].scale == 12


def test_layers_side_by_side_must_all_be_called() -> None:
    assert first(pair(lambda m, x: m.a(x), lambda m, x: m.c(x), ("a + b", "c"))).note == "never called in ours"


def test_an_input_given_by_keyword_is_seen() -> None:
    found = pair(lambda m, x: m.a(input=x + 1), lambda m, x: m.a(input=x), ("input of a", "input of a"))
    assert first(found).difference == 1


def test_the_worst_is_relative() -> None:
    assert Trace((Layer("a", "a", 5e-4, 100.0),), 1e-5).worst == pytest.approx(5e-6)


def test_only_axes_of_length_one_may_be_missing() -> None:
    found = pair(lambda m, x: m.a(x.reshape(2, 2, 3)), lambda m, x: m.a(x), ("a", "a"))
    assert first(found).note == "shapes differ: (2, 2, 3), (4, 3)"


def test_a_layer_never_called_stays_behind_the_one_named_before() -> None:
    found = pair(lambda m, x: m.a(m.c(x)), lambda m, x: m.a(m.b(m.c(x))), ("c", "c"), ("b", "b"), ("a", "a"))
    assert [layer.ours for layer in found.layers] == ["c", "b", "a"]


@pytest.mark.parametrize("change", [lambda x: x.argmax(-1), lambda x: x > 3, torch.fft.fft])
def test_whole_numbers_truths_and_complex_numbers_are_compared_too(change: Callable[[Tensor], Tensor]) -> None:
    assert first(pair(lambda m, x: change(-x), lambda m, x: change(x), ("", ""))).difference > 0
    assert pair(lambda m, x: change(x), lambda m, x: change(x), ("", "")).first is None


def test_of_several_tensors_the_first_of_floats_is_compared() -> None:
    both = pair(lambda m, x: (x.long(), x), lambda m, x: (x.long() + 1, x), ("", ""))
    assert both.first is None


def test_nothing_compared_is_no_agreement() -> None:
    with pytest.raises(ValueError, match="expected one pair of layers or more, got none"):
        pair(lambda m, x: x, lambda m, x: x)
    with pytest.raises(ValueError, match="neither model calls any of the 2 layers named"):
        pair(lambda m, x: x, lambda m, x: x, ("a", "a"), ("b", "b"))
    with pytest.raises(TypeError, match="expected a module as theirs, got NoneType"):
        trace(nn.Linear(3, 3), None, X)  # type: ignore[arg-type]


def test_two_layers_that_both_take_the_length_first_are_compared() -> None:
    ours, theirs = nn.LSTM(3, 2), nn.LSTM(3, 2)
    theirs.load_state_dict(ours.state_dict())
    assert trace(ours, theirs, X).first is None
