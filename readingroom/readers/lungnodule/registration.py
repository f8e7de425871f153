"""Two chest CTs of one person brought onto each other, for the lungs only.

An affine transform, then cubic B-splines on a coarse grid (Rueckert et al., IEEE TMI
1999;18:712), both by SimpleITK on 3 mm voxels. What lies outside the lungs is set to one
value: the lungs' surfaces and what is inside drive the match, ribs and heart do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.errors import RefusedInput
from readingroom.imaging import transforms

Voxels = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]
Points = npt.NDArray[np.float64]

_VOXEL_MM = 3.0
#: Control points this far apart follow the diaphragm, and no single nodule.
_CONTROL_MM = 50.0
#: Around the lungs, so that their surface takes part.
_RIM_MM = 6.0
#: Lung density is seen in this range, HU; everything denser is equal.
_RANGE_HU = (-1000.0, -400.0)
_SAMPLED = 0.1
_SEED = 17
#: Overlap of the lungs below which a registration is not to be relied on.
GOOD_DICE = 0.90


def _sitk() -> Any:
    """Return SimpleITK, whose functions carry no annotations; loaded at the first use."""
    return import_module("SimpleITK")


@dataclass(frozen=True)
class LungImage:
    """A scan with its lungs, on any regular grid.

    Attributes
    ----------
    hu : ndarray, ``[k, j, i]``
    lungs : ndarray of bool, ``[k, j, i]``
    ijk_to_lps : ndarray, shape (4, 4)
        Of both; columns at right angles.
    """

    hu: Voxels
    lungs: Mask
    ijk_to_lps: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Registration:
    """From the fixed scan's space to the moving one's.

    Attributes
    ----------
    lung_dice : float
        Overlap of the fixed lungs with the moving ones brought onto them, 0…1.
    """

    transform: Any
    lung_dice: float

    @property
    def good(self) -> bool:
        """Whether the lungs lie on each other well enough to pair nodules."""
        return self.lung_dice >= GOOD_DICE

    def transform_point(self, lps_mm: npt.ArrayLike) -> Points:
        """Take a point ``(3,)`` of the fixed space to the moving one, LPS mm."""
        return transforms.moved(self.transform, lps_mm)

    def inverse_point(self, lps_mm: npt.ArrayLike) -> Points:
        """Take a point ``(3,)`` of the moving space back to the fixed one, LPS mm."""
        return transforms.moved_back(self.transform_point, lps_mm)


def register(fixed: LungImage, moving: LungImage) -> Registration:
    """Find the transform that takes points of `fixed` to `moving`.

    Raises
    ------
    RefusedInput
        ``LUNGS_ABSENT`` if one of the scans has no lung.
    """
    sitk = _sitk()

    for one in (fixed, moving):
        if not one.lungs.any():
            raise RefusedInput(
                "LUNGS_ABSENT", "One of the scans shows no lung.", "Choose two chest CTs."
            )
    a, b = _coarse(fixed), _coarse(moving)
    affine = _affine(a, b)
    spline = _spline(a, b, affine)
    moved = sitk.Resample(b.lungs, a.lungs, spline, sitk.sitkLinear, 0.0)
    return Registration(spline, _dice(moved, a.lungs))


@dataclass(frozen=True)
class _Coarse:
    """SimpleITK images on the coarse grid: normalised lungs, lung share, region to match."""

    image: Any
    lungs: Any
    region: Any


def _coarse(scan: LungImage) -> _Coarse:
    """Bring a scan onto voxels of `_VOXEL_MM`, cropped to the lungs."""
    sitk = _sitk()

    from readingroom.imaging.geometry import resample_to_spacing, resampled_matrix

    steps = np.linalg.norm(scan.ijk_to_lps[:3, :3], axis=0)[::-1]
    spacing = (float(steps[0]), float(steps[1]), float(steps[2]))
    box = _box(scan.lungs, [int(np.ceil(3 * _RIM_MM / s)) for s in spacing])
    matrix = scan.ijk_to_lps.copy()
    matrix[:3, 3] += matrix[:3, :3] @ np.array([s.start for s in box[::-1]], np.float64)
    new = (_VOXEL_MM, _VOXEL_MM, _VOXEL_MM)
    lungs = resample_to_spacing(scan.lungs[box].astype(np.float32), spacing, new)
    low, high = _RANGE_HU
    hu = np.clip(scan.hu[box], low, high).astype(np.float32)
    hu[~scan.lungs[box]] = high
    image = (resample_to_spacing(hu, spacing, new) - low) / (high - low)
    matrix = resampled_matrix(matrix, spacing, new)

    def wrapped(array: Voxels) -> Any:
        out = sitk.GetImageFromArray(array)
        out.SetSpacing(new)
        out.SetOrigin([float(x) for x in matrix[:3, 3]])
        out.SetDirection([float(x) for x in (matrix[:3, :3] / _VOXEL_MM).ravel()])
        return out

    region = sitk.BinaryDilate(wrapped((lungs > 0.5).astype(np.uint8)), [int(_RIM_MM / 3)] * 3)
    return _Coarse(wrapped(image), wrapped(lungs), region)


def _box(mask: Mask, margin: list[int]) -> tuple[slice, slice, slice]:
    sides = []
    for axis, more in enumerate(margin):
        line = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        sides.append(
            slice(max(int(line[0]) - more, 0), min(int(line[-1]) + more + 1, mask.shape[axis]))
        )
    return sides[0], sides[1], sides[2]


def _affine(fixed: _Coarse, moving: _Coarse) -> Any:
    """Match the lungs' boxes first, then let an affine transform follow the density."""
    sitk = _sitk()

    start = sitk.AffineTransform(3)
    centres, sizes = zip(*(_extent(one.region) for one in (fixed, moving)), strict=True)
    start.SetCenter([float(x) for x in centres[0]])
    start.SetTranslation([float(x) for x in centres[1] - centres[0]])
    scale = np.clip(sizes[1] / sizes[0], 0.7, 1.4)
    start.SetMatrix([float(x) for x in np.diag(scale).ravel()])
    method = _method(fixed, [4, 2])
    method.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-3, 60)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(start, inPlace=False)
    return sitk.AffineTransform(_last(method.Execute(fixed.image, moving.image)))


def _last(transform: Any) -> Any:
    """Return a transform out of the composite that SimpleITK may wrap it in."""
    sitk = _sitk()

    if transform.GetName() == "CompositeTransform":
        return sitk.CompositeTransform(transform).GetBackTransform()
    return transform


def _extent(region: Any) -> tuple[Points, Points]:
    """Return centre of gravity and size (twice the standard deviation) of a region, LPS mm."""
    sitk = _sitk()

    points = np.argwhere(sitk.GetArrayViewFromImage(region) > 0)[:, ::-1]
    mean, sd = points.mean(axis=0), points.std(axis=0)
    centre = region.TransformContinuousIndexToPhysicalPoint([float(x) for x in mean])
    direction = np.abs(np.array(region.GetDirection()).reshape(3, 3))
    return np.asarray(centre), np.asarray(direction @ sd * _VOXEL_MM)


def _spline(fixed: _Coarse, moving: _Coarse, affine: Any) -> Any:
    """Return the affine transform followed by cubic B-splines."""
    sitk = _sitk()

    size = [n * _VOXEL_MM for n in fixed.image.GetSize()]
    mesh = [max(round(length / _CONTROL_MM), 2) for length in size]
    start = sitk.BSplineTransformInitializer(fixed.image, mesh, 3)
    method = _method(fixed, [3, 1])
    method.SetMovingInitialTransform(affine)
    method.SetInitialTransform(start, inPlace=False)
    method.SetOptimizerAsLBFGSB(
        gradientConvergenceTolerance=1e-5, numberOfIterations=40, maximumNumberOfCorrections=5
    )
    bent = _last(method.Execute(fixed.image, moving.image))
    return sitk.CompositeTransform([affine, bent])


def _method(fixed: _Coarse, shrink: list[int]) -> Any:
    sitk = _sitk()

    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMeanSquares()
    method.SetMetricFixedMask(fixed.region)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentagePerLevel([_SAMPLED] * len(shrink), _SEED)
    method.SetShrinkFactorsPerLevel(shrink)
    method.SetSmoothingSigmasPerLevel([s / 2 for s in shrink])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOff()
    method.SetInterpolator(sitk.sitkLinear)
    # Sums over threads differ in their last bits; one thread gives the same nodules again.
    method.SetNumberOfThreads(1)
    return method


def _dice(one: Any, other: Any) -> float:
    sitk = _sitk()

    a = sitk.GetArrayViewFromImage(one) > 0.5
    b = sitk.GetArrayViewFromImage(other) > 0.5
    both = int(np.count_nonzero(a)) + int(np.count_nonzero(b))
    return 2.0 * int(np.count_nonzero(a & b)) / max(both, 1)
