"""How a guidewire reading is shown: classes, windows, the order of its numbers."""

from __future__ import annotations

from collections.abc import Collection

from readingroom.reader import FindingClass, WindowPreset
from readingroom.readers.guidewire.findings import LABELS
from readingroom.terminology import concept

_SHORTCUTS = {"WIRE": "1", "CATHETER": "2"}

CLASSES = tuple(
    FindingClass(
        label,
        {"en": concept(label).english, "zh": concept(label).chinese},
        concept(label).color,
        _SHORTCUTS[label],
    )
    for label in LABELS
)

#: Grey values of 8-bit sequences, and of detectors with more bits.
WINDOWS = (
    WindowPreset("eight_bit", {"en": "8 bit", "zh": "8 位"}, 128.0, 256.0),
    WindowPreset("ten_bit", {"en": "10 bit", "zh": "10 位"}, 512.0, 1024.0),
    WindowPreset("twelve_bit", {"en": "12 bit", "zh": "12 位"}, 2048.0, 4096.0),
    WindowPreset("sixteen_bit", {"en": "16 bit", "zh": "16 位"}, 32768.0, 65536.0),
)

_ORDER = (
    "frames_with_wire",
    "frames_read",
    "frames_predicted",
    "number_of_wires",
    "mean_wire_length",
    "tip_path_length",
    "mean_tip_speed",
    "peak_tip_speed",
    "gaps_per_frame",
    "inferred_share",
    "contrast_to_noise",
    "time_per_frame",
)


def rows(names: Collection[str]) -> list[str]:
    """Return `names` in a clinician's order: what was seen, lengths, tip, limits."""
    return list(dict.fromkeys([*(name for name in _ORDER if name in names), *names]))


def headline(names: Collection[str]) -> list[str]:
    """Return the numbers that an audit entry quotes."""
    return [name for name in _ORDER[:5] if name in names]
