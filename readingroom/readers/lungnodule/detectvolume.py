"""Detectors that look at whole lungs: the anchor network and the segmentation U-Net."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage, special

from readingroom.imaging.geometry import resample_to_spacing
from readingroom.inference.cards import Card
from readingroom.inference.engine import Engine
from readingroom.readers.lungnodule import anchors, cards
from readingroom.readers.lungnodule.candidates import HasLungs
from readingroom.readers.lungnodule.detection import Detection, Triple, suppressed

FloatArray = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]
#: Maps images ``(n, 1, k, j, i)`` to the network's output.
Network = Callable[[Image], npt.NDArray[Any]]

GRID_MM = 1.0
#: Metrics of a card with which a network's logits become probabilities (Platt 1999).
CALIBRATION = ("logit_slope", "logit_offset")
_TILE, _SHARED, _AT_ONCE = 96, 16, 4
_MARGIN_MM = 8.0
#: Boxes and regions below these log odds are of no use.
_LEAST_LOGIT, _LEAST_REGION_LOGIT = -4.0, -2.0
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
    boxes, logits = anchor_boxes(session, image)
    chances = _probabilities(session.card, logits)
    found = zip(boxes, chances, strict=True)
    return [_box_detection(box, float(chance), image, spacing_mm) for box, chance in found]


def anchor_boxes(network: Network, image: LungImage) -> tuple[FloatArray, FloatArray]:
    """Return the boxes ``(n, 6)`` on the image's grid and their logits, best first."""
    boxes, logits = [np.zeros((0, 6))], [np.zeros(0)]
    for start, proposals in _outputs(network, image):
        some, scores = anchors.boxes_of(proposals, _LEAST_LOGIT, start)
        boxes.append(some)
        logits.append(scores)
    every, score = np.concatenate(boxes), np.concatenate(logits)
    inside = _inside(every[:, :3], image.lungs)
    every, score = every[inside], score[inside]
    kept = anchors.non_maximum_suppression(every, score)
    return every[kept], score[kept]


def _outputs(
    network: Network, image: LungImage
) -> Iterator[tuple[tuple[int, int, int], npt.NDArray[Any]]]:
    """Yield the first voxel of every tile and what the network says about it.

    Several tiles at once: PyTorch's convolutions of a single one take a slow path on one thread.
    """
    waiting = tiles(image)
    while some := list(islice(waiting, _AT_ONCE)):
        starts, values = zip(*some, strict=True)
        yield from zip(starts, network(np.stack(values)[:, None]), strict=True)


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


def _probabilities(card: Card, logits: FloatArray) -> FloatArray:
    """Return calibrated probabilities; the logits' own where the card knows no calibration."""
    slope, offset = (
        card.metrics[name].value if name in card.metrics else plain
        for name, plain in zip(CALIBRATION, (1.0, 0.0), strict=True)
    )
    return np.asarray(special.expit(slope * logits + offset))


def _box_detection(
    box: FloatArray, probability: float, image: LungImage, spacing_mm: Triple
) -> Detection:
    diameter = float(np.prod(box[3:]) ** (1 / 3)) * GRID_MM
    return Detection(image.to_scan(box[:3], spacing_mm), diameter, probability, "anchor")


def segment_detections(
    engine: Engine, hu: npt.NDArray[np.generic], spacing_mm: Triple, anatomy: HasLungs
) -> list[Detection]:
    """Return the connected parts of what the U-Net marks as nodule, surest first."""
    session = engine.session(cards.SEGMENT)
    if not anatomy.lungs.labels.any():
        return []
    image = lung_image(hu, anatomy.lungs.labels, spacing_mm)
    places, diameters, logits = segment_regions(session, image)
    chances = _probabilities(session.card, logits)
    found = [
        Detection(
            image.to_scan(place, spacing_mm),
            float(diameter),
            float(chance),
            "segmentation",
        )
        for place, diameter, chance in zip(places, diameters, chances, strict=True)
    ]
    return suppressed(found, spacing_mm)


def segment_regions(
    network: Network, image: LungImage
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the marked regions: centres ``(n, 3)`` on the image's grid, diameters, logits.

    A region's diameter (mm) is that of the ball of its volume, its logit that of its surest
    place, averaged over 3 voxels in each direction.
    """
    logits = _nodule_logits(network, image)
    numbers, count = ndimage.label((logits > _LEAST_REGION_LOGIT) & image.lungs)
    voxels = np.argwhere(numbers)
    owner = numbers[tuple(voxels.T)] - 1
    sizes = np.bincount(owner, minlength=count)
    places = np.stack([np.bincount(owner, line, count) for line in voxels.T], axis=1)
    surest = np.full(count, -np.inf)
    np.maximum.at(surest, owner, ndimage.uniform_filter(logits, 3)[tuple(voxels.T)])
    kept = sizes * GRID_MM**3 >= _SMALLEST_MM3
    diameters = np.cbrt(6 * sizes * GRID_MM**3 / np.pi)
    return (places / np.maximum(sizes, 1)[:, None])[kept], diameters[kept], surest[kept]


def _nodule_logits(network: Network, image: LungImage) -> Image:
    """Return the log odds of "nodule" of every voxel; of two tiles, the better placed one."""
    found = np.full(image.values.shape, -20.0, np.float32)
    for start, (background, nodule) in _outputs(network, image):
        # A tile's edge sees only half its surroundings; at the image's edge there is no other.
        low = [_SHARED // 2 if first else 0 for first in start]
        extents: tuple[int, ...] = nodule.shape
        ends = [first + n for first, n in zip(start, extents, strict=True)]
        high = [
            n - (_SHARED // 2 if end < size else 0)
            for n, end, size in zip(extents, ends, image.values.shape, strict=True)
        ]
        inner = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        outer = tuple(slice(f + a, f + b) for f, a, b in zip(start, low, high, strict=True))
        found[outer] = (nodule - background)[inner]
    return found
