"""``mmlearn train``: recipes are found by their files, run, and written as checkpoints."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mmlearn.course import cli, recipe, recipes
from mmlearn.course.recipes import caption_lm, sticker_cnn
from mmlearn.data import stickers
from mmlearn.encode.cnn import CNNConfig
from mmlearn.encode.text import TextConfig
from mmlearn.train import checkpoint
from mmlearn.train.checkpoint import load_checkpoint
from mmlearn.train.history import History

TOY = '''"""A toy that learns nothing."""

from torch import nn

from mmlearn.train.card import Card
from mmlearn.train.checkpoint import Trained


def train(quick: bool = False) -> Trained:
    scores = {"accuracy": "0.1 (0.0 to 0.3)" if quick else "0.9 (0.8 to 1.0)"}
    return Trained(nn.Linear(2, 1), {"size": 2}, Card("Adds.", "numbers", "0", scores, "MIT"), {"words.txt": b"a"})
'''


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of recipes with one toy in it, and an empty place for what ships."""
    folder = tmp_path / "recipes"
    folder.mkdir()
    (folder / "toy_adder.py").write_text(TOY, "utf-8")
    (folder / "__init__.py").touch()
    (folder / "_shared.py").touch()
    monkeypatch.setattr(recipes, "__path__", [str(folder)])
    monkeypatch.delenv("MMLEARN_QUICK", raising=False)
    monkeypatch.setattr(checkpoint, "SHIPPED", tmp_path / "shipped")
    monkeypatch.setattr("mmlearn.train.cpu.set_up_cpu", lambda: (folder / "was set up").touch())
    monkeypatch.delitem(sys.modules, "mmlearn.course.recipes.toy_adder", raising=False)
    yield tmp_path / "shipped"
    sys.modules.pop("mmlearn.course.recipes.toy_adder", None)


def test_train_writes_the_checkpoint_where_the_shipped_ones_live(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "toy-adder"]) == 0
    said = capsys.readouterr().out
    assert "toy-adder: trained in" in said and "MB in " in said and "accuracy: 0.9 (0.8 to 1.0)" in said
    assert (toy.parent / "recipes" / "was set up").exists()
    text = (toy / "toy-adder" / "card.md").read_text("utf-8")
    assert "# toy-adder" in text and "**Recipe**: `mmlearn train toy-adder`" in text
    assert (toy / "toy-adder" / "words.txt").read_bytes() == b"a"
    from torch import nn

    assert load_checkpoint("toy-adder", lambda config: nn.Linear(config["size"], 1)).in_features == 2


def test_a_quick_run_keeps_nothing_unless_told_where(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "toy-adder", "--quick"]) == 0
    assert "not kept (--to FOLDER keeps it)" in capsys.readouterr().out and not toy.exists()
    assert cli.main(["train", "toy-adder", "--quick", "--to", str(toy / "else")]) == 0
    assert "`mmlearn train toy-adder --quick`" in (toy / "else" / "card.md").read_text("utf-8")


def test_numbers_are_told_as_they_are(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "toy-adder", "--quick", "--to", str(toy / "else")]) == 0
    said = capsys.readouterr().out
    assert "0.1 (0.0 to 0.3)" in said and "; 0.00 MB in " in said


def test_what_is_replaced_is_told_first(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "toy-adder"]) == 0
    assert "will replace" not in capsys.readouterr().out
    assert cli.main(["train", "toy-adder"]) == 0
    told = f"toy-adder: will replace {toy / 'toy-adder'} once trained, what ships with the course; --to FOLDER leaves"
    assert capsys.readouterr().out.startswith(told)
    assert cli.main(["train", "toy-adder", "--quick"]) == 0
    assert "will replace" not in capsys.readouterr().out
    assert recipe.replaced("toy-adder", toy / "toy-adder").endswith("once trained, the checkpoint there")


def test_a_place_that_cannot_be_written_is_refused_before_training(
    toy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = toy.parent / "a file"
    file.write_text("mine")
    assert cli.main(["train", "toy-adder", "--to", str(file)]) == 1
    assert "is no folder to write in" in capsys.readouterr().err
    assert cli.main(["train", "toy-adder", "--to", str(toy.parent)]) == 1
    assert "holds files, but no card.md" in capsys.readouterr().err and file.read_text() == "mine"
    monkeypatch.setenv("MMLEARN_QUICK", "1")
    assert cli.main(["train", "toy-adder"]) == 1
    assert "MMLEARN_QUICK=1 cuts every training" in capsys.readouterr().err
    assert not (toy.parent / "recipes" / "was set up").exists() and not toy.exists()
    for wrong in (["train", "toy-adder", "--to", ""], ["train", "--quick"], ["train", "--to", "x"]):
        with pytest.raises(SystemExit) as ended:
            cli.main(wrong)
        said = capsys.readouterr().err
        assert ended.value.code == 2 and ("an empty name" if "" in wrong else "which recipe?") in said


@pytest.mark.parametrize("name", ["caption_lm", "sticker_cnn"])
def test_a_training_that_was_stopped_is_not_kept(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmlearn.train.fit.fit", lambda *given, **named: History(stopped="interrupted after 7 steps"))
    with pytest.raises(RuntimeError, match="not kept: interrupted after 7 steps"):
        if name == "caption_lm":
            caption_lm.train_lm([[0, 1, 0]] * 4, TextConfig(9, 5, 4, 1, 2, 6, True, "pre", "gelu", 1e-5), steps=3)
        else:
            deck = stickers().select(slice(0, 8))
            sticker_cnn.train_cnn(deck, np.arange(8), CNNConfig(), 0, augmented=False, steps=3)


def test_without_a_name_the_recipes_are_listed(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert recipe.recipe_names() == ["toy-adder"]
    assert cli.main(["train"]) == 0
    assert capsys.readouterr().out == "toy-adder           A toy that learns nothing.\n"


def test_an_unknown_name_is_told_what_there_is(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "toy_multiplier"]) == 1
    assert capsys.readouterr().err == "mmlearn: no recipe 'toy_multiplier': expected one of toy-adder\n"


def test_an_empty_folder_says_so(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipes, "__path__", [])
    assert recipe.recipe_list() == "no recipes yet"
    with pytest.raises(ValueError, match="expected one of none yet"):
        recipe.run_recipe("toy-adder")


@pytest.mark.parametrize("name", recipe.recipe_names())
def test_every_recipe_says_what_it_makes_and_takes_quick(name: str) -> None:
    file = Path(recipes.__path__[0]) / f"{name.replace('-', '_')}.py"
    tree = ast.parse(file.read_text("utf-8"))
    assert ast.get_docstring(tree)
    [train] = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "train"]
    assert [argument.arg for argument in train.args.args] == ["quick"] and len(train.args.defaults) == 1


def test_every_shipped_checkpoint_has_its_recipe() -> None:
    assert set(checkpoint.shipped()) <= set(recipe.recipe_names())


def test_train_has_a_help_text(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["train", "--help"])
    assert ended.value.code == 0 and "usage: mmlearn train" in capsys.readouterr().out
    assert "train" in cli.parser().format_help()
