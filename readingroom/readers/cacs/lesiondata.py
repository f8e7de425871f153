"""Labelled candidates from simulated cases: what the lesion network learns from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from readingroom.imaging import synthesis
from readingroom.imaging.geometry import resample_to_spacing
from readingroom.readers.cacs import simulate as simulation
from readingroom.readers.cacs.bloodpool import blood_pool, contrast_threshold
from readingroom.readers.cacs.detect import find_candidates
from readingroom.readers.cacs.lesion import LABELS, Lesion
from readingroom.readers.cacs.lesioninput import Scan, lesion_inputs
from readingroom.readers.cacs.organs import Organs
from readingroom.readers.cacs.placement import many_plaques
from readingroom.readers.cacs.simulatedanatomy import SourceScan
from readingroom.readers.cacs.simulatedcase import SimulatedCase
from readingroom.readers.cacs.tissuemap import CLASS_OF_TISSUE, CLASSES, Tissue

_BONES = (Tissue.SPINE, Tissue.RIBS, Tissue.STERNUM, Tissue.BONE, Tissue.CARTILAGE)
_MOST_MIMICS = 9


def true_organs(
    case: SimulatedCase, rng: np.random.Generator | None = None, spacing_mm: float = 5.0
) -> Organs:
    """Return the case's organs as the anatomy network would give them.

    With `rng` their borders are displaced by some millimetres, as a network's are.
    """
    grid = case.anatomy.grid
    classes = CLASS_OF_TISSUE[case.anatomy.tissue]
    coarse = np.stack(
        [
            resample_to_spacing((classes == c).astype(np.uint8), grid.spacing_mm, (spacing_mm,) * 3)
            for c in range(len(CLASSES))
        ]
    )
    if rng is not None:
        coarse = _displaced(rng, coarse, spacing_mm)
    origin = grid.origin_mm + (spacing_mm - np.array(grid.spacing_mm[::-1])) / 2
    return Organs(coarse, origin, spacing_mm)


def _displaced(
    rng: np.random.Generator, maps: npt.NDArray[np.float32], spacing: float
) -> npt.NDArray[np.float32]:
    shape = maps.shape[1:]
    warp = synthesis.random_displacement(
        rng, shape, [(50 / spacing, rng.uniform(0, 6) / spacing), (20 / spacing, 1.5 / spacing)]
    )
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"))
    moved = np.stack([synthesis.sample_linear(m, (grid + warp).astype(np.float32)) for m in maps])
    return np.stack([synthesis.gaussian_blur(m, [0.4] * 3) for m in moved])


def coarse_to_grid(
    mask: npt.NDArray[np.bool_],
    spacing_mm: float,
    shape: tuple[int, int, int],
    fine_mm: tuple[float, float, float],
) -> npt.NDArray[np.bool_]:
    """Enlarge a coarse mask to a finer grid that shares its outer edge, nearest voxel."""
    index = [
        np.minimum(((np.arange(n) + 0.5) * s / spacing_mm).astype(int), m - 1)
        for n, s, m in zip(shape, fine_mm, mask.shape, strict=True)
    ]
    return np.asarray(mask[np.ix_(*index)])


def labelled_candidates(
    case: SimulatedCase, organs: Organs
) -> tuple[Scan, list[Lesion], list[str]]:
    """Return the scan, its candidates and the true class of each.

    A candidate belongs to the plaque that shares most voxels with it; without a plaque
    it is bone where it lies on bone, else noise (lung vessel, contrast, artefact).
    """
    grid = case.anatomy.grid
    aorta = organs.of("AORTA") > 0.9
    lumen = coarse_to_grid(aorta, organs.spacing_mm, grid.shape, grid.spacing_mm)
    blood = blood_pool(case.hu[lumen])
    threshold = contrast_threshold(*blood) if case.anatomy.contrast else 130.0
    region = coarse_to_grid(organs.region(), organs.spacing_mm, grid.shape, grid.spacing_mm)
    scan = Scan(
        case.hu, grid.affine(), grid.spacing_mm, threshold, blood[0], case.protocol.noise_sd_hu
    )
    found = find_candidates(scan, region)
    return scan, found, [_true_label(case, lesion) for lesion in found]


def _true_label(case: SimulatedCase, lesion: Lesion) -> str:
    counts = np.bincount(case.truth[lesion.box][lesion.mask], minlength=1)
    if counts.size > 1 and counts[1:].max() >= max(1, 0.15 * counts.sum()):
        return case.plaques[int(counts[1:].argmax())].label
    k, j, i = (np.argwhere(lesion.mask) + lesion.origin).T
    bony = np.isin(case.anatomy.tissue[k, j, i], _BONES).mean()
    return "BONE" if bony > 0.3 else "NOISE"


def write_training_case(
    source: SourceScan, seed: int, number: int, folder: Path, *, bright_lungs: bool = False
) -> Path:
    """Simulate case `number`, write its labelled candidates to ``NNNN.npz``.

    A quarter of the cases has contrast agent; see `deform` for `bright_lungs`.
    """
    rng = np.random.default_rng([seed, number])
    path = folder / f"{number:04d}.npz"
    protocol = simulation.random_protocol(rng, contrast=bool(rng.random() < 0.25))
    case = simulation.simulate(rng, source, protocol, many_plaques, bright_lungs=bright_lungs)
    organs = true_organs(case, rng)
    scan, lesions, labels = labelled_candidates(case, organs)
    kept = _without_most_mimics(rng, labels)
    patches, features = lesion_inputs(scan, organs, [lesions[n] for n in kept])
    np.savez(
        path,
        patches=patches.astype(np.float16),
        features=features,
        labels=np.array([LABELS.index(labels[n]) for n in kept], np.int64),
    )
    return path


def _without_most_mimics(rng: np.random.Generator, labels: list[str]) -> list[int]:
    """Keep all calcium and metal, and at most some of the bone and of the noise."""
    order = rng.permutation(len(labels))
    kept = [int(n) for n in order if labels[n] not in ("BONE", "NOISE")]
    for mimic in ("BONE", "NOISE"):
        kept += [int(n) for n in order if labels[n] == mimic][:_MOST_MIMICS]
    return kept
