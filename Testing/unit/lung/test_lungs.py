"""The lungs of drawn chests, and of two real ones with an outline of other people's."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.demo.data import fetch_organs
from readingroom.errors import RefusedInput
from readingroom.evaluation.overlap import dice
from readingroom.imaging import load
from readingroom.imaging.geometry import canonical
from readingroom.readers.lungnodule.anatomy import LOBES, find_anatomy
from readingroom.readers.lungnodule.lungs import find_lungs
from Testing.fixtures.lungs import LUNG_HU, TISSUE_HU, a_chest


@pytest.fixture(scope="module")
def chest():
    return a_chest()


@pytest.fixture(scope="module")
def lungs_of_chest(chest):
    return find_lungs(chest.hu, chest.spacing_mm)


def codes(lungs):
    return {note.code for note in lungs.notes}


def test_both_lungs_are_found_on_their_sides(chest, lungs_of_chest):
    for side in (1, 2):
        assert dice(lungs_of_chest.labels == side, chest.lungs == side) > 0.97
    assert lungs_of_chest.notes == ()


def test_the_windpipe_is_airway_and_not_lung(chest, lungs_of_chest):
    z, y, x = (int(e / 2 / s) for e, s in zip((340, 320, 380), chest.spacing_mm, strict=True))
    column = (slice(z + 10, z + 20), y, x)
    assert not lungs_of_chest.labels[column].any()
    assert lungs_of_chest.airways[column].all()


def test_a_nodule_at_the_pleura_belongs_to_the_lung(chest):
    hu = chest.hu.copy()
    at = _on_the_lateral_pleura(chest.lungs)
    nodule = _ball(hu.shape, at, 6.0, chest.spacing_mm) & (chest.lungs > 0)
    hu[nodule] = TISSUE_HU
    found = find_lungs(hu, chest.spacing_mm)
    assert (found.labels[nodule] == 1).mean() > 0.9


def test_lungs_that_touch_in_front_are_parted(chest):
    hu, truth = chest.hu.copy(), chest.lungs
    i = hu.shape[2] // 2
    rows = np.flatnonzero((truth > 0).any((0, 2)))
    bridge = (slice(40, 60), slice(rows[0] + 8, rows[0] + 16), slice(i - 8, i + 8))
    hu[bridge][hu[bridge] > -500] = LUNG_HU
    found = find_lungs(hu, chest.spacing_mm)
    for side in (1, 2):
        assert dice(found.labels == side, truth == side) > 0.95


def test_consolidation_behind_stays_inside(chest):
    hu = chest.hu.copy()
    dense = _dependent_part(chest.lungs == 1)
    hu[dense] = 20
    _add_ribs(hu, chest)
    found = find_lungs(hu, chest.spacing_mm)
    assert (found.labels[dense] == 1).mean() > 0.75
    assert dice(found.labels == 2, chest.lungs == 2) > 0.95


def test_a_lung_largely_without_air_is_told(chest):
    hu = chest.hu.copy()
    dense = _dependent_part(chest.lungs == 1, slices=24, above=64)
    hu[dense] = 20
    _add_ribs(hu, chest)
    found = find_lungs(hu, chest.spacing_mm)
    assert codes(found) == {"LUNG_OPAQUE"}
    assert "right lung" in found.notes[0].message


def test_gas_in_the_stomach_is_no_lung(chest):
    hu = chest.hu.copy()
    below = _ball(hu.shape, (8, 55, 90), 25.0, chest.spacing_mm)
    hu[below] = -1000
    found = find_lungs(hu, chest.spacing_mm)
    assert (found.labels[below & (chest.lungs == 0)] > 0).mean() < 0.1


def test_a_lung_cut_at_the_top_is_told(chest):
    middle = len(chest.hu) // 2
    found = find_lungs(chest.hu[:middle], chest.spacing_mm)
    assert codes(found) == {"LUNG_CUT"}
    assert all("top" in n.message and "上缘" in n.message_zh for n in found.notes)


def test_an_absent_lung_is_told(chest):
    hu = chest.hu.copy()
    hu[chest.lungs == 2] = TISSUE_HU
    found = find_lungs(hu, chest.spacing_mm)
    assert "LUNG_ABSENT" in codes(found)
    assert not (found.labels == 2).any()


def test_a_body_with_bowel_gas_alone_is_refused(chest):
    hu = chest.hu.copy()
    hu[chest.lungs > 0] = TISSUE_HU
    hu[_ball(hu.shape, (40, 50, 60), 40.0, chest.spacing_mm)] = -1000
    with pytest.raises(RefusedInput) as refusal:
        find_lungs(hu, chest.spacing_mm)
    assert refusal.value.code == "LUNGS_ABSENT"


def test_lungs_of_a_real_chest_on_a_coarse_grid(shared_data):
    image = canonical(load(shared_data / "chest_ct_small/ct-64.nrrd").volumes[0])
    thirds = canonical(load(shared_data / "chest_ct_small/lm-64.nrrd").volumes[0]).array % 256
    found = find_lungs(image.array, image.spacing_mm)
    for side, first in ((1, 12), (2, 9)):
        truth = (thirds >= first) & (thirds < first + 3)
        assert dice(found.labels == side, truth) > 0.97


def test_lungs_and_lobes_of_a_real_chest():
    folder = fetch_organs()
    image = canonical(load(folder / "cxr.nii.gz").volumes[0])
    organs = canonical(load(folder / "mask.nii.gz").volumes[0]).array
    found = find_anatomy(image.array, image.spacing_mm)
    assert dice(found.lungs.labels == 1, (organs >= 12) & (organs <= 14)) > 0.97
    assert dice(found.lungs.labels == 2, (organs == 10) | (organs == 11)) > 0.97
    # The limits are what was reached (Docs/validation.md), less a margin.
    least = dict(zip(LOBES, (0.90, 0.72, 0.90, 0.94, 0.93), strict=True))
    labels = dict(zip(LOBES, (12, 13, 14, 10, 11), strict=True))
    for n, name in enumerate(LOBES, 1):
        assert dice(found.lobes == n, organs == labels[name]) > least[name], name


def _ball(shape, at, radius_mm, spacing_mm):
    axes = np.ogrid[tuple(slice(0, n) for n in shape)]
    square = sum(((a - c) * s) ** 2 for a, c, s in zip(axes, at, spacing_mm, strict=True))
    return square < radius_mm**2


def _on_the_lateral_pleura(lungs):
    k, j = (n // 2 for n in lungs.shape[:2])
    return k, j, int(np.flatnonzero(lungs[k, j] == 1)[0]) + 2


def _dependent_part(lung, slices=8, above=70):
    k, j, _ = np.nonzero(lung)
    back = np.zeros(lung.shape, bool)
    middle = int(k.mean())
    back[middle - slices : middle + slices, int(np.percentile(j, above)) :] = True
    return back & lung


def _add_ribs(hu, chest):
    """Bone beyond the lungs on every fourth slice, 6 mm outside the pleura."""
    from readingroom.readers.lungnodule.grids import dilated_mm

    near = dilated_mm(chest.lungs > 0, 10.0, chest.spacing_mm)
    inner = dilated_mm(chest.lungs > 0, 6.0, chest.spacing_mm)
    ribs = near & ~inner & (hu > 0)
    ribs[np.arange(len(hu)) % 6 > 2] = False
    hu[ribs] = 500
