"""The weight curve and the chosen weight, against plain loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmlearn.fuse import weights as module
from mmlearn.fuse.weights import WEIGHTS, choose_weight, weight_curve


def trial(seed: int = 0, n: int = 80) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels, validation = rng.integers(0, 3, n), rng.random(n) < 0.6
    image, text = (rng.dirichlet(np.ones(3), n) + s * np.eye(3)[labels] for s in (0.3, 0.5))
    return image / image.sum(1, keepdims=True), text / text.sum(1, keepdims=True), labels, validation


def slow_choice(image: Any, text: Any, labels: Any, validation: Any, weights: Any) -> float:
    found: list[tuple[int, float, float]] = []
    for w in weights:
        right = 0
        for i, truth in enumerate(labels):
            mixed = [w * a + (1 - w) * b for a, b in zip(image[i], text[i], strict=True)]
            right += bool(validation[i]) and mixed.index(max(mixed)) == truth
        found.append((-right, round(abs(w - 0.5), 9), float(w)))
    return min(found)[2]


def agrees_with_the_slow_choice() -> None:
    for seed in range(30):
        given = trial(seed, n=20 + seed)
        assert module.choose_weight(*given, weights=WEIGHTS) == slow_choice(*given, WEIGHTS)


def test_equal_to_the_slow_choice() -> None:
    agrees_with_the_slow_choice()


def test_the_ends_of_the_curve_are_the_single_modalities() -> None:
    image, text, labels, _ = trial()
    curve = weight_curve(image, text, labels)
    assert len(curve) == 21
    assert curve[0] == (text.argmax(1) == labels).mean() and curve[-1] == (image.argmax(1) == labels).mean()


def test_rows_outside_validation_have_no_say() -> None:
    image, text, labels, validation = trial()
    chosen = choose_weight(image, text, labels, validation)
    labels = np.where(validation, labels, (labels + 1) % 3)
    assert choose_weight(image, text, labels, validation) == chosen


def test_equally_good_weights_lean_least_on_one_modality() -> None:
    same = np.array([[0.9, 0.1], [0.2, 0.8]])
    assert choose_weight(same, same, [0, 1], [True, True]) == 0.5
    assert choose_weight(same, same, [0, 1], [True, True], weights=[0.0, 0.3, 0.7, 1.0]) == 0.3


def test_bad_input_is_refused() -> None:
    image, text, labels, validation = trial()
    for options, says in (
        ({"weights": [0.5, 1.2]}, "weights from 0 to 1"),
        ({"weights": []}, "at least one"),
    ):
        with pytest.raises(ValueError, match=says):
            weight_curve(image, text, labels, **options)
    with pytest.raises(ValueError, match="labels as columns"):
        weight_curve(image, text, labels + 1)
    with pytest.raises(ValueError, match="labels as columns"):
        weight_curve(image, text, labels.astype(str))
    with pytest.raises(ValueError, match="N labels"):
        weight_curve(image, text, labels[1:])
    for wrong in (~validation & validation, validation.astype(int), validation[1:]):
        with pytest.raises(ValueError, match="True or False for every row"):
            choose_weight(image, text, labels, wrong)


CURVE, CHOOSE = weight_curve, choose_weight

SEEDED_BUGS = (
    ("weights turned round", "weight_curve", lambda a, b, y, w: CURVE(b, a, y, w)),
    ("the worst weight", "weight_curve", lambda a, b, y, w: -CURVE(a, b, y, w)),
    ("all rows are looked at", "choose_weight",
     lambda a, b, y, v, weights: CHOOSE(a, b, y, np.ones(len(y), bool), weights)),
    ("the test rows are looked at", "choose_weight", lambda a, b, y, v, weights: CHOOSE(a, b, y, ~v, weights)),
    ("the first of equals", "choose_weight",
     lambda a, b, y, v, weights: weights[CURVE(a[v], b[v], y[v], weights).argmax()]),
)  # fmt: skip


@pytest.mark.parametrize(("name", "bug"), [bug[1:] for bug in SEEDED_BUGS], ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(name: str, bug: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, name, bug)
    with pytest.raises(AssertionError):
        agrees_with_the_slow_choice()
