"""Training recipes of the detectors that look at whole lungs: anchors, segmentation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from readingroom.imaging.geometry import resample_to_spacing
from readingroom.inference.cards import Card
from readingroom.losses.detection import anchor_loss
from readingroom.losses.overlap import DiceCrossEntropyLoss
from readingroom.networks import build
from readingroom.readers.lungnodule import anchors, cards
from readingroom.readers.lungnodule import simulate as simulation
from readingroom.readers.lungnodule.detectvolume import GRID_MM, normalised
from readingroom.readers.lungnodule.simulatedlung import SourceLung
from readingroom.readers.lungnodule.simulatedscan import InsertedNodule, SimulatedScan

Arrays = tuple[npt.NDArray[Any], ...]

_NODULES = 36
_SIDE = 64
#: How often an example is centred near a nodule.
_AT_NODULE = 0.75


def write_volume_case(source: SourceLung, seed: int, number: int, folder: Path) -> Path:
    """Simulate scan `number` at 1 mm with its nodules' mask and boxes to ``NNNN.npz``."""
    rng = np.random.default_rng([seed, number])
    scan = simulation.simulate(
        rng, source, simulation.screening_nodules(_NODULES), wild=number % 4 != 0
    )
    truth = np.zeros(scan.hu.shape, np.float32)
    for nodule in scan.nodules:
        box = tuple(
            slice(a, a + n) for a, n in zip(nodule.start_kji, nodule.mask.shape, strict=True)
        )
        truth[box] = np.maximum(truth[box], nodule.mask)
    grid = (GRID_MM,) * 3
    path = folder / f"{number:04d}.npz"
    np.savez(
        path,
        hu=resample_to_spacing(scan.hu, scan.spacing_mm, grid).astype(np.int16),
        mask=resample_to_spacing(truth, scan.spacing_mm, grid) > 0.5,
        boxes=np.array([_box(scan, nodule) for nodule in scan.nodules]).reshape(-1, 6),
    )
    return path


def _box(scan: SimulatedScan, nodule: InsertedNodule) -> list[float]:
    """Return the box about a nodule's voxels on the 1 mm grid: centre and extents."""
    places = np.argwhere(nodule.mask)
    spacing = np.array(scan.spacing_mm)
    low = (places.min(0) + nodule.start_kji) * spacing / GRID_MM
    high = (places.max(0) + 1 + nodule.start_kji) * spacing / GRID_MM
    return [*((low + high) / 2 - 0.5), *(high - low)]


class _VolumeRecipe:
    """Cubes of 1 mm voxels cut from simulated scans, mirrored and noisy."""

    seed = 20261121
    batch_size = 2
    learning_rate = 2e-3
    weight_decay = 1e-3
    ema_decay = 0.99
    architecture: str
    arguments: Mapping[str, Any]

    def __init__(self, folder: Path) -> None:
        self._cases = []
        for file in sorted(folder.glob("*.npz")):
            with np.load(file) as case:
                self._cases.append((case["hu"], case["mask"], case["boxes"]))

    def build_network(self) -> nn.Module:
        """Return the untrained network."""
        return build(self.architecture, **self.arguments)

    def cube(
        self, rng: np.random.Generator
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
        """Return a normalised cube, its mask, and the boxes in it."""
        hu, mask, boxes = self._cases[int(rng.integers(len(self._cases)))]
        room = np.array(hu.shape) - _SIDE
        first = rng.integers(0, np.maximum(room, 0) + 1)
        if len(boxes) and rng.random() < _AT_NODULE:
            centre = boxes[int(rng.integers(len(boxes))), :3]
            first = np.rint(centre - _SIDE / 2 + rng.uniform(-20, 20, 3)).astype(int)
        first = np.clip(first, 0, np.maximum(room, 0))
        cut = tuple(slice(int(a), int(a) + _SIDE) for a in first)
        pad = [(0, _SIDE - n) for n in hu[cut].shape]
        image = np.pad(hu[cut], pad, constant_values=-1000).astype(np.float32)
        image += rng.uniform(0, 20) * rng.standard_normal(image.shape, np.float32)
        flips = tuple(int(a) for a in np.flatnonzero(rng.random(3) < 0.5))
        inside = boxes.copy()
        inside[:, :3] -= first
        for axis in flips:
            inside[:, axis] = _SIDE - 1 - inside[:, axis]
        inside = inside[((inside[:, :3] >= 0) & (inside[:, :3] < _SIDE)).all(1)]
        marked = np.flip(np.pad(mask[cut], pad), flips)
        return np.ascontiguousarray(normalised(np.flip(image, flips))), marked, inside


class AnchorRecipe(_VolumeRecipe):
    """The anchor detector."""

    name = cards.ANCHOR
    steps = 1500
    architecture = "anchornet3d"
    arguments: Mapping[str, Any] = {"inputs": 1, "anchors": len(anchors.SIZES)}

    def card(self) -> Card:
        """Return the card of the trained network, without measured numbers."""
        return cards.anchor_card(self.arguments, self.seed, self.steps)

    def sample(self, rng: np.random.Generator) -> Arrays:
        """Return a cube, the anchors' labels and their box numbers."""
        image, _, boxes = self.cube(rng)
        labels, numbers = anchors.targets(boxes, (_SIDE, _SIDE, _SIDE))
        return image[None], labels, numbers

    def loss(self, output: Tensor, batch: tuple[Tensor, ...]) -> Tensor:
        """Return focal loss of the labels plus smooth-L1 of the boxes."""
        proposals = output.view(output.shape[0], len(anchors.SIZES), 7, *output.shape[2:])
        return anchor_loss(proposals, batch[1], batch[2])


class SegmentRecipe(_VolumeRecipe):
    """The segmentation U-Net."""

    name = cards.SEGMENT
    steps = 1500
    architecture = "unet3d"
    arguments: Mapping[str, Any] = {"inputs": 1, "outputs": 2, "widths": [8, 16, 32, 64]}

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._criterion = DiceCrossEntropyLoss()

    def card(self) -> Card:
        """Return the card of the trained network, without measured numbers."""
        return cards.segment_card(self.arguments, self.seed, self.steps)

    def sample(self, rng: np.random.Generator) -> Arrays:
        """Return a cube and its mask."""
        image, mask, _ = self.cube(rng)
        return image[None], mask.astype(np.int64)

    def loss(self, output: Tensor, batch: tuple[Tensor, ...]) -> Tensor:
        """Return Dice plus cross-entropy."""
        value: Tensor = self._criterion(output, batch[1])
        return value
