"""The recipe runs, its card tells the truth, and what ships is what its answers say."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmlearn.course.recipes import _vit_from_scratch, _vit_start, sticker_vit
from mmlearn.data import stickers
from mmlearn.data.splits import family_splits
from mmlearn.data.stickers import Stickers
from mmlearn.data.unavailable import DataUnavailable
from mmlearn.encode.tensors import to_tensor
from mmlearn.encode.vit import ViT, ViTConfig
from mmlearn.train.checkpoint import checkpoint_file, load_checkpoint
from mmlearn.view.images import on_white

CONTESTANTS = (
    sticker_vit.WORDS,
    sticker_vit.FROZEN,
    sticker_vit.PLAIN,
    sticker_vit.AUGMENTED,
    sticker_vit.VIEWS,
)


def plain_deck() -> Stickers:
    deck = stickers()
    return deck.select(deck.groups != "flags")


def read(text: str) -> dict[str, np.ndarray]:
    rows = list(csv.DictReader(io.StringIO(text)))
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


def recorded() -> dict[str, np.ndarray]:
    return read(checkpoint_file("sticker-vit", "answers.csv").read_text(encoding="utf-8"))


def drawings_or_skip(deck: Stickers) -> _vit_from_scratch.Drawings:
    try:
        return _vit_from_scratch.drawings_of(deck)
    except DataUnavailable as missing:
        pytest.skip(f"the second drawing needs its font: {missing}")


def test_both_drawings_show_the_sticker_that_their_row_says() -> None:
    deck = plain_deck()
    drawings = drawings_or_skip(deck)
    counts = np.bincount(drawings.rows, minlength=len(deck))
    assert counts.min() >= 1 and (counts == 2).mean() > 0.95  # Noto lacks a few
    assert torch.equal(drawings.pixels[: len(deck)], to_tensor(on_white(deck.images)))
    noto = stickers(style="noto")
    for place in (len(deck), -1):
        shown = noto.images[noto.codes == deck.codes[drawings.rows[place]]]
        assert torch.equal(drawings.pixels[[place]], to_tensor(on_white(shown)))


def test_drawings_of_some_rows_are_of_no_others() -> None:
    deck = plain_deck().select(slice(None, None, 8))
    split = family_splits(deck.groups, deck.families, n_splits=2)[0]
    drawings = drawings_or_skip(deck)
    of_train = drawings.of(split.train)
    assert set(of_train.rows) == set(split.train) and len(of_train.pixels) == len(of_train.rows)
    assert not set(deck.families[of_train.rows]) & set(deck.families[split.test])


def test_the_pupil_reads_half_of_the_patches_and_others_each_time() -> None:
    config = ViTConfig(image=64, classes=8, width=24, depth=1, heads=2, hidden=48, pooling="mean")
    pupil = _vit_from_scratch.Pupil(ViT(config), [5, 9], torch.Generator().manual_seed(0)).eval()
    lengths = []
    pupil.vit.transformer.register_forward_hook(lambda module, inputs, output: lengths.append(inputs[0].shape[1]))
    with torch.no_grad():
        first, again = (pupil(torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))) for _ in range(2))
    assert lengths == [1 + 32, 1 + 32]
    assert [tuple(answer.shape) for answer in first] == [(2, 8), (2, 5), (2, 9)]
    assert not torch.allclose(first[0], again[0])


def test_the_drawings_are_described_by_shares_of_words_and_of_colours() -> None:
    try:
        words, colours = _vit_from_scratch.described(plain_deck().images[:40], n_words=16)
    except DataUnavailable as missing:
        pytest.skip(f"visual words need OpenCV: {missing}")
    assert words.shape == (40, 16) and colours.shape == (40, 64)
    for shares in (words, colours):
        assert shares.min() >= 0 and torch.allclose(shares.sum(dim=1), torch.ones(40), atol=1e-5)


def test_both_pictures_of_a_mixture_are_asked_for_by_their_share_of_it() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = [torch.randn(3, size, generator=generator) for size in (8, 5, 4, 6)]
    numbers = [torch.tensor([0, 7, 2]), torch.tensor([4, 0, 1])]
    shares = [torch.rand(3, size, generator=generator).softmax(dim=1) for size in (4, 6)]
    partner, kept = torch.tensor([1, 2, 0]), 0.3
    expected = 0.0
    for place, (weight, said) in enumerate(zip((1, 0.3, 2, 2), logits, strict=True)):
        log, size = said.log_softmax(dim=1), said.shape[1]
        for row in range(3):
            for share, other in ((kept, row), (1 - kept, int(partner[row]))):
                answer = shares[place - 2][other] if place > 1 else torch.full((size,), 0.1 / size)
                if place < 2:
                    answer[numbers[place][other]] += 0.9
                expected += weight * share * float(-(answer * log[row]).sum()) / 3
    found = _vit_from_scratch.question_loss(logits, [*numbers, *shares], partner, kept)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_it_starts_looking_at_its_like_and_taking_off_a_little() -> None:
    config = ViTConfig(image=64, classes=8, width=64, depth=2, heads=2, hidden=48)
    model = ViT(config)
    _vit_start.start_like_trained(model, torch.Generator().manual_seed(0))
    model.requires_grad_(False)
    for block in model.transformer.blocks:
        attention = block.attention
        for query, key in zip(attention.query.weight.split(32), attention.key.weight.split(32), strict=True):
            looks = (query.T @ key).diagonal().mean()  # (D, D); half the rank, so more than half of 0.7 stays
            assert 0.35 < looks < 1
        moved = attention.output.weight @ attention.value.weight  # (D, D)
        off = moved - torch.diag(moved.diagonal())
        assert float(moved.diagonal().mean()) == pytest.approx(-0.4, abs=0.05)
        assert float(off.std()) == pytest.approx(0.4 / 64**0.5, rel=0.1)
    waves = model.position_embedding[0, 1:]
    assert (
        float(waves.abs().max()) == pytest.approx(0.3, abs=1e-3) and len(torch.unique(waves, dim=0)) == config.patches
    )


def test_the_last_layer_fitted_anew_is_the_regression_it_came_from() -> None:
    config = ViTConfig(image=64, classes=3, width=24, depth=1, heads=2, hidden=48, pooling="mean")
    model, numbers = ViT(config).eval(), np.arange(30) % 3
    pixels = torch.rand(30, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    before = model.patch_embedding.projection.weight.clone()
    _vit_from_scratch.refit_head(model, pixels, numbers)
    features = _vit_from_scratch.over_views(model.features, pixels).numpy()
    line = make_pipeline(StandardScaler(), LogisticRegression(C=1e-3, max_iter=500)).fit(features, numbers)
    with torch.no_grad():
        found = model.head(torch.from_numpy(features)).softmax(dim=1).numpy()
    np.testing.assert_allclose(found, line.predict_proba(features), atol=1e-4)
    assert torch.equal(before, model.patch_embedding.projection.weight)
    with pytest.raises(ValueError, match="expected pictures of all 3 classes, got 2"):
        _vit_from_scratch.refit_head(model, pixels, np.minimum(numbers, 1))


def test_views_average_what_ten_pictures_say() -> None:
    model = ViT(ViTConfig(image=64, classes=8, width=24, depth=1, heads=2, hidden=48, pooling="mean")).eval()
    images = torch.rand(3, 3, 64, 64)
    shown = [images.roll(shift, (2, 3)) for shift in ((0, 0), (3, 0), (-3, 0), (0, 3), (0, -3))]
    shown += [each.flip(3) for each in shown]
    with torch.no_grad():
        expected = torch.stack([model(each).softmax(1) for each in shown]).mean(0).numpy()
    np.testing.assert_allclose(_vit_from_scratch.probabilities(model, images, views=True), expected, atol=1e-6)
    single = _vit_from_scratch.probabilities(model, images)
    assert np.abs(single - expected).max() > 1e-6 and single.sum(axis=1) == pytest.approx(1)


def test_a_quick_run_makes_all_that_ships() -> None:
    try:
        trained = sticker_vit.train(quick=True)
    except DataUnavailable as missing:
        pytest.skip(f"visual words, the second drawing or EfficientNet need it: {missing}")
    table = read(trained.files["answers.csv"].decode())
    assert set(table) == {"code", "family", "split", "group", *CONTESTANTS}
    assert all(set(table[name]) <= set(table["group"]) for name in CONTESTANTS)
    assert isinstance(trained.config, ViTConfig) and trained.config.classes == len(set(table["group"]))
    for name in CONTESTANTS:
        share = np.mean([(table[name] == table["group"])[table["split"] == part].mean() for part in ("0", "1")])
        assert trained.card.scores[name].startswith(f"{share:.3f}, mean of")
    for family in set(table["family"]):
        assert len(set(table["split"][table["family"] == family])) == 1


def test_the_record_is_of_these_stickers_and_splits() -> None:
    deck, table = plain_deck(), recorded()
    np.testing.assert_array_equal(table["code"], deck.codes)
    np.testing.assert_array_equal(table["group"], deck.groups)
    np.testing.assert_array_equal(table["family"], deck.families)
    for place, split in enumerate(family_splits(deck.groups, deck.families)):
        assert (table["split"][split.test] == str(place)).all()


@pytest.mark.parametrize("column", [sticker_vit.AUGMENTED, sticker_vit.VIEWS])
def test_the_weights_that_ship_gave_the_answers_of_the_first_split(column: str) -> None:
    deck, table = plain_deck(), recorded()
    model = load_checkpoint("sticker-vit", lambda config: ViT(ViTConfig(**config)))
    test = family_splits(deck.groups, deck.families)[0].test
    pixels = to_tensor(on_white(deck.images[test]))
    found = _vit_from_scratch.probabilities(model, pixels, views=column == sticker_vit.VIEWS).argmax(axis=1)
    said = np.unique(deck.groups)[found]
    assert (said == table[column][test]).mean() > 0.99  # rounding may tip a picture on another machine
