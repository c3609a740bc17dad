"""What ``make bench`` measures: start-up, data, the classical pipeline, networks, the CPU, each claim by a ratio."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from mmlearn.course.bench_classical import classical
from mmlearn.course.bench_cpu import cpu
from mmlearn.course.bench_transformer import transformer
from mmlearn.course.bench_vit import vit


def bench() -> str:
    """Measure in this order, on this machine, now; one line a figure. Timings are shown, never judged."""
    lines = [f"import mmlearn                  {_import_seconds('mmlearn') * 1000:8.0f} ms"]
    lines.append(f"import mmlearn.data             {_import_seconds('mmlearn.data') * 1000:8.0f} ms")
    lines += _stickers() + _scenes() + classical() + transformer() + vit() + cpu()
    return "\n".join(lines)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _import_seconds(module: str) -> float:
    """In a fresh process, less what an empty one takes; the best of five."""
    script = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)".format
    runs = [subprocess.run([sys.executable, "-c", script(module)], capture_output=True, check=True) for _ in range(5)]
    return min(float(run.stdout) for run in runs)


def _stickers() -> list[str]:
    from mmlearn.data import stickers

    before = os.environ.get("MMLEARN_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MMLEARN_CACHE"] = folder
        first = _seconds(stickers)
        cached = _seconds(stickers)
    if before is None:
        del os.environ["MMLEARN_CACHE"]
    else:
        os.environ["MMLEARN_CACHE"] = before
    return [
        f"stickers at 64 px, first call   {first:8.2f} s",
        f"stickers at 64 px, cached       {cached:8.2f} s    {first / cached:.0f} times faster than the first",
    ]


def _scenes() -> list[str]:
    from mmlearn.data import bench_scenes, scenes

    scenes(10)  # renders the sprites, once
    rate = 6000 / _seconds(lambda: scenes(6000))
    return [
        f"scenes at 64 px                 {rate:8.0f} a second (pictures, captions, questions, boxes)",
        f"bench_scenes()                  {_seconds(bench_scenes):8.2f} s for 21,000 scenes",
    ]
