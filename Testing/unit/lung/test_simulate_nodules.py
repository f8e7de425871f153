"""Simulated nodules: their truth is exact, and the scan shows what the truth says."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import ndimage

from readingroom.imaging import load
from readingroom.reader import Progress
from readingroom.readers.lungnodule import simulate, sources
from readingroom.readers.lungnodule import simulatedmimics as mimics
from readingroom.readers.lungnodule import simulatednodule as solids
from readingroom.readers.lungnodule.placement import Sites, place
from readingroom.readers.lungnodule.simulatedlung import (
    Habitus,
    LungScan,
    Protocol,
    deform,
    noise_of,
    random_habitus,
)
from readingroom.readers.lungnodule.simulatedtype import random_nodule

THIN = Protocol((1.0, 0.8, 0.8), 1.0, 15.0)


@pytest.fixture(scope="module")
def a_chest():
    return sources.plain_source((80.0, 100.0, 150.0), (1.5, 1.5, 1.5))


@pytest.fixture(scope="module")
def a_scan(a_chest):
    """The plain chest as it is, on a thin protocol, without nodules."""
    return deform(np.random.default_rng(0), a_chest, THIN, Habitus(np.eye(3)))


def a_nodule(kind: str, diameter: float = 10.0, seed: int = 1):
    return random_nodule(np.random.default_rng(seed), diameter, type=kind, attachment="none")


def inserted(scan: LungScan, nodule, seed: int = 3):
    return simulate.insert(np.random.default_rng(seed), scan, [nodule])


def test_a_body_has_the_diameter_that_was_asked_for():
    rng = np.random.default_rng(5)
    body = solids.random_shape(rng, 9.0, lobes=4, roughness=0.1)
    assert body.diameter_mm == pytest.approx(9.0, rel=1e-6)
    axis = np.arange(-9, 9, 0.2)
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1)
    inside = (body.distance(points) < 0).sum() * 0.2**3
    assert inside == pytest.approx(np.pi / 6 * 9**3, rel=0.02)


@pytest.mark.parametrize("spacing", [(0.6, 0.6, 0.6), (2.5, 0.7, 0.7)])
@pytest.mark.parametrize("diameter", [3.0, 12.0])
def test_occupancy_sums_to_the_true_volume_on_any_grid(spacing, diameter):
    body = solids.random_shape(np.random.default_rng(2), diameter)
    shape = tuple(int(40 / s) for s in spacing)
    part = solids.render(body, np.full(3, 20.3), shape, solids.Optics(spacing, spacing[0]))
    for share in (part.exact, part.seen):
        assert share.sum() * np.prod(spacing) == pytest.approx(body.volume_mm3, rel=0.02)


def test_spicules_are_seen_but_not_counted():
    rng = np.random.default_rng(4)
    smooth = solids.random_shape(rng, 10.0)
    spiky = solids.random_shape(np.random.default_rng(4), 10.0, spicules=8)
    optics = solids.Optics((0.8, 0.8, 0.8), 0.8)
    part = solids.render(spiky, np.full(3, 25.0), (62, 62, 62), optics)
    assert spiky.volume_mm3 == pytest.approx(smooth.volume_mm3)
    assert part.seen.sum() > 1.02 * part.exact.sum()


def test_spicules_end_at_their_tips():
    spiky = solids.random_shape(np.random.default_rng(4), 8.0, spicules=3)
    axis = np.arange(-20, 20, 0.4)
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1)
    drawn = points[spiky.spiculation(points, 0.3) < 0.2]
    assert len(drawn)
    assert np.linalg.norm(drawn, axis=1).max() < spiky.reach_mm + 0.5


def test_a_nodule_beyond_the_scan_leaves_no_trace():
    body = solids.random_shape(np.random.default_rng(2), 8.0)
    part = solids.render(body, np.full(3, 500.0), (20, 20, 20), solids.Optics((1, 1, 1), 1))
    assert not part.seen.size


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [("solid", -60, 130), ("ground_glass", -740, -380), ("calcified", 15, 1000)],
)
def test_a_nodule_is_as_dense_as_its_type(a_scan, kind, low, high):
    scan = inserted(a_scan, a_nodule(kind, 14.0))
    (found,) = scan.nodules
    box = tuple(slice(a, a + n) for a, n in zip(found.start_kji, found.mask.shape, strict=True))
    core = found.mask & (np.abs(scan.hu[box] - np.median(scan.hu[box][found.mask])) < 1500)
    assert low < np.median(scan.hu[box][core]) < high


def test_the_truth_of_a_part_solid_nodule_tells_its_solid_part(a_scan):
    (found,) = inserted(a_scan, a_nodule("part_solid", 14.0)).nodules
    assert 0 < found.solid_volume_mm3 < found.volume_mm3
    assert found.solid_diameter_mm < found.diameter_mm
    (glass,) = inserted(a_scan, a_nodule("ground_glass", 14.0)).nodules
    assert glass.solid_volume_mm3 == 0


def test_contrast_says_how_well_a_nodule_can_be_seen(a_scan):
    nodule = a_nodule("solid", 12.0)
    (seen,) = inserted(a_scan, nodule).nodules
    assert 700 < seen.contrast_hu < 1000
    filled = LungScan(np.maximum(a_scan.hu, 20.0), a_scan.lungs, a_scan.protocol, a_scan.real)
    hidden = simulate.put(np.random.default_rng(3), filled.hu, filled, nodule, seen.centre_mm)
    assert hidden is not None and hidden.contrast_hu < 120


def test_the_mask_s_volume_is_the_true_one(a_scan):
    (found,) = inserted(a_scan, a_nodule("solid", 12.0)).nodules
    counted = found.mask.sum() * np.prod(a_scan.spacing_mm)
    assert counted == pytest.approx(found.volume_mm3, rel=0.05)
    assert found.volume_mm3 == pytest.approx(np.pi / 6 * 12**3, rel=0.03)


def test_a_juxtapleural_nodule_counts_only_within_the_lung(a_scan):
    rng = np.random.default_rng(8)
    nodule = random_nodule(rng, 12.0, type="solid", attachment="pleural")
    (found,) = simulate.insert(rng, a_scan, [nodule]).nodules
    assert 0.3 * nodule.layers[0].shape.volume_mm3 < found.volume_mm3
    assert found.volume_mm3 <= 1.02 * nodule.layers[0].shape.volume_mm3
    box = tuple(slice(a, a + n) for a, n in zip(found.start_kji, found.mask.shape, strict=True))
    assert not (found.mask & (a_scan.lungs[box] == 0)).any()


def test_a_small_part_solid_nodule_is_never_drawn():
    kinds = {random_nodule(np.random.default_rng(n), 4.0).type for n in range(40)}
    assert "part_solid" not in kinds and {"solid", "ground_glass", "calcified"} <= kinds


def test_nodules_keep_their_distance(a_scan):
    rng = np.random.default_rng(6)
    scan = simulate.insert(rng, a_scan, [random_nodule(rng, 8.0) for _ in range(8)])
    centres = np.array([n.centre_mm for n in scan.nodules])
    gaps = np.linalg.norm(centres[:, None] - centres[None], axis=2) + 99 * np.eye(len(centres))
    assert len(centres) >= 4 and gaps.min() > 8.0


def test_no_place_is_found_in_lungs_full_of_tissue(a_scan):
    full = LungScan(np.full_like(a_scan.hu, 30.0), a_scan.lungs, a_scan.protocol, a_scan.real)
    rng = np.random.default_rng(0)
    assert place(rng, full, Sites.of(full), a_nodule("solid"), np.zeros((0, 4))) is None


def test_the_same_seed_gives_the_same_scan(a_chest):
    first, again = (
        simulate.simulate(np.random.default_rng(7), a_chest, simulate.screening_nodules(2))
        for _ in range(2)
    )
    assert np.array_equal(first.hu, again.hu)
    assert simulate.truth_record(first) == simulate.truth_record(again)


def test_the_noise_is_the_protocol_s(a_chest):
    noisy = Protocol((1.0, 0.8, 0.8), 1.0, 40.0)
    scan = deform(np.random.default_rng(0), a_chest, noisy, Habitus(np.eye(3)))
    found = simulate.insert(np.random.default_rng(1), scan, [], a_chest.noise_hu)
    lung = found.hu[ndimage.binary_erosion(found.lungs == 1, iterations=4)]
    assert float(np.std(lung)) == pytest.approx(40.0, rel=0.25)


def test_noise_is_estimated_from_soft_tissue():
    rng = np.random.default_rng(0)
    body = 35 + 18 * rng.standard_normal((30, 80, 80))
    assert noise_of(body) == pytest.approx(18.0, rel=0.1)


def test_mirroring_exchanges_the_lungs(a_chest):
    mirror = Habitus(np.eye(3), flips=(False, False, True))
    scan = deform(np.random.default_rng(0), a_chest, THIN, mirror)
    columns = [np.argwhere(scan.lungs == side)[:, 2].mean() for side in (1, 2)]
    assert columns[0] < columns[1]


def test_a_real_nodule_is_followed_through_the_deformation(a_chest):
    from dataclasses import replace

    marked = replace(a_chest, real=np.array([[40.0, 50.0, 42.0, 5.0]]))
    half = Habitus(np.eye(3) * 2.0)
    scan = deform(np.random.default_rng(0), marked, THIN, half)
    assert scan.real[0, :3] == pytest.approx([20.0, 25.0, 21.0], abs=5.0)


def test_a_wild_patient_is_drawn_with_vessels_and_scars(a_chest):
    rng = np.random.default_rng(9)
    scan = deform(rng, a_chest, THIN, Habitus(np.eye(3)))
    before = (scan.hu[scan.lungs > 0] > -600).mean()
    mimics.add_mimics(rng, scan)
    assert (scan.hu[scan.lungs > 0] > -600).mean() > before
    assert random_habitus(np.random.default_rng(1), wild=True).linear.shape == (3, 3)


def test_a_plate_is_thin_and_a_cloud_is_not():
    rng, hu = np.random.default_rng(0), np.full((40, 40, 40), -860.0, np.float32)
    plate, cloud = hu.copy(), hu.copy()
    at, up = np.full(3, 20.0), np.array([1.0, 0.0, 0.0])
    mimics.draw_plate(
        rng, plate, (1, 1, 1), at, up, radius_mm=12, thickness_mm=1.5, density_hu=-200
    )
    mimics.draw_cloud(rng, cloud, (1, 1, 1), at, radius_mm=12, density_hu=-300)
    assert 1 <= (plate[:, 20, 20] > -500).sum() <= 3
    assert (cloud[10:30, 20, 20] > -700).sum() > 6


def test_cases_are_written_as_dicom_with_their_truth(tmp_path, a_chest, monkeypatch):
    monkeypatch.setattr(sources, "organ_map_source", lambda folder: a_chest)
    (folder,) = simulate.write_cases(tmp_path / "cases", 1, 5, Progress(), scan=tmp_path)
    truth = json.loads(folder.with_suffix(".truth.json").read_text(encoding="utf-8"))
    volume = load(folder).volumes[0]
    assert truth["nodules"]
    for nodule in truth["nodules"]:
        k, j, i = np.rint(volume.kji_from_lps(nodule["position_lps_mm"])).astype(int)
        assert 0 <= k < volume.shape[0] and volume.array[k, j, i] > -800


def test_a_scan_becomes_a_study_of_one_volume(a_scan):
    study = simulate.as_study(inserted(a_scan, a_nodule("solid")))
    assert study.volumes[0].acquisition.modality == "CT"
    assert study.volumes[0].array.shape == a_scan.hu.shape
