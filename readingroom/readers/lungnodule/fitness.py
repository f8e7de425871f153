"""What limits a search for nodules in these images: notes and refusals, without a network.

`refusal` and `acquisition_limits` need only the headers, so that a check is immediate.
"""

from __future__ import annotations

from readingroom.imaging.hints import contrast_hint
from readingroom.readers.lungnodule import texts
from readingroom.study import Note, Volume

#: Fewest slices in which a nodule can be told from a vessel.
MINIMUM_SLICES = 8
#: Slices further apart show a 6 mm nodule in one slice at most.
LARGEST_INCREMENT_MM = 10.0
#: ACR-STR practice parameter for screening: 2.5 mm at most, 1.0-1.5 mm preferred.
_THICK_MM, _VERY_THICK_MM = 1.5, 2.5
_TOLERANCE_MM = 0.05
_NOISE_HU = 40.0
#: More nodules than this are no screening finding.
_MANY = 20


def refusal(volume: Volume) -> Note | None:
    """Return why no nodule can be sought in this series by its headers, or None."""
    modality = volume.acquisition.modality
    if modality not in ("", "CT"):
        return texts.NOT_CT.note(modality=modality)
    if volume.shape[0] == 1:
        return texts.SINGLE_SLICE.note()
    if volume.shape[0] < MINIMUM_SLICES:
        return texts.TOO_FEW_SLICES.note(slices=volume.shape[0], minimum=MINIMUM_SLICES)
    if volume.spacing_mm[0] > LARGEST_INCREMENT_MM:
        return texts.TOO_THICK.note(increment=volume.spacing_mm[0])
    return None


def acquisition_limits(volume: Volume, kernel_sharpness: str | None = None) -> list[Note]:
    """Return what the headers say about slices, contrast, kernel and the patient's position."""
    facts = volume.acquisition
    notes = _slices(volume)
    if facts.contrast_agent or contrast_hint(volume.description):
        notes.append(texts.CONTRAST.note())
    if kernel_sharpness == "sharp":
        notes.append(texts.SHARP_KERNEL.note(kernel=facts.kernel or "?"))
    position = (facts.patient_position or "").upper()
    if position[2:] in ("P", "DL", "DR"):
        notes.append(texts.PRONE.note())
    return notes


def _slices(volume: Volume) -> list[Note]:
    increment = volume.spacing_mm[0]
    thickness = volume.acquisition.slice_thickness_mm or increment
    coarse = max(thickness, increment)
    notes = []
    if coarse > _VERY_THICK_MM + _TOLERANCE_MM:
        notes.append(texts.VERY_THICK_SLICES.note(thickness=coarse))
    elif coarse > _THICK_MM + _TOLERANCE_MM:
        notes.append(texts.THICK_SLICES.note(thickness=coarse))
    if increment > thickness + _TOLERANCE_MM:
        notes.append(texts.SLICE_GAPS.note(gap=increment - thickness))
    return notes


def image_limits(noise_sd_hu: float | None, nodules: int) -> list[Note]:
    """Return what was seen in the voxels: noise, and more nodules than one would believe."""
    notes = []
    if noise_sd_hu is None:
        notes.append(texts.NOISE_UNKNOWN.note())
    elif noise_sd_hu > _NOISE_HU:
        notes.append(texts.NOISE.note(noise=noise_sd_hu))
    if nodules > _MANY:
        notes.append(texts.MANY.note(count=nodules))
    return notes
