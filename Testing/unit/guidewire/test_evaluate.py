"""Evaluating the guidewire networks: data sets by name, what is handed over, the numbers."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from readingroom.errors import RefusedInput
from readingroom.evaluation.pairs import parse_pairs
from readingroom.reader import Progress
from readingroom.readers.guidewire import evaluate as evaluation
from readingroom.readers.guidewire.evaluate import evaluate, parse_dataset
from readingroom.readers.guidewire.evaluatecases import Case
from readingroom.readers.guidewire.frames import normalise


class Ideal:
    """A cascade that finds the darkest pixels."""

    def __init__(self, engine, *, localise=True):
        pass

    def reset(self):
        pass

    def __call__(self, frame):
        wire = 255 * (frame < 0.1)
        return np.stack([wire, np.zeros_like(wire)]).astype(np.uint8)


@pytest.fixture
def ideal(monkeypatch):
    monkeypatch.setattr(evaluation, "Cascade", Ideal)


def write_pair(folder, name="0"):
    image = np.full((96, 96), 180, np.uint8)
    image += np.random.default_rng(0).integers(0, 20, image.shape, np.uint8)
    mask = np.zeros((96, 96), np.uint8)
    image[40:43, 10:80], mask[40:43, 10:80] = 10, 255
    image[70:80, 20:90], mask[70:80, 20:90] = 90, 128
    Image.fromarray(image).save(folder / f"{name}_img.png")
    Image.fromarray(mask).save(folder / f"{name}_mask.png")


def test_name_of_a_simulated_data_set():
    asked = parse_dataset("simulated:5:seed=7:dose=0.25:distractors=screws+clips:localise=yes")
    assert (asked.cases, asked.seed, asked.dose) == (5, 7, 0.25)
    assert asked.distractors == "screws+clips" and asked.localise == "yes"


@pytest.mark.parametrize(
    "name",
    ["", "simulated", "simulated:x", "simulated:3:seed=a", "simulated:3:colour=red", "zip:1"],
)
def test_unknown_data_set_is_refused(name, tmp_path, ideal):
    with pytest.raises(RefusedInput) as refused:
        evaluate(name, tmp_path, Progress())
    assert refused.value.code == "DATASET_UNKNOWN"


def test_missing_folder_is_refused(tmp_path, ideal):
    with pytest.raises(RefusedInput) as refused:
        evaluate(f"pairs:{tmp_path / 'nowhere'}", tmp_path, Progress())
    assert refused.value.code == "DATASET_MISSING"


def test_pairs_of_picture_and_mask(tmp_path, ideal):
    write_pair(tmp_path)
    results = evaluate(f"pairs:{tmp_path}", tmp_path / "out", Progress())
    metrics = parse_pairs(results["pairs"])["all"].metrics()
    assert metrics["f1_3px"].value == pytest.approx(1.0)
    assert metrics["dice"].value > 0.95 and metrics["breaks"].value == 0
    assert metrics["tip_error_px"].value < 3
    assert (tmp_path / "out" / "overlays" / "00.png").is_file()


def test_a_wire_hidden_in_one_frame_is_carried_through_when_devices_are_followed(ideal):
    wire = np.column_stack([np.arange(10.0, 90.0), np.full(80, 48.0)])
    frames = np.full((5, 96, 96), 200, np.uint8)
    frames[:, 47:50, 10:90] = 10
    frames[3, 47:50] = 200
    empty = np.zeros(frames.shape, np.uint8)
    case = Case("hidden", frames, [[wire]] * 5, [[True]] * 5, empty, empty)
    prepared = normalise(frames)
    for tracking, count in ((False, 0), (True, 1)):
        found, _ = evaluation._read(case, Ideal(None), prepared, tracking)
        assert len(found[3]["found"]) == count


def test_what_lies_where_nobody_can_see_counts_neither_for_nor_against():
    x = np.arange(10.0, 150.0)
    line = np.column_stack([x, np.full_like(x, 60.0)])
    frame = np.random.default_rng(0).normal(0.6, 0.02, (120, 160)).astype(np.float32)
    frame[60, 10:90] -= 0.2
    mask = np.zeros(frame.shape, bool)
    mask[60, 10:150] = True
    one = {"found": [line], "truth": [line], "tips": [True], "found_mask": mask, "truth_mask": mask}
    row, parts = evaluation._of_what_can_be_seen(one, frame, np.ones(frame.shape, bool))
    assert [round(len(part), -1) for part in row["truth"]] == [80]
    assert row["tips"] == [False]
    assert row["found"][0][-1, 0] == pytest.approx(90, abs=3)
    assert not row["truth_mask"][60, 100:].any() and row["truth_mask"][60, 10:85].all()
    assert [index >= 6 for index, _ in parts] == [True, True, False]
    assert all(recall == 1 for _, recall in parts)


def test_found_where_nothing_is_counts_as_false_length():
    frame = {
        "found": [np.array([[0.0, 5.0], [30.0, 5.0]])],
        "truth": [],
        "tips": [],
        "found_mask": np.eye(8, dtype=bool),
        "truth_mask": np.zeros((8, 8), bool),
    }
    pairs = parse_pairs({"all": {"kind": "centrelines", "frames": [frame, frame]}})
    metrics = pairs["all"].metrics()
    assert metrics["false_length_px"].value == pytest.approx(30)
    assert metrics["f1_2px"].value == 0 and metrics["cl_dice"].value == 0
    assert np.isnan(metrics["breaks"].value) and np.isnan(metrics["tip_error_px"].value)


def test_tip_at_the_border_is_no_tip():
    line = np.column_stack([np.linspace(5, 60, 56), np.full(56, 20.0)])
    mask = np.zeros((64, 64), bool)
    mask[20, 5:60] = True
    frame = {"found": [line[:40]], "truth": [line], "found_mask": mask, "truth_mask": mask}
    for tips, known in (([True], True), ([False], False)):
        pair = parse_pairs({"all": {"kind": "centrelines", "frames": [frame | {"tips": tips}]}})
        error = pair["all"].metrics()["tip_error_px"].value
        assert np.isfinite(error) == known


def test_bundled_networks_on_a_simulated_sequence(tmp_path):
    name = "simulated:1:seed=3:frames=2:size=192:distractors=none"
    results = evaluate(name, tmp_path, Progress())
    assert results["cases"][0]["frames"] == 2
    assert set(results["pairs"]) == {"all", "with_none", "can_be_seen", "visibility"}
    pairs = parse_pairs(results["pairs"])
    assert 0 <= pairs["all"].metrics()["f1_2px"].value <= 1
    counted = pairs["visibility"].metrics()
    assert sum(one.value for name, one in counted.items() if name.startswith("parts_")) > 0
