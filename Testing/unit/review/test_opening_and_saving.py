"""Opening a reading with its images; saving, signing, reopening; what the audit says."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
import subprocess
import sys

import numpy as np
import pydicom
import pytest

from readingroom import folder, report
from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.imaging import load
from readingroom.imaging.write import write_volume
from readingroom.review import ReviewSession
from readingroom.study import Study
from Testing.fixtures import review_cases
from Testing.unit.review.conftest import content, of, paint, score


def refused(code: str):
    return pytest.raises(RefusedInput, match=f"^{code}:")


# Images


def test_the_images_are_found_where_they_were_read(a_session, a_case):
    assert a_session.volume.shape == review_cases.SHAPE
    assert a_session.reading.revision == 1
    assert a_session.machine.findings == a_session.reading.findings
    assert a_session.machine.masks is None
    assert not a_session.dirty
    assert not (a_case.folder / ".review").exists()


def test_images_that_are_gone_are_missed_and_can_be_shown(a_case, tmp_path):
    a_case.images.rename(tmp_path / "moved")
    with refused("SOURCE_MISSING"):
        ReviewSession.open(a_case.folder)
    session = ReviewSession.open(a_case.folder, study=tmp_path / "moved")
    session.accept(of(session, "LM")[0])
    session.discard()
    assert ReviewSession.open(a_case.folder, study=load(tmp_path / "moved")).volume.is_dicom


def test_an_emptied_folder_of_images_and_a_source_that_was_never_said_are_missed(a_case):
    for path in a_case.images.iterdir():
        path.unlink()
    with refused("SOURCE_MISSING"):
        ReviewSession.open(a_case.folder)
    record = json.loads((a_case.folder / "reading.json").read_text())
    record["study"]["source"] = ""
    (a_case.folder / "reading.json").write_text(json.dumps(record))
    with refused("SOURCE_MISSING"):
        ReviewSession.open(a_case.folder)


def test_damaged_images_say_so_themselves(a_case):
    image = next(a_case.images.iterdir())
    with refused("SLICES_TOO_FEW|SOURCE_CHANGED|GEOMETRY"):
        ReviewSession.open(a_case.folder, study=image)


def test_other_images_are_refused(a_case, tmp_path):
    review_cases.write_ct_slices(
        tmp_path / "other", review_cases.a_chest(), spacing=(0.8, 0.8), step=(0.0, 0.0, 3.0)
    )
    with refused("SOURCE_CHANGED"):
        ReviewSession.open(a_case.folder, study=tmp_path / "other")
    with refused("SOURCE_CHANGED"):
        ReviewSession.open(a_case.folder, study=Study(study_uid=a_case.study.study_uid))


def test_a_series_that_has_lost_slices_is_refused(a_case):
    sorted(a_case.images.iterdir())[0].unlink()
    with refused("SOURCE_CHANGED"):
        ReviewSession.open(a_case.folder)


def test_the_series_that_was_read_is_found_among_others(a_case):
    review_cases.write_ct_slices(
        a_case.images / "second", review_cases.a_chest()[:9], spacing=(0.8, 0.8)
    )
    session = ReviewSession.open(a_case.folder)
    assert len(session.study.volumes) == 2
    assert session.volume.shape == review_cases.SHAPE
    session.reject(of(session, "LM")[0])
    assert score(session, "LM") == 0
    session.discard()


def test_images_without_identity_are_known_by_their_voxels(tmp_path):
    case = review_cases.a_nifti_case(tmp_path)
    session = ReviewSession.open(case.folder)
    session.reassign(of(session, "LCX")[0], "RCA")
    session.save("r")
    session.close()
    write_volume(review_cases.a_chest(()), np.diag([0.8, 0.8, 3.0, 1.0]), case.images)
    with refused("SOURCE_CHANGED"):
        ReviewSession.open(case.folder)


def test_a_reading_without_masks_can_be_painted(a_case):
    (a_case.folder / "masks.seg.nrrd").unlink()
    session = ReviewSession.open(a_case.folder)
    paint(session, "LAD", (10, 22, 14), (2, 3, 3))
    assert score(session, "LAD") > 0
    session.discard()


def test_a_folder_of_a_newer_program_and_no_folder_are_refused(a_case, tmp_path):
    with refused("NOT_A_READING"):
        ReviewSession.open(tmp_path)
    record = json.loads((a_case.folder / "reading.json").read_text())
    record["schema"] = "readingroom/2"
    (a_case.folder / "reading.json").write_text(json.dumps(record))
    with refused("SCHEMA_NEWER"):
        ReviewSession.open(a_case.folder)


# Saving


def test_a_save_is_the_next_revision_and_the_first_stays(a_session, a_case):
    machine = folder.load(a_case.folder)
    lesion = of(a_session, "LCX")[0]
    a_session.reassign(lesion, "RCA")
    assert a_session.dirty
    assert a_session.save("Dr. Who") == 2
    assert not a_session.dirty
    saved = folder.load(a_case.folder)
    assert saved.reviewer == "Dr. Who"
    assert saved.status == "reviewed"
    assert saved.findings == a_session.reading.findings
    assert np.array_equal(saved.masks.layers[0], a_session.masks.layers[0])
    first = folder.revision(a_case.folder, 1)
    assert first.findings == machine.findings
    assert np.array_equal(first.masks.layers[0], machine.masks.layers[0])


def test_undo_goes_on_across_a_save(a_session):
    before = content(a_session)
    lesion = of(a_session, "LCX")[0]
    a_session.reassign(lesion, "RCA")
    a_session.save("Dr. Who")
    a_session.undo()
    assert {**content(a_session), "status": ""} == {**before, "status": ""}
    assert a_session.dirty
    assert a_session.reading.revision == 2
    assert a_session.save("Dr. Who") == 3
    a_session.redo()
    assert a_session.reading.finding(lesion).label == "RCA"


def test_undo_and_redo_say_what_they_would_do(a_session, told):
    assert (a_session.undo_text, a_session.redo_text) == ("", "")
    a_session.undo()
    a_session.redo()
    assert told == []
    a_session.reject(of(a_session, "LM")[0])
    assert a_session.undo_text == "reject"
    a_session.undo()
    assert (a_session.undo_text, a_session.redo_text) == ("", "reject")
    assert not a_session.dirty
    assert [change.what for change in told] == ["reject", "undo"]
    a_session.accept(of(a_session, "LM")[0])
    assert not a_session.can_redo


def test_who_listens_can_stop_listening(a_session):
    heard: list = []
    stop = a_session.subscribe(heard.append)
    a_session.accept(of(a_session, "LM")[0])
    stop()
    a_session.undo()
    assert len(heard) == 1


def test_a_saved_reading_opens_again_as_it_was_left(a_session, a_case):
    a_session.reassign(of(a_session, "LCX")[0], "PERICARDIUM")
    a_session.reject(of(a_session, "LM")[0])
    a_session.move_landmark("APEX", (4.0, 5.0, 6.0))
    a_session.save("Dr. Who")
    again = ReviewSession.open(a_case.folder)
    assert set(again.masks.names()) == set(a_session.masks.names())
    assert {**content(again), "segments": []} == {**content(a_session), "segments": []}
    assert again.recovered == 0
    assert again.machine.revision == 1


def test_an_earlier_revision_can_be_opened_and_saved_on_top(a_session, a_case):
    a_session.reject(of(a_session, "LM")[0])
    a_session.save("Dr. Who")
    earlier = ReviewSession.open(a_case.folder, revision=1)
    assert earlier.reading.finding(of(earlier, "LM")[0]).state == "proposed"
    with refused("READING_CHANGED"):
        earlier.save("Dr. Two")
    assert earlier.save("Dr. Two", on_top=True) == 3


def test_the_first_revision_there_is_stands_for_a_lost_one(a_session, a_case):
    a_session.reject(of(a_session, "LM")[0])
    a_session.save("r")
    a_session.undo()
    a_session.save("r")
    shutil.rmtree(a_case.folder / "revisions" / "0001")
    assert ReviewSession.open(a_case.folder).machine.revision == 2


def test_a_damaged_first_revision_is_said(a_session, a_case):
    a_session.save("r")
    (a_case.folder / "revisions" / "0001" / "reading.json").write_text("{")
    with refused("READING_DAMAGED"):
        ReviewSession.open(a_case.folder)


# Signing


def test_a_signed_reading_is_closed_until_it_is_reopened(a_session, a_case):
    lesion = of(a_session, "LM")[0]
    a_session.reject(lesion)
    assert a_session.sign("Dr. Sign") == 2
    signed = folder.load(a_case.folder)
    assert (signed.status, signed.reviewer) == ("signed", "Dr. Sign")
    for edit in (
        lambda: a_session.accept(lesion),
        lambda: paint(a_session, None, (0, 0, 0), (1, 1, 1)),
        lambda: a_session.replace_masks(a_session.masks, "import"),
        lambda: a_session.import_masks("nothing"),
        lambda: a_session.add_at((0.0, 0.0, 0.0), "LAD"),
        lambda: a_session.move_landmark("APEX", (0.0, 0.0, 0.0)),
        a_session.revert_to_machine,
        a_session.undo,
        a_session.redo,
        lambda: a_session.save("r"),
        lambda: a_session.sign("r"),
    ):
        with refused("SIGNED"):
            edit()
    assert not a_session.can_undo
    a_session.reopen("Dr. Sign")
    assert a_session.dirty
    a_session.reopen("Dr. Sign")
    a_session.undo()
    assert a_session.reading.finding(lesion).state == "proposed"
    assert a_session.save("Dr. Sign") == 3
    assert folder.revision(a_case.folder, 2).status == "signed"
    whats = [entry["what"] for entry in a_session.reading.audit]
    assert whats == ["reject", "sign", "reopen", "undo", "save"]


def test_a_signature_that_cannot_be_saved_is_none(a_session, monkeypatch):
    def full(*_args, **_more):
        raise ReadingRoomError("DISK_FULL", "Full.", "Free some.")

    monkeypatch.setattr("readingroom.review.edited.folder.save", full)
    with pytest.raises(ReadingRoomError):
        a_session.sign("Dr. Sign")
    assert a_session.reading.status == "proposed"
    a_session.accept(of(a_session, "LM")[0])


# Audit


def test_each_edit_says_who_when_what_and_the_numbers_before_and_after(a_session):
    lesion = of(a_session, "LCX")[0]
    lcx = score(a_session, "LCX")
    a_session.reassign(lesion, "RCA")
    (entry,) = a_session.reading.audit
    assert entry["who"] == "Dr. Who"
    assert entry["what"] == "reassign"
    assert entry["finding_ids"] == [lesion]
    assert entry["when"].endswith("+00:00")
    assert entry["before"]["findings"] == {lesion: {"label": "LCX", "state": "proposed"}}
    assert entry["after"]["findings"] == {lesion: {"label": "RCA", "state": "accepted"}}
    assert entry["before"]["measurements"]["agatston_score_lcx"] == lcx
    assert entry["after"]["measurements"]["agatston_score_lcx"] == 0
    a_session.undo()
    assert a_session.reading.audit[-1]["what"] == "undo"
    assert a_session.reading.audit[-1]["of"] == "reassign"
    assert a_session.reading.audit[-1]["after"] == entry["before"]


def test_the_audit_is_saved_and_goes_on(a_session, a_case):
    a_session.reject(of(a_session, "LM")[0])
    a_session.save("Dr. Who")
    again = ReviewSession.open(a_case.folder, reviewer="Dr. Two")
    again.reject(of(again, "LCX")[0])
    again.save("Dr. Two")
    entries = folder.load(a_case.folder, masks=False).audit
    assert [(e["who"], e["what"]) for e in entries] == [
        ("Dr. Who", "reject"),
        ("Dr. Who", "save"),
        ("Dr. Two", "reject"),
        ("Dr. Two", "save"),
    ]


# What leaves the room


def test_no_report_counts_a_rejected_finding(a_session, a_case):
    lesion = of(a_session, "ASCENDING_AORTA")[0]
    (rca,) = of(a_session, "RCA")
    a_session.reject(lesion)
    a_session.reject(rca)
    a_session.sign("Dr. Who")
    done = report.write(a_case.folder, ["csv", "sr", "seg", "stl"])
    assert not done.as_dict().get("refused")
    place = a_case.folder / "report"
    with (place / "measurements.csv").open(encoding="utf-8-sig") as file:
        numbers = {row["name"]: row["value"] for row in csv.DictReader(file)}
    assert float(numbers["agatston_score_rca"]) == 0
    assert float(numbers["aorta_agatston_score"]) == 0
    assert float(numbers["agatston_score"]) == pytest.approx(score(a_session))
    standing = [f for f in a_session.reading.findings if f.state != "rejected"]
    spoken = str(pydicom.dcmread(place / "sr.dcm"))
    for finding in a_session.reading.findings:
        assert (f"'{finding.id} ({finding.label})'" in spoken) == (finding in standing)
    segmentation = pydicom.dcmread(place / "seg.dcm")
    labels = {s.SegmentNumber: s.SegmentLabel for s in segmentation.SegmentSequence}
    frames = segmentation.PerFrameFunctionalGroupsSequence
    drawn = {labels[f.SegmentIdentificationSequence[0].ReferencedSegmentNumber] for f in frames}
    assert drawn == {"LM", "LAD", "LCX", "SPINE"}
    assert {path.stem for path in (place / "meshes").iterdir()} == drawn


def test_only_segments_in_use_are_saved(a_session, a_case):
    a_session.reassign(of(a_session, "LCX")[0], "PERICARDIUM")
    a_session.save("r")
    used = {"LM", "LAD", "LCX", "RCA", "ASCENDING_AORTA", "SPINE", "PERICARDIUM"}
    assert set(folder.load(a_case.folder).masks.names()) == used


# Weight


def test_a_review_loads_no_network_and_no_host(a_case):
    code = f"""
import sys
from readingroom.review import ReviewSession
session = ReviewSession.open({str(a_case.folder)!r}, reviewer="r")
lesion = session.reading.findings[0].id
session.reassign(lesion, "RCA")
session.reject(lesion)
session.undo()
session.finding_at(session.reading.findings[0].position_lps_mm)
session.save("r")
heavy = ("torch", "onnxruntime", "SimpleITK", "highdicom", "slicer", "vtk", "qt", "matplotlib")
print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr[-800:]


def test_a_moved_study_object_is_used_as_it_is(a_case):
    study = dataclasses.replace(a_case.study, source="elsewhere")
    assert ReviewSession.open(a_case.folder, study=study).study is study
