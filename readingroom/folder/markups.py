"""Landmarks as a 3D Slicer Markups file (schema 1.0.3, LPS millimetres)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from readingroom.reading import Landmark

_SCHEMA = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/"
    "Resources/Schema/markups-schema-v1.0.3.json#"
)


def encode_landmarks(landmarks: Sequence[Landmark]) -> bytes:
    """Return the content of ``landmarks.mrk.json``: one point list."""
    points = [_control_point(number, mark) for number, mark in enumerate(landmarks, start=1)]
    markup = {
        "type": "Fiducial",
        "coordinateSystem": "LPS",
        "coordinateUnits": "mm",
        "locked": False,
        "fixedNumberOfControlPoints": False,
        "labelFormat": "%N-%d",
        "lastUsedControlPointNumber": len(points),
        "controlPoints": points,
    }
    content = {"@schema": _SCHEMA, "markups": [markup]}
    return json.dumps(content, indent=1, ensure_ascii=False).encode("utf-8")


def decode_landmarks(content: bytes) -> list[Landmark]:
    """Read the points of all markups of a file; RAS coordinates are turned to LPS.

    Raises
    ------
    ValueError, KeyError, TypeError
        If the content is not a Markups file. Points without a position are left out.
    """
    found = []
    for markup in json.loads(content)["markups"]:
        sign = -1.0 if markup.get("coordinateSystem", "LPS") in ("RAS", 0, "0") else 1.0
        for point in markup.get("controlPoints", []):
            if point.get("positionStatus", "defined") == "defined":
                found.append(_landmark(point, sign))
    return found


def _control_point(number: int, mark: Landmark) -> dict[str, Any]:
    return {
        "id": str(number),
        "label": mark.name,
        "description": mark.description,
        "associatedNodeID": "",
        "position": [float(x) for x in mark.position_lps_mm],
        "orientation": [-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0],
        "selected": True,
        "locked": False,
        "visibility": True,
        "positionStatus": "defined",
    }


def _landmark(point: dict[str, Any], sign: float) -> Landmark:
    x, y, z = (float(value) for value in point["position"])
    return Landmark(point.get("label", ""), (sign * x, sign * y, z), point.get("description", ""))
