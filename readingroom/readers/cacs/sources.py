"""Real scans that simulated cases are made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

from readingroom.readers.cacs import tissuemap
from readingroom.readers.cacs.heartframe import densify, template
from readingroom.readers.cacs.organs import Organs
from readingroom.readers.cacs.simulatedanatomy import SourceScan
from readingroom.readers.cacs.tissuemap import Tissue, TissueMap
from readingroom.study import Volume

#: Height of the pulmonary valve in LIDC-IDRI-0001, LPS z in mm: the organ map counts
#: the pulmonary trunk as heart, the outlines that radiologists draw do not.
PULMONARY_VALVE_Z_MM = -150.0
_SPACING_MM = 2.5
_AROUND_HEART_MM = 25.0


def load_tissue_map(organ_labels: Path, *, apart: bool = False) -> TissueMap:
    """Read the organ map of LIDC-IDRI-0001 (TotalSegmentator v2 labels) as a `TissueMap`.

    `apart` keeps appendage and grooves apart from the heart; see `tissuemap.tissue_map`.
    """
    import SimpleITK

    sitk: Any = SimpleITK
    image = sitk.DICOMOrient(sitk.ReadImage(str(organ_labels)), "LPS")
    size = [
        round(n * d / _SPACING_MM) for n, d in zip(image.GetSize(), image.GetSpacing(), strict=True)
    ]
    image = sitk.Resample(
        image,
        size,
        sitk.Transform(),
        sitk.sitkNearestNeighbor,
        image.GetOrigin(),
        [_SPACING_MM] * 3,
        image.GetDirection(),
        0,
    )
    valve_k = round((PULMONARY_VALVE_Z_MM - image.GetOrigin()[2]) / _SPACING_MM)
    labels = sitk.GetArrayFromImage(image).astype(np.uint8)
    return tissuemap.tissue_map(labels, _SPACING_MM, valve_k, apart=apart)


def labelled_source(scan: Volume, organ_labels: Path) -> SourceScan:
    """Return LIDC-IDRI-0001 with its organ map and the template's coronary arteries."""
    from readingroom.imaging.geometry import canonical

    image = canonical(scan)
    model = template()
    return SourceScan(
        hu=_clipped(image.array),
        origin_mm=image.ijk_to_lps[:3, 3],
        spacing_mm=image.spacing_mm,
        tissue=load_tissue_map(organ_labels),
        vessels=model.vessels,
        landmarks=model.landmarks,
    )


def drawn_source(scan: Volume, organs: Organs, points: Path, case: str) -> SourceScan:
    """Return a scan whose organs were found and whose coronary arteries were drawn by hand.

    Parameters
    ----------
    organs : Organs
        What the anatomy network finds in `scan`: lungs, bones and the heart's surface.
    points : Path
        JSON with hand-drawn centrelines, valve centres and discs of the aorta by case,
        LPS mm. The truth of arteries, valves and aorta owes nothing to the network.
    """
    from readingroom.imaging.geometry import canonical

    image = canonical(scan)
    drawn = json.loads(points.read_text(encoding="utf-8"))[case]
    tissue = tissue_of_organs(organs, image.ijk_to_lps[:3, 3])
    discs = [np.array(drawn[limb], float) for limb in ("ascending_aorta", "descending_aorta")]
    _draw_aorta(tissue, organs.origin_mm, discs, drawn["aortic_valve_centre"][2])
    return SourceScan(
        hu=_clipped(image.array),
        origin_mm=image.ijk_to_lps[:3, 3],
        spacing_mm=image.spacing_mm,
        tissue=tissue,
        vessels={n: densify(np.array(drawn[n], float)) for n in template().vessels},
        landmarks={n: np.array(drawn[n], float) for n in template().landmarks},
    )


def _draw_aorta(
    source: TissueMap, origin_mm: npt.NDArray[np.float64], limbs: list[Any], valve_z_mm: float
) -> None:
    """Replace the found aorta of `source` by drawn discs ``(x, y, z, radius)``.

    What was found below the valve in front of the descending limb is heart.
    """
    shape, mm = source.tissue.shape, source.spacing_mm
    z, y, x = (np.arange(n) * mm + o for n, o in zip(shape, origin_mm[::-1], strict=True))
    descending = limbs[1]
    front = np.interp(z, descending[:, 2], descending[:, 1] - descending[:, 3])
    heart = (z < valve_z_mm)[:, None] & (y[None] < front[:, None])
    found = source.tissue == Tissue.AORTA
    source.tissue[found] = Tissue.MEDIASTINUM
    source.tissue[found & heart[:, :, None]] = Tissue.HEART
    for discs in limbs:
        for k in np.flatnonzero((z >= discs[:, 2].min()) & (z <= discs[:, 2].max())):
            at_x, at_y, radius = (np.interp(z[k], discs[:, 2], discs[:, n]) for n in (0, 1, 3))
            inside = (y[:, None] - at_y) ** 2 + (x[None] - at_x) ** 2 <= radius**2
            source.tissue[k][inside] = Tissue.AORTA


def tissue_of_organs(organs: Organs, origin_mm: npt.NDArray[np.float64]) -> TissueMap:
    """Return a `TissueMap` of found organs; what is unnamed between the lungs is mediastinum.

    Parameters
    ----------
    origin_mm : ndarray
        LPS position of the scan's first voxel.
    """
    classes = organs.probabilities.argmax(0).astype(np.uint8)
    tissue_of_class = np.zeros(len(tissuemap.CLASSES), np.uint8)
    for tissue, number in enumerate(tissuemap.CLASS_OF_TISSUE):
        if number:
            tissue_of_class[number] = tissue
    tissue = tissue_of_class[classes]
    tissue[organs.heart & (tissue == 0)] = Tissue.HEART
    chest = tissuemap.slice_hulls((tissue == Tissue.LUNG_LEFT) | (tissue == Tissue.LUNG_RIGHT))
    # The heart's lowest part reaches below the hull of the lungs.
    near = distance_transform_edt(~organs.heart, sampling=organs.spacing_mm) <= _AROUND_HEART_MM
    tissue[(tissue == 0) & (chest | near)] = Tissue.MEDIASTINUM
    tissue[tissue == 0] = Tissue.BODY
    x, y, z = (float(v) for v in organs.origin_mm - origin_mm)
    rim = np.zeros(tissue.shape, np.float32)
    return TissueMap(tissue, rim, organs.spacing_mm, (x, y, z))


def _clipped(hu: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
    return np.asarray(np.clip(hu, -1024, 3071), np.float32)
