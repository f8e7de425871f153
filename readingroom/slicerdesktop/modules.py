"""The five modules: which reader each wraps, and what it says about itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import readingroom

Text = dict[str, str]


@dataclass(frozen=True)
class ModuleFacts:
    """What a module says before its reader is known.

    Attributes
    ----------
    reader : str
        Name of the reader.
    title, question : dict of str
        By language: the title in the module list, and what the reader answers.
    """

    reader: str
    title: Text
    question: Text


FACTS: dict[str, ModuleFacts] = {
    facts.reader: facts
    for facts in (
        ModuleFacts(
            "cacs",
            {"en": "Coronary Artery Calcium", "zh": "冠状动脉钙化"},
            {
                "en": "Coronary artery calcium on gated, ungated and contrast CT: lesions by "
                "vessel, Agatston score and categories.",
                "zh": "门控、非门控及增强 CT 的冠状动脉钙化："
                "按血管划分的病灶、Agatston 积分与分级。",
            },
        ),
        ModuleFacts(
            "lungnodule",
            {"en": "Lung Nodules", "zh": "肺结节"},
            {
                "en": "Lung nodules on chest CT: position, type, size and management category.",
                "zh": "胸部 CT 肺结节：位置、类型、大小与处理分级。",
            },
        ),
        ModuleFacts(
            "guidewire",
            {"en": "Guidewire", "zh": "导丝"},
            {
                "en": "Guidewires in X-ray angiography and fluoroscopy: centre line in each frame.",
                "zh": "X 线造影与透视中的导丝：逐帧中心线。",
            },
        ),
        ModuleFacts(
            "hccfusion",
            {"en": "Liver CT and MR Fusion", "zh": "肝脏 CT 与 MR 融合"},
            {
                "en": "Liver observations on registered CT and MR phases, with LI-RADS category.",
                "zh": "配准后的 CT 与 MR 各期相上的肝脏观察结果，并给出 LI-RADS 分类。",
            },
        ),
        ModuleFacts(
            "dxa",
            {"en": "Bone Densitometry", "zh": "骨密度"},
            {
                "en": "Bone regions and density values on dual-energy X-ray absorptiometry.",
                "zh": "双能 X 线吸收测量的骨区域与骨密度数值。",
            },
        ),
    )
}

RESEARCH: Text = {
    "en": "For research use. Not a medical device; a physician decides.",
    "zh": "仅供研究使用。并非医疗器械；由医师作出判断。",
}


def exists(reader: str) -> bool:
    """Whether this version has the reader.

    Before the packages are installed the registry cannot be imported; the reader's own
    folder then answers.
    """
    try:
        from readingroom import readers
    except ImportError:
        return (Path(readingroom.__file__).parent / "readers" / reader / "reader.py").is_file()
    return reader in readers.names()
