"""Preprocessing steps: each does what it is for, and nothing to what it is not for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from readingroom.errors import RefusedInput
from readingroom.readers.guidewire import preprocess
from readingroom.readers.guidewire.frames import Frames, normalise
from readingroom.readers.guidewire.preprocesscontrast import contrast, contrast_improvement
from readingroom.readers.guidewire.preprocessmotion import (
    phase_shift,
    register,
    sample,
    subtract_mask,
)
from Testing.fixtures.fluoroscopy import THIN, a_curve, a_frame, some_frames

SIZE = 96
INSIDE = a_curve(SIZE)[20:-10]


@pytest.fixture
def frames() -> Frames:
    return normalise(some_frames(4, SIZE, tube=THIN))


@pytest.mark.parametrize("name", preprocess.STEPS)
def test_every_step_keeps_shape_range_and_field(name, frames):
    field = np.ones((SIZE, SIZE), bool)
    field[:, :12] = False
    given = Frames(frames.array * field, "dark", field)

    made = preprocess.apply(given, name)

    assert made.array.shape == frames.array.shape and made.array.dtype == np.float32
    assert np.isfinite(made.array).all()
    assert made.array.min() >= 0 and made.array.max() <= 1
    assert (made.array[:, ~field] == 0).all()
    assert np.abs(made.array - given.array).max() > 0.01 or name == "gamma"
    np.testing.assert_array_equal(given.array, frames.array * field)


def test_steps_follow_one_another(frames):
    both = preprocess.apply(frames, " temporal , CLAHE")
    step_by_step = preprocess.apply(preprocess.apply(frames, "temporal"), "clahe")

    np.testing.assert_array_equal(both.array, step_by_step.array)
    assert preprocess.apply(frames, "").array is frames.array


def test_a_step_that_does_not_exist(frames):
    with pytest.raises(RefusedInput) as refusal:
        preprocess.apply(frames, "clahe, sharpen")
    assert refusal.value.code == "STEP_UNKNOWN"


@pytest.mark.parametrize("name", ["frangi", "hessian", "bottom_hat"])
def test_local_contrast_improves(name, frames):
    before = contrast(frames.array[0], [INSIDE])
    after = contrast(preprocess.apply(frames, name).array[0], [INSIDE])

    assert contrast_improvement(before, after) > 1.2


def test_equalisation_lifts_what_is_flat(frames):
    flat = Frames(0.45 + 0.2 * frames.array, "dark", frames.field_mask)

    before = contrast(flat.array[0], [INSIDE])
    after = contrast(preprocess.apply(flat, "clahe").array[0], [INSIDE])

    assert contrast_improvement(before, after) > 1.5


@pytest.mark.parametrize("name", ["nlm", "temporal"])
def test_noise_falls_and_the_wire_stays(name, frames):
    before = contrast(frames.array[-1], [INSIDE])
    after = contrast(preprocess.apply(frames, name).array[-1], [INSIDE])

    assert after.cnr > 1.1 * before.cnr
    assert contrast_improvement(before, after) > 0.7


@pytest.mark.parametrize("name", ["frangi", "hessian"])
def test_line_filters_tell_lines_from_spots(name):
    picture = np.full((1, SIZE, SIZE), 0.7, np.float32)
    y, x = np.mgrid[:SIZE, :SIZE]
    picture[0] -= 0.4 * np.exp(-((x - 25) ** 2 + (y - 70) ** 2) / 8).astype(np.float32)
    picture[0, 20:22, :60] -= 0.3

    made = preprocess.apply(Frames(picture, "dark", np.ones((SIZE, SIZE), bool)), name).array[0]

    line, spot = 1 - made[20:22, 10:50].min(), 1 - made[70, 25]
    assert line > 2 * spot


@pytest.mark.parametrize("shift", [(0.0, 0.0), (3.0, -5.0), (-2.4, 1.7)])
def test_a_shift_is_found(shift):
    fixed = a_frame(SIZE, wire=True, noise=0.01)
    moving = ndimage.shift(fixed, [-s for s in shift], order=3, mode="nearest")

    assert phase_shift(fixed, moving) == pytest.approx(shift, abs=0.3)


def test_bending_is_registered_better_than_by_a_shift():
    rng = np.random.default_rng(2)
    texture = ndimage.gaussian_filter(rng.normal(size=(128, 128)), 2.0)
    fixed = (texture / np.ptp(texture) + 0.5).astype(np.float32)
    y, x = np.mgrid[:128, :128].astype(np.float32)
    moving = sample(fixed, np.stack([y + 3 * np.sin(x / 25), x + 2 * np.cos(y / 30)]))

    def error(dense: bool) -> float:
        made = sample(moving, register(fixed, moving, dense=dense))
        return float(np.abs(made - fixed)[12:-12, 12:-12].mean())

    assert error(dense=True) < 0.6 * error(dense=False)


def test_subtraction_takes_the_ground_away_and_leaves_the_wire():
    mask, live = a_frame(SIZE, wire=False, seed=3), a_frame(SIZE, wire=True, seed=3)
    live = ndimage.shift(live, (2.0, -1.0), order=1, mode="nearest")

    (made,) = subtract_mask(live[None], np.ones((SIZE, SIZE), bool), mask=mask)

    moved = INSIDE + np.array([-1.0, 2.0])
    assert contrast(made, [moved]).michelson > 0.05
    inner = made[8:-8, 8:-8]
    away = ndimage.distance_transform_edt(1 - _drawn(moved))[8:-8, 8:-8] > 8
    assert inner[away].mean() == pytest.approx(0.5, abs=0.02)
    assert ndimage.gaussian_filter(made, 3)[8:-8, 8:-8][away].std() < 0.02


def _drawn(points: np.ndarray) -> np.ndarray:
    drawn = np.zeros((SIZE, SIZE))
    x, y = np.rint(points).astype(int).T
    drawn[y, x] = 1
    return drawn


def test_the_temporal_filter_lets_a_moving_wire_move():
    ground = [a_frame(SIZE, wire=False, noise=0.01, seed=5) for _ in range(4)]
    frames = np.stack(ground)
    for t in range(4):
        frames[t, 20 + 6 * t : 22 + 6 * t, 10:80] -= 0.3
    made = preprocess.apply(Frames(frames, "dark", np.ones((SIZE, SIZE), bool)), "temporal").array

    assert made[3, 38:40, 20:70].mean() < frames[3, 30, 20:70].mean() - 0.2
    ghost = made[3, 32:34, 20:70].mean() - frames[3, 32:34, 20:70].mean()
    assert ghost > -0.08


def test_contrast_is_positive_for_dark_and_negative_for_bright(frames):
    assert contrast(frames.array[0], [INSIDE]).cnr > 2
    assert contrast(1 - frames.array[0], [INSIDE]).cnr < -2
    assert contrast(frames.array[0], []) is None
