"""The folders that nnU-Net reads and writes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from readingroom.errors import RefusedInput
from readingroom.readers.guidewire import nnunet
from readingroom.readers.guidewire.nnunet import LabelledFrame


def a_case(name="a"):
    wire, catheter = np.zeros((8, 10), np.uint8), np.zeros((8, 10), np.uint8)
    wire[2], catheter[1:4] = 1, 1
    frame = np.linspace(0, 1, 80, dtype=np.float32).reshape(8, 10)
    return LabelledFrame(name, frame, 1 - frame, wire, catheter)


def read(path):
    return np.asarray(Image.open(path))


def test_exported_data_set(tmp_path):
    folder = nnunet.export([a_case("a"), a_case("b")], tmp_path, 7)
    assert folder.name == "Dataset007_Guidewire"
    content = json.loads((folder / "dataset.json").read_text())
    assert content["numTraining"] == 2 and content["labels"]["catheter"] == 2
    names = sorted(p.name for p in (folder / "imagesTr").iterdir())
    assert names == ["a_0000.png", "a_0001.png", "b_0000.png", "b_0001.png"]
    label = read(folder / "labelsTr" / "a.png")
    assert [label[row, 0] for row in range(5)] == [0, 2, 1, 2, 0]
    assert read(folder / "imagesTr" / "a_0000.png")[-1, -1] == 255


def test_label_maps_come_back_as_masks(tmp_path):
    folder = nnunet.export([a_case()], tmp_path)
    wire, catheter = nnunet.read_predictions(folder / "labelsTr")["a"]
    assert np.array_equal(wire > 0, a_case().wire > 0)
    assert np.array_equal(catheter > 0, (a_case().catheter > 0) & ~(a_case().wire > 0))


def test_probabilities_are_preferred(tmp_path):
    folder = nnunet.export([a_case()], tmp_path) / "labelsTr"
    probabilities = np.zeros((3, 1, 8, 10), np.float32)
    probabilities[1, 0, 5] = 0.4
    np.savez(folder / "a.npz", probabilities=probabilities)
    wire, _ = nnunet.read_predictions(folder)["a"]
    assert set(np.unique(wire)) == {0, 102}


def test_empty_folder_is_refused(tmp_path):
    with pytest.raises(RefusedInput) as refused:
        nnunet.read_predictions(tmp_path)
    assert refused.value.code == "NNUNET_RESULT"


def test_other_labels_are_refused(tmp_path):
    folder = nnunet.export([a_case()], tmp_path) / "labelsTr"
    Image.fromarray(np.full((4, 4), 9, np.uint8)).save(folder / "b.png")
    with pytest.raises(RefusedInput):
        nnunet.read_predictions(folder)
    (folder / "b.png").unlink()
    (folder / "dataset.json").write_text(json.dumps({"labels": {"background": 0, "vessel": 1}}))
    with pytest.raises(RefusedInput):
        nnunet.read_predictions(folder)
