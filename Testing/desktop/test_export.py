"""What leaves the room: formats, the DICOM database, refusals."""

from __future__ import annotations

import json

import pydicom
import slicer

from Testing.desktop.host.qtmodule import QDesktopServices

BOXES = ("Seg", "Sr", "Pdf", "Csv", "Fhir", "Stl")


def choose(desk, *formats: str) -> None:
    for name in BOXES:
        getattr(desk.ui, f"export{name}Box").checked = name in formats


def test_dicom_objects_go_into_the_database(a_review):
    choose(a_review, "Seg", "Sr")
    a_review.click("exportButton")
    a_review.wait()
    place = a_review.session.directory / "report"
    inserted = slicer.dicomDatabase.inserted
    assert {file.name for file in inserted} == {"seg.dcm", "sr.dcm"}
    assert pydicom.dcmread(place / "seg.dcm").Modality == "SEG"
    assert pydicom.dcmread(place / "sr.dcm").Modality == "SR"
    assert a_review.ui.exportLabel.text == "2 files were written."


def test_every_other_format_is_written(a_review):
    choose(a_review, "Pdf", "Csv", "Fhir", "Stl")
    a_review.click("exportButton")
    assert not a_review.ui.exportButton.enabled
    assert a_review.ui.exportButton.toolTip == "Wait for the work that is under way."
    a_review.wait()
    names = {p.name for p in (a_review.session.directory / "report").rglob("*") if p.is_file()}
    assert {"report.pdf", "findings.csv", "fhir.json"} <= names
    assert any(name.endswith(".stl") for name in names)
    assert slicer.dicomDatabase.inserted == []
    a_review.click("openFolderButton")
    assert QDesktopServices.opened == [str(a_review.session.directory / "report")]


def test_the_database_is_left_alone_when_not_asked(a_review):
    choose(a_review, "Sr")
    a_review.ui.exportToDatabaseBox.checked = False
    a_review.click("exportButton")
    a_review.wait()
    assert slicer.dicomDatabase.inserted == []


def test_a_database_that_takes_nothing_is_told_beside_the_files(a_review, monkeypatch):
    def refuse(self, file, copy):
        raise RuntimeError("disk I/O error")

    monkeypatch.setattr(type(slicer.dicomDatabase), "insert", refuse)
    choose(a_review, "Seg")
    a_review.click("exportButton")
    a_review.wait()
    assert a_review.message == "1 files were written."
    assert "the DICOM database did not take them" in a_review.ui.exportLabel.text


def test_without_an_open_database_the_box_says_why(a_review):
    slicer.dicomDatabase.isOpen = False
    a_review.widget.check()
    assert not a_review.ui.exportToDatabaseBox.enabled
    assert a_review.ui.exportToDatabaseBox.toolTip == "No DICOM database is open."


def test_corrections_are_saved_before_they_leave(a_review):
    first = a_review.reading.findings[0].id
    a_review.choose(first)
    a_review.click("rejectButton")
    choose(a_review, "Csv")
    assert "Enter your name first" in a_review.ui.exportButton.toolTip
    a_review.name_reviewer("Dr. Reader")
    a_review.widget.check()
    a_review.click("exportButton")
    a_review.wait()
    record = json.loads((a_review.session.directory / "reading.json").read_text())
    assert record["revision"] == 2
    assert record["findings"][0]["state"] == "rejected"
    assert not a_review.session.dirty


def test_nothing_chosen_cannot_be_exported(a_review):
    choose(a_review)
    a_review.widget.check()
    assert a_review.ui.exportButton.toolTip == "Choose a format."


def test_an_export_can_be_cancelled(a_review):
    choose(a_review, "Pdf", "Stl")
    a_review.click("exportButton")
    assert a_review.ui.runButton.text == "Cancel"
    a_review.click("runButton")
    assert a_review.message == "Cancelled."
    assert a_review.ui.exportButton.enabled


def test_images_that_are_gone_are_told(a_review, the_case):
    choose(a_review, "Pdf")
    record = a_review.session.directory / "reading.json"
    content = json.loads(record.read_text())
    content["study"]["source"] = "/nowhere/at/all"
    record.write_text(json.dumps(content))
    a_review.click("exportButton")
    a_review.wait()
    assert "(SOURCE_GONE)" in a_review.message
