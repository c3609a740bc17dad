"""The table of what the course can use of others, and the cards that describe it."""

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from mmlearn.data import sources as module
from mmlearn.data.sources import SOURCES, installed, on_hub

ROOT = Path(__file__).resolve().parents[2]
CARDS = {"stamps", "easy_vqa", "products", "science_photos", "photos flickr8k", "photos coco", "minilm", "efficientnet"}


def test_every_row_is_filled_in() -> None:
    for source in SOURCES:
        for field in ("name", "what", "package", "command", "licence", "attribution", "without"):
            assert getattr(source, field).strip(), f"{source.name}: {field} is empty"
        assert source.found() in (True, False)


def test_looking_imports_nothing_and_takes_no_network() -> None:
    code = (
        "import sys, socket\n"
        "socket.socket.connect = socket.getaddrinfo = None\n"
        "from mmlearn.data.sources import SOURCES\n"
        "[source.found() for source in SOURCES]\n"
        "heavy = {'torch', 'transformers', 'sklearn', 'skimage', 'cv2', 'matplotlib', 'datasets', 'pandas',\n"
        "         'huggingface_hub', 'emoji', 'easy_vqa', 'PIL', 'espeakng_loader'}\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & heavy))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_found_follows_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {source.name: source.found for source in SOURCES}
    monkeypatch.setenv("MMLEARN_STAMPS", str(tmp_path / "stamps"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(module, "DEBIAN", tmp_path / "products")
    assert not found["stamps"]() and not found["products"]() and not found["photos coco"]()
    (tmp_path / "stamps").mkdir()
    (tmp_path / "products").mkdir()
    (tmp_path / "products" / "train-images-idx3-ubyte.gz").touch()
    assert found["stamps"]() and found["products"]()
    repo = tmp_path / "hub" / "datasets--Multimodal-Fatima--COCO_captions_test"
    (repo / "refs").mkdir(parents=True)
    (repo / "refs" / "main").write_text("1", encoding="utf-8")
    (repo / "snapshots" / "1" / "data").mkdir(parents=True)
    assert not found["photos coco"]()
    (repo / "snapshots" / "1" / "data" / "test-00000-of-00001.parquet").touch()
    assert on_hub("coco")() and not on_hub("flickr8k")()
    assert installed("json")() and not installed("no_such_package")()


def card(name: str) -> str:
    text = (ROOT / "datasets" / f"{name.split()[0]}.md").read_text(encoding="utf-8")
    return " ".join(text.split())  # wherever its lines are broken


def sources_on(system: str, monkeypatch: pytest.MonkeyPatch) -> tuple[module.Source, ...]:
    """The table as it is made on another system."""
    spec = spec_from_file_location("sources_elsewhere", str(module.__file__))
    assert spec is not None and spec.loader is not None
    elsewhere = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "sources_elsewhere", elsewhere)
    monkeypatch.setattr(sys, "platform", system)
    spec.loader.exec_module(elsewhere)
    return elsewhere.SOURCES


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("name", sorted(CARDS))
def test_the_card_says_what_the_table_says(name: str, system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = (each for each in sources_on(system, monkeypatch) if each.name == name)
    text = card(source.name)
    for said in (source.licence, source.attribution, source.command):
        assert said in text, f"the card of {source.name} does not say: {said}"


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_apt_is_named_on_linux_alone(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    named = {each.name for each in sources_on(system, monkeypatch) if "apt-get" in each.command}
    assert named == ({"stamps", "products", "noto stickers"} if system == "linux" else set())


def test_what_the_hub_holds_needs_its_reading_package() -> None:
    for source in SOURCES:
        if "download=True" in source.command:
            assert source.command.startswith('pip install "datasets>=3.0", then in Python: from mmlearn.data import ')


def test_the_groups_of_the_stickers_have_a_licence() -> None:
    (stickers,) = (each for each in SOURCES if each.name == "stickers")
    assert "MIT for the groups" in stickers.licence and "emojibase" in stickers.attribution
    assert "emojibase-data (MIT)" in card("stickers")


def test_the_index_names_every_card() -> None:
    index = (ROOT / "datasets" / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / "datasets").glob("*.md"):
        assert path.name == "README.md" or f"({path.name})" in index, path.name


def test_the_stamps_card_shows_no_stamp() -> None:
    assert "![" not in card("stamps") and not (ROOT / "datasets" / "stamps.png").exists()
