"""Simulated nodules of known characteristics, cut out: what the network of them learns from."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from readingroom.readers.lungnodule import simulate as simulation
from readingroom.readers.lungnodule.candidatedata import part_of
from readingroom.readers.lungnodule.characterpatches import SIDE, cube
from readingroom.readers.lungnodule.simulatedlung import SourceLung
from readingroom.readers.lungnodule.simulatedratings import Rated, random_rated
from readingroom.readers.lungnodule.simulatedscan import InsertedNodule, SimulatedScan
from readingroom.readers.lungnodule.simulatedtype import random_diameter

#: Graded characteristics, then those told apart as classes with their readers' values.
GRADED = ("sphericity", "margin", "lobulation", "spiculation", "texture")
CALCIFICATION = (1, 2, 3, 4, 5, 6)
STRUCTURE = (1, 3, 4)
RATED = (*GRADED, "calcification", "internal_structure")

#: Cubes are kept this much larger than the network's, so that training can shift them.
STORED_SIDE = SIDE + 4
_PART_MM, _NODULES, _VIEWS = 135.0, 26, 3
_LARGEST_MM = 18.0
#: An outline's size and middle are off by about this share of the diameter (SD).
_SIZE_OFF, _PLACE_OFF = 0.07, 0.04
_BORDER_DIAMETERS = 0.7


class Views(NamedTuple):
    """Cut-out nodules, several views of each.

    Attributes
    ----------
    cubes : ndarray of int16, shape (n, STORED_SIDE, STORED_SIDE, STORED_SIDE)
        HU.
    diameters_mm : ndarray, shape (n,)
        As an outline would give them, a little off.
    spacing_mm : ndarray, shape (n, 3)
    ratings : ndarray, shape (n, len(RATED))
    """

    cubes: npt.NDArray[np.int16]
    diameters_mm: npt.NDArray[np.float32]
    spacing_mm: npt.NDArray[np.float32]
    ratings: npt.NDArray[np.float32]


def write_character_case(source: SourceLung, seed: int, number: int, folder: Path) -> Path:
    """Simulate scan `number` and write views of its nodules to ``NNNN.npz``."""
    rng = np.random.default_rng([seed, number])
    views = views_of(rng, *rated_scan(rng, source, wild=number % 4 != 0))
    path = folder / f"{number:04d}.npz"
    np.savez(path, **views._asdict())
    return path


def rated_scan(
    rng: np.random.Generator, source: SourceLung, *, wild: bool
) -> tuple[SimulatedScan, list[tuple[InsertedNodule, Rated]]]:
    """Return a scan of a part of the source's lungs and its nodules with their ratings."""
    rated = [random_rated(rng, random_diameter(rng, high=_LARGEST_MM)) for _ in range(_NODULES)]
    scan = simulation.simulate(
        rng,
        part_of(rng, source, _PART_MM),
        lambda _: [one.nodule for one in rated],
        wild=wild,
    )
    known = {id(one.nodule): one for one in rated}
    return scan, [(found, known[id(found.nodule)]) for found in scan.nodules]


def views_of(
    rng: np.random.Generator,
    scan: SimulatedScan,
    nodules: list[tuple[InsertedNodule, Rated]],
) -> Views:
    """Cut views of the nodules that lie within the images with all of their lung."""
    cubes, sizes, said = [], [], []
    for found, rated in nodules:
        if not _well_within(scan, found, rated):
            continue
        for _ in range(_VIEWS):
            size = rated.diameter_mm * float(np.exp(rng.normal(0, _SIZE_OFF)))
            off = rng.normal(0, _PLACE_OFF, 3) * rated.diameter_mm
            place = (found.centre_mm + off) / np.array(scan.spacing_mm)
            cubes.append(cube(scan.hu, scan.spacing_mm, place.tolist(), size, STORED_SIDE))
            sizes.append(size)
            said.append([rated.ratings[name] for name in RATED])
    shape = (-1, STORED_SIDE, STORED_SIDE, STORED_SIDE)
    return Views(
        np.array(cubes, np.int16).reshape(shape),
        np.array(sizes, np.float32),
        np.tile(np.array(scan.spacing_mm, np.float32), (len(sizes), 1)),
        np.array(said, np.float32).reshape(-1, len(RATED)),
    )


def _well_within(scan: SimulatedScan, found: InsertedNodule, rated: Rated) -> bool:
    """Say whether a nodule keeps away from the border of the part that was simulated."""
    extent = np.array(scan.hu.shape) * scan.spacing_mm
    away = np.minimum(found.centre_mm, extent - found.centre_mm)
    return bool((away > _BORDER_DIAMETERS * rated.diameter_mm).all())


def load_views(files: list[Path]) -> Views:
    """Return the views of several cases together."""
    parts = []
    for file in files:
        with np.load(file) as case:
            parts.append([case[name] for name in Views._fields])
    return Views(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
