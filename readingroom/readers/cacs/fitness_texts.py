"""The notes of the calcium reader in both languages, one sentence each."""

from __future__ import annotations

from readingroom.readers.notetext import Text

EDGES_ZH = {"top": "上缘", "bottom": "下缘", "side": "侧缘"}


NOT_CT = Text(
    "NOT_CT",
    "refusal",
    "The series is {modality}, not CT; calcium is scored on CT only.",
    "该序列为 {modality}，不是 CT；钙化积分仅适用于 CT。",
)
SINGLE_SLICE = Text(
    "SINGLE_SLICE",
    "refusal",
    "The series has a single slice; a heart cannot be scored from it.",
    "该序列只有一层图像，无法对心脏评分。",
)
TOO_FEW_SLICES = Text(
    "TOO_FEW_SLICES",
    "refusal",
    "The series has {slices} slices; at least {minimum} are needed.",
    "该序列只有 {slices} 层，至少需要 {minimum} 层。",
)
NOT_AXIAL = Text(
    "NOT_AXIAL",
    "refusal",
    "The slices are tilted by {tilt:.0f} degrees from axial; the score is defined on axial slices.",
    "层面与轴位相差 {tilt:.0f}°；积分仅在轴位层面上有定义。",
)
UNGATED = Text(
    "UNGATED",
    "warning",
    "The scan is not ECG-gated: motion blurs calcium, and agreement with a gated score is lower.",
    "非心电门控扫描：运动使钙化模糊，与门控积分的一致性较低。",
)
GATING_UNKNOWN = Text(
    "GATING_UNKNOWN",
    "warning",
    "The images do not say whether the scan was ECG-gated; it is treated as ungated.",
    "图像未注明是否心电门控；按非门控处理。",
)
MOTION_UNKNOWN = Text(
    "MOTION_UNKNOWN",
    "info",
    "Cardiac motion was not measured; look for blurred or doubled calcium.",
    "未测量心脏运动；请留意模糊或重影的钙化。",
)
THICK_SLICES = Text(
    "THICK_SLICES",
    "warning",
    "Slices of {thickness:.1f} mm are thicker than the 3 mm of the score's definition; small "
    "lesions may be missed.",
    "层厚 {thickness:.1f} mm，大于积分定义的 3 mm；小病灶可能漏检。",
)
VERY_THICK_SLICES = Text(
    "VERY_THICK_SLICES",
    "warning",
    "Slices of {thickness:.1f} mm: strata agreed with kappa 0.412 at 5 mm against 0.868 at 1 mm "
    "in one published comparison; do not rely on the stratum.",
    "层厚 {thickness:.1f} mm：一项已发表比较中，5 mm 层厚的分层一致性 κ 为 0.412，1 mm 为 0.868；"
    "请勿依赖该分层。",
)
THIN_SLICES = Text(
    "THIN_SLICES",
    "info",
    "Slices of {thickness:.1f} mm are thinner than 3 mm: more noise and more small lesions than in "
    "the reference populations; scores tend to be higher.",
    "层厚 {thickness:.1f} mm，小于 3 mm：噪声与小病灶多于参考人群，积分偏高。",
)
THICKNESS_UNKNOWN = Text(
    "THICKNESS_UNKNOWN",
    "info",
    "The images do not state the slice thickness; the distance between slices, {increment:.1f} mm, "
    "is used.",
    "图像未注明层厚；采用层间距 {increment:.1f} mm。",
)
SLICE_GAPS = Text(
    "SLICE_GAPS",
    "warning",
    "There are gaps of {gap:.1f} mm between slices; calcium in them is not seen.",
    "层间有 {gap:.1f} mm 间隙，其中的钙化无法显示。",
)
OVERLAPPING = Text(
    "OVERLAPPING_SLICES",
    "info",
    "Slices of {thickness:.1f} mm overlap (every {increment:.1f} mm); the score is scaled by the "
    "increment, so nothing counts twice.",
    "层厚 {thickness:.1f} mm 的图像重叠（层间距 {increment:.1f} mm）；"
    "积分按层间距折算，不会重复计数。",
)
SHARP_KERNEL = Text(
    "SHARP_KERNEL",
    "warning",
    "The kernel {kernel} is sharp: it raises peak density and noise, and so the score.",
    "重建核 {kernel} 较锐利：会提高峰值密度与噪声，使积分偏高。",
)
KVP_NOT_120 = Text(
    "KVP_NOT_120",
    "warning",
    "At {kvp:g} kVp the standard 130 HU score is biased; the score with adapted cut-offs stands "
    "beside it.",
    "管电压 {kvp:g} kVp 下，标准 130 HU 积分有偏差；旁列按管电压调整的积分。",
)
KVP_NOT_TABULATED = Text(
    "KVP_NOT_TABULATED",
    "warning",
    "At {kvp:g} kVp the standard 130 HU score is biased, and no cut-offs are published for it.",
    "管电压 {kvp:g} kVp 下，标准 130 HU 积分有偏差，且无已发表的调整阈值。",
)
KVP_UNKNOWN = Text(
    "KVP_UNKNOWN",
    "warning",
    "The images do not state the tube voltage; the score assumes 120 kVp.",
    "图像未注明管电压；积分按 120 kVp 计算。",
)
SMALL_FIELD = Text(
    "SMALL_FIELD",
    "warning",
    "The field of view is only {field:.0f} mm; parts of the heart may lie outside it.",
    "视野仅 {field:.0f} mm；部分心脏可能在视野之外。",
)
TILTED = Text(
    "TILTED_SLICES",
    "info",
    "The slices are tilted by {tilt:.0f} degrees from axial.",
    "层面与轴位相差 {tilt:.0f}°。",
)
NOISE = Text(
    "NOISE",
    "warning",
    "The noise is {noise:.0f} HU (standard deviation); 20 HU, 23 HU in large patients, are "
    "recommended for calcium scoring (McCollough 2007).",
    "噪声（标准差）为 {noise:.0f} HU；钙化积分推荐不超过 20 HU，"
    "体型大者 23 HU（McCollough 2007）。",
)
STRONG_NOISE = Text(
    "STRONG_NOISE",
    "warning",
    "The noise is {noise:.0f} HU (standard deviation), far above the recommended 20 HU "
    "(McCollough 2007): small lesions may be noise.",
    "噪声（标准差）为 {noise:.0f} HU，远高于推荐的 20 HU（McCollough 2007）：小病灶可能是噪声。",
)
NOISE_UNKNOWN = Text(
    "NOISE_UNKNOWN",
    "info",
    "The noise could not be measured.",
    "未能测量噪声。",
)
CONTRAST = Text(
    "CONTRAST_PRESENT",
    "warning",
    "The blood pool ({pool:.0f} HU) holds contrast agent: values are contrast-derived and are not "
    "an Agatston score.",
    "血池密度 {pool:.0f} HU，含对比剂：数值为增强推得，不是 Agatston 积分。",
)
CONTRAST_STATED = Text(
    "CONTRAST_PRESENT",
    "warning",
    "The scan is read as contrast-enhanced: values are contrast-derived and are not an Agatston "
    "score.",
    "按增强扫描判读：数值为增强推得，不是 Agatston 积分。",
)
HEART_CUT = Text(
    "HEART_CUT",
    "warning",
    "The heart is cut off at the {where} of the images{share}; the score is a lower bound.",
    "心脏在图像{where_zh}被截断{share_zh}；积分为下限。",
)
METAL = Text(
    "METAL",
    "warning",
    "There is metal near the heart; calcium beside it cannot be told from artefact.",
    "心脏附近有金属；其旁的钙化无法与伪影区分。",
)
