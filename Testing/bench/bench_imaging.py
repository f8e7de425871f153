"""How long a 300-slice CT takes to load, beside SimpleITK's series reader.

``python Testing/bench/bench_imaging.py`` prints the numbers; ``make bench`` collects
them through `run`.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

SLICES, ROWS, COLUMNS = 300, 512, 512


def run() -> list[dict[str, Any]]:
    """Return the measurements as ``name``, ``value``, ``unit``."""
    from readingroom import imaging
    from readingroom.imaging.geometry import resample

    with tempfile.TemporaryDirectory() as folder:
        _write_series(Path(folder))
        study, seconds = _timed(lambda: imaging.load(folder))
        volume = study.volumes[0]
        _, decoding = _timed(lambda: volume.array)
        _, peer = _timed(lambda: _read_with_simpleitk(folder))
    _, resampling = _timed(lambda: resample(volume, 4.0))
    _, hashing = _timed(lambda: imaging.digest(volume))
    total = seconds + decoding
    return [
        _row("load 300 slices: headers", seconds, "s"),
        _row("load 300 slices: pixels to HU", decoding, "s"),
        _row("load 300 slices: total", total, "s"),
        _row("load 300 slices: SimpleITK ImageSeriesReader", peer, "s"),
        _row("load 300 slices: ratio to SimpleITK", total / peer, "1"),
        _row("resample 512 x 512 x 300 to 4 mm", resampling, "s"),
        _row("SHA-256 of 512 x 512 x 300", hashing, "s"),
    ]


def _write_series(folder: Path) -> None:
    from readingroom.imaging.write import write_ct_series

    rng = np.random.default_rng(0)
    image = rng.integers(-1000, 1500, (ROWS, COLUMNS), np.int16)
    voxels = np.stack([np.roll(image, k, axis=0) for k in range(SLICES)])
    write_ct_series(voxels, np.diag([0.7, 0.7, 1.0, 1.0]), folder)


def _read_with_simpleitk(folder: str) -> Any:
    import SimpleITK

    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(folder))
    return reader.Execute()


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def _row(name: str, value: float, unit: str) -> dict[str, Any]:
    return {"name": name, "value": round(value, 3), "unit": unit}


if __name__ == "__main__":
    for row in run():
        print(f"{row['name']:55s} {row['value']:8.3f} {row['unit']}")
