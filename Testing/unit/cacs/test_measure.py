"""The calcium measures against arithmetic by hand and against the plain reference."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.readers.cacs.lesion import Lesion
from readingroom.readers.cacs.measure import (
    Calibration,
    ScoringRule,
    agatston,
    candidates,
    lesions_from_mask,
    measure_lesion,
    oversized,
    totals,
)
from readingroom.readers.cacs.phantom import Cylinder, render
from readingroom.reading import Finding, Measurement
from Testing.fixtures import reference_agatston

STANDARD = ScoringRule()
GRIDS = [
    # spacing (k, j, i) mm, slice thickness mm
    ((3.0, 0.5, 0.5), None),
    ((3.0, 0.43, 0.43), None),
    ((2.5, 0.7, 0.7), None),
    ((1.5, 0.36, 0.36), 3.0),
    ((0.625, 0.8, 0.8), None),
    ((5.0, 0.6, 0.6), None),
    ((3.0, 0.5, 0.5), 2.0),
]


def blank(shape=(5, 20, 20), hu=40.0):
    return np.full(shape, hu)


def whole(image):
    return Lesion((0, 0, 0), np.ones(image.shape, dtype=bool))


def measured(image, spacing=(3.0, 0.5, 0.5), rule=STANDARD, **more):
    return measure_lesion(image, whole(image), spacing, rule, Calibration(), **more)


def off_grid_cylinders():
    return [
        Cylinder((13.37, 8.21, 7.93), 5.0, 5.0, 620.0),
        Cylinder((12.11, 15.04, 17.77), 3.0, 3.0, 350.0),
        Cylinder((14.9, 21.3, 6.2), 1.2, 1.4, 900.0),
        Cylinder((13.0, 20.6, 20.1), 2.2, 7.0, 210.0),
    ]


@pytest.mark.parametrize(("spacing", "thickness"), GRIDS)
@pytest.mark.parametrize(
    "rule", [STANDARD, ScoringRule(connectivity=4), ScoringRule(minimum_pixels=4)]
)
def test_off_grid_cylinders_score_exactly_as_the_formula_says(spacing, thickness, rule):
    shape = tuple(int(np.ceil(27.0 / step)) for step in spacing)
    image = render(shape, spacing, off_grid_cylinders(), slice_thickness_mm=thickness)
    everything = np.ones(shape, dtype=bool)
    expected, volume, total_hu = reference_agatston.agatston(
        image,
        everything,
        spacing,
        connectivity=rule.connectivity,
        minimum_pixels=rule.minimum_pixels,
    )
    found = measured(image, spacing, rule)
    assert expected > 50
    assert found["agatston_score"].value == pytest.approx(expected, rel=1e-12)
    assert found["volume"].value == pytest.approx(volume, rel=1e-12)
    mass = 0.77e-3 * total_hu * np.prod(spacing)
    assert found["mass"].value == pytest.approx(mass, rel=1e-12)


def test_splitting_the_image_into_lesions_keeps_the_sum():
    spacing = (3.0, 0.43, 0.43)
    image = render((9, 63, 63), spacing, off_grid_cylinders())
    lesions = candidates(image, None, 130.0, spacing)
    expected, _, _ = reference_agatston.agatston(image, np.ones(image.shape, bool), spacing)
    assert len(lesions) == 4
    total = sum(agatston(image, lesion, spacing, STANDARD) for lesion in lesions)
    assert total == pytest.approx(expected, rel=1e-12)


def test_noise_and_touching_lesions_agree_with_the_reference():
    rng = np.random.default_rng(7)
    image = rng.normal(120, 60, (6, 40, 40)).round().astype(np.int16)
    mask = rng.random(image.shape) < 0.7
    for connectivity in (4, 8):
        rule = ScoringRule(connectivity=connectivity)
        expected, _, _ = reference_agatston.agatston(
            image, mask, (3.0, 0.5, 0.5), connectivity=connectivity
        )
        found = agatston(image, Lesion((0, 0, 0), mask), (3.0, 0.5, 0.5), rule)
        assert found == pytest.approx(expected, rel=1e-12)


def test_the_peak_of_each_slice_weighs_that_slice_only():
    image = blank()
    image[1, 5:9, 5:9] = 150.0
    image[2, 5:9, 5:9] = 150.0
    image[2, 6, 6] = 450.0
    # 16 pixels of 0.25 mm2: 4 mm2 x 1 and 4 mm2 x 4; over a 3-D island it would be 32.
    assert measured(image)["agatston_score"].value == pytest.approx(20.0)


def test_two_islands_of_one_slice_are_weighed_apart():
    image = blank()
    image[1, 2:6, 2:6] = 450.0
    image[1, 10:14, 2:6] = 150.0
    assert measured(image)["agatston_score"].value == pytest.approx(4 * 4 + 4 * 1)


@pytest.mark.parametrize(
    ("hu", "weight"),
    [(129, 0), (130, 1), (199, 1), (200, 2), (299, 2), (300, 3), (399, 3), (400, 4), (3000, 4)],
)
def test_weights_begin_exactly_at_the_published_hu(hu, weight):
    image = blank().astype(np.int16)
    image[1, 5:9, 5:9] = hu
    assert measured(image)["agatston_score"].value == pytest.approx(4.0 * weight)


def test_diagonal_pixels_join_with_8_neighbours_only():
    image = blank()
    for n in range(4):
        image[1, 4 + n, 4 + n] = 200.0
    assert measured(image)["agatston_score"].value == pytest.approx(2.0)
    assert measured(image, rule=ScoringRule(connectivity=4))["agatston_score"].value == 0.0


def test_one_square_millimetre_counts_and_less_does_not():
    image = blank()
    image[1, 4:6, 4:6] = 150.0  # 4 x 0.25 mm2 = 1 mm2
    image[1, 12, 12:15] = 150.0  # 0.75 mm2
    assert measured(image)["agatston_score"].value == pytest.approx(1.0)
    assert measured(image)["voxels"].value == 4


def test_more_than_three_pixels_is_independent_of_the_pixel_size():
    image = blank()
    image[1, 4:6, 4:6] = 150.0
    image[1, 12, 12:15] = 150.0
    rule = ScoringRule(minimum_pixels=4)
    assert measured(image, (3.0, 0.2, 0.2), rule)["voxels"].value == 4
    assert measured(image, (3.0, 0.2, 0.2))["voxels"].value == 0


def test_voxels_below_the_threshold_in_a_painted_mask_do_not_count():
    image = blank()
    image[2, 5:8, 5:8] = 300.0
    painted = np.ones((3, 10, 10), dtype=bool)
    tight = np.zeros_like(painted)
    tight[1, 2:5, 2:5] = True
    loose = measure_lesion(
        image, Lesion((1, 3, 3), painted), (3, 0.5, 0.5), STANDARD, Calibration()
    )
    exact = measure_lesion(image, Lesion((1, 3, 3), tight), (3, 0.5, 0.5), STANDARD, Calibration())
    assert loose == exact
    assert loose["mean_density"].value == 300.0


def test_a_mask_over_half_a_lesion_measures_that_half():
    image = blank()
    image[1, 5:9, 5:9] = 300.0
    half = np.ones((1, 4, 2), dtype=bool)
    assert agatston(image, Lesion((1, 5, 5), half), (3.0, 0.5, 0.5), STANDARD) == pytest.approx(6.0)


def test_overlapping_slices_do_not_count_calcium_twice():
    rod = [Cylinder((30.0, 8.0, 8.0), 5.0, 36.0, 350.0)]
    plain = render((20, 40, 40), (3.0, 0.4, 0.4), rod)
    overlapping = render((40, 40, 40), (1.5, 0.4, 0.4), rod, slice_thickness_mm=3.0)
    first = measured(plain, (3.0, 0.4, 0.4))
    second = measured(overlapping, (1.5, 0.4, 0.4))
    for name in ("agatston_score", "volume", "mass"):
        assert second[name].value == pytest.approx(first[name].value, rel=0.06)


def test_isotropic_volume_is_nearer_to_the_truth_than_counting_voxels():
    errors = {"volume": [], "volume_isotropic": []}
    for shift in np.linspace(0.0, 3.0, 7):
        rod = Cylinder((15.0 + shift, 8.0, 8.0), 5.0, 6.0, 300.0)
        # Half-way between background and rod, so that the edge is found without bias.
        image = render((12, 40, 40), (3.0, 0.4, 0.4), [rod], background_hu=-40.0)
        found = measured(image, (3.0, 0.4, 0.4))
        for name, seen in errors.items():
            seen.append(abs(found[name].value - rod.volume_mm3))
    assert np.mean(errors["volume_isotropic"]) < 0.75 * np.mean(errors["volume"])


def test_isotropic_volume_leaves_to_a_neighbour_what_is_the_neighbours():
    image = blank((8, 12, 12))
    image[2:6, 4:8, 4:8] = 500.0
    lower, upper = np.zeros(image.shape, bool), np.zeros(image.shape, bool)
    lower[:4], upper[4:] = True, True
    parts = [
        measure_lesion(image, Lesion((0, 0, 0), m), (3, 0.5, 0.5), STANDARD, Calibration())
        for m in (lower, upper)
    ]
    together = measured(image)["volume_isotropic"].value
    assert sum(p["volume_isotropic"].value for p in parts) == pytest.approx(together)


def test_isotropic_volume_reaches_the_first_and_last_slice():
    image = np.full((3, 6, 6), 300.0)
    assert measured(image)["volume_isotropic"].value == pytest.approx(
        measured(image)["volume"].value
    )


def test_an_empty_lesion_has_no_density_rather_than_a_made_up_one():
    found = measured(blank())
    assert found["agatston_score"].value == 0.0
    assert found["mean_density"].value is None
    assert found["peak_density"].value is None
    assert found["maximum_diameter"].value == 0.0


def test_diameter_is_the_longest_line_in_any_slice():
    image = blank((3, 30, 30))
    image[1, 3, 3:13] = 300.0
    image[2, 5, 5] = 300.0
    assert measured(image)["maximum_diameter"].value == pytest.approx(9 * 0.5 + 0.5)


def test_mass_says_whether_it_is_calibrated():
    image = blank()
    image[1, 5:9, 5:9] = 300.0
    volume_cm3 = 16 * 0.75 / 1000
    plain = measure_lesion(image, whole(image), (3, 0.5, 0.5), STANDARD, Calibration())["mass"]
    known = Calibration.from_insert(200.0, 290.0, 10.0)
    exact = measure_lesion(image, whole(image), (3, 0.5, 0.5), STANDARD, known)["mass"]
    assert plain.value == pytest.approx(0.77 * volume_cm3 * 300)
    assert plain.method.startswith("uncalibrated")
    assert exact.value == pytest.approx(200 / 280 * volume_cm3 * 300)
    assert exact.method.startswith("calibrated")
    with pytest.raises(ValueError, match="denser than water"):
        Calibration.from_insert(200.0, 10.0, 10.0)


def test_adapted_score_stands_beside_the_standard_one():
    image = blank()
    image[1, 5:9, 5:9] = 250.0
    found = measured(image, adapted=ScoringRule.for_kvp(80.0))
    assert found["agatston_score"].value == pytest.approx(4 * 2)
    assert found["agatston_score_kvp_adapted"].value == pytest.approx(4 * 1)


def test_contrast_derived_values_never_bear_the_plain_names():
    image = blank()
    image[1, 5:9, 5:9] = 800.0
    found = measured(image, rule=STANDARD.with_threshold(400.0), contrast_derived=True)
    assert all(name.startswith("contrast_derived_") for name in found)
    assert not any("agatston" in name for name in found)
    assert found["contrast_derived_calcium_score"].value == pytest.approx(4 * 2)


def test_orcascore_counts_above_130_every_voxel_by_faces():
    image = blank()
    image[1, 5, 5] = 131.0
    image[1, 6, 6] = 131.0
    image[2, 9, 9] = 130.0
    rule = ScoringRule.orcascore()
    found = lesions_from_mask(image, np.ones(image.shape, bool), 130.0, 6, strictly_above=True)
    assert len(found) == 2
    assert measured(image, rule=rule)["voxels"].value == 2


class TestTotals:
    def finding(self, label, score, state="proposed", **more):
        values = {"agatston_score": score, "volume": 2 * score, "volume_isotropic": 1.9 * score}
        values |= {"mass": score / 4, "mean_density": 250.0, "peak_density": 300.0 + score} | more
        return Finding(
            id=f"{label}-{score}",
            type="lesion",
            label=label,
            state=state,
            position_lps_mm=(0.0, 0.0, 0.0),
            measurements={k: Measurement(value=v, unit="1") for k, v in values.items()},
        )

    def case(self):
        return [
            self.finding("LAD", 60.0),
            self.finding("LAD", 20.0, state="added"),
            self.finding("LM", 10.0, state="accepted"),
            self.finding("RCA", 30.0),
            self.finding("RCA", 500.0, state="rejected"),
            self.finding("RCA", 0.0),
            self.finding("ARCH", 900.0),
            self.finding("ASCENDING_AORTA", 100.0),
            self.finding("AORTIC_VALVE", 70.0),
            self.finding("BONE", 9999.0),
            self.finding("NOISE", 5.0),
        ]

    def values(self, findings, **more):
        return {name: m.value for name, m in totals(findings, **more).items()}

    def test_aorta_valves_and_rejected_are_never_inside(self):
        found = self.values(self.case())
        assert found["agatston_score"] == 120.0
        assert found["agatston_score_lad"] == 80.0
        assert found["agatston_score_lm"] == 10.0
        assert found["agatston_score_lcx"] == 0.0
        assert found["aorta_agatston_score"] == 1000.0
        assert found["aortic_arch_agatston_score"] == 900.0
        assert found["aortic_valve_agatston_score"] == 70.0
        assert found["mitral_valve_agatston_score"] == 0.0

    def test_counts_and_diffuseness_ignore_what_does_not_score(self):
        found = self.values(self.case())
        assert found["number_of_lesions"] == 4
        assert found["number_of_vessels"] == 3
        assert found["diffuseness"] == pytest.approx(1 - 80 / 120)

    def test_orcascore_counts_the_left_main_as_lad(self):
        found = self.values(self.case(), counting="orcascore")
        assert found["agatston_score_lad"] == 90.0
        assert "agatston_score_lm" not in found
        assert found["agatston_score"] == 120.0
        assert found["number_of_vessels"] == 2

    def test_volume_method_chooses_the_volume_score(self):
        assert self.values(self.case())["volume_score"] == 240.0
        assert self.values(self.case(), volume_method="isotropic")["volume_score"] == pytest.approx(
            228
        )

    def test_no_calcium_gives_zero_and_no_diffuseness(self):
        found = self.values([])
        assert found["agatston_score"] == 0.0
        assert found["number_of_vessels"] == 0
        assert found["diffuseness"] is None
        assert found["mean_density"] is None

    def test_adapted_total_appears_only_where_it_was_measured(self):
        assert "agatston_score_kvp_adapted" not in self.values(self.case())
        adapted = [self.finding("LAD", 60.0, agatston_score_kvp_adapted=44.0)]
        assert self.values(adapted)["agatston_score_kvp_adapted"] == 44.0

    def test_contrast_totals_never_bear_the_plain_names(self):
        lesion = self.finding("LAD", 1.0)
        lesion.measurements = {
            f"contrast_derived_{name}": Measurement(value=5.0, unit="1")
            for name in ("calcium_score", "volume", "volume_isotropic", "mass", "mean_density")
        }
        found = self.values([lesion], contrast_derived=True)
        assert all(name.startswith("contrast_derived_") for name in found)
        assert not any("agatston" in name for name in found)
        assert found["contrast_derived_calcium_score"] == 5.0


class TestComponents:
    def test_an_empty_mask_has_no_lesions(self):
        image = blank()
        assert lesions_from_mask(image, np.zeros(image.shape, bool)) == []
        assert candidates(image, np.zeros(image.shape, bool), 130.0, (3, 0.5, 0.5)) == []

    def test_lesions_keep_their_place_and_touch_by_corners(self):
        image = blank((6, 30, 30))
        image[1, 10:12, 10:12] = 300.0
        image[2, 12:14, 12:14] = 300.0  # touches by a corner only
        image[4, 20:23, 3:6] = 200.0
        joined = lesions_from_mask(image, image > 0, 130.0, 26)
        apart = lesions_from_mask(image, image > 0, 130.0, 6)
        assert [lesion.mask.sum() for lesion in joined] == [8, 9]
        assert len(apart) == 3
        assert joined[1].origin == (4, 20, 3)
        assert (image[joined[0].box][joined[0].mask] == 300.0).all()

    def test_candidates_stay_inside_the_region_and_can_score(self):
        image = blank((6, 30, 30))
        image[1, 10:13, 10:13] = 300.0
        image[3, 20, 20] = 300.0  # too small in any slice
        image[2:5, 3, 3] = 300.0  # 3 voxels in 3 slices, none of 1 mm2
        image[:, 25:, 25:] = 800.0  # outside the region
        region = np.zeros(image.shape, bool)
        region[:, :24, :24] = True
        found = candidates(image, region, 130.0, (3.0, 0.5, 0.5))
        assert [lesion.origin for lesion in found] == [(1, 10, 10)]

    def test_large_components_are_flagged_and_left_whole(self):
        image = np.full((20, 60, 60), 500.0)
        (bone,) = candidates(image, None, 130.0, (3.0, 0.5, 0.5))
        assert oversized(bone, (3.0, 0.5, 0.5), 10.0)
        assert not oversized(bone, (3.0, 0.5, 0.5), 60.0)


class TestRules:
    def test_cutoffs_follow_the_published_table_and_its_interpolation(self):
        assert ScoringRule.for_kvp(120).weight_cutoffs == (130, 200, 300, 400)
        assert ScoringRule.for_kvp(80).threshold_hu == 177
        assert ScoringRule.for_kvp(90).weight_cutoffs == pytest.approx((161, 246.5, 371, 495))
        assert ScoringRule.for_kvp(110).threshold_hu == pytest.approx(137.5)

    @pytest.mark.parametrize("kvp", [None, 60.0, 140.0, float("nan")])
    def test_no_cutoffs_are_invented_outside_the_table(self, kvp):
        assert ScoringRule.for_kvp(kvp) is None

    def test_the_method_text_says_what_was_used(self):
        text = ScoringRule.for_kvp(80).describe()
        assert "80 kVp" in text
        assert "177/271/408/544" in text
        assert "8-connected" in text
