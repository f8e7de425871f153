"""Findings, masks and lung volumes of a lung reading, made the same way at every revision."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.maskregion import innermost
from readingroom.reader import Index
from readingroom.readers.lungnodule.anatomy import LOBES, Anatomy
from readingroom.readers.lungnodule.describe import description
from readingroom.readers.lungnodule.display import LABELS, NODULE, SOLID_PART, TYPE_OF_LABEL
from readingroom.readers.lungnodule.measure import measurements, solid_part
from readingroom.readers.lungnodule.nodule import Nodule
from readingroom.readers.lungnodule.place import Place, place_of
from readingroom.readers.lungnodule.scan import (
    AIRWAY,
    LOBE_LAYER,
    NODULE_LAYER,
    SOLID_LAYER,
    TUBE_LAYER,
    VESSEL,
    Part,
    Scan,
)
from readingroom.reading import Finding, FindingState, Masks, Measurement, Segment
from readingroom.terminology import segment

Mask = npt.NDArray[np.bool_]

_ML = 1000.0


def make_finding(
    number: int,
    label: str,
    part: Part,
    scan: Scan,
    anatomy: Anatomy,
    *,
    drawn_solid: npt.NDArray[np.bool_] | None = None,
    position: Index | None = None,
    confidence: float | None = None,
    evidence: dict[str, Any] | None = None,
    state: FindingState = "proposed",
) -> Finding:
    """Return the finding of one nodule, measured and described.

    Parameters
    ----------
    label : str
        Class; all but ``NODULE`` say the nodule's type.
    part : Part
        Its voxels, native grid.
    drawn_solid : ndarray of bool, ``[k, j, i]``, optional
        The solid part as a person drew it, in the box of `part`; else it is measured.
    position : tuple of int, optional
        A voxel of `part`; the innermost one by default.
    """
    start, mask = scan.canonical_part(part)
    nodule = Nodule.of(scan.hu, scan.spacing_mm, mask, start)
    solid = (
        None if drawn_solid is None else _drawn(nodule, scan.image.axes.forward(drawn_solid), start)
    )
    said = description(nodule, type=TYPE_OF_LABEL.get(label))
    place = place_of(anatomy, mask, start)
    inside = position or _absolute(innermost(part.mask, scan.native_spacing_mm), part)
    return Finding(
        id=f"N{number:03d}",
        type="nodule",
        label=label,
        state=state,
        confidence=confidence,
        position_lps_mm=scan.position(inside),
        mask_segment=label,
        measurements=measurements(nodule, solid) | _distances(place),
        attributes=said
        | _place(place)
        | _lines(scan, nodule, start, mask.shape)
        | {
            "type_from": "measured" if label == NODULE else "person",
            "solid_part_from": "measured" if drawn_solid is None else "person",
        },
        evidence=evidence or {},
    )


def _absolute(inside: Index, part: Part) -> Index:
    k, j, i = (a + b for a, b in zip(inside, part.start, strict=True))
    return k, j, i


def _distances(place: Place) -> dict[str, Measurement]:
    """Return the distances that are known."""
    found = {"pleura": place.pleura_distance_mm, "fissure": place.fissure_distance_mm}
    return {
        f"{name}_distance": Measurement(
            value=round(mm, 1), unit="mm", method="from the nearest voxel of the mask"
        )
        for name, mm in found.items()
        if mm is not None
    }


def _place(place: Place) -> dict[str, str]:
    return {
        "lobe": place.lobe,
        "segment": place.segment,
        "side": place.side,
        "attachment": place.attachment,
    }


def _drawn(nodule: Nodule, solid: Mask, start: Index) -> Mask:
    """Return a drawn solid part on the nodule's window."""
    whole = np.zeros_like(nodule.place.mask)
    whole[nodule.place.box(start, solid.shape)] = solid
    return whole & nodule.place.mask


def _lines(scan: Scan, nodule: Nodule, start: Index, shape: tuple[int, ...]) -> dict[str, Any]:
    """Return the ends of both axes and the box's corners in LPS mm, to be drawn."""
    lines = nodule.axes
    corners = (np.array(start) - 0.5, np.array(start) + shape - 0.5)
    box = [[round(float(x), 3) for x in scan.lps(corner)] for corner in corners]
    return {"bounding_box_lps_mm": box} | {
        f"{name}_axis_lps_mm": [[round(float(x), 3) for x in scan.lps(end)] for end in ends]
        for name, ends in (("long", lines.long_kji), ("short", lines.short_kji))
    }


def anatomy_layers(scan: Scan, anatomy: Anatomy) -> list[npt.NDArray[np.uint8]]:
    """Return the layers of lobes and of airways and vessels, native grid."""
    tubes = np.zeros(anatomy.lobes.shape, np.uint8)
    tubes[anatomy.vessels] = VESSEL
    tubes[anatomy.airways] = AIRWAY
    return [
        np.ascontiguousarray(scan.image.to_native(layer), np.uint8)
        for layer in (anatomy.lobes, tubes)
    ]


def nodule_layers(scan: Scan, parts: Iterable[Part]) -> list[npt.NDArray[np.uint8]]:
    """Return the layers of nodules, all of the class ``NODULE``, and of their solid parts."""
    nodules = np.zeros(scan.volume.shape, np.uint8)
    solid = np.zeros(scan.volume.shape, np.uint8)
    for part in parts:
        nodules[part.box][part.mask] = 1
        start, mask = scan.canonical_part(part)
        own = solid_part(scan.hu, scan.spacing_mm, mask, start)
        solid[part.box][scan.image.axes.backward(own)] = 1
    return [nodules, solid]


def segments(labels: Iterable[str]) -> list[Segment]:
    """Return a segment for ``NODULE``, for the classes in use, and for the anatomy."""
    used = {NODULE, *labels}
    found = [segment(n, NODULE_LAYER, v) for v, n in enumerate(LABELS, 1) if n in used]
    found.append(segment(SOLID_PART, SOLID_LAYER, 1))
    found += [segment(name, LOBE_LAYER, value) for value, name in enumerate(LOBES, 1)]
    found.append(segment("AIRWAYS", TUBE_LAYER, AIRWAY))
    found.append(segment("LUNG_VESSELS", TUBE_LAYER, VESSEL))
    return found


def lung_volumes(masks: Masks, scan: Scan) -> dict[str, Measurement]:
    """Return the volumes of both lungs, each lung and each lobe, mL."""
    counts = np.bincount(masks.layers[LOBE_LAYER].ravel(), minlength=len(LOBES) + 1)
    ml = counts[1 : len(LOBES) + 1] * float(np.prod(scan.spacing_mm)) / _ML
    found = {"": ml.sum(), "_right_lung": ml[:3].sum(), "_left_lung": ml[3:].sum()}
    found |= {f"_{name.lower()}": value for name, value in zip(LOBES, ml, strict=True)}
    return {
        f"lung_volume{name}": Measurement(
            value=round(float(value), 1), unit="mL", method="voxels, vessels included"
        )
        for name, value in found.items()
    }
