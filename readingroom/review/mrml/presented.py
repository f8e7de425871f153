"""A reading in a scene."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from readingroom.reading import Masks, Reading
from readingroom.review.change import Change
from readingroom.review.mrml import markups, segmentation, tables

Node = Any


@dataclass
class Presented:
    """The nodes of one reading.

    Attributes
    ----------
    volume : vtkMRMLScalarVolumeNode
        The images; not removed by `remove`.
    segmentation : vtkMRMLSegmentationNode or None
        None if the reading has no masks.
    landmarks : vtkMRMLMarkupsFiducialNode
    findings : dict of str to vtkMRMLMarkupsFiducialNode
        A point list per class (finding label).
    tables : dict of str to vtkMRMLTableNode
        ``measurements`` and ``findings``.
    """

    volume: Node
    segmentation: Node | None
    landmarks: Node
    findings: dict[str, Node]
    tables: dict[str, Node]
    name: str = ""
    _hidden: bool = field(default=False, repr=False)

    def nodes(self) -> list[Node]:
        """Return all nodes but the volume."""
        own = [self.segmentation, self.landmarks, *self.findings.values(), *self.tables.values()]
        return [node for node in own if node is not None]

    def remove(self) -> None:
        """Take the nodes out of the scene, with their display nodes."""
        for node in self.nodes():
            scene = node.GetScene()
            if scene is None:
                continue
            displays = getattr(node, "GetNumberOfDisplayNodes", int)()
            for display in [node.GetNthDisplayNode(n) for n in range(displays)]:
                scene.RemoveNode(display)
            scene.RemoveNode(node)


def present(reading: Reading, scene: Node, volume_node: Node) -> Presented:
    """Show a reading in `scene` on top of `volume_node`.

    Parameters
    ----------
    reading : Reading
        With its masks and landmarks. The nodes get copies of the masks.
    scene : vtkMRMLScene
    volume_node : vtkMRMLScalarVolumeNode
        The volume that was read.
    """
    name = reading.reader.upper()
    shown = (
        segmentation.new_segmentation(reading.masks, volume_node, scene, name)
        if reading.masks is not None
        else None
    )
    findings: dict[str, Node] = {}
    markups.write_findings(findings, reading.findings, scene, name)
    presented = Presented(
        volume=volume_node,
        segmentation=shown,
        landmarks=markups.new_landmarks(reading.landmarks, scene, f"{name} landmarks"),
        findings=findings,
        tables=tables.new_tables(reading, scene, name),
        name=name,
    )
    for node in presented.nodes():
        _file_beside(volume_node, node, scene)
    return presented


def update(presented: Presented, session: Any, change: Change) -> None:
    """Bring the nodes up to date after `change` of a `ReviewSession`.

    What is right already is left alone, so that an edit that came from the nodes does not
    come back to them.
    """
    reading, scene = session.reading, presented.volume.GetScene()
    if change.kind in ("mask", "all") and presented.segmentation is not None:
        _update_masks(presented.segmentation, session.masks, change)
    if change.kind in ("landmark", "all"):
        markups.write_landmarks(presented.landmarks, reading.landmarks)
    if change.kind in ("finding", "mask", "all"):
        markups.write_findings(presented.findings, reading.findings, scene, presented.name)
        tables.write_tables(presented.tables, reading)


def _update_masks(node: Node, masks: Masks, change: Change) -> None:
    surfaces = node.GetSegmentation().ContainsRepresentation(segmentation.SURFACE)
    if change.layer is not None and change.box is not None:
        segmentation.write_box(node, masks, change.layer, change.box)
    else:
        for layer in range(len(masks.layers)):
            segmentation.write_layer(node, masks, layer)
    if surfaces:  # writing voxels drops what was made of the old ones
        node.CreateClosedSurfaceRepresentation()


def _file_beside(volume_node: Node, node: Node, scene: Node) -> None:
    """Put `node` below the same study as the volume, where there is a subject hierarchy.

    3D Slicer's DICOM export finds the study there.
    """
    hierarchy = scene.GetFirstNodeByClass("vtkMRMLSubjectHierarchyNode")
    item = hierarchy.GetItemByDataNode(volume_node) if hierarchy else 0
    if not item:
        return
    parent = hierarchy.GetItemParent(item)
    own = hierarchy.GetItemByDataNode(node)
    if own:
        hierarchy.SetItemParent(own, parent)
    else:
        hierarchy.CreateItem(parent, node)
