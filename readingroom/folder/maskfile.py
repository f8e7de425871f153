"""Masks from a file that a person hands in, brought onto the image's grid."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from readingroom import terminology
from readingroom.errors import RefusedInput
from readingroom.folder.grid import Grid, fit
from readingroom.folder.segread import decode_masks
from readingroom.reading import Masks
from readingroom.study import Volume

_NRRD, _NIFTI = (".nrrd", ".nhdr"), (".nii", ".nii.gz")


def load_masks(
    path: str | Path, volume: Volume, *, names: Mapping[int, str] | None = None
) -> Masks:
    """Read masks drawn on `volume`.

    Parameters
    ----------
    path : path
        ``.seg.nrrd`` of 3D Slicer (also one that holds only the segments' box, or several
        layers), or a plain label map as NRRD or NIfTI.
    volume : Volume
        The image. The file's axes may be permuted or reversed against it.
    names : mapping of int to str, optional
        Segment names of a plain label map by label value.

    Returns
    -------
    Masks
        On the grid of `volume`.

    Raises
    ------
    RefusedInput
        ``PATH_NOT_FOUND``, ``MASK_FORMAT``, ``MASK_UNREADABLE``, ``MASK_GEOMETRY``,
        ``MASK_NAMES_MISSING``, ``MASK_NAMES_TWICE``.
    """
    path = Path(path)
    masks = _named(_stored(path), names)
    repeated = len(masks.segments) - len(set(masks.names()))
    if repeated:
        raise RefusedInput(
            "MASK_NAMES_TWICE",
            "Two segments of the mask file have the same name.",
            "Merge them or rename one in the segment editor.",
        )
    return fit(masks, Grid(volume.shape, volume.ijk_to_lps))


def _stored(path: Path) -> Masks:
    if not path.is_file():
        raise RefusedInput(
            "PATH_NOT_FOUND",
            f"There is no mask file '{path.name}' at the given place.",
            "Check the path.",
        )
    name = path.name.lower()
    if not name.endswith(_NRRD + _NIFTI):
        raise RefusedInput(
            "MASK_FORMAT",
            f"The mask file '{path.name}' is of a kind that is not read.",
            "Save it as .seg.nrrd (3D Slicer's segmentation), .nrrd, .nii or .nii.gz.",
        )
    try:
        return decode_masks(path, whole=False) if name.endswith(_NRRD) else _decode_nifti(path)
    except (ValueError, OSError, EOFError) as error:
        raise RefusedInput(
            "MASK_UNREADABLE",
            f"The mask file '{path.name}' cannot be read: {_reason(error)}.",
            "Save it again from the program that drew it.",
        ) from error


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, ValueError) else "it is damaged or cut short"


def _decode_nifti(path: Path) -> Masks:
    import nibabel
    from nibabel.filebasedimages import ImageFileError

    try:
        image: Any = nibabel.load(path)
        values = np.asanyarray(image.dataobj)
    except ImageFileError:
        raise ValueError("it is no NIfTI file") from None
    labels = values[..., 0] if values.ndim == 4 and values.shape[3] == 1 else values
    if labels.ndim != 3:
        raise ValueError("labels need three dimensions")
    if labels.dtype.kind == "f" and not np.array_equal(labels, np.rint(labels)):
        raise ValueError("labels must be whole numbers")
    if labels.size and (labels.min() < 0 or labels.max() > np.iinfo(np.uint16).max):
        raise ValueError("labels must lie in 0 to 65535")
    to_lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine
    return Masks([np.ascontiguousarray(labels.T).astype(np.uint16)], to_lps)


def _named(masks: Masks, names: Mapping[int, str] | None) -> Masks:
    """Return `masks` with segments; a plain label map gets them from `names`."""
    if masks.segments:
        return masks
    values = [int(v) for v in np.unique(masks.layers[0]) if v]
    missing = [v for v in values if v not in (names or {})]
    if missing:
        raise RefusedInput(
            "MASK_NAMES_MISSING",
            f"The label map does not say what label {missing[0]} is.",
            "Save it as a segmentation (.seg.nrrd) whose segments have names.",
        )
    segments = [terminology.segment((names or {})[v], 0, v) for v in values]
    return Masks(masks.layers, masks.ijk_to_lps, segments)
