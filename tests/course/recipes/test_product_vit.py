"""The shipped product transformer: whole, as good as its record says, and its table is of the test it names."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from mmlearn.course.recipes import product_vit
from mmlearn.data.products import Products, products
from mmlearn.data.unavailable import DataUnavailable
from mmlearn.encode.vit import ViT, ViTConfig
from mmlearn.train.checkpoint import checkpoint_file, load_checkpoint
from mmlearn.train.history import History


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Products:
    """A made-up shop in place of the real one: pictures that are darker, the higher the class."""
    rng = np.random.default_rng(0)
    labels = np.arange(400) % 10
    images = (25 * labels[:, None, None] + rng.integers(0, 20, (400, 28, 28))).astype(np.uint8)
    made = Products(images, labels)
    monkeypatch.setattr("mmlearn.data.products", lambda split="train": made)
    return made


def table() -> dict[str, np.ndarray]:
    with checkpoint_file("product-vit", "answers.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    return dict(zip(head, np.array(rows, dtype=int).T, strict=True))


def test_a_quick_run_goes_all_the_way(shop: Products) -> None:
    made = product_vit.train(quick=True)
    assert made.config.classes == 10 and made.config.pooling == "mean"
    head, *rows = made.files["answers.csv"].decode().splitlines()
    assert head == "label,vit,hog_svm" and len(rows) == 100
    assert [int(row.split(",")[0]) for row in rows] == shop.labels[:100].tolist()
    assert set(made.card.scores) == {"majority", "vit", "hog_svm", "vit over hog_svm"}
    assert "on validation" in made.card.scores["vit"] and "360 pictures to learn from" in made.card.data


def test_a_training_that_was_stopped_is_not_kept(shop: Products, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmlearn.train.fit.fit", lambda *given, **named: History(stopped="interrupted after 7 steps"))
    config = ViTConfig(image=28, patch=14, channels=1, classes=10, width=8, depth=1, heads=2, hidden=8)
    with pytest.raises(RuntimeError, match="not kept: interrupted after 7 steps"):
        product_vit.train_vit(shop, config, steps=3)


def test_without_the_data_nothing_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(split: str = "train") -> Products:
        raise DataUnavailable("products", "not here", "install it")

    monkeypatch.setattr("mmlearn.data.products", missing)
    with pytest.raises(DataUnavailable, match="not here"):
        product_vit.train(quick=True)


def test_gradients_of_a_flat_picture_are_none_and_of_an_edge_are_some() -> None:
    flat, edge = np.full((28, 28), 9, np.uint8), np.zeros((28, 28), np.uint8)
    edge[:, 14:] = 255
    gradients, pixels = product_vit.gradients_and_pixels(np.stack([flat, edge]))
    assert gradients.shape == (2, 1296) and not gradients[0].any() and gradients[1].any()
    assert pixels.shape == (2, 784) and pixels.max() == 1 and np.allclose(pixels[0], 9 / 255)


def test_the_record_keeps_the_bar_of_the_course() -> None:
    record = table()
    assert list(record) == ["label", "vit", "hog_svm"] and np.bincount(record["label"]).tolist() == [1000] * 10
    assert np.mean(record["vit"] == record["label"]) >= 0.90
    assert 0.90 <= np.mean(record["hog_svm"] == record["label"]) <= 0.95


def test_the_shipped_network_says_what_the_record_says() -> None:
    try:
        unseen = products("test").select(slice(0, 500))
    except DataUnavailable as missing:
        pytest.skip(str(missing))
    model = load_checkpoint("product-vit", lambda settings: ViT(ViTConfig(**settings)))
    record = table()
    assert np.array_equal(record["label"][:500], unseen.labels)
    assert np.mean(product_vit.predict(model, unseen.images) == record["vit"][:500]) > 0.99
