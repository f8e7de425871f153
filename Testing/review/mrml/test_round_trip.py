from __future__ import annotations

import numpy as np
import pytest
import slicer
import vtk

from readingroom.errors import RefusedInput
from readingroom.reading import Landmark, Masks
from readingroom.review.mrml import collect_landmarks, collect_masks, present, present_volume
from readingroom.review.mrml.segmentation import BINARY
from readingroom.terminology import segment
from Testing.fixtures.review_cases import as_volume

SHAPE = (12, 20, 24)


def an_oblique_grid() -> np.ndarray:
    angle = np.radians(25)
    turn = np.array(
        [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]]
    )
    matrix = np.eye(4)
    matrix[:3, :3] = turn @ np.diag([0.6, 0.7, 1.5])
    matrix[:3, 3] = [-40, 15, 90]
    return matrix


def some_masks(grid: np.ndarray) -> Masks:
    """Lesions in one layer, an organ that holds them in another, one segment empty."""
    lesions, organs = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint16)
    lesions[3:5, 6:9, 7:10] = 1
    lesions[3:5, 9:11, 7:10] = 2
    organs[1:9, 2:15, 3:20] = 300
    segments = [segment("LM", 0, 1), segment("LAD", 0, 2), segment("RCA", 0, 4)]
    return Masks([lesions, organs], grid, [*segments, segment("HEART", 1, 300)])


def presented(masks: Masks, scene, a_session):
    volume = present_volume(as_volume(np.zeros(SHAPE, np.int16), masks.ijk_to_lps), scene)
    reading = a_session.reading.model_copy(update={"masks": masks})
    return present(reading, scene, volume)


@pytest.fixture(params=["straight", "oblique"])
def masks(request) -> Masks:
    return some_masks(
        np.diag([0.6, 0.7, 1.5, 1]) if request.param == "straight" else an_oblique_grid()
    )


def assert_equal(found: Masks, wanted: Masks) -> None:
    assert found.segments == wanted.segments
    assert np.array_equal(found.ijk_to_lps, wanted.ijk_to_lps)
    for one, other in zip(found.layers, wanted.layers, strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)


def image_of(node, name: str):
    return node.GetSegmentation().GetSegment(name).GetRepresentation(BINARY)


def test_masks_come_back_bit_for_bit(masks, a_scene, a_session):
    node = presented(masks, a_scene, a_session).segmentation
    assert_equal(collect_masks(node, masks), masks)


def test_collected_masks_are_copies(masks, a_scene, a_session):
    node = presented(masks, a_scene, a_session).segmentation
    found = collect_masks(node, masks)
    found.layers[0][:] = 0
    assert_equal(collect_masks(node, masks), masks)


def test_segments_of_a_layer_share_one_label_map(masks, a_scene, a_session):
    node = presented(masks, a_scene, a_session).segmentation
    assert image_of(node, "LM") is image_of(node, "LAD")
    assert image_of(node, "LM") is image_of(node, "RCA")
    assert image_of(node, "LM") is not image_of(node, "HEART")


def test_segments_have_names_colours_and_terminology(masks, a_scene, a_session):
    node = presented(masks, a_scene, a_session).segmentation
    for wanted in masks.segments:
        found = node.GetSegmentation().GetSegment(wanted.name)
        entry = vtk.reference("")
        found.GetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), entry)
        assert found.GetName() == wanted.name
        assert np.allclose(found.GetColor(), wanted.color)
        assert str(entry) == wanted.terminology


def test_the_node_has_the_reference_geometry_of_the_image(masks, a_scene, a_session):
    shown = presented(masks, a_scene, a_session)
    role = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()
    assert shown.segmentation.GetNodeReference(role) is shown.volume


def test_masks_come_back_after_an_editor_has_grown_the_label_map(masks, a_scene, a_session):
    node = presented(masks, a_scene, a_session).segmentation
    image = image_of(node, "LM")
    padded = slicer.vtkOrientedImageData()
    slicer.vtkOrientedImageDataResample.PadImageToContainImage(
        image, image_of(node, "HEART"), padded
    )
    image.DeepCopy(padded)
    assert_equal(collect_masks(node, masks), masks)


def test_masks_come_back_after_an_editor_has_separated_a_segment(masks, a_scene, a_session):
    node = presented(masks, a_scene, a_session).segmentation
    node.GetSegmentation().SeparateSegmentLabelmap("LAD")
    assert image_of(node, "LM") is not image_of(node, "LAD")
    assert_equal(collect_masks(node, masks), masks)


def test_masks_come_back_after_all_label_maps_were_joined(masks, a_scene, a_session):
    node = presented(masks, a_scene, a_session).segmentation
    node.GetSegmentation().CollapseBinaryLabelmaps(False)
    assert_equal(collect_masks(node, masks), masks)


def test_where_segments_overlap_the_one_that_was_there_stays(masks, a_scene, a_session):
    node = presented(masks, a_scene, a_session).segmentation
    node.GetSegmentation().SeparateSegmentLabelmap("LAD")
    lad = node.GetSegmentation().GetSegment("LAD")
    lad.SetLabelValue(1)
    lad.AddRepresentation(BINARY, _copied(image_of(node, "LM")))  # on top of LM exactly
    found = collect_masks(node, masks)
    assert np.array_equal(found.mask("LM"), masks.mask("LM"))
    assert not found.mask("LAD").any()


def test_a_segment_that_was_removed_is_empty(masks, a_scene, a_session):
    node = presented(masks, a_scene, a_session).segmentation
    node.GetSegmentation().RemoveSegment("LAD")
    found = collect_masks(node, masks)
    assert found.names() == masks.names()
    assert not found.mask("LAD").any()
    assert np.array_equal(found.mask("LM"), masks.mask("LM"))


def test_a_segment_that_was_added_gets_a_layer_of_its_own(masks, a_scene, a_session):
    node = presented(masks, a_scene, a_session).segmentation
    added = slicer.vtkSegment()
    added.SetName("Stent")
    added.SetLabelValue(1)
    added.AddRepresentation(BINARY, _copied(image_of(node, "LM")))
    node.GetSegmentation().AddSegment(added, "Segment_1")
    found = collect_masks(node, masks)
    assert found.names() == [*masks.names(), "Stent"]
    assert np.array_equal(found.mask("Stent"), masks.mask("LM"))
    assert np.array_equal(found.mask("HEART"), masks.mask("HEART"))


def test_a_label_map_off_the_grid_is_refused(masks, a_scene, a_session):
    node = presented(masks, a_scene, a_session).segmentation
    x, y, z = image_of(node, "HEART").GetOrigin()
    image_of(node, "HEART").SetOrigin(x + 0.3, y, z)
    with pytest.raises(RefusedInput) as refusal:
        collect_masks(node, masks)
    assert refusal.value.code == "MASK_GEOMETRY"


def test_landmarks_come_back(a_scene, a_session):
    marks = [Landmark("APEX", (1.5, -2.5, 3.0), "estimated"), Landmark("ROOT", (9.0, 8.0, 7.0))]
    reading = a_session.reading.model_copy(update={"landmarks": marks})
    volume = present_volume(a_session.volume, a_scene)
    assert collect_landmarks(present(reading, a_scene, volume).landmarks) == marks


def _copied(image):
    copy = slicer.vtkOrientedImageData()
    copy.DeepCopy(image)
    return copy
