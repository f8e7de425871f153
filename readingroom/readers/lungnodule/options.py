"""The lung nodule reader's options: the only place where they are described."""

from __future__ import annotations

from typing import Literal

from readingroom.options import ComputeOptions, option


class LungNoduleOptions(ComputeOptions):
    """Options of the reader ``lungnodule``.

    Facts of the patient left empty are taken from the images where these carry them (age,
    sex); a risk model that lacks one of its inputs is left out and says which.
    """

    series: str | None = option(
        None,
        en="Series",
        zh="序列",
        help_en="Series to read: its UID or number; empty chooses the best one and says why.",
        help_zh="要判读的序列：UID 或序列号；留空则自动选择并说明理由。",
    )
    sensitivity: Literal["high", "balanced", "specific"] = option(
        "balanced",
        en="Sensitivity",
        zh="灵敏度",
        help_en="How readily candidates are shown: 'high' misses least, 'specific' errs least.",
        help_zh="候选的显示尺度：“high” 漏检最少，“specific” 误报最少。",
    )
    detector: Literal["candidates", "anchor", "segmentation", "monai", "ensemble"] = option(
        "candidates",
        en="Detector",
        zh="检测器",
        help_en="Classified blob candidates, a 3-D anchor detector, a segmentation U-Net, MONAI's "
        "published detector (imported), or all that are installed together.",
        help_zh="斑点候选加分类、三维锚框检测器、分割 U-Net、MONAI 公开检测器（需导入），"
        "或所有已安装者联合。",
        advanced=True,
    )
    lungs: Literal["auto", "own", "lungmask", "totalsegmentator"] = option(
        "auto",
        en="Lungs and lobes",
        zh="肺与肺叶",
        help_en="Who draws them: this room's own method, or an imported network; 'auto' takes "
        "lungmask where it was imported.",
        help_zh="由谁勾画：本系统自带方法或已导入的网络；“auto” 在已导入 lungmask 时使用之。",
        advanced=True,
    )
    minimum_diameter_mm: float = option(
        3.0,
        en="Smallest nodule",
        zh="最小结节",
        help_en="Mean diameter below which a nodule that the machine found is not shown.",
        help_zh="平均直径小于此值的机器所见结节不显示。",
        unit="mm",
        ge=2.0,
        le=30.0,
    )
    guideline: Literal["lung_rads", "fleischner", "both"] = option(
        "both",
        en="Guideline",
        zh="指南",
        help_en="Lung-RADS is for screening, Fleischner for nodules found by chance.",
        help_zh="Lung-RADS 用于筛查，Fleischner 用于偶然发现的结节。",
    )
    screening: bool | None = option(
        None,
        en="Screening examination",
        zh="筛查检查",
        help_en="Whether the scan was made for lung cancer screening; decides which advice leads.",
        help_zh="是否为肺癌筛查而扫描；决定以哪套建议为主。",
    )
    examination: Literal["baseline", "annual", "follow_up"] = option(
        "baseline",
        en="Kind of examination",
        zh="检查类型",
        help_en="First scan, yearly screening, or follow-up of a nodule known already.",
        help_zh="首次扫描、年度筛查，或对已知结节的随访。",
    )
    prior: str | None = option(
        None,
        en="Prior reading",
        zh="既往判读",
        help_en="Folder of an earlier reading of this patient: nodules are matched with it.",
        help_zh="该患者既往判读的文件夹：结节将与之配对。",
    )
    prior_study: str | None = option(
        None,
        en="Prior images",
        zh="既往图像",
        help_en="Where the earlier images are now; empty means where they were read.",
        help_zh="既往图像的现位置；留空表示判读时的位置。",
        advanced=True,
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
    smoking: Literal["never", "former", "current"] | None = option(
        None,
        en="Smoking",
        zh="吸烟",
        help_en="Smoking history; for the Mayo model and the Fleischner risk.",
        help_zh="吸烟史；用于 Mayo 模型与 Fleischner 风险。",
    )
    family_history: bool | None = option(
        None,
        en="Family history of lung cancer",
        zh="肺癌家族史",
        help_en="Lung cancer in a first-degree relative; for Brock and Fleischner.",
        help_zh="一级亲属患肺癌；用于 Brock 与 Fleischner。",
    )
    emphysema: bool | None = option(
        None,
        en="Emphysema",
        zh="肺气肿",
        help_en="Emphysema on CT; for Brock and Fleischner.",
        help_zh="CT 所见肺气肿；用于 Brock 与 Fleischner。",
    )
    cancer_history: bool | None = option(
        None,
        en="History of cancer",
        zh="恶性肿瘤史",
        help_en="Any cancer in the past (Mayo: outside the chest, more than 5 years ago); "
        "Fleischner does not apply to known cancer.",
        help_zh="既往任何恶性肿瘤（Mayo：胸外、5 年以上）；已知肿瘤者不适用 Fleischner。",
    )
    immunosuppressed: bool | None = option(
        None,
        en="Immunosuppressed",
        zh="免疫抑制",
        help_en="Fleischner does not apply to immunosuppressed patients.",
        help_zh="免疫抑制者不适用 Fleischner。",
    )
