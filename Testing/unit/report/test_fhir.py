"""The FHIR bundle holds to the R4 definitions and says neither more nor less than the reading."""

import json
from importlib import import_module

import pytest

from readingroom.reading import Measurement, Reading, SeriesRecord, StudyRecord
from readingroom.report import fhir
from Testing.fixtures.report_cases import a_reading, a_study

RESEARCH = "For research use. Not a medical device; a physician decides."
#: Required bindings of R4 4.0.1 for the codes used here.
ALLOWED = {
    "Patient": ("gender", {"male", "female", "other", "unknown"}),
    "ImagingStudy": ("status", {"registered", "available", "cancelled", "entered-in-error"}),
    "Device": ("status", {"active", "inactive", "entered-in-error", "unknown"}),
    "DiagnosticReport": ("status", {"preliminary", "final", "amended", "corrected"}),
    "Observation": ("status", {"registered", "preliminary", "final", "amended"}),
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return a_study(tmp_path_factory.mktemp("study"))


@pytest.fixture
def reading(study):
    return a_reading(study)


def a_bare_reading(**fields):
    """Return a reading of a file that states nobody and nothing."""
    return Reading(
        reader="dxa",
        reader_version="0.1.0",
        created="2026-03-14T09:26:53+00:00",
        study=StudyRecord(series=[SeriesRecord(uid="", modality="")]),
        **fields,
    )


def check_against_definitions(bundle):
    """Validate with the models generated from HL7's definitions of R4B, which R4 shares here."""
    import_module("fhir.resources.R4B.bundle").Bundle.model_validate_json(json.dumps(bundle))
    for resource in resources(bundle):
        kind = resource["resourceType"]
        module = import_module(f"fhir.resources.R4B.{kind.lower()}")
        getattr(module, kind).model_validate_json(json.dumps(resource))
        field, allowed = ALLOWED[kind]
        assert resource.get(field, next(iter(allowed))) in allowed


def resources(bundle, kind=None):
    entries = [entry["resource"] for entry in bundle["entry"]]
    return [r for r in entries if kind in (None, r["resourceType"])]


def one(bundle, kind):
    (resource,) = resources(bundle, kind)
    return resource


def observation(bundle, name):
    (found,) = (
        r
        for r in resources(bundle, "Observation")
        if name in {c["code"] for c in r["code"]["coding"]}
    )
    return found


def all_references(value):
    if isinstance(value, dict):
        return [
            *([value["reference"]] if "reference" in value else []),
            *(ref for item in value.values() for ref in all_references(item)),
        ]
    return (
        [ref for item in value for ref in all_references(item)] if isinstance(value, list) else []
    )


def test_a_complete_reading_holds_to_the_definitions(reading):
    check_against_definitions(fhir.bundle(reading))


def test_the_definitions_would_have_complained(reading):
    bundle = fhir.bundle(reading)
    del one(bundle, "DiagnosticReport")["code"]
    with pytest.raises(ValueError, match="code"):
        check_against_definitions(bundle)


def test_a_reading_without_any_facts_holds_to_them_too():
    measured = {"volume": Measurement(value=None, unit="mm3")}
    bundle = fhir.bundle(a_bare_reading(measurements=measured))
    check_against_definitions(bundle)
    assert "identifier" not in one(bundle, "ImagingStudy")
    assert "name" not in one(bundle, "Patient")
    assert one(bundle, "DiagnosticReport")["conclusion"] == RESEARCH
    assert one(bundle, "Observation")["dataAbsentReason"]["coding"][0]["code"] == "unknown"
    assert "valueQuantity" not in one(bundle, "Observation")


def test_every_reference_leads_to_an_entry_of_the_bundle(reading):
    bundle = fhir.bundle(reading)
    targets = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(targets)) == len(targets)
    assert set(all_references(bundle)) <= set(targets)
    listed = {result["reference"] for result in one(bundle, "DiagnosticReport")["result"]}
    assert listed == {f"urn:uuid:{o['id']}" for o in resources(bundle, "Observation")}


def test_the_agatston_score_is_coded_with_method_and_unit(reading):
    found = observation(fhir.bundle(reading), "agatston_score")
    dcm = "http://dicom.nema.org/resources/ontology/DCM"
    assert found["code"]["coding"][0] == {
        "system": dcm,
        "code": "112058",
        "display": "Calcium score",
    }
    assert found["method"]["coding"][0]["system"] == dcm
    score = reading.measurements["agatston_score"].value
    assert found["valueQuantity"]["value"] == pytest.approx(score, rel=1e-9)
    assert found["valueQuantity"]["system"] == "http://unitsofmeasure.org"
    assert found["valueQuantity"]["code"] == "1"


def test_the_score_of_an_artery_names_the_artery_in_snomed(reading):
    found = observation(fhir.bundle(reading), "agatston_score_lad")
    assert found["bodySite"]["coding"][0]["system"] == "http://snomed.info/sct"
    assert "bodySite" not in observation(fhir.bundle(reading), "agatston_score")


def test_what_contrast_agent_gave_never_bears_a_standard_code(study):
    bundle = fhir.bundle(a_reading(study, contrast_derived=True))
    check_against_definitions(bundle)
    found = observation(bundle, "contrast_derived_calcium_score")
    systems = {c["system"] for o in resources(bundle, "Observation") for c in o["code"]["coding"]}
    assert systems == {"urn:readingroom:names"}
    assert found["valueQuantity"]["value"] > 0
    assert "conclusionCode" not in one(bundle, "DiagnosticReport")


def test_mean_and_peak_density_are_never_the_same_code(reading):
    bundle = fhir.bundle(reading)
    assert [c["code"] for c in observation(bundle, "mean_density")["code"]["coding"]] == [
        "mean_density"
    ]


def test_zero_calcium_is_a_result_and_not_an_absence(study):
    found = observation(fhir.bundle(a_reading(study, lesions=())), "agatston_score")
    assert found["valueQuantity"]["value"] == 0


def test_not_a_number_never_reaches_the_file(tmp_path):
    measured = {"a": Measurement(value=float("nan"), unit="1")}
    path = fhir.write(a_bare_reading(measurements=measured), tmp_path / "fhir.json")
    assert (
        "dataAbsentReason" in json.loads(path.read_text(encoding="utf-8"))["entry"][4]["resource"]
    )


@pytest.mark.parametrize(
    ("status", "expected", "interpreter"),
    [
        ("proposed", "preliminary", None),
        ("reviewed", "preliminary", None),
        ("signed", "final", "王医生"),
    ],
)
def test_only_a_signature_makes_it_final(study, status, expected, interpreter):
    audit = [{"what": "sign", "when": "2026-04-01T08:00:00+08:00"}]
    bundle = fhir.bundle(a_reading(study, status=status, reviewer="王医生", audit=audit))
    check_against_definitions(bundle)
    report = one(bundle, "DiagnosticReport")
    assert {report["status"]} | {o["status"] for o in resources(bundle, "Observation")} == {
        expected
    }
    named = [person["display"] for person in report.get("resultsInterpreter", [])]
    assert named == ([interpreter] if interpreter else [])
    assert report["issued"].startswith("2026-04-01" if interpreter else "2026-03-14")


def test_notes_and_categories_are_the_conclusion(reading):
    report = one(fhir.bundle(reading), "DiagnosticReport")
    assert "warning: The scan is not ECG-gated: motion blurs calcium." in report["conclusion"]
    assert reading.categories["cac_drs"].value in report["conclusion"]
    assert report["conclusion"].endswith(RESEARCH)
    assert len(report["conclusionCode"]) == len(reading.categories)


def test_patient_and_study_are_said_as_fhir_says_them(study):
    patient = {"id": "P 7", "name": "Wang^XiaoDong=王^小东", "birth_date": "19620517", "sex": "M"}
    reading = a_reading(study)
    reading.study.patient = patient
    bundle = fhir.bundle(reading)
    check_against_definitions(bundle)
    who = one(bundle, "Patient")
    assert [(n["family"], n["given"]) for n in who["name"]] == [
        ("Wang", ["XiaoDong"]),
        ("王", ["小东"]),
    ]
    assert (who["gender"], who["birthDate"]) == ("male", "1962-05-17")
    imaging = one(bundle, "ImagingStudy")
    assert imaging["identifier"][0]["value"] == f"urn:oid:{study.study_uid}"
    assert imaging["series"][0]["uid"] == study.volumes[0].series_uid
    # Scanners state no time zone, and FHIR allows a time of day only with one.
    assert imaging["started"] == "2024-01-31"


@pytest.mark.parametrize("nonsense", ["1962", "1962517", "19629999", "unknown", ""])
def test_a_birth_date_that_is_none_is_left_out(reading, nonsense):
    reading.study.patient = {"birth_date": nonsense, "sex": "?"}
    bundle = fhir.bundle(reading)
    check_against_definitions(bundle)
    assert not {"birthDate", "gender"} & set(one(bundle, "Patient"))


def test_the_software_and_its_models_are_named(reading):
    device = one(fhir.bundle(reading), "Device")
    values = [version["value"] for version in device["version"]]
    assert {card.sha256 for card in reading.provenance.cards} <= set(values)


def test_the_same_revision_gives_the_same_file_and_the_next_other_identifiers(reading, tmp_path):
    first = fhir.write(reading, tmp_path / "a.json").read_bytes()
    assert fhir.write(reading, tmp_path / "b.json").read_bytes() == first
    old = fhir.bundle(reading)
    new = fhir.bundle(reading.model_copy(update={"revision": 2}))
    assert one(new, "Patient")["id"] == one(old, "Patient")["id"]
    assert one(new, "ImagingStudy")["id"] == one(old, "ImagingStudy")["id"]
    assert one(new, "DiagnosticReport")["id"] != one(old, "DiagnosticReport")["id"]
