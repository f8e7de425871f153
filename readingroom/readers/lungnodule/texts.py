"""The notes of the lung nodule reader in both languages, one sentence each."""

from __future__ import annotations

from readingroom.errors import ReadingRoomError
from readingroom.readers.notetext import Text
from readingroom.study import Note

NOT_CT = Text(
    "NOT_CT",
    "refusal",
    "The series is {modality}, not CT; lung nodules are read on CT only.",
    "该序列为 {modality}，不是 CT；肺结节仅在 CT 上判读。",
)
SINGLE_SLICE = Text(
    "SINGLE_SLICE",
    "refusal",
    "The series has a single slice; nodules are three-dimensional.",
    "该序列只有一层图像；结节需三维评估。",
)
TOO_FEW_SLICES = Text(
    "TOO_FEW_SLICES",
    "refusal",
    "The series has {slices} slices; at least {minimum} are needed.",
    "该序列只有 {slices} 层，至少需要 {minimum} 层。",
)
TOO_THICK = Text(
    "SLICES_TOO_THICK",
    "refusal",
    "Slices every {increment:.1f} mm are too far apart to tell a nodule from a vessel.",
    "层间距 {increment:.1f} mm 过大，无法区分结节与血管。",
)
THICK_SLICES = Text(
    "THICK_SLICES",
    "info",
    "Slices of {thickness:.1f} mm; screening guidelines ask for 1.5 mm or less: nodules below "
    "about 4 mm may be missed.",
    "层厚 {thickness:.1f} mm，筛查指南要求不超过 1.5 mm：约 4 mm 以下结节可能漏检。",
)
VERY_THICK_SLICES = Text(
    "VERY_THICK_SLICES",
    "warning",
    "Slices of {thickness:.1f} mm: nodules below about 6 mm may be missed, volume and the type "
    "of small nodules are not reliable.",
    "层厚 {thickness:.1f} mm：约 6 mm 以下结节可能漏检，小结节的体积与类型不可靠。",
)
SLICE_GAPS = Text(
    "SLICE_GAPS",
    "warning",
    "There are gaps of {gap:.1f} mm between slices; nodules in them are not seen.",
    "层间有 {gap:.1f} mm 间隙，其中的结节无法显示。",
)
CONTRAST = Text(
    "CONTRAST_PRESENT",
    "info",
    "The scan is stated to be contrast-enhanced: densities of nodules are raised, and "
    "calcification is judged with less certainty.",
    "图像注明为增强扫描：结节密度升高，钙化判断的把握降低。",
)
SHARP_KERNEL = Text(
    "SHARP_KERNEL",
    "info",
    "The kernel {kernel} is sharp: edges ring and noise rises; density values are less reliable.",
    "重建核 {kernel} 较锐利：边缘振铃、噪声升高，密度值可靠性降低。",
)
NOISE = Text(
    "NOISE",
    "warning",
    "The noise is {noise:.0f} HU (standard deviation in soft tissue): small and ground-glass "
    "nodules may be hidden.",
    "噪声（软组织标准差）为 {noise:.0f} HU：小结节与磨玻璃结节可能被掩盖。",
)
NOISE_UNKNOWN = Text(
    "NOISE_UNKNOWN",
    "info",
    "The noise could not be measured.",
    "未能测量噪声。",
)
PRONE = Text(
    "PRONE",
    "info",
    "The patient lies prone or on the side: the density of dependent lung lies elsewhere than "
    "usual.",
    "患者为俯卧或侧卧位：肺坠积性密度的位置与常规不同。",
)
NETWORK = Text(
    "TRAINED_ON_SIMULATION",
    "info",
    "The detector ({card}) was trained mostly on simulated nodules in few real lungs; its "
    "sensitivity in practice is not established.",
    "检测器（{card}）主要以少量真实肺内的模拟结节训练；其在实际中的灵敏度尚未确立。",
)
MANY = Text(
    "MANY_FINDINGS",
    "warning",
    "{count} nodules were found; check whether they are bronchiolitis, metastases or noise "
    "before any category is used.",
    "发现 {count} 个结节；使用分级前请先判断是否为细支气管炎、转移或噪声。",
)
PRIOR_UNUSED = Text(
    "PRIOR_UNUSED",
    "warning",
    "The prior reading was not compared: {why}",
    "未与既往判读比较：{why_zh}",
)
#: Why a prior reading was not compared, in Chinese, by the code of the error.
PRIOR_UNUSED_ZH = {
    "PATH_NOT_FOUND": "给定位置没有既往图像。",
    "NOT_A_READING": "给定的文件夹不是判读文件夹。",
    "READING_DAMAGED": "既往判读中的一个文件已损坏。",
    "SCHEMA_NEWER": "既往判读由更新版本的程序保存。",
    "NOT_PERMITTED": "没有读取既往判读的权限。",
    "READERS_DIFFER": "既往判读不是肺结节判读。",
    "PATIENTS_DIFFER": "既往判读属于不同患者。",
    "DATES_REVERSED": "给定的既往判读采集于本次之后。",
    "SOURCE_GONE": "既往图像已不在判读时的位置。",
    "STUDY_DIFFERS": "给定的既往检查不含既往判读所用的序列。",
    "LUNGS_ABSENT": "两次扫描之一未见肺，无法配准。",
}


def prior_unused(fault: ReadingRoomError) -> Note:
    """Return the note that the prior reading could not be used, and why."""
    why_zh = PRIOR_UNUSED_ZH.get(fault.code, f"无法读取既往检查（{fault.code}）。")
    return PRIOR_UNUSED.note(why=fault.what_happened, why_zh=why_zh)


RESOLVED = Text(
    "NODULES_RESOLVED",
    "info",
    "{count} nodule(s) of the prior reading are no longer seen: {names}.",
    "既往判读的 {count} 个结节此次未见：{names}。",
)
REGISTRATION_POOR = Text(
    "REGISTRATION_POOR",
    "warning",
    "The lungs of the two scans overlap by {overlap:.2f} (Dice) only after registration; check "
    "the pairs of nodules.",
    "配准后两次扫描的肺重叠仅 {overlap:.2f}（Dice）；请核对结节配对。",
)
