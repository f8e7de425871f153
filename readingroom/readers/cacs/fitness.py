"""What limits a calcium score in these images: notes and refusals, without any network.

Two halves: `refusal` and `acquisition_limits` need only the headers, so that a check is
immediate; `image_limits` needs what was measured in the voxels. `limits` gives all.
"""

from __future__ import annotations

import numpy as np

from readingroom.readers.cacs import fitness_texts as texts
from readingroom.readers.cacs.guideline import kvp_cutoffs
from readingroom.readers.cacs.options import CacsOptions
from readingroom.study import Note, Volume

#: Fewest slices that can hold a heart worth scoring.
MINIMUM_SLICES = 8
#: Largest tilt of the slices from the axial plane, degrees; see Docs/clinical/cacs.md.
MAXIMUM_TILT_DEGREES = 15.0
_SLIGHT_TILT_DEGREES = 3.0
#: Slices may differ by this much from 3 mm, or touch with this tolerance, mm.
_TOLERANCE_MM = 0.05
_THICK_MM, _VERY_THICK_MM, _THIN_MM = 3.0, 5.0, 2.5
#: Noise that the calcium standard allows (McCollough 2007: 20 HU; 23 HU in large patients).
_NOISE_HU, _STRONG_NOISE_HU = 20.0, 30.0
#: A blood pool brighter than this holds contrast agent (unenhanced blood: 30-60 HU).
CONTRAST_BLOOD_POOL_HU = 90.0
_SMALL_FIELD_MM = 160.0
_COMPLETE = 0.98


def limits(
    volume: Volume,
    options: CacsOptions,
    *,
    noise_sd_hu: float | None = None,
    blood_pool_hu: float | None = None,
    heart_coverage: float | None = None,
    cut_at: tuple[str, ...] = (),
    metal_present: bool = False,
    kernel_sharpness: str | None = None,
) -> list[Note]:
    """Return every remark on what limits the score of this series.

    Parameters
    ----------
    volume : Volume
        Its headers are looked at, its voxels are not.
    noise_sd_hu : float, optional
        Standard deviation in the blood pool or ascending aorta, HU.
    blood_pool_hu : float, optional
        Mean of the blood pool, HU.
    heart_coverage : float, optional
        Fraction of the heart's expected length inside the images, 0…1.
    cut_at : tuple of {'top', 'bottom', 'side'}
        Where the heart leaves the images.
    metal_present : bool
        Whether metal (stent, lead, wire, valve) was found near the heart.
    kernel_sharpness : str, optional
        What `readingroom.imaging.kernel` says of the kernel; ``'sharp'`` makes a note.

    Returns
    -------
    list of Note
        Refusals first.
    """
    refused = refusal(volume)
    notes = acquisition_limits(volume, options, kernel_sharpness)
    notes += image_limits(
        options,
        noise_sd_hu=noise_sd_hu,
        blood_pool_hu=blood_pool_hu,
        heart_coverage=heart_coverage,
        cut_at=cut_at,
        metal_present=metal_present,
    )
    return ([refused] if refused else []) + notes


def refusal(volume: Volume) -> Note | None:
    """Return why no score is to be expected from these headers, or None.

    Refused: not CT, fewer than `MINIMUM_SLICES` slices, slices tilted by more than
    `MAXIMUM_TILT_DEGREES` from axial. The score sums areas in axial slices of about 3 mm;
    in sagittal or coronal reconstructions the same formula gives another number.
    """
    modality = volume.acquisition.modality
    if modality not in ("", "CT"):
        return texts.NOT_CT.note(modality=modality)
    if volume.shape[0] == 1:
        return texts.SINGLE_SLICE.note()
    if volume.shape[0] < MINIMUM_SLICES:
        return texts.TOO_FEW_SLICES.note(slices=volume.shape[0], minimum=MINIMUM_SLICES)
    tilt = tilt_degrees(volume)
    if tilt > MAXIMUM_TILT_DEGREES:
        return texts.NOT_AXIAL.note(tilt=tilt)
    return None


def tilt_degrees(volume: Volume) -> float:
    """Return the angle between the slices' normal and the patient's long axis, degrees."""
    rows, columns = volume.ijk_to_lps[:3, 0], volume.ijk_to_lps[:3, 1]
    normal = np.cross(rows, columns)
    cosine = abs(normal[2]) / max(float(np.linalg.norm(normal)), 1e-12)
    return float(np.degrees(np.arccos(min(cosine, 1.0))))


def acquisition_limits(
    volume: Volume, options: CacsOptions, kernel_sharpness: str | None = None
) -> list[Note]:
    """Return what the headers say about gating, slices, kernel, tube voltage, field, tilt."""
    facts = volume.acquisition
    notes = _gating(facts.gated, options) + _slices(volume)
    if kernel_sharpness == "sharp":
        notes.append(texts.SHARP_KERNEL.note(kernel=facts.kernel or "?"))
    notes += _voltage(facts.kvp)
    field = min(volume.shape[1] * volume.spacing_mm[1], volume.shape[2] * volume.spacing_mm[2])
    if field < _SMALL_FIELD_MM:
        notes.append(texts.SMALL_FIELD.note(field=field))
    if _SLIGHT_TILT_DEGREES < (tilt := tilt_degrees(volume)) <= MAXIMUM_TILT_DEGREES:
        notes.append(texts.TILTED.note(tilt=tilt))
    return notes


def is_gated(gated: bool | None, options: CacsOptions) -> bool | None:
    """Return whether the scan is gated: the option where set, else what the images say."""
    return gated if options.gated == "auto" else options.gated == "yes"


def _gating(gated: bool | None, options: CacsOptions) -> list[Note]:
    known = is_gated(gated, options)
    if known:
        return []
    text = texts.GATING_UNKNOWN if known is None else texts.UNGATED
    return [text.note(), texts.MOTION_UNKNOWN.note()]


def _slices(volume: Volume) -> list[Note]:
    increment = volume.spacing_mm[0]
    stated = volume.acquisition.slice_thickness_mm
    thickness = stated or increment
    notes = []
    if thickness >= _VERY_THICK_MM - _TOLERANCE_MM:
        notes.append(texts.VERY_THICK_SLICES.note(thickness=thickness))
    elif thickness > _THICK_MM + _TOLERANCE_MM:
        notes.append(texts.THICK_SLICES.note(thickness=thickness))
    elif thickness < _THIN_MM - _TOLERANCE_MM:
        notes.append(texts.THIN_SLICES.note(thickness=thickness))
    if stated is None:
        notes.append(texts.THICKNESS_UNKNOWN.note(increment=increment))
    elif increment > stated + _TOLERANCE_MM:
        notes.append(texts.SLICE_GAPS.note(gap=increment - stated))
    elif increment < stated - _TOLERANCE_MM:
        notes.append(texts.OVERLAPPING.note(thickness=stated, increment=increment))
    return notes


def _voltage(kvp: float | None) -> list[Note]:
    if kvp is None:
        return [texts.KVP_UNKNOWN.note()]
    if kvp == 120.0:
        return []
    if kvp_cutoffs(kvp) is None:
        return [texts.KVP_NOT_TABULATED.note(kvp=kvp)]
    return [texts.KVP_NOT_120.note(kvp=kvp)]


def image_limits(
    options: CacsOptions,
    *,
    noise_sd_hu: float | None = None,
    blood_pool_hu: float | None = None,
    heart_coverage: float | None = None,
    cut_at: tuple[str, ...] = (),
    metal_present: bool = False,
) -> list[Note]:
    """Return what the measured image says about noise, contrast, coverage and metal.

    Parameters as in `limits`.
    """
    notes = [_noise(noise_sd_hu), _contrast(blood_pool_hu, options)]
    if cut_at or (heart_coverage is not None and heart_coverage < _COMPLETE):
        notes.append(_coverage(heart_coverage, cut_at))
    if metal_present:
        notes.append(texts.METAL.note())
    return [note for note in notes if note is not None]


def _noise(noise_sd_hu: float | None) -> Note | None:
    if noise_sd_hu is None:
        return texts.NOISE_UNKNOWN.note()
    if noise_sd_hu > _STRONG_NOISE_HU:
        return texts.STRONG_NOISE.note(noise=noise_sd_hu)
    return texts.NOISE.note(noise=noise_sd_hu) if noise_sd_hu > _NOISE_HU else None


def has_contrast(blood_pool_hu: float | None, options: CacsOptions) -> bool:
    """Say whether the scan is read as contrast-enhanced: the option, else the blood pool."""
    if options.contrast != "auto":
        return options.contrast == "contrast"
    return blood_pool_hu is not None and blood_pool_hu > CONTRAST_BLOOD_POOL_HU


def _contrast(blood_pool_hu: float | None, options: CacsOptions) -> Note | None:
    if not has_contrast(blood_pool_hu, options):
        return None
    if blood_pool_hu is None:
        return texts.CONTRAST_STATED.note()
    return texts.CONTRAST.note(pool=blood_pool_hu)


def _coverage(heart_coverage: float | None, cut_at: tuple[str, ...]) -> Note:
    where = " and ".join(cut_at) or "an edge"
    where_zh = "、".join(texts.EDGES_ZH[edge] for edge in cut_at) or "边缘"
    share = "" if heart_coverage is None else f" ({heart_coverage:.0%} of the heart is seen)"
    share_zh = "" if heart_coverage is None else f"（可见心脏的 {heart_coverage:.0%}）"
    return texts.HEART_CUT.note(where=where, where_zh=where_zh, share=share, share_zh=share_zh)
