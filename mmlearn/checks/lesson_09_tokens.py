"""The exercise of lesson 09 that makes a sequence of patches: class token in front, positions added."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.gradients import with_gradients

Generator = np.random.Generator


def to_sequence(patches: Any, class_token: Any, positions: Any) -> Any:
    """The course's answer to 09.2: (B, N, D), (1, 1, D), (1, N + 1, D) -> (B, N + 1, D)."""
    return _front(patches, class_token) + positions  # (B, N + 1, D)


def _front(patches: Any, first: Any) -> Any:
    import torch

    return torch.cat([first.expand(len(patches), -1, -1), patches], dim=1)  # (B, N + 1, D)


def _not_expanded(patches: Any, class_token: Any, positions: Any) -> Any:
    import torch

    return torch.cat([class_token, patches], dim=1) + positions


def _last(patches: Any, class_token: Any, positions: Any) -> Any:
    import torch

    return torch.cat([patches, class_token.expand(len(patches), -1, -1)], dim=1) + positions


def _off_by_one(patches: Any, class_token: Any, positions: Any) -> Any:
    return _front(patches + positions[:, :-1], class_token + positions[:, -1:])


def _side_by_side(patches: Any, class_token: Any, positions: Any) -> Any:
    import torch

    x = _front(patches, class_token)
    return torch.cat([x, positions.expand_as(x)], dim=-1)


def _zeros(patches: Any, class_token: Any, positions: Any) -> Any:
    import torch

    return _front(patches, torch.zeros_like(class_token)) + positions


def _joined(axis: int) -> Callable[..., Any]:
    def wrong(patches: Any, class_token: Any, positions: Any) -> Any:
        import torch

        return torch.cat([class_token.expand(len(patches), -1, -1), patches], dim=axis) + positions

    return wrong


def _one_for_each_patch(patches: Any, class_token: Any, positions: Any) -> Any:
    import torch

    return torch.cat([class_token.expand(*patches.shape[:2], -1), patches], dim=1) + positions


def _first_picture_only(patches: Any, class_token: Any, positions: Any) -> Any:
    import torch

    x = to_sequence(patches, class_token, positions)
    return torch.cat([x[:1], _front(patches[1:], class_token)])


def _inputs(generator: Generator, b: int, n: int, d: int) -> tuple[Any, Any, Any]:
    import torch

    shapes = (b, n, d), (1, 1, d), (1, n + 1, d)
    return tuple(torch.from_numpy(generator.normal(size=shape)).float() for shape in shapes)  # type: ignore[return-value]


TOKENS = Exercise(
    id="09.2",
    title="The class token and the positions",
    reference="mmlearn.checks.lesson_09_tokens.to_sequence",
    cases=(
        Case("two pictures of 6 patches", lambda g: _inputs(g, 2, 6, 4)),
        Case("five pictures of 9 patches", lambda g: _inputs(g, 5, 9, 6)),
        Case("one picture", lambda g: _inputs(g, 1, 4, 8)),
        Case("pictures of a single patch", lambda g: _inputs(g, 3, 1, 4)),
    ),
    mistakes=(
        Mistake(
            _not_expanded,
            "Right for one picture alone. class_token has batch 1, patches have B: expand it first, "
            "class_token.expand(len(patches), -1, -1).",
        ),
        Mistake(_last, "The class token stands at the end: it comes first, and position 0 is its own."),
        Mistake(
            lambda patches, class_token, positions: _front(patches, class_token),
            "The positions are missing: without them the patches are a bag.",
        ),
        Mistake(
            lambda patches, class_token, positions: _front(patches + positions[:, 1:], class_token),
            "The class token has a position as well, positions[:, 0]: add them after it is in its place.",
        ),
        Mistake(
            _off_by_one,
            "Every position is one place off: positions[:, 0] belongs to the class token, [:, 1] to the first patch.",
        ),
        Mistake(
            lambda patches, class_token, positions: patches + positions[:, 1:],
            "The class token is missing: N + 1 tokens are due.",
        ),
        Mistake(
            lambda patches, class_token, positions: _front(patches, patches.mean(1, keepdim=True)) + positions,
            "Your first token is the mean of the patches; it should be class_token, the same for every picture.",
        ),
        Mistake(
            lambda patches, class_token, positions: (
                _front(patches, class_token + patches.mean(1, keepdim=True)) + positions
            ),
            "You add the patches' mean to the class token: it starts without having seen any picture.",
        ),
        Mistake(
            _side_by_side,
            "You lay the positions beside the tokens, which doubles the width: they are ADDED.",
        ),
        Mistake(
            lambda patches, class_token, positions: _front(patches, class_token) * positions,
            "You multiply by the positions: add them.",
        ),
        Mistake(_zeros, "Your class token is all zeros: take the one that is handed over, it is learned."),
        Mistake(
            lambda patches, class_token, positions: _front(patches, class_token) + positions[:, :1],
            "Every token gets the position of place 0: add the whole table.",
        ),
        Mistake(
            lambda patches, class_token, positions: _front(patches, class_token) + 2 * positions,
            "The positions are added twice: before and after the class token is put in front?",
        ),
        Mistake(
            lambda patches, class_token, positions: _front(patches + positions[:, 1:], class_token) + positions,
            "The patches get their positions twice, the class token once: add the whole table once, at the end.",
        ),
        Mistake(
            lambda patches, class_token, positions: _front(patches + positions[:, :-1], class_token),
            "Two slips: the class token gets no position, and each patch gets that of the token before it. Put the "
            "class token in front first, then add the whole table.",
        ),
        Mistake(
            lambda patches, class_token, positions: _front(patches, class_token + positions[:, :1]),
            "Only the class token gets a position: the patches have theirs too, positions[:, 1:].",
        ),
        Mistake(
            lambda patches, class_token, positions: _front(patches, class_token) + positions.flip(1),
            "The positions run backwards: positions[:, 0] belongs to the class token, the last to the last patch.",
        ),
        Mistake(
            lambda patches, class_token, positions: _front(patches + positions, class_token),
            "There are N + 1 positions, and so far only N patches: put the class token in front first, then add.",
        ),
        Mistake(
            _joined(0),
            "dim=0 is the batch: the class token stands beside pictures there. Tokens lie along dim=1.",
        ),
        Mistake(
            _joined(-1),
            "Shapes that do not fit: does torch.cat join along dim=1? The last axis is the width D, tokens lie along "
            "dim=1. The pieces are (B, 1, D) and (B, N, D).",
        ),
        Mistake(
            _one_for_each_patch,
            "You make N class tokens; one a picture is due: class_token.expand(B, -1, -1).",
        ),
        Mistake(
            _first_picture_only,
            "Only the first picture gets its positions: they are the same for the whole batch.",
        ),
        Mistake(
            lambda patches, class_token, positions: to_sequence(patches, class_token.detach(), positions),
            "The values are right, but the class token cannot learn: .detach(), .data or torch.tensor(...) cut it off.",
        ),
        Mistake(
            lambda patches, class_token, positions: to_sequence(patches, class_token, positions.detach()),
            "The values are right, but the positions cannot learn: leave out .detach() and .data.",
        ),
    ),
    use=with_gradients,
)
