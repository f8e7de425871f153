"""Which images the structured report's image library (TID 1600) can describe."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydicom.dataset import Dataset

#: Attributes that TID 1604 repeats for a cross-sectional image.
_PLANE = ("PixelSpacing", "SliceThickness", "ImagePositionPatient", "ImageOrientationPatient")
_GROUPS = ("PixelMeasuresSequence", "PlanePositionSequence", "PlaneOrientationSequence")


def describable(images: Iterable[Dataset]) -> list[Dataset]:
    """Return the images that state their place in the patient, in the form of classic images.

    A multi-frame image is described by the plane of its first frame. Images that do not
    state all of their plane are left out: the library is optional, and nothing in it may be
    made up.
    """
    flat = [_with_plane(image) for image in images]
    return [image for image in flat if all(_stated(image, keyword) for keyword in _PLANE)]


def _with_plane(image: Dataset) -> Dataset:
    if "SharedFunctionalGroupsSequence" not in image:
        return image
    flat = Dataset(image)
    frames = image.get("PerFrameFunctionalGroupsSequence") or [Dataset()]
    for groups in (image.SharedFunctionalGroupsSequence[0], frames[0]):
        for keyword in _GROUPS:
            if groups.get(keyword):
                flat.update(groups[keyword].value[0])
    return flat


def _stated(image: Dataset, keyword: str) -> bool:
    value: Any = image.get(keyword)
    return value is not None and value != ""
