"""The exercise of lesson 08 on writing: the cache, and what each token costs."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmlearn.checks.compare import difference
from mmlearn.checks.exercise import Case, Exercise, Mistake

Generator = np.random.Generator


def write_on(model: Any, ids: Any, steps: int) -> Any:
    """The course's answer to 08.7: the likeliest next token, `steps` times, each token read once."""
    from mmlearn.predict.sampling import generate

    return generate(model, ids, steps=steps, temperature=0)


def run_writer(answer: Any, model: Any, ids: Any, steps: int) -> dict[str, Any]:
    """What is written, and how many tokens the model was given to read at each call."""
    read: list[int] = []
    hook = model.register_forward_pre_hook(lambda module, given: read.append(int(given[0].shape[1])))
    try:
        written = answer(model, ids, steps)
    finally:
        hook.remove()
    return {"ids": written, "tokens read, call by call": read}


def compare_written(got: Any, expected: Any) -> str | None:
    """The ids first; if they are right, whether they came at the right price."""
    words, price = "ids", "tokens read, call by call"
    found = difference(got[words], expected[words])
    if found:
        return found.says
    mine, due = got[price], expected[price]
    if sum(mine) <= sum(due) + 1:  # whoever reads the very last token as well loses nothing
        return None
    return f"the right tokens, but the model read {sum(mine)} tokens for them ({mine}) where {sum(due)} are enough"


def _writer_case(generator: Generator, b: int, t: int, steps: int) -> tuple[Any, Any, int]:
    import torch

    from mmlearn.encode.text import TextConfig, TextTransformer

    torch.manual_seed(int(generator.integers(1 << 30)))
    model = TextTransformer(TextConfig(17, 16, 16, 1, 2, 32, causal=True, norm="pre", activation="gelu", eps=1e-5))
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.3 * torch.randn_like(weight))
    ids = torch.from_numpy(generator.integers(0, 17, (b, t)))
    return model.eval(), ids, steps


def _write(model: Any, ids: Any, steps: int, *, cached: bool = True, **ways: Any) -> Any:
    """A loop with room for the mistakes below."""
    import torch

    cache = model.new_cache() if cached else None
    unread = ids[:, -1:] if ways.get("last_alone") else ids
    with torch.no_grad():
        for step in range(steps + ways.get("more", 0)):
            states = model(unread, cache=cache)  # (B, n, D)
            logits = states if ways.get("states") else model.logits(states)
            chosen = logits[:, ways.get("at", -1)].argmax(-1) % 17  # (B,)
            ids = torch.cat([ids, chosen[:, None]], dim=1)  # (B, T + 1)
            unread = ids if ways.get("all_again", not cached) else chosen[:, None]
            if ways.get("new_cache"):
                cache = model.new_cache()
            if ways.get("same_token"):
                unread = ids[:, step : step + 1]
    return ids


def _all_again_into_the_cache(model: Any, ids: Any, steps: int) -> Any:
    return _write(model, ids, steps, all_again=True)


def _cache_by_place(model: Any, ids: Any, steps: int) -> Any:
    return model(ids, model.new_cache())


def _over_the_batch(model: Any, ids: Any, steps: int) -> Any:
    import torch

    chosen = model.logits(model(ids, cache=model.new_cache())[:, -1]).argmax(0)  # (V,)
    return torch.cat([ids, chosen[:, None]], dim=1)


def _least_likely(model: Any, ids: Any, steps: int) -> Any:
    import torch

    for _ in range(steps):
        chosen = model.logits(model(ids))[:, -1].argmin(-1)
        ids = torch.cat([ids, chosen[:, None]], dim=1)
    return ids


CACHE = Exercise(
    id="08.7",
    title="Write on, reading every token once",
    reference="mmlearn.checks.lesson_08_decode.write_on",
    cases=(
        Case("one text of 3 tokens, 6 more", lambda g: _writer_case(g, 1, 3, 6)),
        Case("two texts of 5 tokens, 4 more", lambda g: _writer_case(g, 2, 5, 4)),
        Case("nothing but a start token, 8 more", lambda g: _writer_case(g, 1, 1, 8)),
    ),
    mistakes=(
        Mistake(
            lambda model, ids, steps: _write(model, ids, steps, cached=False),
            "Right, but everything is read anew for every token: give the model the cache, and only what it has not "
            "read yet.",
        ),
        Mistake(
            _all_again_into_the_cache,
            "The whole text goes into a cache that holds it already, so the model reads everything twice and more: "
            "after the first call hand over the newest token alone.",
        ),
        Mistake(
            lambda model, ids, steps: _write(model, ids, steps, new_cache=True),
            "There is a new cache at every step: it forgets all before. Make it once, before the loop.",
        ),
        Mistake(
            lambda model, ids, steps: _write(model, ids, steps, at=0),
            "You take the logits after the FIRST token read: what comes next is said by the last one, logits[:, -1].",
        ),
        Mistake(
            lambda model, ids, steps: _write(model, ids, steps, states=True),
            "You take argmax of the states, vectors of the model's width: model.logits(states) scores the vocabulary.",
        ),
        Mistake(
            lambda model, ids, steps: _write(model, ids, steps)[:, ids.shape[1] :],
            "Only the new tokens come back: the given ones belong in front, (B, T + steps).",
        ),
        Mistake(
            lambda model, ids, steps: _write(model, ids, steps - 1),
            "One token too few: the call that reads the given text already yields the first new token.",
        ),
        Mistake(
            lambda model, ids, steps: _write(model, ids, steps, more=1),
            "One token too many: the call that reads the given text already yields the first new token.",
        ),
        Mistake(
            _cache_by_place,
            "The cache lands in another argument (the second is the mask): pass it by name, cache=cache.",
        ),
        Mistake(
            _over_the_batch,
            "argmax runs over the texts of the batch: the vocabulary is the last axis, argmax(-1).",
        ),
        Mistake(
            lambda model, ids, steps: _write(model, ids, steps, last_alone=True),
            "At first the model must read ALL of ids: you begin with the last token, and the cache knows nothing else.",
        ),
        Mistake(_least_likely, "You take the LEAST likely token: argmax, not argmin."),
        Mistake(
            lambda model, ids, steps: _write(model, ids, steps, same_token=True),
            "After the first call the model gets tokens of the given text again: hand over the one just chosen.",
        ),
    ),
    use=run_writer,
    compare=compare_written,
    seconds=20.0,
)
