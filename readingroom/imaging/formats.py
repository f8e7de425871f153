"""NIfTI, NRRD and MetaImage files as volumes in LPS."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.errors import RefusedInput
from readingroom.imaging.nifti import is_complete
from readingroom.study import Acquisition, Volume

Pixels = npt.NDArray[Any]

SUFFIXES = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")


def is_volume_file(path: Path) -> bool:
    """Whether the file's name is that of a format read here."""
    return path.name.lower().endswith(SUFFIXES)


def volume_from_file(path: Path) -> Volume:
    """Return the volume of one file; voxels are read at first use.

    The file does not say its modality: values are taken as they are.

    Raises
    ------
    RefusedInput
        ``NOT_AN_IMAGE``, ``IMAGE_4D``, ``GEOMETRY_MISSING``; at first use of the voxels
        ``IMAGE_TRUNCATED`` or ``IMAGE_NOT_FINITE``.
    """
    sitk: Any = import_module("SimpleITK")

    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError:
        raise _unreadable() from None
    size, direction = _three_dimensional(reader)
    if reader.GetNumberOfComponents() != 1:
        raise RefusedInput(
            "NOT_GREYSCALE",
            f"The file holds {reader.GetNumberOfComponents()} values per voxel.",
            "Give a file with one value per voxel.",
        )
    matrix = np.eye(4)
    matrix[:3, :3] = direction * np.array(reader.GetSpacing()[:3])
    matrix[:3, 3] = reader.GetOrigin()[:3]
    if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-9:
        raise _no_geometry()
    shape = (size[2], size[1], size[0])
    increment = float(np.linalg.norm(matrix[:3, 2])) if shape[0] > 1 else None
    return Volume(
        pixels=lambda: _read(path, shape),
        shape=shape,
        ijk_to_lps=matrix,
        acquisition=Acquisition(slice_increment_mm=increment),
        description=_stem(path),
        files=(path,),
    )


def _stem(path: Path) -> str:
    name = path.name
    suffix = next(s for s in sorted(SUFFIXES, key=len, reverse=True) if name.lower().endswith(s))
    return name[: -len(suffix)]


def _three_dimensional(reader: Any) -> tuple[tuple[int, int, int], Any]:
    """Return size and direction of a 3-D image, also where it is stored as 4-D of one."""
    size = tuple(int(n) for n in reader.GetSize())
    dimension = len(size)
    if dimension > 3 and any(n > 1 for n in size[3:]):
        raise RefusedInput(
            "IMAGE_4D",
            f"The file holds {int(np.prod(size[3:]))} volumes in {dimension} dimensions.",
            "Save the volume to be read as a 3-D file of its own.",
        )
    if min(size) < 1:
        raise _unreadable()
    direction = np.eye(3)
    kept = min(dimension, 3)
    direction[:kept, :kept] = np.array(reader.GetDirection()).reshape(dimension, dimension)[
        :kept, :kept
    ]
    if dimension < 3:
        raise RefusedInput(
            "GEOMETRY_MISSING",
            "The file holds a single picture without a place in the patient.",
            "Give a 3-D volume.",
        )
    return (size[0], size[1], size[2]), direction


def _read(path: Path, shape: tuple[int, int, int]) -> Pixels:
    sitk: Any = import_module("SimpleITK")
    if path.name.lower().endswith((".nii", ".nii.gz")) and not is_complete(path):
        raise _cut_short()
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError:
        raise _cut_short() from None
    return _as_hounsfield_type(sitk.GetArrayFromImage(image).reshape(shape))


def _as_hounsfield_type(values: Pixels) -> Pixels:
    """Return int16 where that is exact, else float32."""
    if values.dtype.kind == "f":
        if not np.isfinite(values).all():
            raise RefusedInput(
                "IMAGE_NOT_FINITE",
                "The image holds values that are not numbers (NaN or infinite).",
                "Replace them (air is -1024 HU) and save the file again.",
            )
        whole = bool((np.rint(values) == values).all())
    else:
        whole = True
    fits = values.size == 0 or (values.min() >= -32768 and values.max() <= 32767)
    return values.astype(np.int16 if whole and fits else np.float32, copy=False)


def _unreadable() -> RefusedInput:
    return RefusedInput(
        "NOT_AN_IMAGE",
        "The file's name is that of an image and its content is not.",
        "Give a DICOM folder, or a NIfTI, NRRD or MetaImage file.",
    )


def _cut_short() -> RefusedInput:
    return RefusedInput(
        "IMAGE_TRUNCATED",
        "The image file ends before its voxels do, or its compressed data is damaged.",
        "Copy or export the file again.",
    )


def _no_geometry() -> RefusedInput:
    return RefusedInput(
        "GEOMETRY_MISSING",
        "The file's header gives no usable voxel spacing or direction.",
        "Save it again with a valid geometry.",
    )
