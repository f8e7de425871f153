"""The DICOM SEG holds the same voxels, names and colours as the reading, at the same place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.sr.codedict import codes

from readingroom.errors import ReadingRoomError
from readingroom.imaging import load
from readingroom.report import seg
from Testing.fixtures.dicom_phantom import CORONAL, SAGITTAL, an_enhanced_ct, save
from Testing.fixtures.report_cases import SPACING, a_chest, a_reading, a_study

ORIENTATIONS = {
    "axial": {},
    "from head to foot": {"step": (0.0, 0.0, -2.5)},
    "coronal": {"directions": CORONAL, "step": (0.0, 2.5, 0.0)},
    "sagittal": {"directions": SAGITTAL, "step": (2.5, 0.0, 0.0)},
    "oblique": {
        "directions": ((0.8, 0.6, 0.0), (-0.6, 0.8, 0.0)),
        "step": (0.0, 0.0, 2.5),
    },
}
RESAMPLED = {
    "a slice is missing": {"leave_out": (7,)},
    "the gantry was tilted": {"step": (0.0, 0.9, 2.5)},
}


def voxels_in_patient(dataset, number: int) -> np.ndarray:
    """Return the LPS places of a segment's voxels, from DICOM attributes alone."""
    shared = dataset.SharedFunctionalGroupsSequence[0]
    row, column = np.reshape(shared.PlaneOrientationSequence[0].ImageOrientationPatient, (2, 3))
    rows_mm, columns_mm = shared.PixelMeasuresSequence[0].PixelSpacing
    groups = dataset.PerFrameFunctionalGroupsSequence
    places = []
    for frame, pixels in zip(groups, dataset.pixel_array, strict=True):
        if frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber != number:
            continue
        origin = np.array(frame.PlanePositionSequence[0].ImagePositionPatient, dtype=float)
        j, i = np.nonzero(pixels)
        places.append(origin + np.outer(i * columns_mm, row) + np.outer(j * rows_mm, column))
    return np.concatenate(places)


def sorted_places(places: np.ndarray) -> np.ndarray:
    rounded = np.round(places, 2) + 0.0
    return rounded[np.lexsort(rounded.T)]


def assert_same_voxels(path: Path, reading, volume) -> None:
    dataset = dcmread(path)
    assert [s.SegmentLabel for s in dataset.SegmentSequence] == reading.masks.names()
    for number, name in enumerate(reading.masks.names(), start=1):
        expected = volume.lps_from_kji(np.argwhere(reading.masks.mask(name)))
        found = sorted_places(voxels_in_patient(dataset, number))
        np.testing.assert_allclose(found, sorted_places(expected), atol=0.02)


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_every_voxel_lies_where_the_mask_has_it(tmp_path, name):
    study = a_study(tmp_path / "ct", **ORIENTATIONS[name])
    reading, volume = a_reading(study), study.volumes[0]

    path = seg.write(reading, volume, tmp_path / "seg.dcm")

    assert_same_voxels(path, reading, volume)


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_each_frame_names_the_image_it_lies_on(tmp_path, name):
    study = a_study(tmp_path / "ct", **ORIENTATIONS[name])
    images = {str(d.SOPInstanceUID): d for d in map(dcmread, study.volumes[0].files)}

    path = seg.write(a_reading(study), study.volumes[0], tmp_path / "seg.dcm")

    for frame in dcmread(path).PerFrameFunctionalGroupsSequence:
        (source,) = frame.DerivationImageSequence[0].SourceImageSequence
        image = images[source.ReferencedSOPInstanceUID]
        assert source.SpatialLocationsPreserved == "YES"
        place = frame.PlanePositionSequence[0].ImagePositionPatient
        assert list(place) == list(image.ImagePositionPatient)


def test_names_colours_and_codes_come_back(tmp_path):
    study = a_study(tmp_path / "ct")
    reading = a_reading(study)

    dataset = hd.seg.segread(seg.write(reading, study.volumes[0], tmp_path / "seg.dcm"))

    for number, segment in enumerate(reading.masks.segments, start=1):
        description = dataset.get_segment_description(number)
        rgb = hd.color.CIELabColor.from_dicom_value(
            description.RecommendedDisplayCIELabValue
        ).to_rgb()
        assert description.segment_label == segment.name
        assert np.abs(np.array(rgb) / 255 - segment.color).max() < 0.01
    lad = dataset.get_segment_description(4)
    assert lad.SegmentLabel == "LAD"
    assert lad.anatomic_regions[0] == codes.SCT.LeftAnteriorDescendingCoronaryArtery
    assert lad.algorithm_identification.family == codes.DCM.ArtificialIntelligence
    assert "cacs-lesion" in lad.algorithm_identification.parameters.values()


def test_highdicom_gives_back_the_masks_as_a_volume(tmp_path):
    study = a_study(tmp_path / "ct")
    reading, volume = a_reading(study), study.volumes[0]
    dataset = hd.seg.segread(seg.write(reading, volume, tmp_path / "seg.dcm"))

    again = dataset.get_volume(combine_segments=False)

    for number, name in enumerate(reading.masks.names()):
        k, j, i = np.nonzero(again.array[..., number])
        found = np.stack([k, j, i, np.ones_like(k)]).T @ again.affine.T
        expected = volume.lps_from_kji(np.argwhere(reading.masks.mask(name)))
        np.testing.assert_allclose(sorted_places(found[:, :3]), sorted_places(expected), atol=0.02)


def test_frames_without_a_voxel_are_left_out(tmp_path):
    study = a_study(tmp_path / "ct")
    reading = a_reading(study)

    dataset = dcmread(seg.write(reading, study.volumes[0], tmp_path / "seg.dcm"))

    used = sum(int(reading.masks.mask(n).any(axis=(1, 2)).sum()) for n in reading.masks.names())
    assert dataset.NumberOfFrames == used
    assert dataset.pixel_array.any(axis=(1, 2)).all()
    assert dataset.SegmentsOverlap == "YES"


@pytest.mark.parametrize("name", RESAMPLED)
def test_a_resampled_volume_keeps_its_own_geometry(tmp_path, name):
    study = a_study(tmp_path / "ct", **RESAMPLED[name])
    reading, volume = a_reading(study), study.volumes[0]

    path = seg.write(reading, volume, tmp_path / "seg.dcm")

    assert_same_voxels(path, reading, volume)
    dataset = dcmread(path)
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        for derivation in frame.DerivationImageSequence:
            for image in derivation.SourceImageSequence:
                assert image.SpatialLocationsPreserved == "NO"
    (series,) = dataset.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == volume.series_uid


def test_frames_of_a_multiframe_image_are_named_by_their_number(tmp_path):
    order = np.random.default_rng(5).permutation(24).tolist()
    image = an_enhanced_ct(a_chest(), spacing=SPACING, order=order)
    (tmp_path / "ct").mkdir()
    save(image, tmp_path / "ct" / "one")
    study = load(tmp_path / "ct")
    reading, volume = a_reading(study), study.volumes[0]

    path = seg.write(reading, volume, tmp_path / "seg.dcm")

    assert_same_voxels(path, reading, volume)
    groups = image.PerFrameFunctionalGroupsSequence
    for frame in dcmread(path).PerFrameFunctionalGroupsSequence:
        (source,) = frame.DerivationImageSequence[0].SourceImageSequence
        named = groups[int(source.ReferencedFrameNumber) - 1]
        place = frame.PlanePositionSequence[0].ImagePositionPatient
        assert list(place) == list(named.PlanePositionSequence[0].ImagePositionPatient)


def test_planes_may_be_stated_frame_by_frame(tmp_path):
    image = an_enhanced_ct(a_chest(), spacing=SPACING)
    shared = image.SharedFunctionalGroupsSequence[0]
    for keyword in ("PlaneOrientationSequence", "PixelMeasuresSequence"):
        for frame in image.PerFrameFunctionalGroupsSequence:
            setattr(frame, keyword, shared[keyword].value)
        delattr(shared, keyword)
    (tmp_path / "ct").mkdir()
    save(image, tmp_path / "ct" / "one")
    study = load(tmp_path / "ct")
    reading = a_reading(study)

    path = seg.write(reading, study.volumes[0], tmp_path / "seg.dcm")

    assert_same_voxels(path, reading, study.volumes[0])


def test_chinese_names_survive_whatever_the_source_wrote_them_in(tmp_path):
    def in_chinese(dataset, k):
        dataset.SpecificCharacterSet = "GB18030"
        dataset.PatientName = "Wang^XiaoDong=王^小东"

    study = a_study(tmp_path / "ct", change=in_chinese)
    reading = a_reading(study, status="reviewed", reviewer="李伟")

    dataset = dcmread(seg.write(reading, study.volumes[0], tmp_path / "seg.dcm"))

    assert dataset.SpecificCharacterSet == "ISO_IR 192"
    assert dataset.PatientName.ideographic == "王^小东"
    assert dataset.ContentCreatorName.family_name == "李伟"
    assert {s.SegmentAlgorithmType for s in dataset.SegmentSequence} == {"SEMIAUTOMATIC"}


def test_no_warning_quotes_the_patient(tmp_path, recwarn):
    def with_one_component(dataset, k):
        dataset.PatientName = "SECRET"

    study = a_study(tmp_path / "ct", change=with_one_component)

    seg.write(a_reading(study), study.volumes[0], tmp_path / "seg.dcm")

    assert not [w for w in recwarn if "SECRET" in str(w.message)]


def test_an_unused_segment_keeps_its_number(tmp_path):
    study = a_study(tmp_path / "ct")
    reading = a_reading(study)
    reading.masks.layers[0][reading.masks.layers[0] == 2] = 0

    dataset = dcmread(seg.write(reading, study.volumes[0], tmp_path / "seg.dcm"))

    assert [s.SegmentLabel for s in dataset.SegmentSequence] == reading.masks.names()


class TestRefusals:
    @pytest.fixture
    def study(self, tmp_path):
        return a_study(tmp_path / "ct")

    def refusal(self, reading, volume, tmp_path) -> str:
        with pytest.raises(ReadingRoomError) as caught:
            seg.write(reading, volume, tmp_path / "seg.dcm")
        assert not list(tmp_path.glob("seg.dcm*"))
        return caught.value.code

    def test_masks_that_lie_elsewhere(self, study, tmp_path):
        reading = a_reading(study)
        reading.masks.ijk_to_lps = reading.masks.ijk_to_lps.copy()
        reading.masks.ijk_to_lps[0, 3] += 1.0
        assert self.refusal(reading, study.volumes[0], tmp_path) == "SEG_GEOMETRY"

    def test_masks_of_another_size(self, study, tmp_path):
        reading = a_reading(study)
        reading.masks.layers = [layer[:-1] for layer in reading.masks.layers]
        assert self.refusal(reading, study.volumes[0], tmp_path) == "SEG_GEOMETRY"

    def test_no_masks(self, study, tmp_path):
        reading = a_reading(study, masks=None)
        assert self.refusal(reading, study.volumes[0], tmp_path) == "SEG_EMPTY"

    def test_masks_without_a_voxel(self, study, tmp_path):
        reading = a_reading(study)
        reading.masks.layers = [np.zeros_like(layer) for layer in reading.masks.layers]
        assert self.refusal(reading, study.volumes[0], tmp_path) == "SEG_EMPTY"

    def test_a_study_that_is_not_dicom(self, study, tmp_path):
        volume = replace(study.volumes[0], instance_uids=())
        assert self.refusal(a_reading(study), volume, tmp_path) == "NOT_DICOM"

    def test_images_that_were_moved_away(self, study, tmp_path):
        reading = a_reading(study)
        study.volumes[0].files[3].unlink()
        assert self.refusal(reading, study.volumes[0], tmp_path) == "SOURCE_MISSING"

    def test_images_without_a_frame_of_reference(self, tmp_path):
        def change(dataset, k):
            del dataset.FrameOfReferenceUID

        study = a_study(tmp_path / "anonymous", change=change)
        found = self.refusal(a_reading(study), study.volumes[0], tmp_path)
        assert found == "SOURCE_INCOMPLETE"
