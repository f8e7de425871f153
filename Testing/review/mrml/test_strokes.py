from __future__ import annotations

import numpy as np
import pytest
import slicer
import vtk

from readingroom.errors import RefusedInput
from readingroom.review.mrml import LandmarkWatcher, StrokeWatcher, collect_masks, update
from readingroom.review.mrml.images import touch, voxels_of
from readingroom.review.mrml.segmentation import BINARY, shared_image


class Edits:
    """Counts what a session is told."""

    def __init__(self, session, shown) -> None:
        self.changes: list = []
        session.subscribe(lambda change: update(shown, session, change))
        session.subscribe(self.changes.append)


@pytest.fixture
def edits(a_session, shown) -> Edits:
    return Edits(a_session, shown)


@pytest.fixture
def a_watcher(a_session, shown, edits):
    watcher = StrokeWatcher(shown, a_session)
    yield watcher
    watcher.stop()


def paint_in_node(shown, name: str, kji: tuple[int, int, int]) -> None:
    """Mark one voxel as Slicer's segment editors do: by a label map of their own."""
    node, segmentation = shown.segmentation, shown.segmentation.GetSegmentation()
    stroke = slicer.vtkOrientedImageData()
    stroke.DeepCopy(segmentation.GetSegment(name).GetRepresentation(BINARY))
    k, j, i = kji
    stroke.SetExtent(i, i, j, j, k, k)
    stroke.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    voxels_of(stroke)[...] = 1
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    logic.SetBinaryLabelmapToSegment(stroke, node, name, logic.MODE_MERGE_MASK, stroke.GetExtent())


def value_of(session, name: str) -> tuple[int, int]:
    segment = next(s for s in session.masks.segments if s.name == name)
    return segment.layer, segment.value


def test_a_stroke_in_the_node_becomes_one_edit(a_watcher, a_session, shown, edits):
    layer, value = value_of(a_session, "LAD")
    before = a_session.masks.layers[layer].copy()
    paint_in_node(shown, "LAD", (3, 4, 40))
    a_watcher.what = "draw"
    assert a_watcher.flush()
    before[3, 4, 40] = value
    assert np.array_equal(a_session.masks.layers[layer], before)
    assert [change.kind for change in edits.changes] == ["mask"]
    assert a_session.undo_text == "draw"


def test_telling_twice_tells_once(a_watcher, shown, edits):
    paint_in_node(shown, "LAD", (3, 4, 40))
    assert a_watcher.flush()
    assert not a_watcher.flush()
    assert len(edits.changes) == 1


def test_an_undo_in_the_session_comes_to_the_node_and_not_back(a_watcher, a_session, shown, edits):
    before = collect_masks(shown.segmentation, a_session.masks)
    paint_in_node(shown, "LAD", (3, 4, 40))
    a_watcher.flush()
    a_session.undo()
    assert not a_watcher.flush()
    after = collect_masks(shown.segmentation, a_session.masks)
    assert all(np.array_equal(x, y) for x, y in zip(before.layers, after.layers, strict=True))
    assert len(edits.changes) == 2


def test_a_stroke_over_a_neighbour_does_not_erase_it(a_watcher, a_session, shown):
    layer, rca = value_of(a_session, "RCA")
    k, j, i = (int(x) for x in np.argwhere(a_session.masks.layers[layer] == rca)[0])
    paint_in_node(shown, "LAD", (k, j, i))
    a_watcher.flush()
    assert a_session.masks.layers[layer][k, j, i] == rca
    assert shared_image(shown.segmentation, a_session.masks, layer) is not None
    found = collect_masks(shown.segmentation, a_session.masks)
    assert np.array_equal(found.layers[layer], a_session.masks.layers[layer])


def test_a_stroke_takes_a_neighbours_voxel_when_asked(a_watcher, a_session, shown):
    layer, rca = value_of(a_session, "RCA")
    _, lad = value_of(a_session, "LAD")
    k, j, i = (int(x) for x in np.argwhere(a_session.masks.layers[layer] == rca)[0])
    a_watcher.overwrite = True
    paint_in_node(shown, "LAD", (k, j, i))
    a_watcher.flush()
    assert a_session.masks.layers[layer][k, j, i] == lad


def test_a_neighbour_erased_in_the_node_itself_comes_back(a_watcher, a_session, shown):
    layer, rca = value_of(a_session, "RCA")
    _, lad = value_of(a_session, "LAD")
    image = shared_image(shown.segmentation, a_session.masks, layer)
    labels = voxels_of(image)
    place = tuple(np.argwhere(labels == rca)[0])
    labels[place] = lad
    touch(image)
    a_watcher.flush()
    assert np.count_nonzero(a_session.masks.layers[layer] == rca) == np.count_nonzero(
        voxels_of(shared_image(shown.segmentation, a_session.masks, layer)) == rca
    )
    found = collect_masks(shown.segmentation, a_session.masks)
    assert np.array_equal(found.layers[layer], a_session.masks.layers[layer])


def test_erasing_everything_and_painting_again(a_watcher, a_session, shown):
    layer, value = value_of(a_session, "RCA")
    for name in a_session.masks.names():
        if value_of(a_session, name)[0] == layer:
            shown.segmentation.GetSegmentation().ClearSegment(name)
    a_watcher.flush()
    assert not a_session.masks.layers[layer].any()
    paint_in_node(shown, "RCA", (3, 4, 5))
    a_watcher.flush()
    assert [tuple(p) for p in np.argwhere(a_session.masks.layers[layer])] == [(3, 4, 5)]
    assert a_session.masks.layers[layer][3, 4, 5] == value


def test_what_a_signed_reading_refuses_is_put_back(a_watcher, a_session, shown):
    a_session.sign("Dr. Who")
    before = [layer.copy() for layer in a_session.masks.layers]
    paint_in_node(shown, "LAD", (3, 4, 40))
    with pytest.raises(RefusedInput) as refusal:
        a_watcher.flush()
    assert refusal.value.code == "SIGNED"
    found = collect_masks(shown.segmentation, a_session.masks)
    assert all(np.array_equal(x, y) for x, y in zip(found.layers, before, strict=True))


def test_a_host_with_an_event_loop_is_told_when_it_is_idle(a_session, shown, edits):
    waiting: list = []
    watcher = StrokeWatcher(shown, a_session, later=waiting.append)
    paint_in_node(shown, "LAD", (3, 4, 40))
    assert len(waiting) == 1 and not edits.changes
    waiting.pop()()
    assert len(edits.changes) == 1
    watcher.stop()


def test_a_dragged_landmark_is_moved_in_the_session(a_session, shown, edits):
    watcher = LandmarkWatcher(shown, a_session)
    node = shown.landmarks
    node.SetNthControlPointPosition(0, 10.0, 20.0, 30.0)
    node.InvokeEvent(slicer.vtkMRMLMarkupsNode.PointEndInteractionEvent)
    assert a_session.reading.landmarks[0].position_lps_mm == pytest.approx((-10.0, -20.0, 30.0))
    assert [change.what for change in edits.changes] == ["move_landmark"]
    a_session.undo()
    position = [0.0, 0.0, 0.0]
    node.GetNthControlPointPositionWorld(0, position)
    assert position == pytest.approx([-1.0, -2.0, 3.0])
    assert len(edits.changes) == 2
    watcher.stop()


def test_landmarks_placed_and_removed_in_the_scene_follow(a_session, shown, edits):
    watcher = LandmarkWatcher(shown, a_session)
    shown.landmarks.AddControlPoint([1.0, 1.0, 1.0], "ROOT")
    assert [mark.name for mark in a_session.reading.landmarks] == ["APEX", "ROOT"]
    a_session.undo()
    assert shown.landmarks.GetNumberOfControlPoints() == 1
    shown.landmarks.RemoveNthControlPoint(0)
    assert a_session.reading.landmarks == []
    watcher.stop()
