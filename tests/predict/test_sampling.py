"""Filters against transformers' warpers, writing against GPT-2's generate, and bugs that these must notice."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mmlearn.encode.text import TextConfig, TextTransformer
from mmlearn.predict import sampling
from mmlearn.predict.sampling import filter_logits, generate, keep_nucleus, keep_top_k

CONFIG = TextConfig(23, 12, 16, 2, 4, 32, causal=True, norm="pre", activation="gelu_tanh", eps=1e-5)
INF = float("inf")


def logits(*shape: int, seed: int = 0) -> Tensor:
    return 3 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def model(config: TextConfig = CONFIG, seed: int = 0) -> TextTransformer:
    from mmlearn.bridge.perturb import perturb_

    torch.manual_seed(seed)
    made = TextTransformer(config)
    perturb_(made, seed)
    with torch.no_grad():
        made.token_embedding.weight.mul_(3)  # logits far apart: a wrong token shows
    return made.eval()


def test_temperature_equals_transformers() -> None:
    from transformers import TemperatureLogitsWarper

    for temperature in (0.3, 1.0, 1.7):
        theirs = TemperatureLogitsWarper(temperature)(None, logits(5, 40))
        assert torch.equal(sampling.filter_logits(logits(5, 40), temperature), theirs)


def test_top_k_equals_transformers() -> None:
    from transformers import TopKLogitsWarper

    tied = torch.tensor([[1.0, 3.0, 3.0, 2.0, 3.0], [0.0, 0.0, 0.0, 0.0, 0.0]])
    for k in (1, 2, 7, 40, 99):
        for scores in (logits(5, 40), tied):
            theirs = TopKLogitsWarper(k)(None, scores)
            assert torch.equal(sampling.keep_top_k(scores, k), theirs)


def test_nucleus_equals_transformers() -> None:
    from transformers import TopPLogitsWarper

    for p in (0.05, 0.3, 0.5, 0.9, 0.999):
        for seed in range(5):
            scores = logits(6, 40, seed=seed)
            theirs = TopPLogitsWarper(p)(None, scores)
            assert torch.equal(sampling.keep_nucleus(scores, p), theirs)


def test_all_three_in_the_order_of_transformers() -> None:
    from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    scores = logits(8, 40, seed=3)
    theirs = TopPLogitsWarper(0.8)(None, TopKLogitsWarper(6)(None, TemperatureLogitsWarper(1.5)(None, scores)))
    assert torch.equal(sampling.filter_logits(scores, 1.5, 6, 0.8), theirs)


def test_the_token_that_crosses_the_line_stays_and_never_nothing() -> None:
    scores = torch.tensor([0.5, 0.25, 0.125, 0.125]).log()  # exact in binary
    kept = [int((sampling.keep_nucleus(scores, p) > -INF).sum()) for p in (0.01, 0.5, 0.51, 0.75, 0.76, 1.0)]
    assert kept == [1, 1, 2, 2, 3, 4]
    assert sampling.keep_nucleus(torch.tensor([0.0, -200.0]), 1.0).tolist() == [0.0, -200.0]


def test_what_is_struck_out_stays_struck_out() -> None:
    scores = torch.tensor([[2.0, -INF, 1.0, 0.0]])
    assert sampling.filter_logits(scores, 2.0, 3, 0.9)[0, 1] == -INF
    assert sampling.keep_top_k(scores, 4).tolist() == scores.tolist()


def test_filters_change_no_input_and_take_any_leading_axes() -> None:
    scores = logits(2, 3, 10)
    before = scores.clone()
    rows = sampling.filter_logits(scores, 0.7, 5, 0.9)
    alone = torch.stack([sampling.filter_logits(row, 0.7, 5, 0.9) for row in scores.flatten(0, 1)]).view(2, 3, 10)
    assert torch.equal(rows, alone) and torch.equal(scores, before)


def test_greedy_writing_equals_gpt2() -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    from mmlearn.bridge import load
    from mmlearn.bridge.perturb import perturb_

    sizes = {"vocab_size": 23, "n_positions": 12, "n_embd": 16, "n_layer": 2, "n_head": 4, "n_inner": 32}
    theirs = GPT2LMHeadModel(GPT2Config(**sizes, bos_token_id=0, eos_token_id=0, pad_token_id=0)).eval()
    perturb_(theirs)
    with torch.no_grad():
        theirs.transformer.wte.weight.mul_(3)
    ours = load(TextTransformer(CONFIG), theirs)
    start = torch.tensor([[1, 2, 3], [4, 4, 9], [7, 22, 5]])
    wanted = theirs.generate(
        start, attention_mask=torch.ones_like(start), max_new_tokens=9, do_sample=False, eos_token_id=None
    )
    assert torch.equal(sampling.generate(ours, start, steps=9, temperature=0), wanted)


@pytest.mark.parametrize("temperature", [0, 1.3])
def test_the_cache_changes_nothing(temperature: float) -> None:
    start = torch.tensor([[1, 2, 3], [4, 4, 9]])
    written = [
        sampling.generate(
            model(),
            start,
            steps=9,
            temperature=temperature,
            top_k=9,
            generator=torch.Generator().manual_seed(1),
            use_cache=use_cache,
        )
        for use_cache in (True, False)
    ]
    assert written[0].shape == (2, 12) and torch.equal(*written)
    assert torch.equal(written[0][:, :3], start)


class Counting(torch.nn.Module):
    """A model that knows one thing, the sequence 1 2 3 ..., and counts what it reads."""

    config = SimpleNamespace(causal=True, vocabulary=9, positions=50)

    def __init__(self) -> None:
        super().__init__()
        self.read: list[int] = []
        self.modes: set[bool] = set()

    def new_cache(self) -> object:
        return object()

    def forward(self, ids: Tensor, cache: Any = None) -> Tensor:
        self.read.append(ids.shape[1])
        self.modes.add(self.training)
        return ids

    def logits(self, states: Tensor) -> Tensor:
        return 20.0 * torch.nn.functional.one_hot((states + 1) % 9, 9)


def test_with_a_cache_every_token_is_read_once() -> None:
    counting = Counting()
    assert sampling.generate(counting, torch.tensor([[5, 1, 2]]), steps=4).tolist() == [[5, 1, 2, 3, 4, 5, 6]]
    assert counting.read == [3, 1, 1, 1]
    plain = Counting()
    sampling.generate(plain, torch.tensor([[5, 1, 2]]), steps=4, use_cache=False)
    assert plain.read == [3, 4, 5, 6]


def test_after_the_end_comes_only_the_end_and_when_all_have_ended_it_stops() -> None:
    written = sampling.generate(Counting(), torch.tensor([[1], [3]]), steps=20, end=5)
    assert written.tolist() == [[1, 2, 3, 4, 5], [3, 4, 5, 5, 5]]
    assert sampling.generate(Counting(), torch.tensor([[5]]), steps=2, end=5).tolist() == [[5, 6, 7]]  # a start


def test_eval_mode_while_writing_and_the_old_mode_afterwards() -> None:
    counting = Counting()
    counting.train()
    sampling.generate(counting, torch.tensor([[1]]), steps=2)
    assert counting.modes == {False} and counting.training
    broken = Counting()
    broken.train()
    broken.logits = None  # type: ignore[assignment]
    with pytest.raises(TypeError):
        sampling.generate(broken, torch.tensor([[1]]), steps=2)
    assert broken.training, "an error on the way changes no mode either"


@pytest.mark.parametrize("training", [True, False])
def test_every_part_comes_back_in_the_mode_it_had(training: bool) -> None:
    made = model().train(training)
    made.transformer.blocks[0].train(not training)  # frozen, say
    before = [part.training for part in made.modules()]
    generate(made, torch.tensor([[1]]), steps=1)
    assert [part.training for part in made.modules()] == before and len(set(before)) == 2


def test_samples_are_drawn_as_likely_as_the_filtered_logits_say() -> None:
    class Fixed(Counting):
        def logits(self, states: Tensor) -> Tensor:
            return torch.log(torch.tensor([0.4, 0.3, 0.2, 0.1])).expand(len(states), 4)

    generator = torch.Generator().manual_seed(0)
    drawn = sampling.generate(Fixed(), torch.zeros(20000, 1, dtype=torch.long), steps=1, top_k=3, generator=generator)
    share = np.bincount(drawn[:, 1].numpy(), minlength=4) / 20000
    assert np.abs(share - np.array([4, 3, 2, 0]) / 9).max() < 0.015
    again = torch.Generator().manual_seed(0)
    same = sampling.generate(Fixed(), torch.zeros(20000, 1, dtype=torch.long), steps=1, top_k=3, generator=again)
    assert torch.equal(drawn, same), "the same generator writes the same"


def test_nothing_to_write_is_allowed() -> None:
    start = torch.tensor([[1, 2]])
    assert torch.equal(generate(model(), start, steps=0), start)
    assert generate(model(), torch.zeros(0, 2, dtype=torch.long), steps=3).shape[0] == 0


@pytest.mark.parametrize("temperature", [0.0, -1.0, INF, math.nan, True])
def test_refuses_temperatures(temperature: float) -> None:
    with pytest.raises(ValueError, match="temperature above 0"):
        filter_logits(logits(4), temperature)


def test_refuses_bad_filters() -> None:
    for k in (0, -1, 2.0, True):
        with pytest.raises(ValueError, match="top_k as a whole number"):
            keep_top_k(logits(4), k)  # type: ignore[arg-type]
    for p in (0.0, 1.1, -0.1, math.nan, True):
        with pytest.raises(ValueError, match="top_p above 0"):
            keep_nucleus(logits(4), p)
    with pytest.raises(ValueError, match="NaN"):
        filter_logits(torch.tensor([1.0, math.nan]))
    with pytest.raises(ValueError, match="row of -inf"):
        filter_logits(torch.tensor([[1.0, 0.0], [-INF, -INF]]))
    for scores in (torch.tensor([1.0, INF]), torch.tensor([[0.0, 1.0], [INF, -INF]])):
        with pytest.raises(ValueError, match=r"got \+inf among them: did something overflow"):
            filter_logits(scores)
    for temperature in (1e-40, 1e-320):
        with pytest.raises(ValueError, match=r"so small that logits / temperature overflows: .* temperature=0\) takes"):
            filter_logits(torch.tensor([0.0, 2.0]), temperature)
    with pytest.raises(TypeError, match="token ids"):
        filter_logits(torch.tensor([1, 2]))
    with pytest.raises(TypeError, match=r"expected logits as a torch\.Tensor, got ndarray"):
        filter_logits(np.ones(4))  # type: ignore[arg-type]
    assert torch.equal(keep_top_k(logits(4), np.int64(2)), keep_top_k(logits(4), 2))  # type: ignore[arg-type]
    for shape in ((), (3, 0)):
        with pytest.raises(ValueError, match="one number a token"):
            filter_logits(torch.zeros(shape))


def test_refuses_a_bad_start() -> None:
    start = torch.tensor([[1, 2]])
    both_ways = TextTransformer(TextConfig(23, 12, 16, 1, 4, 32, False, "post", "gelu", 1e-12))
    with pytest.raises(ValueError, match="looks both ways"):
        generate(both_ways, start, steps=1)
    with pytest.raises(ValueError, match="12 positions; 2 given tokens and 11 steps"):
        generate(model(), start, steps=11)
    for steps in (-1, 2.0, True):
        with pytest.raises(ValueError, match="steps as a whole number"):
            generate(model(), start, steps=steps)  # type: ignore[arg-type]
    for ids in (start[0], start[:, :0], start.float()):
        with pytest.raises(ValueError, match=r"token ids \(B, T\)"):
            generate(model(), ids, steps=1)
    for token in (-1, 23):
        with pytest.raises(ValueError, match="ids from 0 to 22"):
            generate(model(), torch.tensor([[token]]), steps=1)
    for temperature in (0, 1.0):
        with pytest.raises(ValueError, match="top_p"):
            generate(model(), start, steps=0, temperature=temperature, top_p=2.0)
    for end in (-1, 23, 999, 2.0):
        with pytest.raises(ValueError, match=r"end as a token from 0 to 22, got .*: it would never come"):
            generate(model(), start, steps=1, end=end)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"expected ids as a torch\.Tensor, got ndarray"):
        generate(model(), start.numpy(), steps=1)  # type: ignore[arg-type]
    assert generate(model(), start, steps=np.int64(2)).shape == (1, 4)  # type: ignore[arg-type]


_filter, _nucleus, _top_k, _generate, _chosen = filter_logits, keep_nucleus, keep_top_k, generate, sampling._choose


def _multiplied(scores: Tensor, temperature: float = 1.0, top_k: Any = None, top_p: Any = None) -> Tensor:
    return _filter(scores * temperature**2, temperature, top_k, top_p)


def _temperature_last(scores: Tensor, temperature: float = 1.0, top_k: Any = None, top_p: Any = None) -> Tensor:
    return _filter(_filter(scores, 1.0, top_k, top_p), temperature)


def _nucleus_first(scores: Tensor, temperature: float = 1.0, top_k: Any = None, top_p: Any = None) -> Tensor:
    scores = scores / temperature
    scores = scores if top_p is None else _nucleus(scores, top_p)
    return scores if top_k is None else _top_k(scores, top_k)


def _without_the_crossing_one(scores: Tensor, p: float) -> Tensor:
    probabilities, order = scores.softmax(-1).sort(dim=-1, descending=True)
    out = probabilities.cumsum(-1) > p
    return scores.masked_fill(torch.zeros_like(out).scatter(-1, order, out), -INF)


def _mask_left_sorted(scores: Tensor, p: float) -> Tensor:
    probabilities, _ = scores.softmax(-1).sort(dim=-1, descending=True)
    return scores.masked_fill(probabilities.cumsum(-1) - probabilities >= p, -INF)


def _zeros_for_minus_infinity(scores: Tensor, k: int) -> Tensor:
    kept = _top_k(scores, k)
    return kept.masked_fill(kept == -INF, 0.0)


def _exactly_k(scores: Tensor, k: int) -> Tensor:
    order = scores.topk(min(k, scores.shape[-1])).indices
    return torch.full_like(scores, -INF).scatter(-1, order, scores.gather(-1, order))


def _goes_on_after_the_end(*args: Any, end: int | None = None, **options: Any) -> Tensor:
    return _generate(*args, **options)


def _one_token_short(m: Any, ids: Tensor, *, steps: int, **options: Any) -> Tensor:
    return _generate(m, ids, steps=steps, **options)[:, :-1]


def _always_greedy(scores: Tensor, *rest: Any) -> Tensor:
    return scores.argmax(-1)


def _stays_in_eval(m: Any, *args: Any, **options: Any) -> Tensor:
    written = _generate(m, *args, **options)
    m.eval()
    return written


def _own_dice(scores: Tensor, temperature: float, top_k: Any, top_p: Any, generator: Any) -> Tensor:
    return _chosen(scores, temperature, top_k, top_p, None)


def _reads_all_again(*args: Any, use_cache: bool = True, **options: Any) -> Tensor:
    return _generate(*args, use_cache=False, **options)


ENDS = test_after_the_end_comes_only_the_end_and_when_all_have_ended_it_stops
ORDER = test_all_three_in_the_order_of_transformers
SEEDED_BUGS = (
    ("logits multiplied by the temperature", "filter_logits", _multiplied, test_temperature_equals_transformers),
    ("temperature after the filters", "filter_logits", _temperature_last, ORDER),
    ("nucleus before top-k", "filter_logits", _nucleus_first, ORDER),
    ("the crossing token is lost", "keep_nucleus", _without_the_crossing_one, test_nucleus_equals_transformers),
    ("the mask stays in sorted order", "keep_nucleus", _mask_left_sorted, test_nucleus_equals_transformers),
    ("struck out is 0, not -inf", "keep_top_k", _zeros_for_minus_infinity, test_top_k_equals_transformers),
    ("ties are cut at k", "keep_top_k", _exactly_k, test_top_k_equals_transformers),
    ("writes on after the end", "generate", _goes_on_after_the_end, ENDS),
    ("one token short", "generate", _one_token_short, test_greedy_writing_equals_gpt2),
    ("always the likeliest", "_choose", _always_greedy, test_samples_are_drawn_as_likely_as_the_filtered_logits_say),
    ("the generator is ignored", "_choose", _own_dice, test_samples_are_drawn_as_likely_as_the_filtered_logits_say),
    ("stays in eval mode", "generate", _stays_in_eval, test_eval_mode_while_writing_and_the_old_mode_afterwards),
    ("reads all again", "generate", _reads_all_again, test_with_a_cache_every_token_is_read_once),
)


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_every_seeded_bug_is_caught(bug: tuple[str, str, Any, Any], assert_caught: Any) -> None:
    assert_caught(sampling, bug)
