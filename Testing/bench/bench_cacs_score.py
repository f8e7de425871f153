"""Scoring step of the calcium reader beside a straightforward per-slice reference.

Both score the same 30 lesions in the same 512 x 512 x 300 volume in one run. The
reference does what a first script does: per lesion a full-size label map, per slice
connected components, per component its area and peak.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.readers.cacs.lesion import Lesion
from readingroom.readers.cacs.measure import (
    Calibration,
    ScoringRule,
    candidates,
    lesions_from_mask,
    measure_lesion,
)

SHAPE = (300, 512, 512)
SPACING = (1.0, 0.7, 0.7)
LESIONS = 30

Image = npt.NDArray[np.int16]


def a_chest(seed: int = 1) -> tuple[Image, list[Lesion]]:
    """Return noise, one large bone and 30 ellipsoid lesions of 2 to 12 mm."""
    rng = np.random.default_rng(seed)
    tile = rng.normal(40, 15, (20, *SHAPE[1:])).astype(np.int16)
    image = np.tile(tile, (SHAPE[0] // 20, 1, 1))
    image[:, 400:480, 200:300] = 500
    lesions = []
    grid = np.stack(np.meshgrid(*(np.arange(25) - 12,) * 3, indexing="ij"), axis=-1)
    for n in range(LESIONS):
        center = np.array([40 + 7 * n, 150 + 6 * n, 160 + (37 * n) % 170])
        radii_px = rng.uniform(1.0, 6.0, 3) / SPACING
        mask = ((grid / radii_px) ** 2).sum(axis=-1) <= 1.0
        lesion = Lesion(tuple(int(c) - 12 for c in center), mask)  # type: ignore[arg-type]
        image[lesion.box][mask] = rng.integers(150, 900)
        lesions.append(lesion)
    return image, lesions


def reference_scores(image: Image, label_map: npt.NDArray[np.uint8]) -> list[float]:
    """Return one score per label the straightforward way, slice by slice, whole planes."""
    scores = []
    for label in range(1, LESIONS + 1):
        total = 0.0
        for k in range(image.shape[0]):
            plane = (label_map[k] == label) & (image[k] >= 130)
            if not plane.any():
                continue
            labels, count = ndimage.label(plane, np.ones((3, 3)))
            for number in range(1, count + 1):
                island = labels == number
                area = island.sum() * SPACING[1] * SPACING[2]
                if area >= 1.0:
                    peak = image[k][island].max()
                    total += area * (1 + (peak >= 200) + (peak >= 300) + (peak >= 400))
        scores.append(total * SPACING[0] / 3.0)
    return scores


def _timed(work: Callable[[], object], repeats: int) -> tuple[float, object]:
    best, result = float("inf"), None
    for _ in range(repeats):
        start = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - start)
    return best, result


def run() -> list[dict[str, object]]:
    """Return one row per step, with the reference beside it where there is one."""
    image, lesions = a_chest()
    label_map = np.zeros(SHAPE, dtype=np.uint8)
    for number, lesion in enumerate(lesions, start=1):
        label_map[lesion.box][lesion.mask] = number
    rule, calibration = ScoringRule(), Calibration()

    def score() -> list[float]:
        found = [measure_lesion(image, one, SPACING, rule, calibration) for one in lesions]
        return [float(one["agatston_score"].value or 0.0) for one in found]

    ours, scores = _timed(score, 5)
    theirs, expected = _timed(lambda: reference_scores(image, label_map), 1)
    assert isinstance(scores, list)
    assert np.allclose(scores, expected), "the two ways must agree before they are compared"
    mask = label_map > 0
    region = np.zeros(SHAPE, dtype=bool)
    region[30:270, 130:390, 130:390] = True
    splitting, _ = _timed(lambda: lesions_from_mask(image, mask), 3)
    finding, _ = _timed(lambda: candidates(image, region, 130.0, SPACING), 3)
    return [
        {
            "name": "score 30 lesions, all measures",
            "value": ours,
            "unit": "s",
            "peer": f"per-slice reference, {theirs:.3f} s",
            "ratio": theirs / ours,
        },
        {"name": "lesions from a painted mask", "value": splitting, "unit": "s"},
        {"name": "candidates in the heart region", "value": finding, "unit": "s"},
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
