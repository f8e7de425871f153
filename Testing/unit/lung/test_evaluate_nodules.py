"""The evaluation: what counts as found, false or neither, stratum by stratum."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from readingroom.errors import RefusedInput
from readingroom.evaluation.pairs import parse_pairs
from readingroom.reader import Progress
from readingroom.readers.lungnodule import detect, evaluate, simulate, sources
from readingroom.readers.lungnodule.detection import Detection

HERE, THERE = (0.0, 0.0, 0.0), (50.0, 0.0, 0.0)


def a_truth(place, diameter=8.0, kind="solid", attachment="none"):
    return {
        "position_lps_mm": list(place),
        "diameter": diameter,
        "type": kind,
        "attachment": attachment,
    }


def a_row(findings, truths, unsure=()):
    return {
        "case": "a",
        "findings": [[*place, p, "solid", 6.0] for place, p in findings],
        "truths": truths,
        "unsure": [list(ball) for ball in unsure],
        "spacing_mm": [1.0, 1.0, 1.0],
    }


def test_a_finding_within_the_radius_hits_and_the_surest_counts():
    row = a_row([((3.5, 0, 0), 0.4), ((1.0, 0, 0), 0.9), ((9.0, 0, 0), 0.8)], [a_truth(HERE)])
    false, hits = evaluate.matched(row)
    assert hits == {0: 0.9}
    assert [f[3] for f in false] == [0.8]


def test_a_small_nodule_is_hit_within_three_millimetres():
    near, far = (
        a_row([((2.9, 0, 0), 0.5)], [a_truth(HERE, 3.2)]),
        a_row([((3.1, 0, 0), 0.5)], [a_truth(HERE, 3.2)]),
    )
    assert evaluate.matched(near)[1] == {0: 0.5}
    assert evaluate.matched(far)[1] == {0: 0.0}


def test_real_nodules_of_the_source_and_tiny_ones_count_neither_way():
    row = a_row(
        [((50.0, 0, 0), 0.9), ((99.0, 0, 0), 0.7)],
        [a_truth((100.0, 0, 0), 2.0)],
        unsure=[(*THERE, 6.0)],
    )
    assert evaluate.matched(row) == ([], {})


def test_strata_share_the_false_findings_but_not_the_hits():
    row = a_row(
        [(HERE, 0.9), (THERE, 0.6), ((0, 90.0, 0), 0.7)],
        [a_truth(HERE, 4.0, "ground_glass", "vascular"), a_truth(THERE, 12.0)],
    )
    found = evaluate.pairs([row])
    counts = {name: len(pair["cases"][0]["findings"]) for name, pair in found.items()}
    assert counts["nodules"] == 3
    assert counts["nodules_3_to_6_mm"] == counts["type_ground_glass"] == 2
    assert "type_calcified" not in found and "attachment_vascular" in found
    metrics = {name: pair.metrics() for name, pair in parse_pairs(found).items()}
    assert metrics["nodules_3_to_6_mm"]["sensitivity"].value == 1.0
    assert metrics["nodules"]["false_positives_per_case"].value == 1.0


def test_faint_nodules_are_a_stratum_of_their_own_and_stay_in_the_whole():
    faint, clear = a_truth(HERE), a_truth(THERE)
    faint["contrast_to_noise"], clear["contrast_to_noise"] = 2.0, 20.0
    found = parse_pairs(evaluate.pairs([a_row([(THERE, 0.9)], [faint, clear])]))
    sensitivity = {name: pair.metrics()["sensitivity"].value for name, pair in found.items()}
    assert sensitivity["nodules"] == 0.5
    assert sensitivity["contrast_to_noise_below_5"] == 0.0
    assert sensitivity["contrast_to_noise_10_and_more"] == 1.0


def test_what_was_missed_lowers_the_sensitivity():
    row = a_row([(HERE, 0.9)], [a_truth(HERE), a_truth(THERE)])
    pair = parse_pairs(evaluate.pairs([row]))["nodules"]
    assert pair.metrics()["sensitivity"].value == 0.5


@pytest.fixture
def seeing_all(monkeypatch):
    """A detector that finds every simulated nodule, and the plain chest as source."""
    chest = sources.plain_source((80.0, 100.0, 150.0), (2.0, 2.0, 2.0))
    monkeypatch.setattr(evaluate, "_source", lambda path: chest)
    calls = []

    def found(engine, hu, spacing_mm, anatomy, *, detector):
        calls.append(detector)
        bright = np.argwhere((hu > -300) & (anatomy.lungs.labels > 0))
        return [Detection(tuple(map(float, p)), 5.0, 0.8, detector, "solid") for p in bright[::40]]

    monkeypatch.setattr(detect, "all_detections", found)
    return calls


def test_simulated_scans_are_read_once_and_gone_on_with(tmp_path, seeing_all):
    name = "simulated:2:seed=5:nodules=2:detector=ensemble"
    first = evaluate.evaluate(name, tmp_path, Progress())
    again = evaluate.evaluate(name, tmp_path, Progress())
    assert seeing_all == ["ensemble", "ensemble"]
    assert first == again and len(first["cases"]) == 2
    row = json.loads((tmp_path / "cases" / "0001.json").read_text(encoding="utf-8"))
    assert row["truths"] and row["dataset"] == name


def test_an_evaluation_of_another_name_starts_anew(tmp_path, seeing_all):
    evaluate.evaluate("simulated:1:nodules=1", tmp_path, Progress())
    evaluate.evaluate("simulated:1:nodules=1:seed=8", tmp_path, Progress())
    assert len(seeing_all) == 2


def test_positions_are_told_in_patient_space(seeing_all):
    chest = evaluate._source("")
    scan = simulate.simulate(np.random.default_rng(3), chest, simulate.screening_nodules(2))
    row = evaluate.simulated_row(None, scan, "candidates")
    k, j, i = scan.nodules[0].centre_mm
    origin = scan.ijk_to_lps[:3, 3]
    assert row["truths"][0]["position_lps_mm"] == pytest.approx(
        origin + np.array((i, j, k)), abs=0.01
    )


def test_public_data_sets_are_read_with_the_reader_s_lungs(tmp_path, monkeypatch, seeing_all):
    from readingroom.evaluation import datasets
    from readingroom.readers.lungnodule import lungs

    nodule = datasets.TrueNodule((8.0, 8.0, 8.0), 6.0)
    case = datasets.DatasetCase("one", tmp_path / "scan.nii.gz", (nodule,))
    monkeypatch.setattr(datasets, "cases", lambda name: [case])
    hu = np.full((16, 16, 16), -860, np.int16)
    hu[7:10, 7:10, 7:10] = 40
    volume = SimpleNamespace(array=hu, ijk_to_lps=np.eye(4), spacing_mm=(1, 1, 1), shape=hu.shape)
    monkeypatch.setattr(evaluate, "load", lambda path: SimpleNamespace(volumes=[volume]))
    labels = np.ones(hu.shape, np.uint8)
    monkeypatch.setattr(lungs, "find_lungs", lambda *a: SimpleNamespace(labels=labels))
    result = evaluate.evaluate(f"luna16:{tmp_path}", tmp_path / "out", Progress())
    assert result["cases"][0]["found_balanced"] == 1


@pytest.mark.parametrize(
    "dataset",
    ["other:3", "simulated:x", "simulated:2:detector=best", "simulated:2:age=3", "luna16:"],
)
def test_an_unknown_name_is_refused(dataset):
    with pytest.raises(RefusedInput) as refused:
        evaluate.parse_dataset(dataset)
    assert refused.value.code == "DATASET_UNKNOWN"


def test_a_name_says_how_many_of_what():
    asked = evaluate.parse_dataset("simulated:60:seed=7:scan=/a/b,/c/d.nii.gz:nodules=5")
    assert (asked.cases, asked.seed, asked.nodules) == (60, 7, 5)
    assert asked.place == "/a/b,/c/d.nii.gz"
    assert evaluate.parse_dataset("lidc:/data/x:detector=anchor").detector == "anchor"
