"""Suspicion that a lobe is missing: removed by a surgeon, or collapsed.

After a lobectomy the rest of the lung fills the space, so that no lobe looks absent; what
stays is loss of volume on that side and a fissure less. Both together raise the suspicion,
neither alone: at thick slices fissures are hardly ever seen, and lungs differ. In healthy
adults lying on their back the right lung holds 53.6 % of both (SD 1.5, range 50.6 to 57.4),
the left 46.4 % (Yamada et al., Respiration 2020;99:598, table 3). Patients differ more, so
that the limits lie well outside: without regrowth, an upper lobe lost leaves 43 % on the right
and 30 % on the left. The middle lobe, 9 % of the whole, can be lost without that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.readers.lungnodule.lungtexts import lobe_absent, lobe_missing
from readingroom.study import Note

RIGHT, LEFT = 1, 2
#: Least share of both lungs' volume that a complete lung has, 0…1, by side.
LEAST_SHARE = {RIGHT: 0.45, LEFT: 0.38}
#: Share of a fissure's surface on which a sheet must have been seen.
_SEEN = 0.2
_FISSURES = {RIGHT: ("right_oblique", "right_horizontal"), LEFT: ("left_oblique",)}
_LOBES = {RIGHT: (1, 2, 3), LEFT: (4, 5)}
#: A lobe that a network gives less than this of its lung is not there, 0…1.
_LEAST_LOBE = 0.02
#: Notes that explain a small lung by themselves.
_EXPLAINED = frozenset(("LUNG_CUT", "LUNG_ABSENT", "LUNG_OPAQUE"))


def loss_by_fissures(
    lungs: npt.NDArray[np.uint8], evidence: Mapping[str, float], notes: tuple[Note, ...]
) -> list[Note]:
    """Return the note on a lung that is too small and lacks a fissure; empty if none is.

    Parameters
    ----------
    lungs : ndarray of uint8, ``[k, j, i]``
        1 right, 2 left.
    evidence : mapping
        As `lobes.Lobes.evidence`.
    notes : tuple of Note
        What is known of the lungs: one that is cut, opaque or absent is small for that.
    """
    if _EXPLAINED & {note.code for note in notes}:
        return []
    counts = np.bincount(lungs.ravel(), minlength=3)[1:3]
    found = []
    for side, count in zip((RIGHT, LEFT), counts, strict=True):
        share = float(count / max(int(counts.sum()), 1))
        unseen = any(evidence.get(name, 0.0) < _SEEN for name in _FISSURES[side])
        if share < LEAST_SHARE[side] and unseen:
            found.append(lobe_missing(side, share))
    return found


def loss_by_lobes(lobes: npt.NDArray[np.uint8], notes: tuple[Note, ...]) -> list[Note]:
    """Return notes on lobes that a network did not find; `lobes` holds 1…5."""
    if "LUNG_CUT" in {note.code for note in notes}:
        return []
    counts: Any = np.bincount(lobes.ravel(), minlength=6)
    found = []
    for side, own in _LOBES.items():
        whole = int(counts[list(own)].sum())
        found += [
            lobe_absent(side, lobe) for lobe in own if whole and counts[lobe] < _LEAST_LOBE * whole
        ]
    return found
