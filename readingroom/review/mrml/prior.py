"""The prior scan in a scene, brought onto the current one by the stored transform."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readingroom.reading import Masks
from readingroom.review.mrml import segmentation
from readingroom.review.mrml.volume import present_volume
from readingroom.review.prior import Prior

Node = Any


@dataclass
class PresentedPrior:
    """The nodes of a prior scan.

    Attributes
    ----------
    volume : vtkMRMLScalarVolumeNode
    segmentation : vtkMRMLSegmentationNode or None
        What was found then; organs are left out.
    transform : vtkMRMLTransformNode or None
        Brings both onto the current scan; None where the scans are linked by coordinates.
    """

    volume: Node
    segmentation: Node | None
    transform: Node | None

    def remove(self) -> None:
        """Take the nodes out of the scene, with their display nodes."""
        nodes = (self.segmentation, self.volume, self.transform)
        for node in [one for one in nodes if one is not None]:
            scene = node.GetScene()
            if scene is None:
                continue
            for display in [
                node.GetNthDisplayNode(n) for n in range(node.GetNumberOfDisplayNodes())
            ]:
                scene.RemoveNode(display)
            scene.RemoveNode(node)


def present_prior(
    prior: Prior, stored: bytes | None, labels: set[str], scene: Node
) -> PresentedPrior:
    """Show a prior scan in `scene`.

    Parameters
    ----------
    stored : bytes or None
        The transform from the current scan to the prior one (``.tfm``), if it links them.
    labels : set of str
        Classes of findings: the segments that are shown.
    """
    name = f"PRIOR {prior.volume.description}".strip()
    volume = present_volume(prior.volume, scene, name)
    kept = [one for one in prior.masks.segments if one.name in labels]
    masks = Masks(prior.masks.layers, prior.masks.ijk_to_lps, kept)
    found = (
        segmentation.new_segmentation(masks, volume, scene, f"{name} findings") if kept else None
    )
    transform = None if stored is None else _transform(stored, scene, name)
    if transform is not None:
        for node in (volume, found):
            if node is not None:
                node.SetAndObserveTransformNodeID(transform.GetID())
    return PresentedPrior(volume, found, transform)


def _transform(stored: bytes, scene: Node, name: str) -> Node:
    """Return the stored transform as a node: it takes the prior scan to the current one."""
    node = scene.AddNewNodeByClass("vtkMRMLTransformNode", f"{name} to current")
    storage = scene.AddNewNodeByClass("vtkMRMLTransformStorageNode")
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "prior.tfm"
        path.write_bytes(stored)
        storage.SetFileName(str(path))
        storage.ReadData(node)
    scene.RemoveNode(storage)
    return node
