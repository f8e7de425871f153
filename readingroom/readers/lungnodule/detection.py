"""One detected nodule, and how detections of several detectors become one list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

Triple = tuple[float, float, float]
Sensitivity = Literal["high", "balanced", "specific"]
Detector = Literal["candidates", "anchor", "segmentation", "monai", "ensemble"]

#: Marks nearer to each other than this share of the larger's diameter are on one nodule: a
#: nodule is no ball, and its own parts lie up to 1.4 radii from its centre.
_ONE_NODULE = 0.7
_NEAREST_MM = 3.0


@dataclass(frozen=True)
class Detection:
    """A place that a detector takes for a nodule.

    Attributes
    ----------
    position_kji : (k, j, i)
        Voxels of the scan's canonical grid, not rounded.
    diameter_mm : float
        Estimated, good to about a third: what is reported is measured on the outline.
    probability : float
        Calibrated on simulated cases that training did not see, 0…1.
    source : str
        The detector, or several joined by ``+``.
    type : str
        Likeliest of ``solid part_solid ground_glass calcified``; empty if not told.
    """

    position_kji: Triple
    diameter_mm: float
    probability: float
    source: str
    type: str = ""


def suppressed(detections: Sequence[Detection], spacing_mm: Triple) -> list[Detection]:
    """Return the surest mark on each nodule, by falling probability."""
    return [marks[0] for marks in _by_nodule(detections, spacing_mm)]


def _by_nodule(detections: Sequence[Detection], spacing_mm: Triple) -> list[list[Detection]]:
    """Return the marks on each nodule, nodules and marks by falling probability."""
    groups: list[list[Detection]] = []
    for found in sorted(detections, key=lambda d: -d.probability):
        group = next((g for g in groups if _same(found, g[0], spacing_mm)), None)
        if group is None:
            groups.append([found])
        else:
            group.append(found)
    return groups


def fused(groups: Sequence[Sequence[Detection]], spacing_mm: Triple) -> list[Detection]:
    """Return one list from several detectors: what they agree on gets surer (noisy-or).

    The best of a group of detections of one nodule gives its place; the probability is
    ``1 - (1 - p1)(1 - p2)…`` with the best of each detector, averaged in the log odds with
    those that are silent, so that one detector's false positive does not stand alone.
    """
    kept = _by_nodule([d for group in groups for d in group], spacing_mm)
    return sorted((_joined(c, len(groups)) for c in kept), key=lambda d: -d.probability)


def _joined(cluster: list[Detection], detectors: int) -> Detection:
    best: dict[str, float] = {}
    for found in cluster:
        best[found.source] = max(best.get(found.source, 0.0), found.probability)
    none = float(np.prod([1 - p for p in best.values()]))
    silent = detectors - len(best)
    probability = (1 - none) * len(best) / (len(best) + 0.5 * silent)
    named = next((d.type for d in cluster if d.type), "")
    return replace(cluster[0], probability=probability, source="+".join(sorted(best)), type=named)


def _same(a: Detection, b: Detection, spacing_mm: Triple) -> bool:
    gap: npt.NDArray[np.float64] = (np.array(a.position_kji) - np.array(b.position_kji)) * np.array(
        spacing_mm
    )
    reach = max(_ONE_NODULE * max(a.diameter_mm, b.diameter_mm), _NEAREST_MM)
    return float(np.linalg.norm(gap)) < reach
