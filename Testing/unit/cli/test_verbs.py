"""The verbs end to end, with the smallest reader there can be."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from readingroom import folder
from readingroom.batch.manifest import Case, load_manifest
from readingroom.batch.run import run_batch
from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.worker import WorkerClient
from readingroom.worker.jobs import Jobs
from Testing.fixtures.dicom_phantom import write_ct_slices
from Testing.unit.cli.conftest import MARKED_ID, MARKED_NAME

pytestmark = pytest.mark.usefixtures("the_tiny_reader")
TINY_WORKER = [sys.executable, "-m", "Testing.fixtures.tinyreader"]


def test_read_saves_a_reading_and_prints_one_json_object(readingroom, a_ct, tmp_path):
    spoken = readingroom("read", "tiny", a_ct, "--out", tmp_path / "r", "--json")
    assert spoken.code == 0
    (reading,) = spoken.data["readings"]
    assert reading["measurements"]["bright_voxels"] == {"value": 12, "unit": "1"}
    assert reading["findings"] == {"BRIGHT": 1}
    assert folder.load(tmp_path / "r").measurements["bright_voxels"].value == 12


def test_the_options_of_the_reader_are_flags(readingroom, a_ct, tmp_path):
    flags = ["--threshold", "2000", "--quick", "--repeats", "3"]
    spoken = readingroom("read", "tiny", a_ct, "--out", tmp_path / "r", "--json", *flags)
    assert spoken.data["readings"][0]["measurements"]["bright_voxels"]["value"] == 0
    options = folder.load(tmp_path / "r").options
    assert (options["quick"], options["repeats"]) == (True, 3)


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (["--threshold", "9999"], "OPTION_INVALID"),
        (["--threshold", "high"], "USAGE"),
        (["--behaviour", "dance"], "USAGE"),
        (["--colour", "red"], "USAGE"),
    ],
)
def test_an_option_out_of_range_is_refused_before_any_work(
    readingroom, a_ct, tmp_path, flags, code
):
    spoken = readingroom("read", "tiny", a_ct, "--out", tmp_path / "r", "--json", *flags)
    assert (spoken.code, spoken.data["error"]["code"]) == (2, code)
    assert not (tmp_path / "r").exists()


def test_help_shows_unit_range_default_and_language(readingroom):
    spoken = readingroom("read", "tiny", "--help")
    assert spoken.code == 0
    assert "At 100 %." in spoken.out
    assert "0…3000 HU" in spoken.out
    assert "阈值" in readingroom("--language", "zh", "read", "tiny", "--help").out


def test_people_get_text_in_their_language(readingroom, a_ct, tmp_path):
    english = readingroom("read", "tiny", a_ct, "--out", tmp_path / "a")
    chinese = readingroom("read", "tiny", a_ct, "--out", tmp_path / "b", "--language", "zh")
    assert "Tiny." in english.out
    assert "微型。" in chinese.out
    assert "Tiny." not in chinese.out


def test_several_studies_get_a_folder_each(readingroom, a_ct, tmp_path):
    write_ct_slices(tmp_path / "other", np.zeros((3, 8, 8), np.int16))
    spoken = readingroom("read", "tiny", a_ct, tmp_path / "other", "--out", tmp_path / "r")
    assert spoken.code == 0
    assert sorted(p.name for p in (tmp_path / "r").iterdir()) == ["ct", "other"]


def test_studies_of_one_name_are_refused_before_they_collide(readingroom, tmp_path):
    paths = [tmp_path / "a" / "ct", tmp_path / "b" / "ct"]
    spoken = readingroom("read", "tiny", *paths, "--out", tmp_path / "r", "--json")
    assert spoken.data["error"]["code"] == "STUDY_NAMES_EQUAL"


def test_a_reading_is_never_overwritten(readingroom, a_ct, tmp_path):
    readingroom("read", "tiny", a_ct, "--out", tmp_path / "r")
    before = (tmp_path / "r" / "reading.json").read_bytes()
    spoken = readingroom("read", "tiny", a_ct, "--out", tmp_path / "r", "--json")
    assert (spoken.code, spoken.data["error"]["code"]) == (2, "OUTPUT_EXISTS")
    assert (tmp_path / "r" / "reading.json").read_bytes() == before


def test_no_patient_data_in_anything_printed(readingroom, a_ct, tmp_path):
    out = tmp_path / "r"
    heard = [
        readingroom("-vv", "read", "tiny", a_ct, "--out", out),
        readingroom("-vv", "read", "tiny", a_ct, "--out", tmp_path / "j", "--json"),
        readingroom("-vv", "compare", out, tmp_path / "j"),
        readingroom("-vv", "read", "tiny", a_ct, "--out", tmp_path / "s", "--behaviour", "stumble"),
    ]
    assert [spoken.code for spoken in heard] == [0, 0, 0, 1]
    everything = "".join(spoken.out + spoken.err for spoken in heard)
    for secret in (MARKED_NAME, "ZEBEDEE", MARKED_ID):
        assert secret not in everything


def test_an_error_is_three_parts_on_stderr_without_a_stack_trace(readingroom, a_ct, tmp_path):
    spoken = readingroom("read", "tiny", a_ct, "--out", tmp_path / "r", "--behaviour", "stumble")
    assert spoken.code == 1
    assert spoken.out == ""
    assert spoken.err.count("INTERNAL_ERROR") == 1
    assert "What to do:" in spoken.err
    assert "Traceback" not in spoken.err


def test_the_stack_trace_is_there_for_who_asks(readingroom, a_ct, tmp_path, monkeypatch):
    monkeypatch.setenv("READINGROOM_DEBUG", "1")
    spoken = readingroom("read", "tiny", a_ct, "--out", tmp_path / "r", "--behaviour", "stumble")
    assert "Traceback" in spoken.err


def test_an_unknown_verb_and_a_missing_argument_are_refused_in_json_too(readingroom):
    for arguments in (["dance", "--json"], ["read", "tiny", "--json"], ["--json"]):
        spoken = readingroom(*arguments)
        assert (spoken.code, spoken.data["error"]["code"]) == (2, "USAGE")


def test_compare_prints_the_change(readingroom, a_ct, tmp_path):
    for name, threshold in (("old", "2000"), ("new", "500")):
        readingroom("read", "tiny", a_ct, "--out", tmp_path / name, "--threshold", threshold)
    spoken = readingroom("compare", tmp_path / "old", tmp_path / "new", "--json")
    (change,) = spoken.data["comparison"]["changes"]
    assert (change["old"], change["new"], change["difference"]) == (0, 12, 12)
    assert {n["code"] for n in spoken.data["comparison"]["notes"]} >= {"OPTIONS_DIFFER"}


def test_a_folder_without_a_reading_is_refused(readingroom, tmp_path):
    spoken = readingroom("compare", tmp_path, tmp_path, "--json")
    assert spoken.code == 2


# --- batch ------------------------------------------------------------------------------


@pytest.fixture
def a_manifest(tmp_path, a_ct):
    """Four cases: good, without images, one that kills its worker, good with an option."""
    (tmp_path / "nothing").mkdir()
    lines = [
        "case,study,threshold,behaviour",
        f"first,{a_ct},,",
        "none,nothing,,",
        f"killer,{a_ct},,crash",
        f"last,{a_ct},2000,",
    ]
    path = tmp_path / "manifest.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_batch_goes_on_past_refusals_and_crashes_and_can_be_resumed(a_manifest, tmp_path):
    cases, out = load_manifest(a_manifest), tmp_path / "out"
    with WorkerClient(TINY_WORKER) as worker:
        outcomes = run_batch(cases, "tiny", out, worker.run)
    assert [o.status for o in outcomes] == ["read", "refused", "fault", "read"]
    assert outcomes[2].code == "WORKER_DIED"
    with (out / "summary.csv").open() as table:
        rows = {row["case"]: row for row in csv.DictReader(table)}
    assert rows["first"]["bright_voxels"] == "12"
    assert rows["last"]["bright_voxels"] == "0"
    assert rows["none"]["what_happened"]
    assert sorted(p.name for p in out.iterdir()) == ["first", "last", "summary.csv"]

    asked = []

    def counting(job, progress=None, **fields):
        asked.append(fields["out"])
        raise RefusedInput("NO_IMAGES", "None.", "Look.")

    again = run_batch(cases, "tiny", out, counting)
    assert [o.status for o in again] == ["present", "refused", "refused", "present"]
    assert len(asked) == 2


def test_a_batch_that_is_cancelled_keeps_what_it_has(a_manifest, tmp_path):
    from readingroom.errors import Cancelled

    jobs = Jobs()

    def second_is_cancelled(job, progress=None, **fields):
        if "first" not in fields["out"]:
            raise Cancelled()
        from readingroom.reader import Progress

        return jobs.run(job, fields, Progress())

    with pytest.raises(Cancelled):
        run_batch(load_manifest(a_manifest), "tiny", tmp_path / "out", second_is_cancelled)
    assert (tmp_path / "out" / "first" / "reading.json").is_file()
    assert "first" in (tmp_path / "out" / "summary.csv").read_text()


def test_the_batch_verb_reports_failures_in_its_exit_code(readingroom, tmp_path, monkeypatch, a_ct):
    class TinyClient(WorkerClient):
        def __init__(self):
            super().__init__(TINY_WORKER)

    monkeypatch.setattr("readingroom.worker.WorkerClient", TinyClient)
    manifest = tmp_path / "m.json"
    manifest.write_text(json.dumps([{"case": "a", "study": str(a_ct)}, {"study": "absent"}]))
    spoken = readingroom("batch", manifest, "--reader", "tiny", "--out", tmp_path / "o", "--json")
    assert spoken.code == 1
    assert [case["status"] for case in spoken.data["cases"]] == ["read", "refused"]


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("m.csv", "case\nfirst\n", "Row 1"),
        ("m.csv", "study\n", "no study"),
        ("m.csv", "case,study\na,x\na,y\n", "twice"),
        ("m.json", "{", "not JSON"),
        ("m.json", '{"study": "x"}', "array"),
        ("m.json", '[{"study": "x", "options": 3}]', "options"),
    ],
)
def test_a_manifest_that_does_not_fit_names_the_row(tmp_path, name, text, part):
    (tmp_path / name).write_text(text)
    with pytest.raises(RefusedInput, match=part):
        load_manifest(tmp_path / name)


def test_case_names_cannot_leave_the_output_folder(tmp_path):
    (tmp_path / "m.csv").write_text("case,study\n../../etc/x,ct\n")
    (case,) = load_manifest(tmp_path / "m.csv")
    assert case == Case("_.._etc_x", str(tmp_path / "ct"))
    assert "/" not in case.name


def test_a_binary_manifest_is_refused(tmp_path):
    (tmp_path / "m.csv").write_bytes(b"\xff\xfe\x00\x01" * 50)
    with pytest.raises(ReadingRoomError, match="MANIFEST_INVALID"):
        load_manifest(tmp_path / "m.csv")


# --- report and remeasure ---------------------------------------------------------------


def test_reports_are_written_into_the_reading_folder(readingroom, a_ct, tmp_path):
    readingroom("read", "tiny", a_ct, "--out", tmp_path / "r")
    spoken = readingroom("report", tmp_path / "r", "--formats", "csv, stl", "--json")
    assert spoken.code == 0
    files = [Path(file) for file in spoken.data["files"]]
    assert {file.suffix for file in files} == {".csv", ".stl"}
    assert all(file.is_relative_to(tmp_path / "r" / "report") and file.is_file() for file in files)


def test_an_unknown_report_format_is_refused(readingroom, a_ct, tmp_path):
    readingroom("read", "tiny", a_ct, "--out", tmp_path / "r")
    spoken = readingroom("report", tmp_path / "r", "--formats", "csv,telex", "--json")
    assert (spoken.code, spoken.data["error"]["code"]) == (2, "FORMAT_UNKNOWN")
    assert not (tmp_path / "r" / "report").exists()


def corrected(place: Path, changed) -> Path:
    """Save the masks of the reading at `place` after `changed` has been at the first layer."""
    reading = folder.load(place)
    changed(reading.masks.layers[0])
    elsewhere = place.with_name("corrected")
    folder.save(reading, elsewhere)
    return elsewhere / "masks.seg.nrrd"


def test_a_corrected_mask_makes_the_next_revision_and_keeps_the_first(readingroom, a_ct, tmp_path):
    place = tmp_path / "r"
    readingroom("read", "tiny", a_ct, "--out", place)

    def erase_a_row(layer):
        layer[1, 4] = 0

    masks = corrected(place, erase_a_row)
    spoken = readingroom("remeasure", place, "--masks", masks, "--reviewer", "Dr A", "--json")
    assert spoken.code == 0, spoken.out
    assert spoken.data["reading"]["measurements"]["bright_voxels"]["value"] == 8
    assert spoken.data["reading"]["revision"] == 2
    assert folder.load(place).reviewer == "Dr A"
    assert folder.revision(place, 1).measurements["bright_voxels"].value == 12


def test_masks_of_another_geometry_change_nothing(readingroom, a_ct, tmp_path):
    readingroom("read", "tiny", a_ct, "--out", tmp_path / "r")
    write_ct_slices(tmp_path / "other", np.full((4, 16, 16), 900, np.int16), spacing=(0.9, 0.9))
    readingroom("read", "tiny", tmp_path / "other", "--out", tmp_path / "o")
    masks = tmp_path / "o" / "masks.seg.nrrd"
    spoken = readingroom("remeasure", tmp_path / "r", "--masks", masks, "--json")
    assert (spoken.code, spoken.data["error"]["code"]) == (2, "MASK_GEOMETRY")
    assert folder.load(tmp_path / "r").revision == 1


def test_a_study_that_moved_can_be_named_and_another_one_is_refused(readingroom, a_ct, tmp_path):
    place = tmp_path / "r"
    readingroom("read", "tiny", a_ct, "--out", place)
    moved = a_ct.rename(tmp_path / "moved")
    write_ct_slices(tmp_path / "other", np.zeros((4, 16, 16), np.int16))
    arguments = ["remeasure", place, "--masks", place / "masks.seg.nrrd", "--json"]
    assert readingroom(*arguments).code == 2
    other = readingroom(*arguments, "--study", tmp_path / "other")
    assert other.data["error"]["code"] == "STUDY_DIFFERS"
    assert readingroom(*arguments, "--study", moved).code == 0


def test_a_reading_finds_its_study_again_from_another_working_folder(
    readingroom, a_ct, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    readingroom("read", "tiny", "ct", "--out", "r")
    monkeypatch.chdir("/")
    spoken = readingroom("report", tmp_path / "r", "--formats", "nnunet", "--json")
    assert spoken.code == 0, spoken.out
