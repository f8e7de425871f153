"""One click on a missed nodule: its outline, leak-proof, as what the click would mark."""

from __future__ import annotations

from typing import Any

from readingroom.errors import RefusedInput
from readingroom.reader import Growth
from readingroom.readers.lungnodule.outline import outline
from readingroom.readers.lungnodule.scan import NODULE_LAYER, Position, Scan
from readingroom.readers.lungnodule.surroundings import surroundings
from readingroom.reading import Masks

#: Fewer voxels than this are noise, not a nodule.
_FEWEST_VOXELS = 4


def grow(masks: Masks, scan: Scan, position_lps_mm: Position, label: str) -> Growth:
    """Return the nodule at `position_lps_mm`, marked as `label`.

    Voxels of nodules that are marked already stay as they are.

    Raises
    ------
    RefusedInput
        ``NOTHING_TO_GROW``, ``GROWTH_LEAKS``.
    """
    target = next(s for s in masks.segments if s.name == label)
    layer = masks.layers[NODULE_LAYER]
    at = scan.index(position_lps_mm)
    if not scan.inside(at):
        raise _nothing("The place is outside the images.", "Click on the nodule.")
    if layer[at]:
        raise _nothing(
            "This nodule is marked already.", "Click on it with the tool that changes its class."
        )
    seed = scan.canonical_index(position_lps_mm)
    found = outline(scan.hu, scan.spacing_mm, surroundings(masks, scan), seed)
    part = scan.native_part(found.start_kji, found.mask)
    voxels: Any = layer[part.box].copy()
    free = part.mask & (voxels == 0)
    if free.sum() < _FEWEST_VOXELS:
        raise _nothing("The spot there is too small to measure.", "Leave it, or paint it.")
    voxels[free] = target.value
    return Growth(NODULE_LAYER, part.start, voxels, label)


def _nothing(what_happened: str, what_to_do: str) -> RefusedInput:
    return RefusedInput("NOTHING_TO_GROW", what_happened, what_to_do)
