"""The volume that a reading was made from, found again in its study."""

from __future__ import annotations

import numpy as np

from readingroom.errors import RefusedInput
from readingroom.reading import Masks, Reading
from readingroom.study import Study, Volume

_TOLERANCE_MM = 1e-2


def volume_read(reading: Reading, study: Study) -> Volume:
    """Return the volume of `study` that `reading` was made from.

    By series and, where the reading has masks, by their grid: it tells apart the volumes
    of a series that was split, and images without UIDs. A cine counts as the stack of its
    frames.

    Raises
    ------
    RefusedInput
        ``STUDY_DIFFERS`` if the study does not hold it.
    """
    uids = {series.uid for series in reading.study.series}
    for volume in study.stacks:
        if volume.series_uid in uids and _same_grid(reading.masks, volume):
            return volume
    raise RefusedInput(
        "STUDY_DIFFERS",
        "The study does not hold the series that this reading was made from.",
        "Give the study of this reading with --study.",
    )


def _same_grid(masks: Masks | None, volume: Volume) -> bool:
    """Whether the corners of both grids lie at the same places."""
    if masks is None or not masks.layers:
        return True
    if any(layer.shape != volume.shape for layer in masks.layers):
        return False
    k, j, i = volume.shape
    corners = np.array([[a, b, c, 1.0] for a in (0, i) for b in (0, j) for c in (0, k)])
    apart = corners @ (masks.ijk_to_lps - volume.ijk_to_lps).T
    return bool(np.abs(apart).max() < _TOLERANCE_MM)
