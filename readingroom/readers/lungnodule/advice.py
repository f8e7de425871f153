"""The patient as a whole: which nodule matters most, how suspicious, what to do.

Nothing is decided here that the guidelines do not decide: the level follows from Lung-RADS
or, outside screening, from Fleischner 2017 and the probabilities at hand; the text puts
their words together. A physician decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from readingroom.readers.lungnodule.absent import Absent
from readingroom.readers.lungnodule.fleischner import Recommendation
from readingroom.readers.lungnodule.lungrads import LungRads

__all__ = ["Advice", "NoduleSummary", "advise"]

Level = Literal["none", "low", "intermediate", "high", "incomplete"]

_LEVEL_OF_CATEGORY: dict[str, Level] = {
    "0": "incomplete",
    "1": "none",
    "2": "low",
    "3": "intermediate",
    "4A": "high",
    "4B": "high",
    "4X": "high",
}
#: Probabilities (Brock or Mayo) at which the British Thoracic Society acts: below 10 %
#: surveillance, above 70 % treatment (Callister et al., Thorax 2015;70 Suppl 2).
_SURVEILLANCE, _TREATMENT = 0.10, 0.70
_WORDS: dict[Level, tuple[str, str]] = {
    "none": ("no suspicious nodule", "无可疑结节"),
    "low": ("low", "低"),
    "intermediate": ("intermediate", "中"),
    "high": ("high", "高"),
    "incomplete": ("cannot be given yet", "暂无法给出"),
}
_TYPES: dict[str, tuple[str, str]] = {
    "solid": ("solid", "实性"),
    "part_solid": ("part-solid", "部分实性"),
    "ground_glass": ("ground-glass", "磨玻璃"),
    "calcified": ("calcified", "钙化"),
}
_CAVEAT = ("For research; a physician decides.", "仅供研究；由医师决定。")


@dataclass(frozen=True)
class NoduleSummary:
    """What the advice says about one nodule.

    Parameters
    ----------
    name : str
        As the list shows it, e.g. ``N1``.
    place, place_zh : str
        Lobe, in words.
    cancer_probability : float or None
        0…1, by a published clinical model (Brock, Mayo).
    suspicion : float or None
        0…1, of the readers' model (`malignancy`).
    growth, growth_zh : str
        What changed, where a prior scan was compared.
    benign : bool
        Benign calcification or fat.
    """

    name: str
    type: str
    mean_diameter_mm: float
    place: str = ""
    place_zh: str = ""
    cancer_probability: float | None = None
    suspicion: float | None = None
    growth: str = ""
    growth_zh: str = ""
    benign: bool = False


@dataclass(frozen=True)
class Advice:
    """Risk of a patient and what is recommended.

    Attributes
    ----------
    level : {'none', 'low', 'intermediate', 'high', 'incomplete'}
    most_suspicious : int or None
        Index of the nodule that decided.
    sentences, sentences_zh : tuple of str
        The text, one statement each.
    """

    level: Level
    most_suspicious: int | None
    sentences: tuple[str, ...]
    sentences_zh: tuple[str, ...]

    @property
    def text(self) -> str:
        """The advice in English."""
        return " ".join(self.sentences)

    @property
    def text_zh(self) -> str:
        """The advice in Chinese."""
        return "".join(self.sentences_zh)


def advise(
    nodules: Sequence[NoduleSummary],
    *,
    lung_rads: LungRads | None = None,
    fleischner: Recommendation | Absent | None = None,
) -> Advice:
    """Return the advice for a patient.

    Parameters
    ----------
    nodules : sequence of NoduleSummary
        In the order that `lung_rads` was given them.
    lung_rads : LungRads, optional
        For screening; its category decides.
    fleischner : Recommendation or Absent, optional
        For nodules found by chance; decides where there is no Lung-RADS category.
    """
    index = _most_suspicious(nodules, lung_rads)
    level = _level(nodules, lung_rads, fleischner)
    parts = [_count(nodules), *_about(nodules, index)]
    if lung_rads is not None:
        parts.append(
            (
                f"Lung-RADS {lung_rads.label} ({lung_rads.rule}): {lung_rads.management}",
                f"Lung-RADS {lung_rads.label}（{lung_rads.rule_zh}）：{lung_rads.management_zh}",
            )
        )
    if fleischner is not None:
        parts.append(_fleischner(fleischner))
    parts.append((f"Overall suspicion: {_WORDS[level][0]}.", f"总体可疑程度：{_WORDS[level][1]}。"))
    parts.append(_CAVEAT)
    return Advice(level, index, tuple(p[0] for p in parts), tuple(p[1] for p in parts))


def _most_suspicious(nodules: Sequence[NoduleSummary], lung_rads: LungRads | None) -> int | None:
    if lung_rads is not None and lung_rads.nodule_index is not None:
        return lung_rads.nodule_index
    if not nodules:
        return None
    return max(range(len(nodules)), key=lambda n: _rank(nodules[n]))


def _rank(nodule: NoduleSummary) -> tuple[bool, float, float]:
    probability = nodule.cancer_probability or 0.0
    return not nodule.benign, probability, nodule.mean_diameter_mm


def _level(
    nodules: Sequence[NoduleSummary],
    lung_rads: LungRads | None,
    fleischner: Recommendation | Absent | None,
) -> Level:
    if lung_rads is not None:
        return _LEVEL_OF_CATEGORY[lung_rads.category]
    return _by_probability([n for n in nodules if not n.benign], fleischner)


def _by_probability(
    nodules: Sequence[NoduleSummary], fleischner: Recommendation | Absent | None
) -> Level:
    if not nodules:
        return "none"
    highest = max((n.cancer_probability or 0.0) for n in nodules)
    if highest > _TREATMENT:
        return "high"
    if isinstance(fleischner, Recommendation):
        kind, size, _ = fleischner.row
        if size == ">8" or size.endswith("solid part >=6"):
            return "high" if kind.startswith("single") else "intermediate"
        small = size == "<6" and highest < _SURVEILLANCE
        return "low" if small else "intermediate"
    if all(n.cancer_probability is None for n in nodules):
        return "incomplete"
    return "low" if highest < _SURVEILLANCE else "intermediate"


def _count(nodules: Sequence[NoduleSummary]) -> tuple[str, str]:
    if not nodules:
        return "No lung nodule.", "未见肺结节。"
    benign = sum(n.benign for n in nodules)
    word = "nodule" if len(nodules) == 1 else "nodules"
    added = f", {benign} of them benign" if benign else ""
    added_zh = f"，其中 {benign} 个为良性" if benign else ""
    return f"{len(nodules)} lung {word}{added}.", f"肺结节 {len(nodules)} 个{added_zh}。"


def _about(nodules: Sequence[NoduleSummary], index: int | None) -> list[tuple[str, str]]:
    if index is None:
        return []
    nodule = nodules[index]
    kind, kind_zh = _TYPES.get(nodule.type, (nodule.type, nodule.type))
    size = f"{nodule.mean_diameter_mm:.1f} mm"
    where = f", {nodule.place}" if nodule.place else ""
    where_zh = f"，{nodule.place_zh or nodule.place}" if nodule.place else ""
    said, said_zh = _probabilities(nodule)
    parts = [
        (
            f"Most suspicious: {nodule.name}, {kind}, {size}{where}{said}.",
            f"最可疑：{nodule.name}，{kind_zh}，{size}{where_zh}{said_zh}。",
        )
    ]
    if nodule.growth:
        parts.append((f"{nodule.growth}.", f"{nodule.growth_zh or nodule.growth}。"))
    return parts


def _probabilities(nodule: NoduleSummary) -> tuple[str, str]:
    said, said_zh = "", ""
    if nodule.cancer_probability is not None:
        said += f"; probability of cancer by the clinical model {nodule.cancer_probability:.1%}"
        said_zh += f"；临床模型恶性概率 {nodule.cancer_probability:.1%}"
    if nodule.suspicion is not None:
        said += f"; readers' suspicion {nodule.suspicion:.0%}"
        said_zh += f"；读片者可疑程度 {nodule.suspicion:.0%}"
    return said, said_zh


def _fleischner(found: Recommendation | Absent) -> tuple[str, str]:
    if isinstance(found, Absent):
        return f"Fleischner 2017: not given ({found.reason}).", (
            f"Fleischner 2017：不适用（{found.reason_zh}）。"
        )
    return f"Fleischner 2017: {found.text}.", f"Fleischner 2017：{found.text_zh}。"
