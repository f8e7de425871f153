"""Which categories measured and described nodules get."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from readingroom.readers.lungnodule.judge import judge
from readingroom.readers.lungnodule.options import LungNoduleOptions
from readingroom.reading import Finding, Measurement
from readingroom.study import Patient

SCAN = SimpleNamespace(options=LungNoduleOptions(), patient=Patient())


def a_smooth_pleural_nodule(**said: object) -> Finding:
    described = {
        "type": "solid",
        "margin": "sharp",
        "lobulation": "none",
        "spiculation": "none",
        "attachment": "pleural",
    }
    millimetres = {"mean_diameter": 7.0, "long_axis_diameter": 8.0, "volume": 180.0}
    return Finding(
        id="N001",
        type="nodule",
        label="NODULE",
        position_lps_mm=(0.0, 0.0, 0.0),
        measurements={n: Measurement(value=v, unit="mm") for n, v in millimetres.items()},
        attributes=described | said,
    )


@pytest.mark.parametrize(
    ("shape", "category"),
    [({"axis_ratio": 0.6}, "2"), ({"axis_ratio": 0.95}, "3"), ({}, "3")],
    ids=["oval", "round", "unknown"],
)
def test_only_an_oval_nodule_at_the_pleura_is_taken_for_a_lymph_node(shape, category):
    judged = judge([a_smooth_pleural_nodule(**shape)], SCAN)
    assert judged.findings[0].attributes["lung_rads"] == category
    assert judged.categories["lung_rads"].value == category


def test_a_lobulated_nodule_at_the_pleura_keeps_the_category_of_its_size():
    judged = judge([a_smooth_pleural_nodule(axis_ratio=0.6, lobulation="marked")], SCAN)
    assert judged.categories["lung_rads"].value == "3"
