"""Patients whose chest is not the usual one: operated, prone, cut by the images, no chest."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from readingroom.errors import RefusedInput
from readingroom.readers.lungnodule.anatomy import find_anatomy
from readingroom.readers.lungnodule.lobeloss import loss_by_fissures, loss_by_lobes
from readingroom.readers.lungnodule.lungs import find_lungs
from readingroom.readers.lungnodule.lungtexts import fissure_notes, lung_cut, lung_opaque
from Testing.fixtures.lung_phantom import a_chest, a_reading, a_study

SEEN = {"right_oblique": 0.6, "right_horizontal": 0.5, "left_oblique": 0.7}
MM = (2.0, 2.0, 2.0)


def lungs_with(left_share):
    """Labels of 1000 voxels of lung, of which a share is the left one's."""
    return np.repeat(
        np.array([1, 2], np.uint8), [round(1000 * (1 - left_share)), round(1000 * left_share)]
    )


def codes(notes):
    return [note.code for note in notes]


# --- A lobe that a surgeon removed, or that collapsed


def test_a_small_lung_without_its_fissure_may_lack_a_lobe():
    (note,) = loss_by_fissures(lungs_with(0.33), SEEN | {"left_oblique": 0.05}, ())
    assert (note.code, note.severity) == ("LOBE_MISSING", "warning")
    assert "left lung holds only 33%" in note.message
    assert note.message_zh


def test_a_right_lung_may_lack_one_too():
    (note,) = loss_by_fissures(lungs_with(0.56), SEEN | {"right_horizontal": 0.1}, ())
    assert "right lung holds only 44%" in note.message


@pytest.mark.parametrize("left", [0.426, 0.464, 0.494])
def test_lungs_of_healthy_adults_lack_none_even_where_no_fissure_is_seen(left):
    assert loss_by_fissures(lungs_with(left), dict.fromkeys(SEEN, 0.0), ()) == []


def test_a_small_lung_with_all_its_fissures_is_just_small():
    assert loss_by_fissures(lungs_with(0.33), SEEN, ()) == []


@pytest.mark.parametrize("explained", [lung_cut(2, ("bottom",)), lung_opaque(2, 0.4)])
def test_a_lung_small_for_another_reason_is_not_suspected(explained):
    lungs, unseen = lungs_with(0.2), dict.fromkeys(SEEN, 0.0)
    assert loss_by_fissures(lungs, unseen, (explained,)) == []


def test_a_lobe_that_a_network_did_not_draw_is_named():
    lobes = np.repeat(np.array([1, 3, 4, 5], np.uint8), [200, 300, 250, 250])
    (note,) = loss_by_lobes(lobes, ())
    assert note.code == "LOBE_MISSING"
    assert "right middle lobe" in note.message
    assert loss_by_lobes(np.arange(1, 6).astype(np.uint8), ()) == []


def test_a_whole_lung_that_is_absent_is_not_told_lobe_by_lobe():
    assert loss_by_lobes(np.array([1, 2, 3], np.uint8), ()) == []


def an_operated_chest():
    """The phantom, its left lung shrunk to about a third, tissue in its place."""
    hu = a_chest(())
    k, j, i = np.indices(hu.shape)
    away = ((i - 77) / 20) ** 2 + ((j - 40) / 28) ** 2 + ((k - 30) / 27) ** 2
    kept = ((i - 77) / 14) ** 2 + ((j - 40) / 20) ** 2 + ((k - 30) / 20) ** 2 < 1
    hu[(away < 1.05) & ~kept] = 40
    return hu


def test_an_operated_chest_is_read_with_the_suspicion():
    found = find_anatomy(an_operated_chest(), MM)
    assert "LOBE_MISSING" in codes(found.notes)


def test_an_intact_chest_is_not_suspected():
    assert "LOBE_MISSING" not in codes(find_anatomy(a_chest(()), MM).notes)


def test_what_is_said_of_hidden_fissures_claims_no_more_than_it_can():
    (note,) = fissure_notes({"left_oblique": 0.05})
    assert "loss of volume only" in note.message


# --- Prone, part of the lungs, no chest


def test_a_prone_patient_is_read_as_a_supine_one():
    """Prone, rows grow to the front and columns to the right: the same voxels turned round."""
    study = a_study(patient_position="HFP")
    (volume,) = study.volumes
    turned = volume.array[:, ::-1, ::-1].copy()
    prone = a_study(voxels=turned, patient_position="HFP")
    matrix = volume.ijk_to_lps.copy()
    last = np.array([volume.shape[2] - 1, volume.shape[1] - 1, 0])
    matrix[:3, 3] += matrix[:3, :3] @ last
    matrix[:3, :2] *= -1
    prone.volumes[0].ijk_to_lps[:] = matrix

    before, after = a_reading(study), a_reading(prone)
    assert "PRONE" in codes(after.notes)
    assert [f.attributes["side"] for f in after.findings] == [
        f.attributes["side"] for f in before.findings
    ]
    for a, b in zip(before.findings, after.findings, strict=True):
        assert a.measurements["volume"].value == pytest.approx(b.measurements["volume"].value)
        assert b.position_lps_mm == pytest.approx(a.position_lps_mm, abs=2.1)


def test_an_abdomen_with_the_lungs_bases_is_told_to_be_cut():
    hu = a_chest(())[:34]
    notes = find_lungs(hu, MM).notes
    assert "LUNG_CUT" in codes(notes)


def test_an_abdomen_with_gas_is_refused():
    hu = np.full((40, 80, 106), -1000, np.int16)
    j, i = np.ogrid[:80, :106]
    hu[:, ((i - 53) / 50) ** 2 + ((j - 40) / 37) ** 2 < 1] = 40
    gas = np.zeros(hu.shape, bool)
    for at in ((10, 30, 40), (18, 35, 60), (30, 25, 50)):
        gas[at] = True
    hu[ndimage.binary_dilation(gas, iterations=5)] = -980
    with pytest.raises(RefusedInput) as refused:
        find_lungs(hu, MM)
    assert refused.value.code == "LUNGS_ABSENT"


def test_a_head_is_refused():
    hu = np.full((40, 80, 80), -1000, np.int16)
    k, j, i = np.ogrid[:40, :80, :80]
    head = ((i - 40) / 34) ** 2 + ((j - 40) / 38) ** 2 < 1
    hu[np.broadcast_to(head, hu.shape)] = 900
    brain = ((i - 40) / 31) ** 2 + ((j - 40) / 35) ** 2 < 1
    hu[np.broadcast_to(brain, hu.shape)] = 35
    sinus = ((i - 40) / 7) ** 2 + ((j - 14) / 5) ** 2 + ((k - 12) / 7) ** 2 < 1
    hu[sinus] = -990
    with pytest.raises(RefusedInput) as refused:
        find_lungs(hu, MM)
    assert refused.value.code == "LUNGS_ABSENT"
