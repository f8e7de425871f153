"""An evaluation from a reader's rows to metrics.json, page and figures."""

from __future__ import annotations

import csv
import json
import sys
from types import ModuleType

import numpy as np
import pytest

from readingroom import readers
from readingroom.errors import Cancelled, ReadingRoomError, RefusedInput
from readingroom.evaluation.run import evaluate
from readingroom.reader import Progress

TRUTH = [0.0, 12.0, 150.0, 480.0, 90.0, 33.0]
FOUND = [0.0, 10.0, 160.0, 470.0, 95.0, 30.0]
RESULTS = {
    "dataset": "six simulated cases",
    "cases": [{"case": "one", "agatston_score": 0.0}, {"case": "two", "seconds": 3.5}],
    "pairs": {
        "agatston_score": {"kind": "agreement", "found": FOUND, "truth": TRUTH, "unit": "1"},
        "stratum": {
            "kind": "classes",
            "found": ["0", "1-99", "1-99", "100-399"],
            "truth": ["0", "1-99", "100-399", "100-399"],
            "classes": ["0", "1-99", "100-399", ">=400"],
            "ordinal": True,
        },
        "heart_present": {
            "kind": "probabilities",
            "probabilities": [0.1, 0.8, 0.7, 0.2, 0.4],
            "truth": [False, True, True, False, True],
        },
        "lesions": {
            "kind": "detection",
            "cases": [
                {"findings": [[0, 0, 0, 0.9]], "truths": [[1, 0, 0, 3]]},
                {"findings": [[9, 9, 9, 0.5]], "truths": [[0, 0, 0, 3]]},
            ],
        },
        "heart_dice": {"kind": "values", "values": [0.9, 0.95, 0.92]},
    },
}


@pytest.fixture
def a_reader_that_finds(monkeypatch):
    """Register a reader called ``test`` whose evaluation returns what it is given."""

    def register(results):
        def run(dataset, directory, progress):
            progress("reading", 0.5)
            return results

        module = ModuleType("readingroom.readers.test.evaluate")
        module.evaluate = run
        monkeypatch.setitem(sys.modules, "readingroom.readers.test", ModuleType("test"))
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(readers, "names", lambda: ["test"])

    return register


def test_metrics_figures_and_page_are_written(a_reader_that_finds, tmp_path):
    a_reader_that_finds(RESULTS)
    report = evaluate("test", "any", tmp_path / "out")
    stored = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert stored["dataset"] == "six simulated cases" and stored["cases"] == 2
    metrics = stored["metrics"]
    assert metrics["agatston_score"]["bias"]["value"] == pytest.approx(
        np.subtract(FOUND, TRUTH).mean()
    )
    assert metrics["agatston_score"]["icc_2_1"]["value"] > 0.99
    assert metrics["stratum"]["accuracy"]["value"] == 0.75
    assert set(metrics["stratum"]) >= {"kappa", "kappa_linear", "kappa_quadratic"}
    assert metrics["heart_present"]["auc"]["value"] == 1
    assert metrics["lesions"]["sensitivity"]["value"] == 0.5
    assert metrics["heart_dice"]["minimum"]["value"] == 0.9
    assert report.metrics["lesions"]["false_positives_per_case"].value == 0.5


def test_page_shows_every_figure_that_was_drawn(a_reader_that_finds, tmp_path):
    a_reader_that_finds(RESULTS)
    evaluate("test", "any", tmp_path)
    page = (tmp_path / "README.md").read_text()
    drawn = sorted(path.name for path in (tmp_path / "figures").iterdir())
    assert drawn == [
        "agatston_score.bland_altman.png",
        "agatston_score.scatter.png",
        "heart_present.roc.png",
        "lesions.froc.png",
        "stratum.confusion.png",
    ]
    assert all(f"(figures/{name})" in page for name in drawn)
    assert "| accuracy | 0.75 (" in page


def test_rows_with_different_columns_share_one_table(a_reader_that_finds, tmp_path):
    a_reader_that_finds(RESULTS)
    evaluate("test", "any", tmp_path)
    with (tmp_path / "cases.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows == [
        {"case": "one", "agatston_score": "0.0", "seconds": ""},
        {"case": "two", "agatston_score": "", "seconds": "3.5"},
    ]


def test_second_run_gives_the_same_bytes(a_reader_that_finds, tmp_path):
    a_reader_that_finds(RESULTS)
    for name in ("first", "second"):
        evaluate("test", "any", tmp_path / name)
    files = [p for p in (tmp_path / "first").rglob("*") if p.is_file()]
    assert len(files) == 8
    for path in files:
        other = tmp_path / "second" / path.relative_to(tmp_path / "first")
        assert other.read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize(
    "pair",
    [
        {"kind": "agreement", "found": [1, 2, 3], "truth": [1, 2]},
        {"kind": "agreement", "found": [1.0], "truth": [1.0]},
        {"kind": "unheard of"},
        {"kind": "classes", "found": ["LAD"], "truth": ["LMA"], "classes": ["LAD", "LM"]},
        {"kind": "probabilities", "probabilities": [0.2, 0.3], "truth": [True, True]},
    ],
)
def test_results_that_do_not_fit_are_one_clear_fault(a_reader_that_finds, tmp_path, pair):
    a_reader_that_finds(RESULTS | {"pairs": {"score": pair}})
    with pytest.raises(ReadingRoomError) as fault:
        evaluate("test", "any", tmp_path)
    assert fault.value.code == "EVALUATION_INVALID"


def test_undefined_metrics_are_null_not_nan(a_reader_that_finds, tmp_path):
    constant = {"kind": "agreement", "found": [1.0, 1.0, 1.0], "truth": [1.0, 1.0, 1.0]}
    a_reader_that_finds(RESULTS | {"pairs": {"score": constant}})
    evaluate("test", "any", tmp_path)
    metrics = json.loads((tmp_path / "metrics.json").read_text())["metrics"]["score"]
    assert metrics["icc_2_1"] == {"value": None, "ci": None}
    assert "| icc_2_1 | undefined |" in (tmp_path / "README.md").read_text()


def test_unknown_reader_and_cancel(a_reader_that_finds, tmp_path):
    with pytest.raises(RefusedInput) as refused:
        evaluate("palmistry", "any", tmp_path)
    assert refused.value.code == "READER_UNKNOWN"
    a_reader_that_finds(RESULTS)
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        evaluate("test", "any", tmp_path, progress)
