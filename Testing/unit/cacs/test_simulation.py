"""Simulated calcium: solids, partial volume, the heart frame and the parts of the aorta."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from readingroom.readers.cacs import heartframe
from readingroom.readers.cacs import plaque as solids
from readingroom.readers.cacs.anatomysynthesis import random_example
from readingroom.readers.cacs.aorta import name_aortic_part, parts_of_aorta
from readingroom.readers.cacs.heartframe import register, template
from readingroom.readers.cacs.organs import whole_heart
from readingroom.readers.cacs.tissuemap import CLASSES, Tissue, TissueMap

GRID = (24, 60, 60)


def a_ball(radius_mm: float = 3.0, centre: tuple[float, float, float] = (20.3, 21.7, 30.1)):
    at = np.array(centre)
    return solids.ellipsoid("LAD", at, np.eye(3), np.full(3, radius_mm), 800.0)


@pytest.mark.parametrize("spacing", [(3.0, 0.7, 0.7), (1.5, 0.5, 0.5)])
def test_occupancy_sums_to_the_true_volume(spacing):
    ball = a_ball()
    _, occupancy = solids.render(ball, GRID, np.zeros(3), spacing, spacing[0], blur_mm=0.4)
    assert occupancy.sum() * np.prod(spacing) == pytest.approx(ball.volume_mm3, rel=0.02)


def test_motion_spreads_a_plaque_but_keeps_its_volume():
    ball, still_spacing = a_ball(), (3.0, 0.7, 0.7)
    _, still = solids.render(ball, GRID, np.zeros(3), still_spacing, 3.0)
    motion = np.array([3.0, 0.0, 0.0])
    _, moved = solids.render(ball, GRID, np.zeros(3), still_spacing, 3.0, motion)
    assert moved.sum() == pytest.approx(still.sum(), rel=0.03)
    assert moved.max() < still.max()


def test_overlapping_slices_count_a_plaque_by_thickness_over_increment():
    _, thick = solids.render(a_ball(), GRID, np.zeros(3), (1.5, 0.7, 0.7), 3.0)
    _, thin = solids.render(a_ball(), GRID, np.zeros(3), (1.5, 0.7, 0.7), 1.5)
    assert thick.sum() == pytest.approx(thin.sum(), rel=0.03)


def test_a_plaque_outside_the_grid_leaves_no_trace():
    _, occupancy = solids.render(a_ball(centre=(900.0, 0, 0)), GRID, np.zeros(3), (3, 1, 1), 3.0)
    assert not occupancy.any()


def test_a_stent_is_hollow_and_a_long_lead_is_rendered_in_pieces():
    path = np.stack([np.linspace(10, 40, 31), np.full(31, 20.0), np.full(31, 30.0)], 1)
    stent = solids.tube("METAL", path, 2.0, 3000.0, wall_mm=0.3)
    on_axis, on_wall = path[4:5], path[4:5] + np.array([0.0, 1.85, 0.0])
    assert len(stent.pieces) == 4
    assert not stent.pieces[0].inside(on_axis).any()
    assert stent.pieces[0].inside(on_wall).all()


def the_template_as_a_patient(scale: float, shift: np.ndarray):
    """Resample the template's masks as if the patient were scaled and moved."""
    from readingroom.imaging.synthesis import sample_linear

    model = template()
    shape = model.masks.shape[1:]
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), -1)[..., ::-1]
    patient = grid * model.spacing_mm + model.origin_mm
    centre = model.landmarks["mitral_annulus_centre"]
    back = (patient - centre - shift) / scale + centre
    voxels = np.moveaxis(((back - model.origin_mm) / model.spacing_mm)[..., ::-1], -1, 0)
    masks = np.stack([sample_linear(m, voxels.astype(np.float32)) for m in model.masks])
    return masks, centre


@pytest.mark.parametrize("scale", [0.88, 1.12])
def test_the_heart_frame_finds_a_scaled_and_moved_heart(scale):
    model, shift = template(), np.array([7.0, -9.0, 6.0])
    masks, centre = the_template_as_a_patient(scale, shift)
    frame = register(masks, model.origin_mm, model.spacing_mm)
    for path in model.vessels.values():
        patient = (path - centre) * scale + centre + shift
        error = np.linalg.norm(frame.to_template(patient) - path, axis=1)
        assert error.mean() < 4.0
    assert frame.overlap > 0.9


def test_the_frame_is_fitted_as_by_the_library_adam():
    def fitted(minimise):
        affine = torch.tensor([[3.0, -1.0], [0.5, 2.0]], requires_grad=True)
        nodes = torch.linspace(-4, 4, 24).reshape(2, 3, 4).requires_grad_()
        minimise([affine, nodes], lambda: (affine.square().sum() - 2).square() + nodes.cosh().sum())
        return affine.detach(), nodes.detach()

    def library(parameters, loss):
        rates = [{"params": [p], "lr": 0.02 if p.ndim == 2 else 0.5} for p in parameters]
        adam = torch.optim.Adam(rates)
        for _ in range(30):
            adam.zero_grad()
            loss().backward()
            adam.step()

    ours = fitted(lambda parameters, loss: heartframe._minimise(parameters, loss, 30))
    for mine, theirs in zip(ours, fitted(library), strict=True):
        assert mine.numpy() == pytest.approx(theirs.numpy(), abs=1e-5)


def test_the_heart_frame_leads_back_to_the_patient():
    model = template()
    frame = register(model.masks, model.origin_mm, model.spacing_mm)
    points = model.vessels["LAD"]
    assert np.allclose(frame.to_template(frame.to_patient(points)), points, atol=0.1)


def test_the_whole_heart_closes_grooves_and_leaves_the_aorta_out():
    k, j, i = np.ogrid[:40, :40, :40]
    ball = ((k - 20) ** 2 + (j - 20) ** 2 + (i - 20) ** 2 < 144).astype(np.float32)
    ball[:, :, 19:21][:, :12] = 0
    aorta = np.zeros_like(ball)
    aorta[30:, 18:22, 18:22] = 1
    heart = whole_heart(ball, aorta, 5.0)
    assert heart[20, 10, 20]
    assert not heart[33, 20, 20]


def an_arch():
    aorta = np.zeros((20, 40, 40), bool)
    aorta[2:14, 5:15, 15:25] = True
    aorta[:14, 28:38, 20:30] = True
    aorta[14:18, 5:38, 16:30] = True
    return parts_of_aorta(aorta, np.zeros(3), (3.0, 2.0, 2.0))


@pytest.mark.parametrize(
    ("point", "name"),
    [
        ((40.0, 20.0, 20.0), "ASCENDING_AORTA"),
        ((50.0, 66.0, 20.0), "DESCENDING_AORTA"),
        ((44.0, 40.0, 48.0), "ARCH"),
    ],
)
def test_the_aorta_has_an_ascending_part_an_arch_and_a_descending_part(point, name):
    assert name_aortic_part(an_arch(), np.array(point)) == name


def test_a_short_scan_has_no_arch():
    aorta = np.zeros((8, 40, 40), bool)
    aorta[:, 5:15, 15:25] = aorta[:, 28:38, 20:30] = True
    assert parts_of_aorta(aorta, np.zeros(3), (3.0, 2.0, 2.0)).arch_from_z_mm == np.inf


def a_small_chest() -> TissueMap:
    tissue = np.full((48, 48, 48), Tissue.BODY, np.uint8)
    tissue[8:40, 10:38, 4:20] = Tissue.LUNG_RIGHT
    tissue[8:40, 10:38, 30:44] = Tissue.LUNG_LEFT
    tissue[14:30, 14:32, 18:34] = Tissue.HEART
    tissue[30:40, 18:22, 22:26] = Tissue.AORTA
    return TissueMap(tissue, np.zeros(tissue.shape, np.float32), 6.0)


def test_synthetic_images_differ_by_seed_and_repeat_by_seed():
    chest, shape = a_small_chest(), (32, 32, 32)
    first, labels = random_example(np.random.default_rng(1), chest, 8.0, shape)
    again, _ = random_example(np.random.default_rng(1), chest, 8.0, shape)
    other, _ = random_example(np.random.default_rng(2), chest, 8.0, shape)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert labels.max() < len(CLASSES)
    assert first.min() >= -1024
