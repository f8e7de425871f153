"""What the lesion network is told of a candidate, and what plain anatomy rules out."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.readers.cacs import lesioninput
from readingroom.readers.cacs.detect import Anchors
from readingroom.readers.cacs.heartframe import template
from readingroom.readers.cacs.lesion import LABELS, Lesion
from readingroom.readers.cacs.lesioninput import Scan, lesion_inputs
from readingroom.readers.cacs.organs import PATCH_ORGANS, Organs
from readingroom.readers.cacs.tissuemap import CLASSES

SPACING = 5.0


def the_template_patient() -> Organs:
    """A patient whose heart, aorta and pulmonary artery are the template's."""
    model = template()
    probabilities = np.zeros((len(CLASSES), *model.masks.shape[1:]), np.float32)
    for name, mask in zip(("HEART", "AORTA", "PULMONARY_ARTERY"), model.masks, strict=True):
        probabilities[CLASSES.index(name)] = mask
    probabilities[0] = np.clip(1 - probabilities.sum(0), 0, 1)
    return Organs(probabilities, model.origin_mm, model.spacing_mm)


def a_scan_of(background_hu: float, centre_mm: np.ndarray) -> tuple[Scan, Lesion]:
    """A bright ball of 3 mm radius in uniform tissue, 1 mm voxels."""
    shape = np.array([40, 50, 50])
    origin = centre_mm - (shape[::-1] - 1) / 2
    k, j, i = np.ogrid[:40, :50, :50]
    ball = (k - 19.5) ** 2 + (j - 24.5) ** 2 + (i - 24.5) ** 2 <= 9.0
    hu = np.where(ball, 400.0, background_hu).astype(np.float32)
    affine = np.eye(4)
    affine[:3, 3] = origin
    return Scan(hu, affine, (1.0, 1.0, 1.0), 130.0, 45.0, 10.0), Lesion((0, 0, 0), ball)


@pytest.fixture(scope="module")
def patient():
    return the_template_patient()


def surroundings_of(patient: Organs, background_hu: float) -> np.ndarray:
    scan, lesion = a_scan_of(background_hu, template().landmarks["mitral_annulus_centre"])
    _, features = lesion_inputs(scan, patient, [lesion])
    start = lesioninput.POSITION + lesioninput.MEASURES
    return features[0, start : start + lesioninput.SURROUNDINGS]


def test_every_feature_has_its_column(patient):
    scan, lesion = a_scan_of(40.0, template().landmarks["mitral_annulus_centre"])
    patches, features = lesion_inputs(scan, patient, [lesion, lesion])
    assert patches.shape == (2, lesioninput.CHANNELS, *lesioninput.PATCH_SHAPE)
    assert features.shape == (2, lesioninput.FEATURES)
    assert np.isfinite(features).all()


def test_a_lesion_in_fat_is_told_from_one_in_blood_and_one_in_lung(patient):
    fat, lung, bright = [0, 3], [1, 4], [2, 5]
    assert surroundings_of(patient, -100.0)[fat] == pytest.approx(1.0, abs=0.1)
    assert surroundings_of(patient, 45.0) == pytest.approx(0.0, abs=0.1)
    assert surroundings_of(patient, -850.0)[lung] == pytest.approx(1.0, abs=0.1)
    assert surroundings_of(patient, 300.0)[bright] == pytest.approx(1.0, abs=0.1)


def test_a_point_on_an_artery_is_at_no_distance_from_it_and_its_place_can_be_read_back():
    model = template()
    for column, path in enumerate(model.vessels.values(), 3):
        points = path[::7]
        features = lesioninput.position_features(points)
        assert features[:, column] == pytest.approx(0.0, abs=1e-9)
        assert np.allclose(lesioninput.template_points(features), points)


def test_depths_are_negative_inside_and_far_for_organs_that_were_not_found(patient):
    heart = np.argwhere(patient.of("HEART") > 0.9).mean(0)[::-1] * SPACING + patient.origin_mm
    corner = patient.origin_mm
    depths = patient.depths_mm(np.stack([heart, corner]))
    channel = [names[0] for names in PATCH_ORGANS].index("HEART")
    lungs = [names[0] for names in PATCH_ORGANS].index("LUNG_RIGHT")
    assert depths[0, channel] < -5
    assert depths[1, channel] > 10
    assert (depths[:, lungs] > 100).all()


def logits_for(first: str, second: str) -> np.ndarray:
    logits = np.zeros(len(LABELS), np.float32)
    logits[LABELS.index(first)], logits[LABELS.index(second)] = 6.0, 4.0
    return logits


def test_far_from_the_aorta_nothing_is_called_aortic_but_the_next_best(patient):
    apex = template().landmarks["lv_apex"]
    scan, lesion = a_scan_of(40.0, apex)
    proposal = Anchors.of(scan, patient).name(lesion, logits_for("ASCENDING_AORTA", "LAD"), 0.5)
    assert proposal.label == "LAD"
    assert proposal.probabilities["ASCENDING_AORTA"] == 0.0
    assert sum(proposal.probabilities.values()) == pytest.approx(1.0, abs=0.1)


def test_what_lies_off_an_artery_s_course_is_not_called_that_artery(patient):
    apex = template().landmarks["lv_apex"]
    scan, lesion = a_scan_of(40.0, apex)
    proposal = Anchors.of(scan, patient).name(lesion, logits_for("LM", "PERICARDIUM"), 0.5)
    assert proposal.label == "PERICARDIUM"
    assert proposal.probabilities["LM"] == 0.0
    assert proposal.probabilities["LAD"] > 0.0


def test_on_the_aorta_the_part_is_a_matter_of_geometry(patient):
    aorta = np.argwhere(patient.of("AORTA") > 0.9)[-1][::-1] * SPACING + patient.origin_mm
    scan, lesion = a_scan_of(40.0, aorta)
    anchors = Anchors.of(scan, patient)
    names = {
        anchors.name(lesion, logits_for(part, "RCA"), 0.5).label
        for part in ("ASCENDING_AORTA", "ARCH", "DESCENDING_AORTA")
    }
    assert len(names) == 1
    assert names <= {"ASCENDING_AORTA", "ARCH", "DESCENDING_AORTA"}
