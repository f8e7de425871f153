"""The files of one revision: written into a new folder, read back from any."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from readingroom.errors import RefusedInput
from readingroom.folder.atomic import write_durably
from readingroom.folder.markups import decode_landmarks, encode_landmarks
from readingroom.folder.tables import encode_tables
from readingroom.reading import SCHEMA, Landmark, Masks, Reading

READING, MASKS, LANDMARKS = "reading.json", "masks.seg.nrrd", "landmarks.mrk.json"
TABLES, FIGURES, TRANSFORMS = "tables", "figures", "transforms"

_FAMILY, _, _VERSION = SCHEMA.partition("/")


def write_content(reading: Reading, place: Path) -> None:
    """Write the files of `reading` into the folder `place`; ``reading.json`` comes last."""
    for name, data in _files(reading).items():
        path = place / name
        path.parent.mkdir(exist_ok=True)
        write_durably(path, data)


def read_content(place: Path, *, masks: bool) -> Reading:
    """Read a revision's files; raises as `readingroom.folder.load` does."""
    reading = read_record(place)
    reading.landmarks = _read_landmarks(place / LANDMARKS)
    reading.figures = _read_all(place / FIGURES, ".png")
    reading.transforms = _read_all(place / TRANSFORMS, ".tfm")
    if masks:
        reading.masks = _read_masks(place / MASKS)
    return reading


def read_record(place: Path) -> Reading:
    """Read ``reading.json`` alone.

    Raises
    ------
    RefusedInput
        ``NOT_A_READING``, ``SCHEMA_NEWER``, ``READING_DAMAGED``.
    """
    path = place / READING
    if not path.is_file():
        raise _not_a_reading(place)
    try:
        data = json.loads(path.read_bytes())
    except ValueError:
        raise _damaged(READING) from None
    _check_schema(data, place)
    try:
        return Reading.model_validate(data)
    except ValidationError:
        # Without the cause: it quotes the input, and so perhaps a patient.
        raise _damaged(READING) from None


def _files(reading: Reading) -> dict[str, bytes]:
    """Return the content of all files by their path in the folder."""
    files = {f"{TABLES}/{name}": data for name, data in encode_tables(reading).items()}
    files |= {f"{FIGURES}/{_named(name, '.png')}": png for name, png in reading.figures.items()}
    files |= {
        f"{TRANSFORMS}/{_named(name, '.tfm')}": text for name, text in reading.transforms.items()
    }
    if reading.masks is not None:
        from readingroom.folder.segnrrd import encode_masks

        files[MASKS] = encode_masks(reading.masks)
    if reading.landmarks:
        files[LANDMARKS] = encode_landmarks(reading.landmarks)
    return {**files, READING: reading.to_json().encode("utf-8")}


def _named(name: str, suffix: str) -> str:
    if Path(name).name != name:
        raise ValueError(f"a figure or transform has a plain file name, not {name!r}")
    return f"{name.removesuffix(suffix)}{suffix}"


def _read_all(place: Path, suffix: str) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in sorted(place.glob(f"*{suffix}"))}


def _check_schema(data: Any, place: Path) -> None:
    schema = data.get("schema") if isinstance(data, dict) else None
    family, _, version = str(schema).partition("/")
    if family != _FAMILY or not version.isdecimal():
        raise _not_a_reading(place)
    if int(version) > int(_VERSION):
        raise RefusedInput(
            "SCHEMA_NEWER",
            f"The reading was saved by a newer program (schema {family}/{version}).",
            "Update ReadingRoom, then open it again.",
        )


def _read_landmarks(path: Path) -> list[Landmark]:
    if not path.is_file():
        return []
    try:
        return decode_landmarks(path.read_bytes())
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise _damaged(LANDMARKS) from fault


def _read_masks(path: Path) -> Masks | None:
    from readingroom.folder.segread import decode_masks

    if not path.is_file():
        return None
    try:
        return decode_masks(path)
    except (ValueError, RefusedInput) as fault:
        raise _damaged(MASKS) from fault


def _not_a_reading(place: Path) -> RefusedInput:
    return RefusedInput(
        "NOT_A_READING",
        f"'{place.name}' is not a reading folder.",
        "Give the folder that 'readingroom read' wrote; it holds a file reading.json.",
    )


def _damaged(name: str) -> RefusedInput:
    return RefusedInput(
        "READING_DAMAGED",
        f"The file {name} of the reading is damaged.",
        "Restore it from a backup, or take an earlier revision from the folder 'revisions'.",
    )
