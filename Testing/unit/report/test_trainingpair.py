"""Training pairs as nnU-Net v2 reads them."""

import json

import nibabel
import numpy as np
import pytest

from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.reading import Finding, Masks, Reading, Segment, SeriesRecord, StudyRecord
from readingroom.report import trainingpair
from readingroom.study import Volume

SHAPE = (8, 16, 20)
GEOMETRY = np.array([[0.7, 0, 0, -50.0], [0, 0.8, 0, 20.0], [0, 0, 2.5, 900.0], [0, 0, 0, 1]])


def a_volume(uid="1.2.840.1", seed=0):
    voxels = np.random.default_rng(seed).integers(-1000, 1000, SHAPE).astype(np.int16)
    return Volume(lambda: voxels, SHAPE, GEOMETRY, series_uid=uid)


def some_masks(*lesions, anatomy=True):
    """Return the heart in one layer and named boxes ``(name, k, j, i)`` of 2x2x2 above it."""
    heart, calcium = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    heart[1:7, 2:14, 2:18] = 1
    names = list(dict.fromkeys(name for name, *_ in lesions))
    for name, k, j, i in lesions:
        calcium[k : k + 2, j : j + 2, i : i + 2] = 1 + names.index(name)
    segments = [Segment("HEART", 0, 1, (1, 0, 0), "t")] if anatomy else []
    segments += [Segment(name, 1, 1 + n, (1, 1, 0), "t") for n, name in enumerate(names)]
    return Masks([heart, calcium], GEOMETRY, segments)


def a_finding(volume, name, k, j, i, state="proposed"):
    return Finding(
        id=f"{name}-{k}-{j}-{i}-{state}",
        type="lesion",
        label=name,
        state=state,
        position_lps_mm=tuple(float(x) for x in volume.lps_from_kji((k, j, i))),
        mask_segment=name,
    )


def a_reading(masks, findings=(), modality="CT", **fields):
    series = SeriesRecord(uid="1.2.840.1", modality=modality)
    study = StudyRecord(patient={"name": "Doe^Jane", "id": "P123"}, series=[series])
    return Reading(
        reader="cacs",
        reader_version="0.1.0",
        created="2026-01-01T00:00:00+00:00",
        study=study,
        findings=list(findings),
        masks=masks,
        **fields,
    )


def labels_at(path):
    return np.asarray(nibabel.load(path).dataobj).T


def test_image_and_labels_lie_on_the_volumes_grid_in_nifti_axes(tmp_path):
    volume = a_volume()
    image, label, *_ = trainingpair.write(a_reading(some_masks(("LAD", 2, 4, 4))), volume, tmp_path)
    assert image.name == label.name.replace(".nii.gz", "_0000.nii.gz")
    assert (image.parent.name, label.parent.name) == ("imagesTr", "labelsTr")
    assert np.array_equal(labels_at(image), volume.array)
    to_ras = np.diag([-1.0, -1, 1, 1])
    for path in (image, label):
        assert nibabel.load(path).affine == pytest.approx(to_ras @ GEOMETRY, abs=1e-4)


def test_a_lesion_lies_on_top_of_the_organ_that_holds_it(tmp_path):
    _, label, dataset, _ = trainingpair.write(
        a_reading(some_masks(("LAD", 2, 4, 4), ("RCA", 4, 10, 12))), a_volume(), tmp_path
    )
    labels = labels_at(label)
    assert json.loads(dataset.read_text()) == {
        "channel_names": {"0": "CT"},
        "labels": {"background": 0, "HEART": 1, "LAD": 2, "RCA": 3},
        "numTraining": 1,
        "file_ending": ".nii.gz",
    }
    assert labels[2:4, 4:6, 4:6].tolist() == np.full((2, 2, 2), 2).tolist()
    assert (labels[5, 11, 13], labels[3, 8, 8], labels[0, 0, 0]) == (3, 1, 0)
    assert (labels == 1).sum() == 6 * 12 * 16 - 16


def test_rejected_findings_fall_back_to_what_lies_below(tmp_path):
    volume = a_volume()
    findings = [
        a_finding(volume, "LAD", 2, 4, 4, "rejected"),
        a_finding(volume, "LAD", 4, 10, 12, "accepted"),
    ]
    masks = some_masks(("LAD", 2, 4, 4), ("LAD", 4, 10, 12))
    _, label, *_ = trainingpair.write(a_reading(masks, findings), volume, tmp_path)
    labels = labels_at(label)
    assert set(labels[2:4, 4:6, 4:6].ravel()) == {1}
    assert set(labels[4:6, 10:12, 12:14].ravel()) == {2}
    assert masks.mask("LAD").sum() == 16  # the reading itself is untouched


def test_voxels_shared_with_a_finding_that_stands_are_kept(tmp_path):
    volume = a_volume()
    findings = [
        a_finding(volume, "LAD", 2, 4, 4, "rejected"),
        a_finding(volume, "LAD", 3, 5, 5, "added"),
    ]
    masks = some_masks(("LAD", 2, 4, 4))
    _, label, *_ = trainingpair.write(a_reading(masks, findings), volume, tmp_path)
    assert (labels_at(label) == 2).sum() == 8


def test_a_data_set_grows_with_fixed_consecutive_numbers(tmp_path):
    first, second = a_volume("1.2.1"), a_volume("1.2.2")
    trainingpair.write(a_reading(some_masks(("RCA", 2, 4, 4))), first, tmp_path)
    _, label, dataset, _ = trainingpair.write(
        a_reading(some_masks(("LAD", 2, 4, 4), ("RCA", 4, 10, 12))), second, tmp_path
    )
    described = json.loads(dataset.read_text())
    assert described["labels"] == {"background": 0, "HEART": 1, "RCA": 2, "LAD": 3}
    assert described["numTraining"] == 2
    labels = labels_at(label)
    assert (labels[2, 4, 4], labels[4, 10, 12]) == (3, 2)


def test_a_later_revision_replaces_its_case(tmp_path):
    volume = a_volume()
    trainingpair.write(a_reading(some_masks(("RCA", 2, 4, 4))), volume, tmp_path)
    corrected = a_reading(some_masks(("RCA", 4, 4, 4)), revision=2, status="reviewed")
    _, label, dataset, cases = trainingpair.write(corrected, volume, tmp_path)
    assert json.loads(dataset.read_text())["numTraining"] == 1
    (case,) = json.loads(cases.read_text()).values()
    assert (case["revision"], case["status"]) == (2, "reviewed")
    assert labels_at(label)[5, 4, 4] == 2
    assert labels_at(label)[2, 4, 4] == 1


def test_nothing_in_the_data_set_tells_who_it_is(tmp_path):
    files = trainingpair.write(a_reading(some_masks()), a_volume(), tmp_path)
    said = " ".join(file.name for file in files)
    said += "".join(file.read_text() for file in files if file.suffix == ".json")
    said += "".join(str(nibabel.load(file).header) for file in files if file.suffix == ".gz")
    assert not [word for word in ("Doe", "Jane", "P123", "1.2.840.1") if word in said]


def test_a_scan_without_any_lesion_is_a_case_too(tmp_path):
    _, label, *_ = trainingpair.write(a_reading(some_masks(anatomy=False)), a_volume(), tmp_path)
    assert not labels_at(label).any()


@pytest.mark.parametrize(
    ("reading", "code"),
    [
        (a_reading(None), "MASKS_MISSING"),
        (a_reading(some_masks(), modality="MR"), "DATASET_MISMATCH"),
    ],
)
def test_what_cannot_join_the_data_set_is_refused_and_leaves_it_as_it_was(tmp_path, reading, code):
    trainingpair.write(a_reading(some_masks()), a_volume(), tmp_path)
    before = sorted(p.name for p in tmp_path.rglob("*"))
    with pytest.raises(RefusedInput) as refused:
        trainingpair.write(reading, a_volume("1.2.9"), tmp_path)
    assert refused.value.code == code
    assert sorted(p.name for p in tmp_path.rglob("*")) == before


def test_masks_of_another_grid_are_an_error(tmp_path):
    masks = some_masks()
    masks.ijk_to_lps = GEOMETRY + np.eye(4)[3] * 5
    with pytest.raises(ReadingRoomError) as error:
        trainingpair.write(a_reading(masks), a_volume(), tmp_path)
    assert error.value.code == "MASKS_GEOMETRY"


def test_a_damaged_data_set_is_not_overwritten(tmp_path):
    (tmp_path / "dataset.json").write_text("{ half")
    with pytest.raises(ReadingRoomError) as error:
        trainingpair.write(a_reading(some_masks()), a_volume(), tmp_path)
    assert error.value.code == "DATASET_DAMAGED"
    assert (tmp_path / "dataset.json").read_text() == "{ half"
