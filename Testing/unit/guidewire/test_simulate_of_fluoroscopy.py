"""Simulated fluoroscopy: physics, exact truth, geometry."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.errors import ReadingRoomError
from readingroom.readers.guidewire import backgrounds, simulatedangiogram, simulatedsequence
from readingroom.readers.guidewire.backgrounds import Projector, attenuation
from readingroom.readers.guidewire.simulate import (
    simulate_biplane,
    simulate_pair,
    simulate_sequence,
)
from readingroom.readers.guidewire.simulateddetector import Detector
from readingroom.readers.guidewire.simulateddevices import DISTRACTORS
from readingroom.readers.guidewire.simulatedgeometry import CArm
from readingroom.readers.guidewire.simulatedmotion import Displacement, warp
from readingroom.readers.guidewire.simulatedwire import (
    TEST_WIRES,
    TRAINING_WIRES,
    Tip,
    follow,
    random_way,
)
from readingroom.readers.guidewire.wirephysics import Device, Tube, chord_mm, mask_of, render
from readingroom.study import Volume

FLAT = np.zeros((96, 96), np.float32)


@pytest.fixture(scope="module")
def a_bank() -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.stack([backgrounds.synthetic_background(rng, 160) for _ in range(3)])


def a_line(angle_deg: float, offset: float = 0.0) -> np.ndarray:
    along = np.arange(-80, 80, 0.5)[:, None]
    way = np.array([np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))])
    return np.array([47.5, 47.5 + offset]) + along * way


@pytest.mark.parametrize("angle", [0, 30, 45, 90])
def test_a_tube_weighs_what_beer_and_lambert_say(angle):
    """Summed over a perpendicular profile, absorption is that of the tube, blurred or not."""
    tube, pixel = Tube(0.36, 0.95), 0.2
    for blur in (0.0, 0.8):
        depth = FLAT.copy()
        render(depth, Device.uniform(a_line(angle), tube), pixel, blur)
        inner = 1 - np.exp(-depth[30:66, 30:66])
        # Per pixel of length: the strip's area times its mean absorption.
        length = 36 / max(np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle)))
        fine = np.linspace(-0.18, 0.18, 4001)
        expected = np.mean(1 - np.exp(-0.95 * chord_mm(tube, fine))) * 0.36 / pixel
        assert inner.sum() / length == pytest.approx(expected, rel=0.06)  # sampled, not averaged


def test_a_hollow_tube_is_darkest_at_its_walls():
    depth = FLAT.copy()
    render(depth, Device.uniform(a_line(0), Tube(2.0, 0.4, 1.6)), 0.1, 0.4)

    profile = depth[:, 48]
    assert profile[47] < 0.7 * profile.max()
    assert profile.argmax() in (38, 39, 40, 55, 56, 57)


def test_a_wire_seen_end_on_is_darker():
    axis = follow(random_way(np.random.default_rng(1), 20, 0.1, 1e6), 20)
    flat = CArm(size=96).oblique_gain(axis @ np.array([[1.0, 0, 0], [0, 0, 1], [0, 1, 0]]))
    assert flat.min() >= 1.0 and flat.max() <= 4.0
    steep = np.stack([np.zeros(50), np.linspace(0, 20, 50), np.zeros(50)], 1)
    assert CArm().oblique_gain(steep).min() > 3.0


def test_a_mask_is_the_pixels_near_the_axis():
    mask = mask_of((96, 96), a_line(0, 0.3), 1.0)

    assert set(np.flatnonzero(mask[:, 40])) == {47, 48}
    assert mask_of((96, 96), a_line(0, 500.0), 1.0).sum() == 0


def test_no_way_bends_tighter_than_its_wire():
    for seed in range(5):
        way = random_way(np.random.default_rng(seed), 150, 0.1, 9.0, 30.0)
        axis = follow(way, way.length_mm)
        heading = np.diff(axis, axis=0) / 0.1
        bend = np.linalg.norm(np.diff(heading, axis=0), axis=1) / 0.1
        # Turn and climb are limited each, so that the sum may pass by the root of 1 + 0.7².
        assert bend.max() <= 1.25 / 9.0
        assert np.linalg.norm(heading, axis=1) == pytest.approx(1.0, abs=1e-6)


def test_a_tip_bends_by_its_angle_and_turns_with_the_wire():
    way = random_way(np.random.default_rng(3), 60, 0.05, 1e6)
    straight = follow(way, 60)
    j_tip = Tip("J", np.pi, 6.0)

    def last_heading(axis: np.ndarray) -> np.ndarray:
        return (axis[-1] - axis[-2]) / 0.05

    bent = last_heading(follow(way, 60, j_tip, 0.0))
    assert bent @ last_heading(straight) == pytest.approx(-1.0, abs=0.02)
    out_of_plane = follow(way, 60, Tip("angled", 0.8, 6.0), np.pi / 2)
    assert abs(last_heading(out_of_plane)[2] - last_heading(straight)[2]) > 0.5


def test_the_c_arm_looks_as_dicom_says():
    left, head = np.array([[40.0, 0, 0]]), np.array([[0, 0, 40.0]])
    frontal = CArm(size=512)
    assert frontal.project(np.zeros((1, 3)))[0] == pytest.approx([255.5, 255.5])
    assert frontal.project(left)[0, 0] - 255.5 == pytest.approx(40 / frontal.pixel_mm)
    assert frontal.project(head)[0, 1] < 255.5
    # From the left (LAO 90) the front of the patient is to the left of the picture.
    lateral = CArm(primary_deg=90, size=512)
    assert lateral.project(np.array([[0, -40.0, 0]]))[0, 0] < 255.5
    # A cranial detector looks down: what lies in front moves towards the feet.
    assert CArm(secondary_deg=30).project(np.array([[0, -40.0, 0]]))[0, 1] > 255.5


def test_nearer_to_the_source_is_larger():
    arm = CArm(size=512)
    near, far = (arm.project(np.array([[30.0, y, 0]]))[0, 0] - 255.5 for y in (100, -100))
    assert near / far == pytest.approx((750 + 100) / (750 - 100), rel=1e-6)


def test_a_projected_ct_has_things_where_the_c_arm_says(monkeypatch):
    hu = np.full((40, 60, 60), -1000, np.int16)
    hu[28:31, 14:17, 40:43] = 2000
    spacing = np.diag([2.0, 2.0, 2.0, 1.0])
    volume = Volume(lambda: hu, hu.shape, spacing)
    arm = CArm(primary_deg=30, secondary_deg=-20, imager_mm=1.2, size=128)
    scan = Projector.of(volume)
    monkeypatch.setattr(backgrounds, "_REACH_MM", 60.0)

    depth = scan.project(arm, rays=64)

    centre = np.array([[41.0, 15.0, 29.0]]) * 2 - scan.centre_lps_mm
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    assert (x, y) == pytest.approx(tuple(arm.project(centre)[0]), abs=2.5)
    assert depth[y, x] == pytest.approx(float(attenuation(np.array(2000))) * 6.5, rel=0.35)


def test_water_attenuates_as_the_tables_say():
    assert attenuation(np.array([-1000, 0, 1000])) == pytest.approx([0, 0.0206, 0.0465], abs=5e-4)


def test_noise_follows_the_dose():
    sd = []
    for quanta in (100.0, 400.0):
        made = Detector(quanta=quanta, scatter=0, electronic=0, grain_px=0)
        picture = made.expose(np.random.default_rng(0), FLAT)
        sd.append(float(picture.std() / picture.mean()))
    assert sd == pytest.approx([0.1, 0.05], rel=0.03)


def test_lag_keeps_what_was_before():
    quiet = Detector(scatter=0, electronic=0, lag=0.3)
    before = np.full_like(FLAT, 1e6)
    assert quiet.expose(np.random.default_rng(0), FLAT, before).mean() > 0.29e6


def test_content_moves_by_the_displacement():
    picture = np.zeros((64, 64), np.float32)
    picture[30, 20] = 1.0
    nodes = np.stack([np.full((5, 5), 4.0), np.full((5, 5), -3.0)])
    move = Displacement(nodes, 64)

    moved = warp(picture, move)

    assert np.unravel_index(int(moved.argmax()), moved.shape) == (27, 24)
    assert move.at(np.array([[20.0, 30.0]]))[0] == pytest.approx([4.0, -3.0], abs=1e-6)


def test_pairs_are_ready_to_train_from(a_bank):
    rng = np.random.default_rng(11)
    pairs = [simulate_pair(rng, 128, backgrounds=a_bank) for _ in range(12)]

    assert sum(len(pair.centerlines) > 0 for pair in pairs) >= 7
    for pair in pairs:
        assert pair.frame.shape == pair.before.shape == (128, 128)
        assert pair.frame.dtype == np.float32
        assert pair.frame.min() >= 0 and pair.frame.max() <= 1
        assert len(pair.centerlines) == len(pair.tips)
        assert not pair.wire[~pair.field].any() and not pair.catheter[~pair.field].any()
        for line, tip in zip(pair.centerlines, pair.tips, strict=True):
            x, y = np.rint(line).astype(int).T
            assert pair.wire[y, x].mean() > 0.97
            assert tip is None or np.allclose(tip, line[-1])


def test_a_pair_follows_from_its_seed(a_bank):
    first, second = (
        simulate_pair(np.random.default_rng([5, 2]), 96, backgrounds=a_bank) for _ in range(2)
    )
    np.testing.assert_array_equal(first.frame, second.frame)
    np.testing.assert_array_equal(first.wire, second.wire)


def a_clear_sequence(**changes):
    """A still wire of steel on a plain ground, without noise to speak of."""
    options = {
        "frames": 3,
        "size": 160,
        "dose": 400.0,
        "background": np.zeros((160, 160), np.float32),
        "distractors": [],
        "motion": 0.0,
        "models": (TRAINING_WIRES[-1],),
        "collimator": "none",
        "detector": Detector(scatter=0.1, lag=0.0, bits=12),
        "view": CArm(imager_mm=0.5, size=160),
    } | changes
    return simulate_sequence(4, **options)


def test_the_told_centreline_is_where_the_picture_is_dark():
    sequence = a_clear_sequence()
    for frame, (line,) in zip(sequence.frames, sequence.centerlines, strict=True):
        inner = line[(line > 6).all(axis=1) & (line < 153).all(axis=1)][4:-4]
        heading = np.gradient(inner, axis=0)
        heading /= np.linalg.norm(heading, axis=1, keepdims=True)
        normal = np.stack([-heading[:, 1], heading[:, 0]], axis=1)
        offsets = np.arange(-3, 3.01, 0.25)
        places = inner[:, None] + offsets[:, None] * normal[:, None]
        from scipy.ndimage import map_coordinates

        profile = map_coordinates(frame, [places[..., 1], places[..., 0]], order=1)
        depth = np.maximum(profile.max(axis=1, keepdims=True) - profile, 0) ** 2
        middle = (depth * offsets).sum(axis=1) / depth.sum(axis=1)
        assert abs(np.median(middle)) < 0.1
        assert np.percentile(np.abs(middle), 90) < 0.5


def test_axes_in_space_project_onto_the_told_centreline():
    sequence = a_clear_sequence()
    for (line,), (axis,), (tip,) in zip(
        sequence.centerlines, sequence.axes_mm, sequence.tips, strict=True
    ):
        projected = sequence.view.project(axis)
        nearest = np.linalg.norm(line[:, None] - projected[None], axis=2).min(axis=1)
        assert nearest.max() < 0.3
        assert tip == pytest.approx(tuple(projected[-1]))


def test_frames_before_the_wire_came_are_empty():
    sequence = a_clear_sequence(empty_frames=2)

    assert [len(lines) for lines in sequence.centerlines] == [0, 0, 1]
    assert not sequence.wire_mask[:2].any() and sequence.wire_mask[2].any()


def test_breathing_moves_wire_and_ground_together():
    still, moving = a_clear_sequence(), a_clear_sequence(motion=1.0)

    assert np.linalg.norm(still.centerlines[2][0][-1] - moving.centerlines[2][0][-1]) > 1.0


@pytest.mark.parametrize("name", DISTRACTORS)
def test_every_distractor_darkens_and_only_catheters_are_labelled(name):
    clear = a_clear_sequence(wires=0, frames=1)
    seen = [
        simulate_sequence(
            seed, frames=1, size=160, dose=400.0, distractors=[name], wires=0, motion=0.0,
            background=np.zeros((160, 160), np.float32), collimator="none",
            detector=Detector(scatter=0.1, bits=12), view=CArm(imager_mm=0.5, size=160),
        )
        for seed in range(3)
    ]  # fmt: skip

    assert min(s.frames.min() for s in seen) < clear.frames.min() - 0.01
    assert not any(s.wire_mask.any() for s in seen)
    labelled = any(s.catheter_mask.any() for s in seen)
    assert labelled == (name in ("catheter", "angiogram", "lone_catheter"))
    assert all(s.centerlines == [[]] for s in seen)


def test_a_distractor_that_does_not_exist():
    with pytest.raises(ReadingRoomError) as fault:
        a_clear_sequence(distractors=["umbrella"])
    assert fault.value.code == "DISTRACTOR_UNKNOWN"


def test_biplane_shows_one_wire_twice():
    pair = simulate_biplane(3, frames=2, size=128)

    for plane in pair.planes:
        (axis,) = pair.axes_mm[1]
        projected = plane.view.project(axis)
        for line in plane.centerlines[1]:
            nearest = np.linalg.norm(line[:, None] - projected[None], axis=2).min(axis=1)
            assert nearest.max() < 0.5
    angles = [plane.view.primary_deg for plane in pair.planes]
    assert 70 <= angles[1] - angles[0] <= 100
    assert pair.told[0] != pair.planes[0].view


def test_test_wires_are_others():
    assert not {w.name for w in TRAINING_WIRES} & {w.name for w in TEST_WIRES}
    assert not {(w.inch, w.shaft, w.tip) for w in TRAINING_WIRES} & {
        (w.inch, w.shaft, w.tip) for w in TEST_WIRES
    }


def test_the_bank_is_made_once_and_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(backgrounds, "BANK_SIZE", 64)
    monkeypatch.setattr(backgrounds, "_SYNTHETIC_VIEWS", 2)
    backgrounds.bank.cache_clear()

    whole = backgrounds.bank(tmp_path / "no scan.nii.gz", tmp_path)
    assert whole.shape == (2, 64, 64)
    assert not list(tmp_path.iterdir()), "without the scan the bank is not whole"
    backgrounds.bank.cache_clear()


def test_a_case_on_disk_is_read_back_with_its_scale(tmp_path):
    import json

    from readingroom import imaging
    from readingroom.readers.guidewire.simulate import write_case

    sequence = a_clear_sequence()
    file = write_case(sequence, tmp_path / "case.dcm", "SIM-1")

    (cine,) = imaging.load(file).cines
    np.testing.assert_allclose(cine.array / 1023, sequence.frames, atol=1e-3)
    assert cine.pixel_spacing_mm == pytest.approx((sequence.pixel_mm,) * 2, rel=1e-4)
    assert cine.frame_times_ms == pytest.approx(sequence.frame_times_ms, abs=0.01)
    truth = json.loads(file.with_suffix(".truth.json").read_text(encoding="utf-8"))
    told = truth["frames"][1]["wires"][0]["centerline_xy_px"]
    np.testing.assert_allclose(told, sequence.centerlines[1][0], atol=0.01)


def test_hard_cases_can_be_asked_for(a_bank):
    plain, hard = (
        simulate_pair(
            np.random.default_rng(2), 96, distractors=0.0, always=names, backgrounds=a_bank
        )
        for names in ((), ("screws", "probe"))
    )
    assert np.abs(plain.frame - hard.frame).mean() > 0.01


def test_an_angiogram_has_a_catheter_at_a_tree_of_tapering_arteries():
    for seed in range(6):
        catheter, *rest = simulatedangiogram.angiogram(np.random.default_rng(seed), 300, 0.3)
        assert catheter.catheter and not any(one.catheter for one in rest)
        trees = [one for one in rest if len(one.tubes) > 1]
        assert np.hypot(*(trees[0].points[0] - catheter.points[-1])) < 3
        assert all(one.tubes[0].outer_mm >= one.tubes[-1].outer_mm for one in trees)
        for number, one in enumerate(trees[1:], 1):
            earlier = np.concatenate([other.points for other in trees[:number]])
            assert np.hypot(*(earlier - one.points[0]).T).min() < 3  # it begins on a vessel


def test_a_catheter_comes_back_down_the_aorta():
    """From its tip it goes up, over the arch, and down again: two stretches."""
    for seed in range(6):
        rng = np.random.default_rng(seed)
        (tube,) = simulatedangiogram.diagnostic_catheter(rng, np.zeros(2), 0.0, 0.3, 0.0)
        inner = tube.points[: -round(30 / 0.3)]  # without the curve at its tip
        turned = np.diff(np.unwrap(_headings(inner))).sum()
        assert abs(turned) == pytest.approx(np.pi, abs=0.8)


def _headings(points):
    return np.arctan2(*np.diff(points, axis=0)[:, ::-1].T)


def test_a_wire_can_lie_in_an_artery_full_of_contrast(a_bank):
    wire = np.column_stack([np.linspace(10, 90, 400), np.full(400, 50.0)])
    trunk, *_ = simulatedangiogram.tree_around(np.random.default_rng(0), wire, 0.2)
    assert np.array_equal(trunk.points[-1], wire[-1])
    pair = simulate_pair(np.random.default_rng(4), 96, wires=1, in_vessel=True, backgrounds=a_bank)
    assert len(pair.centerlines) <= 1


def test_what_is_there_only_by_name_does_not_come_at_random():
    drawn = {
        name
        for seed in range(40)
        for name in simulatedsequence._chosen(np.random.default_rng(seed), None)
    }
    assert drawn <= set(DISTRACTORS) - {"angiogram", "lone_catheter"} and len(drawn) > 5
