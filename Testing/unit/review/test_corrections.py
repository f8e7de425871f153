"""What a radiologist does to findings and masks, and what must follow."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from readingroom import folder
from readingroom.errors import RefusedInput
from readingroom.folder.segnrrd import encode_masks
from readingroom.imaging.write import write_volume
from readingroom.reading import Masks
from readingroom.review import ReviewSession
from Testing.fixtures import review_cases
from Testing.fixtures.review_cases import MISSED, SPECK
from Testing.unit.review.conftest import content, of, paint, score, value_of


def lps(session: ReviewSession, k: float, j: float, i: float) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in session.volume.lps_from_kji((k, j, i)))
    return x, y, z


def refused(code: str):
    return pytest.raises(RefusedInput, match=f"^{code}:")


# States


def test_a_rejected_finding_stays_in_the_list_and_counts_nowhere(a_session):
    (lesion,) = of(a_session, "RCA")
    voxels = a_session.masks.mask("RCA").copy()
    total = score(a_session)
    a_session.reject(lesion)
    assert a_session.reading.finding(lesion).state == "rejected"
    assert score(a_session, "RCA") == 0
    assert score(a_session) < total
    assert np.array_equal(a_session.masks.mask("RCA"), voxels)
    a_session.restore(lesion)
    assert a_session.reading.finding(lesion).state == "proposed"
    assert score(a_session) == total


def test_accepting_changes_no_number_and_twice_is_once(a_session, told):
    (lesion,) = of(a_session, "RCA")
    total = score(a_session)
    a_session.accept(lesion)
    a_session.accept(lesion)
    assert a_session.reading.finding(lesion).state == "accepted"
    assert score(a_session) == total
    assert len(told) == 1
    assert told[0].kind == "finding"
    assert told[0].finding_ids == (lesion,)


# Classes


def test_a_lesion_given_to_another_vessel_takes_its_score_along(a_session, told):
    (lesion,) = of(a_session, "LCX")
    moved, total = score(a_session, "LCX"), score(a_session)
    assert a_session.reassign(lesion, "RCA") == lesion
    finding = a_session.reading.finding(lesion)
    assert (finding.label, finding.state, finding.mask_segment) == ("RCA", "accepted", "RCA")
    assert finding.confidence is None  # the machine never said RCA
    assert finding.evidence == {"probabilities": {"LCX": 0.9}}
    assert score(a_session, "LCX") == 0
    assert score(a_session, "RCA") > moved
    assert score(a_session) == pytest.approx(total)
    assert told[-1].kind == "mask"
    assert told[-1].layer == 0


def test_a_class_that_no_lesion_had_can_be_given(a_session):
    (lesion,) = of(a_session, "LCX")
    a_session.reassign(lesion, "PERICARDIUM")
    assert a_session.masks.mask("PERICARDIUM").sum() == 18
    assert a_session.reading.finding(lesion).attributes == {"coronary": False}


def test_giving_a_lesion_its_own_class_is_no_edit(a_session):
    (lesion,) = of(a_session, "LCX")
    assert a_session.reassign(lesion, "LCX") == lesion
    assert not a_session.can_undo


def test_a_lesion_that_touches_one_of_its_new_class_becomes_part_of_the_larger(tmp_path):
    touching = (
        ("LAD", (12, 14, 28), (2, 3, 4), 520),
        ("LM", (12, 14, 32), (2, 3, 2), 400),
    )
    case = review_cases.a_case(tmp_path, touching)
    session = ReviewSession.open(case.folder)
    (large,), (small,) = of(session, "LAD"), of(session, "LM")
    total = score(session)
    assert session.reassign(small, "LAD") == large
    assert of(session, "LAD") == [large]
    assert score(session, "LAD") == pytest.approx(total)
    session.undo()
    assert of(session, "LM") == [small]
    assert session.reading.finding(small).confidence == 0.9
    session.discard()


def test_a_rejected_lesion_that_gets_a_class_counts_again(a_session):
    (lesion,) = of(a_session, "LCX")
    a_session.reject(lesion)
    a_session.reassign(lesion, "RCA")
    assert a_session.reading.finding(lesion).state == "accepted"
    assert score(a_session, "RCA") > 0


def test_only_classes_of_the_reader_can_be_given(a_session):
    (lesion,) = of(a_session, "LCX")
    with refused("CLASS_UNKNOWN"):
        a_session.reassign(lesion, "SPINE")
    with refused("CLASS_UNKNOWN"):
        a_session.add_at((0.0, 0.0, 0.0), "LAD2")
    with refused("FINDING_UNKNOWN"):
        a_session.reassign("L999", "LAD")
    assert not a_session.can_undo


# Painting and erasing


def test_lesions_painted_together_keep_the_larger_ones_id(a_session):
    large, small = of(a_session, "LAD")
    paint(a_session, "LAD", (12, 14, 28), (1, 3, 9))  # the gap is below the threshold…
    assert of(a_session, "LAD") == [large, small]
    a_session.undo()
    a_session.volume.array.flags.writeable = True
    a_session.volume.array[12, 15, 32:34] = 300  # …unless it holds calcium
    paint(a_session, "LAD", (12, 15, 32), (1, 1, 2))
    assert of(a_session, "LAD") == [large]
    a_session.undo()
    assert of(a_session, "LAD") == [large, small]


def test_a_split_lesion_keeps_its_id_in_the_larger_part(a_session):
    (lesion,) = of(a_session, "ASCENDING_AORTA")
    everyone = {f.id for f in a_session.reading.findings}
    paint(a_session, None, (16, 18, 21), (2, 3, 1), what="erase")
    first, second = of(a_session, "ASCENDING_AORTA")
    assert first == lesion
    assert second not in everyone
    assert a_session.reading.finding(lesion).state == "proposed"
    assert a_session.reading.finding(second).state == "added"
    voxels = [a_session.reading.finding(i).measurements["voxels"].value for i in (first, second)]
    assert voxels == [12, 6]


def test_what_breaks_off_a_rejected_lesion_stays_rejected(a_session):
    (lesion,) = of(a_session, "ASCENDING_AORTA")
    a_session.reject(lesion)
    paint(a_session, None, (16, 18, 21), (2, 3, 1), what="erase")
    states = {a_session.reading.finding(i).state for i in of(a_session, "ASCENDING_AORTA")}
    assert states == {"rejected"}
    assert a_session.reading.measurements["aorta_agatston_score"].value == 0


def test_painting_on_a_rejected_lesion_does_not_bring_it_back(a_session):
    (lesion,) = of(a_session, "ASCENDING_AORTA")
    a_session.reject(lesion)
    paint(a_session, None, (16, 18, 20), (1, 1, 4), what="erase")
    paint(a_session, "ASCENDING_AORTA", (16, 18, 20), (1, 1, 4))
    assert a_session.reading.finding(lesion).state == "rejected"


def test_a_merged_lesion_stands_if_any_part_of_it_stands(tmp_path):
    touching = (("LAD", (12, 14, 28), (2, 3, 4), 520), ("LM", (12, 14, 32), (2, 3, 2), 400))
    session = ReviewSession.open(review_cases.a_case(tmp_path, touching).folder)
    (large,), (small,) = of(session, "LAD"), of(session, "LM")
    session.reject(large)
    session.reassign(small, "LAD")
    assert session.reading.finding(large).state == "accepted"
    session.discard()


def test_an_erased_lesion_comes_back_with_all_that_was_known(a_session):
    (lesion,) = of(a_session, "RCA")
    known = a_session.reading.finding(lesion)
    paint(a_session, None, (10, 22, 14), (2, 3, 3), what="erase")
    assert of(a_session, "RCA") == []
    a_session.undo()
    assert a_session.reading.finding(lesion) == known
    assert known.evidence
    assert known.confidence


def test_an_id_is_never_given_twice(a_session):
    last = a_session.reading.findings[-1]
    start, own = a_session.mask_of(last.id)
    a_session.replace_voxels(0, start, np.zeros(own.shape, np.uint8), "erase")
    added = a_session.add_at(lps(a_session, *MISSED[0]), "LAD")
    assert added not in {last.id, *(f.id for f in a_session.machine.findings)}


def test_crumbs_too_small_to_count_make_no_finding(a_session):
    count = len(a_session.reading.findings)
    paint(a_session, "LAD", SPECK[0], SPECK[1])
    assert len(a_session.reading.findings) == count


def test_painting_never_erases_a_neighbour_unless_asked(a_session, told):
    before = a_session.masks.mask("RCA").copy()
    paint(a_session, "LCX", (10, 21, 13), (2, 5, 5))
    assert np.array_equal(a_session.masks.mask("RCA"), before)
    assert told[-1].box == (slice(10, 12), slice(21, 26), slice(13, 18))
    paint(a_session, "LCX", (10, 21, 13), (2, 5, 5), over=True)
    assert not a_session.masks.mask("RCA").any()


def test_a_stroke_wholly_on_a_neighbour_is_told_but_is_no_edit(a_session, told):
    paint(a_session, "LCX", (10, 22, 14), (1, 3, 3))
    assert not a_session.can_undo
    assert told[-1].box == (slice(10, 11), slice(22, 25), slice(14, 17))
    told.clear()
    paint(a_session, "RCA", (10, 22, 14), (1, 3, 3))
    assert told == []


def test_painting_soft_tissue_measures_nothing_but_moves_with_its_lesion(a_session):
    (lesion,) = of(a_session, "RCA")
    rca = score(a_session, "RCA")
    paint(a_session, "RCA", (10, 21, 13), (2, 5, 5))
    assert score(a_session, "RCA") == rca
    a_session.reassign(lesion, "LCX")
    assert not a_session.masks.mask("RCA").any()


def test_paint_between_two_lesions_goes_with_the_nearer(a_session):
    first, second = of(a_session, "LAD")
    paint(a_session, "LAD", (12, 14, 32), (1, 3, 2))
    a_session.reassign(first, "LM")
    assert a_session.masks.mask("LM")[12, 14, 32]
    assert a_session.masks.mask("LAD")[12, 14, 33]
    assert of(a_session, "LAD") == [second]


def test_correcting_the_organs_changes_no_score(a_session):
    numbers = a_session.reading.measurements
    heart = np.ones((3, 3, 3), np.uint8)
    a_session.replace_voxels(1, (2, 2, 2), heart)
    assert a_session.masks.mask("SPINE")[3, 3, 3]
    assert a_session.reading.measurements == numbers


def test_a_stroke_beyond_the_images_is_refused(a_session):
    with refused("MASK_GEOMETRY"):
        a_session.replace_voxels(0, (19, 0, 0), np.zeros((2, 2, 2), np.uint8))
    with refused("MASK_GEOMETRY"):
        a_session.replace_voxels(7, (0, 0, 0), np.zeros((2, 2, 2), np.uint8))
    with refused("MASK_LABEL_UNKNOWN"):
        a_session.replace_voxels(0, (0, 0, 0), np.full((2, 2, 2), 99, np.uint8))
    assert not a_session.can_undo


# Adding what was missed


def test_a_click_near_missed_calcium_outlines_it(a_session):
    total = score(a_session)
    added = a_session.add_at(lps(a_session, 6, 18, 18), "RCA")
    finding = a_session.reading.finding(added)
    assert (finding.state, finding.label) == ("added", "RCA")
    assert finding.measurements["voxels"].value == 18
    assert score(a_session) > total
    assert a_session.mask_of(added)[1].sum() == 18
    a_session.undo()
    assert score(a_session) == total


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ((8, 8, 40), "NOTHING_TO_GROW"),
        ((2, 2, 400), "NOTHING_TO_GROW"),
        (SPECK[0], "NOTHING_TO_GROW"),
        ((10, 23, 15), "NOTHING_TO_GROW"),
        ((10, 42, 20), "GROWTH_LEAKS"),
    ],
)
def test_a_click_on_nothing_on_crumbs_on_what_is_marked_or_on_bone_is_refused(
    a_session, place, code
):
    before = content(a_session)
    with refused(code):
        a_session.add_at(lps(a_session, *place), "LAD")
    assert content(a_session) == before


def test_what_was_added_can_be_removed_and_what_was_found_only_rejected(a_session):
    before = content(a_session)
    added = a_session.add_at(lps(a_session, *MISSED[0]), "LAD")
    a_session.remove(added)
    assert content(a_session)["layers"] == before["layers"]
    with refused("FINDING_NOT_ADDED"):
        a_session.remove(of(a_session, "LM")[0])


def test_growing_joins_what_is_partly_marked(a_session):
    (lesion,) = of(a_session, "RCA")
    paint(a_session, None, (10, 22, 14), (2, 3, 1), what="erase")
    assert a_session.add_at(lps(a_session, 10, 23, 14), "RCA") == lesion
    assert a_session.reading.finding(lesion).measurements["voxels"].value == 18


def test_a_click_beside_a_marked_lesion_means_what_is_missing(tmp_path):
    dim = (("LAD", (12, 14, 28), (2, 3, 3), 900), ("LCX", (12, 14, 32), (2, 3, 2), 200))
    session = ReviewSession.open(review_cases.a_case(tmp_path, dim).folder)
    paint(session, None, (12, 14, 32), (2, 3, 2), what="erase")
    added = session.add_at(lps(session, 12, 15, 30), "RCA")
    assert session.mask_of(added)[1].sum() == 12
    session.discard()


def test_what_is_left_of_a_neighbours_calcium_is_too_small_to_grow(a_session):
    paint(a_session, None, (10, 22, 14), (1, 1, 1), what="erase")
    with refused("NOTHING_TO_GROW"):
        a_session.add_at(lps(a_session, 10, 22, 14), "LAD")


# Places


def test_a_click_finds_the_lesion_under_it_or_beside_it(a_session):
    (lesion,) = of(a_session, "RCA")
    assert a_session.finding_at(lps(a_session, 10, 24, 16)) == lesion
    assert a_session.finding_at(lps(a_session, 10, 27, 16)) == lesion  # 2.4 mm away
    assert a_session.finding_at(lps(a_session, 10, 27, 16), radius_mm=1.0) is None
    assert a_session.finding_at(lps(a_session, 10, 34, 34)) is None


def test_between_two_lesions_the_nearer_is_found(a_session):
    first, second = of(a_session, "LAD")
    assert a_session.finding_at(lps(a_session, 12, 15, 32)) == first
    assert a_session.finding_at(lps(a_session, 12, 15, 33)) == second


# Landmarks


def test_landmarks_are_moved_added_removed_and_undone(a_session, told):
    before = content(a_session)
    a_session.move_landmark("APEX", (4.0, 5.0, 6.0))
    a_session.add_landmark("OSTIUM", (7.0, 8.0, 9.0))
    a_session.remove_landmark("APEX")
    assert [(m.name, m.position_lps_mm) for m in a_session.reading.landmarks] == [
        ("OSTIUM", (7.0, 8.0, 9.0))
    ]
    assert [change.kind for change in told] == ["landmark"] * 3
    moved = a_session.reading.audit[-3]
    assert moved["before"]["landmarks"] == {"APEX": [1.0, 2.0, 3.0]}
    assert moved["after"]["landmarks"] == {"APEX": [4.0, 5.0, 6.0]}
    for _ in range(3):
        a_session.undo()
    assert content(a_session) == before
    with refused("LANDMARK_UNKNOWN"):
        a_session.move_landmark("NONE", (0.0, 0.0, 0.0))
    with refused("LANDMARK_EXISTS"):
        a_session.add_landmark("APEX", (0.0, 0.0, 0.0))


# Whole masks


def test_a_mask_file_replaces_the_segments_that_it_names(a_session, tmp_path):
    (lesion,) = of(a_session, "RCA")
    ours = a_session.masks
    layer = np.where(ours.layers[0] == value_of(a_session, "RCA"), 5, 0).astype(np.uint8)
    layer[10, 22:25, 14] = 0
    segment = next(s for s in ours.segments if s.name == "RCA")
    theirs = Masks([layer], ours.ijk_to_lps, [type(segment)("RCA", 0, 5, segment.color, "x")])
    others = a_session.masks.mask("LAD").copy()
    path = tmp_path / "corrected.seg.nrrd"
    path.write_bytes(encode_masks(theirs))
    before = content(a_session)
    a_session.import_masks(path)
    assert a_session.reading.finding(lesion).measurements["voxels"].value == 15
    assert np.array_equal(a_session.masks.mask("LAD"), others)
    assert a_session.reading.audit[-1]["what"] == "import"
    a_session.undo()
    assert content(a_session) == before


def test_an_imported_mask_does_not_erase_a_neighbour(a_session):
    ours = a_session.masks
    segment = next(s for s in ours.segments if s.name == "LCX")
    layer = np.zeros(ours.layers[0].shape, np.uint8)
    layer[10, 22:25, 10:17] = 1
    theirs = Masks([layer], ours.ijk_to_lps, [type(segment)("LCX", 0, 1, segment.color, "x")])
    rca = ours.mask("RCA").copy()
    a_session.replace_masks(theirs, "import")
    assert np.array_equal(a_session.masks.mask("RCA"), rca)
    assert a_session.masks.mask("LCX").sum() == 12


def test_a_segment_of_a_persons_own_gets_a_layer_and_undo_takes_it_away(a_session):
    before = content(a_session)
    ours = a_session.masks
    own = type(ours.segments[0])("my thrombus", 0, 3, (1.0, 0.0, 0.0), "x")
    layer = np.zeros(ours.layers[0].shape, np.uint8)
    layer[2:4, 2:4, 2:4] = 3
    a_session.replace_masks(Masks([layer], ours.ijk_to_lps, [own]), "import")
    assert a_session.masks.mask("my thrombus").sum() == 8
    a_session.undo()
    assert content(a_session) == before
    a_session.redo()
    assert a_session.masks.mask("my thrombus").sum() == 8


def test_the_same_masks_are_no_edit(a_session):
    a_session.replace_masks(a_session.masks, "import")
    assert not a_session.can_undo


@pytest.mark.parametrize("wrong", ["shape", "place"])
def test_masks_on_another_grid_are_refused(a_session, tmp_path, wrong):
    volume = a_session.volume
    shape = (20, 48, 60) if wrong == "shape" else volume.shape
    matrix = volume.ijk_to_lps.copy()
    matrix[2, 3] += 1.0 if wrong == "place" else 0.0
    layers = [np.ones(shape, np.uint8) for _ in a_session.masks.layers]
    masks = Masks(layers, matrix, a_session.masks.segments)
    with refused("MASK_GEOMETRY"):
        a_session.replace_masks(masks, "import")
    path = tmp_path / "wrong.seg.nrrd"
    path.write_bytes(encode_masks(masks))
    with refused("MASK_GEOMETRY"):
        a_session.import_masks(path)
    assert not a_session.can_undo


def test_a_plain_label_map_means_the_readings_own_labels(a_session, tmp_path):
    labels = np.array(a_session.masks.layers[0])
    labels[labels == value_of(a_session, "LM")] = value_of(a_session, "LCX")
    write_volume(labels.astype(np.int16), a_session.volume.ijk_to_lps, tmp_path / "labels.nii.gz")
    (lesion,) = of(a_session, "LM")
    a_session.import_masks(tmp_path / "labels.nii.gz")
    assert a_session.reading.finding(lesion).label == "LCX"


def test_the_machines_reading_can_always_be_brought_back(a_session, a_case):
    machine = content(a_session)
    a_session.reject(of(a_session, "LM")[0])
    paint(a_session, None, (10, 22, 14), (2, 3, 3), what="erase")
    a_session.remove_landmark("APEX")
    a_session.save("Dr. Who")
    corrected = content(a_session)
    a_session.revert_to_machine()
    back = content(a_session)
    assert {**back, "status": ""} == {**machine, "status": ""}
    a_session.undo()
    assert content(a_session) == corrected
    a_session.redo()
    a_session.save("Dr. Who")
    first = folder.revision(a_case.folder, 1, masks=False)
    again = folder.load(a_case.folder, masks=False)
    assert again.revision == 3
    assert again.findings == first.findings
    assert again.measurements == first.measurements


# What may go wrong inside


def test_an_edit_that_cannot_be_measured_leaves_no_trace(a_session, monkeypatch):
    before = content(a_session)

    def fail(*_args):
        raise MemoryError

    monkeypatch.setattr(a_session.reader, "remeasure_part", fail)
    with pytest.raises(MemoryError):
        paint(a_session, None, (10, 22, 14), (2, 3, 3))
    assert content(a_session) == before
    assert not a_session.can_undo


def test_a_class_with_a_layer_of_its_own_gives_and_takes_voxels(tmp_path):
    """As 3D Slicer saves segments that once overlapped."""
    case = review_cases.a_case(tmp_path)
    reading = folder.load(case.folder)
    layers = [*reading.masks.layers, np.where(reading.masks.mask("RCA"), 1, 0).astype(np.uint8)]
    layers[0][layers[2] == 1] = 0
    segments = [
        dataclasses.replace(s, layer=2, value=1) if s.name == "RCA" else s
        for s in reading.masks.segments
    ]
    reading.masks = Masks(layers, reading.masks.ijk_to_lps, segments)
    folder.save(reading, case.folder)
    session = ReviewSession.open(case.folder)
    (rca,), (lcx,) = of(session, "RCA"), of(session, "LCX")
    before, total = content(session), score(session)
    session.reassign(rca, "LCX")
    session.reassign(lcx, "RCA")
    assert (of(session, "RCA"), of(session, "LCX")) == ([lcx], [rca])
    assert score(session) == pytest.approx(total)
    assert session.masks.layers[2].sum() == 18
    session.undo()
    session.undo()
    assert content(session) == before
    session.discard()


def test_a_finding_at_whose_place_nothing_is_marked_cannot_move(a_session):
    lost = a_session.reading.findings[0].model_copy(
        update={"id": "L900", "position_lps_mm": lps(a_session, 0, 0, 0)}
    )
    outside = lost.model_copy(update={"id": "L901", "position_lps_mm": (1e4, 0.0, 0.0)})
    unmarked = lost.model_copy(update={"id": "L902", "mask_segment": None})
    a_session.reading.findings += [lost, outside, unmarked]
    for finding in (lost, outside, unmarked):
        with refused("FINDING_WITHOUT_MASK"):
            a_session.reassign(finding.id, "LAD")
    assert a_session.finding_at((1e4, 0.0, 0.0)) is None
