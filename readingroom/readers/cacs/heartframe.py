"""The heart-fixed frame: where a point lies on a template heart.

The template is the labelled anatomy of LIDC-IDRI-0001 with coronary centrelines and
valve centres drawn on its scan. A patient's heart, aorta and pulmonary artery masks are
registered to the template's (affine, then free-form), so that every point has template
coordinates whatever the patient's size, tilt or rotation.

Source of the free-form model: Rueckert et al., IEEE Trans Med Imaging 1999, 18:712.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from readingroom.resources import resource_path

FloatArray = npt.NDArray[np.float64]

#: Organs that fix the frame, in the order of the mask channels.
ORGANS = ("HEART", "AORTA", "PULMONARY_ARTERY")

_NODE_MM = 35.0
_AFFINE_STEPS, _WARP_STEPS = 70, 60


@dataclass(frozen=True)
class HeartTemplate:
    """Masks, coronary centrelines and landmarks of the template heart, LPS mm.

    Attributes
    ----------
    masks : ndarray of float32, ``(3, k, j, i)``
        Occupancy 0…1 of `ORGANS` on an isotropic grid.
    origin_mm, spacing_mm
        LPS position of voxel ``(0, 0, 0)`` and voxel size.
    vessels : dict
        Centreline ``(n, 3)`` in LPS mm by vessel: LM, LAD, LCX, RCA.
    landmarks : dict
        Valve centres and apex in LPS mm.
    """

    masks: npt.NDArray[np.float32]
    origin_mm: FloatArray
    spacing_mm: float
    vessels: dict[str, FloatArray]
    landmarks: dict[str, FloatArray]

    @cached_property
    def extent_mm(self) -> FloatArray:
        """LPS extent between the first and the last voxel centre."""
        return (np.array(self.masks.shape[:0:-1]) - 1) * self.spacing_mm


@lru_cache(maxsize=1)
def template() -> HeartTemplate:
    """Return the bundled template."""
    text = resource_path("Atlas", "heart.json").read_text(encoding="utf-8")
    record = json.loads(text)
    with np.load(resource_path("Atlas", "heart.npz")) as archive:
        masks = archive["masks"].astype(np.float32) / 255.0
    return HeartTemplate(
        masks=masks,
        origin_mm=np.array(record["origin_lps_mm"], float),
        spacing_mm=float(record["spacing_mm"]),
        vessels={name: densify(np.array(p, float)) for name, p in record["vessels"].items()},
        landmarks={name: np.array(p, float) for name, p in record["landmarks"].items()},
    )


def densify(points: FloatArray, step_mm: float = 1.0) -> FloatArray:
    """Return `points` ``(n, 3)`` resampled along a smooth curve every `step_mm`."""
    from scipy.interpolate import make_splprep

    length = float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())
    spline, _ = make_splprep(points.T, s=len(points) * 1.0, k=min(3, len(points) - 1))
    return np.asarray(spline(np.linspace(0, 1, max(2, round(length / step_mm)))).T)


@dataclass(frozen=True)
class HeartFrame:
    """Maps patient LPS mm to template LPS mm.

    Attributes
    ----------
    affine : ndarray, shape (3, 4)
        Patient mm to template mm.
    nodes : ndarray of float32, ``(3, k, j, i)``
        Displacement in template mm on a coarse grid over the template.
    overlap : float
        Dice of the three organs after registration, 0…1: how well the frame fits.
    """

    affine: FloatArray
    nodes: npt.NDArray[np.float32]
    overlap: float

    def to_template(self, lps: npt.ArrayLike) -> FloatArray:
        """Map patient points ``(n, 3)`` to template points ``(n, 3)``, LPS mm."""
        points = np.atleast_2d(np.asarray(lps, float))
        linear = torch.from_numpy(points @ self.affine[:, :3].T + self.affine[:, 3]).float()
        moved = linear + _displacement(torch.from_numpy(self.nodes), linear)
        return np.asarray(moved.numpy(), float)

    def to_patient(self, lps: npt.ArrayLike, iterations: int = 12) -> FloatArray:
        """Map template points ``(n, 3)`` back to the patient by fixed-point iteration."""
        goal = np.atleast_2d(np.asarray(lps, float))
        inverse = np.linalg.inv(self.affine[:, :3])
        points = (goal - self.affine[:, 3]) @ inverse.T
        for _ in range(iterations):
            points = points + (goal - self.to_template(points)) @ inverse.T
        return np.asarray(points)


def register(
    masks: npt.NDArray[np.float32], origin_mm: npt.ArrayLike, spacing_mm: float
) -> HeartFrame:
    """Register a patient's organ masks to the template.

    Parameters
    ----------
    masks : ndarray of float32, ``(3, k, j, i)``
        Occupancy of `ORGANS` on an isotropic LPS grid; the heart must not be empty.
    origin_mm : (x, y, z)
        LPS position of voxel ``(0, 0, 0)``.
    """
    with _one_thread():
        return _register(masks, np.asarray(origin_mm, float), spacing_mm)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Hundreds of tiny steps: waiting for a second thread costs more than it brings."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _register(
    masks: npt.NDArray[np.float32], origin_mm: FloatArray, spacing_mm: float
) -> HeartFrame:
    points, values = _near_heart(masks, origin_mm, spacing_mm)
    affine = torch.from_numpy(_initial_affine(points, values)).float().requires_grad_()
    nodes = torch.zeros(3, *_node_shape())
    where, wanted = torch.from_numpy(points).float(), torch.from_numpy(values)
    centre = where.mean(0)
    _minimise([affine], lambda: _mismatch(affine, nodes, where, wanted, centre), _AFFINE_STEPS)
    nodes.requires_grad_()
    _minimise(
        [affine, nodes],
        lambda: _mismatch(affine, nodes, where, wanted, centre) + _roughness(nodes),
        _WARP_STEPS,
    )
    with torch.no_grad():
        found = _template_at(_move(affine, nodes, where, centre))
        overlap = float(2 * (found * wanted).sum() / (found.square() + wanted.square()).sum())
    return HeartFrame(_plain_affine(affine, centre), nodes.detach().numpy(), overlap)


def _near_heart(
    masks: npt.NDArray[np.float32], origin: FloatArray, spacing: float, margin_mm: float = 30.0
) -> tuple[FloatArray, npt.NDArray[np.float32]]:
    """Points ``(n, 3)`` in LPS mm around the heart and the organs' occupancy ``(3, n)``."""
    voxels = np.argwhere(masks[0] > 0.5)
    pad = round(margin_mm / spacing)
    low = np.maximum(voxels.min(0) - pad, 0)
    high = np.minimum(voxels.max(0) + pad + 1, masks.shape[1:])
    grid = np.stack(
        np.meshgrid(*(np.arange(a, b) for a, b in zip(low, high, strict=True)), indexing="ij"), -1
    ).reshape(-1, 3)
    # Every third voxel fixes the frame as well as all of them, in a third of the time.
    grid = grid[::3]
    values = masks[:, grid[:, 0], grid[:, 1], grid[:, 2]]
    return grid[:, ::-1] * spacing + origin, values


def _initial_affine(points: FloatArray, values: npt.NDArray[np.float32]) -> FloatArray:
    """Match the heart's centre and size; columns: linear part about the centre, target."""
    model = template()
    grid = np.argwhere(model.masks[0] > 0.5)[:, ::-1] * model.spacing_mm + model.origin_mm
    heart = points[values[0] > 0.5]
    scale = float(grid.std(0).mean() / heart.std(0).mean())
    target = grid.mean(0) + scale * (points.mean(0) - heart.mean(0))
    return np.hstack([np.eye(3) * scale, target[:, None] / 100.0])


def _move(affine: Tensor, nodes: Tensor, points: Tensor, centre: Tensor) -> Tensor:
    linear = (points - centre) @ affine[:, :3].T + affine[:, 3] * 100.0
    return linear + _displacement(nodes, linear)


def _plain_affine(affine: Tensor, centre: Tensor) -> FloatArray:
    matrix = affine.detach().double().numpy()
    offset = matrix[:, 3] * 100.0 - matrix[:, :3] @ centre.double().numpy()
    return np.hstack([matrix[:, :3], offset[:, None]])


def _unit(points: Tensor) -> Tensor:
    """Template mm to the −1…1 coordinates of grid_sample."""
    model = template()
    origin = torch.from_numpy(model.origin_mm).float()
    return 2 * (points - origin) / torch.from_numpy(model.extent_mm).float() - 1


def _lookup(field: Tensor, points: Tensor, padding: str) -> Tensor:
    grid = _unit(points)[None, :, None, None, :]
    values = functional.grid_sample(field[None], grid, align_corners=True, padding_mode=padding)
    return values[0, :, :, 0, 0]


def _displacement(nodes: Tensor, points: Tensor) -> Tensor:
    return _lookup(nodes, points, "border").T


def _template_at(points: Tensor) -> Tensor:
    return _lookup(torch.from_numpy(template().masks), points, "zeros")


def _node_shape() -> tuple[int, ...]:
    return tuple(int(np.ceil(e / _NODE_MM)) + 1 for e in template().extent_mm[::-1])


def _mismatch(
    affine: Tensor, nodes: Tensor, points: Tensor, wanted: Tensor, centre: Tensor
) -> Tensor:
    found = _template_at(_move(affine, nodes, points, centre))
    overlap = 2 * (found * wanted).sum(1) / (found.square() + wanted.square()).sum(1).clamp_min(1)
    present = (wanted.sum(1) > 20).float()
    return ((1 - overlap) * present).sum() / present.sum()


def _roughness(nodes: Tensor) -> Tensor:
    """Mean squared first and second differences of the displacement."""
    total = 2e-4 * nodes.square().mean()
    for axis in (1, 2, 3):
        total = total + 2e-3 * torch.diff(nodes, dim=axis).square().mean()
    return total


def _minimise(parameters: list[Tensor], loss: Callable[[], Tensor], steps: int) -> None:
    """Go down by Adam (Kingma and Ba, ICLR 2015, algorithm 1), in place.

    Not `torch.optim`, whose first use loads torch's compiler: two seconds of every first reading.
    """
    rates = [0.02 if p.ndim == 2 else 0.5 for p in parameters]
    first = [torch.zeros_like(p) for p in parameters]
    second = [torch.zeros_like(p) for p in parameters]
    for step in range(1, steps + 1):
        slopes = torch.autograd.grad(loss(), parameters)
        with torch.no_grad():
            for p, rate, m, v, slope in zip(parameters, rates, first, second, slopes, strict=True):
                m.lerp_(slope, 0.1)
                v.lerp_(slope * slope, 0.001)
                size = (v / (1 - 0.999**step)).sqrt_().add_(1e-8)
                p.sub_(m / size, alpha=rate / (1 - 0.9**step))
