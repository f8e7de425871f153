"""How numbers were made, as the page says it."""

from __future__ import annotations

import re

import pytest

from readingroom import folder
from readingroom.workbench.reading.methods import method


def test_english_stays_as_the_reader_wrote_it():
    assert method("voxel count", "en") == "voxel count"


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("voxel count", "体素计数"),
        (
            "standard 130 HU: >= 130 HU, weights from 130/200/300/400 HU, "
            "8-connected per slice, at least 1 mm2",
            "标准 130 HU：≥ 130 HU, 权重分界 130/200/300/400 HU, 层内 8 连通, 至少 1 mm²",
        ),
        ("uncalibrated, 0.77 mg/cm3/HU", "未校准, 0.77 mg/cm3/HU"),
        (
            "39.1 + 7.25 ln(score + 1); McClelland et al., Am J Cardiol 2009;103:59",
            "39.1 + 7.25 ln(积分 + 1); McClelland et al., Am J Cardiol 2009;103:59",
        ),
        ("something nobody has translated", ""),
    ],
)
def test_chinese_is_whole_or_not_there(english, chinese):
    assert method(english, "zh") == chinese


def test_every_method_of_a_calcium_reading_is_translated(the_case):
    reading = folder.load(the_case.folder, masks=False)
    measured = [reading, *reading.findings]
    methods = {m.method for one in measured for m in one.measurements.values() if m.method}
    assert len(methods) > 5
    for text in methods:
        assert re.search(r"[\u4e00-\u9fff]", method(text, "zh")), text
