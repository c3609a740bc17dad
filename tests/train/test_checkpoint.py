"""Checkpoints: what is saved comes back exactly; what was changed is refused by name."""

from __future__ import annotations

import inspect
import itertools
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load, save
from torch import nn

from mmlearn.train import checkpoint as module
from mmlearn.train.card import Card, hashes_in

FACTS = Card("Adds.", "numbers", "0", {"accuracy": "1.0, 10 unseen"}, "MIT")


@dataclass(frozen=True)
class Config:
    width: int
    hidden: tuple[int, ...] = (3, 4)
    name: str = "加"
    bias: bool = True


class Net(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        widths = (config.width, *config.hidden)
        self.layers = nn.ModuleList(nn.Linear(a, b, config.bias) for a, b in itertools.pairwise(widths))
        self.norm = nn.BatchNorm1d(widths[-1])
        self.twin = self.layers[0]  # shares its weights


def build(config: dict[str, Any]) -> Net:
    return Net(Config(**config))


def saved(folder: Path, config: Config = Config(2), files: Any = None) -> Net:
    torch.manual_seed(0)
    net = Net(config)
    module.save_checkpoint(folder / "adder", net, config, FACTS, files)
    return net


def sealed(folder: Path, **changed: bytes) -> None:
    """Exchange files and make the card vouch for them, as a careless hand would."""
    card = folder / "adder" / module.CARD
    text = card.read_text("utf-8")
    for name, content in changed.items():
        file = {"weights": module.WEIGHTS, "config": module.CONFIG}[name]
        (folder / "adder" / file).write_bytes(content)
        text = text.replace(hashes_in(text)[file], module._sha256(content))
    card.write_text(text, "utf-8")


def test_what_is_saved_comes_back_exactly() -> None:
    with tempfile.TemporaryDirectory() as name:
        net = saved(Path(name), files={"tokenizer.json": b"{}"})
        back = module.load_checkpoint(Path(name) / "adder", build)
        ours, theirs = back.state_dict(), net.state_dict()
        assert list(ours) == list(theirs) and all(torch.equal(ours[key], theirs[key]) for key in ours)
        assert not back.training and back.twin is back.layers[0]
        assert module.read_config(Path(name) / "adder") == {"width": 2, "hidden": (3, 4), "name": "加", "bias": True}
        assert module.checkpoint_file(Path(name) / "adder", "tokenizer.json").read_bytes() == b"{}"
        assert isinstance(module.load_checkpoint(str(Path(name) / "adder"), build), Net)


def test_the_card_tells_recipe_data_seeds_scores_licence_and_hashes(tmp_path: Path) -> None:
    net = Net(Config(2))
    folder = module.save_checkpoint(tmp_path / "adder", net, Config(2), replace(FACTS, recipe="mmlearn train adder"))
    text = (folder / "card.md").read_text("utf-8")
    for part in ("# adder", "mmlearn train adder", "numbers", "1.0, 10 unseen", "MIT", f"torch {torch.__version__}"):
        assert part in text
    assert hashes_in(text) == {
        file: module._sha256((folder / file).read_bytes()) for file in ("model.safetensors", "config.json")
    }


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        saved(tmp_path / folder)
    for file in ("model.safetensors", "config.json"):
        assert (tmp_path / "a/adder" / file).read_bytes() == (tmp_path / "b/adder" / file).read_bytes()


def test_a_changed_byte_is_refused() -> None:
    for file in ("model.safetensors", "config.json", "words.txt"):
        with tempfile.TemporaryDirectory() as name:
            saved(Path(name), files={"words.txt": b"one two"})
            path = Path(name) / "adder" / file
            content = bytearray(path.read_bytes())
            content[-2] ^= 1
            path.write_bytes(content)
            for use in (module.load_checkpoint, module.checkpoint_file):
                refused = ""
                try:
                    use(Path(name) / "adder", build if use is module.load_checkpoint else file)
                except ValueError as error:
                    refused = str(error)
                expected = file != "words.txt" or use is module.checkpoint_file  # the model does not read its words
                assert (f"adder: {file} has sha256 " in refused) == expected


def test_weights_and_config_of_two_models_are_refused_by_setting() -> None:
    with tempfile.TemporaryDirectory() as name:
        saved(Path(name))
        settings = json.loads((Path(name) / "adder/config.json").read_text("utf-8"))
        sealed(Path(name), config=json.dumps(settings | {"hidden": [3, 5]}).encode())
        told = ""
        try:
            module.load_checkpoint(Path(name) / "adder", build)
        except (ValueError, RuntimeError) as error:
            told = str(error)
        assert told == "adder: config.json says hidden = (3, 5), the weights were saved with (3, 4)"


def test_a_model_built_otherwise_is_refused_by_tensor(tmp_path: Path) -> None:
    saved(tmp_path)
    with pytest.raises(
        ValueError, match=r"adder: layers.0.bias is \(3,\) float32 in the file and nothing in the model"
    ):
        module.load_checkpoint(tmp_path / "adder", lambda config: Net(Config(**(config | {"bias": False}))))
    with pytest.raises(
        ValueError, match=r"layers.0.weight is \(3, 2\) float32 in the file and \(3, 7\) float32 in the model"
    ):
        module.load_checkpoint(tmp_path / "adder", lambda config: Net(Config(**(config | {"width": 7}))))
    with pytest.raises(ValueError, match=r"layers.2.bias is nothing in the file and \(9,\) float32 in the model"):
        module.load_checkpoint(tmp_path / "adder", lambda config: Net(Config(2, (3, 4, 9))))
    with pytest.raises(
        ValueError, match=r"adder: this config.json does not suit .*unexpected keyword argument 'width'"
    ):
        module.load_checkpoint(tmp_path / "adder", lambda config: nn.Linear(**config))
    assert module.load_checkpoint(tmp_path / "adder", build)


def test_weights_of_another_model_are_refused_even_if_the_card_vouches(tmp_path: Path) -> None:
    saved(tmp_path)
    path = tmp_path / "adder/model.safetensors"
    tensors = load(path.read_bytes())
    tensors.pop("norm.weight")
    sealed(tmp_path, weights=save(tensors, metadata={"config": (tmp_path / "adder/config.json").read_text("utf-8")}))
    with pytest.raises(ValueError, match=r"norm.weight is nothing in the file and \(4,\) float32 in the model"):
        module.load_checkpoint(tmp_path / "adder", build)
    sealed(tmp_path, weights=save(tensors))
    with pytest.raises(ValueError, match=r"model\.safetensors holds no configuration"):
        module.load_checkpoint(tmp_path / "adder", build)


def test_missing_files_are_named(tmp_path: Path) -> None:
    saved(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"adder: vocabulary.txt is not in the card; it is made of model.safe"):
        module.checkpoint_file(tmp_path / "adder", "vocabulary.txt")
    (tmp_path / "adder" / "config.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"adder: config.json is missing"):
        module.load_checkpoint(tmp_path / "adder", build)
    (tmp_path / "adder" / "card.md").unlink()
    with pytest.raises(FileNotFoundError, match=r"or a folder with model\.safetensors, config\.json and card\.md"):
        module.load_checkpoint(tmp_path / "adder", build)


def test_a_shipped_one_is_found_by_name_and_an_unknown_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHIPPED", tmp_path)
    assert module.shipped() == []
    with pytest.raises(FileNotFoundError, match="no checkpoint 'adder': expected one of none yet, or a folder"):
        module.find_checkpoint("adder")
    saved(tmp_path)
    assert module.shipped() == ["adder"] and module.find_checkpoint("adder") == tmp_path / "adder"
    assert module.load_checkpoint("adder", build)
    with pytest.raises(FileNotFoundError, match="no checkpoint 'subtracter': expected one of adder, or"):
        module.load_checkpoint("subtracter", build)


def test_ten_megabytes_are_too_much(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"adder would take 10\.0 MB; a checkpoint stays below 10"):
        module.save_checkpoint(tmp_path / "adder", nn.Linear(1, 1), {}, FACTS, {"words": b" " * 10_000_000})
    big = nn.Linear(1600, 1600)
    with pytest.raises(ValueError, match=r"would take 10.2 MB"):
        module.save_checkpoint(tmp_path / "adder", big, {}, FACTS)
    assert not (tmp_path / "adder").exists()


def test_exactly_ten_megabytes_are_too_much(tmp_path: Path) -> None:
    folder = module.save_checkpoint(tmp_path / "adder", nn.Linear(1, 1), {}, FACTS, {"words": b""})
    rest = module.LIMIT - sum((folder / file).stat().st_size for file in (module.WEIGHTS, module.CONFIG))
    with pytest.raises(ValueError, match="a checkpoint stays below"):
        module.save_checkpoint(folder, nn.Linear(1, 1), {}, FACTS, {"words": b" " * rest})
    module.save_checkpoint(folder, nn.Linear(1, 1), {}, FACTS, {"words": b" " * (rest - 1)})


def test_a_checkpoint_replaces_a_checkpoint_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path, files={"words.txt": b"a", "more.txt": b"b"})
    saved(tmp_path, files={"words.txt": b"c"})
    folder = tmp_path / "adder"
    assert {file.name for file in folder.iterdir()} == {"card.md", "config.json", "model.safetensors", "words.txt"}
    assert '"name": "加"' in (folder / "config.json").read_text("utf-8")
    strangers = tmp_path / "site"
    strangers.mkdir()
    (strangers / "config.json").write_text("mine")
    with pytest.raises(ValueError, match=r"site holds files, but no card.md of a checkpoint: empty it first"):
        module.save_checkpoint(strangers, nn.Linear(1, 1), {}, FACTS)
    assert (strangers / "config.json").read_text() == "mine"
    for place in (strangers / "config.json", strangers / "config.json" / "x"):
        with pytest.raises(ValueError, match="is no folder to write in"):
            module.save_checkpoint(place, nn.Linear(1, 1), {}, FACTS)
    with pytest.raises(ValueError, match="got an empty name"):
        module.save_checkpoint("", nn.Linear(1, 1), {}, FACTS)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert "# here\n" in (module.save_checkpoint(".", nn.Linear(1, 1), {}, FACTS) / "card.md").read_text("utf-8")


def test_a_write_that_fails_leaves_nothing_that_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path)

    def full(path: Path, content: bytes) -> int:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="no space"):
        saved(tmp_path)
    assert not (tmp_path / "adder" / "card.md").exists()


def test_a_shipped_name_without_its_card_is_no_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHIPPED", tmp_path)
    (tmp_path / "adder").mkdir()
    with pytest.raises(FileNotFoundError, match="no checkpoint 'adder'"):
        module.find_checkpoint("adder")


def test_what_should_not_be_saved_is_refused(tmp_path: Path) -> None:
    net = nn.Linear(2, 2)
    for config in (3, {"rate": float("nan")}, {"when": object()}, {1: 2}, Config):
        with pytest.raises(ValueError, match="config"):
            module.save_checkpoint(tmp_path / "x", net, config, FACTS)
    for name in ("card.md", "../up", "a/b", "", "two words", "two\twords", "line\n", "\u00a0x"):
        with pytest.raises(ValueError, match="expected a plain file name"):
            module.save_checkpoint(tmp_path / "x", net, {}, FACTS, {name: b""})
    with torch.no_grad():
        net.weight[0, 0] = float("nan")
    with pytest.raises(ValueError, match="weight holds NaN or infinity"):
        module.save_checkpoint(tmp_path / "x", net, {}, FACTS)


def test_what_ships_is_whole_and_small() -> None:
    for name in module.shipped():
        folder = module.find_checkpoint(name)
        hashes = hashes_in((folder / module.CARD).read_text("utf-8"))
        assert {file.name for file in folder.iterdir()} == {module.CARD, *hashes}
        assert sum(module.checkpoint_file(name, file).stat().st_size for file in hashes) < module.LIMIT
        assert f"mmlearn train {name}`" in (folder / module.CARD).read_text("utf-8")


def _mutant(old: str, new: str) -> Callable[..., Net]:
    """`load_checkpoint` with one piece of its text exchanged."""
    source = inspect.getsource(module.load_checkpoint)
    assert source.count(old) == 1, old
    names = dict(vars(module))
    exec(compile("from __future__ import annotations\n" + source.replace(old, new), "mutant", "exec"), names)
    made: Callable[..., Net] = names["load_checkpoint"]
    return made


def _trusting(folder: Any, file: str) -> Path:
    return module.find_checkpoint(folder) / file


BYTE, SETTING, EXACT = (
    test_a_changed_byte_is_refused,
    test_weights_and_config_of_two_models_are_refused_by_setting,
    test_what_is_saved_comes_back_exactly,
)
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("hashes are not looked at", "checkpoint_file", _trusting, BYTE),
    ("a hash of the length only", "_sha256", lambda content: f"{len(content):064x}", BYTE),
    ("the configuration inside the weights is not looked at", "load_checkpoint",
     _mutant('if inside.get(key, "nothing") != config.get(key, "nothing"):', "if False:"), SETTING),
    ("weights are not loaded", "load_checkpoint",
     _mutant("    model.load_state_dict(tensors, strict=True)\n", ""), EXACT),
    ("the model stays in train mode", "load_checkpoint", _mutant("return model.eval()", "return model"), EXACT),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)
