"""The calcium reader's options: the only place where they are described."""

from __future__ import annotations

from typing import Literal

from readingroom.options import ComputeOptions, option


class CacsOptions(ComputeOptions):
    """Options of the reader ``cacs``.

    Patient facts left empty are taken from the images where these carry them (age, sex);
    the others only serve the MESA risk, which is left out while any of them is empty.
    """

    series: str | None = option(
        None,
        en="Series",
        zh="序列",
        help_en="Series to read: its UID or number; empty chooses the best one and says why.",
        help_zh="要判读的序列：UID 或序列号；留空则自动选择并说明理由。",
    )
    categories_from: Literal["standard_130", "kvp_adapted"] = option(
        "standard_130",
        en="Score that the categories use",
        zh="分级所用积分",
        help_en=(
            "Both scores are always reported; this one gives the strata, CAC-DRS, percentile, "
            "arterial age and risk."
        ),
        help_zh="两种积分均会报告；此项决定分层、CAC-DRS、百分位、动脉年龄和风险所用的积分。",
    )
    connectivity: Literal["8", "4"] = option(
        "8",
        en="Connectivity in a slice",
        zh="层内连通性",
        help_en="Neighbours that join pixels to one lesion within a slice.",
        help_zh="同一层面内将像素连成一个病灶的邻域。",
        advanced=True,
    )
    minimum_lesion: Literal["area_1mm2", "more_than_3_pixels"] = option(
        "area_1mm2",
        en="Smallest lesion",
        zh="最小病灶",
        help_en="Smallest connected area in a slice that counts.",
        help_zh="单层内计入积分的最小连通面积。",
        advanced=True,
    )
    volume_method: Literal["voxels", "isotropic"] = option(
        "voxels",
        en="Volume score",
        zh="体积积分方法",
        help_en="Both volumes are reported; this one is repeated as the volume score.",
        help_zh="两种体积均会报告；此项作为体积积分重复列出。",
        advanced=True,
    )
    lesion_counting: Literal["3d", "orcascore"] = option(
        "3d",
        en="Lesion counting",
        zh="病灶计数方式",
        help_en=(
            "'orcascore' joins voxels above 130 HU by faces only and counts the left main as "
            "LAD, for comparison with that challenge."
        ),
        help_zh=(
            "“orcascore”仅以面相连 130 HU 以上的体素，并将左主干计入前降支，用于与该挑战赛比较。"
        ),
        advanced=True,
    )
    mass_factor: float | None = option(
        None,
        en="Mass calibration factor",
        zh="质量校准因子",
        help_en="Measured for this scanner and protocol; empty gives an uncalibrated mass.",
        help_zh="针对本机与本方案测得；留空则报告未校准质量。",
        unit="mg/cm3/HU",
        advanced=True,
        gt=0.0,
        le=5.0,
    )
    contrast: Literal["auto", "non_contrast", "contrast"] = option(
        "auto",
        en="Contrast agent",
        zh="对比剂",
        help_en="'auto' asks the blood pool; a contrast scan gives contrast-derived values only.",
        help_zh="“auto”由血池密度判断；增强扫描只给出增强推得的数值。",
    )
    contrast_threshold_hu: float | None = option(
        None,
        en="Threshold on contrast scans",
        zh="增强扫描阈值",
        help_en="Replaces the threshold derived from the patient's blood pool.",
        help_zh="替代由患者血池推得的阈值。",
        unit="HU",
        advanced=True,
        ge=130.0,
        le=2000.0,
    )
    gated: Literal["auto", "yes", "no"] = option(
        "auto",
        en="ECG gating",
        zh="心电门控",
        help_en="'auto' trusts the images; correct it where they do not say.",
        help_zh="“auto”采用图像信息；图像未注明时请在此更正。",
    )
    sensitivity: float = option(
        0.5,
        en="Lesion acceptance",
        zh="病灶接受度",
        help_en="Towards 1 more doubtful candidates are proposed as lesions, towards 0 fewer.",
        help_zh="越接近 1，提出的可疑候选越多；越接近 0 越少。",
        ge=0.0,
        le=1.0,
    )
    age: float | None = option(
        None,
        en="Age",
        zh="年龄",
        help_en="Replaces the age in the images.",
        help_zh="替代图像中的年龄。",
        unit="a",
        ge=0.0,
        le=120.0,
    )
    sex: Literal["male", "female"] | None = option(
        None,
        en="Sex",
        zh="性别",
        help_en="Replaces the sex in the images.",
        help_zh="替代图像中的性别。",
    )
    ethnicity: Literal["white", "chinese", "black", "hispanic"] | None = option(
        None,
        en="Ethnicity",
        zh="族裔",
        help_en="As recorded in the MESA cohort; needed for its risk and percentiles.",
        help_zh="按 MESA 队列的记录方式；用于其风险与百分位。",
    )
    diabetes: bool | None = option(
        None,
        en="Diabetes",
        zh="糖尿病",
        help_en="Diabetes mellitus, treated or not; for the MESA risk.",
        help_zh="是否患糖尿病（无论是否治疗）；用于 MESA 风险。",
    )
    smoker: bool | None = option(
        None,
        en="Current smoker",
        zh="目前吸烟",
        help_en="Smoking now; for the MESA risk.",
        help_zh="目前是否吸烟；用于 MESA 风险。",
    )
    total_cholesterol: float | None = option(
        None,
        en="Total cholesterol",
        zh="总胆固醇",
        help_en="For the MESA risk.",
        help_zh="用于 MESA 风险。",
        unit="mg/dL",
        ge=50.0,
        le=800.0,
    )
    hdl: float | None = option(
        None,
        en="HDL cholesterol",
        zh="高密度脂蛋白胆固醇",
        help_en="For the MESA risk.",
        help_zh="用于 MESA 风险。",
        unit="mg/dL",
        ge=5.0,
        le=200.0,
    )
    lipid_medication: bool | None = option(
        None,
        en="Lipid-lowering medication",
        zh="降脂药",
        help_en="Taking it now; for the MESA risk.",
        help_zh="目前是否服用；用于 MESA 风险。",
    )
    systolic_bp: float | None = option(
        None,
        en="Systolic blood pressure",
        zh="收缩压",
        help_en="For the MESA risk.",
        help_zh="用于 MESA 风险。",
        unit="mm[Hg]",
        ge=60.0,
        le=300.0,
    )
    bp_medication: bool | None = option(
        None,
        en="Blood pressure medication",
        zh="降压药",
        help_en="Taking it now; for the MESA risk.",
        help_zh="目前是否服用；用于 MESA 风险。",
    )
    family_history: bool | None = option(
        None,
        en="Family history of heart attack",
        zh="心肌梗死家族史",
        help_en="Heart attack in a parent, sibling or child; for the MESA risk.",
        help_zh="父母、兄弟姐妹或子女曾患心肌梗死；用于 MESA 风险。",
    )
