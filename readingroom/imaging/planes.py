"""One image plane each, whether it came as a file of its own or as a frame of one.

Classic, enhanced and legacy-converted objects look alike from here on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from readingroom.imaging.headers import Header, as_number, value_of

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Plane:
    """One greyscale plane of pixels with its place in the patient.

    Attributes
    ----------
    attributes : Mapping of str to Any
        Functional groups that apply to this frame, by keyword; empty for classic files.
    position : ndarray, shape (3,), or None
        Image Position (Patient): centre of the first pixel, LPS mm.
    row_direction, column_direction : ndarray, shape (3,), or None
        Unit vectors of growing column index and of growing row index.
    spacing : tuple of float or None
        Pixel Spacing: distance between rows, between columns, mm.
    """

    header: Header
    frame: int
    attributes: Mapping[str, Any] = field(repr=False)
    position: Vector | None
    row_direction: Vector | None
    column_direction: Vector | None
    spacing: tuple[float, float] | None

    def get(self, keyword: str) -> Any:
        """Return an attribute of this frame, else of the object; None where absent."""
        value = self.attributes.get(keyword)
        return self.header.get(keyword) if value is None else value

    def number(self, keyword: str) -> float | None:
        """Return an attribute of this frame as a finite number, None where it is none."""
        return as_number(self.get(keyword))

    @property
    def placed(self) -> bool:
        """Whether position, orientation and spacing are all known."""
        return self.position is not None and self.normal is not None and self.spacing is not None

    @property
    def normal(self) -> Vector | None:
        """Unit vector at right angles to the plane, right-handed with its directions."""
        if self.row_direction is None or self.column_direction is None:
            return None
        return np.cross(self.row_direction, self.column_direction)

    @property
    def size(self) -> tuple[int, int]:
        """Number of rows and columns."""
        return self.header.size

    @property
    def rescale(self) -> tuple[float, float] | None:
        """Slope and intercept from stored values to the modality's unit."""
        slope, intercept = self.number("RescaleSlope"), self.number("RescaleIntercept")
        if slope is None and intercept is None:
            return None
        return 1.0 if slope is None else slope, 0.0 if intercept is None else intercept

    @property
    def instance_uid(self) -> str:
        """SOP Instance UID; empty where an anonymiser removed it."""
        return str(self.header.get("SOPInstanceUID") or "")


def planes_of(header: Header) -> list[Plane]:
    """Return the planes of one file in frame order."""
    shared = _flatten(_first_item(header.get("SharedFunctionalGroupsSequence")))
    frames = header.get("PerFrameFunctionalGroupsSequence") or []
    if not shared and not len(frames):
        return [_plane(header, k, {}) for k in range(header.frames)]
    groups = [shared | _flatten(frame) for frame in frames]
    groups += [shared] * (header.frames - len(groups))
    return [_plane(header, k, group) for k, group in enumerate(groups[: header.frames])]


def _plane(header: Header, frame: int, attributes: Mapping[str, Any]) -> Plane:
    def vector(keyword: str, count: int) -> Vector | None:
        value = attributes.get(keyword)
        return numbers(header.get(keyword) if value is None else value, count)

    # Only functional groups place the frames of a multi-frame object: a position at
    # its top level is that of one frame.
    single = header.frames == 1 or bool(attributes)
    orientation = vector("ImageOrientationPatient", 6)
    spacing = vector("PixelSpacing", 2)
    row, column = _unit_pair(orientation)
    return Plane(
        header=header,
        frame=frame,
        attributes=attributes,
        position=vector("ImagePositionPatient", 3) if single else None,
        row_direction=row,
        column_direction=column,
        spacing=None if spacing is None or spacing.min() <= 0 else (spacing[0], spacing[1]),
    )


def numbers(value: Any, count: int) -> Vector | None:
    """Return a header's value as `count` finite numbers, None where it is not that."""
    try:
        found = np.array([float(v) for v in value], dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return found if found.shape == (count,) and np.isfinite(found).all() else None


def _unit_pair(orientation: Vector | None) -> tuple[Vector | None, Vector | None]:
    """Return two orthonormal directions; headers round their cosines."""
    if orientation is None:
        return None, None
    row, column = orientation[:3], orientation[3:]
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if min(lengths) < 0.9 or abs(row @ column) > 0.01:
        return None, None
    row = row / lengths[0]
    column = column - (column @ row) * row
    return row, column / np.linalg.norm(column)


def _first_item(sequence: Any) -> Dataset:
    return sequence[0] if sequence is not None and len(sequence) else Dataset()


def _flatten(groups: Dataset) -> dict[str, Any]:
    """Return the attributes of all functional groups of one frame by keyword."""
    flat: dict[str, Any] = {}
    for group in _values(groups).values():
        if isinstance(group, Sequence) and len(group):
            flat.update(_values(group[0]))
    return flat


def _values(item: Dataset) -> dict[str, Any]:
    """Return the attributes of one item by keyword, without those that are damaged."""
    keywords = [keyword_for_tag(tag) for tag in item.keys()]  # noqa: SIM118 - tags, not elements
    values = {keyword: value_of(item, keyword) for keyword in keywords if keyword}
    return {keyword: value for keyword, value in values.items() if value is not None}
