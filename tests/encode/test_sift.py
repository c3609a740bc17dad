"""SIFT against OpenCV's, on photographs and on made-up blobs; the descriptor against its definition."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from mmlearn.data import science_photos
from mmlearn.encode import keypoints, orientation
from mmlearn.encode import sift as module
from mmlearn.encode.keypoints import Keypoints
from mmlearn.encode.opencv_sift import opencv_sift
from mmlearn.encode.pixels import to_grey
from mmlearn.encode.scale_space import Octave
from mmlearn.encode.warps import rotate


@lru_cache(maxsize=1)
def photo() -> Any:
    """150 x 190 pixels of the cat's face."""
    data = science_photos()
    return to_grey(data.images[list(data.keys).index("chelsea")])[60:210, 120:310]


def needs_opencv() -> None:
    pytest.importorskip("cv2")


def test_descriptors_at_opencvs_keypoints_are_opencvs() -> None:
    needs_opencv()
    points, theirs = opencv_sift(photo())
    ours = module.describe(photo(), points)
    assert ours.shape == (len(points), 128) and ours.dtype == np.float32
    cosine = (ours * theirs).sum(axis=1) / np.linalg.norm(theirs, axis=1)
    assert len(points) > 100 and np.median(cosine) > 0.99 and cosine.min() > 0.95


def test_keypoints_are_opencvs() -> None:
    needs_opencv()
    ours, _ = module.sift(photo())
    theirs, _ = opencv_sift(photo())
    assert abs(len(ours) - len(theirs)) < 0.1 * len(theirs)
    near = np.linalg.norm(ours.xy[:, None] - theirs.xy, axis=-1) < 0.5
    near &= np.abs(np.log(ours.scale[:, None] / theirs.scale)) < np.log(1.1)
    turned = np.abs((ours.angle[:, None] - theirs.angle + np.pi) % (2 * np.pi) - np.pi)
    assert near.any(axis=1).mean() > 0.95
    assert (near & (turned < np.radians(10))).any(axis=1).mean() > 0.8
    factor = [ours.response[i] / theirs.response[near[i].argmax()] for i in np.flatnonzero(near.any(axis=1))]
    assert np.quantile(factor, 0.9) / np.quantile(factor, 0.1) < 1.2  # one unit, so one order of strength


@pytest.mark.parametrize("sigma", [3.0, 4.0, 5.5, 8.0])
def test_a_blob_is_found_where_it_is_and_as_large_as_it_is(sigma: float) -> None:
    blob_is_found(sigma)


def blob_is_found(sigma: float = 4.0) -> None:
    y, x = np.mgrid[:90, :110]
    blob = np.exp(-((x - 50.3) ** 2 + (y - 40.8) ** 2) / (2 * sigma**2))
    points, descriptors = module.sift(blob, 1)
    np.testing.assert_allclose(points.xy, [[50.3, 40.8]], atol=0.1)
    # the difference of sigma and k sigma answers most where k sigma^2 is the blob's own variance
    assert points.scale[0] == pytest.approx(sigma / 2 ** (1 / 6), rel=0.03)
    assert descriptors.shape == (1, 128)


def test_a_dark_blob_counts_as_much() -> None:
    y, x = np.mgrid[:64, :64]
    blob = np.exp(-((x - 30) ** 2 + (y - 33) ** 2) / 50)
    bright, dark = module.sift(blob, 1)[0], module.sift(1 - blob, 1)[0]
    np.testing.assert_allclose(bright.xy, dark.xy, atol=1e-4)
    np.testing.assert_allclose(bright.response, dark.response, rtol=1e-3)


def turn_changes_little() -> None:
    """The same keypoint in a turned view has nearly the same descriptor."""
    points, before = module.sift(photo(), 60)
    view = rotate(photo(), 40)
    moved = np.concatenate([points.xy, np.ones((len(points), 1))], axis=1) @ view.homography.T
    inside = ((moved[:, :2] > 25) & (moved[:, :2] < [164, 124])).all(axis=1)
    turned = Keypoints(moved[inside, :2], points.scale[inside], points.angle[inside] + np.radians(40),
                       points.response[inside])  # fmt: skip
    cosine = (module.describe(view.image, turned) * before[inside]).sum(axis=1)
    assert inside.sum() > 20 and np.median(cosine) > 0.95


def test_a_turn_changes_a_descriptor_little() -> None:
    turn_changes_little()


def test_light_changes_nothing() -> None:
    points, before = module.sift(photo(), 50)
    darker = module.describe(photo() / 255 * 0.4 + 0.3, points)
    np.testing.assert_allclose(darker, before, atol=1e-3)


def test_normalising_by_hand() -> None:
    rows = np.array([[3.0, 4.0, 0.0], [0.0, 0.0, 0.0], [10.0, 0.1, 0.1]])
    got = module.normalise_descriptors(rows, clip=0.7)
    np.testing.assert_allclose(got[0], np.array([0.6, 0.7, 0]) / np.hypot(0.6, 0.7))
    assert not got[1].any()
    assert (np.linalg.norm(got[[0, 2]], axis=1) == pytest.approx(1)) and got[2, 0] < 0.9999
    assert module.normalise_descriptors(rows.astype(np.float32)).dtype == np.float32


def test_root_sift_is_hellingers_kernel() -> None:
    generator = np.random.default_rng(0)
    a, b = generator.random((4, 128)), generator.random((4, 128))
    shares_a, shares_b = a / a.sum(axis=1, keepdims=True), b / b.sum(axis=1, keepdims=True)
    kernel = module.root_sift(a) @ module.root_sift(b).T
    np.testing.assert_allclose(kernel, np.sqrt(shares_a[:, None] * shares_b).sum(axis=-1), rtol=1e-5)
    np.testing.assert_allclose(module.root_sift(7 * a), module.root_sift(a), atol=1e-6)
    assert not module.root_sift(np.zeros((2, 128), np.uint8)).any()
    assert module.root_sift(np.zeros((0, 128))).shape == (0, 128)
    for bad in (-a, a * np.nan):
        with pytest.raises(ValueError, match="0 or more"):
            module.root_sift(bad)
    with pytest.raises(ValueError, match=r"d\[None\]"):
        module.root_sift(a[0])


def test_a_colour_that_is_flat_and_a_single_pixel_have_no_keypoints() -> None:
    for picture in (np.full((50, 60), 128, np.uint8), np.zeros((1, 1)), np.zeros((1, 300)), np.ones((6, 6))):
        points, descriptors = module.sift(picture)
        assert len(points) == 0 and points.xy.shape == (0, 2)
        assert descriptors.shape == (0, 128) and descriptors.dtype == np.float32


def test_at_most_so_many_the_strongest_first() -> None:
    everything, descriptors = module.sift(photo())
    some, fewer = module.sift(photo(), 25)
    assert len(some) == 25 and (np.diff(everything.response) <= 0).all()
    np.testing.assert_array_equal(some.xy, everything.xy[:25])
    np.testing.assert_allclose(fewer, descriptors[:25], atol=1e-6)
    assert len(module.sift(photo(), 0)[0]) == 0
    with pytest.raises(ValueError, match="0 or more, got -1"):
        module.sift(photo(), -1)


def test_bad_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="to_grey"):
        module.sift(np.zeros((20, 20, 3), np.uint8))
    with pytest.raises(ValueError, match="NaN"):
        module.sift(np.full((20, 20), np.nan))
    one = Keypoints(np.zeros((1, 2)), np.ones(1), np.zeros(1), np.ones(1))
    with pytest.raises(ValueError, match="at least 7 pixels"):
        module.describe(np.zeros((3, 3)), one)


DESCRIPTORS, SPACE, NORMALISE = module.descriptors_at, module.scale_space, module.normalise_descriptors
SAMPLE, EXTREMA, REFINE, STEP = module.sample, module.local_extrema, module.refine, keypoints._offset
POINTS, AT = test_keypoints_are_opencvs, test_descriptors_at_opencvs_keypoints_are_opencvs


def unscaled(image: Any) -> list[Octave]:
    return [Octave(octave.layers, 1.0) for octave in SPACE(image)]


def no_doubling(image: Any) -> list[Octave]:
    return SPACE(image)[1:]


SEEDED_BUGS: tuple[tuple[str, Any, str, Any, Callable[[], None]], ...] = (
    ("the grid is not turned", module, "descriptors_at", lambda i, x, y, s, a: DESCRIPTORS(i, x, y, s, 0 * a),
     turn_changes_little),
    ("the grid is turned the other way", module, "descriptors_at",
     lambda i, x, y, s, a: DESCRIPTORS(i, x, y, s, -a), AT),
    ("the grid does not grow", module, "descriptors_at",
     lambda i, x, y, s, a: DESCRIPTORS(i, x, y, 0 * s + 1.6, a), AT),
    ("cells of two sigma", module, "CELL_WIDTH", 2.0, AT),
    ("x and y swapped", module, "sample", lambda values, x, y: SAMPLE(values, y, x), AT),
    ("y for x in the slopes", module, "gradients", lambda layer: orientation.gradients(layer)[::-1], AT),
    ("no clip", module, "normalise_descriptors", lambda rows, clip=0.2: NORMALISE(rows, 1.0), test_normalising_by_hand),
    ("not divided a second time", module, "normalise_descriptors",
     lambda rows, clip=0.2: np.minimum(NORMALISE(rows, 1.0), clip), test_normalising_by_hand),
    ("not divided at all", module, "normalise_descriptors", lambda rows, clip=0.2: rows, test_light_changes_nothing),
    ("an octave's scale is lost", module, "scale_space", unscaled, lambda: blob_is_found(8.0)),
    ("no doubling, no small keypoints", module, "scale_space", no_doubling, POINTS),
    ("a wrong sigma", module, "SIGMA", 1.0, blob_is_found),
    ("bright blobs only", module, "local_extrema",
     lambda dog, threshold=0.0: EXTREMA(np.minimum(dog, 0), threshold), POINTS),
    ("no contrast test", module, "refine", lambda dog, places: REFINE(dog, places, 0.0), POINTS),
    ("no step between the pixels", keypoints, "_offset", lambda g, h: 0 * STEP(g, h), blob_is_found),
    ("no edge test", keypoints, "is_corner", lambda h, edge=10.0: np.ones(len(h), bool), POINTS),
    ("one direction for all", module, "orientations",
     lambda layer, x, y, sigma: (np.arange(len(x)), np.zeros(len(x))), POINTS),
    ("root without the sum", module, "root_sift", lambda rows: np.sqrt(rows).astype(np.float32),
     test_root_sift_is_hellingers_kernel),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, where, name, wrong, caught_by = bug
    monkeypatch.setattr(where, name, wrong)
    with pytest.raises(AssertionError):
        caught_by()


def test_directions_are_read_in_the_keypoints_own_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    real = module.orientations

    def spy(layer: Any, *rest: Any) -> Any:
        seen.append(layer)
        return real(layer, *rest)

    monkeypatch.setattr(module, "orientations", spy)
    octaves = module.scale_space(np.random.default_rng(0).random((80, 80)))
    module.detect(octaves)
    due = [octave.layers[layer] for octave in octaves for layer in (1, 2, 3)]
    assert len(seen) == len(due) and all((one == other).all() for one, other in zip(seen, due, strict=True))


def slow_descriptor(layer: Any, x: float, y: float, sigma: float, angle: float) -> Any:
    """The whole of `descriptors_at` for one keypoint, sample by sample and cell by cell."""
    dx, dy = orientation.gradients(layer)
    found = np.zeros((4, 4, 8))
    line = (np.arange(20) + 0.5) / 4 - 2.5
    for v in line:
        for u in line:
            across = x + 3 * sigma * (np.cos(angle) * u - np.sin(angle) * v)
            down = y + 3 * sigma * (np.sin(angle) * u + np.cos(angle) * v)
            gx, gy = (orientation.sample(slope, np.array([across]), np.array([down]))[0] for slope in (dx, dy))
            turn = (angle - np.arctan2(gy, gx)) / (2 * np.pi) * 8
            low, share = int(np.floor(turn)), turn - np.floor(turn)
            vote = np.hypot(gx, gy) * np.exp(-(u * u + v * v) / (2 * 2.0**2))
            for row in range(4):
                for column in range(4):
                    near = max(0.0, 1 - abs(v - (row - 1.5))) * max(0.0, 1 - abs(u - (column - 1.5)))
                    found[row, column, low % 8] += near * (1 - share) * vote
                    found[row, column, (low + 1) % 8] += near * share * vote
    return found.ravel()


def test_a_descriptor_equals_a_slow_loop() -> None:
    layer = np.random.default_rng(4).random((70, 60))
    for x, y, sigma, angle in ((30.2, 33.7, 2.5, 0.0), (28.0, 35.4, 1.8, 2.3), (5.0, 60.0, 3.0, 5.9)):
        found = module.descriptors_at(layer, *(np.array([value]) for value in (x, y, sigma, angle)))
        np.testing.assert_allclose(found[0], slow_descriptor(layer, x, y, sigma, angle), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("n", [2.5, -1, "3"])
def test_a_number_of_keypoints_that_is_none_is_refused(n: Any) -> None:
    with pytest.raises(ValueError, match="a number of keypoints, 0 or more, got"):
        module.sift(np.zeros((20, 20)), n)
