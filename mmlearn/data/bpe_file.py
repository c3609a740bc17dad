"""A byte-level BPE as the JSON of the `tokenizers` library: written, and read strictly."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_BYTE_LEVEL: dict[str, Any] = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
# What the library's model may be asked to do besides; all of it must be switched off.
_MODEL: dict[str, Any] = {
    "type": "BPE",
    "dropout": None,
    "unk_token": None,
    "continuing_subword_prefix": None,
    "end_of_word_suffix": None,
    "fuse_unk": False,
    "byte_fallback": False,
    "ignore_merges": False,
}
_FLAGS = ("single_word", "lstrip", "rstrip", "normalized")

Parts = tuple[dict[str, int], list[tuple[str, str]], tuple[str, ...]]


def tokenizer_json(
    vocabulary: Mapping[str, int], merges: Sequence[tuple[str, str]], special: Sequence[str]
) -> dict[str, Any]:
    """What ``Tokenizer.to_str`` writes for the same tokeniser: the same keys, the same values.

    >>> tokenizer_json({"<end>": 0, "a": 1}, [], ["<end>"])["model"]["vocab"]
    {'<end>': 0, 'a': 1}

    Built in: lesson 08.
    """
    flags = dict.fromkeys(_FLAGS, False)
    added = [{"id": vocabulary[token], "content": token, **flags, "special": True} for token in special]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": sorted(added, key=lambda token: token["id"]),
        "normalizer": None,
        "pre_tokenizer": dict(_BYTE_LEVEL),
        "post_processor": None,
        "decoder": {**_BYTE_LEVEL, "add_prefix_space": True},
        "model": {**_MODEL, "vocab": dict(vocabulary), "merges": [list(pair) for pair in merges]},
    }


def read_tokenizer(path: Path) -> Parts:
    """Vocabulary, merges and special tokens of such a file; older ones, where a merge is one text "a b", too.

    Raises ValueError for a file that asks for more than a byte-level BPE does (a normaliser, a space before the
    text, another kind of model ...): its ids would silently be others; for one that contradicts itself; and for
    what is no such file.

    Built in: lesson 08.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        model, added = found["model"], [dict(token) for token in found["added_tokens"]]
        vocabulary, merges = dict(model["vocab"]), [_pair(merge) for merge in model["merges"]]
        numbers = [(token["content"], token["id"]) for token in added]
    except (KeyError, TypeError, ValueError) as error:  # of JSON and of UTF-8 are ValueErrors
        raise ValueError(f"expected a tokenizer.json of the `tokenizers` library in {path}, got {error!r}") from None
    _require_plain(found, model, path)
    for token in added:
        if not token.get("special") or any(token.get(flag) for flag in _FLAGS):
            raise ValueError(f"expected only plain special tokens in {path}, got {token}")
    for token, number in numbers:
        if vocabulary.setdefault(token, number) != number:
            raise ValueError(f"in {path} the special token {token!r} has two ids, {number} and {vocabulary[token]}")
    return vocabulary, merges, tuple(token for token, _ in numbers)


def _pair(merge: Any) -> tuple[str, str]:
    a, b = merge.split(" ") if isinstance(merge, str) else merge
    return str(a), str(b)


def _require_plain(found: Mapping[str, Any], model: Mapping[str, Any], path: Path) -> None:
    for name in ("truncation", "padding", "normalizer"):
        if found.get(name) is not None:
            raise ValueError(f"expected no {name} in {path}, got {found[name]}: this BPE has none")
    for name, value in _MODEL.items():
        if model.get(name, value) not in (value, value or ""):  # the library writes None or "" for nothing
            raise ValueError(f"expected {name} {value!r} in the model of {path}, got {model[name]!r}")
    cutter = found.get("pre_tokenizer") or {}
    for name, value in _BYTE_LEVEL.items():
        if name != "trim_offsets" and cutter.get(name, name == "use_regex") != value:
            raise ValueError(f"expected the pre_tokenizer of {path} to have {name} {value!r}, got {cutter}")
    for name, kinds in (("decoder", ("ByteLevel",)), ("post_processor", ("ByteLevel", None))):
        if (found.get(name) or {}).get("type") not in kinds:
            raise ValueError(f"expected a ByteLevel {name} in {path}, got {found.get(name)}")
