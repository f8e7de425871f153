"""How a calcium reading is shown: classes, windows, the order of its numbers."""

from __future__ import annotations

from collections.abc import Collection

from readingroom.reader import FindingClass, WindowPreset
from readingroom.readers.cacs.lesion import CORONARY, LABELS
from readingroom.readers.cacs.totals import CONTRAST_PREFIX
from readingroom.terminology import concept

#: Left hand on the number row for what is in the score, letters for what is beside it.
_SHORTCUTS = {
    "LM": "1",
    "LAD": "2",
    "LCX": "3",
    "RCA": "4",
    "ASCENDING_AORTA": "5",
    "ARCH": "6",
    "DESCENDING_AORTA": "7",
    "AORTIC_VALVE": "8",
    "MITRAL_VALVE": "9",
    "PERICARDIUM": "p",
    "METAL": "m",
    "BONE": "b",
    "NOISE": "n",
}

CLASSES = tuple(
    FindingClass(
        label,
        {"en": concept(label).english, "zh": concept(label).chinese},
        concept(label).color,
        _SHORTCUTS[label],
    )
    for label in LABELS
)

#: Centre and width in HU. The first is wide enough that soft tissue stays visible beside
#: plaques of any density.
WINDOWS = (
    WindowPreset("calcium", {"en": "Calcium", "zh": "钙化"}, 250.0, 900.0),
    WindowPreset("threshold", {"en": "Threshold 130 HU", "zh": "阈值 130 HU"}, 130.0, 2.0),
    WindowPreset("mediastinum", {"en": "Mediastinum", "zh": "纵隔"}, 40.0, 400.0),
    WindowPreset("vessels", {"en": "Contrast vessels", "zh": "增强血管"}, 300.0, 800.0),
    WindowPreset("lung", {"en": "Lung", "zh": "肺"}, -600.0, 1500.0),
    WindowPreset("bone", {"en": "Bone", "zh": "骨"}, 400.0, 1800.0),
)

_FIRST = (
    "agatston_score",
    "calcium_score",
    "agatston_score_kvp_adapted",
    "volume_score",
    "mass",
    "number_of_lesions",
    "number_of_vessels",
)
_PER_VESSEL = ("agatston_score", "calcium_score", "volume", "mass")
_BESIDE = ("aorta", "ascending_aorta", "aortic_arch", "descending_aorta")
_VALVES = ("aortic_valve", "mitral_valve")
_THEN = (
    "arterial_age",
    "mesa_risk",
    "diffuseness",
    "mean_density",
    "peak_density",
    "volume",
    "volume_isotropic",
    "contrast_threshold",
    "blood_pool_density",
)


def rows(names: Collection[str]) -> list[str]:
    """Return `names` in a clinician's order: total, vessels, aorta and valves, the rest."""
    vessels = [f"{name}_{vessel.lower()}" for name in _PER_VESSEL for vessel in CORONARY]
    beside = [
        f"{structure}_{name}"
        for structure in _BESIDE + _VALVES
        for name in ("agatston_score", "calcium_score", "volume")
    ]
    wanted = [*_FIRST, *vessels, *beside, *_THEN]
    ordered = [
        name for plain in wanted for name in (plain, CONTRAST_PREFIX + plain) if name in names
    ]
    return list(dict.fromkeys([*ordered, *names]))


def headline(names: Collection[str]) -> list[str]:
    """Return the numbers that an audit entry quotes, in order."""
    vessels = [
        f"{name}_{vessel.lower()}"
        for name in ("agatston_score", "calcium_score")
        for vessel in CORONARY
    ]
    wanted = [*_FIRST, *vessels]
    return [name for plain in wanted for name in (plain, CONTRAST_PREFIX + plain) if name in names]
