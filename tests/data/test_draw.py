"""Drawing: whole-number blending next to the exact one, boxes, and sprites without a fringe."""

import numpy as np
import pytest

from mmlearn.data import draw
from mmlearn.data.backgrounds import BACKGROUNDS, draw_background
from mmlearn.data.draw import cropped_sticker, draw_scenes
from mmlearn.data.graph import Scene, Thing
from mmlearn.data.nouns import nouns

DOG, CAT = nouns()[:2]


def test_blending_is_within_one_of_the_exact_mix() -> None:
    images, boxes = draw_scenes([Scene(BACKGROUNDS[5], (Thing(DOG, "big", 0.5, 0.5),))], 96)
    x0, y0, x1, y1 = boxes[0, 0].tolist()
    sprite = cropped_sticker(DOG.code, 43).astype(float)  # 0.45 of 96
    paper = draw_background("night", 96)[y0:y1, x0:x1]
    share = sprite[..., 3:] / 255
    exact = share * sprite[..., :3] + (1 - share) * paper
    assert np.abs(images[0, y0:y1, x0:x1] - exact).max() <= 1.0


def test_things_lie_where_the_graph_says() -> None:
    things = Thing(DOG, "small", 0.25, 0.5), Thing(CAT, "big", 0.7, 0.4)
    _, boxes = draw_scenes([Scene(BACKGROUNDS[0], things, "to the left of")], 100)
    middles = (boxes[0, :2, :2] + boxes[0, :2, 2:]) / 2
    assert np.abs(middles - [[25, 50], [70, 40]]).max() <= 0.5
    longest = np.maximum(*(boxes[0, :2, 2 + axis] - boxes[0, :2, axis] for axis in (0, 1)))
    assert longest.tolist() == [27, 45]  # 0.27 and 0.45 of 100
    assert (boxes[0, 2:] == -1).all()


@pytest.mark.parametrize("span", [9, 29])
@pytest.mark.parametrize("noun", [nouns()[0], nouns()[60], nouns()[-1]], ids=lambda noun: noun.en)
def test_a_cropped_sticker_fills_its_span(noun, span) -> None:
    sprite = cropped_sticker(noun.code, span)
    assert max(sprite.shape[:2]) == span and sprite.shape[2] == 4
    for edge in (sprite[0], sprite[-1], sprite[:, 0], sprite[:, -1]):
        assert edge[:, 3].max() > 60


def test_no_dark_fringe_where_a_light_sticker_ends(monkeypatch) -> None:
    """Shrinking without regard to opacity would mix transparent black into the edge."""
    slanted = np.zeros((40, 40, 4), dtype=np.uint8)
    slanted[np.tri(40, dtype=bool)] = 255  # a white triangle on nothing at all
    monkeypatch.setattr(draw, "render_sticker", lambda code, size: slanted)
    sprite = cropped_sticker("any", 7)
    soft = (sprite[..., 3] > 20) & (sprite[..., 3] < 235)
    assert soft.any() and (sprite[soft][:, :3] >= 245).all()


def test_a_second_call_reads_the_cache(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("MMLEARN_CACHE", str(tmp_path))
    draw._sprites.cache_clear()
    scene = Scene(BACKGROUNDS[0], (Thing(DOG, "big", 0.5, 0.5),))
    first, _ = draw_scenes([scene], 40)
    assert len(list(tmp_path.glob("scene_sprites-*.npz"))) == 1
    draw._sprites.cache_clear()
    monkeypatch.setattr(draw, "render_sticker", None)  # nothing may be rendered now
    again, _ = draw_scenes([scene], 40)
    assert (first == again).all()


def test_the_cache_notices_other_things(monkeypatch) -> None:
    keys = []
    monkeypatch.setattr(draw, "cached", lambda name, key, make: keys.append(key) or make())
    for chosen in (nouns()[:2], nouns()[1:3]):
        monkeypatch.setattr(draw, "nouns", lambda chosen=chosen: chosen)
        draw._sprites.cache_clear()
        draw._sprites(32)
    draw._sprites.cache_clear()
    assert keys[0] != keys[1]
