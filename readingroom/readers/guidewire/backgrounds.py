"""What a wire is seen against: projections of real CT, and a bank of backgrounds.

Backgrounds are optical depths (line integrals of attenuation), float32 ``[row, column]``,
shifted so that their mean is 0: automatic exposure control makes up for the rest.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.errors import RefusedInput
from readingroom.readers.guidewire.simulatedanatomy import synthetic_background
from readingroom.readers.guidewire.simulatedgeometry import CArm
from readingroom.readers.guidewire.wirephysics import ATTENUATION_PER_MM, Picture

if TYPE_CHECKING:
    import torch

    from readingroom.study import Volume

#: Where the demonstration's scan lies once fetched; the only CT used for training.
TRAINING_SCAN = Path(".cache") / "LIDC-IDRI-0001-organs" / "cxr.nii.gz"
BANK_SIZE = 512
_BANK_FILE = "guidewire-backgrounds-1.npy"
_CT_VIEWS, _SYNTHETIC_VIEWS = 40, 56
#: Enough for a test or a look where the scan was never fetched; they are not kept.
_WITHOUT_SCAN = 12
_STEP_MM = 1.5
#: Rays are followed this far to both sides of the isocentre.
_REACH_MM = 260.0
_BONE_FROM_HU = 150.0


def attenuation(hu: npt.NDArray[np.generic]) -> Picture:
    """Return the attenuation at 60 keV by Hounsfield unit, 1/mm.

    Linear through air and water; above 150 HU the excess is calcium, which attenuates
    about 1.3 times more at fluoroscopy's energies than CT's scale says.
    """
    values = np.clip(np.asarray(hu, np.float32), -1000.0, 2500.0)
    excess = np.maximum(values - _BONE_FROM_HU, 0.0)
    return np.asarray(
        ATTENUATION_PER_MM["water"] * (1.0 + (values + 0.3 * excess) / 1000.0), np.float32
    )


@dataclass(frozen=True)
class Projector:
    """A CT ready to be projected: its attenuation on a grid, and where that lies.

    Attributes
    ----------
    grid : torch.Tensor, shape (1, 1, z, y, x)
        Attenuation, 1/mm, on canonical axes.
    box_lps_mm : ndarray, shape (2, 3)
        Centres of the first and the last voxel.
    """

    grid: torch.Tensor
    box_lps_mm: npt.NDArray[np.float64]

    @classmethod
    def of(cls, volume: Volume) -> Projector:
        """Return the projector of a CT in HU; finer than 1.2 mm in plane is averaged."""
        import torch

        from readingroom.imaging.geometry import canonical

        image = canonical(volume)
        thin = max(round(1.2 / image.spacing_mm[2]), 1)
        mu = attenuation(image.array)
        if thin > 1:
            mu = np.asarray(ndimage.uniform_filter(mu, (0, thin, thin))[:, ::thin, ::thin])
        matrix = image.ijk_to_lps @ np.diag([thin, thin, 1.0, 1.0])
        last = np.append(np.array(mu.shape[::-1]) - 1, 1)
        box = np.stack([matrix[:3, 3], (matrix @ last)[:3]])
        return cls(torch.from_numpy(np.ascontiguousarray(mu))[None, None], box)

    @property
    def centre_lps_mm(self) -> npt.NDArray[np.float64]:
        """Middle of the scan."""
        return np.asarray(self.box_lps_mm.mean(axis=0))

    def project(
        self, view: CArm, isocentre_lps_mm: npt.ArrayLike | None = None, rays: int = 256
    ) -> Picture:
        """Return the cone-beam projection: a digitally reconstructed radiograph.

        Parameters
        ----------
        view : CArm
            Geometry; the picture has `view.size` pixels a side.
        isocentre_lps_mm : array_like of 3 floats, optional
            Point of the patient in the isocentre; the scan's centre by default.
        rays : int
            Rays a side. The CT's voxels are coarser than the detector's, so that the rest
            is interpolated.

        Returns
        -------
        ndarray of float32, shape (view.size, view.size)
            Optical depth.
        """
        import torch

        centre = self.centre_lps_mm if isocentre_lps_mm is None else np.asarray(isocentre_lps_mm)
        to_box = 2.0 / np.maximum(self.box_lps_mm[1] - self.box_lps_mm[0], 1e-6)
        start = (view.source + centre - self.box_lps_mm[0]) * to_box - 1
        first = torch.from_numpy(start.astype(np.float32))
        step = torch.from_numpy((_directions(view, rays) * to_box).astype(np.float32))
        total = torch.zeros(rays, rays)
        depths = np.arange(view.sod_mm - _REACH_MM, view.sod_mm + _REACH_MM, _STEP_MM)
        for block in np.array_split(depths.astype(np.float32), 40):
            along = torch.from_numpy(block)[:, None, None, None]
            at = (first + along * step)[None]
            sampled = torch.nn.functional.grid_sample(self.grid, at, align_corners=True)
            total += sampled[0, 0].sum(0)
        return _magnified(np.asarray(total.numpy() * _STEP_MM, np.float32), view.size)


def _directions(view: CArm, rays: int) -> npt.NDArray[np.float64]:
    """Return the unit vectors from the source to the detector, (row, column, 3)."""
    right, down, front = view.axes
    at = (np.linspace(0, view.size - 1, rays) - (view.size - 1) / 2) * view.imager_mm
    aim = at[None, :, None] * right + at[:, None, None] * down + view.sid_mm * front
    return np.asarray(aim / np.linalg.norm(aim, axis=2, keepdims=True))


def _magnified(picture: Picture, size: int) -> Picture:
    if picture.shape[0] == size:
        return np.asarray(picture, np.float32)
    # Corners on corners, as the rays were laid.
    at = np.linspace(0, picture.shape[0] - 1, size, dtype=np.float32)
    grid = np.stack(np.meshgrid(at, at, indexing="ij"))
    return np.asarray(ndimage.map_coordinates(picture, grid, order=3, mode="nearest"), np.float32)


def ct_background(
    rng: np.random.Generator, scan: Projector, view: CArm
) -> tuple[Picture, npt.NDArray[np.float64]]:
    """Return a background from a CT and the isocentre it was taken about, LPS mm."""
    low, high = scan.box_lps_mm
    place = low + (high - low) * rng.uniform(0.35, 0.65, 3)
    depth = scan.project(view, place)
    return np.asarray(depth - depth.mean(), np.float32), place


def random_view(rng: np.random.Generator, size: int, imager_mm: float | None = None) -> CArm:
    """Return a projection as they are used for the heart and the great vessels."""
    return CArm(
        primary_deg=float(rng.choice([0.0, rng.uniform(-45, 60), 90.0], p=[0.25, 0.65, 0.1])),
        secondary_deg=float(rng.uniform(-30, 30) if rng.random() < 0.6 else 0.0),
        sid_mm=float(rng.uniform(950, 1200)),
        sod_mm=float(rng.uniform(720, 810)),
        imager_mm=imager_mm or float(rng.choice([0.2, 0.28, 0.4, 0.56])) * 512 / size,
        size=size,
    )


def load_ct(path: str | Path) -> Volume:
    """Return the CT at a path, for its projections.

    Raises
    ------
    RefusedInput
        As `imaging.load`; ``NOT_A_CT`` where there is no volume.
    """
    from readingroom.imaging import load

    study = load(path)
    if not study.volumes:
        raise RefusedInput(
            "NOT_A_CT", "There is no CT volume at the path given.", "Give the folder of a chest CT."
        )
    return max(study.volumes, key=lambda volume: volume.shape[0])


@lru_cache(maxsize=2)
def bank(scan: Path = TRAINING_SCAN, cache: Path = Path(".cache")) -> npt.NDArray[np.float16]:
    """Return the training backgrounds, float16 (n, 512, 512); made once, then kept on disk.

    Projections of the scan where it lies at `scan`, and synthetic anatomy always. Without
    the scan there are 12 synthetic ones and nothing is written, so that a later call can
    make the whole bank.
    """
    file = cache / _BANK_FILE
    if file.is_file():
        return np.asarray(np.load(file, mmap_mode="r"))
    rng = np.random.default_rng(20240)
    count = _SYNTHETIC_VIEWS if scan.is_file() else min(_WITHOUT_SCAN, _SYNTHETIC_VIEWS)
    views = [synthetic_background(rng, BANK_SIZE) for _ in range(count)]
    if not scan.is_file():
        return np.stack(views).astype(np.float16)
    projector = Projector.of(load_ct(scan))
    for _ in range(_CT_VIEWS):
        views.append(ct_background(rng, projector, random_view(rng, BANK_SIZE))[0])
    whole = np.stack(views).astype(np.float16)
    _keep(whole, file)
    return whole


def _keep(whole: npt.NDArray[np.float16], file: Path) -> None:
    """Write the bank under a name of its own first: several trainings may start at once."""
    partial = file.with_suffix(f".{os.getpid()}.npy")
    np.save(partial, whole)
    partial.replace(file)
