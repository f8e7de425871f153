"""Islands, split: a click divides a finding, the button makes an organ's islands segments."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def split_tool(viewer):
    viewer.set_tool("islands")
    viewer.set_option("view_islands_mode", "split")
    yield viewer
    viewer.set_option("view_islands_mode", "keep_largest")
    viewer.set_tool("none")


def test_a_click_asks_the_page_to_split_there(split_tool, axial, finding_of):
    asked = []
    split_tool.on_pick = lambda *given: asked.append(given)
    place = finding_of("RCA").position_lps_mm
    split_tool.jump(place)
    axial.click_at(place)

    ((at, what),) = asked
    assert what == "split"
    assert np.allclose(at, place, atol=split_tool.navigator.mm_per_pixel("axial"))
    assert not split_tool.session.can_undo


def test_the_button_makes_the_islands_of_an_organ_segments(split_tool, a_session):
    spine = next(s for s in a_session.masks.segments if s.name == "SPINE")
    gap = np.zeros((2, 6, 28), np.uint8)
    a_session.replace_voxels(spine.layer, (10, 40, 10), gap, "erase")
    split_tool.set_active_segment("SPINE")
    split_tool.apply()

    assert a_session.masks.mask("SPINE_2").sum() == 8 * 6 * 28
    shown = {row["name"]: row["color"] for row in split_tool.state.view_segments}
    assert shown["SPINE_2"] != shown["SPINE"]
    ids = split_tool.presented.segmentation.GetSegmentation().GetSegmentIDs()
    assert "SPINE_2" in ids
    split_tool.undo()
    assert "SPINE_2" not in a_session.masks.names()
    assert "SPINE_2" not in {row["name"] for row in split_tool.state.view_segments}


def test_the_button_refuses_where_there_is_one_island(split_tool):
    refused = []
    split_tool.on_refused = lambda error: refused.append(error.code)
    split_tool.set_active_segment("SPINE")
    split_tool.apply()

    assert refused == ["NOTHING_TO_SPLIT"]
