"""The live feed of the guidewire module: a node whose picture changes, wires in the scene."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import slicer

from readingroom.slicerdesktop.livecurves import INFERRED, SEEN
from Testing.desktop.host.desk import Desk

SHAPE = (96, 128)


def a_frame(column: int | None) -> np.ndarray:
    """Return a bright picture with a dark vertical line, or without."""
    frame = np.full((1, *SHAPE), 180, np.uint8)
    if column is not None:
        frame[:, 10:86, column : column + 3] = 20
    return frame


@pytest.fixture
def a_node():
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Fluoroscopy")
    slicer.util.updateVolumeFromArray(node, a_frame(40))
    node.SetSpacing(0.5, 0.5, 1.0)
    node.SetOrigin(-30.0, 20.0, 7.0)
    return node


@pytest.fixture
def a_desk(the_application, a_node):
    desk = Desk(the_application, "ModuleGuidewire")
    desk.live = desk.widget.live
    desk.live.feed.command = [sys.executable, "-m", "Testing.desktop.host.darklive"]
    yield desk
    desk.widget.cleanup()


def curves() -> list:
    return [
        node
        for node in slicer.util.getNodesByClass("vtkMRMLMarkupsCurveNode")
        if node.GetDisplayVisibility()
    ]


def read(desk: Desk, count: int) -> None:
    """Wait until `count` frames of the feed have been read."""
    desk.application.until(lambda: desk.live.feed.read >= count)


def next_frame(desk: Desk, node, column: int | None) -> None:
    """Let another picture come, and wait until it has been read."""
    before = desk.live.feed.read
    slicer.util.updateVolumeFromArray(node, a_frame(column))
    read(desk, before + 1)


def test_each_new_picture_is_read_and_its_wire_drawn_in_place(a_desk, a_node):
    a_desk.click("liveButton")
    read(a_desk, 1)
    (curve,) = curves()
    places = slicer.util.arrayFromMarkupsControlPoints(curve)
    assert places[:, 0] == pytest.approx(-30 + 0.5 * 41, abs=0.3)
    assert sorted(places[[0, -1], 1]) == pytest.approx([20 + 0.5 * 10, 20 + 0.5 * 85], abs=1.5)
    assert places[:, 2] == pytest.approx(7.0)
    next_frame(a_desk, a_node, 46)
    places = slicer.util.arrayFromMarkupsControlPoints(curves()[0])
    assert places[:, 0] == pytest.approx(-30 + 0.5 * 47, abs=0.3)
    assert a_desk.ui.liveLabel.text.startswith("1 wires")


def colours() -> list:
    return [pytest.approx(curve.GetDisplayNode().GetSelectedColor()) for curve in curves()]


def test_the_line_covers_the_wire_and_leaves_its_surroundings_free(a_desk, a_node):
    a_desk.click("liveButton")
    read(a_desk, 1)
    display, pixel_mm = curves()[0].GetDisplayNode(), a_node.GetSpacing()[0]
    assert display.GetCurveLineSizeMode() == display.UseLineDiameter
    assert pixel_mm < display.GetLineDiameter() < 4 * pixel_mm
    assert not display.GetUseGlyphScale()
    assert display.GetGlyphSize() < pixel_mm


def test_what_is_inferred_has_another_colour(a_desk, a_node):
    a_desk.click("liveButton")
    read(a_desk, 1)
    assert colours() == [SEEN]
    next_frame(a_desk, a_node, 110)  # this wire has a part that is inferred
    assert colours() == [SEEN, INFERRED, SEEN]
    upper, between, lower = (slicer.util.arrayFromMarkupsControlPoints(c) for c in curves())
    assert np.array_equal(upper[-1], between[0]) and np.array_equal(between[-1], lower[0])


def test_a_wire_that_is_only_expected_is_inferred_whole(a_desk, a_node):
    a_desk.click("liveButton")
    read(a_desk, 1)
    next_frame(a_desk, a_node, None)
    assert colours() == [INFERRED]


def test_pictures_that_come_too_fast_are_skipped_and_counted(a_desk, a_node):
    a_desk.click("liveButton")
    for column in range(30, 60):
        slicer.util.updateVolumeFromArray(a_node, a_frame(column))
    feed = a_desk.live.feed
    came = feed.received
    a_desk.application.until(lambda: feed.read + feed.skipped == came)
    assert feed.skipped >= came - 2  # none was ready to be read while they came
    places = slicer.util.arrayFromMarkupsControlPoints(curves()[0])
    assert places[:, 0] == pytest.approx(-30 + 0.5 * 60, abs=0.3)  # the newest


def test_stopping_takes_the_curves_away(a_desk, a_node):
    a_desk.click("liveButton")
    read(a_desk, 1)
    assert a_desk.ui.liveButton.text == "Stop live"
    a_desk.click("liveButton")
    assert not slicer.util.getNodesByClass("vtkMRMLMarkupsCurveNode")
    assert not a_desk.live.feed.running
    slicer.util.updateVolumeFromArray(a_node, a_frame(50))
    assert not slicer.util.getNodesByClass("vtkMRMLMarkupsCurveNode")


@pytest.mark.parametrize("leave", ["close_scene", "remove"])
def test_the_feed_ends_with_its_node(a_desk, a_node, leave):
    a_desk.click("liveButton")
    read(a_desk, 1)
    if leave == "remove":
        slicer.mrmlScene.RemoveNode(a_node)
        a_desk.settle()
    else:
        a_desk.close_scene()
    assert not a_desk.live.feed.running
    assert not slicer.util.getNodesByClass("vtkMRMLMarkupsCurveNode")


def test_a_refused_picture_is_told_and_the_next_is_read(a_desk, a_node):
    a_desk.click("liveButton")
    read(a_desk, 1)
    slicer.util.updateVolumeFromArray(a_node, np.zeros((1, *SHAPE), np.uint8))
    a_desk.application.until(lambda: "FRAME_SHAPE" in a_desk.ui.liveLabel.text)
    next_frame(a_desk, a_node, 45)
    assert len(curves()) == 1


def test_a_process_that_ends_is_told(a_desk):
    a_desk.live.feed.command = [sys.executable, "-m", "Testing.desktop.host.darklive", "die"]
    a_desk.click("liveButton")
    a_desk.application.until(lambda: "LIVE_ENDED" in a_desk.ui.liveLabel.text)
    assert a_desk.ui.liveButton.text == "Start live"


def test_a_stack_of_pictures_is_refused(a_desk, a_node):
    slicer.util.updateVolumeFromArray(a_node, np.zeros((5, *SHAPE), np.uint8))
    a_desk.click("liveButton")
    assert "NOT_ONE_PICTURE" in a_desk.application.shown[-1]
    assert not a_desk.live.feed.running


def test_without_openigtlink_the_panel_says_so(a_desk):
    assert "SlicerOpenIGTLink" in a_desk.ui.liveSourceLabel.text


class Connector:
    """Mirrors vtkMRMLIGTLConnectorNode: what it delivers."""

    def __init__(self, *nodes) -> None:
        self.nodes = nodes

    def GetNumberOfIncomingMRMLNodes(self) -> int:  # noqa: N802
        return len(self.nodes)

    def GetIncomingMRMLNode(self, number: int):  # noqa: N802
        return self.nodes[number]


@pytest.fixture
def connectors(monkeypatch):
    """Let 3D Slicer have OpenIGTLink, with these connectors."""
    made, others = [], slicer.util.getNodesByClass
    monkeypatch.setattr(slicer, "vtkMRMLIGTLConnectorNode", Connector, raising=False)
    monkeypatch.setattr(
        slicer.util,
        "getNodesByClass",
        lambda kind, *rest: (
            list(made) if kind == "vtkMRMLIGTLConnectorNode" else others(kind, *rest)
        ),
    )
    return made


def test_what_comes_by_openigtlink_is_followed_before_the_chosen_node(a_desk, a_node, connectors):
    a_desk.enter()
    assert a_desk.ui.liveSourceLabel.text.startswith("No OpenIGTLink connection")
    sent = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Tracked C-arm")
    slicer.util.updateVolumeFromArray(sent, a_frame(70))
    tool = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "Tool")
    connectors.append(Connector(tool, sent))
    a_desk.enter()
    assert "Tracked C-arm" in a_desk.ui.liveSourceLabel.text
    a_desk.click("liveButton")
    assert a_desk.live.feed.node is sent
    read(a_desk, 1)
    assert len(curves()) == 1
