"""Asking for formats: what is made, what is left out and why, what is refused."""

import shutil
import subprocess
import sys

import nibabel
import numpy as np
import pytest
from pydicom import dcmread

from readingroom import folder, imaging, report
from readingroom.errors import Cancelled, RefusedInput
from readingroom.imaging.write import write_volume
from readingroom.reader import Progress
from readingroom.reading import Masks
from Testing.fixtures.report_cases import a_reading, a_study


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return a_study(tmp_path_factory.mktemp("study"))


@pytest.fixture
def saved(study, tmp_path):
    """Return the folder of a saved reading of `study`."""
    folder.save(a_reading(study), tmp_path / "reading")
    return tmp_path / "reading"


@pytest.fixture
def saved_and_gone(tmp_path):
    """Return the folder of a saved reading and where its study has been moved to."""
    study = a_study(tmp_path / "study")
    folder.save(a_reading(study), tmp_path / "reading")
    return tmp_path / "reading", shutil.move(study.source, tmp_path / "elsewhere")


@pytest.fixture
def saved_of_nifti(tmp_path):
    """Return the folder of a reading of the same chest as one NIfTI file."""
    chest = a_study(tmp_path / "dicom").volumes[0]
    path = write_volume(chest.array, chest.ijk_to_lps, tmp_path / "chest.nii.gz")
    folder.save(a_reading(imaging.load(path)), tmp_path / "reading")
    return tmp_path / "reading"


def names(result, place):
    return sorted(str(file.relative_to(place / "report")) for file in result.files)


def test_every_format_is_written_and_the_sr_refers_to_the_seg_made_before_it(saved):
    result = report.write(saved, ["sr", *report.formats()])
    # Two formats are of sequences of frames only.
    assert [note.code for note in result.notes] == ["NO_CENTERLINES", "NOT_A_CINE"]
    assert all(file.is_file() and file.stat().st_size for file in result.files)
    written = names(result, saved)
    assert {"seg.dcm", "sr.dcm", "report.pdf", "findings.csv", "measurements.csv", "fhir.json"} <= {
        *written
    }
    assert {"meshes/LAD.stl", "meshes/LAD.glb"} <= {*written}
    assert any(name.startswith("nnunet/Dataset901_cacs/imagesTr/") for name in written)
    segmentation, document = (dcmread(saved / "report" / f"{name}.dcm") for name in ("seg", "sr"))
    assert segmentation.SOPInstanceUID in str(document)


def test_without_dicom_the_dicom_formats_are_left_out_with_one_note(saved_of_nifti):
    result = report.write(saved_of_nifti, ["seg", "sr", "pdf", "csv", "nnunet"])
    (note,) = result.notes
    assert note.code == "NO_DICOM_SOURCE"
    assert note.severity == "warning"
    assert "SEG and SR" in note.message
    assert "SEG、SR" in note.message_zh
    written = names(result, saved_of_nifti)
    assert "report.pdf" in written
    assert "findings.csv" in written
    assert not [name for name in written if name.endswith(".dcm")]


def test_the_study_may_be_gone_for_formats_that_need_no_images(saved_and_gone):
    place, _ = saved_and_gone
    written = names(report.write(place, ["csv", "fhir", "stl"]), place)
    assert {"findings.csv", "fhir.json", "meshes/LAD.stl"} <= {*written}


def test_a_study_that_is_gone_is_said_plainly_and_found_again_where_it_is_now(saved_and_gone):
    place, moved = saved_and_gone
    with pytest.raises(RefusedInput) as refused:
        report.write(place, ["nnunet"])
    assert refused.value.code == "SOURCE_GONE"
    assert not (place / "report" / "nnunet").exists()
    assert report.write(place, ["nnunet"], study=moved).files
    assert report.write(place, ["nnunet"], study=imaging.load(moved)).files


def test_another_study_is_never_taken_for_the_one_that_was_read(saved, tmp_path):
    other = a_study(tmp_path / "other", series_uid="1.2.826.0.1.9.9")
    with pytest.raises(RefusedInput) as refused:
        report.write(saved, ["pdf"], study=other)
    assert refused.value.code == "STUDY_DIFFERS"


def test_an_image_without_uids_is_told_by_the_grid_of_the_masks(saved_of_nifti, tmp_path):
    other = write_volume(np.zeros((24, 64, 64), np.int16), np.eye(4), tmp_path / "other.nii.gz")
    with pytest.raises(RefusedInput) as refused:
        report.write(saved_of_nifti, ["pdf"], study=other)
    assert refused.value.code == "STUDY_DIFFERS"


@pytest.mark.parametrize(
    ("formats", "code", "said"),
    [(["pdf", "docx"], "FORMAT_UNKNOWN", "docx"), ([], "FORMAT_MISSING", "No report format")],
)
def test_formats_that_there_are_not_are_refused_before_anything_is_written(
    saved, formats, code, said
):
    with pytest.raises(RefusedInput) as refused:
        report.write(saved, formats)
    assert refused.value.code == code
    assert said in refused.value.what_happened
    assert not [file for file in (saved / "report").rglob("*") if file.is_file()]


def test_empty_masks_cost_the_seg_alone(study, tmp_path):
    volume = study.volumes[0]
    empty = Masks([np.zeros(volume.shape, np.uint8)], volume.ijk_to_lps, [])
    folder.save(a_reading(study, lesions=(), masks=empty), tmp_path / "reading")
    result = report.write(tmp_path / "reading", ["seg", "csv"])
    assert [note.code for note in result.notes] == ["SEG_EMPTY"]
    assert result.notes[0].message_zh
    assert names(result, tmp_path / "reading") == ["findings.csv", "measurements.csv"]


def test_a_surface_of_an_earlier_revision_does_not_stay_behind(saved):
    report.write(saved, ["stl"])
    stale = saved / "report" / "meshes" / "REMOVED.stl"
    stale.write_bytes(b"old")
    report.write(saved, ["stl"])
    assert not stale.exists()


def test_progress_rises_to_the_end_and_a_wish_to_stop_is_heard(saved):
    told = []
    report.write(saved, ["csv", "fhir"], progress=Progress(lambda *what: told.append(what)))
    assert [stage for stage, _ in told] == ["load", "csv", "fhir", "done"]
    assert [fraction for _, fraction in told] == sorted(fraction for _, fraction in told)
    stopped = Progress()
    stopped.cancel()
    with pytest.raises(Cancelled):
        report.write(saved, ["pdf"], progress=stopped)


def test_files_may_go_elsewhere_and_the_result_is_plain_data(saved, tmp_path):
    result = report.write(saved, ["csv"], out=tmp_path / "out")
    assert result.as_dict() == {
        "files": [str(tmp_path / "out" / f"{name}.csv") for name in ("findings", "measurements")],
        "notes": [],
    }


def test_the_training_image_is_the_volume_that_was_read(saved, study):
    result = report.write(saved, ["nnunet"])
    (image,) = (file for file in result.files if file.parent.name == "imagesTr")
    assert np.array_equal(np.asarray(nibabel.load(image).dataobj).T, study.volumes[0].array)


def test_importing_the_package_loads_no_writer():
    heavy = "torch SimpleITK highdicom matplotlib scipy skimage trimesh pydicom reportlab"
    code = (
        f"import sys, readingroom.report; print([m for m in {heavy.split()} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
