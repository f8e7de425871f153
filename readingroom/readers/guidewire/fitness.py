"""What limits a sequence for the question, as notes in both languages."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from readingroom.readers.guidewire.options import GuidewireOptions
from readingroom.study import Cine, Note

#: A contrast-to-noise ratio below which wires are missed (measured, see Docs/validation.md).
LOW_CNR = 2.0


def refusal(cine: Cine, options: GuidewireOptions) -> Note | None:
    """Return why a sequence cannot be read, from its header; None if it can."""
    if len(cine.shape) != 3:
        return Note(
            "NOT_GREYSCALE",
            "refusal",
            "The frames are not single-channel pictures.",
            "图像帧不是单通道灰度图。",
        )
    frames, rows, columns = cine.shape
    if frames < 2:
        return Note(
            "SINGLE_FRAME",
            "refusal",
            "There is a single frame; a sequence is needed to follow a wire.",
            "只有一帧图像；跟踪导丝需要图像序列。",
        )
    if min(rows, columns) < 64:
        return Note(
            "FRAMES_TOO_SMALL",
            "refusal",
            f"The frames have {columns} × {rows} pixels; at least 64 × 64 are needed.",
            f"图像帧为 {columns} × {rows} 像素，至少需要 64 × 64。",
        )
    first, last = options.first_frame, options.last_frame
    if first >= frames or (last is not None and last < first):
        return Note(
            "FRAMES_EMPTY",
            "refusal",
            f"The range of frames holds none of the {frames} frames (0 to {frames - 1}).",
            f"所给帧范围不含任何一帧（共 {frames} 帧，0 至 {frames - 1}）。",
        )
    return None


def pixel_refusal(frames: npt.NDArray[np.generic]) -> Note | None:
    """Return why decoded frames cannot be read: nothing is in them."""
    if frames.ndim != 3:
        return Note(
            "NOT_GREYSCALE",
            "refusal",
            "The frames are not single-channel pictures.",
            "图像帧不是单通道灰度图。",
        )
    if frames.min() == frames.max():
        return Note(
            "FRAMES_BLANK",
            "refusal",
            "All frames are blank: every pixel has the same value.",
            "所有图像帧均为空白：像素值完全相同。",
        )
    return None


def limits(cine: Cine) -> list[Note]:
    """Return what the header leaves open."""
    notes = []
    if cine.pixel_spacing_mm is None:
        notes.append(
            Note(
                "SPACING_UNKNOWN",
                "warning",
                "The pixel spacing is unknown; lengths are in pixels.",
                "像素间距未知；长度以像素为单位。",
            )
        )
    if len(cine.frame_times_ms) != cine.shape[0]:
        notes.append(
            Note(
                "FRAME_TIMES_UNKNOWN",
                "info",
                "The frame times are unknown; speeds are left out.",
                "帧时间未知；不报告速度。",
            )
        )
    return notes


def seen(contrast_to_noise: float | None, wires: int) -> list[Note]:
    """Return what was seen of wires, and how well.

    Parameters
    ----------
    contrast_to_noise : float or None
        Along the wires, median over frames.
    wires : int
        Findings of wires.
    """
    if not wires:
        return [
            Note(
                "NO_WIRE_SEEN",
                "info",
                "No wire was seen. That is no proof that there is none.",
                "未见导丝。这并不能证明没有导丝。",
            )
        ]
    if contrast_to_noise is not None and contrast_to_noise < LOW_CNR:
        return [
            Note(
                "LOW_CONTRAST",
                "warning",
                f"The wires stand out little (contrast-to-noise ratio {contrast_to_noise:.1f}); "
                "parts may be missed.",
                f"导丝对比度低（对比噪声比 {contrast_to_noise:.1f}），可能遗漏部分。",
            )
        ]
    return []


def inferred(share: float, predicted: int) -> list[Note]:
    """Return that parts of the wires were not seen but bridged or predicted."""
    notes = []
    if share > 0:
        notes.append(
            Note(
                "PARTS_INFERRED",
                "info",
                f"{share:.1%} of the wires' length was not seen but bridged; it is marked.",
                f"导丝长度的 {share:.1%} 未见而由桥接推断，已标出。",
            )
        )
    if predicted:
        notes.append(
            Note(
                "FRAMES_PREDICTED",
                "info",
                f"In {predicted} frames a wire was hidden and its place is predicted.",
                f"有 {predicted} 帧导丝被遮挡，其位置为推断。",
            )
        )
    return notes
