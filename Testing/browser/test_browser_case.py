"""One case from the scanner's files to the signed report, with a second person at work."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from typing import Any

import numpy as np
import pydicom
import pypdf
import pytest

from Testing.browser.desk.desk import SLICES, bone
from Testing.fixtures.review_cases import a_case
from Testing.fixtures.simulated_case import a_simulated_study

PATIENT, REVIEWER = "BROWSER-1", "Dr One"
#: The crosshair runs through the frame around the selected finding.
IN_THE_MARKER = """v => v.lines.x > v.marker.x && v.lines.x < v.marker.x + v.marker.w
  && v.lines.y > v.marker.y && v.lines.y < v.marker.y + v.marker.h"""


@pytest.fixture(scope="module")
def the_study(tmp_path_factory):
    return a_simulated_study(tmp_path_factory.mktemp("scanner"), PATIENT)


def record(folder):
    return json.loads((folder / "reading.json").read_text("utf-8"))


def score(reading):
    return reading["measurements"]["agatston_score"]["value"]


def as_written(value):
    """Return a score as the page writes it: two figures where it is small."""
    return f"{value:.0f}" if value == 0 or value >= 10 else f"{value:.2g}"


def import_by_drop(desk, study):
    desk.drop(study)
    desk.until("list_rows", "(v, a) => v.some(r => r.patient_id === a)", PATIENT)
    assert desk.state("page_message")["kind"] == "success"
    row = next(r for r in desk.state("list_rows") if r["patient_id"] == PATIENT)
    assert row["state"] == "unread"


def run(desk) -> list[tuple[str, float]]:
    """Read the study with its form; return the stages and fractions that were shown."""
    desk.page.evaluate(
        "() => { window.seen = []; setInterval(() => { const run = trame.state.get('page_run');"
        " if (run.on) window.seen.push([run.stage, run.fraction]); }, 30); }"
    )
    desk.row(PATIENT).click()
    desk.page.locator("#rr-run-start").click()
    desk.page.locator("#rr-run-progress").wait_for()
    desk.wait_for_reading()
    return [(stage, fraction) for stage, fraction in desk.page.evaluate("window.seen")]


def check_jump(desk, finding):
    """Check that every view goes through a finding and shows it at the crosshair, bright."""
    x, y, z = finding["position_lps_mm"]
    desk.select(finding["id"])
    for view, place in zip(SLICES, (z, y, x), strict=True):
        # Half a slice of the axial series; the sign is a matter of the plane's direction.
        near = "(v, a) => Math.abs(Math.abs(v.slice.mm) - Math.abs(a)) < 1.6"
        desk.until(f"view_info_{view}", near, place)
        desk.until(f"view_info_{view}", "v => v.marker && v.marker.through")
        desk.until(f"view_info_{view}", IN_THE_MARKER)
        desk.see(view, lambda picture, view=view: brightest(desk, view, picture) > 150, "calcium")


def brightest(desk, view, picture):
    """Return the brightest grey value within the marker around the selected finding."""
    mark = desk.info(view)["marker"]
    rows, columns, _ = picture.shape
    top, left = int(mark["y"] * rows / 100), int(mark["x"] * columns / 100)
    bottom = top + max(int(mark["h"] * rows / 100), 1)
    right = left + max(int(mark["w"] * columns / 100), 1)
    part = picture[max(top, 0) : bottom, max(left, 0) : right]
    return int(part.max()) if part.size else 0


def differs(one, other):
    return one.shape != other.shape or np.abs(one.astype(int) - other).max() > 40


def check_page_equals_file(desk, folder):
    """Check numbers, findings and audit of the page against what was saved."""
    reading = record(folder)
    assert desk.total() == as_written(score(reading))
    assert {f["id"]: (f["label"], f["state"]) for f in reading["findings"]} == {
        row["id"]: (row["label"], row["state"]) for row in desk.state("page_findings")
    }
    for vessel in ("LM", "LAD", "LCX", "RCA"):
        saved = reading["measurements"][f"agatston_score_{vessel.lower()}"]["value"]
        assert desk.structures()[vessel][1] == as_written(saved)
    assert len(reading["audit"]) == desk.edits()
    assert {entry["who"] for entry in reading["audit"]} <= {REVIEWER}
    return reading


def check_audit(reading, what, before, after):
    """Check the last entry of an edit in the audit trail: its numbers before and after."""
    entry = [e for e in reading["audit"] if e["what"] == what][-1]
    assert entry["before"]["measurements"]["agatston_score"] == pytest.approx(before)
    assert entry["after"]["measurements"]["agatston_score"] == pytest.approx(after)


def counted(reading):
    """Return the coronary total by hand: the sum over what is not rejected."""
    return sum(
        f["measurements"]["agatston_score"]["value"]
        for f in reading["findings"]
        if f["label"] in ("LM", "LAD", "LCX", "RCA") and f["state"] != "rejected"
    )


def items(content) -> Iterator[Any]:
    for item in content:
        yield item
        yield from items(getattr(item, "ContentSequence", []))


def total_in_sr(path):
    """Return the coronary total that a DICOM SR states."""
    for group in items(pydicom.dcmread(path).ContentSequence):
        content = getattr(group, "ContentSequence", [])
        if any(getattr(i, "TextValue", "") == "cacs total reading" for i in content):
            return next(
                float(i.MeasuredValueSequence[0].NumericValue)
                for i in content
                if i.ValueType == "NUM"
                and i.ConceptNameCodeSequence[0].CodeMeaning == "Calcium score"
                and "Agatston" in i.ContentSequence[0].ConceptCodeSequence[0].CodeMeaning
            )
    raise AssertionError("the SR has no total")


def the_second_person(a_desk, workbench, tmp_path):
    """Edit another case in another browser; return the desk and its folder."""
    desk = a_desk(workbench)
    desk.open("PHANTOM", reviewer="Dr Two")
    desk.select("L002")
    desk.press("x")
    desk.wait_for_edit(1)
    return desk, tmp_path / "cases" / "other" / "reading"


def test_from_the_scanner_to_the_signed_report(a_workbench, a_desk, the_study, tmp_path):
    cases = tmp_path / "cases"
    a_case(cases / "other")
    workbench = a_workbench(cases)
    desk = a_desk(workbench)

    import_by_drop(desk, the_study)
    (kept,) = (cases / "studies").iterdir()
    assert len([p for p in kept.rglob("*") if p.is_file()]) == len(list(the_study.glob("*.dcm")))

    stages = run(desk)
    assert len({stage for stage, _ in stages}) >= 3
    assert [f for _, f in stages] == sorted(f for _, f in stages)
    desk.say_name(REVIEWER)
    (folder,) = (cases / "readings" / "cacs").iterdir()
    machine = check_page_equals_file(desk, folder)
    assert score(machine) == pytest.approx(counted(machine)) and score(machine) > 100

    for finding in machine["findings"]:
        check_jump(desk, finding)

    other, other_folder = the_second_person(a_desk, workbench, tmp_path)
    other_total = other.total()
    assert desk.edits() == 0 and desk.total() == as_written(score(machine))

    first = next(f for f in machine["findings"] if f["label"] == "LAD")
    desk.select(first["id"])
    desk.page.locator("#rr-classes button[data-label='AORTIC_VALVE']").click()
    desk.wait_for_edit(1)
    assert desk.finding(first["id"])["label"] == "AORTIC_VALVE"
    assert desk.save() == 2
    moved = check_page_equals_file(desk, folder)
    less = score(machine) - first["measurements"]["agatston_score"]["value"]
    assert score(moved) == pytest.approx(less) == pytest.approx(counted(moved))
    check_audit(moved, "reassign", score(machine), less)

    second = next(f for f in machine["findings"] if f["label"] == "RCA")
    erased = erase(desk, second)
    assert float(erased) < score(moved)
    desk.page.locator("#rr-undo").click()
    desk.until("page_headline", "(v, a) => v.reviewed === a", as_written(score(moved)))
    desk.press("Control+y")
    desk.until("page_headline", "(v, a) => v.reviewed === a", erased)
    desk.page.locator("#rr-undo").click()
    desk.until("page_headline", "(v, a) => v.reviewed === a", as_written(score(moved)))
    check_jump(desk, second)

    painted = paint(desk, second)
    assert float(painted) > score(moved)
    assert desk.save() == 3
    grown = check_page_equals_file(desk, folder)
    check_audit(grown, "paint", score(moved), score(grown))

    third = next(f for f in machine["findings"] if f["label"] == "LCX")
    desk.select(third["id"])
    desk.press("x")
    desk.until(
        "page_findings", "(v, a) => v.find(f => f.id === a).state === 'rejected'", third["id"]
    )
    rejected = float(desk.total())

    sign(desk)
    signed = check_page_equals_file(desk, folder)
    assert (signed["status"], signed["reviewer"], signed["revision"]) == ("signed", REVIEWER, 4)
    assert score(signed) == pytest.approx(counted(signed)) == pytest.approx(rejected, abs=0.5)
    first_revision = record(folder / "revisions" / "0001")
    assert score(first_revision) == score(machine) and first_revision["audit"] == []

    export(desk)
    check_report(folder / "report", signed)

    desk.back_to_list()
    desk.open(PATIENT)
    assert desk.state("page_locked") and desk.page.locator("#rr-accept").is_disabled()
    check_page_equals_file(desk, folder)
    desk.page.locator("#rr-reopen").click()
    desk.until("page_locked", "v => !v")

    assert other.edits() == 1 and other.total() == other_total
    assert record(other_folder)["audit"] == []
    assert other.save() == 2
    assert {e["who"] for e in record(other_folder)["audit"]} == {"Dr Two"}


def erase(desk, finding):
    """Erase the middle of a finding with the mouse; return the total as written."""
    desk.select(finding["id"])
    desk.page.locator("select.rv-select").first.wait_for()
    before, edits = desk.picture("axial"), desk.edits()
    desk.take_up("erase", "e")
    choose_segment(desk, finding["label"])
    stroke(desk)
    desk.wait_for_edit(edits + 1)
    desk.see("axial", lambda picture: differs(picture, before), "the erased voxels")
    desk.press("Escape")
    return desk.total()


def paint(desk, finding):
    """Paint over bone with the class of a finding; return the total as written."""
    desk.page.locator(".rv-strip .mdi-fit-to-page-outline").click()
    desk.take_up("paint", "p")
    choose_segment(desk, finding["label"])
    edits, before = desk.edits(), desk.total()
    place = bone(desk.at_rest("axial"))  # what the fit shows, not what was there before it
    desk.drag("axial", [place, (place[0] + 0.02, place[1])])
    desk.wait_for_edit(edits + 1)
    desk.until("page_headline", "(v, a) => v.reviewed !== a", before)
    desk.press("Escape")
    return desk.total()


def choose_segment(desk, label):
    desk.page.locator(".rv-strip select").last.wait_for()
    options = desk.page.locator(f".rv-strip select:has(option[value='{label}'])")
    options.select_option(label)
    desk.until("view_segment", "(v, a) => v === a", label)


def stroke(desk):
    """Draw a short line through the crosshair of the axial view."""
    x, y = desk.crosshair("axial")
    desk.drag("axial", [(x - 0.03, y), (x + 0.03, y)])


def sign(desk):
    desk.press("s")
    desk.until("page_dialog", "v => v === 'sign'")
    assert desk.page.locator("#rr-dialog-sign input").input_value() == REVIEWER
    desk.page.locator("#rr-confirm-sign").click()
    desk.until("page_locked", "v => v")
    desk.gone("#rr-dialog-sign")


def export(desk):
    desk.page.locator("#rr-export").click()
    desk.page.locator("#rr-confirm-export-run").click()
    desk.page.locator("#rr-exported").wait_for()
    with desk.page.expect_download() as download:
        desk.page.locator("#rr-download").click()
    assert download.value.path().stat().st_size > 10_000
    desk.page.keyboard.press("Escape")
    desk.gone("#rr-dialog-export")


def check_report(place, reading):
    seg = pydicom.dcmread(place / "seg.dcm")
    labels = {segment.SegmentLabel for segment in seg.SegmentSequence}
    counted_labels = {f["label"] for f in reading["findings"] if f["state"] != "rejected"}
    assert counted_labels <= labels
    assert seg.PatientID == PATIENT
    assert total_in_sr(place / "sr.dcm") == pytest.approx(score(reading), rel=1e-4)
    text = "".join(page.extract_text() for page in pypdf.PdfReader(place / "report.pdf").pages)
    assert PATIENT in text and REVIEWER in text
    assert as_written(score(reading)) in text


def test_a_killed_worker_is_said_once_and_leaves_nothing_half(
    a_workbench, a_desk, the_study, tmp_path
):
    cases = tmp_path / "cases"
    shutil.copytree(the_study, cases / "study")
    workbench = a_workbench(cases)
    desk = a_desk(workbench)
    desk.row(PATIENT).click()
    desk.page.locator("#rr-run-start").click()
    desk.until("page_run", "v => v.on && v.fraction > 0")
    for worker in workbench.workers():
        worker.kill()
    message = desk.message("WORKER_DIED")
    assert message["kind"] == "error"
    desk.until("page_run", "v => !v.on")
    readings = cases / "readings" / "cacs"
    assert not readings.exists() or list(readings.iterdir()) == []
    desk.close_message()

    desk.page.locator("#rr-run-start").click()
    desk.until("page_run", "v => v.on && v.fraction > 0")
    desk.page.locator("#rr-run-cancel").click()
    desk.message("CANCELLED")
    assert not readings.exists() or list(readings.iterdir()) == []
