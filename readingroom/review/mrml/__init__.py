"""Readings in a MRML scene, the same in 3D Slicer and in the browser workbench.

=================== ====================================================================
`present_volume`    a study's volume as a node, without a copy
`present`           a reading as nodes: segmentation, landmarks, findings, tables
`collect_masks`, `collect_landmarks`
                    from nodes back to plain data
`update`            nodes after an edit or undo made in a review session
`StrokeWatcher`     from strokes in the segmentation node to edits of the session
`LandmarkWatcher`   from dragged landmarks to edits of the session
=================== ====================================================================

Needs ``slicer`` and ``vtk``, no application, no Qt.
"""

from __future__ import annotations

from readingroom.review.mrml.collect import collect_landmarks, collect_masks
from readingroom.review.mrml.points import LandmarkWatcher
from readingroom.review.mrml.presented import Presented, present, update
from readingroom.review.mrml.strokes import StrokeWatcher
from readingroom.review.mrml.volume import present_volume

__all__ = [
    "LandmarkWatcher",
    "Presented",
    "StrokeWatcher",
    "collect_landmarks",
    "collect_masks",
    "present",
    "present_volume",
    "update",
]
