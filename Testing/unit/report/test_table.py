"""The tables: every number with its unit, readable by spreadsheets, harmless to them."""

import csv
import io

import pandas as pd
import pytest

from readingroom.reading import Category, Finding, Measurement, Reading, SeriesRecord, StudyRecord
from readingroom.report import table


def a_finding(number=1, **fields):
    return Finding(
        id=f"f{number}", type="nodule", label="RUL", position_lps_mm=(-1.5, 20, 3), **fields
    )


def a_reading(*findings, **fields):
    study = StudyRecord(study_uid="1.2.3", series=[SeriesRecord(uid="1.2.3.4", modality="CT")])
    return Reading(
        reader="dxa",
        reader_version="0.1.0",
        created="2026-03-14T09:26:53+00:00",
        study=study,
        findings=list(findings),
        **fields,
    )


def rows_of(path):
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture
def written(tmp_path):
    def write(reading):
        findings, measurements = table.write(reading, tmp_path / "new" / "folder")
        return rows_of(findings), rows_of(measurements)

    return write


def test_each_finding_is_a_row_and_each_measurement_a_column_with_its_unit(written):
    volume, count = Measurement(value=523.6, unit="mm3"), Measurement(value=3, unit="1")
    rows, _ = written(
        a_reading(
            a_finding(1, measurements={"volume": volume, "slices": count}, confidence=0.5),
            a_finding(2, measurements={"slices": count}, state="rejected"),
        )
    )
    assert [row["volume [mm3]"] for row in rows] == ["523.6", ""]
    assert [row["slices"] for row in rows] == ["3", "3"]
    assert [row["state"] for row in rows] == ["proposed", "rejected"]
    assert (rows[0]["confidence"], rows[0]["position_l_mm"]) == ("0.5", "-1.5")


def test_two_units_of_one_measurement_never_share_a_column(written):
    rows, _ = written(
        a_reading(
            a_finding(1, measurements={"volume": Measurement(value=1.0, unit="mm3")}),
            a_finding(2, measurements={"volume": Measurement(value=2.0, unit="ml")}),
        )
    )
    assert [(row["volume [mm3]"], row["volume [ml]"]) for row in rows] == [("1.0", ""), ("", "2.0")]


def test_totals_and_categories_stand_in_their_own_table(written):
    _, rows = written(
        a_reading(
            measurements={
                "volume": Measurement(value=0.1 + 0.2, unit="mm3", method="voxels"),
                "doubling_time": Measurement(value=None, unit="d"),
            },
            categories={"lung_rads": Category(value="4A", meaning="suspicious", source="ACR")},
            revision=3,
            status="signed",
        )
    )
    assert [row["name"] for row in rows] == ["volume", "doubling_time", "lung_rads"]
    assert float(rows[0]["value"]) == 0.1 + 0.2
    assert (rows[0]["unit"], rows[1]["value"], rows[2]["value"]) == ("mm3", "", "4A")
    assert {(row["series_uid"], row["revision"], row["status"]) for row in rows} == {
        ("1.2.3.4", "3", "signed")
    }


@pytest.mark.parametrize(
    "evil", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", "\t=1", "  =1", "＝1+1", "\r=1"]
)
def test_text_that_a_spreadsheet_would_run_is_only_text(written, evil):
    rows, totals = written(
        a_reading(
            a_finding(attributes={"comment": evil}),
            categories={"grade": Category(value="1", meaning=evil)},
        )
    )
    assert rows[0]["attribute_comment"] == f"'{evil}"
    assert totals[0]["meaning"] == f"'{evil}"


def test_a_formula_in_the_name_of_a_measurement_or_attribute_is_only_text(written):
    rows, totals = written(
        a_reading(
            a_finding(measurements={"=A1": Measurement(value=1, unit="1")}),
            measurements={"=A1": Measurement(value=1, unit="=B2")},
        )
    )
    assert "'=A1" in rows[0]
    assert (totals[0]["name"], totals[0]["unit"]) == ("'=A1", "'=B2")


def test_negative_numbers_stay_numbers(written):
    rows, _ = written(
        a_reading(a_finding(measurements={"density": Measurement(value=-850.25, unit="HU")}))
    )
    assert rows[0]["density [HU]"] == "-850.25"


def test_percent_is_a_unit_and_no_formula(written):
    _, totals = written(a_reading(measurements={"fat": Measurement(value=7, unit="%")}))
    assert totals[0]["unit"] == "%"


def test_excel_reads_chinese_and_line_breaks_inside_a_cell(tmp_path):
    reading = a_reading(a_finding(attributes={"comment": '右肺上叶，"毛刺"\n第二行', "ok": True}))
    findings, _ = table.write(reading, tmp_path)
    assert findings.read_bytes().startswith(b"\xef\xbb\xbf")
    frame = pd.read_csv(findings, encoding="utf-8-sig")
    assert frame["attribute_comment"].tolist() == ['右肺上叶，"毛刺"\n第二行']


def test_a_list_among_the_attributes_makes_no_column(written):
    rows, _ = written(a_reading(a_finding(attributes={"centerline_xy_px": [[1, 2]], "frame": 0})))
    assert rows[0]["attribute_frame"] == "0"
    assert "attribute_centerline_xy_px" not in rows[0]


def test_a_reading_without_findings_still_has_both_tables(written):
    rows, totals = written(a_reading())
    assert (rows, totals) == ([], [])
