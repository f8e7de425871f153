"""Transforms from one scan's space to another's, as files that 3D Slicer opens.

ITK's text format (``.tfm``): a transform takes LPS millimetres of the fixed scan to those of
the moving one. 3D Slicer loads it as a transform node that brings the moving scan onto the
fixed one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.errors import RefusedInput

Point = npt.NDArray[np.float64]

#: Fixed-point iterations of an inverse, and where they end, mm.
_ITERATIONS, _NEAR_MM = 30, 0.01


def encode(transform: Any) -> bytes:
    """Return a SimpleITK transform as the text of a ``.tfm`` file."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "transform.tfm"
        _sitk().WriteTransform(transform, str(path))
        return path.read_bytes()


def decode(text: bytes) -> Any:
    """Return the SimpleITK transform in the text of a ``.tfm`` file.

    Raises
    ------
    RefusedInput
        ``TRANSFORM_DAMAGED``.
    """
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "transform.tfm"
        path.write_bytes(text)
        try:
            return _sitk().ReadTransform(str(path))
        except RuntimeError:
            raise RefusedInput(
                "TRANSFORM_DAMAGED",
                "The stored transform between two scans is damaged.",
                "Compare the scans again.",
            ) from None


def moved(transform: Any, lps_mm: npt.ArrayLike) -> Point:
    """Return where a transform takes a point ``(3,)``, LPS mm."""
    return np.asarray(transform.TransformPoint([float(x) for x in np.asarray(lps_mm)]))


def moved_back(forward: Callable[[Point], Point], lps_mm: npt.ArrayLike) -> Point:
    """Return the point ``(3,)`` that `forward` takes to `lps_mm`.

    By fixed-point iteration, which converges for smooth fields (strains far below one).
    """
    target = np.asarray(lps_mm, np.float64)
    at = target.copy()
    for _ in range(_ITERATIONS):
        step = target - forward(at)
        at = at + step
        if np.linalg.norm(step) < _NEAR_MM:
            break
    return at


def _sitk() -> Any:
    """Return SimpleITK, whose functions carry no annotations; loaded at the first use."""
    return import_module("SimpleITK")
