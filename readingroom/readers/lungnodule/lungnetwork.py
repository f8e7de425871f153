"""Lungs and lobes by imported public networks: lungmask slice by slice, TotalSegmentator whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.errors import RefusedInput
from readingroom.inference.cards import load_card
from readingroom.readers.lungnodule.grids import biggest_component
from readingroom.readers.lungnodule.publicweights import (
    LOBE_LABELS,
    LOBES_CARD,
    LUNGS_CARD,
    TOTAL_CARD,
    total_missing,
)

if TYPE_CHECKING:
    from readingroom.inference.cards import Card
    from readingroom.inference.engine import Engine
    from readingroom.inference.session import Session

Labels = npt.NDArray[np.uint8]

#: The networks were trained on the body's box at this size.
_SIZE, _BATCH = 256, 8
#: This room's lobe labels by the lobe network's classes.
_LOBE_OF_CLASS = np.array([0, 4, 5, 1, 2, 3], np.uint8)
_BODY_HU = -500


def imported(name: str) -> Card | None:
    """Return the card called `name` if a person imported it."""
    try:
        return load_card(name)
    except RefusedInput:
        return None


def lungs_by_network(engine: Engine, hu: npt.NDArray[Any]) -> Labels | None:
    """Return 1 right, 2 left lung ``[k, j, i]``; None without an imported card."""
    card = imported(LUNGS_CARD)
    if card is None:
        return None
    found = classes_of(engine.session(card), hu)
    out = np.zeros(hu.shape, np.uint8)
    for side in (1, 2):
        out[ndimage.binary_fill_holes(biggest_component(found == side))] = side
    return out


def lobes_by_network(engine: Engine, hu: npt.NDArray[Any], lungs: Labels) -> Labels | None:
    """Return the lobes 1…5 inside `lungs`; None without an imported card.

    Voxels that the network leaves open, or gives to the other lung, go to the nearest lobe.
    """
    card = imported(LOBES_CARD)
    if card is None:
        return None
    found = _LOBE_OF_CLASS[classes_of(engine.session(card), hu)]
    out = np.zeros(hu.shape, np.uint8)
    for side, lobes in ((1, (1, 2, 3)), (2, (4, 5))):
        lung = lungs == side
        if not lung.any():
            continue
        own = np.where(np.isin(found, lobes) & lung, found, np.uint8(0))
        if not own.any():
            return None
        nearest = ndimage.distance_transform_edt(
            own == 0, return_distances=False, return_indices=True
        )
        out[lung] = own[tuple(nearest)][lung]
    return out


def lobes_by_totalsegmentator(
    engine: Engine, hu: npt.NDArray[Any], spacing_mm: tuple[float, float, float]
) -> Labels:
    """Return the lobes 1…5 ``[k, j, i]`` as TotalSegmentator's imported network draws them.

    Raises
    ------
    RefusedInput
        ``CARD_MISSING``, if it was not imported.
    """
    from readingroom.imaging.geometry import resample_to_spacing
    from readingroom.inference.tiling import segment_tiles

    card = imported(TOTAL_CARD)
    if card is None or card.input.spacing_mm is None:
        raise total_missing()
    # "SAR": rows grow to the front and columns to the right, the other way round than here.
    turned = card.input.orientation == "SAR"
    image = resample_to_spacing(hu, spacing_mm, card.input.spacing_mm)
    image = image[:, ::-1, ::-1] if turned else image
    k, j, i = (int(n) for n in card.arguments["patch"])
    classes = segment_tiles(
        engine.session(card), np.ascontiguousarray(image)[None], (k, j, i), overlap=0.5
    )
    lobe_of = np.zeros(len(card.classes), np.uint8)
    for lobe, name in enumerate(LOBE_LABELS, 1):
        lobe_of[card.classes.index(name)] = lobe
    lobes = lobe_of[classes[:, ::-1, ::-1] if turned else classes]
    nearest = [
        np.minimum(((np.arange(n) + 0.5) * own / step).astype(np.intp), m - 1)
        for n, m, own, step in zip(
            hu.shape, lobes.shape, spacing_mm, card.input.spacing_mm, strict=True
        )
    ]
    return np.ascontiguousarray(lobes[np.ix_(*nearest)])


def classes_of(session: Session, hu: npt.NDArray[Any]) -> Labels:
    """Return the network's most probable class per voxel ``[k, j, i]``, streamed.

    Parameters
    ----------
    hu : ndarray, ``[k, j, i]``
        Canonical axes: rows towards the back, columns towards the left.
    """
    out = np.zeros(hu.shape, np.uint8)
    for first in range(0, len(hu), _BATCH):
        part = hu[first : first + _BATCH]
        boxes = [_body_box(plane) for plane in part]
        images = [
            _resized(np.clip(plane[box].astype(np.float32), -1024, 600), (_SIZE, _SIZE), 1)
            for plane, box in zip(part, boxes, strict=True)
        ]
        batch = session.card.input.normalise(np.stack(images)[:, None])
        labels = session(batch).argmax(1).astype(np.uint8)
        for n, box in enumerate(boxes):
            shape = out[first + n][box].shape
            out[first + n][box] = _resized(labels[n], shape, 0)
    return out


def _body_box(plane: npt.NDArray[Any]) -> tuple[slice, slice]:
    """Return the box of the body in one slice; the whole slice if there is none."""
    numbers, count = ndimage.label(ndimage.binary_opening(plane[::4, ::4] > _BODY_HU))
    whole = (slice(0, plane.shape[0]), slice(0, plane.shape[1]))
    if not count:
        return whole
    biggest = int(np.bincount(numbers.ravel())[1:].argmax())
    rows, columns = ndimage.find_objects(numbers)[biggest]
    box = tuple(
        slice(4 * s.start, min(4 * s.stop, n))
        for s, n in zip((rows, columns), plane.shape, strict=True)
    )
    return (box[0], box[1]) if min(b.stop - b.start for b in box) > 32 else whole


def _resized(image: npt.NDArray[Any], shape: tuple[int, ...], order: int) -> npt.NDArray[Any]:
    """Return one slice at another size, corners of the pixels aligned."""
    scale = [a / b for a, b in zip(image.shape, shape, strict=True)]
    offset = [0.5 * s - 0.5 for s in scale]
    return np.asarray(
        ndimage.affine_transform(
            image, scale, offset, output_shape=shape, order=order, mode="nearest"
        )
    )
