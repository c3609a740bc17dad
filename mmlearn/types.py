"""Axis letters and array types, named once for the whole package.

``B`` batch, ``N`` items or image tokens, ``T`` text tokens or time steps, ``D`` width of a vector,
``H`` height (in attention: heads), ``W`` width of an image, ``C`` channels, ``F`` frequency bands.
Batch comes first everywhere. Pictures are ``uint8`` 0 to 255, RGB or RGBA, rows first: ``(H, W, C)``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

UInt8Array = NDArray[np.uint8]
FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]
BoolArray = NDArray[np.bool_]
StrArray = NDArray[np.str_]
