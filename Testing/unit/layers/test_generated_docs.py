"""What is generated under Docs/ is what the code says today."""

from __future__ import annotations

import json

import jsonschema
import pytest

from Docs.generate import generated
from readingroom.folder.schema import reading_schema
from readingroom.reading import Finding, Measurement, Reading


@pytest.mark.parametrize("path", list(generated()), ids=lambda path: path.name)
def test_the_committed_file_is_current(path):
    assert path.read_text(encoding="utf-8") == generated()[path], "run: make docs"


def a_reading() -> dict:
    finding = Finding(id="1", type="lesion", label="LAD", position_lps_mm=(1.0, 2.0, 3.0))
    reading = Reading(
        reader="cacs",
        reader_version="1",
        created="2020-01-01T00:00:00Z",
        measurements={"agatston_score": Measurement(value=1.5, unit="1")},
        findings=[finding],
    )
    return json.loads(reading.to_json())


def test_a_saved_reading_fits_its_schema():
    jsonschema.validate(a_reading(), reading_schema())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data.pop("reader"),
        lambda data: data.update(status="final"),
        lambda data: data.update(patient_name="x"),
        lambda data: data["findings"][0].update(position_lps_mm=[1, 2]),
        lambda data: data["findings"][0].update(confidence=1.5),
    ],
)
def test_the_schema_refuses_what_is_not_a_reading(spoil):
    data = a_reading()
    spoil(data)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, reading_schema())
