"""The images that a reading was made from, found again and checked."""

from __future__ import annotations

import os
from pathlib import Path

from readingroom.errors import RefusedInput
from readingroom.imaging import digest, load
from readingroom.imaging.source import volume_read
from readingroom.reading import Reading
from readingroom.study import Study, Volume

#: What `readingroom.imaging.load` says when there is nothing to load.
_GONE = {"PATH_NOT_FOUND", "NO_IMAGES", "NOT_AN_IMAGE"}


def find_study(reading: Reading, given: Study | str | Path | None) -> Study:
    """Return the study of a reading, from where it was read or from where it is now.

    Raises
    ------
    RefusedInput
        ``SOURCE_MISSING`` if there are no images at the place.
    """
    if isinstance(given, Study):
        return given
    paths = [Path(p) for p in str(given or reading.study.source).split(os.pathsep) if p]
    if not paths:
        raise _missing()
    try:
        return load([path.absolute() for path in paths])
    except RefusedInput as refusal:
        if refusal.code in _GONE:
            raise _missing() from refusal
        raise


def find_volume(reading: Reading, study: Study) -> Volume:
    """Return the volume of `study` that `reading` was made from.

    By series, by the grid of the masks and by the checksum of the voxels: a series that
    lost a slice since may still have the same grid, its gap being filled.

    Raises
    ------
    RefusedInput
        ``SOURCE_CHANGED`` if these are other images.
    """
    if study.study_uid != reading.study.study_uid:
        raise _changed()
    try:
        volume = volume_read(reading, study)
    except RefusedInput as refusal:
        raise _changed() from refusal
    expected = reading.provenance.input_sha256
    if expected and digest(volume) != expected:
        raise _changed()
    return volume


def _missing() -> RefusedInput:
    return RefusedInput(
        "SOURCE_MISSING",
        "The images of this reading are not where they were when it was made.",
        "Connect the drive that holds them, or say where the study is now.",
    )


def _changed() -> RefusedInput:
    return RefusedInput(
        "SOURCE_CHANGED",
        "The images there are not those that this reading was made from.",
        "Give the study of this reading; for other images make a new reading.",
    )
