"""Detectors that look at whole lungs: the anchor network and the segmentation U-Net."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.imaging.geometry import resample_to_spacing
from readingroom.inference.engine import Engine
from readingroom.inference.tiling import segment_probabilities
from readingroom.readers.lungnodule import anchors, cards
from readingroom.readers.lungnodule.candidates import HasLungs
from readingroom.readers.lungnodule.detection import Detection, Triple, suppressed

FloatArray = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]

GRID_MM = 1.0
_TILE, _SHARED = 96, 16
_MARGIN_MM = 8.0
_LEAST_LOGIT = -4.0
_LEAST_PROBABILITY = 0.3
_SMALLEST_MM3 = 8.0
_AIR_HU, _BRIGHT_HU = -1000.0, 400.0


@dataclass(frozen=True)
class LungImage:
    """A scan about the lungs on the networks' 1 mm grid, normalised to -1…1.

    Attributes
    ----------
    values : ndarray of float32, ``[k, j, i]``
        Extents are multiples of 16.
    lungs : ndarray of bool
        On the same grid, 3 mm wider than the lungs.
    low_mm : ndarray, shape (3,)
        Where the grid's outer edge lies, mm from the scan's outer edge.
    """

    values: Image
    lungs: npt.NDArray[np.bool_]
    low_mm: FloatArray

    def to_scan(self, voxel: FloatArray, spacing_mm: Triple) -> Triple:
        """Return a place on this grid in voxels of the scan."""
        k, j, i = ((voxel + 0.5) * GRID_MM + self.low_mm) / np.array(spacing_mm) - 0.5
        return float(k), float(j), float(i)


def lung_image(
    hu: npt.NDArray[np.generic], labels: npt.NDArray[np.uint8], spacing_mm: Triple
) -> LungImage:
    """Return the part of a scan that the networks look at; `labels` holds some lung."""
    (box,) = ndimage.find_objects((labels > 0).astype(np.uint8))
    spacing = np.array(spacing_mm)
    margin = np.ceil(_MARGIN_MM / spacing).astype(int)
    low = np.maximum([s.start for s in box] - margin, 0)
    high = np.minimum([s.stop for s in box] + margin, labels.shape)
    cut = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    grid = (GRID_MM,) * 3
    image = normalised(resample_to_spacing(hu[cut], spacing_mm, grid))
    lungs = resample_to_spacing(labels[cut] > 0, spacing_mm, grid) > 0.5
    wide = ndimage.binary_dilation(lungs, iterations=3)
    pad = [(0, -n % 16) for n in image.shape]
    return LungImage(np.pad(image, pad, constant_values=-1.0), np.pad(wide, pad), low * spacing)


def normalised(hu: npt.NDArray[np.generic]) -> Image:
    """Return HU mapped to -1…1, as the cards say."""
    clipped = np.clip(hu.astype(np.float32), _AIR_HU, _BRIGHT_HU)
    return (clipped - _AIR_HU) * (2 / (_BRIGHT_HU - _AIR_HU)) - 1


def anchor_detections(
    engine: Engine, hu: npt.NDArray[np.generic], spacing_mm: Triple, anatomy: HasLungs
) -> list[Detection]:
    """Return the anchor network's boxes after non-maximum suppression, best first."""
    session = engine.session(cards.ANCHOR)
    if not anatomy.lungs.labels.any():
        return []
    image = lung_image(hu, anatomy.lungs.labels, spacing_mm)
    boxes, logits = [np.zeros((0, 6))], [np.zeros(0)]
    for start, tile in tiles(image):
        found = session(tile[None, None])[0]
        some, scores = anchors.boxes_of(found, _LEAST_LOGIT, start)
        boxes.append(some)
        logits.append(scores)
    every, score = np.concatenate(boxes), np.concatenate(logits)
    inside = _inside(every[:, :3], image.lungs)
    every, score = every[inside], score[inside]
    kept = anchors.non_maximum_suppression(every, score)
    return [_box_detection(every[n], float(score[n]), image, spacing_mm) for n in kept]


def tiles(image: LungImage) -> Iterator[tuple[tuple[int, int, int], Image]]:
    """Yield the first voxel and the values of overlapping tiles that hold some lung."""
    starts = [
        sorted({min(a, max(n - _TILE, 0)) for a in range(0, max(n - _SHARED, 1), _TILE - _SHARED)})
        for n in image.values.shape
    ]
    for k in starts[0]:
        for j in starts[1]:
            for i in starts[2]:
                box = (slice(k, k + _TILE), slice(j, j + _TILE), slice(i, i + _TILE))
                if image.lungs[box].any():
                    yield (k, j, i), image.values[box]


def _inside(places: FloatArray, lungs: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    index = np.rint(places).astype(int)
    within = ((index >= 0) & (index < lungs.shape)).all(1)
    k, j, i = np.clip(index, 0, np.array(lungs.shape) - 1).T
    return np.asarray(within & lungs[k, j, i])


def _box_detection(
    box: FloatArray, logit: float, image: LungImage, spacing_mm: Triple
) -> Detection:
    diameter = float(np.prod(box[3:]) ** (1 / 3)) * GRID_MM
    place = image.to_scan(box[:3], spacing_mm)
    return Detection(place, diameter, float(1 / (1 + np.exp(-logit))), "anchor")


def segment_detections(
    engine: Engine, hu: npt.NDArray[np.generic], spacing_mm: Triple, anatomy: HasLungs
) -> list[Detection]:
    """Return the connected parts of what the U-Net marks as nodule, surest first."""
    session = engine.session(cards.SEGMENT)
    if not anatomy.lungs.labels.any():
        return []
    image = lung_image(hu, anatomy.lungs.labels, spacing_mm)
    tile = (_TILE, _TILE, _TILE)
    nodule = segment_probabilities(session, image.values[None], tile, 0.25)[1]
    numbers, count = ndimage.label((nodule > _LEAST_PROBABILITY) & image.lungs)
    if not count:
        return []
    index = np.arange(1, count + 1)
    volumes = ndimage.sum_labels(numbers > 0, numbers, index) * GRID_MM**3
    surest = ndimage.maximum(nodule, numbers, index)
    places = ndimage.center_of_mass(nodule, numbers, index)
    found = [
        Detection(
            image.to_scan(np.array(place), spacing_mm),
            float((6 * volume / np.pi) ** (1 / 3)),
            float(best),
            "segmentation",
        )
        for place, volume, best in zip(places, volumes, surest, strict=True)
        if volume >= _SMALLEST_MM3
    ]
    return suppressed(found, spacing_mm)
