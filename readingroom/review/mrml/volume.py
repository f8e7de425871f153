"""A study's volume as a volume node."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer

from readingroom.review.mrml.geometry import ijk_to_ras
from readingroom.review.mrml.images import image_of
from readingroom.study import Volume


def present_volume(volume: Volume, scene: Any, name: str = "") -> Any:
    """Show a volume without copying its voxels.

    Parameters
    ----------
    volume : Volume
    scene : vtkMRMLScene
    name : str
        Name of the node; the series description if empty.

    Returns
    -------
    vtkMRMLScalarVolumeNode
        With the SOP Instance UIDs of the slices as its attribute ``DICOM.instanceUIDs``,
        where they are known. Its voxels are the study's own: read them only.
    """
    node = slicer.vtkMRMLScalarVolumeNode()
    node.SetName(name or volume.description or "CT")
    columns = volume.ijk_to_lps[:3, :3]
    node.SetIJKToRASMatrix(ijk_to_ras(volume.ijk_to_lps))
    node.SetSpacing(*(float(x) for x in np.linalg.norm(columns, axis=0)))
    node.SetAndObserveImageData(image_of(volume.array))
    if volume.instance_uids:
        node.SetAttribute("DICOM.instanceUIDs", " ".join(volume.instance_uids))
    scene.AddNode(node)
    _add_display(node, scene)
    return node


def _add_display(node: Any, scene: Any) -> None:
    # CreateDefaultDisplayNodes would look for a window in the histogram of all voxels.
    display = slicer.vtkMRMLScalarVolumeDisplayNode()
    display.SetAutoWindowLevel(False)
    display.SetInterpolate(True)
    scene.AddNode(display)
    display.SetAndObserveColorNodeID("vtkMRMLColorTableNodeGrey")
    node.SetAndObserveDisplayNodeID(display.GetID())
