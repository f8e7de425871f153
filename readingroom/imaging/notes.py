"""Notes of the loader, in English and Chinese."""

from __future__ import annotations

from readingroom.study import Note


def missing_slices(count: int, places: str) -> Note:
    """Say that `count` slice positions were empty and have been interpolated."""
    return Note(
        "MISSING_SLICES",
        "warning",
        f"{count} slice(s) are missing ({places}) and were filled by linear interpolation; "
        "measurements there are not reliable.",
        f"缺少 {count} 层图像（{places}），已用线性插值填补；该处的测量结果不可靠。",
    )


def duplicate_slices(count: int) -> Note:
    """Say that `count` slices were present more than once with the same content."""
    return Note(
        "DUPLICATE_SLICES",
        "info",
        f"{count} slice(s) were present twice with the same content; the copies were left out.",
        f"有 {count} 层图像内容重复，重复的副本已略去。",
    )


def variable_spacing(smallest_mm: float, largest_mm: float, used_mm: float) -> Note:
    """Say that slice distances differ and the volume was resampled to a regular one."""
    return Note(
        "VARIABLE_SPACING",
        "warning",
        f"The distance between slices varies from {smallest_mm:.2f} to {largest_mm:.2f} mm; "
        f"the volume was resampled every {used_mm:.2f} mm by linear interpolation.",
        f"层间距在 {smallest_mm:.2f} 至 {largest_mm:.2f} mm 之间变化；"
        f"已按 {used_mm:.2f} mm 线性插值重采样。",
    )


def gantry_tilt(degrees: float) -> Note:
    """Say that slices were shifted against each other; the volume was sheared upright."""
    return Note(
        "GANTRY_TILT_CORRECTED",
        "warning",
        f"The slices are tilted by {degrees:.1f}° against the scan direction; the volume was "
        "sheared onto an upright grid, which smooths it slightly.",
        f"层面相对扫描方向倾斜 {degrees:.1f}°；已剪切重采样为直角网格，图像略有平滑。",
    )


def series_split(parts: int, reason_en: str, reason_zh: str) -> Note:
    """Say that one series held several acquisitions, each of which became a volume."""
    return Note(
        "SERIES_SPLIT",
        "info",
        f"The series holds {parts} image stacks that differ in {reason_en}; "
        "each became a volume of its own.",
        f"该序列包含 {parts} 组图像（{reason_zh}不同），已分别作为独立容积。",
    )


def rescale_missing() -> Note:
    """Say that a CT has no Rescale Slope and Intercept."""
    return Note(
        "RESCALE_MISSING",
        "warning",
        "The images do not say how stored values become Hounsfield units; "
        "the stored values, which reach down to air, were taken as Hounsfield units.",
        "图像未说明存储值与 HU 的换算关系；存储值包含空气范围，已直接视为 HU。",
    )


def series_skipped(what: str, code: str, why: str) -> Note:
    """Say that a series beside usable ones could not be used."""
    return Note(
        "SERIES_SKIPPED",
        "warning",
        f"{what} was left out ({code}): {why}",
        f"{what} 未能使用（{code}），已略去。",
    )


def objects_skipped(count: int) -> Note:
    """Say that there were DICOM objects other than greyscale images with a place in the patient."""
    return Note(
        "OBJECTS_SKIPPED",
        "info",
        f"{count} DICOM file(s) hold no readable image (reports, segmentations, screen captures) "
        "and were passed over.",
        f"{count} 个 DICOM 文件不是可用于判读的图像（报告、分割、屏幕截图等），已跳过。",
    )


def files_damaged(count: int) -> Note:
    """Say that files begin as DICOM and cannot be parsed."""
    return Note(
        "FILES_DAMAGED",
        "warning",
        f"{count} DICOM file(s) are damaged and were passed over.",
        f"{count} 个 DICOM 文件已损坏，已跳过。",
    )


def files_absent(count: int) -> Note:
    """Say that files named by a DICOMDIR are absent."""
    return Note(
        "FILES_ABSENT",
        "warning",
        f"{count} file(s) named by the DICOMDIR are absent.",
        f"DICOMDIR 所列的 {count} 个文件不存在。",
    )
