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


#: What the measurements are called.
NAMES: dict[str, dict[str, str]] = {
    "frames_with_wire": {"en": "Frames with a wire", "zh": "可见导丝的帧数"},
    "frames_read": {"en": "Frames read", "zh": "判读帧数"},
    "frames_predicted": {"en": "Frames predicted", "zh": "推断位置的帧数"},
    "number_of_wires": {"en": "Wires", "zh": "导丝数"},
    "mean_wire_length": {"en": "Mean length of a wire", "zh": "导丝平均长度"},
    "tip_path_length": {"en": "Path of the tip", "zh": "尖端路径长度"},
    "mean_tip_speed": {"en": "Mean speed of the tip", "zh": "尖端平均速度"},
    "peak_tip_speed": {"en": "Peak speed of the tip", "zh": "尖端最高速度"},
    "gaps_per_frame": {"en": "Inferred parts a frame", "zh": "每帧推断段数"},
    "inferred_share": {"en": "Inferred share of length", "zh": "推断长度占比"},
    "contrast_to_noise": {"en": "Contrast-to-noise ratio", "zh": "对比噪声比"},
    "time_per_frame": {"en": "Time a frame", "zh": "每帧用时"},
    "length": {"en": "Length", "zh": "长度"},
    "diameter": {"en": "Width", "zh": "直径"},
}


def rows(names: Collection[str]) -> list[str]:
    """Return `names` in a clinician's order: what was seen, lengths, tip, limits."""
    return list(dict.fromkeys([*(name for name in _ORDER if name in names), *names]))


def headline(names: Collection[str]) -> list[str]:
    """Return the numbers that an audit entry quotes."""
    return [name for name in _ORDER[:5] if name in names]
