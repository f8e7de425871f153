from __future__ import annotations

import nrrd
import numpy as np
import pytest

from readingroom import folder
from readingroom.errors import RefusedInput
from readingroom.folder.segnrrd import encode_masks
from readingroom.folder.segread import decode_masks
from readingroom.reading import Masks, Segment
from readingroom.study import Volume


@pytest.fixture
def a_file(tmp_path, masks):
    path = tmp_path / "masks.seg.nrrd"
    path.write_bytes(encode_masks(masks))
    return path


def lps_of(masks: Masks, name: str) -> set[tuple[float, ...]]:
    """Places of a segment's voxels, mm: the same whatever the grid."""
    kji = np.argwhere(masks.mask(name))
    points = kji[:, ::-1] @ masks.ijk_to_lps[:3, :3].T + masks.ijk_to_lps[:3, 3]
    return {tuple(point) for point in np.round(points, 4) + 0.0}


def written_by_pynrrd(path, labels_kji, ijk_to_lps, header=None, space="left-posterior-superior"):
    signs = {"left-posterior-superior": (1, 1, 1), "right-anterior-superior": (-1, -1, 1)}[space]
    fields = {
        "space": space,
        "space directions": (ijk_to_lps[:3, :3] * np.array(signs)[:, None]).T,
        "space origin": ijk_to_lps[:3, 3] * signs,
        "kinds": ["domain"] * 3,
        **(header or _one_segment()),
    }
    nrrd.write(str(path), labels_kji, fields, index_order="C")
    return path


def _one_segment() -> dict[str, str]:
    return {
        "Segment0_ID": "Segment_1",
        "Segment0_Name": "LAD",
        "Segment0_LabelValue": "1",
        "Segment0_Layer": "0",
        "Segment0_Color": "1 0 0",
    }


def test_the_file_is_as_3d_slicer_writes_it(a_file, masks, oblique):
    voxels, header = nrrd.read(str(a_file), index_order="C")
    assert header["kinds"] == ["list", "domain", "domain", "domain"]
    assert header["space"] == "left-posterior-superior"
    # The box of the heart (k 2-8, j 4-14, i 6-24) with a margin of one voxel.
    assert voxels.shape == (9, 13, 21, 2)
    assert header["Segmentation_ReferenceImageExtentOffset"] == "5 3 1"
    np.testing.assert_allclose(header["space origin"], (oblique @ [5, 3, 1, 1])[:3])
    np.testing.assert_allclose(header["space directions"][1:], oblique[:3, :3].T)
    np.testing.assert_array_equal(voxels[..., 1], masks.layers[1][1:10, 3:16, 5:26])
    assert header["Segment1_ID"] == header["Segment1_Name"] == "LAD"
    assert (header["Segment2_LabelValue"], header["Segment2_Layer"]) == ("2", "1")
    # One extent for the layer: 3D Slicer clips the layer to its first segment's.
    assert header["Segment1_Extent"] == header["Segment2_Extent"] == "0 20 0 12 0 8"
    assert header["Segment2_Tags"].startswith("TerminologyEntry:Segmentation category and type")
    assert [float(c) for c in header["Segment2_Color"].split()] == list(masks.segments[2].color)


def test_simpleitk_places_the_voxels_where_they_are(tmp_path, masks):
    import SimpleITK

    alone = Masks([masks.layers[1]], masks.ijk_to_lps, [Segment("RCA", 0, 2, (1, 0, 0), "t")])
    (tmp_path / "m.seg.nrrd").write_bytes(encode_masks(alone))
    image = SimpleITK.ReadImage(str(tmp_path / "m.seg.nrrd"))
    indices = np.argwhere(SimpleITK.GetArrayFromImage(image) == 2)
    points = [image.TransformIndexToPhysicalPoint([int(x) for x in i[::-1]]) for i in indices]
    assert {tuple(np.round(p, 4) + 0.0) for p in points} == lps_of(alone, "RCA")


def test_chinese_names_and_many_labels_survive(tmp_path, oblique):
    labels = np.arange(6 * 7 * 8, dtype=np.uint16).reshape(6, 7, 8)
    named = [Segment("左主干 | 开口", 0, 300, (0.1, 0.2, 0.3), "a~b^c^钙化~^^~~^^~^^")]
    path = tmp_path / "m.seg.nrrd"
    path.write_bytes(encode_masks(Masks([labels], oblique, named)))
    loaded = decode_masks(path)
    np.testing.assert_array_equal(loaded.layers[0], labels)
    assert loaded.layers[0].dtype == np.uint16
    assert loaded.segments[0].name == "左主干 / 开口"
    assert loaded.segments[0].terminology == named[0].terminology


def test_nothing_marked(tmp_path, masks, oblique):
    empty = Masks([np.zeros_like(masks.layers[0])] * 2, oblique, masks.segments)
    path = tmp_path / "m.seg.nrrd"
    path.write_bytes(encode_masks(empty))
    loaded = decode_masks(path)
    assert [layer.shape for layer in loaded.layers] == [(12, 20, 30)] * 2
    assert not any(layer.any() for layer in loaded.layers)
    assert loaded.names() == masks.names()
    np.testing.assert_allclose(loaded.ijk_to_lps, oblique)


def test_corrected_masks_come_onto_the_whole_grid(a_file, a_volume, masks):
    loaded = folder.load_masks(a_file, a_volume)
    for ours, theirs in zip(loaded.layers, masks.layers, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 0, 2)])
@pytest.mark.parametrize("flips", [(), (0,), (1, 2), (0, 1, 2)])
def test_flipped_and_permuted_axes_are_brought_into_order(
    tmp_path, masks, a_volume, oblique, order, flips
):
    """Write the same voxels in space with other axes; they must come back unchanged."""
    labels = masks.layers[1]
    matrix = oblique.copy()
    for axis in flips:
        matrix[:3, 3] += matrix[:3, 2 - axis] * (labels.shape[axis] - 1)
        matrix[:3, 2 - axis] *= -1
    turned = np.flip(labels, flips).transpose(order)
    matrix[:3, :3] = matrix[:3, [2 - order[2 - column] for column in range(3)]]
    path = written_by_pynrrd(tmp_path / "m.nrrd", turned, matrix, space="right-anterior-superior")
    loaded = folder.load_masks(path, a_volume)
    np.testing.assert_array_equal(loaded.layers[0], labels)


def _shifted(matrix, mm):
    moved = matrix.copy()
    moved[0, 3] += mm
    return moved


def test_a_thousandth_of_a_millimetre_decides(tmp_path, masks, a_volume, oblique):
    near = written_by_pynrrd(tmp_path / "n.nrrd", masks.layers[1], _shifted(oblique, 0.0009))
    assert folder.load_masks(near, a_volume).mask("LAD").sum() == 1
    far = written_by_pynrrd(tmp_path / "f.nrrd", masks.layers[1], _shifted(oblique, 0.0011))
    with pytest.raises(RefusedInput, match="MASK_GEOMETRY"):
        folder.load_masks(far, a_volume)


def test_a_spacing_that_drifts_apart_over_the_volume_is_refused(tmp_path, masks, a_volume, oblique):
    stretched = oblique.copy()
    stretched[:3, 0] *= 1.0001
    path = written_by_pynrrd(tmp_path / "m.nrrd", masks.layers[1], stretched)
    with pytest.raises(RefusedInput, match="MASK_GEOMETRY"):
        folder.load_masks(path, a_volume)


def test_masks_may_reach_out_of_the_volume_only_where_nothing_is_marked(a_file, oblique):
    def cut(slices):
        return Volume(lambda: np.zeros(1), (slices, 20, 30), oblique)

    assert folder.load_masks(a_file, cut(9)).layers[0].shape == (9, 20, 30)
    with pytest.raises(RefusedInput, match="MASK_GEOMETRY"):
        folder.load_masks(a_file, cut(8))


def test_layers_of_the_old_3d_slicer_have_no_label_values(tmp_path, masks, a_volume, oblique):
    stack = np.stack([(masks.layers[1] == value).astype(np.uint8) for value in (1, 2)], axis=-1)
    directions = np.vstack([[np.nan] * 3, oblique[:3, :3].T])
    header = {
        "space": "left-posterior-superior",
        "space directions": directions,
        "space origin": oblique[:3, 3],
        "kinds": ["list", "domain", "domain", "domain"],
        "Segment0_ID": "a",
        "Segment0_Name": "LAD",
        "Segment1_ID": "b",
        "Segment1_Name": "RCA",
    }
    nrrd.write(str(tmp_path / "old.seg.nrrd"), stack, header, index_order="C")
    loaded = folder.load_masks(tmp_path / "old.seg.nrrd", a_volume)
    for name in ("LAD", "RCA"):
        np.testing.assert_array_equal(loaded.mask(name), masks.mask(name))
        assert loaded.segments[0].terminology


def test_a_plain_label_map_needs_names(tmp_path, masks, a_volume, oblique):
    path = written_by_pynrrd(
        tmp_path / "m.nrrd", masks.layers[1], oblique, header={"content": "labels"}
    )
    with pytest.raises(RefusedInput, match="MASK_NAMES_MISSING"):
        folder.load_masks(path, a_volume)
    loaded = folder.load_masks(path, a_volume, names={1: "LAD", 2: "RCA"})
    np.testing.assert_array_equal(loaded.mask("RCA"), masks.mask("RCA"))


@pytest.mark.parametrize("encoding", ["raw", "gzip"])
def test_truncated_files_are_refused(tmp_path, masks, a_volume, oblique, encoding):
    path = written_by_pynrrd(
        tmp_path / "m.nrrd", masks.layers[1], oblique, {**_one_segment(), "encoding": encoding}
    )
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(RefusedInput, match="MASK_UNREADABLE"):
        folder.load_masks(path, a_volume)
