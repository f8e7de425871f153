"""A corrected reading as a training case in the layout of nnU-Net v2.

``imagesTr/CASE_0000.nii.gz``, ``labelsTr/CASE.nii.gz`` and ``dataset.json`` as described in
nnU-Net's "dataset format" (https://github.com/MIC-DKFZ/nnUNet, release 2). Beside them
``cases.json`` says of each case whether a person has reviewed it. No file names the patient.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.imaging.write import write_volume
from readingroom.report.regions import regions_of, reported
from readingroom.report.saving import complete_or_absent

if TYPE_CHECKING:
    from readingroom.reading import Finding, Masks, Reading
    from readingroom.study import Volume

Labels = npt.NDArray[np.uint16]

_ENDING = ".nii.gz"
_BACKGROUND = "background"
#: Numbers below 900 are left to the user's own data sets.
_NUMBERS = {"cacs": 901, "lungnodule": 902, "guidewire": 903, "hccfusion": 904, "dxa": 905}


def dataset_name(reader: str) -> str:
    """Return the name nnU-Net wants for the folder: ``Dataset901_cacs``."""
    return f"Dataset{_NUMBERS.get(reader, 900)}_{reader}"


def write(reading: Reading, volume: Volume, directory: Path) -> list[Path]:
    """Add the reading to the data set at `directory`, or replace it there.

    A label keeps its number over all cases of the data set; names that are new get the
    next free numbers, so that they stay consecutive. Where masks overlap, the later layer
    is on top (a lesion over the organ that holds it). Voxels of findings that a person
    rejected fall back to what lies below them.

    Parameters
    ----------
    reading : Reading
        With masks on the grid of `volume`.
    volume : Volume
        The volume that was read.
    directory : Path
        Folder of the data set; made if it is not there.

    Returns
    -------
    list of Path
        Image, label map, ``dataset.json`` and ``cases.json``.

    Raises
    ------
    RefusedInput
        ``MASKS_MISSING``; ``DATASET_MISMATCH`` if the data set is of another modality.
    ReadingRoomError
        ``MASKS_GEOMETRY``, ``DATASET_DAMAGED``, ``WRITE_FAILED``.
    """
    masks = _masks_on(reading, volume)
    channel = _channel(reading)
    dataset = _load(directory / "dataset.json")
    _check_channel(dataset, channel)
    numbers = _numbers(dataset, masks)
    case = _case(reading, volume)
    image = directory / "imagesTr" / f"{case}_0000{_ENDING}"
    label = directory / "labelsTr" / f"{case}{_ENDING}"
    for path in (image, label):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_volume(volume.array, volume.ijk_to_lps, image)
    write_volume(_compact(_label_map(reading, volume, masks, numbers)), volume.ijk_to_lps, label)
    return [
        image,
        label,
        _save(directory / "dataset.json", _described(label.parent, channel, numbers)),
        _save(directory / "cases.json", _load(directory / "cases.json") | {case: _made(reading)}),
    ]


def _masks_on(reading: Reading, volume: Volume) -> Masks:
    masks = reading.masks
    if masks is None:
        raise RefusedInput(
            "MASKS_MISSING",
            "The reading holds no mask, so there is nothing to learn from.",
            "Choose other report formats.",
        )
    same_place = np.allclose(masks.ijk_to_lps, volume.ijk_to_lps, atol=1e-3)
    if not same_place or any(layer.shape != volume.shape for layer in masks.layers):
        raise ReadingRoomError(
            "MASKS_GEOMETRY",
            "The masks do not lie on the grid of the series they belong to.",
            "Read the study again, or resample the masks to the series.",
        )
    return masks


def _channel(reading: Reading) -> str:
    """Return the channel's name; ``CT`` makes nnU-Net normalise in Hounsfield units."""
    return (reading.study.series[0].modality if reading.study.series else "") or "image"


def _check_channel(dataset: dict[str, Any], channel: str) -> None:
    there = dataset.get("channel_names", {"0": channel})
    if there != {"0": channel}:
        raise RefusedInput(
            "DATASET_MISMATCH",
            f"The data set holds other images than {channel}.",
            "Choose another folder.",
        )


def _numbers(dataset: dict[str, Any], masks: Masks) -> dict[str, int]:
    """Return label names with their numbers, those already given first."""
    numbers: dict[str, int] = dict(dataset.get("labels", {_BACKGROUND: 0}))
    for name in masks.names():
        numbers.setdefault(name, len(numbers))
    return numbers


def _label_map(reading: Reading, volume: Volume, masks: Masks, numbers: dict[str, int]) -> Labels:
    rejected = _rejected(reading, volume)
    labels = np.zeros(volume.shape, np.uint16)
    for layer_number, layer in enumerate(masks.layers):
        segments = [s for s in masks.segments if s.layer == layer_number]
        lookup = np.zeros(int(layer.max(initial=0)) + 1, np.uint16)
        for segment in segments:
            if segment.value < len(lookup):
                lookup[segment.value] = numbers[segment.name]
        painted = lookup[layer]
        for segment in segments:
            if segment.name in rejected:
                painted[rejected[segment.name] & (layer == segment.value)] = 0
        np.copyto(labels, painted, where=painted > 0)
    return labels


def _rejected(reading: Reading, volume: Volume) -> dict[str, npt.NDArray[np.bool_]]:
    """Return the voxels of rejected findings by mask segment.

    Voxels that a finding still standing shares with a rejected one stay.
    """
    unwanted = [f for f in reading.findings if f.state == "rejected" and f.mask_segment]
    if not unwanted:
        return {}
    found = _voxels(reading, volume, unwanted)
    kept = _voxels(reading, volume, reported(reading))
    return {name: mask & ~kept[name] if name in kept else mask for name, mask in found.items()}


def _voxels(
    reading: Reading, volume: Volume, findings: list[Finding]
) -> dict[str, npt.NDArray[np.bool_]]:
    regions = regions_of(reading, volume, findings)
    voxels: dict[str, npt.NDArray[np.bool_]] = {}
    for finding in findings:
        region = regions.get(finding.id)
        if region is None or finding.mask_segment is None:
            continue
        whole = voxels.setdefault(finding.mask_segment, np.zeros(volume.shape, np.bool_))
        box = tuple(
            slice(first, first + length)
            for first, length in zip(region.origin, region.mask.shape, strict=True)
        )
        whole[box] |= region.mask
    return voxels


def _compact(labels: Labels) -> npt.NDArray[np.unsignedinteger[Any]]:
    return labels.astype(np.uint8) if labels.max(initial=0) <= 255 else labels


def _case(reading: Reading, volume: Volume) -> str:
    """Return a name that stays the same for the same series and tells nothing about it."""
    origin = volume.series_uid or reading.provenance.input_sha256 or reading.study.source
    # The place tells apart the volumes of a series that was split.
    place = ",".join(f"{x:.3f}" for x in volume.ijk_to_lps.ravel())
    key = f"{reading.reader}|{origin}|{volume.shape}|{place}"
    return f"{reading.reader}_{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def _described(labels: Path, channel: str, numbers: dict[str, int]) -> dict[str, Any]:
    return {
        "channel_names": {"0": channel},
        "labels": numbers,
        "numTraining": len(list(labels.glob(f"*{_ENDING}"))),
        "file_ending": _ENDING,
    }


def _made(reading: Reading) -> dict[str, Any]:
    return {
        "reader": reading.reader,
        "reader_version": reading.reader_version,
        "revision": reading.revision,
        "status": reading.status,
    }


def _load(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise ReadingRoomError(
            "DATASET_DAMAGED",
            f"The file '{path.name}' of the data set cannot be read.",
            "Put it back from a copy, or choose another folder.",
        )
    return content


def _save(path: Path, content: dict[str, Any]) -> Path:
    with complete_or_absent(path) as partial:
        partial.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")
    return path
