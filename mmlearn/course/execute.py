"""Run a notebook's cells in a fresh kernel, as the builder and the tests do."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass
from typing import Any

# Inherited by the kernel: no bars or notices in stored outputs, nothing from the network.
QUIET = {
    "MMLEARN_BUILDING": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "JUPYTER_PLATFORM_DIRS": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
PEAK = "from mmlearn.course.memory import peak_megabytes\nprint(peak_megabytes())"


class CellFailed(RuntimeError):
    """A cell raised, or left something that a stored notebook must not hold."""


@dataclass(frozen=True)
class Run:
    """What one run cost: wall-clock seconds and the kernel's peak memory in MB."""

    seconds: float
    peak_megabytes: int


def execute(notebook: Any, name: str, timeout: int = 900, kernel: str = "python3") -> Run:
    """Execute all cells in place, in an empty folder; raise CellFailed with lesson, cell and error."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    for variable, value in QUIET.items():
        os.environ.setdefault(variable, value)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=timeout,
            kernel_name=kernel,
            extra_arguments=["--log-level=ERROR"],
            record_timing=False,
            coalesce_streams=True,
            resources={"metadata": {"path": folder}},
        )
        with client.setup_kernel():
            for place, cell in enumerate(list(notebook.cells)):
                try:
                    client.execute_cell(cell, place)
                except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                    raise CellFailed(_report(name, place, cell, str(error))) from None
                _refuse_residue(name, place, cell)
            seconds = time.perf_counter() - start
            peak = _peak(client, notebook)
    return Run(seconds, peak)


def _refuse_residue(name: str, place: int, cell: Any) -> None:
    for output in cell.get("outputs", []):
        if output.output_type == "stream" and output.name == "stderr":
            raise CellFailed(_report(name, place, cell, f"it writes to stderr:\n{output.text}"))
        if "application/vnd.jupyter.widget-view+json" in output.get("data", {}):
            raise CellFailed(_report(name, place, cell, "it leaves a widget in the stored output"))


def _report(name: str, place: int, cell: Any, error: str) -> str:
    first = cell.source.strip().splitlines()[0] if cell.source.strip() else "(empty)"
    return f"lesson {name}, cell {place} (id {cell['id']}, starting {first!r}) failed:\n{error}"


def _peak(client: Any, notebook: Any) -> int:
    """Ask the kernel for its peak memory, in a cell that is taken away again."""
    from nbformat.v4 import new_code_cell

    notebook.cells.append(new_code_cell(PEAK))
    client.execute_cell(notebook.cells[-1], len(notebook.cells) - 1)
    return int(notebook.cells.pop().outputs[0].text)
