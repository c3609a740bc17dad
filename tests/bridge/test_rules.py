"""Rules leave nothing over: every tensor of theirs taken once, every rule used, every one of ours filled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from mmlearn.bridge import rules as module
from mmlearn.bridge.rules import SAME, STACKED_COLUMNS, STACKED_ROWS, TRANSPOSED, BridgeError, Convert, Rule, both

TABLE = (
    Rule("wte", "token"),
    Rule("h.{n}.fused", "blocks.{n}.{query,key,value}", STACKED_COLUMNS),
    Rule("h.{n}.fused_bias", "blocks.{n}.{query,key,value}_bias", STACKED_ROWS),
    Rule("h.{n}.square", "blocks.{n}.square", TRANSPOSED),
)
DEPTH, WIDTH = 12, 2  # more than ten layers: 1 is also the beginning of 10 and 11


def theirs() -> dict[str, Tensor]:
    torch.manual_seed(0)
    found = {"wte": torch.randn(5, WIDTH)}
    for n in range(DEPTH):
        found |= {f"h.{n}.fused": torch.randn(WIDTH, 3 * WIDTH), f"h.{n}.fused_bias": torch.randn(3 * WIDTH)}
        found |= {f"h.{n}.square": torch.randn(WIDTH, WIDTH)}
    return found


def ours() -> dict[str, Tensor]:
    found = {"token": torch.zeros(5, WIDTH)}
    for n in range(DEPTH):
        for name in ("query", "key", "value"):
            found |= {f"blocks.{n}.{name}": torch.zeros(WIDTH, WIDTH), f"blocks.{n}.{name}_bias": torch.zeros(WIDTH)}
        found[f"blocks.{n}.square"] = torch.zeros(WIDTH, WIDTH)
    return found


def refused(
    given: dict[str, Tensor], table: Any = TABLE, into: dict[str, Tensor] | None = None, ignore: tuple[str, ...] = ()
) -> str:
    """The error's sentence; "" if the weights crossed."""
    try:
        module.remap(given, table, ours() if into is None else into, ignore)
    except BridgeError as error:
        return str(error)
    return ""


def test_every_tensor_arrives_where_its_layer_is_and_turned_as_its_rule_says() -> None:
    given = theirs()
    assert refused(given) == ""
    found = module.remap(given, TABLE, ours())
    assert found.keys() == ours().keys()
    for n in range(DEPTH):
        fused = given[f"h.{n}.fused"]
        assert torch.equal(found[f"blocks.{n}.query"], fused[:, :WIDTH].T)
        assert torch.equal(found[f"blocks.{n}.value"], fused[:, 2 * WIDTH :].T)
        assert torch.equal(found[f"blocks.{n}.key_bias"], given[f"h.{n}.fused_bias"][WIDTH : 2 * WIDTH])
        assert torch.equal(found[f"blocks.{n}.square"], given[f"h.{n}.square"].T)


def test_there_and_back_is_exact_and_shares_no_memory() -> None:
    given = theirs()
    here = module.remap(given, TABLE, ours())
    back = module.unmap(here, TABLE)
    assert back.keys() == given.keys()
    for name, tensor in back.items():
        assert torch.equal(tensor, given[name]) and tensor.is_contiguous(), name
    for tensor in here.values():
        tensor += 1
    assert all(torch.equal(back[name], theirs()[name]) for name in back)
    again = module.remap(back, TABLE, ours())
    assert all(torch.equal(again[name] + 1, here[name]) for name in again)


def test_a_tensor_without_a_rule_is_refused_unless_it_is_ignored_by_name() -> None:
    more = theirs() | {"h.3.mask": torch.zeros(1), "pooler": torch.zeros(1)}
    message = refused(more)
    assert "h.3.mask" in message and "pooler" in message
    assert "pooler" in refused(more, ignore=("h.{n}.mask",))
    assert refused(more, ignore=("h.{n}.mask", "pooler")) == ""


def test_a_rule_that_never_fires_is_refused() -> None:
    assert "h.{n}.ln" in refused(theirs(), (*TABLE, Rule("h.{n}.ln", "blocks.{n}.norm")))


def test_a_tensor_that_two_rules_take_is_refused() -> None:
    assert "2 rules take wte" in refused(theirs(), (*TABLE, Rule("wte", "other")))


def test_depths_that_differ_are_told_from_either_side() -> None:
    deeper = ours() | {"blocks.12.square": torch.zeros(WIDTH, WIDTH)}
    assert "blocks.12.square" in refused(theirs(), into=deeper)
    shallow = {name: tensor for name, tensor in ours().items() if not name.startswith("blocks.11.")}
    message = refused(theirs(), into=shallow)
    assert "theirs has h.11." in message and "depth" in message


def test_a_wrong_shape_names_the_tensor_and_both_shapes() -> None:
    message = refused(theirs() | {"wte": torch.zeros(6, WIDTH)})
    assert "wte" in message and "token" in message and "(6, 2)" in message and "(5, 2)" in message


def test_what_cannot_be_cut_or_turned_is_told() -> None:
    assert "3 equal parts (query, key, value)" in refused(theirs() | {"h.0.fused_bias": torch.zeros(7)})
    assert "expected 2 axes" in refused(theirs() | {"h.0.square": torch.zeros(2)})


def test_precision_is_never_lost_silently() -> None:
    assert "torch.float64" in refused(theirs() | {"wte": torch.zeros(5, WIDTH, dtype=torch.float64)})
    assert refused(theirs() | {"wte": torch.zeros(5, WIDTH, dtype=torch.float16)}) == ""


def test_tied_tensors_must_be_equal() -> None:
    table = (*TABLE, Rule("head", "token"))
    assert refused(theirs() | {"head": theirs()["wte"]}, table) == ""
    message = refused(theirs() | {"head": theirs()["wte"] + 0.5}, table)
    assert "wte" in message and "head" in message and "5.0e-01" in message


def test_export_is_as_strict() -> None:
    with pytest.raises(BridgeError, match=r"1 tensor\(s\) of ours have no name in the library: extra"):
        module.unmap(ours() | {"extra": torch.zeros(1)}, TABLE)
    with pytest.raises(BridgeError, match=r"blocks\.{n}\.norm"):
        module.unmap(ours(), (*TABLE, Rule("h.{n}.ln", "blocks.{n}.norm")))
    lacking = ours()
    del lacking["blocks.4.key"]
    with pytest.raises(BridgeError, match=r"missing: blocks\.4\.key"):
        module.unmap(lacking, TABLE)


def test_many_names_are_shortened() -> None:
    assert refused(theirs() | {f"x{n}": torch.zeros(1) for n in range(40)}).count("x") < 12


def test_dots_are_dots_and_both_gives_weight_and_bias() -> None:
    assert Rule("a.b", "c").number("axb") is None
    assert [(rule.source, rule.target) for rule in both("ln", "norm")] == [
        ("ln.weight", "norm.weight"),
        ("ln.bias", "norm.bias"),
    ]


def prefix_number(pattern: str, name: str) -> str | None:
    """Reads only the first digit of a layer's number."""
    found = NUMBER(pattern, name)
    return found[:1] if found else found


def no_check(*args: Any) -> None:
    """A check that checks nothing."""


NUMBER = module._number
ROUND = test_there_and_back_is_exact_and_shares_no_memory
ARRIVES = test_every_tensor_arrives_where_its_layer_is_and_turned_as_its_rule_says
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("layer 11 is taken for layer 1", "_number", prefix_number, ARRIVES),
    ("what is left over or idle is never told", "_refuse", no_check, test_a_rule_that_never_fires_is_refused),
    ("keys of theirs go unused", "_refuse", no_check,
     test_a_tensor_without_a_rule_is_refused_unless_it_is_ignored_by_name),
    ("shapes are not checked", "_fits", no_check, test_a_wrong_shape_names_the_tensor_and_both_shapes),
    ("float64 is rounded silently", "_fits", no_check, test_precision_is_never_lost_silently),
    ("a tied head need not be equal", "_tied", no_check, test_tied_tensors_must_be_equal),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)


@pytest.mark.parametrize("way", [SAME, TRANSPOSED, STACKED_ROWS, STACKED_COLUMNS])
def test_every_way_has_its_way_back(way: Convert) -> None:
    tensor = torch.randn(6, 6)
    assert torch.equal(way.join(list(way.cut(tensor, 3))), tensor)
