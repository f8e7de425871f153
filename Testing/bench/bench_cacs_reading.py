"""A whole calcium reading of 512 × 512 × 300 in a warm process: seconds per stage, memory."""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from readingroom import folder
from readingroom.demo.data import fetch_organs
from readingroom.imaging import load
from readingroom.imaging.geometry import canonical
from readingroom.imaging.write import write_ct_series
from readingroom.reader import Progress
from readingroom.readers.cacs.options import CacsOptions
from readingroom.readers.cacs.reader import CacsReader

SLICES = 300


def run() -> list[dict[str, Any]]:
    """Read the public scan, interpolated to 300 slices, twice; report the warm run."""
    with tempfile.TemporaryDirectory() as place:
        series = interpolated_series(Path(place) / "series")
        reader = CacsReader()
        _read(reader, series, Path(place) / "cold")
        seconds, stages = _read(reader, series, Path(place) / "warm")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    rows = [{"name": "cacs whole reading 512x512x300, warm", "value": seconds, "unit": "s"}]
    rows += [{"name": f"cacs stage {n}", "value": s, "unit": "s"} for n, s in stages.items()]
    rows.append({"name": "cacs peak memory of the process", "value": peak, "unit": "MiB"})
    return rows


def interpolated_series(target: Path) -> Path:
    """Write the public scan, interpolated to `SLICES` slices, as DICOM; return the folder."""
    image = canonical(load(fetch_organs() / "cxr.nii.gz").volumes[0])
    at = np.linspace(0, image.array.shape[0] - 1, SLICES)
    low = np.minimum(at.astype(int), image.array.shape[0] - 2)
    part = (at - low)[:, None, None].astype(np.float32)
    hu = np.clip(image.array, -1024, 3071)
    voxels = np.empty((SLICES, *hu.shape[1:]), np.int16)
    for n, k in enumerate(low):
        voxels[n] = np.rint(hu[k] * (1 - part[n]) + hu[k + 1] * part[n])
    matrix = image.ijk_to_lps.copy()
    matrix[:3, 2] *= (image.array.shape[0] - 1) / (SLICES - 1)
    target.mkdir(parents=True)
    write_ct_series(voxels, matrix, target)
    return target


def _read(reader: CacsReader, series: Path, out: Path) -> tuple[float, dict[str, float]]:
    started = time.monotonic()
    reading = reader.read(load(series), CacsOptions(), Progress())
    folder.save(reading, out)
    return time.monotonic() - started, reading.provenance.seconds
