"""A reading of a sequence: findings by frame, corrections, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from readingroom import folder, readers
from readingroom.errors import RefusedInput
from readingroom.evaluation.topology import curve_score
from readingroom.readers.guidewire import correct
from readingroom.readers.guidewire.options import GuidewireOptions
from readingroom.readers.guidewire.reader import GuidewireReader
from readingroom.readers.guidewire.timeline import Timeline, choose_cine
from readingroom.review import ReviewSession
from readingroom.study import Acquisition, Study, Volume
from Testing.fixtures.guidewire_case import SHAPE, a_cine, a_reading, a_study, curve, mask_of


@pytest.fixture
def a_session(tmp_path):
    """A reading folder opened for review."""
    study = a_study()
    folder.save(a_reading(study), tmp_path / "reading")
    session = ReviewSession.open(tmp_path / "reading", study=study, reviewer="r", autosave=False)
    yield session
    session.close()


def content(reading) -> dict:
    """Return what measuring makes of a reading."""
    record = json.loads(reading.to_json())
    return {name: record[name] for name in ("findings", "measurements")}


def same_as_from_scratch(session: ReviewSession) -> bool:
    whole = session.reader.remeasure(session.reading, session.study, session.masks)
    return content(whole) == content(session.reading)


# What a reading says


def test_there_is_one_finding_a_frame_with_the_fixed_names():
    reading = a_reading(a_study())
    assert [f.attributes["frame"] for f in reading.findings] == list(range(SHAPE[0]))
    for finding in reading.findings:
        assert finding.type == "wire"
        points = np.array(finding.attributes["centerline_xy_px"])
        assert curve_score([points], [curve(finding.attributes["frame"])], 1.0).f1 > 0.95
        assert finding.attributes["identity"] == 1


def test_every_position_lies_inside_its_own_mask():
    study = a_study()
    reading = a_reading(study)
    stack = study.cines[0].stack
    for finding in reading.findings:
        k, j, i = np.rint(stack.kji_from_lps(finding.position_lps_mm)).astype(int)
        assert k == finding.attributes["frame"]
        assert reading.masks.mask("WIRE")[k, j, i]


def test_lengths_are_mm_with_a_spacing_and_pixels_without():
    known, unknown = a_reading(a_study()), a_reading(a_study(spacing=None))
    length = known.findings[0].measurements["length"]
    pixels = unknown.findings[0].measurements["length"]
    assert (length.unit, pixels.unit) == ("mm", "{pixels}")
    assert length.value == pytest.approx(0.4 * pixels.value, rel=0.01)
    assert known.measurements["mean_tip_speed"].unit == "mm/s"


def test_speeds_are_left_out_without_frame_times():
    assert "mean_tip_speed" not in a_reading(a_study(timed=False)).measurements
    assert "tip_path_length" in a_reading(a_study(timed=False)).measurements


def test_the_folder_keeps_all_of_it(tmp_path):
    reading = a_reading(a_study())
    folder.save(reading, tmp_path / "r")
    again = folder.load(tmp_path / "r")
    assert content(again) == content(reading)
    assert np.array_equal(again.masks.mask("WIRE"), reading.masks.mask("WIRE"))


# Corrections


def test_an_untouched_reading_measures_the_same_again():
    study = a_study()
    reading = a_reading(study)
    again = GuidewireReader().remeasure(reading, study, reading.masks)
    assert content(again) == content(reading)


def test_erasing_the_end_shortens_the_wire_in_that_frame_only(a_session):
    before = {f.id: f for f in a_session.reading.findings}
    a_session.replace_voxels(0, (2, 0, 60), np.zeros((1, SHAPE[1], SHAPE[2] - 60), np.uint8))
    after = {f.id: f for f in a_session.reading.findings}
    changed = [i for i in after if after[i] != before[i]]
    assert len(changed) == 1
    finding = after[changed[0]]
    assert finding.attributes["frame"] == 2
    assert finding.attributes["tip_xy_px"][0] == pytest.approx(58, abs=2.5)
    assert same_as_from_scratch(a_session)


def test_a_wire_painted_where_none_was_is_added_and_belongs_to_its_neighbours(a_session):
    a_session.replace_voxels(0, (3, 0, 0), np.zeros((1, *SHAPE[1:]), np.uint8), over=True)
    assert [f.attributes["frame"] for f in a_session.reading.findings] == [0, 1, 2, 4, 5]
    assert a_session.reading.measurements["frames_with_wire"].value == 5
    a_session.replace_voxels(0, (3, 0, 0), mask_of(curve(3))[None].astype(np.uint8))
    (added,) = [f for f in a_session.reading.findings if f.state == "added"]
    assert added.attributes["frame"] == 3
    assert added.attributes["identity"] == 1
    assert added.confidence is None
    assert same_as_from_scratch(a_session)


def test_painting_over_a_bridge_makes_it_seen(tmp_path):
    study = a_study()
    reading = a_reading(study)
    first = reading.findings[0]
    first.attributes["inferred"] = [[30, 50]]
    points = np.array(first.attributes["centerline_xy_px"])
    folder.save(reading, tmp_path / "r")
    with_gap = ReviewSession.open(tmp_path / "r", study=study, reviewer="r", autosave=False)
    x, y = np.rint(points[40]).astype(int)
    box = np.zeros((1, 7, 7), np.uint8)
    with_gap.replace_voxels(0, (0, y - 3, x - 3), box, over=True)
    box[0, 1:6, :] = 1
    with_gap.replace_voxels(0, (0, y - 3, x - 3), box)
    flags = with_gap.reading.findings[0].attributes["inferred"]
    assert sum(stop - start for start, stop in flags) < 20
    assert same_as_from_scratch(with_gap)
    with_gap.close()


def test_a_rejected_wire_counts_nowhere_and_undo_brings_it_back(a_session):
    target = a_session.reading.findings[1].id
    a_session.reject(target)
    assert a_session.reading.measurements["frames_with_wire"].value == SHAPE[0] - 1
    a_session.undo()
    assert a_session.reading.measurements["frames_with_wire"].value == SHAPE[0]


def test_a_wire_that_is_a_catheter_after_all_keeps_its_id(a_session):
    target = a_session.reading.findings[2].id
    assert a_session.reassign(target, "CATHETER") == target
    finding = a_session.reading.finding(target)
    assert (finding.label, finding.mask_segment) == ("CATHETER", "CATHETER")
    assert a_session.masks.mask("CATHETER")[2].any()
    assert not a_session.masks.mask("WIRE")[2].any()
    assert same_as_from_scratch(a_session)


def test_one_click_marks_a_wire_that_was_missed(a_session):
    a_session.replace_voxels(0, (4, 0, 0), np.zeros((1, *SHAPE[1:]), np.uint8), over=True)
    x, y = curve(4)[100]
    number = a_session.add_at((0.4 * x, 0.4 * y, 4.0), "WIRE")
    finding = a_session.reading.finding(number)
    points = np.array(finding.attributes["centerline_xy_px"])
    assert finding.attributes["frame"] == 4
    assert curve_score([points], [curve(4)], 2.0).recall > 0.85


def test_a_click_on_nothing_is_refused(a_session):
    with pytest.raises(RefusedInput, match="NOTHING_TO_GROW"):
        a_session.add_at((0.4 * 110, 0.4 * 8, 4.0), "WIRE")


def test_two_wires_of_a_frame_share_their_pixels_by_nearness():
    second = np.column_stack([np.linspace(2, 80, 150), np.full(150, 85.0)])
    study = a_study()
    reading = a_reading(study, [[curve(t), second] for t in range(SHAPE[0])])
    one, other = [f for f in reading.findings if f.attributes["frame"] == 0]
    mine = correct.own_pixels(reading.masks, one, [other])
    theirs = correct.own_pixels(reading.masks, other, [one])
    assert not (mine & theirs).any()
    assert np.array_equal(mine | theirs, reading.masks.mask("WIRE")[0])


def test_after_random_edits_a_part_measured_equals_all_measured(a_session):
    rng = np.random.default_rng(11)
    for _ in range(12):
        layer = int(rng.integers(0, 2))
        frame, row, column = (int(rng.integers(0, n)) for n in (SHAPE[0], 70, 90))
        stroke = np.zeros((1, 26, 38), np.uint8)
        start, stop = rng.integers(0, 24, 2)
        for x in range(38):
            y = int(start + (stop - start) * x / 37)
            stroke[0, y : y + 3, x] = rng.random() < 0.9
        erase = rng.random() < 0.3
        a_session.replace_voxels(
            layer, (frame, row, column), stroke * 0 if erase else stroke, over=erase
        )
        assert same_as_from_scratch(a_session)


# What is chosen and refused


def test_the_longest_sequence_is_read_and_another_can_be_asked_for():
    short = a_cine(pixels=a_cine().array[:3].copy())
    study = Study(cines=(short, a_cine()))
    assert choose_cine(study)[0].shape[0] == SHAPE[0]
    assert choose_cine(study, "1")[0].shape[0] == 3
    with pytest.raises(RefusedInput, match="SERIES_UNKNOWN"):
        choose_cine(study, "9")


def a_ct() -> Study:
    volume = Volume(
        lambda: np.zeros((4, 16, 16), np.int16),
        (4, 16, 16),
        np.eye(4),
        acquisition=Acquisition(modality="CT"),
    )
    return Study(volumes=(volume,))


@pytest.mark.parametrize(
    ("study", "options", "code"),
    [
        (a_ct(), {}, "NO_CINE"),
        (Study(), {}, "NO_CINE"),
        (a_study(modality="US"), {}, "NOT_FLUOROSCOPY"),
        (a_study(pixels=np.zeros((1, 96, 128), np.uint8)), {}, "SINGLE_FRAME"),
        (a_study(pixels=np.zeros((4, 20, 128), np.uint8)), {}, "FRAMES_TOO_SMALL"),
        (a_study(), {"first_frame": 99}, "FRAMES_EMPTY"),
        (a_study(), {"first_frame": 4, "last_frame": 2}, "FRAMES_EMPTY"),
    ],
)
def test_bad_input_is_refused_by_check_and_read_alike(study, options, code):
    reader, parsed = GuidewireReader(), GuidewireOptions(**options)
    (note,) = [n for n in reader.check(study, parsed) if n.severity == "refusal"]
    assert note.code == code
    with pytest.raises(RefusedInput, match=code):
        readers.read_study("guidewire", study, options)


@pytest.mark.parametrize("value", [0, 255])
def test_blank_frames_are_refused(value):
    study = a_study(pixels=np.full((4, 96, 128), value, np.uint8))
    with pytest.raises(RefusedInput, match="FRAMES_BLANK"):
        readers.read_study("guidewire", study)


def test_limits_are_told_in_both_languages():
    notes = GuidewireReader().check(a_study(spacing=None, timed=False), GuidewireOptions())
    told = {note.code: note for note in notes}
    assert {"SPACING_UNKNOWN", "FRAME_TIMES_UNKNOWN", "SERIES_CHOSEN"} <= set(told)
    assert all(note.message and note.message_zh for note in notes)


def test_a_timeline_turns_places_into_pixels_and_back():
    timeline = Timeline.of(a_cine())
    assert timeline.pixel(timeline.position(3, 40, 17)) == (3, 40, 17)
