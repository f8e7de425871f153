"""The reading's masks as surfaces: STL for printing, GLB with colours for viewers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import trimesh
from scipy import ndimage, sparse

from readingroom.errors import RefusedInput
from readingroom.reading import Masks, Reading, Segment
from readingroom.report.regions import standing_masks
from readingroom.report.saving import complete_or_absent

_measure: Any = import_module("skimage.measure")

Points = npt.NDArray[np.float64]
Faces = npt.NDArray[np.int64]

FILE_FORMATS = ("stl", "glb")
_TOUCHING = np.ones((3, 3, 3), dtype=bool)
#: Taubin 1995, "A signal processing approach to fair surface design": a step inwards and a
#: slightly larger one outwards, so that steps of the voxel grid go and the shape stays.
_INWARDS, _OUTWARDS, _ROUNDS = 0.5, -0.526, 8
#: A part of fewer voxels than `_LARGE` has no grid steps to smooth, only a shape to lose.
_LARGE = 64
_MOVES, _NEAR = 30, 1e-4
#: LPS mm to the axes and metres of glTF 2.0: +X left, +Y up (superior), +Z front (anterior).
_GLTF_FROM_LPS = 0.001 * np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=np.float64)


def write(reading: Reading, directory: Path, file_format: str) -> list[Path]:
    """Write one closed surface per mask that holds a voxel.

    The surfaces are lightly smoothed and enclose the volume of their voxels. Findings
    that a person rejected are left out.

    Parameters
    ----------
    reading : Reading
    directory : Path
        Folder to write to; made if it is not there. Files are named after the masks.
    file_format : {'stl', 'glb'}
        Binary STL in LPS millimetres, or GLB in the masks' colours, in metres with the
        axes of glTF 2.0.

    Returns
    -------
    list of Path
        The files in the order of the masks; empty if no mask holds a voxel.

    Raises
    ------
    RefusedInput
        ``FORMAT_UNKNOWN``.
    """
    if file_format not in FILE_FORMATS:
        raise RefusedInput(
            "FORMAT_UNKNOWN",
            f"Surfaces are not written as '{file_format}'.",
            f"Choose one of {', '.join(FILE_FORMATS)}.",
        )
    masks = standing_masks(reading)
    if masks is None:
        return []
    taken: set[str] = set()
    files = []
    for segment, surface in _surfaces(masks):
        path = directory / f"{_file_name(segment.name, taken)}.{file_format}"
        content = _stl(surface) if file_format == "stl" else _glb(surface, segment)
        with complete_or_absent(path) as partial:
            partial.write_bytes(content)
        files.append(path)
    return files


def surface_of(
    mask: npt.NDArray[np.bool_], ijk_to_lps: npt.NDArray[np.float64]
) -> trimesh.Trimesh | None:
    """Return the closed surface of a mask, or None if it is empty.

    Parameters
    ----------
    mask : ndarray of bool, ``[k, j, i]``
    ijk_to_lps : ndarray, shape (4, 4)

    Returns
    -------
    trimesh.Trimesh
        Vertices in LPS mm, normals outwards; one closed shell for each connected part,
        which encloses the volume of its voxels.
    """
    boxes = ndimage.find_objects(mask.astype(np.uint8))
    return _cropped_surface(mask[boxes[0]], _start(boxes[0]), ijk_to_lps) if boxes else None


def _surfaces(masks: Masks) -> Iterator[tuple[Segment, trimesh.Trimesh]]:
    """Go through the segments, walking each whole layer once only."""
    boxes = [ndimage.find_objects(layer) for layer in masks.layers]
    for segment in masks.segments:
        there = boxes[segment.layer]
        box = there[segment.value - 1] if segment.value <= len(there) else None
        if box is not None:
            inside = masks.layers[segment.layer][box] == segment.value
            yield segment, _cropped_surface(inside, _start(box), masks.ijk_to_lps)


def _start(box: tuple[slice, ...]) -> npt.NDArray[np.int64]:
    return np.array([part.start for part in box], dtype=np.int64)


def _cropped_surface(
    mask: npt.NDArray[np.bool_], start: npt.NDArray[np.int64], ijk_to_lps: npt.NDArray[np.float64]
) -> trimesh.Trimesh:
    """Join the surfaces of connected parts: each gets its own volume back."""
    labels, _ = ndimage.label(mask, _TOUCHING)
    parts = [
        _part(labels[box] == number, start + _start(box), ijk_to_lps)
        for number, box in enumerate(ndimage.find_objects(labels), start=1)
    ]
    joined: Any = parts[0] if len(parts) == 1 else trimesh.util.concatenate(parts)
    surface: trimesh.Trimesh = joined
    return surface


def _part(
    mask: npt.NDArray[np.bool_], start: npt.NDArray[np.int64], ijk_to_lps: npt.NDArray[np.float64]
) -> trimesh.Trimesh:
    # A border of one voxel closes the surface where the mask reaches the end of the volume.
    padded = np.pad(mask, 1).astype(np.float32)
    # The classic table: in masks, values tie, and skimage's default then leaves edges that
    # four faces share.
    kji, faces, _, _ = _measure.marching_cubes(padded, 0.5, method="lorensen")
    ijk = (kji.astype(np.float64) + (start - 1))[:, ::-1]
    points = ijk @ ijk_to_lps[:3, :3].T + ijk_to_lps[:3, 3]
    faces = faces.astype(np.int64)
    if _enclosed(points, faces) < 0:
        faces = faces[:, ::-1]
    voxel_mm3 = abs(float(np.linalg.det(ijk_to_lps[:3, :3])))
    count = np.count_nonzero(mask)
    rounds = _ROUNDS if count >= _LARGE else 1
    points = _with_volume(_smoothed(points, faces, rounds), faces, count * voxel_mm3)
    return trimesh.Trimesh(points, faces, process=False)


def _smoothed(points: Points, faces: Faces, rounds: int) -> Points:
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    count = len(points)
    # A closed surface holds each edge once in either direction: symmetric by itself.
    ones = np.ones(len(edges))
    neighbours = sparse.csr_matrix((ones, (edges[:, 0], edges[:, 1])), shape=(count, count))
    mean = sparse.diags(1.0 / np.asarray(neighbours.sum(axis=1)).ravel()) @ neighbours
    for step in (_INWARDS, _OUTWARDS) * rounds:
        points = points + step * (mean @ points - points)
    return points


def _with_volume(points: Points, faces: Faces, volume_mm3: float) -> Points:
    """Move the surface along its normals until it encloses `volume_mm3`.

    Marching cubes cut the corners of voxels, which costs a lesion of a few voxels most of
    its volume. Scaling would give it back too, but make a thin vessel longer.
    """
    for _ in range(_MOVES):
        missing = volume_mm3 - _enclosed(points, faces)
        if abs(missing) <= _NEAR * volume_mm3:
            break
        normals = _vertex_areas(points, faces)
        # Gradient of the enclosed volume: moving each vertex by d along its unit normal
        # changes the volume by d times the sum of these lengths.
        lengths = np.linalg.norm(normals, axis=1)
        distance = missing / lengths.sum()
        points = points + distance * normals / np.maximum(lengths, 1e-12)[:, None]
    return points


def _vertex_areas(points: Points, faces: Faces) -> Points:
    """Return, per vertex, a third of the area vectors of its faces, mm²."""
    a, b, c = (points[faces[:, corner]] for corner in range(3))
    vectors = np.cross(b - a, c - a) / 6.0
    totals = np.zeros_like(points)
    for corner in range(3):
        np.add.at(totals, faces[:, corner], vectors)
    return totals


def _enclosed(points: Points, faces: Faces) -> float:
    """Return the enclosed volume, mm³; negative if the faces look inwards."""
    local = points - points.mean(axis=0)
    a, b, c = (local[faces[:, corner]] for corner in range(3))
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6.0)


def _stl(surface: trimesh.Trimesh) -> bytes:
    return bytes(trimesh.exchange.stl.export_stl(surface))


def _glb(surface: trimesh.Trimesh, segment: Segment) -> bytes:
    points = np.asarray(surface.vertices) @ _GLTF_FROM_LPS.T
    linear = [_linear(part) for part in segment.color]
    visual: Any = trimesh.visual
    material = visual.material.PBRMaterial(
        name=segment.name, baseColorFactor=[*linear, 1.0], metallicFactor=0.0, roughnessFactor=0.7
    )
    coloured = trimesh.Trimesh(
        points,
        surface.faces,
        process=False,
        visual=visual.TextureVisuals(material=material),
    )
    scene: Any = trimesh.Scene()
    scene.add_geometry(coloured, geom_name=segment.name, node_name=segment.name)
    return bytes(scene.export(file_type="glb", include_normals=True))


def _linear(part: float) -> float:
    """Return the linear intensity of an sRGB value (IEC 61966-2-1), as glTF wants it."""
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _file_name(name: str, taken: set[str]) -> str:
    """Return a name safe on every file system, and different from all earlier ones."""
    plain = re.sub(r"[^\w-]+", "_", name).strip("_") or "segment"
    unique, number = plain, 1
    while unique.casefold() in taken:
        number += 1
        unique = f"{plain}_{number}"
    taken.add(unique.casefold())
    return unique
