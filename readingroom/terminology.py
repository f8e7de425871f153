"""What the segments are called, coloured and coded: one table for every reader and report.

Codes are SNOMED CT (``SCT``) and DICOM (``DCM``) as listed in DICOM PS3.16; a test holds
each of them against pydicom's concept dictionary. Colours of the four coronary arteries
are from the palette of Okabe and Ito (2008), which colour-blind readers tell apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from readingroom.reading import Segment

#: Context names that 3D Slicer knows from the start.
SEGMENT_CONTEXT = "Segmentation category and type - DICOM master list"
REGION_CONTEXT = "Anatomic codes - DICOM master list"


@dataclass(frozen=True)
class Concept:
    """One coded concept."""

    scheme: str
    value: str
    meaning: str

    def __str__(self) -> str:
        return f"{self.scheme}^{self.value}^{self.meaning}"


@dataclass(frozen=True)
class SegmentConcept:
    """Everything that is said about a segment of one name.

    Attributes
    ----------
    english, chinese : str
        Names shown to people.
    rgb : tuple of int
        Colour, 0…255.
    category, type, modifier, region : Concept
        DICOM's segmented property category, type and type modifier, and anatomic region.
    """

    name: str
    english: str
    chinese: str
    rgb: tuple[int, int, int]
    category: Concept
    type: Concept
    modifier: Concept | None = None
    region: Concept | None = None

    @property
    def color(self) -> tuple[float, float, float]:
        """Red, green, blue in 0…1."""
        red, green, blue = self.rgb
        return red / 255, green / 255, blue / 255

    @cached_property
    def entry(self) -> str:
        """3D Slicer's serialised terminology entry."""
        region_context = REGION_CONTEXT if self.region else ""
        parts = (self.modifier or "^^", region_context, self.region or "^^", "^^")
        return "~".join(str(part) for part in (SEGMENT_CONTEXT, self.category, self.type, *parts))


def _sct(value: str, meaning: str) -> Concept:
    return Concept("SCT", value, meaning)


_ALTERED = _sct("49755003", "Morphologically Abnormal Structure")
_ANATOMY = _sct("123037004", "Anatomical Structure")
_OBJECT = _sct("260787004", "Physical object")
_TISSUE = _sct("85756007", "Tissue")
_SPATIAL = _sct("309825002", "Spatial and Relational Concept")

_PLAQUE = _sct("29483008", "Calcified atheromatous plaque")
_CALCIFICATION = _sct("18115005", "Pathologic calcification")
_ARTIFACT = Concept("DCM", "111207", "Image artifact(s)")
_LUNG = _sct("39607008", "Lung")
_NODULE = _sct("27925004", "Nodule")
_GROUND_GLASS = Concept("DCM", "112120", "Ground glass opacity")
_UPPER_LOBE = _sct("45653009", "Upper lobe of lung")
_MIDDLE_LOBE = _sct("72481006", "Middle lobe of right lung")
_LOWER_LOBE = _sct("90572001", "Lower lobe of lung")
_RIGHT, _LEFT = _sct("24028007", "Right"), _sct("7771000", "Left")


def _lesion(
    name: str, english: str, chinese: str, rgb: tuple[int, int, int], kind: Concept, region: Concept
) -> SegmentConcept:
    return SegmentConcept(name, english, chinese, rgb, _ALTERED, kind, region=region)


def _anatomy(
    name: str,
    english: str,
    chinese: str,
    rgb: tuple[int, int, int],
    kind: Concept,
    modifier: Concept | None = None,
) -> SegmentConcept:
    return SegmentConcept(name, english, chinese, rgb, _ANATOMY, kind, modifier)


_TABLE = (
    _lesion(
        "LM",
        "Left main coronary artery",
        "左主干",
        (240, 228, 66),
        _PLAQUE,
        _sct("3227004", "Left Main Coronary Artery"),
    ),
    _lesion(
        "LAD",
        "Left anterior descending coronary artery",
        "左前降支",
        (213, 94, 0),
        _PLAQUE,
        _sct("59438005", "Left Anterior Descending Coronary Artery"),
    ),
    _lesion(
        "LCX",
        "Left circumflex coronary artery",
        "左回旋支",
        (86, 180, 233),
        _PLAQUE,
        _sct("57396003", "Circumflex Coronary Artery"),
    ),
    _lesion(
        "RCA",
        "Right coronary artery",
        "右冠状动脉",
        (0, 158, 115),
        _PLAQUE,
        _sct("13647002", "Right Coronary Artery"),
    ),
    _lesion(
        "ASCENDING_AORTA",
        "Ascending aorta",
        "升主动脉",
        (204, 121, 167),
        _PLAQUE,
        _sct("54247002", "Ascending aorta"),
    ),
    _lesion(
        "ARCH",
        "Aortic arch",
        "主动脉弓",
        (170, 68, 153),
        _PLAQUE,
        _sct("57034009", "Aortic arch"),
    ),
    _lesion(
        "DESCENDING_AORTA",
        "Descending aorta",
        "降主动脉",
        (118, 42, 131),
        _PLAQUE,
        _sct("281130003", "Descending aorta"),
    ),
    _lesion(
        "AORTIC_VALVE",
        "Aortic valve",
        "主动脉瓣",
        (0, 114, 178),
        _CALCIFICATION,
        _sct("34202007", "Aortic Valve"),
    ),
    _lesion(
        "MITRAL_VALVE",
        "Mitral valve",
        "二尖瓣",
        (51, 34, 136),
        _CALCIFICATION,
        _sct("91134007", "Mitral Valve"),
    ),
    _lesion(
        "PERICARDIUM",
        "Pericardium",
        "心包",
        (153, 153, 51),
        _CALCIFICATION,
        _sct("76848001", "Pericardium"),
    ),
    SegmentConcept("METAL", "Metal", "金属", (0, 255, 255), _OBJECT, _sct("40388003", "Implant")),
    SegmentConcept(
        "WIRE", "Guidewire", "导丝", (0, 220, 90), _OBJECT, _sct("272224001", "Guide Wire")
    ),
    SegmentConcept(
        "CATHETER", "Catheter", "导管", (60, 140, 255), _OBJECT, _sct("19923001", "Catheter")
    ),
    SegmentConcept("BONE", "Bone", "骨", (255, 250, 220), _TISSUE, _sct("272673000", "Bone")),
    SegmentConcept("NOISE", "Noise", "噪声", (128, 128, 128), _SPATIAL, _ARTIFACT),
    _anatomy("HEART", "Heart", "心脏", (206, 110, 84), _sct("80891009", "Heart")),
    _anatomy("AORTA", "Aorta", "主动脉", (224, 97, 76), _sct("15825003", "Aorta")),
    _anatomy(
        "PULMONARY_ARTERY",
        "Pulmonary artery",
        "肺动脉",
        (102, 90, 205),
        _sct("81040000", "Pulmonary artery"),
    ),
    _anatomy("LUNG_LEFT", "Left lung", "左肺", (172, 138, 115), _LUNG, _sct("7771000", "Left")),
    _anatomy("LUNG_RIGHT", "Right lung", "右肺", (197, 165, 145), _LUNG, _sct("24028007", "Right")),
    _anatomy("SPINE", "Spine", "脊柱", (226, 202, 134), _sct("421060004", "Spine")),
    _anatomy("RIBS", "Ribs", "肋骨", (253, 232, 158), _sct("113197003", "Rib")),
    _anatomy("STERNUM", "Sternum", "胸骨", (244, 217, 90), _sct("56873002", "Sternum")),
    _anatomy("LIVER", "Liver", "肝脏", (221, 130, 101), _sct("10200004", "Liver")),
    _lesion("NODULE", "Nodule", "结节", (230, 159, 0), _NODULE, _LUNG),
    _lesion("SOLID_NODULE", "Solid nodule", "实性结节", (222, 106, 20), _NODULE, _LUNG),
    _lesion(
        "PART_SOLID_NODULE", "Part-solid nodule", "部分实性结节", (210, 130, 176), _NODULE, _LUNG
    ),
    _lesion(
        "GROUND_GLASS_NODULE",
        "Ground-glass nodule",
        "磨玻璃结节",
        (100, 190, 240),
        _GROUND_GLASS,
        _LUNG,
    ),
    _lesion("CALCIFIED_NODULE", "Calcified nodule", "钙化结节", (250, 235, 90), _NODULE, _LUNG),
    _lesion("SOLID_PART", "Solid part", "实性成分", (20, 170, 125), _NODULE, _LUNG),
    _anatomy(
        "RIGHT_UPPER_LOBE", "Right upper lobe", "右肺上叶", (166, 206, 227), _UPPER_LOBE, _RIGHT
    ),
    _anatomy("RIGHT_MIDDLE_LOBE", "Right middle lobe", "右肺中叶", (253, 191, 111), _MIDDLE_LOBE),
    _anatomy(
        "RIGHT_LOWER_LOBE", "Right lower lobe", "右肺下叶", (178, 223, 138), _LOWER_LOBE, _RIGHT
    ),
    _anatomy("LEFT_UPPER_LOBE", "Left upper lobe", "左肺上叶", (202, 178, 214), _UPPER_LOBE, _LEFT),
    _anatomy("LEFT_LOWER_LOBE", "Left lower lobe", "左肺下叶", (251, 154, 153), _LOWER_LOBE, _LEFT),
    _anatomy("AIRWAYS", "Airways", "气道", (182, 228, 255), _sct("89187006", "Airway structure")),
    _anatomy(
        "LUNG_VESSELS", "Lung vessels", "肺血管", (216, 101, 79), _sct("59820001", "Blood vessel")
    ),
)

CONCEPTS: dict[str, SegmentConcept] = {concept.name: concept for concept in _TABLE}

_UNKNOWN_RGB = (180, 180, 60)


def concept(name: str) -> SegmentConcept:
    """Return what is known of the segment called `name`.

    A name that is not in the table (a segment that a person added) is plain tissue.
    """
    known = CONCEPTS.get(name)
    return known or SegmentConcept(name, name, name, _UNKNOWN_RGB, _TISSUE, _TISSUE)


def segment(name: str, layer: int, value: int) -> Segment:
    """Return the segment called `name`, coloured and coded, with its place in the masks.

    Parameters
    ----------
    layer : int
        Index of the layer in `Masks.layers`.
    value : int
        The segment's label value there, > 0.
    """
    known = concept(name)
    return Segment(name, layer, value, known.color, known.entry)


def terminology_entry(name: str) -> str:
    """Return 3D Slicer's serialised terminology entry of the segment called `name`."""
    return concept(name).entry
