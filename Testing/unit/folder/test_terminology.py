from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from pydicom.sr._concepts_dict import concepts

from readingroom import terminology
from readingroom.readers.cacs.lesion import CORONARY, LABELS

ANATOMY = (
    "HEART",
    "AORTA",
    "PULMONARY_ARTERY",
    "LUNG_RIGHT",
    "LUNG_LEFT",
    "SPINE",
    "RIBS",
    "STERNUM",
    "LIVER",
    "NODULE",
    "SOLID_NODULE",
    "PART_SOLID_NODULE",
    "GROUND_GLASS_NODULE",
    "CALCIFIED_NODULE",
    "SOLID_PART",
    "RIGHT_UPPER_LOBE",
    "RIGHT_MIDDLE_LOBE",
    "RIGHT_LOWER_LOBE",
    "LEFT_UPPER_LOBE",
    "LEFT_LOWER_LOBE",
    "AIRWAYS",
    "LUNG_VESSELS",
)
#: Qualifiers and categories of 3D Slicer's own list that pydicom's dictionary lacks.
_NOT_IN_PYDICOM = {"309825002"}


def _known_codes() -> dict[tuple[str, str], set[str]]:
    """Return all meanings that DICOM gives to a code, in lower case."""
    known: dict[tuple[str, str], set[str]] = {}
    for scheme in ("SCT", "DCM"):
        for codes in concepts[scheme].values():
            for code, value in codes.items():
                known.setdefault((scheme, code), set()).add(value[0].lower())
    return known


@pytest.mark.parametrize("name", [*LABELS, *ANATOMY])
def test_every_label_and_organ_is_named_coloured_and_coded(name):
    known = terminology.CONCEPTS[name]
    assert known.english
    assert any("\u4e00" <= letter <= "\u9fff" for letter in known.chinese)
    assert all(0 <= part <= 1 for part in known.color)
    assert len(terminology.segment(name, 1, 3).terminology.split("~")) == 7


@pytest.mark.parametrize("name", [*LABELS, *ANATOMY])
def test_codes_are_in_the_dicom_dictionary(name):
    codes = _known_codes()
    known = terminology.CONCEPTS[name]
    for code in filter(None, (known.category, known.type, known.modifier, known.region)):
        if code.value not in _NOT_IN_PYDICOM:
            assert (code.scheme, code.value) in codes, code


def test_regions_are_the_structures_they_are_named_after():
    codes = _known_codes()
    for name in (*CORONARY, "ARCH", "ASCENDING_AORTA", "AORTIC_VALVE", "PERICARDIUM"):
        known = terminology.CONCEPTS[name]
        assert known.region.meaning.lower() in codes["SCT", known.region.value], name


def test_colours_are_distinct_also_without_red_and_green_cones():
    """The four arteries keep apart in the Viénot 1999 model of deuteranopia, linear RGB."""
    merged = np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]])
    seen = [merged @ np.power(terminology.CONCEPTS[n].color, 2.2) for n in CORONARY]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 0.15
    colors = [terminology.CONCEPTS[name].rgb for name in (*LABELS, *ANATOMY)]
    assert len(set(colors)) == len(colors)


def test_a_segment_that_a_person_added_is_plain_tissue():
    added = terminology.segment("Segment_7", 0, 7)
    assert (added.name, added.value) == ("Segment_7", 7)
    assert "SCT^85756007^Tissue" in added.terminology
