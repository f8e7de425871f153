"""Nodules by MONAI's published detector, from an imported bundle (`monaibundle`)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.errors import RefusedInput
from readingroom.imaging.geometry import resample_to_spacing
from readingroom.inference.cards import Card, load_card
from readingroom.inference.engine import Engine
from readingroom.inference.session import Session
from readingroom.readers.lungnodule.anchors import non_maximum_suppression
from readingroom.readers.lungnodule.candidates import HasLungs
from readingroom.readers.lungnodule.cards import MONAI
from readingroom.readers.lungnodule.detection import Detection, Triple

FloatArray = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]

#: Tiles ``(x, y, z)``: the bundle's own 512 x 512 x 192 take 20 GB.
_TILE, _SHARED = (192, 192, 96), (32, 32, 16)
_MARGIN_MM = 10.0
#: The bundle's own settings: least score, most per level, overlap, most per scan.
_LEAST, _PER_LEVEL, _OVERLAP, _MOST = 0.02, 1000, 0.22, 300
#: No box grows beyond this (as the published box coder: log of 1000/16).
_LARGEST_LOG = 4.135
#: Clipped boxes thinner than this are dropped, voxels, as the published detector does.
_SMALLEST = 1.0


def card() -> Card:
    """Return the imported card.

    Raises
    ------
    RefusedInput
        ``CARD_MISSING``, saying where the bundle is published.
    """
    try:
        return load_card(MONAI)
    except RefusedInput as refusal:
        raise RefusedInput(
            refusal.code,
            "MONAI's lung nodule detector is not installed.",
            "Download the bundle 'lung_nodule_ct_detection' of MONAI's model zoo with its "
            "models/model.pt, and run 'readingroom models import FOLDER'.",
        ) from None


def monai_detections(
    engine: Engine, hu: npt.NDArray[np.generic], spacing_mm: Triple, anatomy: HasLungs
) -> list[Detection]:
    """Return the detector's boxes in the lungs after non-maximum suppression, best first.

    Parameters
    ----------
    hu : ndarray, ``[k, j, i]``
        Canonical native grid: towards head, back and left.
    """
    session = engine.session(card())
    labels = anatomy.lungs.labels
    if not labels.any():
        return []
    image, low_mm = _image(session.card, hu, labels, spacing_mm)
    boxes, scores = [np.zeros((0, 6))], [np.zeros(0)]
    for start, tile in _tiles(image):
        found, score = boxes_of(session, tile)
        found[:, :3] += start
        boxes.append(found)
        scores.append(score)
    every, score = clipped(np.concatenate(boxes), np.concatenate(scores), image.shape)
    kept = non_maximum_suppression(every, score, _OVERLAP, _MOST)
    step = _step(session.card)
    made = []
    for n in kept:
        place = _to_scan(every[n, :3], image.shape, step, low_mm, spacing_mm)
        if _in_lung(place, labels):
            size = float((every[n, 3:] * step).prod() ** (1 / 3))
            made.append(Detection(place, size, float(score[n]), "monai"))
    return made


def _step(card: Card) -> FloatArray:
    """Return the network's voxel size along its x, y, z."""
    if card.input.spacing_mm is None:
        raise ValueError("the card gives no voxel size")
    return np.array(card.input.spacing_mm[::-1])


def _image(
    card: Card,
    hu: npt.NDArray[np.generic],
    labels: npt.NDArray[np.uint8],
    spacing_mm: Triple,
) -> tuple[Image, FloatArray]:
    """Return the box of the lungs as the network sees it ``[x, y, z]``, and where it begins.

    The network's x grows to the patient's right and y to the front.
    """
    (box,) = ndimage.find_objects((labels > 0).astype(np.uint8))
    spacing = np.array(spacing_mm)
    margin = np.ceil(_MARGIN_MM / spacing).astype(int)
    low = np.maximum([s.start for s in box] - margin, 0)
    high = np.minimum([s.stop for s in box] + margin, labels.shape)
    cut = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    x, y, z = (float(n) for n in _step(card))
    fine = card.input.normalise(resample_to_spacing(hu[cut], spacing_mm, (z, y, x)))
    return np.ascontiguousarray(fine[:, ::-1, ::-1].transpose(2, 1, 0)), low * spacing


def _tiles(image: Image) -> Iterator[tuple[FloatArray, Image]]:
    """Yield the first voxel and the values of overlapping tiles; extents are multiples of 16."""
    starts = [
        sorted({min(a, max(n - t, 0)) for a in range(0, max(n - s, 1), t - s)})
        for n, t, s in zip(image.shape, _TILE, _SHARED, strict=True)
    ]
    for x in starts[0]:
        for y in starts[1]:
            for z in starts[2]:
                part = image[x : x + _TILE[0], y : y + _TILE[1], z : z + _TILE[2]]
                pad = [(0, -n % 16) for n in part.shape]
                yield np.array([x, y, z], float), np.pad(part, pad)


def boxes_of(session: Session, tile: Image) -> tuple[FloatArray, FloatArray]:
    """Return boxes ``(n, 6)``, centre and extents in voxels ``x, y, z``, and scores of a tile."""
    rows = session(tile[None, None])[0].astype(np.float64)
    scores = 1 / (1 + np.exp(-rows[:, 0]))
    boxes, best, first = [], [], 0
    for at, sizes in levels(session.card, tile.shape):
        level = slice(first, first + len(at))
        first += len(at)
        score = scores[level]
        chosen = np.argsort(-score, kind="stable")[:_PER_LEVEL]
        chosen = chosen[score[chosen] > _LEAST]
        numbers, size = rows[level, 1:][chosen], sizes[chosen]
        grown = np.exp(np.minimum(numbers[:, 3:], _LARGEST_LOG))
        boxes.append(np.concatenate([at[chosen] + numbers[:, :3] * size, grown * size], 1))
        best.append(score[chosen])
    return np.concatenate(boxes), np.concatenate(best)


def levels(card: Card, shape: tuple[int, ...]) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield centres and extents ``(n, 3)`` of the anchors of each level, in the rows' order."""
    told = card.classes[0]
    shapes = told.partition("anchors ")[2].partition(";")[0]
    base = np.array([[float(n) for n in one.split("x")] for one in shapes.split()])
    stride = 2 * np.array(card.arguments["stride"])
    size = -(-np.array(shape) // stride)
    for scale in told.partition("scales ")[2].split():
        # The published generator rounds half the extents to whole voxels.
        extents = 2 * np.round(base * float(scale) / 2)
        axes = [np.arange(n) * (full // n) for n, full in zip(size, shape, strict=True)]
        at = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 1, 3)
        every = np.broadcast_to(at, (len(at), len(base), 3)).reshape(-1, 3).astype(float)
        yield every, np.tile(extents, (len(at), 1))
        size = -(-size // 2)


def clipped(
    boxes: FloatArray, scores: FloatArray, shape: tuple[int, ...]
) -> tuple[FloatArray, FloatArray]:
    """Return what of the boxes lies in an image of `shape`, without those beyond it."""
    low = np.clip(boxes[:, :3] - boxes[:, 3:] / 2, 0, shape)
    high = np.clip(boxes[:, :3] + boxes[:, 3:] / 2, 0, shape)
    inside = (high - low >= _SMALLEST).all(1)
    return np.concatenate([(low + high) / 2, high - low], 1)[inside], scores[inside]


def _to_scan(
    place: FloatArray, shape: tuple[int, ...], step: FloatArray, low_mm: FloatArray, spacing: Triple
) -> Triple:
    """Return a place ``(x, y, z)`` of the network's image in voxels ``(k, j, i)`` of the scan."""
    x, y, z = place
    kji = np.array([z, shape[1] - 1 - y, shape[0] - 1 - x])
    k, j, i = ((kji + 0.5) * step[::-1] + low_mm) / np.array(spacing) - 0.5
    return float(k), float(j), float(i)


def _in_lung(place: Triple, labels: npt.NDArray[np.uint8]) -> bool:
    """Say whether a place lies in a lung or within three voxels of one."""
    box = tuple(
        slice(max(round(p) - 3, 0), max(min(round(p) + 4, n), 0))
        for p, n in zip(place, labels.shape, strict=True)
    )
    return bool(labels[box].any())
