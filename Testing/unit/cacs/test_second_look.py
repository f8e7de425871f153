"""The window of the second look at the heart, and the hearts that its network learns from."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from readingroom.readers.cacs import anatomysynthesis, anatomyvariants, heartchambers
from readingroom.readers.cacs.heartwindow import SHAPE, HeartWindow, windows
from readingroom.readers.cacs.tissuemap import CLASSES, Tissue, TissueMap
from readingroom.readers.cacs.train import HeartRecipe

HEART = np.array((44, 40, 40))


def with_heart(shape: tuple[int, int, int], centre: tuple[int, int, int]) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask[tuple(slice(max(c - 9, 0), c + 10) for c in centre)] = True
    return mask


def a_chest() -> TissueMap:
    """Return a drawn chest of 3 mm voxels: lungs, a ball for a heart, a limb of aorta, a liver."""
    tissue = np.full((90, 80, 80), Tissue.BODY, np.uint8)
    tissue[20:80, 15:65, 8:72] = Tissue.LUNG_LEFT
    tissue[20:80, 15:65, 8:40] = Tissue.LUNG_RIGHT
    tissue[20:80, 20:60, 28:52] = Tissue.MEDIASTINUM
    offset = np.indices(tissue.shape) - HEART.reshape(3, 1, 1, 1)
    tissue[(offset**2).sum(0) < 14**2] = Tissue.HEART
    tissue[20:80, 56:62, 42:48] = Tissue.AORTA
    tissue[5:26, 15:65, 8:50] = Tissue.LIVER
    return TissueMap(tissue, np.zeros(tissue.shape, np.float32), 3.0)


@pytest.mark.parametrize(
    ("shape", "centre"),
    [((90, 70, 80), (45, 35, 40)), ((60, 60, 60), (12, 30, 58)), ((20, 50, 50), (10, 25, 25))],
    ids=["in the middle", "at two faces", "a short scan"],
)
def test_the_window_lies_in_the_grid_and_holds_the_heart(shape, centre):
    heart = with_heart(shape, centre)
    window = HeartWindow.around(heart)
    assert heart[window.box].sum() == heart.sum()
    cut = window.cut(heart.astype(np.float32))
    assert cut.shape == SHAPE
    middle = [(at.min() + at.max()) / 2 for at in np.nonzero(cut > 0)]
    assert middle == pytest.approx([(n - 1) / 2 for n in SHAPE], abs=0.6)


def test_beyond_the_scan_there_is_nothing():
    window = HeartWindow.around(with_heart((20, 50, 50), (10, 25, 25)))
    cut = window.cut(np.zeros((20, 50, 50), np.float32))
    assert (cut == 0).sum() == 20 * 48 * 48
    assert (cut[:14] == -1024).all()
    assert (cut[34:] == -1024).all()


def test_the_second_look_counts_inside_and_the_first_outside():
    window = HeartWindow.around(with_heart((90, 70, 80), (45, 35, 40)))
    first = np.zeros((2, 90, 70, 80), np.float32)
    first[0] = 1
    second = np.zeros((2, *SHAPE), np.float32)
    second[1] = 1
    both = window.blended(first, second)
    assert np.allclose(both.sum(0), 1)
    assert both[1, 45, 35, 40] == 1
    assert both[1, 0].max() == 0
    edge = window.box[0].start
    assert 0 < both[1, edge, 35, 40] < 0.5 < both[1, edge + 3, 35, 40]


def test_the_windows_lie_a_little_apart_and_all_hold_the_heart():
    heart = with_heart((90, 70, 80), (45, 35, 40))
    around = windows(heart)
    assert len({tuple(part.start for part in window.box) for window in around}) == len(around) > 1
    for window in around:
        assert (window.cut(heart.astype(np.float32)) > 0).sum() == heart.sum()


def test_at_the_end_of_the_scan_the_second_look_counts_fully():
    window = HeartWindow.around(with_heart((60, 60, 60), (12, 30, 58)))
    middle = window.weight.shape[1] // 2
    assert window.weight[0, middle, -1] == 1
    assert window.weight[-1, middle, -1] < 0.5


def test_parts_drawn_anew_stay_joined_to_the_heart():
    from scipy import ndimage

    source, changed = a_chest(), 0
    for seed in range(6):
        redrawn = anatomyvariants.varied(np.random.default_rng(seed), source)
        heart = np.isin(redrawn.tissue, (Tissue.HEART, Tissue.RIGHT_ATRIUM, Tissue.APPENDAGE))
        # What covers the heart from below may cut off a crumb of it.
        sizes = np.bincount(ndimage.label(heart)[0].ravel())[1:]
        assert sizes.max() > 0.98 * sizes.sum()
        changed += int((redrawn.tissue != source.tissue).any())
    assert changed >= 5
    assert (source.tissue == a_chest().tissue).all()


def test_an_example_at_the_heart_shows_it_whole():
    source = a_chest()
    image, classes = anatomysynthesis.random_example(
        np.random.default_rng(4), source, 5.0, SHAPE, at_heart=True
    )
    assert image.shape == classes.shape == SHAPE
    heart = np.isin(classes, (CLASSES.index("HEART"), CLASSES.index("RIGHT_ATRIUM")))
    assert heart.sum() * 5.0**3 > 0.4 * (source.tissue == Tissue.HEART).sum() * 3.0**3
    assert not heart[[0, -1]].any()


def test_without_agent_all_blood_is_alike_mostly():
    spread = []
    for seed in range(20):
        values = np.linspace(0, 200, len(Tissue), dtype=np.float32)
        heartchambers.one_blood(np.random.default_rng(seed), values)
        spread.append(float(np.ptp(values[[Tissue.AORTA, Tissue.VEIN, Tissue.INFERIOR_CAVA]])))
    assert sum(s < 12 for s in spread) >= 10


def test_chambers_share_the_blood_of_their_vessels():
    source = a_chest()
    rng = np.random.default_rng(7)
    grid = np.indices(source.tissue.shape).astype(np.float32)
    nearest = heartchambers.chambers(rng, source, grid)
    heart = source.tissue == Tissue.HEART
    values = np.zeros(len(Tissue), np.float32)
    values[Tissue.VEIN], values[Tissue.AORTA], values[Tissue.PULMONARY_ARTERY] = 900, 100, 500
    image = np.zeros(source.tissue.shape, np.float32)
    heartchambers.fill(rng, image, heart, 3.0, values, nearest)
    right_atrium = image[heart & (nearest == 0)]
    left_atrium = image[heart & (nearest == 1)]
    assert np.median(right_atrium) > 3 * np.median(left_atrium)
    assert (image[~heart] == 0).all()


def test_its_recipe_trains_on_windows_and_judges_on_others():
    recipe = HeartRecipe(a_chest(), held_out=1)
    image, classes = recipe.sample(np.random.default_rng(2))
    assert image.shape == (2, *SHAPE)
    assert classes.shape == SHAPE
    judged = recipe.validate(lambda shown: as_found(recipe, shown))
    assert judged["heart"] == judged["aorta"] == 1.0


def as_found(recipe: HeartRecipe, shown: torch.Tensor) -> torch.Tensor:
    """Return the logits of a network that knows the held-out window."""
    image, classes = recipe._held_out[0]
    assert np.array_equal(shown[0].numpy(), image)
    return torch.nn.functional.one_hot(torch.from_numpy(classes), len(CLASSES)).movedim(-1, 0)[None]
