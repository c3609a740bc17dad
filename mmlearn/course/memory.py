"""How much memory this process has needed at most."""

from __future__ import annotations

import sys


def peak_megabytes() -> int:
    """The peak resident memory of this process in MB (10**6 bytes), on Linux, macOS and Windows."""
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset / 1e6)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6)  # macOS counts bytes, Linux KiB
