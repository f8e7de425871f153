"""Scans that simulated nodules are put into: real ones, and a plain one for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.imaging import load
from readingroom.imaging.geometry import canonical
from readingroom.readers.lungnodule.simulatedlung import Labels, SourceLung, Triple, noise_of

#: Lobes in the organ map of LIDC-IDRI-0001, left and right.
_LEFT, _RIGHT = (10, 11), (12, 13, 14)
_MARGIN_MM = 14.0
#: The real nodule of LIDC-IDRI-0001: LPS mm and a radius about it; its readers' mean is 23.7 mm.
LIDC_0001_NODULES = ((56.4, 86.4, -115.8, 14.0),)


def organ_map_source(folder: Path) -> SourceLung:
    """Return LIDC-IDRI-0001 with the lungs of its organ map, the only scan trained on.

    Parameters
    ----------
    folder : Path
        With ``cxr.nii.gz`` and ``mask.nii.gz``, as `readingroom.demo.data` gives it.
    """
    image = canonical(load(folder / "cxr.nii.gz").volumes[0])
    organs = canonical(load(folder / "mask.nii.gz").volumes[0]).array
    lungs = np.isin(organs, _RIGHT).astype(np.uint8) + 2 * np.isin(organs, _LEFT).astype(np.uint8)
    real = _voxel_mm(LIDC_0001_NODULES, image.ijk_to_lps, image.spacing_mm)
    return cropped(image.array, lungs, image.spacing_mm, real)


def scan_source(
    path: str | Path, nodules: Sequence[tuple[float, float, float, float]] = ()
) -> SourceLung:
    """Return any chest CT with the lungs that the reader finds in it.

    Parameters
    ----------
    nodules : sequence of (x, y, z, radius)
        Real nodules, LPS mm: simulated ones keep away, and finding them is no error.
    """
    from readingroom.readers.lungnodule.lungs import find_lungs

    image = canonical(load(path).volumes[0])
    lungs = find_lungs(image.array, image.spacing_mm).labels
    real = _voxel_mm(nodules, image.ijk_to_lps, image.spacing_mm)
    return cropped(image.array, lungs, image.spacing_mm, real)


def cropped(
    hu: npt.NDArray[np.generic],
    lungs: Labels,
    spacing_mm: Triple,
    real: npt.NDArray[np.float64] | None = None,
) -> SourceLung:
    """Return a scan cut to the lungs with a margin; `real` is ``(n, 4)`` in mm of the scan."""
    (inside,) = ndimage.find_objects((lungs > 0).astype(np.uint8))
    box, low = [], []
    for part, size, step in zip(inside, lungs.shape, spacing_mm, strict=True):
        margin = int(np.ceil(_MARGIN_MM / step))
        box.append(slice(max(part.start - margin, 0), min(part.stop + margin, size)))
        low.append(box[-1].start * step)
    k, j, i = box
    nodules = np.zeros((0, 4)) if real is None else real.copy().reshape(-1, 4)
    nodules[:, :3] -= low
    part_hu = np.clip(hu[k, j, i], -1024, 3071).astype(np.float32)
    return SourceLung(
        part_hu, np.ascontiguousarray(lungs[k, j, i]), spacing_mm, noise_of(part_hu), nodules
    )


def _voxel_mm(
    nodules: Sequence[tuple[float, float, float, float]],
    ijk_to_lps: npt.NDArray[np.float64],
    spacing_mm: Triple,
) -> npt.NDArray[np.float64]:
    """Return ``(k, j, i)`` in mm from voxel (0, 0, 0), and radius, of LPS nodules."""
    rows: list[list[float]] = []
    for x, y, z, radius in nodules:
        ijk = np.linalg.solve(ijk_to_lps, [x, y, z, 1.0])[:3]
        rows.append([*(ijk[::-1] * spacing_mm), radius])
    return np.array(rows).reshape(-1, 4)


def plain_source(
    shape_mm: Triple = (120.0, 140.0, 200.0),
    spacing_mm: Triple = (1.0, 1.0, 1.0),
    noise_hu: float = 20.0,
) -> SourceLung:
    """Return a chest of ellipsoids without vessels: what tests run on where no scan is."""
    rng = np.random.default_rng(0)
    shape = tuple(round(n / s) for n, s in zip(shape_mm, spacing_mm, strict=True))
    axes = [(np.arange(n) + 0.5) / n - 0.5 for n in shape]
    k, j, i = np.meshgrid(*axes, indexing="ij")
    lungs = np.zeros(shape, np.uint8)
    for label, centre in ((1, -0.22), (2, 0.22)):
        lungs[(k / 0.43) ** 2 + (j / 0.36) ** 2 + ((i - centre) / 0.18) ** 2 < 1] = label
    body = (j / 0.47) ** 2 + (i / 0.48) ** 2 < 1
    hu: Any = np.where(lungs > 0, -860.0, np.where(body, 40.0, -1000.0))
    hu = ndimage.gaussian_filter(hu, [0.4 / s for s in spacing_mm])
    hu = hu + noise_hu * rng.standard_normal(shape)
    return SourceLung(hu.astype(np.float32), lungs, spacing_mm, noise_hu, np.zeros((0, 4)))
