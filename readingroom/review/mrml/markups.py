"""Landmarks and findings as fiducials."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import vtk

from readingroom.reading import Finding, Landmark
from readingroom.review.mrml.geometry import turned
from readingroom.terminology import concept

Node = Any
Color = tuple[float, float, float]

_LANDMARK_COLOR: Color = (0.55, 0.85, 1.0)
#: How much of its colour a rejected finding keeps.
_DIMMED = 0.35
_GLYPH_PERCENT, _TEXT_PERCENT = 1.2, 2.2


def new_landmarks(landmarks: Sequence[Landmark], scene: Node, name: str) -> Node:
    """Return a new point list with a point per landmark."""
    node = _new(scene, name, _LANDMARK_COLOR)
    write_landmarks(node, landmarks)
    return node


def write_landmarks(node: Node, landmarks: Sequence[Landmark]) -> None:
    """Bring the points of `node` up to date; points that are right are not touched."""
    wanted = [(mark.name, mark.description, mark.position_lps_mm, True) for mark in landmarks]
    _write(node, wanted)


def write_findings(
    nodes: dict[str, Node], findings: Iterable[Finding], scene: Node, name: str
) -> None:
    """Bring the point lists of the classes up to date: one per label, made when needed.

    A finding's point carries its id and class. Rejected findings are unselected points,
    which are shown dimmed.
    """
    by_label: dict[str, list[Finding]] = {label: [] for label in nodes}
    for finding in findings:
        by_label.setdefault(finding.label, []).append(finding)
    for label, group in by_label.items():
        if label not in nodes:
            nodes[label] = _new(scene, f"{name} {label}".strip(), concept(label).color)
            nodes[label].SetLocked(True)
        _write(nodes[label], [_point(finding) for finding in group])


Point = tuple[str, str, tuple[float, float, float], bool]


def _point(finding: Finding) -> Point:
    text = f"{finding.id} {finding.label}"
    return text, finding.id, finding.position_lps_mm, finding.state != "rejected"


def _write(node: Node, wanted: Sequence[Point]) -> None:
    present = [_read(node, n) for n in range(node.GetNumberOfControlPoints())]
    if present == [_rounded(point) for point in wanted]:
        return
    blocked = node.StartModify()
    for _ in range(node.GetNumberOfControlPoints() - len(wanted)):
        node.RemoveNthControlPoint(node.GetNumberOfControlPoints() - 1)
    for n, (label, text, position, selected) in enumerate(wanted):
        place = vtk.vtkVector3d(*turned(position))
        if n == node.GetNumberOfControlPoints():
            node.AddControlPointWorld(place, label)
        node.SetNthControlPointPositionWorld(n, place)
        node.SetNthControlPointLabel(n, label)
        node.SetNthControlPointDescription(n, text)
        node.SetNthControlPointSelected(n, selected)
    node.EndModify(blocked)


def _read(node: Node, n: int) -> Point:
    position = [0.0, 0.0, 0.0]
    node.GetNthControlPointPositionWorld(n, position)
    label, text = node.GetNthControlPointLabel(n), node.GetNthControlPointDescription(n) or ""
    return _rounded((label, text, turned(position), bool(node.GetNthControlPointSelected(n))))


def _rounded(point: Point) -> Point:
    label, text, (x, y, z), selected = point
    return label, text, (round(x, 6), round(y, 6), round(z, 6)), selected


def _new(scene: Node, name: str, color: Color) -> Node:
    node = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", name)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetSelectedColor(*color)
    display.SetColor(*(_DIMMED * part for part in color))
    display.SetActiveColor(1.0, 1.0, 1.0)
    display.SetGlyphScale(_GLYPH_PERCENT)
    display.SetTextScale(_TEXT_PERCENT)
    display.GetTextProperty().SetShadow(False)
    return node
