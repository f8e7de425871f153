"""The study behind a volume: its DICOM files, or a copy of its voxels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import slicer
import vtk

from readingroom import imaging
from readingroom.errors import RefusedInput


@pytest.fixture
def find(the_application):
    """Return a function that finds the source of a node."""
    from readingroom.slicerdesktop import source
    from readingroom.slicerdesktop.host import SlicerHost

    return lambda node, place: source.of(SlicerHost(), node, place)


def test_a_series_that_has_its_folder_to_itself_is_named_by_the_folder(
    find, a_volume, the_case, tmp_path
):
    found = find(a_volume, tmp_path)
    assert found.is_dicom
    assert found.study == [str(the_case.images)]


def test_a_series_among_others_is_named_file_by_file(find, a_volume, the_case, tmp_path):
    volume = the_case.study.volumes[0]
    shared = tmp_path / "shared"
    shared.mkdir()
    for uid, file in zip(volume.instance_uids, volume.files, strict=True):
        copy = shared / file.name
        copy.write_bytes(file.read_bytes())
        slicer.dicomDatabase.files[uid] = str(copy)
    (shared / "another.dcm").write_bytes(b"x")
    found = find(a_volume, tmp_path)
    assert found.paths == tuple(shared / file.name for file in volume.files)


def test_a_file_that_is_gone_means_a_copy(find, a_volume, tmp_path):
    first = next(iter(slicer.dicomDatabase.files))
    slicer.dicomDatabase.files[first] = "/nowhere/1.dcm"
    found = find(a_volume, tmp_path)
    assert not found.is_dicom
    assert found.paths == (tmp_path / "volume.nrrd",)


def test_a_closed_database_means_a_copy(find, a_volume, tmp_path):
    slicer.dicomDatabase.isOpen = False
    assert not find(a_volume, tmp_path).is_dicom


@pytest.mark.parametrize("move", [("Translate", 0.0, 8.0, 0.0), ("RotateZ", 20.0)])
def test_a_volume_moved_for_good_is_no_longer_its_files(find, a_volume, tmp_path, move):
    transform = vtk.vtkTransform()
    getattr(transform, move[0])(*move[1:])
    a_volume.ApplyTransform(transform)
    assert not find(a_volume, tmp_path).is_dicom


def test_the_copy_is_the_volume(find, a_volume_without_dicom, the_case, tmp_path):
    copy = imaging.load(find(a_volume_without_dicom, tmp_path).paths[0]).volumes[0]
    original = the_case.study.volumes[0]
    assert np.array_equal(copy.array, original.array)
    assert np.allclose(copy.ijk_to_lps, original.ijk_to_lps)


def test_a_colour_image_is_refused(find, a_volume_without_dicom, tmp_path):
    image = vtk.vtkImageData()
    image.SetDimensions(4, 4, 4)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 3)
    a_volume_without_dicom.SetAndObserveImageData(image)
    with pytest.raises(RefusedInput, match="VOLUME_UNUSABLE"):
        find(a_volume_without_dicom, tmp_path)


def test_a_place_is_never_used_twice(the_application, tmp_path):
    from readingroom.slicerdesktop import places
    from readingroom.slicerdesktop.host import SlicerHost

    made: list[Path] = []
    for _ in range(3):
        place = places.new_place(SlicerHost(), str(tmp_path), "cacs")
        place.mkdir()
        made.append(place)
    assert len(set(made)) == 3
    assert all(place.name.startswith("cacs-") for place in made)


def test_a_volume_forgets_its_reading(the_application, a_volume, the_case):
    from readingroom.slicerdesktop import places

    places.remember(a_volume, "cacs", the_case.folder)
    assert places.remembered(a_volume, "cacs") == the_case.folder
    places.remember(a_volume, "cacs", None)
    assert places.remembered(a_volume, "cacs") is None
