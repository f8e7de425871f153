"""Images in and out: loading, choosing a series, geometry, acquisition facts, writing.

The modules are imported only when used, so that importing the package costs nothing:

==================  ====================================================================
`load`              a file, folder, DICOMDIR or several paths as a `Study`
`digest`            SHA-256 of a volume's voxels and geometry, for provenance
`choose`            which series of a study to read, explained in a note
`kernel`            how sharp a reconstruction kernel is
`quality`           noise, field of view: what limits a measurement
`geometry`          canonical axes, resampling and the way back to the native grid
`write`             NIfTI, NRRD, MetaImage and DICOM CT series
==================  ====================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from readingroom.study import Study, Volume

__all__ = ["digest", "load"]


def load(path: str | Path | Sequence[str | Path], *, series: str | None = None) -> Study:
    """Load what was acquired; voxels are decoded only when they are first used.

    Parameters
    ----------
    path : str, Path or sequence of them
        A DICOM file, a folder (nested, any order, several series, other files in
        between), a DICOMDIR, a NIfTI, NRRD or MetaImage file, a video, a folder of
        pictures (frames in natural order of their names); or several of these.
    series : str, optional
        Keep only this series: its Series Instance UID, a unique beginning of it, or
        its series number.

    Returns
    -------
    Study
        Volumes in the order of series number, cines likewise, and loader notes.

    Raises
    ------
    RefusedInput
        ``PATH_NOT_FOUND``, ``NO_IMAGES``, ``NOT_AN_IMAGE``, ``FILE_PACKED``, ``SEVERAL_FILES``,
        ``SEVERAL_PATIENTS``, ``SEVERAL_STUDIES``, ``SERIES_UNKNOWN``, ``IMAGE_4D``,
        ``IMAGE_NOT_FINITE``, ``IMAGE_TRUNCATED``, ``GEOMETRY_MISSING``,
        ``SLICES_AMBIGUOUS``; of videos and pictures ``VIDEO_UNREADABLE``, ``VIDEO_EMPTY``,
        ``VIDEO_TOO_LONG``, ``MIXED_SIZES``, ``FRAME_SIZE_CHANGES``, ``MIXED_INPUT``.
        A damaged series beside good ones is left out with a note instead; damage that only
        decoding shows is raised by ``Volume.array``.
    """
    from readingroom.imaging.loading import load_study

    return load_study(path, series)


def digest(volume: Volume) -> str:
    """Return the SHA-256 (hex) of a volume's voxels and geometry.

    Equal for equal voxels, type, shape and ``ijk_to_lps`` (to 1e-6 mm), whichever
    file format they came from.
    """
    from readingroom.imaging.provenance import digest_volume

    return digest_volume(volume)
