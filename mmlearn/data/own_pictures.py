"""A learner's own pictures from a folder: upright, RGB, and no file lost without a word."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmlearn.types import UInt8Array

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif")
# What may lie beside pictures on purpose, or by the system's doing; it is left alone.
_OTHERS = (".txt", ".md", ".csv", ".json", ".wav", ".db", ".ini", ".ipynb", ".py")


@dataclass(frozen=True, eq=False)
class OwnPictures:
    """The pictures of a folder, in the order of their names, and what could not be read.

    folder: as it was asked for.
    names: N file names, "cat.jpg".
    images: N arrays, (H, W, 3) uint8 RGB 0 to 255, upright; sizes differ.
    unread: file name -> why it is not among the pictures.

    ``len(mine)`` counts the pictures; ``print(mine)`` says what was found, or what to do where nothing was.

    Built in: lesson 01.
    """

    folder: Path
    names: tuple[str, ...]
    images: tuple[UInt8Array, ...]
    unread: dict[str, str]

    def __len__(self) -> int:
        return len(self.names)

    def __str__(self) -> str:
        kinds = " ".join(ENDINGS)
        if self.names:
            sizes = (f"{name} ({image.shape[1]} x {image.shape[0]})" for name, image in self._pairs())
            found = f"{len(self)} picture{'s' * (len(self) > 1)} in {self.folder.name}: " + ", ".join(sizes)
        elif self.folder.is_dir():
            found = f"The folder {self.folder.name} holds no picture that can be read yet ({kinds})."
        else:
            found = f"There is no folder {self.folder.name} yet: make it beside this notebook, for {kinds}."
        return "\n".join([found, *(f"left out: {name}: {why}" for name, why in self.unread.items())])

    def _pairs(self) -> zip[tuple[str, UInt8Array]]:
        return zip(self.names, self.images, strict=True)


def own_pictures(folder: str | Path = "mine", longest: int = 1024) -> OwnPictures:
    """Read every picture of a folder (not of the folders in it), whatever its size and way of storing colour.

    Telephones store a picture as the sensor lay, with a note which way is up; the note (EXIF orientation) is
    obeyed. Grey and palette pictures become RGB, 16-bit ones 8-bit, transparent ones are laid on white; of a
    moving picture the first frame counts.

    Args:
        folder: where to look; relative to where the notebook runs, so "mine" is ``work/mine``.
        longest: pictures whose longer side exceeds it are shrunk to it, keeping their form, in pixels.

    Returns OwnPictures, empty where the folder is empty or not there. A file that cannot be read is never
    raised about: `unread` names it with the reason. Raises NotADirectoryError if `folder` is a file, ValueError
    for a `longest` below 1.

    >>> print(own_pictures("no such folder"))
    There is no folder no such folder yet: make it beside this notebook, for .jpg .jpeg .png .webp .bmp .gif.

    Built in: lesson 01.
    """
    place = Path(folder)
    if longest < 1:
        raise ValueError(f"expected a longest side of 1 pixel or more, got {longest}")
    if place.is_file():
        raise NotADirectoryError(f"expected a folder of pictures, got the file {place.name}: name the folder it is in")
    files = [path for path in place.iterdir() if path.is_file()] if place.is_dir() else []
    images: dict[str, UInt8Array] = {}
    unread: dict[str, str] = {}
    for path in sorted(files, key=lambda path: (path.name.casefold(), path.name)):
        ending = path.suffix.lower()
        if path.name.startswith(".") or ending in _OTHERS:
            continue
        if ending not in ENDINGS:
            unread[path.name] = f"{ending or 'a file without an ending'} is not read; save it as .jpg or .png"
            continue
        try:
            images[path.name] = _read(path, longest)
        except Exception as error:  # a broken file may raise nearly anything inside Pillow
            unread[path.name] = _reason(error)
    return OwnPictures(place, tuple(images), tuple(images.values()), unread)


def _read(path: Path, longest: int) -> UInt8Array:
    from PIL import Image, ImageOps

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # large is fine; far too large still raises
        with Image.open(path) as stored:
            picture = ImageOps.exif_transpose(stored)
    if picture.mode.startswith("I"):  # 16 bits a pixel; Pillow's own conversion would cut at 255
        picture = Image.fromarray((np.asarray(picture) // 257).astype(np.uint8))
    layer = picture.convert("RGBA")
    paper = Image.new("RGBA", layer.size, "white")
    upright = Image.alpha_composite(paper, layer).convert("RGB")
    upright.thumbnail((longest, longest))
    return np.array(upright)


def _reason(error: Exception) -> str:
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):  # its own text names a path of this machine
        return "the content is no picture that Pillow reads: damaged, or of another kind than its ending says"
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
