"""Which voxels of a mask belong to which finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.maskregion import divided
from readingroom.reading import Finding, Masks, Reading, Segment
from readingroom.study import Volume

_TOUCHING = np.ones((3, 3, 3), dtype=bool)


@dataclass(frozen=True)
class Region:
    """The voxels of one finding.

    Attributes
    ----------
    origin : tuple of int
        First ``(k, j, i)`` of the box in the volume.
    mask : ndarray of bool, ``[k, j, i]``
        The voxels inside the box.
    """

    origin: tuple[int, int, int]
    mask: npt.NDArray[np.bool_]

    @property
    def box(self) -> tuple[slice, slice, slice]:
        """Index that cuts the box out of the volume."""
        k, j, i = (slice(a, a + n) for a, n in zip(self.origin, self.mask.shape, strict=True))
        return k, j, i

    @property
    def slices(self) -> range:
        """Slices of the volume that the box covers."""
        return range(self.origin[0], self.origin[0] + self.mask.shape[0])

    @property
    def main_slice(self) -> int:
        """Slice of the volume with the largest area, the last of equals."""
        areas = self.mask.sum(axis=(1, 2))
        return self.origin[0] + int(np.flatnonzero(areas == areas.max())[-1])

    def holds(self, kji: npt.NDArray[np.int_]) -> bool:
        """Say whether a voxel of the volume is one of these."""
        inside = kji - np.array(self.origin)
        if (inside < 0).any() or (inside >= self.mask.shape).any():
            return False
        return bool(self.mask[tuple(inside)])

    def plane(self, k: int) -> npt.NDArray[np.bool_]:
        """Return the part ``[j, i]`` of the box in slice `k` of the volume."""
        return np.asarray(self.mask[k - self.origin[0]])


def reported(reading: Reading) -> list[Finding]:
    """Return the findings that leave the room: all but those a person rejected."""
    return [finding for finding in reading.findings if finding.state != "rejected"]


def regions_of(reading: Reading, volume: Volume, findings: Iterable[Finding]) -> dict[str, Region]:
    """Return the voxels of `findings` by finding id.

    A finding owns the connected component of its mask segment that holds its position;
    a finding without a mask, or whose position lies outside it, is left out.
    """
    if reading.masks is None:
        return {}
    components = _Components(reading.masks, _places_of(reading))
    regions: dict[str, Region] = {}
    for finding in findings:
        if finding.mask_segment is None:
            continue
        if "frame" in finding.attributes:
            regions |= _of_frame(reading, reading.masks, finding)
            continue
        place = np.rint(volume.kji_from_lps(finding.position_lps_mm)).astype(int)
        found = components.at(finding.mask_segment, place)
        if found is not None:
            regions[finding.id] = found
    return regions


def standing_masks(reading: Reading) -> Masks | None:
    """Return the masks as they leave the room: without the voxels of rejected findings.

    Voxels that a finding still standing shares with a rejected one stay.
    """
    masks = reading.masks
    rejected = [f for f in reading.findings if f.state == "rejected"]
    if masks is None or not rejected:
        return masks
    components = _Components(masks, _places_of(reading))
    layers = [layer.copy() for layer in masks.layers]
    for finding in rejected:
        for layer, region, _ in _regions(reading, finding, components, masks):
            layers[layer][region.box][region.mask] = 0
    for finding in reported(reading):
        for layer, region, value in _regions(reading, finding, components, masks):
            layers[layer][region.box][region.mask] = value
    return Masks(layers, masks.ijk_to_lps, masks.segments)


def _of_frame(reading: Reading, masks: Masks, finding: Finding) -> dict[str, Region]:
    """Return, by its id, the pixels of a finding that is a curve in one frame of a cine.

    Masks of neighbouring frames touch; what tells devices apart is the curve.
    """
    from readingroom.readers.guidewire.correct import own_pixels

    where = (finding.attributes["frame"], finding.label)
    beside = [
        other
        for other in reading.findings
        if other.id != finding.id and (other.attributes.get("frame"), other.label) == where
    ]
    own = own_pixels(masks, finding, beside)
    return {finding.id: Region((int(where[0]), 0, 0), own[None])} if own.any() else {}


def _regions(
    reading: Reading, finding: Finding, components: _Components, masks: Masks
) -> Iterator[tuple[int, Region, int]]:
    """Yield the layer, the region and the label of a finding's mask, if it has one."""
    if "frame" in finding.attributes:
        for region in _of_frame(reading, masks, finding).values():
            for segment in masks.segments:
                if segment.name == finding.mask_segment:
                    yield segment.layer, region, segment.value
        return
    ijk = np.linalg.solve(masks.ijk_to_lps, [*finding.position_lps_mm, 1.0])[:3]
    for segment in masks.segments:
        if segment.name == finding.mask_segment:
            found = components.at(segment.name, np.rint(ijk[::-1]).astype(int))
            if found is not None:
                yield segment.layer, found, segment.value


def _places_of(reading: Reading) -> dict[str, list[npt.NDArray[np.int_]]]:
    """Return the voxels of findings that share what they touch, by segment.

    Nodules that touch are divided among their findings; other readers' findings have
    connected parts of their own.
    """
    places: dict[str, list[npt.NDArray[np.int_]]] = {}
    if reading.reader != "lungnodule" or reading.masks is None:
        return places
    to_ijk = np.linalg.inv(reading.masks.ijk_to_lps)
    for finding in reading.findings:
        ijk = (to_ijk @ [*finding.position_lps_mm, 1.0])[:3]
        place = np.rint(ijk[::-1]).astype(int)
        places.setdefault(finding.mask_segment or "", []).append(place)
    return places


class _Components:
    """Connected components of mask segments, each found once inside its bounding box.

    Parameters
    ----------
    places : dict of str to list of ndarray
        By segment, the voxels ``(k, j, i)`` among which a component that holds several of
        them is divided.
    """

    def __init__(self, masks: Masks, places: dict[str, list[npt.NDArray[np.int_]]]) -> None:
        self._masks, self._places = masks, places
        self._segments = {segment.name: segment for segment in masks.segments}
        self._boxes: dict[int, list[tuple[slice, ...] | None]] = {}
        self._labels: dict[str, tuple[npt.NDArray[np.int_], list[int]] | None] = {}

    def at(self, name: str, place: npt.NDArray[np.int_]) -> Region | None:
        if name not in self._labels:
            self._labels[name] = self._label(self._segments.get(name))
        found = self._labels[name]
        if found is None:
            return None
        labels, start = found
        inside = place - start
        if (inside < 0).any() or (inside >= labels.shape).any():
            return None
        label = int(labels[tuple(inside)])
        if label == 0:
            return None
        return self._own(_cut(labels, label, start), name, place)

    def _own(self, region: Region, name: str, place: npt.NDArray[np.int_]) -> Region:
        """Return the part of a component that belongs to the finding at `place`."""
        inside = sorted(
            tuple(int(x) for x in other - region.origin)
            for other in self._places.get(name, [])
            if region.holds(other)
        )
        if len(inside) < 2:
            return region
        columns = np.linalg.norm(self._masks.ijk_to_lps[:3, :3], axis=0)
        spacing = (float(columns[2]), float(columns[1]), float(columns[0]))
        numbers = divided(region.mask, [(k, j, i) for k, j, i in inside], spacing)
        return Region(region.origin, numbers == numbers[tuple(place - region.origin)])

    def _label(self, segment: Segment | None) -> tuple[npt.NDArray[np.int_], list[int]] | None:
        if segment is None:
            return None
        box = self._box(segment)
        if box is None:
            return None
        inside = self._masks.layers[segment.layer][box] == segment.value
        return ndimage.label(inside, _TOUCHING)[0], [part.start for part in box]

    def _box(self, segment: Segment) -> tuple[slice, ...] | None:
        if segment.layer not in self._boxes:
            self._boxes[segment.layer] = ndimage.find_objects(self._masks.layers[segment.layer])
        boxes = self._boxes[segment.layer]
        return boxes[segment.value - 1] if segment.value <= len(boxes) else None


def _cut(labels: npt.NDArray[np.int_], label: int, start: list[int]) -> Region:
    box = ndimage.find_objects(labels, label)[label - 1]
    k, j, i = (part.start + first for part, first in zip(box, start, strict=True))
    return Region((k, j, i), labels[box] == label)
