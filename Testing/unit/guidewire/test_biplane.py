"""Two views give the wire in space; what cannot be done is refused."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset

from readingroom.errors import RefusedInput
from readingroom.readers.guidewire.biplane import (
    View,
    error_mm,
    reconstruct,
    triangulate,
    view_of,
)
from readingroom.readers.guidewire.simulatedgeometry import CArm

FRONTAL, LATERAL = CArm(-20.0, 10.0), CArm(70.0, 5.0)


def a_wire() -> np.ndarray:
    t = np.linspace(0, 1, 200)
    return np.column_stack([25 * np.sin(4 * t), 20 * np.cos(3 * t) - 10, 100 * t - 50])


def test_points_come_back_from_their_two_pictures():
    wire = a_wire()
    points = triangulate(
        FRONTAL.project(wire), View.of(FRONTAL), LATERAL.project(wire), View.of(LATERAL)
    )
    assert np.abs(points - wire).max() < 1e-6


def test_a_wire_is_rebuilt_to_half_a_millimetre():
    wire = a_wire()
    found = reconstruct(
        FRONTAL.project(wire), View.of(FRONTAL), LATERAL.project(wire), View.of(LATERAL)
    )
    assert error_mm(found.points_mm, wire) < 0.5
    assert found.angle_deg == pytest.approx(90, abs=3)
    assert np.linalg.norm(found.points_mm[-1] - wire[-1]) < 1.5


def test_calibration_errors_of_half_a_degree_and_2_mm_stay_below_a_millimetre():
    rng = np.random.default_rng(3)
    wire, errors = a_wire(), []
    for _ in range(3):
        curves = [arm.project(wire) + rng.normal(0, 0.3, (200, 2)) for arm in (FRONTAL, LATERAL)]
        views = [
            View.of(
                CArm(
                    arm.primary_deg + rng.normal(0, 0.5),
                    arm.secondary_deg + rng.normal(0, 0.5),
                    arm.sid_mm + rng.normal(0, 2.0),
                    arm.sod_mm + rng.normal(0, 2.0),
                )
            )
            for arm in (FRONTAL, LATERAL)
        ]
        found = reconstruct(curves[0], views[0], curves[1], views[1])
        errors.append(error_mm(found.points_mm, wire))
    assert np.mean(errors) < 1.0


def test_one_view_may_see_more_of_the_proximal_end():
    wire = a_wire()
    found = reconstruct(
        FRONTAL.project(wire), View.of(FRONTAL), LATERAL.project(wire[60:]), View.of(LATERAL)
    )
    assert error_mm(found.points_mm, wire) < 0.7


def test_views_too_close_are_refused():
    near = CArm(-15.0, 10.0)
    wire = a_wire()
    with pytest.raises(RefusedInput, match="VIEWS_TOO_CLOSE"):
        reconstruct(FRONTAL.project(wire), View.of(FRONTAL), near.project(wire), View.of(near))


def test_the_view_is_read_from_the_header():
    dataset = Dataset()
    dataset.Rows, dataset.Columns = 400, 512
    dataset.PositionerPrimaryAngle, dataset.PositionerSecondaryAngle = "30", "-10"
    dataset.DistanceSourceToDetector, dataset.DistanceSourceToPatient = "1000", "700"
    dataset.ImagerPixelSpacing = ["0.2", "0.2"]
    at_centre = view_of(dataset).project(np.zeros((1, 3)))[0]
    assert at_centre == pytest.approx([255.5, 199.5])


def test_a_header_without_geometry_is_refused_by_its_tags():
    dataset = Dataset()
    dataset.PositionerPrimaryAngle = "30"
    with pytest.raises(RefusedInput) as refusal:
        view_of(dataset)
    assert refusal.value.code == "GEOMETRY_MISSING"
    assert "(0018,1111)" in refusal.value.what_happened
    assert "(0018,1510)" not in refusal.value.what_happened
