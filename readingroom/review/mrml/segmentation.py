"""Masks as a segmentation node: one label map per layer, shared by its segments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import slicer

from readingroom.maskregion import Box, dilated, relative
from readingroom.reading import Masks, Segment
from readingroom.review.mrml import boxes
from readingroom.review.mrml.geometry import ijk_to_ras
from readingroom.review.mrml.images import (
    extent_box,
    new_labelmap,
    touch,
    voxels_of,
)

Node = Any
Image = Any

#: 3D Slicer's name of the representation that is edited.
BINARY = slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()
SURFACE = slicer.vtkSegmentationConverter.GetSegmentationClosedSurfaceRepresentationName()


def segment_ids(segments: Sequence[Segment]) -> list[str]:
    """Return the id of each segment in a node: its name, made unique where it is not."""
    counts = Counter(segment.name for segment in segments)
    return [
        s.name if counts[s.name] == 1 else f"{s.name}_{number}" for number, s in enumerate(segments)
    ]


def new_segmentation(masks: Masks, volume_node: Node, scene: Node, name: str) -> Node:
    """Return a new segmentation node of `scene` that holds `masks`."""
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume_node)
    layers = [_cropped(masks, layer) for layer in range(len(masks.layers))]
    for segment_id, segment in zip(segment_ids(masks.segments), masks.segments, strict=True):
        node.GetSegmentation().AddSegment(_segment(segment, layers[segment.layer]), segment_id)
    node.CreateDefaultDisplayNodes()
    return node


def write_box(node: Node, masks: Masks, layer: int, box: Box) -> None:
    """Bring a box of a layer up to date in the node; nothing happens where it is already."""
    image = shared_image(node, masks, layer)
    if image is None or not boxes.contains(extent_box(image), box):
        write_layer(node, masks, layer)
        return
    there, wanted = voxels_of(image)[relative(box, extent_box(image))], masks.layers[layer][box]
    if not np.array_equal(there, wanted):
        there[...] = wanted
        touch(image)


def write_layer(node: Node, masks: Masks, layer: int) -> None:
    """Bring a whole layer up to date: one shared label map, whatever an editor made of it."""
    # A new image, not a larger old one: whoever looks while it grows would see half of it.
    image = _cropped(masks, layer)
    ids = segment_ids(masks.segments)
    for segment_id, wanted in zip(ids, masks.segments, strict=True):
        if wanted.layer == layer:
            _share(node.GetSegmentation(), segment_id, wanted, image)
    touch(image)


def shared_image(node: Node, masks: Masks, layer: int) -> Image | None:
    """Return the label map of a layer if all its segments share it as `new_segmentation` does."""
    ids = segment_ids(masks.segments)
    pairs = [(i, s) for i, s in zip(ids, masks.segments, strict=True) if s.layer == layer]
    found = [node.GetSegmentation().GetSegment(segment_id) for segment_id, _ in pairs]
    if not found or any(segment is None for segment in found):
        return None
    images = [segment.GetRepresentation(BINARY) for segment in found]
    values = all(f.GetLabelValue() == s.value for f, (_, s) in zip(found, pairs, strict=True))
    same = values and all(image is images[0] for image in images)
    return images[0] if same and images[0] is not None else None


def labelmap_of(segment: Any) -> Image | None:
    """Return the label map of a node's segment; None if it holds nothing."""
    image = segment.GetRepresentation(BINARY)
    return None if image is None or boxes.is_empty(extent_box(image)) else image


def _stored(masks: Masks, layer: int) -> Box:
    """Return the box that a node holds of a layer: what is marked, and one voxel around.

    A layer without a mark is stored as its first voxel: editors do not paint into a
    shared label map that has none.
    """
    voxels = masks.layers[layer]
    box = boxes.marked(voxels)
    if boxes.is_empty(box):
        return slice(0, 1), slice(0, 1), slice(0, 1)
    return dilated(box, 1, voxels.shape)


def _cropped(masks: Masks, layer: int) -> Image:
    box = _stored(masks, layer)
    voxels = masks.layers[layer][box]
    return new_labelmap(voxels, boxes.first(box), ijk_to_ras(masks.ijk_to_lps))


def _segment(segment: Segment, image: Image) -> Any:
    made = slicer.vtkSegment()
    made.SetName(segment.name)
    made.SetColor(*segment.color)
    made.SetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), segment.terminology)
    made.SetLabelValue(segment.value)
    made.AddRepresentation(BINARY, image)
    return made


def _share(segmentation: Any, segment_id: str, wanted: Segment, image: Image) -> None:
    """Let a segment use the shared label map; one that an editor removed comes back."""
    segment = segmentation.GetSegment(segment_id)
    if segment is None:
        segmentation.AddSegment(_segment(wanted, image), segment_id)
    elif segment.GetRepresentation(BINARY) is not image or segment.GetLabelValue() != wanted.value:
        segment.SetLabelValue(wanted.value)
        segment.AddRepresentation(BINARY, image)
