"""Draw every finding of a calcium reading on its slice, to be looked at one by one.

Run as ``python -m Docs.montage READING_FOLDER OUT.png``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from readingroom import folder
from readingroom.imaging import load
from readingroom.imaging.geometry import Canonical, canonical
from readingroom.reading import Finding, Reading

_HALF_MM = 45.0
_COLUMNS = 6


def montage(reading: Reading, out: Path, window: tuple[float, float] = (-150.0, 350.0)) -> None:
    """Write one panel per finding: axial slice through its brightest voxel, mask outlined.

    Parameters
    ----------
    window : tuple of float
        HU shown black and white.
    """
    from matplotlib.figure import Figure

    study = load(reading.study.source)
    uid = reading.study.series[0].uid
    image = canonical(next(v for v in study.volumes if v.series_uid == uid))
    rows = max(1, -(-len(reading.findings) // _COLUMNS))
    figure = Figure(figsize=(2.6 * _COLUMNS, 2.8 * rows), dpi=80)
    for number, finding in enumerate(reading.findings, 1):
        axes = figure.add_subplot(rows, _COLUMNS, number)
        _panel(axes, reading, finding, image, window)
    figure.tight_layout(pad=0.8)
    figure.savefig(out)


def _panel(
    axes: Any, reading: Reading, finding: Finding, image: Canonical, window: tuple[float, float]
) -> None:
    ijk = np.linalg.inv(image.ijk_to_lps) @ np.array([*finding.position_lps_mm, 1.0])
    k, j, i = np.rint(ijk[2::-1]).astype(int)
    half = int(_HALF_MM / image.spacing_mm[1])
    rows = slice(max(j - half, 0), j + half)
    columns = slice(max(i - half, 0), i + half)
    axes.imshow(
        image.array[k, rows, columns],
        cmap="gray",
        vmin=window[0],
        vmax=window[1],
        extent=(columns.start, columns.start + 2 * half, rows.start + 2 * half, rows.start),
    )
    if reading.masks is not None:
        mask = image.axes.forward(reading.masks.mask(finding.label))[k]
        axes.contour(mask, [0.5], colors="red", linewidths=0.7)
        axes.set_xlim(columns.start, columns.start + 2 * half)
        axes.set_ylim(rows.start + 2 * half, rows.start)
    axes.plot(i, j, "c+", markersize=5)
    z = finding.position_lps_mm[2]
    title = f"{finding.id} {finding.label} p={finding.confidence or 0:.2f} z={z:.0f}"
    axes.set_title(title, fontsize=7)
    axes.axis("off")


if __name__ == "__main__":
    montage(folder.load(sys.argv[1]), Path(sys.argv[2]))
