"""Surfaces: closed, in the right place, of the right size and colour."""

import json
import struct

import numpy as np
import pytest
import trimesh

from readingroom.errors import RefusedInput
from readingroom.reading import Masks, Reading, Segment
from readingroom.report import mesh

GEOMETRY = np.array(
    [[0.0, 0.0, 1.5, -40.0], [0.7, 0.0, 0.0, 25.0], [0.0, -0.8, 0.0, 310.0], [0, 0, 0, 1.0]]
)


def a_sphere(radius_mm=18.0, shape=(44, 80, 80), geometry=GEOMETRY):
    spacing = np.linalg.norm(geometry[:3, :3], axis=0)[::-1]
    kji = np.indices(shape).reshape(3, -1).T
    centre = (np.array(shape) - 1) / 2
    inside = (((kji - centre) * spacing) ** 2).sum(axis=1) <= radius_mm**2
    lps = geometry[:3, :3] @ centre[::-1] + geometry[:3, 3]
    return inside.reshape(shape), lps


def a_segment(name, value=1, layer=0, color=(1.0, 0.5, 0.0)):
    return Segment(name, layer, value, color, "c~SCT^1^A~SCT^2^B")


def a_reading(masks):
    return Reading(reader="cacs", reader_version="1", created="2026-01-01T00:00:00Z", masks=masks)


def edges_per_face_pair(surface):
    return np.unique(np.sort(surface.edges, axis=1), axis=0, return_counts=True)[1]


def test_a_sphere_keeps_its_volume_and_place_on_an_oblique_anisotropic_grid(tmp_path):
    mask, centre = a_sphere()
    masks = Masks([mask.astype(np.uint8)], GEOMETRY, [a_segment("HEART")])
    (path,) = mesh.write(a_reading(masks), tmp_path, "stl")
    surface = trimesh.load(path)
    assert surface.is_watertight
    assert surface.volume == pytest.approx(4 / 3 * np.pi * 18.0**3, rel=0.03)
    assert surface.center_mass == pytest.approx(centre, abs=0.05)
    assert surface.extents == pytest.approx([36, 36, 36], abs=1.2)


def test_smoothing_takes_away_the_steps_of_the_grid():
    mask, centre = a_sphere()
    radii = np.linalg.norm(mesh.surface_of(mask, GEOMETRY).vertices - centre, axis=1)
    assert radii.std() < 0.2  # 0.24 mm for the bare marching cubes of this grid


def test_normals_look_outwards_whatever_the_handedness_of_the_grid():
    mask, _ = a_sphere(6.0, (20, 30, 30))
    mirrored = GEOMETRY @ np.diag([-1.0, 1, 1, 1])
    assert mesh.surface_of(mask, GEOMETRY).volume > 0
    assert mesh.surface_of(mask, mirrored).volume > 0


@pytest.mark.parametrize("size", [(1, 1, 1), (1, 2, 2), (2, 2, 3), (3, 3, 3)])
def test_a_lesion_of_a_few_voxels_keeps_their_volume(size):
    mask = np.zeros((6, 6, 6), bool)
    mask[tuple(slice(1, 1 + n) for n in size)] = True
    surface = mesh.surface_of(mask, GEOMETRY)
    assert surface.is_watertight
    assert surface.volume == pytest.approx(mask.sum() * 0.7 * 0.8 * 1.5, rel=1e-3)


def test_a_thin_vessel_becomes_no_longer():
    mask = np.zeros((3, 3, 60), bool)
    mask[1, 1, 5:55] = True
    surface = mesh.surface_of(mask, np.eye(4))
    assert surface.volume == pytest.approx(50, rel=1e-3)
    assert surface.extents[0] == pytest.approx(50, abs=1)


def test_lesions_of_one_segment_stay_where_they_are():
    mask = np.zeros((8, 8, 40), bool)
    mask[2:4, 2:4, 2:4] = mask[2:6, 2:6, 30:34] = True
    small, large = sorted(mesh.surface_of(mask, np.eye(4)).split(), key=lambda part: part.volume)
    assert (small.volume, large.volume) == pytest.approx((8, 64), rel=1e-3)
    assert small.center_mass == pytest.approx([2.5, 2.5, 2.5], abs=0.02)
    assert large.center_mass == pytest.approx([31.5, 3.5, 3.5], abs=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_any_mask_gives_a_closed_surface_even_where_voxels_touch_at_corners(seed):
    mask = np.random.default_rng(seed).random((9, 9, 9)) > 0.6
    surface = mesh.surface_of(mask, np.eye(4))
    assert set(edges_per_face_pair(surface)) == {2}
    assert surface.is_winding_consistent
    assert surface.volume == pytest.approx(mask.sum(), rel=0.01)


def test_a_mask_that_fills_the_volume_is_closed_at_its_ends():
    surface = mesh.surface_of(np.ones((5, 6, 7), bool), np.eye(4))
    assert surface.is_watertight
    assert surface.volume == pytest.approx(210, rel=1e-3)


def test_empty_segments_have_no_file_and_an_empty_mask_no_surface(tmp_path):
    layer = np.zeros((5, 5, 5), np.uint8)
    layer[2, 2, 2] = 2
    segments = [a_segment("LM", 1), a_segment("LAD", 2), a_segment("LCX", 9)]
    files = mesh.write(a_reading(Masks([layer], np.eye(4), segments)), tmp_path, "stl")
    assert [file.name for file in files] == ["LAD.stl"]
    assert mesh.surface_of(np.zeros((3, 3, 3), bool), np.eye(4)) is None
    assert mesh.write(a_reading(None), tmp_path, "glb") == []


def test_glb_is_coloured_in_metres_with_the_head_up(tmp_path):
    layer = np.zeros((30, 8, 8), np.uint8)
    layer[2:28, 3:5, 3:5] = 1
    geometry = np.diag([1.0, 1, 1, 1])
    geometry[:3, 3] = (0, 50, 1000)
    masks = Masks([layer], geometry, [a_segment("AORTA", color=(1.0, 0.5, 0.0))])
    (path,) = mesh.write(a_reading(masks), tmp_path, "glb")
    low, high = trimesh.load(path).bounds
    assert high[1] - low[1] == pytest.approx(0.026, abs=0.001)
    assert low[1] > 1.0  # superior is up
    assert high[2] < -0.05  # posterior is behind
    content = path.read_bytes()
    (length,) = struct.unpack_from("<I", content, 12)
    material = json.loads(content[20 : 20 + length])["materials"][0]
    color = material["pbrMetallicRoughness"]["baseColorFactor"]
    assert color == pytest.approx([1.0, 0.214, 0.0, 1.0], abs=0.005)  # 0.5 sRGB, linear


def test_stl_is_binary(tmp_path):
    mask, _ = a_sphere(4.0, (12, 20, 20))
    masks = Masks([mask.astype(np.uint8)], GEOMETRY, [a_segment("LAD")])
    (path,) = mesh.write(a_reading(masks), tmp_path, "stl")
    (faces,) = struct.unpack_from("<I", path.read_bytes(), 80)
    assert path.stat().st_size == 84 + 50 * faces


def test_names_that_are_no_file_names_neither_escape_nor_overwrite_each_other(tmp_path):
    layer = np.zeros((4, 4, 12), np.uint8)
    names = ["../LAD", "lad", "LAD", "病灶 1", "..."]
    for number in range(len(names)):
        layer[1:3, 1:3, 2 * number : 2 * number + 2] = number + 1
    segments = [a_segment(name, number) for number, name in enumerate(names, start=1)]
    files = mesh.write(a_reading(Masks([layer], np.eye(4), segments)), tmp_path / "m", "stl")
    assert [file.name for file in files] == [
        "LAD.stl",
        "lad_2.stl",
        "LAD_3.stl",
        "病灶_1.stl",
        "segment.stl",
    ]
    assert {file.parent for file in files} == {tmp_path / "m"}


def test_another_format_is_refused(tmp_path):
    with pytest.raises(RefusedInput) as refused:
        mesh.write(a_reading(None), tmp_path, "obj")
    assert refused.value.code == "FORMAT_UNKNOWN"
