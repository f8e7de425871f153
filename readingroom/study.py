"""What was acquired: images in patient space with their DICOM context.

Everything here is immutable. Coordinates are DICOM patient coordinates (LPS,
millimetres). Arrays are indexed ``[k, j, i]`` = slice, row, column; matrices map
``(i, j, k, 1)`` to LPS millimetres.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

Severity = Literal["info", "warning", "refusal"]


@dataclass(frozen=True)
class Note:
    """A remark on fitness or limits.

    Parameters
    ----------
    code : str
        Stable identifier, ``SCREAMING_SNAKE_CASE``.
    severity : {'info', 'warning', 'refusal'}
        A refusal means that no number is to be expected.
    message : str
        One sentence, English.
    message_zh : str
        The same sentence in Chinese; empty where there is none yet.
    """

    code: str
    severity: Severity
    message: str
    message_zh: str = ""


@dataclass(frozen=True)
class Patient:
    """Identity as the images carry it; empty strings where they carry none."""

    id: str = ""
    name: str = ""
    birth_date: str = ""
    sex: str = ""
    age_years: float | None = None


@dataclass(frozen=True)
class Acquisition:
    """How one series was acquired; ``None`` where the images do not say.

    Attributes
    ----------
    kvp : float or None
        Tube voltage, kV.
    slice_thickness_mm, slice_increment_mm : float or None
        Nominal thickness and the measured distance between slice centres, mm.
    gated : bool or None
        Whether the acquisition was triggered or gated by the ECG.
    contrast_agent : str or None
        Contrast/Bolus Agent (0018,0010); an empty string means "said to be none".
    acquired_at : str or None
        ISO 8601 local time of the acquisition.
    """

    modality: str = ""
    kvp: float | None = None
    kernel: str | None = None
    slice_thickness_mm: float | None = None
    slice_increment_mm: float | None = None
    gated: bool | None = None
    contrast_agent: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    acquired_at: str | None = None
    body_part: str | None = None
    tube_current_ma: float | None = None
    exposure_mas: float | None = None
    patient_position: str | None = None
    image_type: tuple[str, ...] = ()


@dataclass(frozen=True)
class Volume:
    """One series as a volume in patient space.

    The voxels are decoded at first use of `array` and kept, so that a study with
    many series costs only the series that is read.

    Parameters
    ----------
    pixels : Callable[[], ndarray]
        Returns the voxels ``[k, j, i]`` in the series' own unit (HU for CT).
    shape : tuple of int
        ``(slices, rows, columns)``.
    ijk_to_lps : ndarray, shape (4, 4)
        Maps voxel indices ``(i, j, k, 1)`` to LPS millimetres (voxel centres).
    files, instance_uids : tuple
        Source files and SOP Instance UIDs in the order of ``k`` (one entry for a
        multi-frame file); empty for input that is not DICOM.
    """

    pixels: Callable[[], npt.NDArray[np.generic]] = field(repr=False, compare=False)
    shape: tuple[int, int, int]
    ijk_to_lps: npt.NDArray[np.float64] = field(compare=False)
    acquisition: Acquisition = Acquisition()
    series_uid: str = ""
    description: str = ""
    series_number: int | None = None
    frame_of_reference_uid: str = ""
    instance_uids: tuple[str, ...] = field(default=(), repr=False)
    files: tuple[Path, ...] = field(default=(), repr=False)
    notes: tuple[Note, ...] = ()
    #: ``k`` counts the frames of a cine (see `Cine.stack`), there is no third dimension.
    projection: bool = False

    @cached_property
    def array(self) -> npt.NDArray[np.generic]:
        """Voxels ``[k, j, i]``, read-only; int16 where the values allow it."""
        voxels = self.pixels()
        voxels.flags.writeable = False
        return voxels

    @cached_property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between voxel centres along ``(k, j, i)``, mm."""
        columns = np.linalg.norm(self.ijk_to_lps[:3, :3], axis=0)
        return float(columns[2]), float(columns[1]), float(columns[0])

    @property
    def is_dicom(self) -> bool:
        """Whether DICOM objects can refer to the source instances."""
        return bool(self.instance_uids)

    def lps_from_kji(self, kji: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Map voxel indices ``(..., 3)`` in ``(k, j, i)`` order to LPS mm ``(..., 3)``."""
        index = np.asarray(kji, dtype=np.float64)[..., ::-1]
        return np.asarray(index @ self.ijk_to_lps[:3, :3].T + self.ijk_to_lps[:3, 3])

    def kji_from_lps(self, lps: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Map LPS mm ``(..., 3)`` to continuous voxel indices ``(k, j, i)``."""
        inverse = np.linalg.inv(self.ijk_to_lps)
        index = np.asarray(lps, dtype=np.float64) @ inverse[:3, :3].T + inverse[:3, 3]
        return np.asarray(index[..., ::-1])


@dataclass(frozen=True)
class Cine:
    """A sequence of projection frames ``[t, row, column]``."""

    pixels: Callable[[], npt.NDArray[np.generic]] = field(repr=False, compare=False)
    shape: tuple[int, int, int]
    frame_times_ms: tuple[float, ...] = ()
    pixel_spacing_mm: tuple[float, float] | None = None
    acquisition: Acquisition = Acquisition()
    series_uid: str = ""
    description: str = ""
    instance_uids: tuple[str, ...] = ()
    files: tuple[Path, ...] = field(default=(), repr=False)

    @cached_property
    def array(self) -> npt.NDArray[np.generic]:
        """Frames ``[t, row, column]``, read-only."""
        frames = self.pixels()
        frames.flags.writeable = False
        return frames

    @cached_property
    def stack(self) -> Volume:
        """The frames as the slices of a volume, so that masks and review need one grid only.

        ``x`` is column · spacing and ``y`` row · spacing in mm (1 mm a pixel where the
        spacing is unknown), ``z`` is the frame's number, 0-based.
        """
        row, column = self.pixel_spacing_mm or (1.0, 1.0)
        return Volume(
            pixels=lambda: self.array,
            shape=self.shape,
            ijk_to_lps=np.diag([column, row, 1.0, 1.0]),
            acquisition=self.acquisition,
            series_uid=self.series_uid,
            description=self.description,
            instance_uids=self.instance_uids,
            files=self.files,
            projection=True,
        )


@dataclass(frozen=True)
class Study:
    """One patient's examination as it was handed to the room."""

    patient: Patient = Patient()
    study_uid: str = ""
    description: str = ""
    volumes: tuple[Volume, ...] = ()
    cines: tuple[Cine, ...] = ()
    source: str = ""
    notes: tuple[Note, ...] = ()

    @property
    def stacks(self) -> tuple[Volume, ...]:
        """Everything that can be read on a grid: the volumes, then the cines' frames."""
        return (*self.volumes, *(cine.stack for cine in self.cines))
