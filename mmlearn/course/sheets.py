"""Contact sheets: one picture that shows what each data set holds, drawn anew by a command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from mmlearn.data.unavailable import DataUnavailable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parents[2]
# Pictures that may not be passed on with the course are drawn for you alone, into the folder git ignores.
PRIVATE = ("stamps", "flickr8k", "coco")


def sheets(names: list[str]) -> None:
    """Draw the contact sheets of these data sets, or of all that are installed if `names` is empty.

    `datasets/NAME.png` is written, or `work/sheets/NAME.png` for a set whose pictures may not be passed on.
    The examples are chosen by a fixed seed, so the same data give the same sheet.

    Raises ValueError for an unknown name, DataUnavailable if a set that was named is not installed.
    """
    if unknown := [name for name in names if name not in DRAW]:
        raise ValueError(f"no data set {', '.join(unknown)}: choose from {', '.join(DRAW)}")
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from mmlearn.view.style import use_style

    use_style()
    for name in names or DRAW:
        try:
            figure = DRAW[name]()
        except DataUnavailable as error:
            if names:
                raise
            print(f"{name}: left out. {error}")
            continue
        path = sheet_path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=80, bbox_inches="tight", metadata={"Software": None})
        plt.close(figure)
        print(f"{name}: {path.relative_to(ROOT)}, {path.stat().st_size / 1e3:.0f} kB")


def sheet_path(name: str) -> Path:
    """Where the sheet of a data set is written."""
    return (ROOT / "work" / "sheets" if name in PRIVATE else ROOT / "datasets") / f"{name}.png"


def _stickers() -> Figure:
    from mmlearn.data.stickers import stickers
    from mmlearn.view.images import on_white, show_images

    colour, line = stickers(size=96), stickers(size=96, style="line")
    groups = [group for group in dict.fromkeys(colour.groups.tolist()) if group != "flags"]
    rows = np.concatenate([_some(np.flatnonzero(colour.groups == group), 4) for group in groups])
    pictures = [on_white(style.images[row]) for row in rows for style in (colour, line)]
    texts = []
    for row in rows:
        texts += [fill(str(colour.names["en"][row]), 16), _fill_zh(str(colour.names["zh"][row]), 8)]
    title = "stickers: four of each group, in colour and as outlines (flags left out)"
    figure = show_images(pictures, texts, title, columns=8, inches=1.35)
    for group, axis in zip(groups, figure.axes[::8], strict=True):
        axis.text(-0.12, 0.5, group, rotation=90, va="center", ha="right", transform=axis.transAxes)
    return figure


def _scenes() -> Figure:
    from mmlearn.data.scenes import scenes
    from mmlearn.view.images import show_images

    data = scenes(12, seed=0, size=160)
    texts = []
    for row, questions in enumerate(data.questions):
        asked = questions[row % len(questions)]
        en, zh = str(data.captions["en"][row]), str(data.captions["zh"][row])
        question, answer = f"{asked.en} {asked.answer_en}", f"{asked.zh}{asked.answer_zh}"
        texts.append("\n".join([fill(en, 38), _fill_zh(zh, 19), fill(question, 38), _fill_zh(answer, 19)]))
    title = "scenes: a caption and a question with its answer, each in two languages"
    return show_images(data.images, texts, title, columns=4, inches=2.6)


def _easy_vqa() -> Figure:
    from mmlearn.data.easy_vqa import easy_vqa
    from mmlearn.view.images import show_images

    data = easy_vqa("train")
    rows = [int(_some(np.flatnonzero(data.answers == choice), 1)[0]) for choice in data.choices]
    rows = [row for row in rows if data.answers[row] != "gray"]  # twelve fill the sheet
    texts = [f"{fill(str(data.questions[row]), 24)}\n→ {data.answers[row]}" for row in rows]
    pictures = data.images[data.image_index[rows]]
    return show_images(pictures, texts, "easy_vqa: one question for each answer", 6, 1.8)


def _stamps() -> Figure:
    from mmlearn.data.stamps import stamps
    from mmlearn.view.images import on_white, show_images

    data = stamps(128)
    data = data.select(~data.plain & (data.captions["zh"] != ""))
    rows = _some(np.arange(len(data)), 24)
    texts = [
        f"{fill(str(data.captions['en'][row]), 22, max_lines=3)}\n{_fill_zh(str(data.captions['zh'][row]), 11)}"
        for row in rows
    ]
    return show_images(on_white(data.images[rows]), texts, "stamps: English and Chinese captions", 6, 1.7)


def _products() -> Figure:
    import matplotlib.pyplot as plt

    from mmlearn.data.products import products

    data = products("test")
    columns = []
    for label in range(10):
        tiles = data.images[_some(np.flatnonzero(data.labels == label), 6)]  # (6, 28, 28)
        columns.append(np.pad(255 - tiles, ((0, 0), (2, 2), (4, 4)), constant_values=255).reshape(-1, 36))
    figure, axis = plt.subplots(figsize=(9, 5.4))
    axis.imshow(np.hstack(columns), cmap="gray")
    axis.axis("off")
    for label, (en, zh) in enumerate(zip(data.names["en"], data.names["zh"], strict=True)):
        axis.text(36 * label + 18, -3, f"{en}\n{zh}", ha="center", va="bottom", fontsize=9)
    figure.suptitle("products: six of each class, shown as negatives of the data", weight="bold")
    return figure


def _science_photos() -> Figure:
    from mmlearn.data.science_photos import science_photos
    from mmlearn.view.images import show_images

    data = science_photos()
    data = data.select([not licence.startswith("not stated") for licence in data.licences.tolist()])
    texts = [f"{en}\n{zh}" for en, zh in zip(data.names["en"], data.names["zh"], strict=True)]
    pictures = [_square(image, 180) for image in data.images]
    return show_images(
        pictures, texts, "science_photos: fifteen of the seventeen, cut to squares", columns=5, inches=1.7
    )


def _photos(name: str) -> Figure:
    from mmlearn.data.photos import photos
    from mmlearn.view.images import show_images

    data = photos(name, "validation")
    data = data.select(_some(np.arange(len(data)), 8))
    texts = [fill(captions[0], 34) for captions in data.captions]
    return show_images(
        [_square(image, 240) for image in data.images], texts, f"{name}: the first of five captions", 4, 2.6
    )


def _square(image: np.ndarray, side: int) -> np.ndarray:
    """The middle of the picture, `side` pixels square: rows and captions of a sheet then stand level."""
    from PIL import Image, ImageOps

    return np.asarray(ImageOps.fit(Image.fromarray(image), (side, side)))


def _some(rows: Sequence[int] | np.ndarray, count: int) -> np.ndarray:
    """`count` of the rows, in their order, always the same ones."""
    return np.sort(np.random.default_rng(0).choice(np.asarray(rows), count, replace=False))


def _fill_zh(text: str, width: int) -> str:
    """Chinese in even lines of at most `width` characters and a punctuation mark, which begins no line."""
    even = -(-len(text) // max(1, -(-len(text) // width)))
    lines = [""]
    for sign in text:
        if len(lines[-1]) >= even and sign not in "，。！？；：、”）":
            lines.append("")
        lines[-1] += sign
    return "\n".join(lines)


DRAW: dict[str, Callable[[], Figure]] = {
    "stickers": _stickers,
    "scenes": _scenes,
    "easy_vqa": _easy_vqa,
    "stamps": _stamps,
    "products": _products,
    "science_photos": _science_photos,
    "flickr8k": lambda: _photos("flickr8k"),
    "coco": lambda: _photos("coco"),
}
