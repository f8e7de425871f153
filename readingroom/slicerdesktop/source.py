"""The study behind a volume of the scene: its DICOM files, or a copy of its voxels.

A volume that came through the DICOM module is read from the files it was loaded from, so that
the reading knows patient, acquisition and UIDs. Any other volume is written to a file.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.errors import RefusedInput
from readingroom.slicerdesktop import frames
from readingroom.slicerdesktop.host import Host

_UIDS = "DICOM.instanceUIDs"
_COPY = "volume.nrrd"
#: A slice of the series may lie this far from the grid of the volume (mm) before the volume
#: counts as moved; the DICOM module regularises spacing by less.
_MOVED_MM = 0.5
#: And its rows and columns may be turned by this much (cosines).
_TURNED = 0.01
_PLACE = ["ImagePositionPatient", "ImageOrientationPatient"]


@dataclass(frozen=True)
class Source:
    """Where the reading process finds a volume.

    Attributes
    ----------
    paths : tuple of Path
        A folder, or files.
    is_dicom : bool
        Whether DICOM objects can refer to the images.
    """

    paths: tuple[Path, ...]
    is_dicom: bool

    @property
    def study(self) -> list[str]:
        """What the worker's field ``study`` takes."""
        return [str(path) for path in self.paths]


def why_not(node: Any) -> str:
    """Return why a volume node cannot be read, in English; empty if it can."""
    if node is None:
        return "Choose a volume."
    image = node.GetImageData()
    if image is None or image.GetNumberOfPoints() == 0:
        return "The volume holds no image."
    if image.GetNumberOfScalarComponents() != 1:
        return "The volume is a colour image; choose one with a single value for each voxel."
    transform = node.GetParentTransformNode()
    if transform is not None and transform.IsLinear():
        return "The volume is moved by a transform; harden or remove the transform first."
    return ""


def of(host: Host, node: Any, place: Path, *, as_frames: bool = False) -> Source:
    """Return the source of a volume node; a copy, where one is needed, goes into `place`.

    Parameters
    ----------
    as_frames : bool
        The reader takes frames: the slices of the volume, or the items of a sequence.

    Raises
    ------
    RefusedInput
        ``VOLUME_UNUSABLE`` if the node holds nothing that can be read.
    ReadingRoomError
        ``WRITE_FAILED`` if the copy cannot be written.
    """
    reason = why_not(node)
    if reason:
        raise RefusedInput("VOLUME_UNUSABLE", reason, "Choose another volume.")
    files = dicom_files(host.database, node)
    if files:
        return Source(_folder_or_files(files), is_dicom=True)
    if as_frames:
        return Source(frames.written(node, place), is_dicom=False)
    return Source((_written(node, place),), is_dicom=False)


def dicom_files(database: Any | None, node: Any) -> list[Path]:
    """Return the files a volume was loaded from; empty unless every one is there.

    Also empty for a volume that was moved since (a hardened transform, a resampling): its
    voxels are no longer those of the files.
    """
    uids = (node.GetAttribute(_UIDS) or "").split()
    if database is None or not uids:
        return []
    files = [Path(str(database.fileForInstance(uid) or "")) for uid in uids]
    if not all(file.is_file() for file in files) or _moved(node, files):
        return []
    return files


def geometry(node: Any) -> npt.NDArray[np.float64]:
    """Return the matrix from voxel indices ``(i, j, k, 1)`` to LPS millimetres."""
    import vtk

    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    to_ras = np.array([[matrix.GetElement(r, c) for c in range(4)] for r in range(4)])
    return np.asarray(np.diag([-1.0, -1.0, 1.0, 1.0]) @ to_ras)


def _moved(node: Any, files: Sequence[Path]) -> bool:
    """Whether the first file's image is not where a slice of the volume's grid is."""
    import pydicom

    if len(files) == 1:  # multi-frame: the position is told for each frame, not for the file
        return False
    header = pydicom.dcmread(files[0], stop_before_pixels=True, specific_tags=_PLACE)
    if any(header.get(name) is None for name in _PLACE):
        return True
    corner = np.array([float(x) for x in header.ImagePositionPatient])
    rows_and_columns = np.array([float(x) for x in header.ImageOrientationPatient]).reshape(2, 3)
    to_lps = geometry(node)
    axes = to_lps[:3, :2] / np.linalg.norm(to_lps[:3, :2], axis=0)
    if np.abs(axes.T - rows_and_columns).max() > _TURNED:
        return True
    index = np.linalg.inv(to_lps) @ np.array([*corner, 1.0])
    last = node.GetImageData().GetDimensions()[2] - 1
    slice_corner = np.array([0.0, 0.0, np.clip(np.rint(index[2]), 0, last)])
    away = np.linalg.norm(to_lps[:3, :3] @ (index[:3] - slice_corner))
    return bool(away > _MOVED_MM)


def _folder_or_files(files: Sequence[Path]) -> tuple[Path, ...]:
    """Return the files' folder if it holds nothing else: a shorter entry in the reading."""
    folder = files[0].parent
    if {p for p in folder.rglob("*") if p.is_file()} == set(files) and os.pathsep not in str(
        folder
    ):
        return (folder,)
    return tuple(files)


def _written(node: Any, place: Path) -> Path:
    import slicer

    from readingroom.imaging.write import write_volume

    place.mkdir(parents=True, exist_ok=True)
    voxels = np.ascontiguousarray(slicer.util.arrayFromVolume(node))
    return write_volume(voxels, geometry(node), place / _COPY)
