"""Labelled candidates of simulated scans: what the false-positive reduction learns from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.readers.lungnodule import simulate as simulation
from readingroom.readers.lungnodule.candidates import Candidate, find_candidates
from readingroom.readers.lungnodule.patches import SIDE, PatchCutter
from readingroom.readers.lungnodule.simulatedlung import SourceLung
from readingroom.readers.lungnodule.simulatednodule import TYPES
from readingroom.readers.lungnodule.simulatedscan import SimulatedScan

Likely = npt.NDArray[np.floating[Any]]
#: Says how likely cubes are nodules.
Judge = Callable[[npt.NDArray[np.generic], npt.NDArray[np.generic]], Likely]
#: Class 0 is no nodule; then the types.
CLASSES = ("none", *TYPES)
#: Cubes are kept this much larger than the network's, so that training can shift them.
STORED_SIDE = SIDE + 6
#: A training scan is a part of the source's lungs of about this width, with this many
#: nodules and at most this many others, half of them the likeliest. Every eighth part keeps
#: all: it is held out, and there they must come as often as in a scan.
_PART_MM = 125.0
_NODULES = 14
_OTHERS = 90
HELD_OUT_EVERY = 8
_NEAR_MM = 3.0
#: Up to this many radii from its centre, what is not in a nodule's ball may still be in the
#: nodule, which is no ball: neither a nodule nor anything else.
_BORDER = 1.4
_STORED = ("fine", "wide", "labels", "sizes", "likely")


def write_training_case(
    source: SourceLung, seed: int, number: int, folder: Path, judge: Judge | None = None
) -> Path:
    """Simulate scan `number`, write its labelled candidates to ``NNNN.npz``.

    Every nodule is in it, also where no candidate hit it; candidates in a real nodule of
    the source are left out.

    Parameters
    ----------
    judge : callable, optional
        Gives fine and wide cubes ``(n, d, d, d)`` in HU the probability of a nodule, ``(n,)``:
        a network trained before, whose mistakes are then learnt from most. Without it, the
        candidates are as likely as their order says.
    """
    rng = np.random.default_rng([seed, number])
    scan = simulation.simulate(
        rng,
        part_of(rng, source, _PART_MM),
        simulation.screening_nodules(_NODULES),
        wild=number % 4 != 0,
    )
    lungs = SimpleNamespace(lungs=SimpleNamespace(labels=scan.lungs))
    found = find_candidates(scan.hu, scan.spacing_mm, lungs)
    places, labels, sizes = labelled(rng, scan, found)
    fine, wide = PatchCutter(scan.hu, scan.spacing_mm)(places, STORED_SIDE)
    likely = (judge or _by_order)(fine, wide)
    held_out = number % HELD_OUT_EVERY == 0
    kept = np.arange(len(labels)) if held_out else _learnt_from(rng, labels, likely)
    path = folder / f"{number:04d}.npz"
    np.savez(
        path,
        fine=fine[kept].astype(np.int16),
        wide=wide[kept].astype(np.int16),
        labels=labels[kept],
        sizes=sizes[kept].astype(np.float32),
        likely=likely[kept].astype(np.float32),
    )
    return path


def _by_order(fine: npt.NDArray[np.generic], wide: npt.NDArray[np.generic]) -> Likely:
    return np.linspace(0.5, 0.0, len(fine))


def _learnt_from(
    rng: np.random.Generator, labels: npt.NDArray[np.int64], likely: Likely
) -> npt.NDArray[np.intp]:
    """Return the nodules, the likeliest others and as many of the rest."""
    others = np.flatnonzero(labels == 0)
    others = others[np.argsort(-likely[others], kind="stable")]
    easy = rng.permutation(others[_OTHERS // 2 :])[: _OTHERS // 2]
    return np.concatenate([np.flatnonzero(labels), others[: _OTHERS // 2], easy])


def part_of(rng: np.random.Generator, source: SourceLung, width_mm: float) -> SourceLung:
    """Return a box of the source about a random place of its lungs."""
    places = np.argwhere(source.lungs[::4, ::8, ::8] > 0) * np.array([4, 8, 8])
    centre = places[rng.integers(len(places))] * np.array(source.spacing_mm)
    sides = []
    for middle, step, count in zip(centre, source.spacing_mm, source.hu.shape, strict=True):
        width = min(int(width_mm / step), count)
        first = int(np.clip(middle / step - width / 2, 0, count - width))
        sides.append(slice(first, first + width))
    box = (sides[0], sides[1], sides[2])
    real = source.real.copy()
    real[:, :3] -= [s.start * step for s, step in zip(box, source.spacing_mm, strict=True)]
    return SourceLung(
        np.ascontiguousarray(source.hu[box]),
        np.ascontiguousarray(source.lungs[box]),
        source.spacing_mm,
        source.noise_hu,
        real,
    )


def labelled(
    rng: np.random.Generator, scan: SimulatedScan, found: list[Candidate]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return voxel positions ``(n, 3)``, classes and diameters (mm, 0 for none).

    A candidate is a nodule's if it lies within its radius (at least 3 mm), and left out if it
    lies at its border; each nodule's own centre, a little off, comes on top.
    """
    spacing = np.array(scan.spacing_mm)
    centres = np.array([n.centre_mm for n in scan.nodules]).reshape(-1, 3)
    diameters = np.array([n.diameter_mm for n in scan.nodules])
    types = np.array([CLASSES.index(n.nodule.type) for n in scan.nodules], np.int64)
    places, labels, sizes = [], [], []
    for candidate in found:
        at = np.array(candidate.position_kji) * spacing
        if (
            len(scan.real)
            and (np.linalg.norm(scan.real[:, :3] - at, axis=1) < scan.real[:, 3]).any()
        ):
            continue
        owner, radii = _owner(at, centres, diameters)
        if owner is None and radii <= _BORDER:
            continue
        places.append(at)
        labels.append(0 if owner is None else types[owner])
        sizes.append(0.0 if owner is None else diameters[owner])
    jitter = rng.normal(0, 0.08, centres.shape) * diameters[:, None]
    return (
        np.concatenate([np.array(places).reshape(-1, 3), centres + jitter]) / spacing,
        np.concatenate([np.array(labels, np.int64), types]),
        np.concatenate([np.array(sizes), diameters]),
    )


def _owner(
    at: npt.NDArray[np.float64],
    centres: npt.NDArray[np.float64],
    diameters: npt.NDArray[np.float64],
) -> tuple[int | None, float]:
    """Return the nodule that a place lies in, and its distance to the nearest, in radii."""
    if not len(centres):
        return None, np.inf
    gap = np.linalg.norm(centres - at, axis=1) / np.maximum(diameters / 2, _NEAR_MM)
    nearest = int(gap.argmin())
    return nearest if gap[nearest] <= 1 else None, float(gap[nearest])


def load_cases(files: list[Path]) -> tuple[npt.NDArray[Any], ...]:
    """Return fine and wide cubes, classes, diameters and likelihoods of several cases."""
    parts = []
    for file in files:
        with np.load(file) as case:
            parts.append([case[name] for name in _STORED])
    return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))
