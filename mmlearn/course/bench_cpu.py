"""What ``make bench`` measures of the processor's settings: each against the default, every run in a fresh process.

A training step of lesson 06's CNN on 64 x 64 pictures, and of a Transformer encoder of width 192, once in a process
that has imported torch and the model only ("bare"), once after what a notebook imports as well ("usual"). The order
is drawn anew every round, so that whatever else the machine does meets all settings.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

ROUNDS, WARM, STEPS = 2, 3, 8
MODELS, IMPORTS = ("CNN", "encoder"), ("bare", "usual")
USUAL = ("transformers", "sklearn.svm", "sklearn.linear_model", "scipy.stats", "matplotlib.pyplot")
DEFAULT = "default"


class Setting(NamedTuple):
    """A setting's name, whether `set_up_cpu` switches it on, and what it needs in the environment."""

    name: str
    on: bool = False
    environment: tuple[tuple[str, str], ...] = ()


SETTINGS = (
    Setting(DEFAULT),
    Setting("set_up_cpu", on=True),
    Setting("memory kept by malloc", on=True),
    Setting("twice the threads"),  # what torch does in a container that may use half of the cores it sees
    Setting("denormals flushed to 0"),
    Setting("huge pages", environment=(("THP_MEM_ALLOC_ENABLE", "1"),)),
    Setting("plain AdamW, not fused"),
    Setting("bfloat16 autocast"),
)


class Run(NamedTuple):
    """Milliseconds of a step (the median), memory pages fetched a step, and the threads that were used."""

    milliseconds: float
    pages: float
    threads: int


def cpu() -> list[str]:
    """A table: how many times faster than the default each setting is, and the verdict on what is switched on."""
    runs: dict[tuple[str, str, str], list[Run]] = {}
    for _ in range(ROUNDS):
        cells = [(setting, model, imports) for setting in SETTINGS for model in MODELS for imports in IMPORTS]
        random.shuffle(cells)
        for setting, model, imports in cells:
            runs.setdefault((setting.name, model, imports), []).append(_fresh(setting, model, imports))
    return lines(runs)


def lines(runs: dict[tuple[str, str, str], list[Run]]) -> list[str]:
    """The table of some runs, keyed by (setting, model, imports)."""
    columns = [(model, imports) for model in MODELS for imports in IMPORTS]
    table = [f"{'training step':<28}" + "".join(f"{f'{model}, {imports}':>16}" for model, imports in columns)]
    base = {column: _time(runs[DEFAULT, *column]) for column in columns}
    threads = runs[DEFAULT, *columns[0]][0].threads
    cells = "".join(f"{f'{base[column]:.0f} ms':>16}" for column in columns)
    table.append(f"{f'  default, {threads} threads':<28}{cells}")
    pages = {name: [_pages(runs[name, *column]) for column in columns] for name in (DEFAULT, SETTINGS[2].name)}
    for name, found in pages.items():
        table.append(f"{'    pages fetched, ' + name[:7]:<28}" + "".join(f"{count:>16,.0f}" for count in found))
    for setting in SETTINGS[1:]:
        gains = [base[column] / _time(runs[setting.name, *column]) for column in columns]
        usual = min(gain for gain, (_, imports) in zip(gains, columns, strict=True) if imports == "usual")
        cells = "".join(f"{f'x {gain:.2f}':>16}" for gain in gains)
        table.append(f"{'  ' + setting.name:<28}{cells}   {verdict(setting.on, usual)}")
    return table


def verdict(on: bool, gain: float) -> str:
    """What the smallest gain after the usual imports says of a setting that is switched on or not; 3 % is noise.

    >>> verdict(True, 1.2), verdict(True, 0.9), verdict(False, 0.9)
    ('on', 'on, and costs here: switch it off', 'off')
    """
    if on:
        return "on" if gain >= 0.97 else "on, and costs here: switch it off"
    return "off"


def _time(runs: list[Run]) -> float:
    return min(run.milliseconds for run in runs)


def _pages(runs: list[Run]) -> float:
    return statistics.median(run.pages for run in runs)


def _fresh(setting: Setting, model: str, imports: str) -> Run:
    """`measure` in a process of its own, for most settings cannot be taken back."""
    script = f"import json; from mmlearn.course import bench_cpu as b; print(json.dumps(b.measure({setting.name!r}, "
    script += f"{model!r}, {imports!r})))"
    environment = os.environ | dict(setting.environment)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    return Run(*json.loads(done.stdout.splitlines()[-1]))


def measure(setting: str, model: str, imports: str, steps: int = STEPS) -> Run:
    """Import, set, train a few steps: this process is changed by it."""
    import importlib

    import torch

    if imports == "usual":
        for name in USUAL:
            importlib.import_module(name)
    _set(setting)
    torch.manual_seed(0)
    step = _training(model, fused="plain" not in setting, halved="bfloat16" in setting)
    for _ in range(WARM):
        step()
    times, pages = [], _page_faults()
    for _ in range(steps):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return Run(statistics.median(times) * 1000, (_page_faults() - pages) / steps, torch.get_num_threads())


def _set(setting: str) -> None:
    import torch

    from mmlearn.train.cpu import keep_freed_memory, set_up_cpu

    if setting == "set_up_cpu":
        set_up_cpu()
    elif setting == "memory kept by malloc":
        keep_freed_memory()
    elif setting == "twice the threads":
        torch.set_num_threads(2 * torch.get_num_threads())
    elif setting == "denormals flushed to 0":
        torch.set_flush_denormal(True)


def _training(kind: str, fused: bool, halved: bool) -> Callable[[], None]:
    """One step of training, as a function of nothing."""
    import torch
    from torch.nn import functional

    model, batch = _cnn() if kind == "CNN" else _encoder()
    labels = torch.arange(len(batch)) % 8
    optimiser = torch.optim.AdamW(model.parameters(), 1e-3, fused=fused)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=halved):
            out = model(batch)  # (B, 8) logits, or (B, T, D) states
            loss = functional.cross_entropy(out if out.ndim == 2 else out.mean(1)[:, :8], labels)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    return step


def _cnn() -> tuple[Any, Any]:
    import torch

    from mmlearn.encode.cnn import CNN, CNNConfig

    return CNN(CNNConfig(classes=8)).train(), torch.randn(64, 3, 64, 64)


def _encoder() -> tuple[Any, Any]:
    import torch

    from mmlearn.encode.text import TextConfig, TextTransformer

    config = TextConfig(500, 64, 192, 4, 6, 768, causal=False, norm="pre", activation="gelu", eps=1e-5)
    return TextTransformer(config).train(), torch.randint(0, 500, (32, 64))


def _page_faults() -> int:
    """Memory pages that the system gave this process so far; 0 where it does not say (Windows)."""
    try:
        from resource import RUSAGE_SELF, getrusage
    except ImportError:
        return 0
    return getrusage(RUSAGE_SELF).ru_minflt
