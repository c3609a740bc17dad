"""A learner's own pictures: every kind of file, and no silent loss."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmlearn.data.own_pictures import ENDINGS, own_pictures

RED, BLUE = (255, 0, 0), (0, 0, 255)


def half_and_half(width: int = 40, height: int = 20) -> Image.Image:
    """Left half red, right half blue."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2], pixels[:, width // 2 :] = RED, BLUE
    return Image.fromarray(pixels)


def near(pixel: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool(np.abs(pixel.astype(int) - colour).max() < 12)  # JPEG is not exact


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_ending_is_read(tmp_path: Path, ending: str) -> None:
    half_and_half().save(tmp_path / f"half{ending.upper()}")
    mine = own_pictures(tmp_path)
    assert mine.names == (f"half{ending.upper()}",) and not mine.unread
    (image,) = mine.images
    assert image.shape == (20, 40, 3) and image.dtype == np.uint8 and image.flags.writeable
    assert near(image[10, 5], RED) and near(image[10, 35], BLUE)


def test_a_picture_taken_sideways_comes_out_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # "the top of the stored picture is the right-hand side"
    half_and_half().save(tmp_path / "phone.jpg", exif=exif)
    (image,) = own_pictures(tmp_path).images
    assert image.shape == (40, 20, 3)
    assert near(image[5, 10], RED) and near(image[35, 10], BLUE)


def test_grey_palette_deep_and_transparent_pictures_become_rgb(tmp_path: Path) -> None:
    Image.fromarray(np.full((2, 3), 128, np.uint8)).save(tmp_path / "a-grey.png")
    Image.fromarray(np.full((2, 3), 128 * 257, np.uint16)).save(tmp_path / "b-deep.png")
    half_and_half().convert("P").save(tmp_path / "c-palette.png")
    Image.new("RGBA", (3, 2), (255, 0, 0, 0)).save(tmp_path / "d-clear.png")
    half_and_half().convert("CMYK").save(tmp_path / "e-print.jpg")
    grey, deep, palette, clear, ink = own_pictures(tmp_path).images
    assert grey[0, 0].tolist() == deep[0, 0].tolist() == [128, 128, 128]
    assert palette[0, 0].tolist() == [255, 0, 0]
    assert clear[0, 0].tolist() == [255, 255, 255]
    assert near(ink[10, 5], RED)


def test_of_a_moving_picture_the_first_frame_counts(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in (RED, BLUE)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    (image,) = own_pictures(tmp_path).images
    assert near(image[0, 0], RED)


def test_what_cannot_be_read_is_listed_with_its_reason(tmp_path: Path) -> None:
    half_and_half().save(tmp_path / "good.png")
    (tmp_path / "text.jpg").write_text("this is no picture", encoding="utf-8")
    (tmp_path / "empty.jpg").write_bytes(b"")
    whole = (tmp_path / "good.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "phone.heic").write_bytes(b"anything")
    (tmp_path / "scan").write_bytes(b"anything")
    mine = own_pictures(tmp_path)
    assert mine.names == ("good.png",)
    assert list(mine.unread) == ["cut.png", "empty.jpg", "phone.heic", "scan", "text.jpg"]
    assert "damaged" in mine.unread["text.jpg"]
    assert mine.unread["phone.heic"] == ".heic is not read; save it as .jpg or .png"
    assert all(mine.unread.values()) and str(tmp_path) not in "".join(mine.unread.values())
    assert "left out: phone.heic: .heic is not read" in str(mine)


def test_other_files_and_folders_are_left_alone(tmp_path: Path) -> None:
    for name in ("notes.txt", ".DS_Store", "Thumbs.db"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    (tmp_path / "inner.png").mkdir()
    mine = own_pictures(tmp_path)
    assert len(mine) == 0 and not mine.unread


def test_large_pictures_are_shrunk_and_small_ones_kept(tmp_path: Path) -> None:
    half_and_half(400, 100).save(tmp_path / "a.png")
    half_and_half(20, 10).save(tmp_path / "b.png")
    assert [image.shape for image in own_pictures(tmp_path, longest=40).images] == [(10, 40, 3), (10, 20, 3)]


def test_a_folder_that_is_empty_or_missing_says_so(tmp_path: Path) -> None:
    assert str(own_pictures(tmp_path)).startswith(f"The folder {tmp_path.name} holds no picture")
    missing = own_pictures(tmp_path / "mine")
    assert len(missing) == 0 and missing.images == () and "There is no folder mine yet" in str(missing)


def test_the_pictures_come_in_order_and_are_named(tmp_path: Path) -> None:
    for name in ("b.png", "A.png", "c.png"):
        half_and_half(4, 2).save(tmp_path / name)
    mine = own_pictures(tmp_path)
    assert mine.names == ("A.png", "b.png", "c.png")
    assert str(mine).endswith("A.png (4 x 2), b.png (4 x 2), c.png (4 x 2)")


def test_bad_arguments_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    half_and_half().save(file)
    with pytest.raises(NotADirectoryError, match=r"got the file a\.png"):
        own_pictures(file)
    with pytest.raises(ValueError, match="longest side of 1 pixel or more, got 0"):
        own_pictures(tmp_path, longest=0)
