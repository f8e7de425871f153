"""From nodes back to masks and landmarks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import vtk

from readingroom.folder.grid import Grid, fit
from readingroom.maskregion import Box, relative
from readingroom.reading import Landmark, Masks, Segment
from readingroom.review.mrml import boxes
from readingroom.review.mrml.geometry import ijk_to_lps, turned
from readingroom.review.mrml.images import extent_box, voxels_of
from readingroom.review.mrml.segmentation import labelmap_of, segment_ids, shared_image

Node = Any
Labels = npt.NDArray[Any]

#: How far the matrices of a label map and of the image may differ, mm.
_TOLERANCE_MM = 1e-4


@dataclass(frozen=True)
class _Claim:
    """Voxels of one segment, as a node holds them: where ``labels == value`` in `box`."""

    box: Box
    labels: Labels
    value: int


def collect_masks(node: Node, like: Masks) -> Masks:
    """Return the masks of a segmentation node on the grid of `like`.

    Parameters
    ----------
    node : vtkMRMLSegmentationNode
        Editors may have cropped, grown, separated or renumbered its label maps, removed
        segments or added some.
    like : Masks
        What was presented: its grid, layers and segments are kept. Segments that it does
        not know get layers of their own.

    Returns
    -------
    Masks
        New arrays. Where two segments of one layer overlap, the one that had the voxel in
        `like` keeps it.

    Raises
    ------
    RefusedInput
        ``MASK_GEOMETRY`` if a label map does not lie on the voxels of the grid, or reaches
        beyond it.
    """
    whole = _whole(like)
    layers = [layer_window(node, like, layer, whole) for layer in range(len(like.layers))]
    added = list(unknown_segments(node, like))
    grid = Grid(like.layers[0].shape, like.ijk_to_lps)
    for number, (segment, wanted) in enumerate(added):
        layers.append(_single(segment, grid))
        added[number] = (segment, replace(wanted, layer=len(layers) - 1))
    return Masks(layers, like.ijk_to_lps, [*like.segments, *(wanted for _, wanted in added)])


def collect_landmarks(node: Node) -> list[Landmark]:
    """Return the points of a markups node that have a position, in LPS mm."""
    found = []
    for n in range(node.GetNumberOfControlPoints()):
        if node.GetNthControlPointPositionStatus(n) != node.PositionDefined:
            continue
        position = [0.0, 0.0, 0.0]
        node.GetNthControlPointPositionWorld(n, position)
        label, text = node.GetNthControlPointLabel(n), node.GetNthControlPointDescription(n)
        found.append(Landmark(label, turned(position), text or ""))
    return found


def layer_window(
    node: Node, like: Masks, layer: int, window: Box, *, overwrite: bool = False
) -> Labels:
    """Return a window of a layer as the node has it now, a new array.

    Parameters
    ----------
    overwrite : bool
        Which segment gets a voxel that two of the layer claim: the one that is new there
        rather than the one that has it in `like`.
    """
    before = like.layers[layer]
    now = np.zeros(boxes.size(window), before.dtype)
    image = shared_image(node, like, layer)
    if image is not None and _on_grid(image, like) and _only_known(node, like, layer, image):
        _copy(extent_box(image), voxels_of(image), now, window)
        return now
    for segment, claim in _claims(node, like, layer):
        box = boxes.intersection(claim.box, window)
        if boxes.is_empty(box):
            continue
        mine = claim.labels[relative(box, claim.box)] == claim.value
        place = now[relative(box, window)]
        had = before[box] == segment.value
        wins = ~had if overwrite else had
        place[mine & ((place == 0) | wins)] = segment.value
    return now


def stored_box(node: Node, like: Masks, layer: int) -> Box:
    """Return the box of the grid outside of which the node holds nothing of a layer."""
    return boxes.union(claim.box for _, claim in _claims(node, like, layer))


def unknown_segments(node: Node, like: Masks) -> Iterator[tuple[Any, Segment]]:
    """Yield the node's segments that `like` does not have, with what to call them."""
    from readingroom.terminology import segment as described

    segmentation, known = node.GetSegmentation(), set(segment_ids(like.segments))
    taken = {segment.name for segment in like.segments}
    for segment_id in segmentation.GetSegmentIDs():
        if segment_id in known:
            continue
        segment = segmentation.GetSegment(segment_id)
        name = segment.GetName() or segment_id
        name = segment_id if name in taken else name
        taken.add(name)
        wanted = described(name, 0, 1)
        red, green, blue = (float(part) for part in segment.GetColor())
        entry = _entry(segment, wanted)
        yield segment, replace(wanted, color=(red, green, blue), terminology=entry)


def _claims(node: Node, like: Masks, layer: int) -> Iterator[tuple[Segment, _Claim]]:
    grid = Grid(like.layers[0].shape, like.ijk_to_lps)
    for segment_id, segment in zip(segment_ids(like.segments), like.segments, strict=True):
        if segment.layer != layer:
            continue
        stored = node.GetSegmentation().GetSegment(segment_id)
        image = labelmap_of(stored) if stored is not None else None
        if image is not None:
            yield segment, _claim(image, stored.GetLabelValue(), grid)


def _claim(image: Any, value: int, grid: Grid) -> _Claim:
    box, labels = extent_box(image), voxels_of(image)
    matrix = _matrix(image)
    inside = boxes.contains(_all(grid.shape), box)
    if inside and np.abs(matrix - grid.ijk_to_lps).max() <= _TOLERANCE_MM:
        return _Claim(box, labels, value)
    offset = matrix[:3, :3] @ [side.start for side in reversed(box)]
    matrix[:3, 3] += offset
    own = (labels == value).astype(np.uint8)
    return _Claim(_all(grid.shape), fit(Masks([own], matrix), grid).layers[0], 1)


def _single(segment: Any, grid: Grid) -> Labels:
    """Return a layer that holds one segment as label 1."""
    layer = np.zeros(grid.shape, np.uint8)
    image = labelmap_of(segment)
    if image is not None:
        claim = _claim(image, segment.GetLabelValue(), grid)
        layer[claim.box] = claim.labels == claim.value
    return layer


def _copy(box: Box, voxels: Labels, into: Labels, window: Box) -> None:
    shared = boxes.intersection(box, window)
    if not boxes.is_empty(shared):
        into[relative(shared, window)] = voxels[relative(shared, box)]


def _on_grid(image: Any, like: Masks) -> bool:
    close = np.abs(_matrix(image) - like.ijk_to_lps).max() <= _TOLERANCE_MM
    return bool(close) and boxes.contains(_whole(like), extent_box(image))


def _only_known(node: Node, like: Masks, layer: int, image: Any) -> bool:
    """Say whether no segment of another layer, and no unknown one, is in the label map."""
    mine = {
        i
        for i, s in zip(segment_ids(like.segments), like.segments, strict=True)
        if s.layer == layer
    }
    segmentation = node.GetSegmentation()
    others = [i for i in segmentation.GetSegmentIDs() if i not in mine]
    return not any(
        labelmap_of(segmentation.GetSegment(segment_id)) is image for segment_id in others
    )


def _matrix(image: Any) -> npt.NDArray[np.float64]:
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    return ijk_to_lps(matrix)


def _entry(segment: Any, described: Segment) -> str:
    import slicer

    text = vtk.reference("")
    segment.GetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), text)
    return str(text) or described.terminology


def _whole(masks: Masks) -> Box:
    return _all(masks.layers[0].shape)


def _all(shape: tuple[int, ...]) -> Box:
    k, j, i = (slice(0, n) for n in shape)
    return k, j, i
