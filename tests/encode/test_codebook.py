"""Discrete tokens against a slow, obvious search; the loss against F.cross_entropy; the estimator in scikit-learn."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils.estimator_checks import check_estimator
from threadpoolctl import threadpool_limits
from torch import Tensor

from mmlearn.encode import codebook as module
from mmlearn.encode.codebook import PatchCodebook, masked_token_loss
from mmlearn.encode.tensors import to_tensor
from mmlearn.types import FloatArray, IntArray, UInt8Array


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """k-means on little data: threads that wait for each other on a busy machine cost more than they save."""
    with threadpool_limits(1):
        yield


def noise(*shape: int, seed: int = 0) -> UInt8Array:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def book(images: Any, n_tokens: int = 5, patch: int = 3, **options: Any) -> PatchCodebook:
    found: PatchCodebook = module.PatchCodebook(n_tokens, patch, **options).fit(images)
    return found


def blocks(kinds: IntArray, side: int, levels: list[Any]) -> UInt8Array:
    """Pictures made of flat squares: kinds (N, rows, columns) -> (N, rows side, columns side[, C])."""
    return np.asarray(levels, np.uint8)[kinds].repeat(side, axis=1).repeat(side, axis=2)


def slow_tokens(images: UInt8Array, centres: FloatArray, patch: int) -> list[list[int]]:
    """One patch, one centre, one number at a time, as one reads."""
    found = []
    for image in images.reshape(*images.shape[:3], -1).astype(float) / 127.5 - 1:
        ids = []
        for row in range(0, image.shape[0], patch):
            for column in range(0, image.shape[1], patch):
                square = image[row : row + patch, column : column + patch].flatten()
                distances = [sum((square - centre) ** 2) for centre in centres.astype(float)]
                ids.append(distances.index(min(distances)))
        found.append(ids)
    return found


def test_tokens_are_the_nearest_centres_in_reading_order() -> None:
    for shape in ((4, 6, 9, 3), (4, 9, 6), (1, 3, 3, 3)):
        fitted = book(noise(7, *shape[1:]), n_tokens=6)
        images = noise(*shape, seed=1)
        assert fitted.tokens(images).tolist() == slow_tokens(images, fitted.centres_, 3)


def test_flat_squares_come_back_exactly_in_their_places() -> None:
    kinds = np.random.default_rng(0).integers(0, 3, (5, 2, 4))
    for levels in ([10, 100, 240], [[0, 0, 9], [200, 30, 30], [255, 255, 250]]):
        images = blocks(kinds, 3, levels)
        fitted = book(images, n_tokens=3)
        ids = fitted.tokens(images)
        assert ids.tolist() == kinds.reshape(5, 8).tolist()  # from the darkest to the lightest
        assert (fitted.decode(ids) == images).all()
        assert fitted.grid_ == (2, 4) and fitted.tokens(images).dtype == np.int64
        other = blocks(kinds.transpose(0, 2, 1), 3, levels)  # other pictures may have another grid
        assert (fitted.decode(fitted.tokens(other), grid=(4, 2)) == other).all()


def test_decode_paints_each_tokens_centre() -> None:
    fitted = book(noise(6, 6, 9, 3))
    ids = np.arange(30).reshape(5, 6) % 5
    images, small = fitted.decode(ids), fitted.pictures()
    assert images.shape == (5, 6, 9, 3) and small.shape == (5, 3, 3, 3)
    for n, row in enumerate(ids):
        for place, token in enumerate(row):
            top, left = 3 * (place // 3), 3 * (place % 3)
            assert (images[n, top : top + 3, left : left + 3] == small[token]).all()
    levels = (fitted.centres_.reshape(5, 3, 3, 3) + 1) * 127.5
    assert np.abs(small - levels).max() <= 0.5 + 1e-4


def test_centres_are_about_as_good_as_k_means_own() -> None:
    images = load_digits().images[:300].astype(np.uint8) * 15
    fitted = book(images, n_tokens=12, patch=4)
    rows = to_tensor(images).numpy()[:, 0].reshape(-1, 2, 4, 2, 4).transpose(0, 1, 3, 2, 4).reshape(-1, 16)
    off = ((rows - fitted.centres_[fitted.tokens(images).ravel()]) ** 2).sum()
    assert off < 1.15 * KMeans(12, n_init=3, random_state=0).fit(rows).inertia_
    assert (np.diff(fitted.centres_.mean(axis=1)) >= 0).all()
    errors = [_error(book(images, n_tokens=k, patch=4), images) for k in (2, 12, 80)]
    assert errors[0] > 1.3 * errors[1] > 1.3 * errors[2] > 0


def _error(fitted: PatchCodebook, images: UInt8Array) -> float:
    return float(((fitted.decode(fitted.tokens(images)).astype(float) - images) ** 2).mean())


def test_tensors_floats_transparent_and_grey_pictures() -> None:
    images = noise(6, 6, 6, 3)
    fitted = book(images)
    ids = fitted.tokens(images)
    for same in (to_tensor(images), list(images), images / 255):
        assert (fitted.tokens(same) == ids).all()
    opaque = np.concatenate([images, np.full((6, 6, 6, 1), 255, np.uint8)], axis=3)
    assert (fitted.tokens(opaque) == ids).all()
    clear = np.zeros((1, 6, 6, 4), np.uint8)  # it lies on white paper
    assert (fitted.tokens(clear) == fitted.tokens(np.full((1, 6, 6, 3), 255, np.uint8))).all()
    grey = book(images[..., 0])
    assert (grey.tokens(images[..., :1]) == grey.tokens(to_tensor(images[..., 0]))).all()
    assert grey.channels_ == 1 and grey.decode(grey.tokens(images[..., 0])).shape == (6, 6, 6)


def test_many_pictures_are_done_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    images = noise(9, 6, 6, 3)
    fitted = book(images)
    ids = fitted.tokens(images)
    monkeypatch.setattr(module, "BATCH", 4)
    assert (fitted.tokens(images) == ids).all()


def test_blank_paper_takes_one_token_however_much_of_it_there_is() -> None:
    some = noise(8, 6, 6)
    paper = np.full((200, 6, 6), 255, np.uint8)
    fitted = book(np.concatenate([some, paper]), n_tokens=4)
    assert (fitted.centres_ == book(np.concatenate([some, paper[:1]]), n_tokens=4).centres_).all()
    assert len(np.unique(fitted.centres_, axis=0)) == 4


def test_it_is_the_same_each_time_and_follows_its_seed() -> None:
    images = noise(20, 12, 12)
    one, two, other = (book(images, random_state=seed).centres_ for seed in (3, 3, 4))
    assert (one == two).all() and not (one == other).all()
    few = book(images, max_patches=40)
    assert few.centres_.shape == (5, 9) and not (few.centres_ == book(images).centres_).all()


def test_scikit_learns_own_checks() -> None:
    # One check needs an environment variable that is read when SciPy is imported; without it, it skips itself.
    found = check_estimator(PatchCodebook(n_tokens=2, patch=1, image_shape=(1, -1)), on_skip=None)
    assert {each["check_name"] for each in found if each["status"] != "passed"} <= {"check_array_api_input"}


def test_in_a_pipeline_a_grid_and_cross_validation_on_rows() -> None:
    X, y = load_digits(return_X_y=True)
    X, y = X[:300], y[:300]
    encoder = OneHotEncoder(handle_unknown="ignore")
    pipeline = make_pipeline(PatchCodebook(16, 2, image_shape=(8, 8)), encoder, LogisticRegression())
    assert cross_validate(pipeline, X, y, cv=3)["test_score"].mean() > 0.75  # chance 0.1
    search = GridSearchCV(pipeline, {"patchcodebook__n_tokens": [1, 16]}, cv=2).fit(X, y)
    assert search.best_params_["patchcodebook__n_tokens"] == 16
    assert (pickle.loads(pickle.dumps(search)).predict(X) == search.predict(X)).all()
    fresh = clone(pipeline)[0]
    assert fresh.get_params() == pipeline[0].get_params() and not hasattr(fresh, "centres_")
    names = search.best_estimator_[0].get_feature_names_out()
    assert len(names) == 16 and names[0] == "patchcodebook0"
    assert search.best_estimator_[0].value_range_ == (0.0, 16.0)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: book(noise(1, 6, 6)), "5 different patches or more to find n_tokens=5 in, got 4 in 1 pictures"),
        (lambda: book(np.zeros((9, 6, 6), np.uint8)), "got 1 in 9 pictures"),
        (lambda: book(noise(2, 6, 6), n_tokens=0), "n_tokens of at least 1, got 0"),
        (lambda: book(noise(2, 6, 7, 3)), "a width of whole patches of 3 pixels, got 6 x 7"),
        (lambda: book([noise(6, 6), noise(6, 9)]), r"pictures of one size and kind, got \(6, 6, 1\) and \(6, 9, 1\)"),
        (lambda: book([]), "at least one picture, got none"),
        (lambda: book(noise(6, 6, 3)), "may be one colour picture"),
        (lambda: book(noise(4, 36)), "image_shape"),
        (lambda: book(noise(4, 6, 6)).tokens(noise(4, 6, 6, 3)), "pictures of 1 channels, as in fit, got 3"),
        (lambda: book(noise(4, 6, 6)).decode(np.zeros((2, 3), int)), r"ids \(N, 4\) for 2 x 2 patches, got \(2, 3\)"),
        (lambda: book(noise(4, 6, 6)).decode(np.zeros(4, int)), r"ids \(N, 4\) .* got \(4,\)"),
        (lambda: book(noise(4, 6, 6)).decode([[0, 1, 2, 5]]), "from 0 to 4, got 0 to 5: are they another codebook's"),
        (lambda: book(noise(4, 6, 6)).decode([[0, 1, 2, -1]]), "from 0 to 4, got -1 to 2"),
        (lambda: book(torch.full((2, 3, 6, 6), math.nan)), "got NaN"),
    ],
)
def test_bad_values_are_refused(call: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        call()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: book(noise(4, 6, 6), n_tokens=2.5), "n_tokens as a whole number, got 2.5"),  # type: ignore[arg-type]
        (lambda: book(noise(4, 6, 6), patch="3"), "patch as a whole number, got '3'"),  # type: ignore[arg-type]
        (
            lambda: book(noise(4, 6, 6)).decode([[0.0, 1.0, 2.0, 3.0]]),
            r"ids of whole numbers, got float64: logits become",
        ),
        (lambda: book(noise(4, 6, 6)).decode([[0, 1]], grid=2), r"grid as a pair \(rows, columns\)"),  # type: ignore[arg-type]
    ],
)
def test_other_types_are_refused(call: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(TypeError, match=sentence):
        call()


LOGITS = torch.randn(3, 7, 5, generator=torch.Generator().manual_seed(0)) * 3
TOKENS = torch.randint(0, 5, (3, 7), generator=torch.Generator().manual_seed(1))
MASK = torch.tensor([[1, 0, 1, 1, 0, 0, 1], [0, 0, 0, 0, 0, 0, 1], [0] * 7])


def test_loss_and_gradients_are_cross_entropys_with_the_seen_ignored() -> None:
    labels = TOKENS.masked_fill(MASK == 0, -100)
    for mask in (MASK, MASK.bool(), MASK.float(), MASK.byte()):
        mine, other = LOGITS.clone().requires_grad_(), LOGITS.clone().requires_grad_()
        got = module.masked_token_loss(mine, TOKENS, mask)
        due = F.cross_entropy(other.transpose(1, 2), labels, ignore_index=-100)
        assert got.shape == ()
        torch.testing.assert_close(got, due)
        got.backward(), due.backward()
        torch.testing.assert_close(mine.grad, other.grad)
        assert mine.grad is not None and (mine.grad[MASK == 0] == 0).all()


def test_who_knows_nothing_loses_log_k_and_who_is_sure_loses_little_or_much() -> None:
    assert module.masked_token_loss(torch.zeros(3, 7, 5), TOKENS, MASK).item() == pytest.approx(math.log(5))
    sure = 1e4 * F.one_hot(TOKENS, 5).float()
    assert module.masked_token_loss(sure, TOKENS, MASK) == 0
    wrong = module.masked_token_loss(-sure, TOKENS, MASK)  # no infinity, no NaN
    assert wrong.item() == pytest.approx(1e4 + math.log(4), rel=1e-4)
    by_hand = [-math.log(math.exp(LOGITS[b, n, TOKENS[b, n]]) / sum(math.exp(x) for x in LOGITS[b, n].tolist()))
               for b, n in MASK.nonzero().tolist()]  # fmt: skip
    assert module.masked_token_loss(LOGITS, TOKENS.int(), MASK).item() == pytest.approx(sum(by_hand) / 5, rel=1e-5)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: masked_token_loss(LOGITS.transpose(1, 2), TOKENS, MASK), ValueError, "F.cross_entropy wants K second"),
        (lambda: masked_token_loss(LOGITS[:, :6], TOKENS, MASK), ValueError, r"\(3, 6, 5\) and \(3, 7\)"),
        (lambda: masked_token_loss(TOKENS, LOGITS, MASK), TypeError, "are logits and tokens the wrong way round"),
        (
            lambda: masked_token_loss(LOGITS, TOKENS.float(), MASK),
            TypeError,
            r"whole numbers, int64, got torch\.float32",
        ),
        (lambda: masked_token_loss(LOGITS, TOKENS + 1, MASK), ValueError, "tokens from 0 to 4, got 1 to 5"),
        (lambda: masked_token_loss(LOGITS, TOKENS - 100, MASK), ValueError, "tokens from 0 to 4, got -100 to -96"),
        (lambda: masked_token_loss(LOGITS, TOKENS, MASK * 0), ValueError, "the mask hides nothing"),
        (lambda: masked_token_loss(LOGITS, TOKENS, MASK[:, 1:]), ValueError, r"a mask \(B, N\) = \(3, 7\)"),
        (lambda: masked_token_loss(LOGITS, TOKENS, MASK * 2), ValueError, "a mask of 0 "),
        (lambda: masked_token_loss(LOGITS, TOKENS.numpy(), MASK), TypeError, "tokens as a torch.Tensor, got ndarray"),  # type: ignore[arg-type]
    ],
)
def test_bad_input_of_the_loss_is_refused(call: Callable[[], Any], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        call()


PATCHIFY, UNPATCHIFY, LOSS = module.patchify, module.unpatchify, masked_token_loss


def _farthest(rows: FloatArray, centres: FloatArray) -> IntArray:
    return ((rows[:, None] - centres) ** 2).sum(-1).argmax(1)


def _by_direction(rows: FloatArray, centres: FloatArray) -> IntArray:
    """The largest dot product, without the centre's length."""
    return (rows @ centres.T).argmax(1)


def _by_columns(images: Tensor, patch: int) -> Tensor:
    grid = (images.shape[2] // patch, images.shape[3] // patch)
    return PATCHIFY(images, patch).unflatten(1, grid).transpose(1, 2).flatten(1, 2)


def _grid_turned(patches: Tensor, patch: int, grid: tuple[int, int]) -> Tensor:
    rows, columns = grid
    return UNPATCHIFY(patches, patch, (columns, rows)).reshape(len(patches), -1, rows * patch, columns * patch)


class _Unsorted(PatchCodebook):
    def fit(self, X: Any, y: Any = None) -> PatchCodebook:
        super().fit(X)
        self.centres_ = self.centres_[::-1]
        return self


class _CountsAll(PatchCodebook):
    def fit(self, X: Any, y: Any = None) -> PatchCodebook:
        super().fit(X)
        rows = self._patches(self._images(X, reset=True)).reshape(-1, self.centres_.shape[1])
        found = module.codebook([rows], self.n_tokens, 60_000, 0)
        self.centres_ = found[np.argsort(found.mean(axis=1), kind="stable")]
        return self


SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("the farthest centre", "nearest_words", _farthest, test_tokens_are_the_nearest_centres_in_reading_order),
    ("the largest dot product", "nearest_words", _by_direction, test_tokens_are_the_nearest_centres_in_reading_order),
    ("patches column by column", "patchify", _by_columns, test_tokens_are_the_nearest_centres_in_reading_order),
    ("rows and columns of the grid swapped", "unpatchify", _grid_turned,
     test_flat_squares_come_back_exactly_in_their_places),
    ("tokens in no order", "PatchCodebook", _Unsorted, test_flat_squares_come_back_exactly_in_their_places),
    ("centres are random patches", "codebook", lambda rows, k, most, seed: rows[0][:k],
     test_centres_are_about_as_good_as_k_means_own),
    ("every blank patch counts", "PatchCodebook", _CountsAll,
     test_blank_paper_takes_one_token_however_much_of_it_there_is),
    ("the loss is on all tokens", "masked_token_loss",
     lambda logits, tokens, mask: F.cross_entropy(logits.transpose(1, 2), tokens.long()),
     test_loss_and_gradients_are_cross_entropys_with_the_seen_ignored),
    ("the loss is on the seen tokens", "masked_token_loss",
     lambda logits, tokens, mask: LOSS(logits, tokens, mask == 0),
     test_loss_and_gradients_are_cross_entropys_with_the_seen_ignored),
    ("summed, not averaged", "masked_token_loss",
     lambda logits, tokens, mask: LOSS(logits, tokens, mask) * mask.sum(),
     test_loss_and_gradients_are_cross_entropys_with_the_seen_ignored),
    ("averaged over all places", "masked_token_loss",
     lambda logits, tokens, mask: LOSS(logits, tokens, mask) * mask.float().mean(),
     test_loss_and_gradients_are_cross_entropys_with_the_seen_ignored),
    ("softmax, then log", "masked_token_loss",
     lambda logits, tokens, mask: -logits[mask.bool()].softmax(-1).log().gather(
         1, tokens[mask.bool()].long()[:, None]).mean(),
     test_who_knows_nothing_loses_log_k_and_who_is_sure_loses_little_or_much),
    ("softmax over the places", "masked_token_loss",
     lambda logits, tokens, mask: -logits.log_softmax(1)[mask.bool()].gather(
         1, tokens[mask.bool()].long()[:, None]).mean(),
     test_who_knows_nothing_loses_log_k_and_who_is_sure_loses_little_or_much),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        (torch.zeros(2, 6, 6, 3), ValueError, "are the channels last"),
        (torch.zeros(2, 4, 6, 6), ValueError, "RGBA, .* lay it on white first"),
        (torch.zeros(3, 6, 6), ValueError, r"a batch by tensor\[None\]"),
        (torch.full((2, 3, 6, 6), 200.0), ValueError, "got 200 to 200: are these levels 0 to 255"),
        (noise(2, 3, 6, 6), ValueError, "are the channels first"),
        (torch.zeros(2, 3, 6, 6).byte(), TypeError, "are these pixels already"),
    ],
)
def test_pictures_in_another_layout_are_told_the_likely_cause(wrong: Any, error: type[Exception], says: str) -> None:
    fitted = book(noise(4, 6, 6, 3))
    for call in (fitted.tokens, fitted.fit):
        with pytest.raises(error, match=says):
            call(wrong)
