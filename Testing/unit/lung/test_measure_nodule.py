"""Size and density of simulated nodules against what they are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from readingroom.readers.lungnodule.density import signed_distance
from readingroom.readers.lungnodule.glassrim import glass_rim
from readingroom.readers.lungnodule.measure import (
    axes,
    bounding_box,
    equivalent_diameter,
    fleischner_diameter,
    lung_rads_diameter,
    measure,
    solid_part,
    sphere_volume,
)
from Testing.fixtures.nodule_phantom import (
    Inside,
    NodulePhantom,
    a_lobulated,
    a_sphere,
    an_ellipsoid,
    nodule_phantom,
)

THIN, SCREENING, THICK = (0.8, 0.7, 0.7), (1.25, 0.7, 0.7), (2.5, 0.7, 0.7)


def value(phantom: NodulePhantom, name: str) -> float:
    found = measure(*phantom.asked)[name].value
    assert found is not None
    return float(found)


@pytest.mark.parametrize("spacing", [THIN, SCREENING])
@pytest.mark.parametrize(("mm", "tolerance"), [(3.5, 0.15), (5, 0.15), (6, 0.05), (10, 0.05)])
def test_volume_of_spheres(
    spacing: tuple[float, float, float], mm: float, tolerance: float
) -> None:
    phantom = nodule_phantom(a_sphere(mm), spacing, reach_mm=mm / 2 + 7)
    assert value(phantom, "volume") == pytest.approx(phantom.volume_mm3, rel=tolerance)


@pytest.mark.parametrize("spacing", [THIN, SCREENING, THICK])
def test_volume_of_a_lobulated_nodule(spacing: tuple[float, float, float]) -> None:
    phantom = nodule_phantom(a_lobulated(10), spacing)
    assert value(phantom, "volume") == pytest.approx(phantom.volume_mm3, rel=0.05)


def test_volume_of_ground_glass() -> None:
    phantom = nodule_phantom(a_sphere(10), hu=-600)
    assert value(phantom, "volume") == pytest.approx(phantom.volume_mm3, rel=0.05)


def outlined_too_widely(phantom: NodulePhantom) -> float:
    """The volume from an outline that a person drew one voxel too wide."""
    loose = ndimage.binary_dilation(np.pad(phantom.mask, 1))
    start = tuple(n - 1 for n in phantom.start_kji)
    found = measure(phantom.hu, phantom.spacing_mm, loose, start)["volume"].value  # type: ignore[arg-type]
    assert found is not None
    return float(found)


@pytest.mark.parametrize(
    ("mm", "spacing"),
    [(6, THIN), (10, (1.0, 0.7, 0.7)), (8, SCREENING), (8, (1.0, 1.0, 1.0)), (10, THICK)],
)
def test_volume_hardly_moves_with_the_outline(
    mm: float, spacing: tuple[float, float, float]
) -> None:
    phantom = nodule_phantom(a_sphere(mm), spacing, reach_mm=mm / 2 + 7)
    assert outlined_too_widely(phantom) == pytest.approx(phantom.volume_mm3, rel=0.08)


def off_centre(diameter_mm: float, k_mm: float, j_mm: float, i_mm: float) -> Inside:
    return lambda z, y, x: a_sphere(diameter_mm)(z - k_mm, y - j_mm, x - i_mm)


@pytest.mark.parametrize("spacing", [THIN, SCREENING, (2.0, 0.7, 0.7)])
def test_volume_of_ground_glass_beside_a_solid_core(spacing: tuple[float, float, float]) -> None:
    phantom = nodule_phantom(a_sphere(8), spacing, hu=-560, core=(off_centre(4, 0, 1.2, 0), 30.0))
    assert value(phantom, "volume") == pytest.approx(phantom.volume_mm3, rel=0.15)


def test_a_rim_that_the_slices_do_not_resolve_is_measured_against_the_core() -> None:
    wide = (2.0, 2.0, 2.0)
    phantom = nodule_phantom(a_sphere(8), wide)
    depth = signed_distance(phantom.mask, wide)
    hu = phantom.hu[
        tuple(slice(s, s + n) for s, n in zip(phantom.start_kji, phantom.mask.shape, strict=True))
    ]
    levels = np.stack([np.full(hu.shape, -860.0), np.full(hu.shape, 890.0)])
    assert np.isnan(glass_rim(hu.astype(float), phantom.mask, depth, wide, levels)).all()


def test_volume_repeats_under_shift_and_noise() -> None:
    rng = np.random.default_rng(3)
    volumes = [
        value(
            nodule_phantom(
                a_sphere(8), shift_mm=tuple(rng.uniform(-0.5, 0.5, 3)), reach_mm=10, seed=n
            ),
            "volume",
        )
        for n in range(6)
    ]
    assert np.std(volumes) / np.mean(volumes) < 0.02


def test_a_vessel_beside_the_nodule_does_not_count() -> None:
    def with_vessel(z: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        vessel = (z**2 + (y - 1) ** 2 < 1.5**2) & (x > 0)
        return a_sphere(10)(z, y, x) | vessel

    alone = nodule_phantom(a_sphere(10))
    attached = nodule_phantom(with_vessel)
    found = measure(attached.hu, attached.spacing_mm, alone.mask, alone.start_kji)["volume"].value
    assert found == pytest.approx(alone.volume_mm3, rel=0.08)


def test_the_uncertainty_grows_for_small_nodules_and_thick_slices() -> None:
    def relative(mm: float, spacing: tuple[float, float, float]) -> float:
        phantom = nodule_phantom(a_sphere(mm), spacing, reach_mm=mm / 2 + 7)
        return value(phantom, "volume_uncertainty") / phantom.volume_mm3

    assert relative(4, THIN) > relative(8, THIN)
    assert relative(8, THICK) > relative(8, THIN)
    assert 0.005 < relative(10, THIN) < 0.1


def test_axes_of_an_ellipsoid() -> None:
    phantom = nodule_phantom(an_ellipsoid(8, 6, 12))
    assert value(phantom, "long_axis_diameter") == pytest.approx(12, abs=0.4)
    assert value(phantom, "short_axis_diameter") == pytest.approx(6, abs=0.4)
    assert value(phantom, "mean_diameter") == pytest.approx(9, abs=0.3)
    assert value(phantom, "maximum_3d_diameter") == pytest.approx(12, abs=0.5)


@pytest.mark.parametrize("mm", [4, 6, 8, 15])
def test_mean_diameter_of_spheres(mm: float) -> None:
    phantom = nodule_phantom(a_sphere(mm), reach_mm=mm / 2 + 7)
    assert value(phantom, "mean_diameter") == pytest.approx(mm, abs=0.35)


def test_the_lines_are_as_long_as_they_say_and_perpendicular() -> None:
    phantom = nodule_phantom(an_ellipsoid(8, 6, 12))
    found = axes(*phantom.asked)
    long, short = (
        (np.array(line[1]) - line[0]) * phantom.spacing_mm
        for line in (found.long_kji, found.short_kji)
    )
    assert np.linalg.norm(long) == pytest.approx(found.long_mm)
    assert np.linalg.norm(short) == pytest.approx(found.short_mm)
    assert long @ short == pytest.approx(0, abs=1e-6)
    assert found.long_kji[0][0] == found.short_kji[0][0] == found.slice_k


def test_the_lines_lie_where_the_nodule_lies() -> None:
    phantom = nodule_phantom(an_ellipsoid(8, 6, 12))
    found = axes(*phantom.asked)
    low, high = bounding_box(phantom.mask, phantom.start_kji)
    middle = np.mean(found.long_kji, axis=0)
    assert np.all(middle > low)
    assert np.all(middle < high)


def test_axes_follow_the_spacing() -> None:
    phantom = nodule_phantom(a_sphere(8), (1.0, 0.5, 1.0))
    assert value(phantom, "long_axis_diameter") == pytest.approx(8, abs=0.5)


def test_the_solid_part_of_a_part_solid_nodule() -> None:
    phantom = nodule_phantom(a_sphere(14), hu=-620, core=(a_sphere(7), 30.0))
    assert value(phantom, "solid_volume") == pytest.approx(sphere_volume(7), rel=0.15)
    assert value(phantom, "solid_mean_diameter") == pytest.approx(7, abs=0.5)
    assert value(phantom, "volume") == pytest.approx(phantom.volume_mm3, rel=0.08)


def test_a_solid_nodule_is_solid_throughout() -> None:
    phantom = nodule_phantom(a_sphere(10))
    assert value(phantom, "solid_volume") == pytest.approx(value(phantom, "volume"), rel=0.05)


def test_ground_glass_has_no_solid_part() -> None:
    phantom = nodule_phantom(a_sphere(10), hu=-620)
    assert not solid_part(*phantom.asked).any()
    assert value(phantom, "solid_volume") == 0.0
    assert value(phantom, "solid_mean_diameter") == 0.0


def test_an_outlined_solid_part_is_taken_as_it_is() -> None:
    phantom = nodule_phantom(a_sphere(14), hu=-620, core=(a_sphere(7), 30.0))
    none = np.zeros_like(phantom.mask)
    assert measure(*phantom.asked, solid_mask=none)["solid_volume"].value == 0.0


def test_a_drawn_solid_part_is_measured_from_its_own_voxels() -> None:
    phantom = nodule_phantom(a_sphere(16), (2.0, 2.0, 2.0), hu=-620)
    cube = np.zeros_like(phantom.mask)
    k, j, i = (n // 2 for n in cube.shape)
    cube[k - 1 : k + 2, j - 1 : j + 2, i - 1 : i + 2] = True
    found = measure(*phantom.asked, solid_mask=cube)
    assert found["solid_volume"].value == pytest.approx(27 * 8.0)
    # Between the side and the diagonal of a square of 6 mm.
    assert 6.0 <= (found["solid_mean_diameter"].value or 0.0) <= 6.0 * 2**0.5 + 0.5


def test_density_and_mass() -> None:
    phantom = nodule_phantom(a_sphere(12), hu=30)
    found = measure(*phantom.asked)
    assert found["mass"].value == pytest.approx(sphere_volume(12) * 1.03, rel=0.05)
    assert found["mean_density"].value < 30  # type: ignore[operator]
    assert found["minimum_density"].value < found["maximum_density"].value  # type: ignore[operator]


def test_a_single_voxel_can_be_measured() -> None:
    hu = np.full((9, 9, 9), -860.0)
    hu[4, 4, 4] = 0.0
    found = measure(hu, (1.0, 0.7, 0.7), np.ones((1, 1, 1), bool), (4, 4, 4))
    assert all(np.isfinite(m.value) for m in found.values())  # type: ignore[arg-type]
    assert found["voxels"].value == 1


def test_a_nodule_at_the_images_edge_can_be_measured() -> None:
    phantom = nodule_phantom(a_sphere(10))
    first = phantom.start_kji[0] + 3
    found = measure(
        phantom.hu[first:],
        phantom.spacing_mm,
        phantom.mask[3:],
        (0, *phantom.start_kji[1:]),
    )
    assert 0 < found["volume"].value < phantom.volume_mm3  # type: ignore[operator]


def test_rounding_rules() -> None:
    assert lung_rads_diameter(7.949) == 7.9
    assert lung_rads_diameter(7.95) == 8.0
    assert fleischner_diameter(5.49) == 5
    assert fleischner_diameter(5.5) == 6
    assert equivalent_diameter(sphere_volume(7.3)) == pytest.approx(7.3)


def test_the_bounding_box_includes_both_ends() -> None:
    mask = np.zeros((4, 4, 4), bool)
    mask[1:3, 0, 2] = True
    assert bounding_box(mask, (10, 20, 30)) == ((11, 20, 32), (12, 20, 32))
    with pytest.raises(ValueError, match="empty"):
        bounding_box(np.zeros((2, 2, 2), bool), (0, 0, 0))
