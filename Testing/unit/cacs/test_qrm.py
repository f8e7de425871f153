"""The QRM phantom: found in a synthetic scan by its geometry, and the published scan matched."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.errors import RefusedInput
from readingroom.readers.cacs import qrm
from readingroom.readers.cacs.phantom import Cylinder, render
from Testing.fixtures import second_publication

SPACING = (3.0, 0.488, 0.488)

#: van Praagh's method applied by its users to the scan Large_rep1 (published_scores_canon.xlsx):
#: volume mm3, Agatston, mass mg.
PUBLISHED = {
    "large_high": (302.20474, 402.93965, 94.77115),
    "medium_high": (82.15968, 88.11328, 20.90344),
    "small_high": (9.28762, 6.19174, 1.13952),
    "large_medium": (216.4729, 238.38214, 47.79026),
    "medium_medium": (58.58342, 69.53805, 10.88246),
    "small_medium": (0.0, 0.0, 0.0),
    "large_low": (167.17709, 138.59981, 25.37331),
    "medium_low": (34.29274, 22.86182, 4.75308),
    "small_low": (0.0, 0.0, 0.0),
}
#: The same scan by other software with other rules (published_agatston.csv): Agatston, mass.
PUBLISHED_BY_OTHER_RULES = {
    "large_high": (396.271616, 94.326847),
    "medium_high": (89.304, 21.402880),
    "small_high": (6.191744, 1.139844),
    "large_medium": (236.715136, 49.430435),
    "medium_medium": (69.538048, 10.959924),
    "small_medium": (0.0, 0.0),
    "large_low": (137.409088, 25.179247),
    "medium_low": (22.385536, 4.687343),
    "small_low": (0.0, 0.0),
}
OTHER_FACTOR = 0.7222519504066924

PUBLISHED_FACTOR = 0.7220477104423333

HU_PER_DENSITY = 1.4


def a_simulated_phantom(turned_degrees=17.0, shift_px=(6.3, -9.7)):
    """The insert and the rods without noise, somewhere off the centre, turned."""
    shape = (36, 300, 300)
    middle = np.array([shape[1] / 2 + shift_px[0], shape[2] / 2 + shift_px[1]]) * SPACING[1]
    rods = [Cylinder((78.0, *middle), 20.0, 20.0, 40 + 200 * HU_PER_DENSITY)]
    directions = {"high": 0.0, "medium": 120.0, "low": 240.0}
    for density, angle in directions.items():
        away = np.radians(angle + turned_degrees)
        outward = np.array([np.sin(away), np.cos(away)])
        for size, inward in (("large", 0.0), ("medium", 12.5), ("small", 25.0)):
            j, i = middle + outward * (37.0 - inward)
            hu = 40 + HU_PER_DENSITY * qrm.DENSITIES_MG_CM3[density]
            edge = qrm.SIZES_MM[size]
            rods.append(Cylinder((48.0, j, i), edge, edge, hu))
        if density == "low":
            rods.append(Cylinder((78.0, *(middle - outward * 23.0)), 20.0, 20.0, 0.0))
    return render(shape, SPACING, rods, supersample=8), middle / SPACING[1]


@pytest.mark.parametrize("turned", [0.0, 17.0, 133.0])
@pytest.mark.parametrize("reversed_slices", [False, True])
def test_the_phantom_is_found_however_it_lies(turned, reversed_slices):
    image, middle = a_simulated_phantom(turned)
    phantom = qrm.locate(image[::-1] if reversed_slices else image, SPACING)
    inserts = {insert.name: insert for insert in phantom.inserts}
    away = np.radians(turned)
    expected = middle + np.array([np.sin(away), np.cos(away)]) * (37.0 - 12.5) / SPACING[1]
    assert np.hypot(*(inserts["medium_high"].center - expected)) < 1.0
    assert phantom.calibration.factor == pytest.approx(
        200.0 / (40 + 200 * HU_PER_DENSITY), rel=0.01
    )


def test_sizes_and_densities_come_out_in_order():
    image, _ = a_simulated_phantom()
    found = qrm.measure(image, SPACING, qrm.locate(image, SPACING))
    for density in qrm.DENSITIES_MG_CM3:
        by_size = [
            found[f"{size}_{density}"]["mass"].value for size in ("large", "medium", "small")
        ]
        assert by_size == sorted(by_size, reverse=True)
    for size in ("large", "medium"):
        values = [found[f"{size}_{d}"]["agatston_score"].value for d in ("high", "medium", "low")]
        assert values == sorted(values, reverse=True)
        assert values[-1] > 0


def test_true_masses_are_the_manufacturers():
    image, _ = a_simulated_phantom()
    masses = {insert.name: insert.true_mass_mg for insert in qrm.locate(image, SPACING).inserts}
    assert masses["large_high"] == pytest.approx(78.5, abs=0.05)
    assert masses["medium_low"] == pytest.approx(4.2, abs=0.05)
    assert masses["small_high"] == pytest.approx(0.63, abs=0.01)


def test_something_else_is_refused():
    with pytest.raises(RefusedInput) as refused:
        qrm.locate(np.full((20, 128, 128), 40.0), SPACING)
    assert refused.value.code == "PHANTOM_NOT_FOUND"


@pytest.fixture
def the_published_scan(shared_data):
    """Voxels in HU ``[k, j, i]`` of the scan Large_rep1, by slice position."""
    import pydicom

    files = sorted((shared_data / "cac_qrm_phantom" / "dicom").iterdir())
    slices = [pydicom.dcmread(file) for file in files]
    slices.sort(key=lambda one: float(one.ImagePositionPatient[2]))
    first = slices[0]
    spacing = (3.0, *(float(step) for step in first.PixelSpacing))
    image = np.stack([s.pixel_array * float(s.RescaleSlope) for s in slices])
    return image + float(first.RescaleIntercept), spacing


def test_every_published_value_of_every_insert_is_matched(the_published_scan):
    image, spacing = the_published_scan
    phantom = qrm.locate(image, spacing)
    found = qrm.measure(image, spacing, phantom)
    assert phantom.calibration.factor == pytest.approx(PUBLISHED_FACTOR, rel=0.005)
    for name, (volume, score, mass) in PUBLISHED.items():
        assert found[name]["volume"].value == pytest.approx(volume, abs=1e-4), name
        assert found[name]["agatston_score"].value == pytest.approx(score, abs=1e-4), name
        assert found[name]["mass"].value == pytest.approx(mass, rel=0.005), name


def test_the_other_published_values_differ_by_their_rules_only(the_published_scan):
    image, spacing = the_published_scan
    phantom = qrm.locate(image, spacing)
    slices = range(phantom.slices[0] + 1, phantom.slices[1] - 1)
    for insert in phantom.inserts:
        score, mass = second_publication.score_and_mass(
            image, slices, insert.center, spacing, OTHER_FACTOR
        )
        expected_score, expected_mass = PUBLISHED_BY_OTHER_RULES[insert.name]
        assert score == pytest.approx(expected_score, abs=1e-4), insert.name
        assert mass == pytest.approx(expected_mass, abs=1e-3), insert.name
