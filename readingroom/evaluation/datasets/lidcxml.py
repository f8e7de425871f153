"""LIDC-IDRI as published: a scan and the readers' XML beside it.

A folder holds, per scan, one ``*.xml`` (LidcReadMessage) and one image: a DICOM folder or a
NIfTI, NRRD or MetaImage file. They lie together in a folder of their own, directly in the
data set's folder or below it.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from readingroom.errors import RefusedInput
from readingroom.evaluation.datasets import DatasetCase, missing
from readingroom.evaluation.datasets.lidccontours import (
    Contour,
    ReaderMark,
    consensus,
    outlined,
    split,
)
from readingroom.imaging import load

_NAMESPACE = "{http://www.nih.gov}"
_IMAGES = (".nii", ".nii.gz", ".nrrd", ".mhd", ".mha")
#: Files beside an image that are none: label maps of the readers' votes.
_NOT_IMAGES = ("votes", "mask", "label", "seg")


def cases(folder: Path) -> list[DatasetCase]:
    """Return every scan with its nodules.

    Raises
    ------
    RefusedInput
        ``DATASET_MISSING`` without XML or image, ``DATASET_INVALID`` if an XML cannot be
        read.
    """
    files = sorted(folder.rglob("*.xml"))
    if not files:
        raise missing(folder, "the readers' XML")
    return [_case(file) for file in files]


def _case(file: Path) -> DatasetCase:
    image = _image_beside(file)
    volume = load(image).volumes[0]
    matrix = volume.ijk_to_lps
    slice_mm = float(np.linalg.norm(matrix[:3, 2]))
    nodules = consensus([outlined(m, matrix, slice_mm) for m in marks(file)])
    wanted, unsure = split(nodules)
    return DatasetCase(file.stem, image, wanted, unsure)


def _image_beside(file: Path) -> Path:
    for path in sorted(file.parent.iterdir()):
        named = path.name.lower()
        if named.endswith(_IMAGES) and not any(word in named for word in _NOT_IMAGES):
            return path
    if any(file.parent.rglob("*.dcm")):
        return file.parent
    raise missing(file.parent, f"an image for '{file.name}'")


def marks(file: Path) -> list[ReaderMark]:
    """Return the outlined nodules (3 mm and more) of all readers in an XML.

    Raises
    ------
    RefusedInput
        ``DATASET_INVALID``.
    """
    try:
        root = ElementTree.parse(file).getroot()
        every = root.iter(f"{_NAMESPACE}unblindedReadNodule")
        found = [_mark(element) for element in every]
    except (ElementTree.ParseError, ValueError, AttributeError) as error:
        raise RefusedInput(
            "DATASET_INVALID",
            f"The file '{file.name}' is not the readers' XML of LIDC-IDRI.",
            "Get it again from the archive.",
        ) from error
    # A nodule below 3 mm is one point without ratings.
    return [mark for mark in found if mark.ratings and mark.contours]


def _mark(element: ElementTree.Element) -> ReaderMark:
    ratings = {
        item.tag.removeprefix(_NAMESPACE): float(item.text or "nan")
        for item in element.findall(f"{_NAMESPACE}characteristics/*")
    }
    contours = tuple(_contour(roi) for roi in element.findall(f"{_NAMESPACE}roi"))
    return ReaderMark(contours, ratings)


def _contour(roi: ElementTree.Element) -> Contour:
    def number(element: ElementTree.Element, name: str) -> float:
        return float(element.findtext(f"{_NAMESPACE}{name}", ""))

    pixels = [
        [number(edge, "xCoord"), number(edge, "yCoord")]
        for edge in roi.findall(f"{_NAMESPACE}edgeMap")
    ]
    inside = roi.findtext(f"{_NAMESPACE}inclusion", "TRUE").strip().upper() == "TRUE"
    return Contour(number(roi, "imageZposition"), np.array(pixels).reshape(-1, 2), inside)
