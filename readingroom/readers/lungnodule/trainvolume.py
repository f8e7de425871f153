"""Training recipes of the detectors that look at whole lungs: anchors, segmentation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from readingroom.imaging.geometry import resample_to_spacing
from readingroom.inference.cards import Card
from readingroom.losses.detection import anchor_loss
from readingroom.losses.overlap import DiceCrossEntropyLoss
from readingroom.networks import build
from readingroom.readers.lungnodule import anchors, cards
from readingroom.readers.lungnodule import simulate as simulation
from readingroom.readers.lungnodule.detectvolume import (
    CALIBRATION,
    GRID_MM,
    LungImage,
    Network,
    anchor_boxes,
    lung_image,
    normalised,
    segment_regions,
)
from readingroom.readers.lungnodule.simulatedlung import SourceLung
from readingroom.readers.lungnodule.simulatedscan import InsertedNodule, SimulatedScan

Arrays = tuple[npt.NDArray[Any], ...]
FloatArray = npt.NDArray[np.float64]

_NODULES = 36
#: How often an example is centred near a nodule.
_AT_NODULE = 0.75
#: Nodules that a patient is taken to have when probabilities are calibrated.
_NODULES_PER_SCAN = 8.0
#: What is so near to a nodule's centre hits it, voxels.
_NEAREST = 3.0


def write_volume_case(source: SourceLung, seed: int, number: int, folder: Path) -> Path:
    """Simulate scan `number` at 1 mm with lungs, nodules' mask and boxes to ``NNNN.npz``."""
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
        lungs=resample_to_spacing(scan.lungs > 0, scan.spacing_mm, grid) > 0.5,
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


class _VolumeRecipe(ABC):
    """Cubes of 1 mm voxels cut from simulated scans, mirrored and noisy.

    Parameters
    ----------
    folder : Path
        Cases of `write_volume_case`; every eighth is for `calibration`.
    """

    seed = 20261121
    #: Two cubes a step: single ones run through a slow path of the convolutions.
    batch_size = 2
    learning_rate = 3e-3
    weight_decay = 1e-3
    ema_decay = 0.99
    gradient_clip = 2.0
    side = 64
    architecture: str
    arguments: Mapping[str, Any]

    def __init__(self, folder: Path) -> None:
        self._files = sorted(folder.glob("*.npz"))
        self._cases = []
        for file in [f for n, f in enumerate(self._files) if n % 8 != 7]:
            with np.load(file) as case:
                self._cases.append((case["hu"], case["mask"], case["boxes"]))

    def calibration(self, network: nn.Module) -> dict[str, float]:
        """Return slope and offset that make true probabilities of the network's logits.

        Fitted (Platt 1999) on what it finds in the held-out scans, whose many nodules count
        as `_NODULES_PER_SCAN` together. They belong into the card's metrics, where the
        detectors look for them: a region's logit is not that of its voxels.
        """
        logits, hits = self.held_out(network.eval())
        weight = np.where(hits, _NODULES_PER_SCAN / _NODULES, 1.0)
        return dict(zip(CALIBRATION, _platt(logits, hits, weight), strict=True))

    def held_out(self, network: nn.Module) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
        """Return the logits of what is found in the held-out scans, and what is a nodule."""
        found = [np.zeros(0)], [np.zeros(0, bool)]
        for file in self._files[7::8]:
            with np.load(file) as case:
                image = lung_image(case["hu"], case["lungs"].astype(np.uint8), (GRID_MM,) * 3)
                boxes = case["boxes"] - np.array([*(image.low_mm / GRID_MM), 0, 0, 0])
            with torch.no_grad():
                places, logits = self.find(
                    lambda x: np.asarray(network(torch.from_numpy(np.ascontiguousarray(x)))), image
                )
            found[0].append(logits)
            found[1].append(_in_a_box(places, boxes))
        return np.concatenate(found[0]), np.concatenate(found[1])

    @abstractmethod
    def find(self, run: Network, image: LungImage) -> tuple[FloatArray, FloatArray]:
        """Return places ``(n, 3)`` and logits of what the network finds."""

    def build_network(self) -> nn.Module:
        """Return the untrained network; channels last, in which a CPU is a third faster."""
        network = build(self.architecture, **self.arguments)
        return network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload,no-any-return]

    def cube(
        self, rng: np.random.Generator
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
        """Return a normalised cube, its mask, and the boxes in it."""
        side = self.side
        hu, mask, boxes = self._cases[int(rng.integers(len(self._cases)))]
        room = np.array(hu.shape) - side
        first = rng.integers(0, np.maximum(room, 0) + 1)
        if len(boxes) and rng.random() < _AT_NODULE:
            centre = boxes[int(rng.integers(len(boxes))), :3]
            first = np.rint(centre - side / 2 + rng.uniform(-side / 3, side / 3, 3)).astype(int)
        first = np.clip(first, 0, np.maximum(room, 0))
        cut = tuple(slice(int(a), int(a) + side) for a in first)
        pad = [(0, side - n) for n in hu[cut].shape]
        image = np.pad(hu[cut], pad, constant_values=-1000).astype(np.float32)
        image += rng.uniform(0, 20) * rng.standard_normal(image.shape, np.float32)
        flips = tuple(int(a) for a in np.flatnonzero(rng.random(3) < 0.5))
        inside = boxes.copy()
        inside[:, :3] -= first
        for axis in flips:
            inside[:, axis] = side - 1 - inside[:, axis]
        inside = inside[((inside[:, :3] >= 0) & (inside[:, :3] < side)).all(1)]
        marked = np.flip(np.pad(mask[cut], pad), flips)
        return np.ascontiguousarray(normalised(np.flip(image, flips))), marked, inside


class AnchorRecipe(_VolumeRecipe):
    """The anchor detector."""

    name = cards.ANCHOR
    steps = 1600
    architecture = "anchornet3d"
    arguments: Mapping[str, Any] = {"inputs": 1, "anchors": len(anchors.SIZES), "fold": True}

    def card(self) -> Card:
        """Return the card of the trained network, without measured numbers."""
        return cards.anchor_card(self.arguments, self.seed, self.steps)

    def sample(self, rng: np.random.Generator) -> Arrays:
        """Return a cube, the anchors' labels and their box numbers."""
        image, _, boxes = self.cube(rng)
        labels, numbers = anchors.targets(boxes, (self.side,) * 3)
        return image[None], labels, numbers

    def loss(self, output: Tensor, batch: tuple[Tensor, ...]) -> Tensor:
        """Return focal loss of the labels plus smooth-L1 of the boxes."""
        proposals = output.view(output.shape[0], len(anchors.SIZES), 7, *output.shape[2:])
        return anchor_loss(proposals, batch[1], batch[2])

    def find(self, run: Network, image: LungImage) -> tuple[FloatArray, FloatArray]:
        """Return the boxes' centres and logits."""
        boxes, logits = anchor_boxes(run, image)
        return boxes[:, :3], logits


class SegmentRecipe(_VolumeRecipe):
    """The segmentation U-Net."""

    name = cards.SEGMENT
    steps = 1200
    side = 48
    architecture = "foldedunet3d"
    arguments: Mapping[str, Any] = {"inputs": 1, "outputs": 2, "widths": [16, 32, 64]}

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

    def find(self, run: Network, image: LungImage) -> tuple[FloatArray, FloatArray]:
        """Return the regions' centres and logits."""
        places, _, logits = segment_regions(run, image)
        return places, logits


def _in_a_box(places: FloatArray, boxes: FloatArray) -> npt.NDArray[np.bool_]:
    """Say which places lie in a nodule's box, or within `_NEAREST` voxels of its centre."""
    gap = np.abs(places[:, None] - boxes[None, :, :3])
    inside = np.all(gap <= np.maximum(boxes[:, 3:] / 2, _NEAREST), axis=2)
    return np.asarray(np.any(inside, axis=1))


def _platt(
    logits: FloatArray, truth: npt.NDArray[np.bool_], weight: FloatArray
) -> tuple[float, float]:
    """Return the slope and offset of the logits with the least log loss."""
    from scipy.optimize import minimize

    def cost(p: FloatArray) -> float:
        z = np.exp(p[0]) * logits + p[1]
        return float(np.average(np.logaddexp(0, np.where(truth, -z, z)), weights=weight))

    best = minimize(cost, np.zeros(2), method="Nelder-Mead")
    return float(np.exp(best.x[0])), float(best.x[1])
