"""The source instances of a volume: their headers, completed, and how they meet its grid."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom import dcmread
from pydicom.dataset import Dataset

from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.study import Volume

Positions = npt.NDArray[np.float64]

#: Patient and study attributes that every derived object must carry, empty if unknown.
_MAY_BE_EMPTY = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
)
_NEEDED = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")
#: A slice is a source plane if it lies this close: position rounding and slight lateral
#: drift that the loader lets pass without resampling.
_ACROSS_MM, _ACROSS_PART, _ALONG_PX = 0.101, 0.101, 0.3


@dataclass(frozen=True)
class Source:
    """Headers of the instances a volume was made of.

    Attributes
    ----------
    images : tuple of Dataset
        One per file, without pixels; patient and study attributes complete, text decoded.
    """

    images: tuple[Dataset, ...]

    @property
    def first(self) -> Dataset:
        """The header whose patient and study attributes derived objects inherit."""
        return self.images[0]

    def plane_positions(self, volume: Volume) -> Positions | None:
        """Return where the slices of `volume` lie according to the source planes.

        Returns
        -------
        ndarray, shape (slices, 3), or None
            Image Position (Patient) per slice, LPS mm, exactly as the instances state it;
            None where the slices of the volume are not planes of the source (the loader
            resampled, or the file is not cross-sectional).
        """
        order = self._planes_of_slices(volume)
        return None if order is None else self._stated()[order]

    def images_at(self, volume: Volume, slices: Iterable[int]) -> tuple[Dataset, ...]:
        """Return the images that show `slices` of `volume`; all, where that is not known."""
        order = self._planes_of_slices(volume)
        if order is None or len(self.images) < volume.shape[0]:
            return self.images
        return tuple(self.images[order[k]] for k in sorted(set(slices)))

    def _stated(self) -> Positions:
        planes = [plane for image in self.images for plane in _planes(image)]
        if any(plane is None for plane in planes):
            return np.empty((0, 3))
        return np.array(planes, dtype=np.float64)

    def _planes_of_slices(self, volume: Volume) -> npt.NDArray[np.intp] | None:
        """Return the index of the source plane that each slice is; None if any is none."""
        stated = self._stated()
        if len(stated) < volume.shape[0] or not _same_frame(self.first, volume):
            return None
        wanted = volume.lps_from_kji([[k, 0, 0] for k in range(volume.shape[0])])
        nearest = _nearest_along_normal(stated, wanted, volume)
        if len(set(nearest.tolist())) < len(nearest):
            return None
        return nearest if _meet(stated[nearest], wanted, volume) else None


def read_source(volume: Volume) -> Source:
    """Read the headers of the volume's files.

    Raises
    ------
    RefusedInput
        ``NOT_DICOM`` if the volume came from another format; ``SOURCE_INCOMPLETE`` if the
        instances lack the identifiers that a derived object must repeat.
    ReadingRoomError
        ``SOURCE_MISSING`` if a file is no longer where it was read.
    """
    if not volume.is_dicom or not volume.files:
        raise RefusedInput(
            "NOT_DICOM",
            "DICOM objects can only be written for a study that came as DICOM.",
            "Choose other report formats, or read the original DICOM series.",
        )
    if not all(file.is_file() for file in volume.files):
        raise ReadingRoomError(
            "SOURCE_MISSING",
            "The DICOM files of the study are no longer where they were read.",
            "Put them back or say with --study where the study is now.",
        )
    images = _read_headers(volume.files)
    for image in images:
        # A projection has no place in the patient, and refers to nothing but its frames.
        _complete(image, _NEEDED[:-1] if volume.projection else _NEEDED)
    return Source(tuple(images))


def _read_headers(files: Sequence[Path]) -> list[Dataset]:
    def read(path: Path) -> Dataset:
        return dcmread(path, stop_before_pixels=True, force=True)

    with ThreadPoolExecutor(max_workers=2 * (os.cpu_count() or 1)) as pool:
        return list(pool.map(read, files))


def _complete(image: Dataset, needed: Sequence[str]) -> None:
    if not all(image.get(keyword) for keyword in needed):
        raise RefusedInput(
            "SOURCE_INCOMPLETE",
            "The images lack a study, series, instance or frame of reference UID.",
            "Choose other report formats, or export the series from the archive again.",
        )
    image.decode()
    for keyword in _MAY_BE_EMPTY:
        if keyword not in image:
            setattr(image, keyword, "")
    if "SharedFunctionalGroupsSequence" in image:
        _share_plane(image)


def _share_plane(image: Dataset) -> None:
    """Move orientation and pixel spacing that all frames repeat to the shared groups."""
    shared = image.SharedFunctionalGroupsSequence[0]
    first = image.PerFrameFunctionalGroupsSequence[0]
    for keyword in ("PlaneOrientationSequence", "PixelMeasuresSequence"):
        if keyword not in shared and keyword in first:
            setattr(shared, keyword, first[keyword].value)


def _planes(image: Dataset) -> list[Sequence[float] | None]:
    frames = image.get("PerFrameFunctionalGroupsSequence")
    if frames is None:
        return [image.get("ImagePositionPatient")]
    return [
        frame.PlanePositionSequence[0].ImagePositionPatient
        if "PlanePositionSequence" in frame
        else None
        for frame in frames
    ]


def _same_frame(image: Dataset, volume: Volume) -> bool:
    """Whether rows, columns, spacing and orientation of the image are the volume's."""
    if (image.get("Rows"), image.get("Columns")) != volume.shape[1:]:
        return False
    plane = image
    if "SharedFunctionalGroupsSequence" in image:
        shared = image.SharedFunctionalGroupsSequence[0]
        if "PlaneOrientationSequence" not in shared or "PixelMeasuresSequence" not in shared:
            return False
        plane = Dataset()
        plane.update(shared.PlaneOrientationSequence[0])
        plane.update(shared.PixelMeasuresSequence[0])
    cosines = np.array(plane.ImageOrientationPatient, dtype=np.float64).reshape(2, 3)
    rows_mm, columns_mm = (float(v) for v in plane.PixelSpacing)
    stated = np.stack([cosines[0] * columns_mm, cosines[1] * rows_mm], axis=1)
    return bool(np.allclose(stated, volume.ijk_to_lps[:3, :2], atol=2e-3))


def _normal(volume: Volume) -> Positions:
    normal = np.cross(volume.ijk_to_lps[:3, 0], volume.ijk_to_lps[:3, 1])
    return np.asarray(normal / np.linalg.norm(normal))


def _nearest_along_normal(
    stated: Positions, wanted: Positions, volume: Volume
) -> npt.NDArray[np.intp]:
    normal = _normal(volume)
    places = stated @ normal
    order = np.argsort(places, kind="stable")
    goal = wanted @ normal
    upper = np.clip(np.searchsorted(places[order], goal), 1, max(len(order) - 1, 1))
    lower, upper = upper - 1, np.minimum(upper, len(order) - 1)
    take_lower = goal - places[order][lower] <= places[order][upper] - goal
    return np.asarray(order[np.where(take_lower, lower, upper)])


def _meet(stated: Positions, wanted: Positions, volume: Volume) -> bool:
    across = np.abs((stated - wanted) @ _normal(volume))
    along = np.abs((stated - wanted) @ volume.ijk_to_lps[:3, :2])
    squares = np.square(np.linalg.norm(volume.ijk_to_lps[:3, :2], axis=0))
    near_across = across.max() <= min(_ACROSS_MM, _ACROSS_PART * volume.spacing_mm[0])
    return bool(near_across and (along / squares).max() <= _ALONG_PX)
