"""trace finds a planted fault where it was planted, and says so in a table that any machine prints alike."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import BertConfig, BertModel, GPT2Config, GPT2LMHeadModel

from mmlearn.bridge import layers as module
from mmlearn.bridge.perturb import perturb_
from mmlearn.bridge.transfer import library_settings, load
from mmlearn.encode.text import TextConfig, TextTransformer

BERT = TextConfig(37, 11, 12, 3, 2, 20, causal=False, norm="post", activation="gelu", eps=1e-5, segments=2)
GPT2 = replace(BERT, causal=True, norm="pre", activation="gelu_tanh", segments=0)
IDS = torch.randint(0, 37, (4, 7), generator=torch.Generator().manual_seed(1))
MASK = torch.arange(7) < torch.tensor([7, 2, 3, 5])[:, None]  # (4, 7)
BLOCK = "transformer.blocks.1"


def bert() -> tuple[TextTransformer, BertModel]:
    ours = TextTransformer(BERT).eval()
    config = BertConfig(**library_settings(ours), attn_implementation="eager")
    theirs = perturb_(BertModel(config, add_pooling_layer=False).eval(), scale=0.3)
    return load(ours, theirs), theirs


def gpt2() -> tuple[TextTransformer, GPT2LMHeadModel]:
    ours = TextTransformer(GPT2).eval()
    config = GPT2Config(**library_settings(ours), bos_token_id=0, eos_token_id=1, attn_implementation="eager")
    theirs = perturb_(GPT2LMHeadModel(config).eval(), scale=0.3)
    return load(ours, theirs), theirs


def first(found: module.Trace) -> str:
    return found.first.ours if found.first else ""


def exchange(part: nn.Module, one: str, other: str) -> None:
    a, b = getattr(part, one), getattr(part, other)
    setattr(part, one, b)
    setattr(part, other, a)


def test_equal_models_agree_in_every_layer_of_the_libraries() -> None:
    ours, theirs = bert()
    found = module.trace(ours, theirs, IDS, MASK)
    assert found.first is None and len(found.layers) == 4 + 10 * BERT.depth and found.worst < 1e-5
    assert not any(layer.note for layer in found.layers)
    assert str(found) == "all 34 layers agree (tolerance 1e-05)"
    ours, other = gpt2()
    for each in (other, other.transformer):
        found = module.trace(ours, each, IDS, MASK)
        assert found.first is None and len(found.layers) == 4 + 8 * GPT2.depth
        assert not any(layer.note for layer in found.layers)


def tanh_gelu(x: Tensor) -> Tensor:
    return F.gelu(x, approximate="tanh")


FAULTS: tuple[tuple[str, Callable[[TextTransformer], Any], str], ...] = (
    ("layer norms swapped", lambda m: exchange(m.transformer.blocks[1], "norm1", "norm2"), f"{BLOCK}.norm1"),
    ("keys and values swapped", lambda m: exchange(m.transformer.blocks[1].attention, "key", "value"),
     f"{BLOCK}.attention.key"),
    ("the wrong GELU", lambda m: setattr(m.transformer.blocks[1].feed_forward, "activation", tanh_gelu),
     f"input of {BLOCK}.feed_forward.down"),
    ("one head too many", lambda m: setattr(m.transformer.blocks[1].attention, "heads", 4),
     f"input of {BLOCK}.attention.output"),
    ("eps", lambda m: setattr(m.transformer.blocks[1].norm2, "eps", 1e-2), f"{BLOCK}.norm2"),
    ("a bias lost", lambda m: nn.init.zeros_(m.transformer.blocks[1].attention.output.bias),
     f"{BLOCK}.attention.output"),
    ("positions off by one", lambda m: m.position_embedding.weight.data.copy_(
        m.position_embedding.weight.data.roll(1, 0)), "position_embedding"),
)  # fmt: skip


@pytest.mark.parametrize(("what", "plant", "where"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_a_planted_fault_is_found_where_it_is(what: str, plant: Callable[[Any], Any], where: str) -> None:
    ours, theirs = bert()
    plant(ours)
    assert first(module.trace(ours, theirs, IDS, MASK)) == where


def test_the_fused_layers_of_gpt2_are_compared_side_by_side() -> None:
    ours, theirs = gpt2()
    exchange(ours.transformer.blocks[1].attention, "query", "key")
    found = module.trace(ours, theirs, IDS, MASK)
    assert first(found) == f"{BLOCK}.attention.query + {BLOCK}.attention.key + {BLOCK}.attention.value"
    assert f"{BLOCK}.attention.query + key + value  transformer.h.1.attn.c_attn" in str(found)


def test_the_table_shows_the_first_difference_and_what_is_around_it() -> None:
    ours, theirs = bert()
    exchange(ours.transformer.blocks[1], "norm1", "norm2")
    lines = str(module.trace(ours, theirs, IDS, MASK)).splitlines()
    assert lines[0].split() == ["ours", "theirs", "max", "|ours", "-", "theirs|"]
    assert lines[1] == "... 16 layers agree (tolerance 1e-05)" and lines[-1] == "... 11 layers more"
    (hit,) = (line for line in lines if line.endswith("<- the first that differs"))
    assert hit.startswith(f"{BLOCK}.norm1 ") and "encoder.layer.1.attention.output.LayerNorm" in hit
    assert [line.split()[-1] for line in lines[2:5]] == ["ok"] * 3 and len(lines) == 10


def test_other_pairs_and_other_calls() -> None:
    ours, theirs = bert()
    segments = torch.ones_like(IDS)
    found = module.trace(
        ours,
        theirs,
        pairs=[("embedding_norm", "embeddings.LayerNorm"), ("", "")],
        ours_call=lambda: ours(IDS, MASK, segments=segments),
        theirs_call=lambda: theirs(input_ids=IDS, attention_mask=MASK.long(), token_type_ids=segments),
    )
    assert found.first is None and len(found.layers) == 2
    off = module.trace(ours, theirs, IDS, MASK, ours_call=lambda: ours(IDS, MASK, segments=segments))
    assert first(off) == "input of embedding_norm"


@dataclass
class Small:
    """What a learner's model may do wrong, in a few lines."""

    wrong: str = ""

    def model(self) -> nn.Module:
        wrong = self.wrong

        class Net(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.up, self.norm, self.down = nn.Linear(3, 5), nn.LayerNorm(5), nn.Linear(5, 3)

            def forward(self, x: Tensor) -> Tensor:
                x = self.up(x)
                if wrong == "shape":
                    x = x[:, :, None].expand(-1, -1, 5).clone()
                x = x if wrong == "forgotten" else self.norm(x)
                x = x / 0 if wrong == "nan" else x
                out: Tensor = self.down(x)
                return out

        torch.manual_seed(0)
        return Net()


def small(wrong: str) -> module.Trace:
    return module.trace(Small(wrong).model(), Small().model(), torch.randn(4, 3))


def test_two_models_of_ones_own_are_compared_by_the_names_of_their_layers() -> None:
    assert [layer.ours for layer in small("").layers] == ["up", "norm", "down", ""]
    assert small("").first is None


@pytest.mark.parametrize(
    ("wrong", "where", "note"),
    [
        ("shape", "norm", "shapes differ: (4, 5, 5), (4, 5)"),
        ("forgotten", "norm", "never called in ours"),
        ("nan", "down", "NaN or infinity in ours"),
    ],
)
def test_what_cannot_be_subtracted_is_told(wrong: str, where: str, note: str) -> None:
    found = small(wrong)
    assert found.first is not None and found.first.ours == where and note in found.first.note
    assert note in str(found) and found.worst == float("inf")


def test_a_layer_that_neither_calls_is_no_difference() -> None:
    models = Small("forgotten").model(), Small("forgotten").model()
    found = module.trace(*models, torch.randn(4, 3))
    assert found.first is None and "called in neither" in {layer.note for layer in found.layers}


def test_pairs_that_name_no_layer_are_refused_with_what_is_near() -> None:
    ours, theirs = bert()
    with pytest.raises(ValueError, match=r"ours has no layer 'embeding_norm'; it has embedding_norm"):
        module.trace(ours, theirs, IDS, pairs=[("embeding_norm", "embeddings.LayerNorm")])
    with pytest.raises(ValueError, match="theirs has no layer 'nothing like it'"):
        module.trace(ours, theirs, IDS, pairs=[("input of embedding_norm", "nothing like it")])


def test_inputs_that_the_library_has_no_words_for_are_refused() -> None:
    ours, theirs = bert()
    with pytest.raises(ValueError, match="expected \\(ids,\\) or \\(ids, mask\\)"):
        module.trace(ours, theirs, IDS, MASK, IDS)


def test_models_are_left_as_they_were() -> None:
    ours, theirs = bert()
    ours.train()
    ours.transformer.blocks[1].eval()
    theirs.train()
    modes = [[each.training for each in model.modules()] for model in (ours, theirs)]
    assert module.trace(ours, theirs, IDS, MASK).first is None  # theirs would drop a tenth of its numbers in train()
    assert modes == [[each.training for each in model.modules()] for model in (ours, theirs)]
    for model in (ours, theirs):
        assert not any(each._forward_hooks or each._forward_pre_hooks for each in model.modules())
    ours.eval()
    with pytest.raises(ValueError, match="expected ids"):
        module.trace(ours, theirs, IDS[0])
    assert not any(each._forward_hooks or each._forward_pre_hooks for each in ours.modules())


def test_a_difference_counts_in_either_direction() -> None:
    low, high = nn.Linear(3, 3), nn.Linear(3, 3)
    high.load_state_dict(low.state_dict())
    nn.init.constant_(high.bias, 7.0)
    nn.init.constant_(low.bias, 6.0)
    x = torch.randn(4, 3)
    for found in (module.trace(low, high, x), module.trace(high, low, x)):
        assert found.first is not None and found.first.difference == pytest.approx(1.0)


def test_differences_are_measured_against_numbers_above_one() -> None:
    layer = module.Layer("a", "a", difference=5e-4, scale=100.0)
    assert layer.fits(1e-5) and not replace(layer, scale=10.0).fits(1e-5)
    assert not replace(layer, difference=float("nan")).fits(1e-5)


def norms_are_found() -> None:
    what, plant, where = FAULTS[0]
    test_a_planted_fault_is_found_where_it_is(what, plant, where)


def gelu_is_found() -> None:
    what, plant, where = FAULTS[2]
    test_a_planted_fault_is_found_where_it_is(what, plant, where)


class LastDiffers(module.Trace):
    """Names the last layer that differs."""

    @property
    def first(self) -> module.Layer | None:
        wrong = [layer for layer in self.layers if not layer.fits(self.tolerance)]
        return wrong[-1] if wrong else None


class LargestDiffers(module.Trace):
    """Names the layer that differs most."""

    @property
    def first(self) -> module.Layer | None:
        return max(self.layers, key=lambda layer: layer.difference)


def forgotten_is_told() -> None:
    test_what_cannot_be_subtracted_is_told("forgotten", "norm", "never called in ours")


def skips_uncalled(a: str, b: str, mine: Any, yours: Any) -> module.Layer:
    found = COMPARE(a, b, mine, yours)
    return replace(found, difference=0.0) if "never called" in found.note else found


def signed(a: str, b: str, mine: Any, yours: Any) -> module.Layer:
    """Without the bars of |ours - theirs|."""
    return module.Layer(a, b, (mine[a] - yours[b]).max().item(), 1.0)


COMPARE = module._compare
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("the last difference is named", "Trace", LastDiffers, norms_are_found),
    ("the largest difference is named", "Trace", LargestDiffers, norms_are_found),
    ("inputs are taken for outputs", "INPUT", "in of ", gelu_is_found),
    ("dropout stays on", "_evaluating", lambda model: nullcontext(), test_models_are_left_as_they_were),
    ("a layer never called is passed over", "_compare", skips_uncalled, forgotten_is_told),
    ("ours may be too small", "_compare", signed, test_a_difference_counts_in_either_direction),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)
