"""Geometry of DICOM series: order, orientation, gaps, tilt, against SimpleITK as oracle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from readingroom import imaging
from readingroom.errors import RefusedInput
from Testing.fixtures.dicom_phantom import (
    AXIAL,
    CORONAL,
    SAGITTAL,
    a_ct_slice,
    a_sphere,
    centre_of_mass_lps,
    save,
    some_anatomy,
    write_ct_slices,
)

OBLIQUE = (
    tuple(np.array([0.9, 0.3, 0.1]) / np.linalg.norm([0.9, 0.3, 0.1])),
    tuple(np.cross([0.2, -0.1, 0.95], [0.9, 0.3, 0.1]) / 0.928),
)


def right_angled(row: tuple, near_column: tuple) -> tuple[np.ndarray, np.ndarray]:
    row = np.array(row) / np.linalg.norm(row)
    column = np.array(near_column) - row * (row @ near_column)
    return row, column / np.linalg.norm(column)


def read_with_simpleitk(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    matrix = np.eye(4)
    matrix[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    matrix[:3, 3] = image.GetOrigin()
    return SimpleITK.GetArrayFromImage(image), matrix


def codes(volume) -> list[str]:
    return [note.code for note in volume.notes]


@pytest.mark.parametrize(
    "directions",
    [AXIAL, CORONAL, SAGITTAL, right_angled(*OBLIQUE), ((-1, 0, 0), (0, 1, 0))],
    ids=["axial", "coronal", "sagittal", "oblique", "mirrored"],
)
def test_any_orientation_has_the_voxels_and_geometry_simpleitk_finds(tmp_path, directions):
    normal = np.cross(*directions)
    write_ct_slices(tmp_path, some_anatomy(), directions=directions, step=normal * -2.5)

    (volume,) = imaging.load(tmp_path).volumes
    voxels, matrix = read_with_simpleitk(tmp_path)

    np.testing.assert_array_equal(volume.array, voxels)
    np.testing.assert_allclose(volume.ijk_to_lps, matrix, atol=1e-5)
    assert volume.notes == ()


def test_slices_come_in_the_order_of_their_place_and_name_their_instances(tmp_path):
    voxels = some_anatomy()
    paths = write_ct_slices(tmp_path / "a" / "deep", voxels[:3])
    uid = _series_uid(paths[0])
    paths += write_ct_slices(tmp_path / "b", voxels[3:], origin=(-100, -80, 47.5), series_uid=uid)
    (tmp_path / "readme.txt").write_text("no image")
    (tmp_path / "a" / "empty.dcm").touch()

    (volume,) = imaging.load(tmp_path).volumes

    np.testing.assert_array_equal(volume.array, voxels)
    assert list(volume.files) == paths
    assert len(set(volume.instance_uids)) == 6
    np.testing.assert_allclose(volume.lps_from_kji([5, 23, 31]), [-81.4, -63.9, 52.5])


def test_positions_rounded_to_a_tenth_are_still_one_regular_grid(tmp_path):
    heights = np.round(np.arange(9) * 0.625, 1)
    write_ct_slices(tmp_path, some_anatomy(9), positions=[(0, 0, z) for z in heights])

    (volume,) = imaging.load(tmp_path).volumes

    assert volume.notes == ()
    assert volume.spacing_mm[0] == pytest.approx(0.625, abs=1e-6)
    assert volume.acquisition.slice_increment_mm == pytest.approx(0.625)


def test_missing_slices_are_interpolated_and_named(tmp_path):
    voxels = some_anatomy(10)
    write_ct_slices(tmp_path, voxels, leave_out=(3, 6, 7))

    (volume,) = imaging.load(tmp_path).volumes

    (note,) = volume.notes
    assert (note.code, note.severity) == ("MISSING_SLICES", "warning")
    assert "3 slice(s)" in note.message
    assert "1 after slice 3" in note.message
    assert "2 after slice 5" in note.message
    assert volume.shape == volume.array.shape == (10, 24, 32)
    there = [0, 1, 2, 4, 5, 8, 9]
    np.testing.assert_array_equal(volume.array[there], voxels[there])
    np.testing.assert_allclose(volume.array[7], (voxels[5] + 2.0 * voxels[8]) / 3, atol=0.501)
    np.testing.assert_allclose(volume.ijk_to_lps[:3, 2], [0, 0, 2.5])


def test_variable_spacing_becomes_the_finest_regular_one(tmp_path):
    heights = np.array([0, 1.25, 2.5, 3.75, 5, 7, 9, 11])
    ramp = np.broadcast_to(np.rint(heights * 100)[:, None, None], (8, 24, 32)).astype(np.int16)
    write_ct_slices(tmp_path, ramp, positions=[(0, 0, z) for z in heights])

    (volume,) = imaging.load(tmp_path).volumes

    assert codes(volume) == ["VARIABLE_SPACING"]
    assert volume.spacing_mm[0] == pytest.approx(11 / 9)  # nine steps: none coarser than 1.25
    places = volume.lps_from_kji([[k, 0, 0] for k in range(10)])[:, 2]
    np.testing.assert_allclose(volume.array[:, 5, 5], places * 100, atol=1)
    assert places[-1] == pytest.approx(11)


@pytest.mark.parametrize("degrees", [20.0, -12.0])
def test_gantry_tilt_is_sheared_upright_and_keeps_places(tmp_path, degrees):
    angle = np.radians(degrees)
    directions = ((1, 0, 0), (0, np.cos(angle), np.sin(angle)))
    sheared = np.eye(4)
    sheared[:3, 0] = np.multiply(directions[0], 1.1)
    sheared[:3, 1] = np.multiply(directions[1], 1.1)
    sheared[:3, 2] = (0, 0, 1.5)  # the table moves along the body, not along the normal
    sheared[:3, 3] = (-22, -20, 10)
    centre = sheared[:3, :3] @ (20, 18, 12) + sheared[:3, 3]
    voxels = a_sphere((24, 36, 40), sheared, centre, 9.0)
    write_ct_slices(
        tmp_path,
        voxels,
        origin=sheared[:3, 3],
        step=(0, 0, 1.5),
        directions=directions,
        spacing=(1.1, 1.1),
    )

    (volume,) = imaging.load(tmp_path).volumes

    assert codes(volume) == ["GANTRY_TILT_CORRECTED"]
    assert f"{abs(degrees):.1f}°" in volume.notes[0].message
    axes = volume.ijk_to_lps[:3, :3] / np.linalg.norm(volume.ijk_to_lps[:3, :3], axis=0)
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-6)
    assert volume.array.shape == volume.shape
    found = centre_of_mass_lps(np.asarray(volume.array), volume.ijk_to_lps) - centre
    assert np.linalg.norm(found) < 0.02
    # The first slice is only moved by whole pixels, and the outside is air.
    rows = volume.shape[1] - 36
    start = rows if np.abs(volume.array[0, :rows].astype(int) + 1024).max() == 0 else 0
    np.testing.assert_array_equal(volume.array[0, start : start + 36], voxels[0])


def test_tilt_and_a_missing_slice_together(tmp_path):
    angle = np.radians(15)
    directions = ((1, 0, 0), (0, np.cos(angle), np.sin(angle)))
    write_ct_slices(
        tmp_path, some_anatomy(8), directions=directions, step=(0, 0, 3.0), leave_out=(4,)
    )

    (volume,) = imaging.load(tmp_path).volumes

    assert codes(volume) == ["MISSING_SLICES", "GANTRY_TILT_CORRECTED"]
    assert volume.array.shape == volume.shape
    assert volume.spacing_mm[0] == pytest.approx(3.0 * np.cos(angle), abs=1e-6)


def test_copies_of_slices_are_dropped_whatever_their_uid(tmp_path):
    voxels = some_anatomy()
    paths = write_ct_slices(tmp_path, voxels)
    (tmp_path / "copy").write_bytes(paths[2].read_bytes())
    again = a_ct_slice(voxels[4], (-100, -80, 50.0))
    again.SeriesInstanceUID = _series_uid(paths[0])
    again.StudyInstanceUID = "1.2.826.0.1.3680043.10.1.1"
    save(again, tmp_path / "sent twice")

    (volume,) = imaging.load(tmp_path).volumes

    assert codes(volume) == ["DUPLICATE_SLICES", "DUPLICATE_SLICES"]
    np.testing.assert_array_equal(volume.array, voxels)


def test_different_images_at_one_place_are_never_mixed(tmp_path):
    paths = write_ct_slices(tmp_path, some_anatomy())
    write_ct_slices(tmp_path, some_anatomy(seed=2), series_uid=_series_uid(paths[0]), prefix="b")

    with pytest.raises(RefusedInput) as refusal:
        imaging.load(tmp_path)

    assert refusal.value.code == "SLICES_AMBIGUOUS"


@pytest.mark.parametrize(
    ("keyword", "values", "label"),
    [
        ("TemporalPositionIdentifier", (1, 2), "time point 2"),
        ("AcquisitionNumber", (1, 2), "acquisition number 2"),
        ("EchoNumbers", (1, 2), "echo 2"),
        ("ConvolutionKernel", ("B35f", "B70f"), "kernel B70f"),
        ("AcquisitionTime", ("101112", "101132"), "time 2"),
    ],
)
def test_what_tells_acquisitions_apart_makes_volumes_of_them(tmp_path, keyword, values, label):
    first, second = some_anatomy(), some_anatomy(seed=2)
    uid = "1.2.3.4.5"
    for value, voxels in zip(values, (first, second), strict=True):
        write_ct_slices(
            tmp_path,
            voxels,
            series_uid=uid,
            prefix=str(value),
            change=lambda dataset, _k, value=value: setattr(dataset, keyword, value),
        )

    volumes = imaging.load(tmp_path).volumes

    assert [codes(volume) for volume in volumes] == [["SERIES_SPLIT"]] * 2
    assert volumes[1].description == f"Chest [{label}]"
    np.testing.assert_array_equal(volumes[0].array, first)
    np.testing.assert_array_equal(volumes[1].array, second)


def test_echoes_of_several_time_points_are_parted_by_both(tmp_path):
    for time in (1, 2, 3):
        for echo in (1, 2):

            def mark(dataset, _k, time=time, echo=echo):
                dataset.TemporalPositionIdentifier, dataset.EchoNumbers = time, echo

            voxels = some_anatomy(seed=10 * time + echo)
            prefix = f"t{time}e{echo}"
            write_ct_slices(tmp_path, voxels, series_uid="1.2.3", prefix=prefix, change=mark)

    volumes = imaging.load(tmp_path).volumes

    assert len(volumes) == 6
    for volume in volumes:
        time, echo = (int(part) for part in volume.description.translate(_DIGITS).split())
        np.testing.assert_array_equal(volume.array, some_anatomy(seed=10 * time + echo))


_DIGITS = str.maketrans(dict.fromkeys("Chest [timepointecho]", " "))


def test_a_localizer_inside_the_series_becomes_a_volume_of_its_own(tmp_path):
    def as_localizer(dataset, _k):
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]

    write_ct_slices(tmp_path, some_anatomy(), series_uid="1.2.3")
    write_ct_slices(
        tmp_path,
        some_anatomy(1, 40, 20),
        directions=CORONAL,
        series_uid="1.2.3",
        prefix="scout",
        change=as_localizer,
    )

    volumes = imaging.load(tmp_path).volumes

    assert sorted(volume.shape for volume in volumes) == [(1, 40, 20), (6, 24, 32)]


def test_blocks_far_apart_are_not_bridged_by_interpolation(tmp_path):
    heights = [0, 2.5, 5, 7.5, 10, 160, 162.5, 165, 167.5, 170]
    write_ct_slices(tmp_path, some_anatomy(10), positions=[(0, 0, z) for z in heights])

    volumes = imaging.load(tmp_path).volumes

    assert [volume.shape[0] for volume in volumes] == [5, 5]
    assert [codes(volume) for volume in volumes] == [["SERIES_SPLIT"]] * 2


def test_a_single_slice_is_a_volume_as_thick_as_the_slice(tmp_path):
    write_ct_slices(tmp_path, some_anatomy(1))

    (volume,) = imaging.load(tmp_path).volumes

    assert volume.shape == (1, 24, 32)
    assert volume.spacing_mm == pytest.approx((2.5, 0.7, 0.6))
    assert volume.acquisition.slice_increment_mm is None


def _series_uid(path: Path) -> str:
    import pydicom

    return str(pydicom.dcmread(path, stop_before_pixels=True).SeriesInstanceUID)
