"""Two scans of one person: registration, pairs of nodules, growth, what is new or gone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from readingroom import folder
from readingroom.compare import compare
from readingroom.errors import RefusedInput
from readingroom.readers.lungnodule import followup, texts
from readingroom.readers.lungnodule.matching import Spot, match
from readingroom.readers.lungnodule.reader import LungNoduleReader
from readingroom.readers.lungnodule.registration import LungImage, Registration, register
from readingroom.readers.lungnodule.timeline import timeline
from Testing.fixtures.lung_phantom import Ball, a_reading, a_study

LEFT = Ball((36.0, 40.0, 79.0), 10.0)
SMALL, LARGE = Ball((30.0, 40.0, 27.0), 8.0), Ball((30.0, 40.0, 27.0), 12.0)
OTHER = Ball((22.0, 44.0, 77.0), 9.0)


def a_spot(name, x, diameter=8.0):
    return Spot(name, np.array([x, 0.0, 0.0]), diameter)


def test_nodules_are_paired_by_the_least_sum_of_distances():
    found = match([a_spot("a", 0.0), a_spot("b", 8.0)], [a_spot("x", 7.0), a_spot("y", -1.0)])
    assert [(m.kind, m.now, m.before) for m in found] == [
        ("matched", ("a",), ("y",)),
        ("matched", ("b",), ("x",)),
    ]


def test_a_nodule_far_from_all_before_is_new_and_one_that_nobody_continues_is_resolved():
    found = match([a_spot("a", 0.0)], [a_spot("x", 90.0)])
    assert [(m.kind, m.now, m.before) for m in found] == [
        ("new", ("a",), ()),
        ("resolved", (), ("x",)),
    ]


def test_two_before_inside_one_now_have_merged():
    (found,) = match([a_spot("a", 0.0, 20.0)], [a_spot("x", -4.0), a_spot("y", 5.0)])
    assert (found.kind, found.now, set(found.before)) == ("merged", ("a",), {"x", "y"})


def test_one_before_around_two_now_has_split():
    (found,) = match([a_spot("a", -4.0), a_spot("b", 5.0)], [a_spot("x", 0.0, 20.0)])
    assert (found.kind, set(found.now), found.before) == ("split", {"a", "b"}, ("x",))


def test_nothing_before_and_nothing_now():
    assert match([], []) == []
    assert [m.kind for m in match([], [a_spot("x", 0.0)])] == ["resolved"]


class Shift:
    """A transform that shifts by a vector."""

    def __init__(self, by):
        self.by = np.asarray(by, float)

    def TransformPoint(self, point):  # noqa: N802 - called so by SimpleITK
        return np.asarray(point) + self.by


HERE = Registration(Shift((0.0, 0.0, 0.0)), 1.0)


def a_pair(before, now, days="2023-03-02T10:00:00"):
    """Return the earlier reading, the later one and its study, a year apart by default."""
    old_study = a_study(before, date=days, study_uid="1.1")
    new_study = a_study(now, study_uid="1.2")
    return a_reading(old_study, before), a_reading(new_study, now), new_study


@pytest.fixture(scope="module")
def grown():
    old, new, study = a_pair((SMALL, LEFT), (LARGE, OTHER))
    days = followup.days_between(old, new)
    return old, followup.paired(new, study, old, HERE, days), study


def status_of(reading, side):
    return next(f for f in reading.findings if f.attributes["side"] == side)


def test_a_grown_nodule_has_its_growth_and_the_category_of_growth(grown):
    _, reading, _ = grown
    found = status_of(reading, "right")

    assert found.attributes["status"] == "growing"
    # 8 to 12 mm in 365 days: ln 2 / ln 3.375 of the time.
    assert found.measurements["volume_doubling_time"].value == pytest.approx(208.0, rel=0.2)
    assert found.measurements["diameter_change"].value == pytest.approx(4.0, abs=0.7)
    assert found.attributes["lung_rads"] == "4B"
    assert any("\u4e00" <= letter <= "\u9fff" for letter in found.attributes["growth_text_zh"])


def test_a_new_nodule_is_new_and_a_missing_one_is_marked_where_it_was(grown):
    old, reading, _ = grown
    gone = next(f for f in old.findings if f.attributes["side"] == "left")
    (mark,) = reading.landmarks

    assert status_of(reading, "left").attributes["status"] == "new"
    assert mark.name == f"resolved_{gone.id}"
    assert np.allclose(mark.position_lps_mm, gone.position_lps_mm, atol=0.1)
    assert reading.measurements["resolved_count"].value == 1
    assert "NODULES_RESOLVED" in {note.code for note in reading.notes}


def test_growth_follows_a_correction_without_registering_again(grown):
    _, reading, study = grown
    found = status_of(reading, "right")
    masks = reading.masks
    start, own = LungNoduleReader().voxels_of(reading, study, masks, found)
    layers = [layer.copy() for layer in masks.layers]
    k, j, i = (slice(a, a + n) for a, n in zip(start, own.shape, strict=True))
    layers[0][k, j, i][: own.shape[0] // 2] = 0
    smaller = type(masks)(layers, masks.ijk_to_lps, masks.segments)
    after = LungNoduleReader().remeasure(reading, study, smaller).finding(found.id)

    change = found.measurements["volume_change"].value
    assert after.measurements["volume_change"].value < change


def test_the_comparison_of_two_readings_tells_each_nodule(grown):
    old, reading, _ = grown
    told = compare(old, reading).progression

    assert sorted(category.value for category in told.values()) == ["growing", "new", "resolved"]


def test_a_third_time_carries_the_history_along(grown):
    _, second, _ = grown
    third_study = a_study((LARGE,), date="2025-03-01T10:00:00", study_uid="1.3")
    third = a_reading(third_study, (LARGE,))
    third = followup.paired(third, third_study, second, HERE, followup.days_between(second, third))
    prior = third.findings[0].evidence["prior"]
    moments = timeline(third)[third.findings[0].id]

    assert third.findings[0].attributes["status"] == "stable"
    assert [time["date"][:4] for time in prior["history"]] == ["2023"]
    assert prior["date"].startswith("2024")
    assert [moment.date[:4] for moment in moments] == ["2023", "2024", "2025"]
    assert moments[0].volume_mm3 < moments[1].volume_mm3
    assert third.figures["timeline"].startswith(b"\x89PNG")


@pytest.fixture(scope="module")
def unchanged():
    return a_pair((SMALL,), (SMALL,))


def test_a_poor_registration_is_told(unchanged):
    old, new, study = unchanged
    poor = Registration(Shift((0.0, 0.0, 0.0)), 0.7)
    after = followup.paired(new, study, old, poor, 365.0)
    assert "REGISTRATION_POOR" in {note.code for note in after.notes}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"reader": "cacs"}, "READERS_DIFFER"),
        ({"patient": "SOMEONE"}, "PATIENTS_DIFFER"),
    ],
)
def test_a_prior_that_does_not_fit_is_refused(tmp_path, unchanged, change, code):
    old, new, study = unchanged
    if "patient" in change:
        record = old.study.model_copy(update={"patient": {"id": change["patient"]}})
        old = old.model_copy(update={"study": record})
    else:
        old = old.model_copy(update=change)
    folder.save(old, tmp_path / "old")
    with pytest.raises(RefusedInput) as refused:
        followup.compared(new, study, tmp_path / "old")
    assert refused.value.code == code


def test_a_prior_whose_images_are_gone_leaves_a_note(tmp_path, unchanged):
    old, new, study = unchanged
    folder.save(old, tmp_path / "old")
    options = LungNoduleReader.options_type(prior=str(tmp_path / "old"))
    after = followup.with_prior(new, study, options)

    (note,) = [note for note in after.notes if note.code == "PRIOR_UNUSED"]
    assert note.message_zh == "未与既往判读比较：既往图像已不在判读时的位置。"
    assert after.findings == new.findings


def test_a_reason_that_nobody_foresaw_is_told_in_chinese_by_its_code():
    note = texts.prior_unused(RefusedInput("SLICES_TOO_FEW", "What happened.", "What to do."))

    assert note.message == "The prior reading was not compared: What happened."
    assert note.message_zh == "未与既往判读比较：无法读取既往检查（SLICES_TOO_FEW）。"


def lungs_with_texture():
    """Return two lungs of 4 mm voxels with branching texture, as `LungImage`."""
    k, j, i = np.indices((44, 48, 64)).astype(float)
    lungs = np.zeros(k.shape, bool)
    for middle in (18, 46):
        inside = ((i - middle) / 12) ** 2 + ((j - 24) / 18) ** 2 + ((k - 22) / 19) ** 2
        lungs |= inside < 1
    noise = ndimage.gaussian_filter(np.random.default_rng(1).normal(0, 1, k.shape), 1.2)
    hu = np.where(lungs, -800 + 250 * noise / noise.std(), 40)
    return LungImage(hu, lungs, np.diag([4.0, 4.0, 4.0, 1.0])), (k, j, i)


def test_a_known_deformation_is_found_to_two_millimetres():
    fixed, (k, j, i) = lungs_with_texture()
    # The moving scan breathes out: shifted, and squeezed towards its base.
    places = [k + 1.5 + 2.0 * (1 - k / 44) ** 2, j - 1.0, i + 0.8]
    moving = LungImage(
        ndimage.map_coordinates(fixed.hu, places, order=1, mode="nearest"),
        ndimage.map_coordinates(fixed.lungs.astype(float), places, order=1) > 0.5,
        fixed.ijk_to_lps,
    )
    found = register(fixed, moving)
    sample = np.argwhere(moving.lungs)[::97]
    errors = []
    for at in sample:
        there = np.array([place[tuple(at)] for place in places])[::-1] * 4.0
        errors.append(np.linalg.norm(found.transform_point(there) - at[::-1] * 4.0))
    back = found.inverse_point(found.transform_point(there))

    assert found.good
    assert np.mean(errors) < 2.0
    assert np.allclose(back, there, atol=0.1)


def test_a_scan_without_lungs_cannot_be_registered():
    fixed, _ = lungs_with_texture()
    empty = LungImage(fixed.hu, np.zeros_like(fixed.lungs), fixed.ijk_to_lps)
    with pytest.raises(RefusedInput) as refused:
        register(fixed, empty)
    assert refused.value.code == "LUNGS_ABSENT"
