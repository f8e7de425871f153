"""Public data sets in their own formats, made small; what may be trained on."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

from readingroom.errors import RefusedInput
from readingroom.readers.guidewire import datasets
from readingroom.readers.guidewire.datasets import (
    BALLOON,
    CATHETER,
    GUIDEWIRE,
    VESSEL,
    read,
    read_actions,
    weiss_subset,
)
from readingroom.readers.guidewire.datasetsplits import for_training, purpose, split
from Testing.fixtures.fluoroscopy import some_frames, write_index_mask, write_picture

FRAME = some_frames(1, 32)[0]


def a_mask(*values: int) -> np.ndarray:
    mask = np.zeros((32, 32), np.uint8)
    for row, value in enumerate(values):
        mask[4 + 3 * row] = value
    return mask


@pytest.fixture
def mosxav(tmp_path):
    for subset, sequence, labelled in (("train", "CVAI_1", (0, 5)), ("test", "CVAI_9", (0, 1, 2))):
        folder = tmp_path / "MOSXAV" / subset
        for number in range(6):
            write_picture(folder / "JPEGImages" / sequence / f"{number:05d}.jpg", FRAME)
        for number in labelled:
            mask = a_mask(1, 2, 3, 4, 5)
            write_index_mask(folder / "Annotations" / sequence / f"{number:05d}.png", mask)
    return tmp_path / "MOSXAV"


@pytest.fixture
def cathaction(tmp_path):
    folder = tmp_path / "CathAction"
    for subset, video in (("train", "v01"), ("val", "v02")):
        for number in range(2):
            name = f"{video}_{number}.png"
            write_picture(folder / subset / "images" / name, FRAME)
            write_picture(folder / subset / "masks" / name, a_mask(255, 128))
    return folder


def weiss(folder, name, arrays, *, beside=True):
    folder.mkdir(exist_ok=True)
    with h5py.File(folder / f"{name}.hdf5", "w") as frames:
        for key, count in arrays.items():
            frames[key] = np.repeat(FRAME[None, :, :, None], count, axis=0)
            if not beside:
                frames[f"{key}_label"] = np.repeat(a_mask(1)[None, :, :, None], count, axis=0)
    if beside:
        with h5py.File(folder / f"{name}_label.hdf5", "w") as labels:
            labels["label"] = np.repeat(a_mask(1)[None, :, :, None], *arrays.values(), axis=0)
    return folder


def test_mosxav_by_its_index_masks(mosxav):
    samples = read(mosxav)

    assert [(s.subset, s.sequence, s.number) for s in samples] == [
        ("test", "CVAI_9", 0), ("test", "CVAI_9", 1), ("test", "CVAI_9", 2),
        ("train", "CVAI_1", 0), ("train", "CVAI_1", 1),
    ]  # fmt: skip
    frame, labels = samples[0].load()
    assert frame.shape == labels.shape == (32, 32)
    assert [labels[4 + 3 * row, 0] for row in range(4)] == [VESSEL, CATHETER, CATHETER, BALLOON]
    assert GUIDEWIRE not in samples[0].classes, "it shows wires and does not mark them"


def test_cathaction_by_its_grey_masks(cathaction):
    samples = read(cathaction)

    assert [s.subset for s in samples] == ["train", "train", "validation", "validation"]
    frame, labels = samples[0].load()
    np.testing.assert_array_equal(frame, FRAME)
    assert labels[4, 0] == GUIDEWIRE and labels[7, 0] == CATHETER


def test_cathaction_as_pairs_in_one_folder(tmp_path):
    write_picture(tmp_path / "0_img.png", FRAME)
    write_picture(tmp_path / "0_mask.png", a_mask(255, 128))
    write_picture(tmp_path / "1_img.png", FRAME)

    (sample,) = read(tmp_path)

    assert sample.dataset == "cathaction"
    assert set(np.unique(sample.load()[1])) == {0, GUIDEWIRE, CATHETER}


def test_cathaction_s_actions(tmp_path):
    table = tmp_path / "train.csv"
    table.write_text(
        "video_id,start_frame,stop_frame,verb\nv01,0,41,advance guidewire\nv01,42,60,rotate\n"
    )

    actions = read_actions(table)

    assert [(a.video, a.first, a.last, a.label) for a in actions] == [
        ("v01", 0, 41, "advance guidewire"),
        ("v01", 42, 60, "rotate"),
    ]
    table.write_text("video_id,verb\nv01,rotate\n")
    with pytest.raises(RefusedInput) as refusal:
        read_actions(table)
    assert refusal.value.code == "DATASET_DAMAGED"


def test_arcade_by_its_polygons(tmp_path):
    folder = tmp_path / "arcade" / "syntax" / "train"
    write_picture(folder / "images" / "1.png", FRAME)
    (folder / "annotations").mkdir()
    table = {
        "images": [{"id": 1, "file_name": "1.png", "width": 32, "height": 32}],
        "annotations": [{"image_id": 1, "segmentation": [[4, 4, 20, 4, 20, 10, 4, 10]]}],
    }
    (folder / "annotations" / "train.json").write_text(json.dumps(table))

    (sample,) = read(tmp_path / "arcade")

    _, labels = sample.load()
    assert labels[6, 10] == VESSEL and labels[20, 10] == 0
    assert sample.classes == {VESSEL}


def test_weiss_by_its_hdf5(tmp_path):
    samples = read(weiss(tmp_path / "w", "Phantom", {"train": 3}))

    assert [s.subset for s in samples] == ["train"] * 3
    frame, labels = samples[2].load()
    np.testing.assert_array_equal(frame, FRAME)
    assert labels[4, 5] == CATHETER and labels.sum() == 32 * CATHETER


@pytest.mark.parametrize(
    ("file", "array", "subset"),
    [
        ("Phantom", "train", "train"),
        ("T1T2", "test", "test"),
        ("T3-T6", "T3", "test"),
        ("T3-T6", "T5", "sealed"),
        ("T3-T6", "T6", "sealed"),
        ("T3-T6", "test", "sealed"),
        ("t5", "data", "sealed"),
    ],
)
def test_weiss_t5_and_t6_are_sealed_under_any_name(file, array, subset):
    assert weiss_subset(file, array) == subset


def test_the_split_of_the_protocol(mosxav, cathaction, tmp_path):
    folder = weiss(tmp_path / "w", "T3-T6", {"T3": 1, "T4": 1, "T5": 2, "T6": 2}, beside=False)

    parts = split([*read(mosxav), *read(cathaction), *read(folder)])

    assert {s.dataset for s in parts.training} == {"mosxav", "cathaction"}
    assert {s.sequence for s in parts.validation if s.dataset == "mosxav"} == {"CVAI_9"}
    assert [s.sequence for s in parts.test] == ["T3-T6/T3", "T3-T6/T4"]
    assert [s.sequence[-2:] for s in parts.sealed] == ["T5", "T5", "T6", "T6"]


def test_training_refuses_the_sealed_set(mosxav, tmp_path):
    sealed = weiss(tmp_path / "w", "T3-T6", {"test": 2})

    with pytest.raises(RefusedInput) as refusal:
        for_training(mosxav, sealed)

    assert refusal.value.code == "SEALED_SET"
    assert len(for_training(mosxav).training) == 2


def test_training_never_gets_a_sample_for_something_else(mosxav, cathaction):
    parts = for_training(mosxav, cathaction)

    assert all(purpose(sample) == "training" for sample in parts.training)
    assert not {s.sequence for s in parts.training} & {s.sequence for s in parts.validation}


def test_what_is_no_data_set_is_refused(tmp_path):
    for place, code in ((tmp_path / "nowhere", "PATH_NOT_FOUND"), (tmp_path, "DATASET_UNKNOWN")):
        with pytest.raises(RefusedInput) as refusal:
            read(place)
        assert refusal.value.code == code


def test_damage_is_told(tmp_path):
    write_picture(tmp_path / "0_img.png", FRAME)
    write_picture(tmp_path / "0_mask.png", np.zeros((16, 16), np.uint8))
    (sample,) = read(tmp_path)
    with pytest.raises(RefusedInput) as refusal:
        sample.load()
    assert refusal.value.code == "DATASET_DAMAGED"

    (tmp_path / "broken.hdf5").write_bytes(b"no HDF5")
    with pytest.raises(RefusedInput) as refusal:
        datasets.read_weiss(tmp_path)
    assert refusal.value.code == "DATASET_DAMAGED"


def test_the_real_pairs(shared_data):
    samples = read(shared_data / "xa_guidewire_pairs")

    assert len(samples) == 6
    for sample in samples:
        _, labels = sample.load()
        assert set(np.unique(labels)) == {0, GUIDEWIRE, CATHETER}
