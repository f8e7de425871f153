"""From paths to a study: finds out what is there and hands it to the right reader."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from readingroom.errors import RefusedInput
from readingroom.imaging import notes
from readingroom.imaging.formats import is_volume_file, volume_from_file
from readingroom.imaging.video import (
    cine_from_pictures,
    cine_from_video,
    is_picture_file,
    is_video_file,
)
from readingroom.study import Note, Study

#: How files begin that hold other files.
_ARCHIVES = {
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "ZIP",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
}


def load_study(path: str | Path | Sequence[str | Path], series: str | None) -> Study:
    """Load a study; see `readingroom.imaging.load`."""
    given = [Path(path)] if isinstance(path, (str, Path)) else [Path(p) for p in path]
    if not given:
        raise _nothing_there()
    for place in given:
        if not place.exists():
            raise RefusedInput(
                "PATH_NOT_FOUND",
                f"There is no file or folder '{place.name}' at the place given.",
                "Check the path.",
            )
    source = os.pathsep.join(str(place) for place in given)
    named = [place for place in given if place.is_file() and is_volume_file(place)]
    if named:
        return _from_volume_files(named, given, series, source)
    if any(place.is_file() and _is_cine_file(place) for place in given):
        return _from_cine_files(given, series, source)
    return _from_dicom(given, series, source)


def _is_cine_file(place: Path) -> bool:
    return is_video_file(place) or is_picture_file(place)


def _from_cine_files(given: Sequence[Path], series: str | None, source: str) -> Study:
    """Load videos, and pictures as one cine for each folder they lie in."""
    files = [place for place in given if place.is_file() and _is_cine_file(place)]
    if len(files) < len(given):
        raise _mixed_input()
    if series is not None:
        raise _no_series()
    if any(file.stat().st_size == 0 for file in files):
        raise _empty_file()
    loaded = [cine_from_video(file) for file in files if is_video_file(file)]
    pictures = [file for file in files if is_picture_file(file)]
    for folder in sorted({file.parent for file in pictures}):
        loaded.append(cine_from_pictures(f for f in pictures if f.parent == folder))
    found = dict.fromkeys(note for _, notes_of_it in loaded for note in notes_of_it)
    return Study(cines=tuple(cine for cine, _ in loaded), source=source, notes=tuple(found))


def _from_volume_files(
    files: Sequence[Path], given: Sequence[Path], series: str | None, source: str
) -> Study:
    if len(files) < len(given):
        raise _mixed_input()
    if series is not None:
        raise _no_series()
    for file in files:
        if file.stat().st_size == 0:
            raise _empty_file()
    return Study(volumes=tuple(volume_from_file(file) for file in files), source=source)


def _from_dicom(given: Sequence[Path], series: str | None, source: str) -> Study:
    # Imported here: pydicom takes a while, and files of other formats do not need it.
    from readingroom.imaging.dicom import study_from_headers
    from readingroom.imaging.headers import read_headers

    files, found = _expand(given)
    headers, damaged = read_headers(files)
    headers = [h for h in headers if h.get("DirectoryRecordSequence") is None]
    if not headers:
        return _without_dicom(files, damaged, source)
    study = study_from_headers(headers, series, source)
    if damaged:
        found.append(notes.files_damaged(len(damaged)))
    return replace(study, notes=(*found, *study.notes))


def _expand(given: Iterable[Path]) -> tuple[list[Path], list[Note]]:
    """Return all files below the given places, following a DICOMDIR given by name."""
    files: list[Path] = []
    absent = 0
    for place in given:
        if place.is_dir():
            files += sorted(p for p in place.rglob("*") if p.is_file())
        elif place.name.upper() == "DICOMDIR":
            listed, missing = _listed(place)
            files += listed
            absent += missing
        else:
            files.append(place)
    found = [notes.files_absent(absent)] if absent else []
    return list(dict.fromkeys(files)), found


def _listed(dicomdir: Path) -> tuple[list[Path], int]:
    from readingroom.imaging.dicom import dicomdir_files
    from readingroom.imaging.headers import read_headers

    headers, _ = read_headers([dicomdir])
    return dicomdir_files(dicomdir, headers[0]) if headers else ([dicomdir], 0)


def _without_dicom(files: Sequence[Path], damaged: Sequence[Path], source: str) -> Study:
    """Load the one volume file of a folder without DICOM, or say what is wrong."""
    if damaged:
        from readingroom.imaging.decode import truncated

        raise truncated()
    candidates = [file for file in files if is_volume_file(file)]
    if len(candidates) == 1:
        return _from_volume_files(candidates, candidates, None, source)
    if candidates:
        raise RefusedInput(
            "SEVERAL_FILES",
            f"The folder holds {len(candidates)} image files and no DICOM series.",
            "Name the file to be read.",
        )
    moving = [file for file in files if _is_cine_file(file)]
    if moving:
        return _from_cine_files(moving, None, source)
    if not files:
        raise _nothing_there()
    if all(file.stat().st_size == 0 for file in files):
        raise _empty_file()
    packed = next((name for file in files if (name := _packed(file))), None)
    if packed:
        raise RefusedInput(
            "FILE_PACKED",
            f"What was given is packed as a whole ({packed}); what is inside cannot be seen.",
            "Unpack it, then give what comes out.",
        )
    raise RefusedInput(
        "NOT_AN_IMAGE",
        "What was given is neither DICOM nor a NIfTI, NRRD or MetaImage file.",
        "Give a DICOM folder, or a file that ends in .nii, .nii.gz, .nrrd, .nhdr, .mha or .mhd; "
        "for a cine also a video or a folder of pictures.",
    )


def _nothing_there() -> RefusedInput:
    return RefusedInput("NO_IMAGES", "The folder is empty.", "Give the folder of an image series.")


def _packed(file: Path) -> str | None:
    """Return the name of the archive format that a file begins as."""
    with file.open("rb") as stream:
        start = stream.read(6)
    return next((name for magic, name in _ARCHIVES.items() if start.startswith(magic)), None)


def _mixed_input() -> RefusedInput:
    return RefusedInput(
        "MIXED_INPUT",
        "DICOM and other image files were given together.",
        "Give either DICOM or other files.",
    )


def _no_series() -> RefusedInput:
    return RefusedInput(
        "SERIES_UNKNOWN",
        "A series was asked for, and the file is not DICOM.",
        "Leave the series out.",
    )


def _empty_file() -> RefusedInput:
    return RefusedInput(
        "NOT_AN_IMAGE", "The file is empty (0 bytes).", "Copy or export the file again."
    )
