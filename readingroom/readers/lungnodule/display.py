"""How a lung reading is shown: classes, windows, the order of its numbers."""

from __future__ import annotations

from collections.abc import Collection

from readingroom.reader import FindingClass, WindowPreset
from readingroom.terminology import concept

#: A nodule whose type is as measured, then the types that a person may say instead.
NODULE = "NODULE"
TYPE_OF_LABEL = {
    "SOLID_NODULE": "solid",
    "PART_SOLID_NODULE": "part_solid",
    "GROUND_GLASS_NODULE": "ground_glass",
    "CALCIFIED_NODULE": "calcified",
}
LABELS = (NODULE, *TYPE_OF_LABEL)
SOLID_PART = "SOLID_PART"

CLASSES = tuple(
    FindingClass(
        label,
        {"en": concept(label).english, "zh": concept(label).chinese},
        concept(label).color,
        str(number),
    )
    for number, label in enumerate(LABELS, 1)
)

#: Centre and width in HU.
WINDOWS = (
    WindowPreset("lung", {"en": "Lung", "zh": "肺窗"}, -600.0, 1500.0),
    WindowPreset("mediastinum", {"en": "Mediastinum", "zh": "纵隔窗"}, 40.0, 400.0),
    WindowPreset("ground_glass", {"en": "Ground glass", "zh": "磨玻璃"}, -700.0, 700.0),
    WindowPreset("calcification", {"en": "Calcification", "zh": "钙化"}, 200.0, 600.0),
    WindowPreset("bone", {"en": "Bone", "zh": "骨窗"}, 400.0, 1800.0),
)

_FIRST = ("largest_mean_diameter", "nodule_count", "nodule_volume")
_HEADLINE = (*_FIRST, "patient_risk")


def rows(names: Collection[str]) -> list[str]:
    """Return `names` in a clinician's order: the nodules, risk, then lungs and lobes."""
    beside = [name for name in names if name.startswith("lung_volume")]
    first = [name for name in _HEADLINE if name in names]
    rest = [name for name in names if name not in first and name not in beside]
    return [*first, *rest, *beside]


def headline(names: Collection[str]) -> list[str]:
    """Return the numbers that an audit entry quotes, in order."""
    return [name for name in _HEADLINE if name in names]
