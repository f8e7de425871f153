"""Candidates: blobs of any size and density in the lungs, few tubes and plates."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from readingroom.readers.lungnodule import simulate, sources
from readingroom.readers.lungnodule import simulatedmimics as mimics
from readingroom.readers.lungnodule.candidates import dot_scores, find_candidates, shape_index
from readingroom.readers.lungnodule.simulatedlung import Habitus, Protocol, deform
from readingroom.readers.lungnodule.simulatedtype import random_nodule

SPACING = (1.25, 0.8, 0.8)


def lungs_of(scan):
    return SimpleNamespace(lungs=SimpleNamespace(labels=scan.lungs))


@pytest.fixture(scope="module")
def a_scan():
    chest = sources.plain_source((80.0, 100.0, 150.0), (1.5, 1.5, 1.5))
    protocol = Protocol(SPACING, 1.25, 20.0)
    return deform(np.random.default_rng(0), chest, protocol, Habitus(np.eye(3)))


def candidates_of(scan):
    return find_candidates(scan.hu, scan.spacing_mm, lungs_of(scan))


def nearest_mm(found, nodule) -> float:
    places = np.array([c.position_kji for c in found]) * SPACING
    return float(np.linalg.norm(places - nodule.centre_mm, axis=1).min())


@pytest.mark.parametrize("kind", ["solid", "ground_glass", "part_solid", "calcified"])
@pytest.mark.parametrize("diameter", [5.5, 24.0])
def test_every_type_is_found_at_both_ends_of_the_sizes(a_scan, kind, diameter):
    rng = np.random.default_rng(11)
    nodule = random_nodule(rng, diameter, type=kind, attachment="none")
    scan = simulate.insert(rng, a_scan, [nodule])
    (truth,) = scan.nodules
    assert nearest_mm(candidates_of(scan), truth) < max(diameter / 2, 3.0)


def test_a_nodule_on_the_pleura_is_found_as_such(a_scan):
    rng = np.random.default_rng(4)
    scan = simulate.insert(
        rng, a_scan, [random_nodule(rng, 8.0, type="solid", attachment="pleural")]
    )
    (truth,) = scan.nodules
    found = candidates_of(scan)
    places = np.array([c.position_kji for c in found]) * SPACING
    gap = np.linalg.norm(places - truth.centre_mm, axis=1)
    assert gap.min() < 4.0
    assert found[int(gap.argmin())].branch == "pleural"


def test_a_ball_scores_higher_than_a_vessel_of_its_width(a_scan):
    hu = a_scan.hu.copy()
    rng = np.random.default_rng(3)
    middle = np.array(hu.shape) * SPACING / 2
    ball, tube = middle * [1, 1, 0.55], middle * [1, 1, 1.45]
    axis = np.array([0.0, 12.0, 0.0])
    mimics.draw_segment(hu, SPACING, tube - axis, tube + axis, 3.0, 30.0)
    mimics.draw_segment(hu, SPACING, ball, ball + 0.01, 3.0, 30.0)
    hu += 10 * rng.standard_normal(hu.shape).astype(np.float32)
    found = find_candidates(hu, SPACING, lungs_of(a_scan))
    best = np.array(found[0].position_kji) * SPACING
    assert np.linalg.norm(best - ball) < 2.0


def test_the_scale_tells_small_from_large(a_scan):
    sizes = []
    for diameter in (5.0, 20.0):
        rng = np.random.default_rng(11)
        nodule = random_nodule(rng, diameter, type="solid", attachment="none")
        scan = simulate.insert(rng, a_scan, [nodule])
        found = candidates_of(scan)
        places = np.array([c.position_kji for c in found]) * SPACING
        gap = np.linalg.norm(places - scan.nodules[0].centre_mm, axis=1)
        sizes.append(found[int(gap.argmin())].diameter_mm)
    assert sizes[0] < 9.0 < sizes[1]


def test_without_lungs_there_are_no_candidates():
    empty = SimpleNamespace(lungs=SimpleNamespace(labels=np.zeros((10, 10, 10), np.uint8)))
    assert find_candidates(np.zeros((10, 10, 10), np.int16), (1.0, 1.0, 1.0), empty) == []


def test_the_dot_filter_and_the_shape_index_know_balls_tubes_and_plates():
    ball, tube = np.diag([-1.0, -1.0, -1.0]), np.diag([-1.0, -1.0, 0.0])
    plate, hole = np.diag([-1.0, 0.0, 0.0]), np.diag([1.0, 1.0, 1.0])
    every = np.stack([ball, tube, plate, hole])
    assert dot_scores(every) == pytest.approx([1.0, 0.0, 0.0, 0.0])
    index = shape_index(every)
    assert index[0] == pytest.approx(1.0) and index[3] == pytest.approx(-1.0)
    assert index[1] == pytest.approx(0.5)
