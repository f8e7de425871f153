"""The wires of the present frame as curves in the scene; inferred parts in another colour."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

#: Seen and inferred parts of wires, red, green, blue.
SEEN, INFERRED = (0.2, 1.0, 0.35), (1.0, 0.85, 0.1)

#: Width of the line, in the picture's pixels: over the wire, its surroundings free.
_LINE_PX = 2.5

Points = npt.NDArray[np.float64]


def pieces(wire: dict[str, Any]) -> list[tuple[Points, bool]]:
    """Return the pieces of a wire, ``(x, y)`` px, and whether each is inferred.

    An inferred piece reaches to the seen points beside it, so that nothing seems broken.
    """
    points = np.asarray(wire["centerline_xy_px"], np.float64)
    if wire["predicted"]:
        return [(points, True)]
    found, at = [], 0
    for first, end in wire["inferred"]:
        found += [(points[at:first], False), (points[max(first - 1, 0) : end + 1], True)]
        at = end
    found.append((points[at:], False))
    return [(piece, inferred) for piece, inferred in found if len(piece) > 1]


class LiveCurves:
    """Curves on a picture; they are reused from frame to frame.

    Parameters
    ----------
    node : vtkMRMLVolumeNode
        The picture: its geometry and its scene.
    """

    def __init__(self, node: Any) -> None:
        self._node, self._scene = node, node.GetScene()
        self.curves: list[Any] = []

    def show(self, wires: list[dict[str, Any]]) -> None:
        """Show these wires and no others; catheters are left out."""
        kept = [piece for one in wires if one["kind"] == "wire" for piece in pieces(one)]
        while len(self.curves) < len(kept):
            self.curves.append(self._new())
        for number, curve in enumerate(self.curves):
            if number < len(kept):
                self._place(curve, *kept[number])
            curve.SetDisplayVisibility(number < len(kept))

    def remove(self) -> None:
        """Take the curves out of the scene."""
        for curve in self.curves:
            if curve.GetScene() is not None:
                self._scene.RemoveNode(curve)
        self.curves = []

    def _new(self) -> Any:
        curve = self._scene.AddNewNodeByClass("vtkMRMLMarkupsCurveNode", "Live wire")
        curve.SaveWithSceneOff()
        curve.CreateDefaultDisplayNodes()
        curve.SetCurveTypeToLinear()
        curve.SetLocked(True)
        display = curve.GetDisplayNode()
        display.SetPointLabelsVisibility(False)
        display.SetPropertiesLabelVisibility(False)
        # The wire is the line; a glyph at each of its many points would hide the picture.
        spacing_mm = min(self._node.GetSpacing()[:2])
        display.SetCurveLineSizeMode(display.UseLineDiameter)
        display.SetLineDiameter(_LINE_PX * spacing_mm)
        display.SetUseGlyphScale(False)
        display.SetGlyphSize(0.2 * spacing_mm)
        return curve

    def _place(self, curve: Any, points: Points, inferred: bool) -> None:
        import vtk

        matrix = vtk.vtkMatrix4x4()
        self._node.GetIJKToRASMatrix(matrix)
        to_ras = np.array([[matrix.GetElement(r, c) for c in range(4)] for r in range(3)])
        flat = np.column_stack([points, np.zeros(len(points)), np.ones(len(points))])
        places = vtk.vtkPoints()
        for place in flat @ to_ras.T:
            places.InsertNextPoint(*place)
        curve.SetControlPointPositionsWorld(places)
        colour = INFERRED if inferred else SEEN
        curve.GetDisplayNode().SetSelectedColor(*colour)
        curve.GetDisplayNode().SetColor(*colour)
