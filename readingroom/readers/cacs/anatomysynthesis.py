"""Chest images synthesised from organ label maps, to train the anatomy network.

The network never sees a scan. Each example is a label map under strong spatial
deformation, filled with random tissue values, so that contrast phase, kernel, noise
and field of view cease to matter.

Source of the idea: Billot et al., "SynthSeg", Med Image Anal 2023, 86:102789.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.imaging import synthesis
from readingroom.readers.cacs import heartchambers
from readingroom.readers.cacs.anatomyvariants import varied
from readingroom.readers.cacs.heartchambers import Chambers
from readingroom.readers.cacs.tissuemap import CLASS_OF_TISSUE, Tissue, TissueMap

LabelArray = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]

#: HU (low, high) that a tissue's mean is drawn from without contrast agent.
_PLAIN_HU: dict[Tissue, tuple[float, float]] = {
    Tissue.AORTA: (25, 60),
    Tissue.PULMONARY_ARTERY: (25, 60),
    Tissue.SPINE: (90, 320),
    Tissue.RIBS: (150, 500),
    Tissue.STERNUM: (60, 300),
    Tissue.LIVER: (15, 75),
    Tissue.SPLEEN: (35, 60),
    Tissue.KIDNEY: (20, 45),
    Tissue.VEIN: (25, 60),
    Tissue.PULMONARY_VEIN: (25, 60),
    Tissue.INFERIOR_CAVA: (25, 60),
    Tissue.ARTERY: (25, 60),
    Tissue.OESOPHAGUS: (-20, 60),
    Tissue.AIRWAY: (-1000, -900),
    Tissue.MUSCLE: (20, 75),
    Tissue.BONE: (200, 600),
    Tissue.CARTILAGE: (50, 200),
    Tissue.GLAND: (0, 80),
    Tissue.CORD: (10, 50),
}

#: How far the middle of an example may lie from the heart's, along (k, j, i), mm.
_CHEST_JITTER_MM, _HEART_JITTER_MM = (75, 35, 35), (25, 25, 25)


def random_example(
    rng: np.random.Generator,
    source: TissueMap,
    spacing_mm: float,
    shape: tuple[int, int, int],
    *,
    at_heart: bool = False,
) -> tuple[FloatArray, LabelArray]:
    """Return one synthetic image in HU and its class map, both ``[k, j, i]`` of `shape`.

    `at_heart` gives the heart and what surrounds it, with more variety: parts of the map
    are drawn anew, and blood is as dense as in the vessels that it comes from.
    """
    source = varied(rng, source) if at_heart else source
    coordinates = _random_coordinates(rng, source, spacing_mm, shape, at_heart)
    tissue = synthesis.sample_nearest(source.tissue, coordinates)
    rim = synthesis.sample_linear(source.rim_mm, coordinates, outside=200.0)
    in_map = synthesis.sample_nearest(np.ones_like(source.tissue), coordinates) > 0
    body = (rim < rng.uniform(4, 30)) & in_map
    tissue[(tissue == Tissue.OUTSIDE) & body] = Tissue.BODY
    chambers = heartchambers.chambers(rng, source, coordinates) if at_heart else None
    image = _fill(rng, tissue, rim, spacing_mm, chambers)
    _add_table(rng, image, tissue)
    classes = CLASS_OF_TISSUE[tissue]
    return _acquire(rng, image), classes


def _random_coordinates(
    rng: np.random.Generator,
    source: TissueMap,
    spacing_mm: float,
    shape: tuple[int, int, int],
    at_heart: bool,
) -> FloatArray:
    """Source voxel coordinates ``(3, k, j, i)`` of each voxel of the example."""
    mm_per_source = source.spacing_mm
    mild = 0.7 if at_heart else 1.0
    affine = synthesis.random_affine(
        rng, scale=0.22 * mild, rotation_deg=12 * mild, shear=0.12 * mild
    )
    affine *= spacing_mm / mm_per_source
    grid = np.stack(np.meshgrid(*(np.arange(n) - n / 2 for n in shape), indexing="ij"))
    coordinates = np.einsum("ab,bkji->akji", affine, grid).astype(np.float32)
    scales = [(60 / spacing_mm, rng.uniform(0, 13)), (28 / spacing_mm, rng.uniform(0, 5))]
    if at_heart:
        scales.append((16 / spacing_mm, rng.uniform(0, 2.5)))
    warp = synthesis.random_displacement(rng, shape, [(c, a / mm_per_source) for c, a in scales])
    coordinates += warp
    centre = np.array(source.tissue.shape) / 2
    heart = source.heart_centre
    if heart is not None and (at_heart or rng.random() < 0.8):
        centre = heart.copy()
    reach = _HEART_JITTER_MM if at_heart else _CHEST_JITTER_MM
    jitter = rng.uniform(-1, 1, 3) * np.array(reach) / mm_per_source
    coordinates += (centre + jitter).reshape(3, 1, 1, 1).astype(np.float32)
    if heart is not None:
        _deform_locally(rng, coordinates, heart, mm_per_source, mild)
    return np.asarray(coordinates)


def _deform_locally(
    rng: np.random.Generator,
    coordinates: FloatArray,
    centre: npt.NDArray[np.float64],
    mm_per_source: float,
    strength: float,
) -> None:
    """Resize, turn and shift the heart within its chest, fading with distance."""
    offset = coordinates - centre.reshape(3, 1, 1, 1).astype(np.float32)
    distance = np.sqrt((offset**2).sum(0)) * mm_per_source
    weight = np.exp(-0.5 * (distance / rng.uniform(55, 80)) ** 2)
    affine = synthesis.random_affine(
        rng, scale=0.3 * strength, rotation_deg=25 * strength, shear=0.2 * strength
    )
    moved = np.einsum("ab,bkji->akji", affine - np.eye(3), offset)
    shift = rng.normal(0, 10 / mm_per_source, 3).reshape(3, 1, 1, 1)
    coordinates += (weight * (moved + shift)).astype(np.float32)


def _fill(
    rng: np.random.Generator,
    tissue: LabelArray,
    rim: FloatArray,
    spacing_mm: float,
    chambers: Chambers | None,
) -> FloatArray:
    """Give every tissue its value and texture, HU."""
    shape = tissue.shape
    contrast = rng.random() < 0.5
    values = np.full(len(Tissue), -1000.0, np.float32)
    spread = 1.0 if rng.random() < 0.75 else 2.5
    for tissue_value, (low, high) in _PLAIN_HU.items():
        middle, half = (low + high) / 2, (high - low) / 2
        values[tissue_value] = middle + spread * half * rng.uniform(-1, 1)
    if contrast:
        _enhance(rng, values)
    elif chambers is not None:
        heartchambers.one_blood(rng, values)
    image = values[tissue]
    texture = synthesis.smooth_noise(rng, shape, max(2.0, 12 / spacing_mm))
    solid = tissue > Tissue.MEDIASTINUM * 0
    image += np.where(solid, texture * rng.uniform(0, 10), 0)
    _fill_soft_tissue(rng, image, tissue, rim, spacing_mm)
    _fill_heart(rng, image, tissue, spacing_mm, contrast, values, chambers)
    _fill_lungs(rng, image, tissue, spacing_mm)
    _fill_bone(rng, image, tissue, spacing_mm)
    _fill_gut(rng, image, tissue, spacing_mm)
    return image


def _enhance(rng: np.random.Generator, values: FloatArray) -> None:
    """Add contrast agent in a random phase to `values` (by tissue), HU."""
    for vessel in (Tissue.AORTA, Tissue.PULMONARY_ARTERY, Tissue.VEIN, Tissue.ARTERY):
        values[vessel] += rng.uniform(30, 420)
    heartchambers.enhance_veins(rng, values)
    for organ, most in ((Tissue.LIVER, 90), (Tissue.SPLEEN, 120), (Tissue.KIDNEY, 200)):
        values[organ] += rng.uniform(0, most)


def _fill_soft_tissue(
    rng: np.random.Generator, image: FloatArray, tissue: LabelArray, rim: FloatArray, mm: float
) -> None:
    """Mix fat and muscle in the body wall; fat, vessels and glands in the mediastinum."""
    fat, muscle = rng.uniform(-125, -70), rng.uniform(20, 75)
    field = synthesis.smooth_noise(rng, tissue.shape, rng.uniform(10, 22) / mm)
    body = tissue == Tissue.BODY
    lean = (field > rng.uniform(-1.2, 1.0)) & (rim < rng.uniform(0, 8))
    image[body] = np.where(lean, muscle, fat)[body]
    middle = np.isin(tissue, (Tissue.MEDIASTINUM, Tissue.GROOVE))
    vessel = rng.uniform(20, 70) if rng.random() < 0.7 else rng.uniform(80, 350)
    filled = synthesis.smooth_noise(rng, tissue.shape, rng.uniform(7, 14) / mm) > rng.uniform(
        -0.3, 1.5
    )
    image[middle] = np.where(filled, vessel, fat)[middle]


def _fill_heart(
    rng: np.random.Generator,
    image: FloatArray,
    tissue: LabelArray,
    mm: float,
    contrast: bool,
    values: FloatArray,
    chambers: Chambers | None,
) -> None:
    """Chambers, myocardium and epicardial fat."""
    heart = np.isin(tissue, (Tissue.HEART, Tissue.RIGHT_ATRIUM, Tissue.APPENDAGE))
    if not heart.any():
        return
    myocardium = rng.uniform(30, 60) + (rng.uniform(0, 80) if contrast else 0)
    image[heart] = myocardium
    if chambers is not None and rng.random() < 0.6:
        heartchambers.fill(rng, image, heart, mm, values, chambers)
    else:
        _fill_pools(rng, image, heart, mm, contrast, values)
    depth = ndimage.distance_transform_edt(heart, sampling=mm).astype(np.float32)
    groove = synthesis.smooth_noise(rng, tissue.shape, rng.uniform(18, 35) / mm)
    fat = heart & (depth < np.maximum(0, rng.uniform(1, 8) * (groove + rng.uniform(-0.8, 0.5))))
    image[fat] = rng.uniform(-120, -30)


def _fill_pools(
    rng: np.random.Generator,
    image: FloatArray,
    heart: npt.NDArray[np.bool_],
    mm: float,
    contrast: bool,
    values: FloatArray,
) -> None:
    """Blood anywhere in the heart."""
    myocardium = float(image[heart][0])
    for _ in range(int(rng.integers(1, 4))):
        field = synthesis.smooth_noise(rng, heart.shape, rng.uniform(22, 45) / mm)
        pool = heart & (field > rng.uniform(-0.8, 0.8))
        enhanced = values[Tissue.AORTA] if rng.random() < 0.4 else myocardium + rng.uniform(0, 400)
        image[pool] = enhanced if contrast else myocardium + rng.uniform(-12, 8)


def _fill_lungs(rng: np.random.Generator, image: FloatArray, tissue: LabelArray, mm: float) -> None:
    """Air, vessels, and in some patients consolidation or effusion."""
    lungs = (tissue == Tissue.LUNG_LEFT) | (tissue == Tissue.LUNG_RIGHT)
    air = rng.uniform(-920, -700)
    fine = synthesis.smooth_noise(rng, tissue.shape, max(1.5, 6 / mm))
    value = air + 60 * fine + np.where(fine > rng.uniform(1.6, 2.6), rng.uniform(200, 900), 0)
    if rng.random() < 0.35:
        field = synthesis.smooth_noise(rng, tissue.shape, rng.uniform(15, 40) / mm)
        opaque = field > rng.uniform(0.9, 2.2)
        value = np.where(opaque, rng.uniform(-500, 50), value)
    if rng.random() < 0.2:
        depth = np.arange(tissue.shape[1], dtype=np.float32)[None, :, None]
        rows = np.flatnonzero(lungs.any((0, 2)))
        if rows.size:
            level = rows[-1] - rng.uniform(0, 0.35) * (rows[-1] - rows[0])
            value = np.where(depth > level, rng.uniform(0, 40), value)
    image[lungs] = value[lungs]


def _fill_bone(rng: np.random.Generator, image: FloatArray, tissue: LabelArray, mm: float) -> None:
    """Cortical rims around spongy bone."""
    bones = np.isin(tissue, (Tissue.SPINE, Tissue.RIBS, Tissue.STERNUM, Tissue.BONE))
    grain = synthesis.smooth_noise(rng, tissue.shape, max(1.5, 7 / mm))
    image[bones] += (rng.uniform(20, 130) * grain)[bones]
    rim = bones & ~ndimage.binary_erosion(bones)
    image[rim] += rng.uniform(0, 300)


def _fill_gut(rng: np.random.Generator, image: FloatArray, tissue: LabelArray, mm: float) -> None:
    """Gas, fluid and oral contrast in the gastrointestinal tract."""
    gut = tissue == Tissue.GUT
    field = synthesis.smooth_noise(rng, tissue.shape, rng.uniform(12, 30) / mm)
    content = np.where(field > rng.uniform(0, 2), -900.0, rng.uniform(-20, 60))
    if rng.random() < 0.2:
        content = np.where(field < rng.uniform(-1.5, 0), rng.uniform(150, 600), content)
    image[gut] = content[gut]


def _add_table(rng: np.random.Generator, image: FloatArray, tissue: LabelArray) -> None:
    """Draw a thin table behind the body in some examples."""
    if rng.random() < 0.5:
        return
    rows = np.flatnonzero((tissue > 0).any((0, 2)))
    if not rows.size:
        return
    row = rows[-1] + int(rng.integers(1, 6))
    if row + 1 < image.shape[1]:
        empty = tissue[:, row : row + 2] == 0
        image[:, row : row + 2][empty] = rng.uniform(-900, 200)


def _acquire(rng: np.random.Generator, image: FloatArray) -> FloatArray:
    """Blur, noise, bias and a limited field of view, as a scanner might."""
    image = synthesis.gaussian_blur(image, [rng.uniform(0.3, 0.8)] * 3)
    if rng.random() < 0.1:
        image = (image - 40) * rng.uniform(0.8, 1.2) + 40
    image += synthesis.ct_noise(rng, image.shape, rng.uniform(2, 40), [rng.uniform(0, 0.6)] * 3)
    if rng.random() < 0.3:
        _limit_field_of_view(rng, image)
    return np.clip(image, -1024, 3071).astype(np.float32)


def _limit_field_of_view(rng: np.random.Generator, image: FloatArray) -> None:
    """Blank what a small reconstruction circle or a short scan would not show."""
    depth, height, width = image.shape
    if rng.random() < 0.6:
        j, i = np.ogrid[:height, :width]
        radius = rng.uniform(0.32, 0.5) * min(height, width)
        cj = height / 2 + rng.uniform(-0.06, 0.06) * height
        ci = width / 2 + rng.uniform(-0.06, 0.06) * width
        image[:, (j - cj) ** 2 + (i - ci) ** 2 > radius**2] = -1024
    if rng.random() < 0.6:
        image[: int(rng.integers(0, depth // 3))] = -1024
        image[depth - int(rng.integers(0, depth // 3)) :] = -1024
