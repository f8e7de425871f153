"""What becomes of a reading in an edit, before it is measured, and what is told of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from readingroom.maskregion import Box
from readingroom.reading import FindingState, Masks, Reading
from readingroom.review.change import Change, Kind
from readingroom.review.history import Edit
from readingroom.review.patch import Patch


def masks_of(reading: Reading) -> Masks:
    """Return the masks, which every reading under review has."""
    assert reading.masks is not None
    return reading.masks


def with_states(reading: Reading, states: Mapping[str, FindingState]) -> Reading:
    """Return the reading with findings in other states, all others the same objects."""
    findings = [
        finding.model_copy(update={"state": states[finding.id]})
        if finding.id in states and finding.state != states[finding.id]
        else finding
        for finding in reading.findings
    ]
    return reading.model_copy(update={"findings": findings})


def with_masks(draft: Reading, wanted: Masks) -> tuple[Reading, list[Patch | None]]:
    """Return the draft with room for `wanted`, and the patches that lead there."""
    ours = masks_of(draft)
    new = len(wanted.layers) - len(ours.layers)
    layers = [*ours.layers, *(np.zeros_like(wanted.layers[-1]) for _ in range(new))]
    patches = [
        Patch.between(number, old, wanted.layers[number]) for number, old in enumerate(layers)
    ]
    masks = Masks(layers, ours.ijk_to_lps, wanted.segments)
    return draft.model_copy(update={"masks": masks}), patches


def change_of(edit: Edit, what: str, told: Box | None) -> Change:
    """Return what subscribers are told of `edit`; `told` replaces the box that changed."""
    if len(edit.patches) != 1 or edit.kind == "all":
        kind: Kind = "all" if edit.patches else edit.kind
        return Change(kind, what, edit.finding_ids)
    patch = edit.patches[0]
    return Change(edit.kind, what, edit.finding_ids, patch.layer, told or patch.box)
