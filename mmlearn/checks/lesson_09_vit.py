"""The exercise of lesson 09 that puts the whole ViT together: the learner's class, traced beside the course's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.gradients import with_gradients
from mmlearn.checks.lesson_09_tokens import to_sequence

Generator = np.random.Generator
PARTS = ("patch_embedding", "input of transformer", "transformer", "head")
Forward = Callable[..., Any]


def make_vit(forward: Forward, config: Any) -> Any:
    """A ViT with the parts that the lesson's class has, and this way through them."""
    import torch
    from torch import nn

    from mmlearn.blocks.patches import PatchEmbedding
    from mmlearn.blocks.transformer import Transformer

    class ViT(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            sizes = config.depth, config.width, config.heads, config.hidden
            self.patch_embedding = PatchEmbedding(config.patch, config.channels, config.width)
            self.class_token = nn.Parameter(torch.zeros(1, 1, config.width))
            self.position_embedding = nn.Parameter(torch.zeros(1, config.patches + 1, config.width))
            self.transformer = Transformer(*sizes, "pre", config.activation, config.eps)
            self.head = nn.Linear(config.width, config.classes)

        def forward(self, images: Any) -> Any:
            return forward(self, images)

    return ViT()


def _way(forward: Forward) -> type:
    """A class that is made only when it is built, so that declaring the exercise loads no torch."""
    return type("ViT", (), {"__new__": lambda cls, config: make_vit(forward, config)})


def run_vit(ViT: Any, sizes: dict[str, Any], seed: int, images: Any) -> dict[str, Any]:
    """The model with weights of our choice: where it first leaves the course's way, its logits, and their gradient.

    Every parameter is moved off its start, so that no norm is neutral, and the same numbers go into both; in float64,
    so that sums in another order come out the same.
    """
    import torch

    from mmlearn.bridge.perturb import perturb_
    from mmlearn.encode import vit

    config = vit.ViTConfig(**sizes)
    theirs = vit.ViT(config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():  # not as it was drawn: the same numbers in every trial
        for weight in theirs.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator) / max(1, weight.shape[-1]) ** 0.5)
    perturb_(theirs, seed).double().eval()
    ours = ViT(config).double().eval()
    ours.load_state_dict(theirs.state_dict())
    found = with_gradients(ours, images)
    with torch.no_grad():
        wanted = theirs(images)
    fits = isinstance(found["value"], torch.Tensor) and found["value"].shape == wanted.shape
    told = fits and torch.allclose(found["value"], wanted, atol=1e-5, rtol=1e-4)
    return {
        "parts, in the order of the work": "all as they should be" if told else _first(ours, theirs, images),
        **found,
    }


def _first(ours: Any, theirs: Any, images: Any) -> str:
    """The part that `mmlearn.bridge.trace` finds first, or that all agree and what is made of them does not."""
    from mmlearn.bridge import trace

    pairs = [(part, part) for part in PARTS]
    run = (lambda: ours(images)), (lambda: theirs(images))
    first = trace(ours, theirs, pairs=pairs, tolerance=1e-4, ours_call=run[0], theirs_call=run[1]).first
    return f"{first.ours} is the first that differs" if first else "the parts agree, what comes out does not"


def _states(self: Any, images: Any, **way: Any) -> Any:
    return self.transformer(_tokens(self, images), **way)  # (B, N + 1, D)


def _tokens(self: Any, images: Any) -> Any:
    return to_sequence(self.patch_embedding(images), self.class_token, self.position_embedding)  # (B, N + 1, D)


def _logits(self: Any, images: Any) -> Any:
    return self.head(_states(self, images)[:, 0])


def _no_last_norm(self: Any, images: Any) -> Any:
    x = _tokens(self, images)
    for block in self.transformer.blocks:
        x = block(x)
    return self.head(x[:, 0])


def _norm_first(self: Any, images: Any) -> Any:
    return self.head(self.transformer(self.transformer.norm(_tokens(self, images)))[:, 0])


def _normed_twice(self: Any, images: Any) -> Any:
    return self.head(self.transformer.norm(_states(self, images))[:, 0])


def _no_class_token(self: Any, images: Any) -> Any:
    return self.head(self.transformer(self.patch_embedding(images) + self.position_embedding[:, 1:])[:, 0])


def _bare_patches(self: Any, images: Any) -> Any:
    return self.head(self.transformer(self.patch_embedding(images))[:, 0])


def _no_positions(self: Any, images: Any) -> Any:
    x = to_sequence(self.patch_embedding(images), self.class_token, 0 * self.position_embedding)
    return self.head(self.transformer(x)[:, 0])


def _positions_twice(self: Any, images: Any) -> Any:
    return self.head(self.transformer(_tokens(self, images) + self.position_embedding)[:, 0])


def _class_token_added_again(self: Any, images: Any) -> Any:
    return self.head(_states(self, images)[:, 0] + self.class_token[:, 0])


def _without_self(self: Any, images: Any) -> Any:
    raise NameError("name 'head' is not defined")


def _pair_of_states(self: Any, images: Any) -> Any:
    return self.head(_states(self, images, return_weights=True)[:, 0])


def _arguments_swapped(self: Any, images: Any) -> Any:
    x = to_sequence(self.patch_embedding(images), self.position_embedding, self.class_token)
    return self.head(self.transformer(x)[:, 0])


def _detached(self: Any, images: Any) -> Any:
    return _logits(self, images).detach()


def _inputs(generator: Generator, b: int, **sizes: Any) -> tuple[Any, ...]:
    import torch

    side, channels = sizes["image"], sizes["channels"]
    images = torch.from_numpy(generator.uniform(-1, 1, size=(b, channels, side, side)))  # (B, C, H, W)
    return sizes, int(generator.integers(1 << 30)), images


def _small(**changed: Any) -> dict[str, Any]:
    return {
        "image": 12,
        "patch": 4,
        "channels": 3,
        "classes": 5,
        "width": 12,
        "depth": 2,
        "heads": 3,
        "hidden": 20,
    } | changed


VIT = Exercise(
    id="09.3",
    title="The whole ViT",
    reference="mmlearn.encode.vit.ViT",
    cases=(
        Case("two colour pictures, 9 patches, 2 blocks", lambda g: _inputs(g, 2, **_small())),
        Case(
            "three grey pictures, 4 patches, 1 block",
            lambda g: _inputs(g, 3, **_small(image=6, patch=3, channels=1, depth=1)),
        ),
        Case("one picture, 7 classes", lambda g: _inputs(g, 1, **_small(depth=1, classes=7))),
    ),
    mistakes=(
        Mistake(
            _way(lambda self, images: self.head(_states(self, images)[:, -1])),
            "You read the LAST token, the picture's bottom right corner: the class token is the first, [:, 0].",
        ),
        Mistake(
            _way(lambda self, images: self.head(_states(self, images).mean(1))),
            "You average all tokens: here the class token alone goes to the head, [:, 0].",
        ),
        Mistake(
            _way(lambda self, images: self.head(_states(self, images)[:, 1:].mean(1))),
            'You average the patches (pooling="mean", a good ViT as well): here the class token is read, [:, 0].',
        ),
        Mistake(
            _way(lambda self, images: self.head(_states(self, images).amax(1))),
            "You take the maximum over all tokens: read the class token, [:, 0].",
        ),
        Mistake(
            _way(lambda self, images: self.head(_states(self, images)[:, 1])),
            "[:, 1] is the first patch: the class token stands before it, [:, 0].",
        ),
        Mistake(
            _way(lambda self, images: self.head(_states(self, images)[0])),
            "x[0] is the first PICTURE with all its tokens: x[:, 0] is the first token of every picture.",
        ),
        Mistake(
            _way(lambda self, images: self.head(_states(self, images))),
            "The head answers for every token: one answer a picture is due, the class token's, [:, 0].",
        ),
        Mistake(
            _way(lambda self, images: _states(self, images)[:, 0]),
            "That is the vector of the class token, D numbers: the head makes logits of it.",
        ),
        Mistake(
            _way(lambda self, images: self.head(_states(self, images, causal=True)[:, 0])),
            "causal=True: then the class token, which comes first, sees nothing but itself. Let it look at all.",
        ),
        Mistake(
            _way(lambda self, images: _logits(self, images).softmax(-1)),
            "Leave out the softmax: logits are due, and F.cross_entropy brings its own.",
        ),
        Mistake(
            _way(lambda self, images: _logits(self, images).argmax(-1)),
            "That is the number of the best class: training needs the logits themselves.",
        ),
        Mistake(_way(_no_class_token), "The class token is left out: the first token you read is the first patch."),
        Mistake(_way(_bare_patches), "Neither class token nor positions: to_sequence puts them to the patches."),
        Mistake(_way(_no_positions), "The positions are left out: the network cannot tell up from down."),
        Mistake(_way(_positions_twice), "The positions are added twice: to_sequence adds them already."),
        Mistake(
            _way(_no_last_norm),
            "You run the blocks but not the norm behind them: self.transformer(x) does both.",
        ),
        Mistake(_way(_normed_twice), "You norm once more at the end: self.transformer ends in its norm already."),
        Mistake(
            _way(_norm_first),
            "You norm the tokens before the first block: with pre-norm each block does so itself.",
        ),
        Mistake(
            _way(lambda self, images: self.head(_tokens(self, images)[:, 0])),
            "The Transformer is never asked: your class token has not looked at any patch, so all pictures are alike.",
        ),
        Mistake(
            _way(lambda self, images: self.head(self.transformer.blocks[0](_tokens(self, images))[:, 0])),
            "Only the first block runs: self.transformer runs all of them.",
        ),
        Mistake(
            _way(_class_token_added_again),
            "The class token is added once more at the end: it is in the stream already, from the first block on.",
        ),
        Mistake(
            _way(_detached), "Something is detached: the numbers are right, but nothing can be learned through them."
        ),
        Mistake(
            _way(_arguments_swapped),
            "Positions and class token have changed places: to_sequence(patches, class_token, positions).",
        ),
        Mistake(
            _way(lambda self, images: self.head(_states(self, images)[:, :1])),
            "[:, :1] keeps an axis of one token: [:, 0] takes the token out, and (B, classes) is due.",
        ),
        Mistake(
            _way(lambda self, images: self.head(_states(self, images)[:, 0].relu())),
            "A relu stands before the head: half of what the class token gathered is lost. The head reads it as it is.",
        ),
        Mistake(
            _way(_without_self),
            "Is self. missing? In a class its parts are self.head, self.transformer and so on; to_sequence and torch "
            "go without. Else check the spelling.",
        ),
        Mistake(
            _way(lambda self, images: self.to_sequence(images)),
            "Is that name a part of the class? Its parts are patch_embedding, class_token, position_embedding, "
            "transformer and head; to_sequence is a function: no self. in front.",
        ),
        Mistake(
            _way(lambda self, images: self.head(_states(self, images)[:, :, 0])),
            "Does each part get the shape it wants? The head wants D numbers a picture: [:, 0] is the first token, "
            "[:, :, 0] the first NUMBER of every token.",
        ),
        Mistake(
            _way(_pair_of_states),
            "Two usual causes: with return_weights=True the Transformer returns a pair (leave it out here); and "
            "to_sequence takes three arguments, patches, class_token, positions.",
        ),
    ),
    use=run_vit,
    seconds=20.0,
)
