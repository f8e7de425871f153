"""The prior scan in a scene: its transform brings it onto the current one."""

from __future__ import annotations

import numpy as np
import pytest
import vtk

from readingroom.review import ReviewSession
from readingroom.review.mrml.prior import present_prior
from readingroom.review.prior import open_prior
from Testing.fixtures import review_cases
from Testing.fixtures.review_pair import SHIFT_MM, a_compared_case


@pytest.fixture
def a_pair(tmp_path):
    case = review_cases.a_case(tmp_path / "case")
    later, earlier = a_compared_case(case, tmp_path)
    session = ReviewSession.open(later, study=case.study, autosave=False)
    yield session, open_prior(session.reading, session.volume, earlier)
    session.close()


def nodes_of(a_pair, scene, *, registered: bool = True):
    session, prior = a_pair
    labels = {one.label for one in session.reader.finding_classes}
    stored = session.reading.transforms["prior"] if registered else None
    return present_prior(prior, stored, labels, scene)


def test_the_transform_takes_the_prior_to_the_current_scan(a_pair, a_scene):
    nodes = nodes_of(a_pair, a_scene)
    to_world = vtk.vtkGeneralTransform()
    nodes.volume.GetParentTransformNode().GetTransformToWorld(to_world)
    session, _ = a_pair
    now = np.array(session.reading.findings[0].position_lps_mm)
    x, y, z = now + SHIFT_MM
    there = to_world.TransformPoint(-x, -y, z)

    assert np.allclose([-there[0], -there[1], there[2]], now, atol=0.01)
    assert nodes.segmentation.GetParentTransformNode() is nodes.transform


def test_without_a_registration_the_scan_stays_where_it_is(a_pair, a_scene):
    nodes = nodes_of(a_pair, a_scene, registered=False)

    assert nodes.transform is None
    assert nodes.volume.GetParentTransformNode() is None


def test_only_findings_are_shown_of_the_masks(a_pair, a_scene):
    ids = nodes_of(a_pair, a_scene).segmentation.GetSegmentation().GetSegmentIDs()

    assert "RCA" in ids and "SPINE" not in ids


def test_nothing_is_left_when_it_is_removed(a_pair, a_scene):
    before = a_scene.GetNumberOfNodes()
    nodes_of(a_pair, a_scene).remove()
    left = [a_scene.GetNthNode(n).GetClassName() for n in range(a_scene.GetNumberOfNodes())]

    kinds = ("vtkMRMLScalarVolumeNode", "vtkMRMLSegmentationNode", "vtkMRMLTransformNode")
    assert not set(kinds) & set(left[before:])
