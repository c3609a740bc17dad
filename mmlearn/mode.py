"""How a notebook is being run: by a learner, by the builder, or cut short by a test."""

from __future__ import annotations

import os


def building() -> bool:
    """True while lessons are built or compared: no progress bars, no saved progress (MMLEARN_BUILDING=1)."""
    return os.environ.get("MMLEARN_BUILDING") == "1"


def quick() -> bool:
    """True where a learner's notebook is only tried end to end: train a few steps (MMLEARN_QUICK=1)."""
    return os.environ.get("MMLEARN_QUICK") == "1"
