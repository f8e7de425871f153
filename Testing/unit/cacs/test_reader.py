"""The whole reader on the public scan: teaching cases of known truth, and what must be refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from readingroom.demo.data import fetch_organs
from readingroom.errors import Cancelled, RefusedInput
from readingroom.imaging import load
from readingroom.reader import Progress
from readingroom.readers.cacs import simulate
from readingroom.readers.cacs.evaluate import parse_dataset
from readingroom.readers.cacs.lesion import CORONARY, LABELS
from readingroom.readers.cacs.options import CacsOptions
from readingroom.readers.cacs.placement import coronary_plaque
from readingroom.readers.cacs.reader import CacsReader
from readingroom.readers.cacs.simulatedanatomy import Deformation
from readingroom.readers.cacs.simulatedcase import Protocol
from readingroom.readers.cacs.sources import labelled_source
from readingroom.study import Study, Volume

PROTOCOL = Protocol((3.0, 0.8, 0.8), 3.0, 8.0, field_of_view_mm=320.0)
VESSELS = {"LAD": 2, "RCA": 2, "LCX": 1}


@pytest.fixture(scope="module")
def the_scan():
    return fetch_organs()


@pytest.fixture(scope="module")
def a_case(the_scan):
    source = labelled_source(load(the_scan / "cxr.nii.gz").volumes[0], the_scan / "mask.nii.gz")

    def plaques(rng, anatomy):
        return [coronary_plaque(rng, anatomy, v) for v, n in VESSELS.items() for _ in range(n)]

    rng = np.random.default_rng(4)
    deformation = Deformation.none(source)
    return simulate.simulate(rng, source, PROTOCOL, plaques, deformation=deformation)


@pytest.fixture(scope="module")
def a_study(a_case):
    return Study(volumes=(simulate.as_volume(a_case),))


@pytest.fixture(scope="module")
def the_reader():
    return CacsReader()


@pytest.fixture(scope="module")
def a_reading(the_reader, a_study):
    return the_reader.read(a_study, CacsOptions(), Progress())


def value(reading, name):
    return reading.measurements[name].value


def part_of(volume: Volume, slices: slice) -> Study:
    array = volume.array[slices]
    matrix = volume.ijk_to_lps.copy()
    matrix[:3, 3] += matrix[:3, 2] * (slices.start or 0)
    return Study(
        volumes=(
            dataclasses.replace(
                volume, pixels=lambda: array.copy(), shape=array.shape, ijk_to_lps=matrix
            ),
        )
    )


def test_the_score_is_near_the_known_truth(a_reading, a_case):
    truth = simulate.truth_record(a_case)["agatston_score"]
    assert truth > 20
    assert value(a_reading, "agatston_score") == pytest.approx(truth, rel=0.2)


def test_totals_are_the_sums_of_the_vessels(a_reading):
    vessels = sum(value(a_reading, f"agatston_score_{v.lower()}") for v in CORONARY)
    assert value(a_reading, "agatston_score") == pytest.approx(vessels)
    assert "risk_stratum" in a_reading.categories


def test_every_finding_lies_in_its_own_mask(a_reading, a_study):
    volume = a_study.volumes[0]
    assert a_reading.findings
    for finding in a_reading.findings:
        k, j, i = np.rint(volume.kji_from_lps(finding.position_lps_mm)).astype(int)
        assert finding.label in LABELS
        assert a_reading.masks.mask(finding.mask_segment)[k, j, i]


def test_the_heart_lies_between_the_lungs(a_reading):
    masks = a_reading.masks
    centre = {n: np.argwhere(masks.mask(n)).mean(0) for n in ("HEART", "LUNG_LEFT", "LUNG_RIGHT")}
    assert centre["LUNG_RIGHT"][2] < centre["HEART"][2] < centre["LUNG_LEFT"][2]


def test_reassigning_a_lesion_moves_its_score_and_runs_no_network(
    the_reader, a_reading, a_study, monkeypatch
):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a network ran")

    monkeypatch.setattr("readingroom.inference.session.Session.__call__", refuse)
    lesion = next(f for f in a_reading.findings if f.label == "LAD")
    masks = dataclasses.replace(a_reading.masks, layers=[x.copy() for x in a_reading.masks.layers])
    values = {s.name: s.value for s in masks.segments if s.layer == 0}
    masks.layers[0][masks.layers[0] == values["LAD"]] = values["RCA"]
    revised = the_reader.remeasure(a_reading, a_study, masks)
    assert revised.finding(lesion.id).label == "RCA"
    assert value(revised, "agatston_score_lad") == 0
    assert value(revised, "agatston_score") == pytest.approx(value(a_reading, "agatston_score"))
    assert value(a_reading, "agatston_score_lad") > 0


def test_painting_and_erasing_change_the_numbers(the_reader, a_reading, a_study):
    masks = dataclasses.replace(a_reading.masks, layers=[x.copy() for x in a_reading.masks.layers])
    masks.layers[0][:] = 0
    assert value(the_reader.remeasure(a_reading, a_study, masks), "agatston_score") == 0
    bright = np.argwhere(a_study.volumes[0].array > 600)[0]
    k, j, i = bright
    lcx = next(s.value for s in masks.segments if s.name == "LCX")
    masks.layers[0][k, j - 2 : j + 3, i - 2 : i + 3] = lcx
    painted = the_reader.remeasure(a_reading, a_study, masks)
    assert [f.state for f in painted.findings] == ["added"]
    assert value(painted, "agatston_score_lcx") > 0


def test_rejected_findings_stay_rejected_and_count_nowhere(the_reader, a_reading, a_study):
    first = a_reading.findings[0]
    changed = a_reading.model_copy(deep=False)
    changed.findings = [f.model_copy() for f in a_reading.findings]
    changed.findings[0].state = "rejected"
    revised = the_reader.remeasure(changed, a_study, a_reading.masks)
    assert revised.finding(first.id).state == "rejected"
    less = value(a_reading, "agatston_score") - first.measurements["agatston_score"].value
    assert value(revised, "agatston_score") == pytest.approx(less)


def test_contrast_is_recognised_and_never_reported_as_a_plain_score(the_reader, the_scan):
    reading = the_reader.read(load(the_scan / "cxr.nii.gz"), CacsOptions(), Progress())
    assert not [n for n in reading.measurements if n.startswith("agatston")]
    assert "contrast_derived_calcium_score" in reading.measurements
    assert not reading.categories
    assert "CONTRAST_PRESENT" in {note.code for note in reading.notes}


def test_an_abdomen_is_refused(the_reader, the_scan):
    abdomen = part_of(load(the_scan / "cxr.nii.gz").volumes[0], slice(0, 30))
    with pytest.raises(RefusedInput) as refusal:
        the_reader.read(abdomen, CacsOptions(), Progress())
    assert refusal.value.code == "HEART_ABSENT"


def test_a_cut_heart_is_said(the_reader, a_study):
    upper = part_of(a_study.volumes[0], slice(22, None))
    reading = the_reader.read(upper, CacsOptions(), Progress())
    assert "HEART_CUT" in {note.code for note in reading.notes}


def test_deterministic_readings_are_equal(the_reader, a_study):
    options = CacsOptions(deterministic=True)
    first, second = (the_reader.read(a_study, options, Progress()) for _ in range(2))
    assert first.findings == second.findings
    assert first.measurements == second.measurements
    for one, other in zip(first.masks.layers, second.masks.layers, strict=True):
        assert np.array_equal(one, other)


def test_a_read_stops_when_asked(the_reader, a_study):
    progress = Progress(lambda stage, _: progress.cancel() if stage == "anatomy" else None)
    with pytest.raises(Cancelled):
        the_reader.read(a_study, CacsOptions(), progress)


def test_flipped_and_permuted_axes_give_the_same_score(the_reader, a_reading, a_study):
    volume = a_study.volumes[0]
    array = volume.array[::-1, ::-1, :]
    matrix = volume.ijk_to_lps.copy()
    matrix[:3, 3] += matrix[:3, 2] * (array.shape[0] - 1) + matrix[:3, 1] * (array.shape[1] - 1)
    matrix[:3, 1:3] *= -1
    flipped = dataclasses.replace(
        volume, pixels=lambda: np.ascontiguousarray(array), ijk_to_lps=matrix
    )
    reading = the_reader.read(Study(volumes=(flipped,)), CacsOptions(), Progress())
    assert value(reading, "agatston_score") == pytest.approx(value(a_reading, "agatston_score"))
    assert np.array_equal(reading.masks.layers[0], a_reading.masks.layers[0][::-1, ::-1])


def test_unknown_data_sets_are_refused():
    assert parse_dataset("simulated:12:seed=5").seed == 5
    with pytest.raises(RefusedInput):
        parse_dataset("lidc")


def test_the_real_abdomen_has_no_heart(the_reader, shared_data):
    study = load(shared_data / "ct_organs_totalsegmentator" / "example_ct.nii.gz")
    with pytest.raises(RefusedInput) as refusal:
        the_reader.read(study, CacsOptions(), Progress())
    assert refusal.value.code == "HEART_ABSENT"
