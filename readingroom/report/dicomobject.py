"""What every DICOM object written here has in common: equipment, identifiers, saving."""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from readingroom import __version__
from readingroom.reading import Reading
from readingroom.report.saving import complete_or_absent

MANUFACTURER = "ReadingRoom"
#: All text is written as UTF-8, whatever the source used.
CHARACTER_SET = "ISO_IR 192"
_UID_SPACE = uuid.UUID("6f0c8c4e-5f0e-4d0e-9d5c-0f2b8a2f7a11")
_LONG_STRING = 64


def new_uid() -> str:
    """Return a fresh UID: every export is an instance of its own."""
    return str(generate_uid(prefix=None))


def lasting_uid(*parts: str) -> str:
    """Return a UID that depends on `parts` alone, for what stays the same between exports."""
    return f"2.25.{uuid.uuid5(_UID_SPACE, '|'.join(parts)).int}"


def common(reading: Reading, source: Dataset, kind: str, offset: int) -> dict[str, Any]:
    """Return the arguments that highdicom's SOP classes share.

    Parameters
    ----------
    source : Dataset
        Header of a source instance; gives the series number.
    kind : str
        ``"segmentation"`` or ``"measurements"``, for the series description.
    offset : int
        Told apart from other exports of the same series by its series number,
        ``100 * source + offset``.
    """
    description = f"{reading.reader} {kind}, {reading.status} (revision {reading.revision})"
    return {
        "series_instance_uid": new_uid(),
        "series_number": int(source.get("SeriesNumber") or 0) * 100 + offset,
        "sop_instance_uid": new_uid(),
        "instance_number": 1,
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": f"{MANUFACTURER} {reading.reader}",
        "software_versions": reading.provenance.package_version or __version__,
        "device_serial_number": f"{reading.reader}-{reading.reader_version}",
        "series_description": description[:_LONG_STRING],
        "specific_character_set": CHARACTER_SET,
    }


def person_name(name: str) -> str:
    """Return a display name as a DICOM person name of one component group."""
    plain = name.replace("\\", " ").replace("=", " ").strip()[: _LONG_STRING - 1]
    return plain if "^" in plain else f"{plain}^"


@contextmanager
def without_names_in_warnings() -> Iterator[None]:
    """Silence highdicom's remark on names of one component: it quotes the patient's name."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The string .* is unlikely to represent")
        yield


def save(dataset: Dataset, path: Path) -> Path:
    """Write `dataset` so that `path` is either complete or absent."""
    with complete_or_absent(path) as partial:
        dataset.save_as(partial, enforce_file_format=True)
    return path
