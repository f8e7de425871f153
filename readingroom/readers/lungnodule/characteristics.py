"""Reader-style characteristics: what is measured, on the scales of the LIDC readers.

The LIDC-IDRI readers rated each nodule of 3 mm or more on ordinal scales (Armato et al.,
Med Phys 2011;38:915): sphericity 1 linear … 3 ovoid … 5 round; margin 1 poorly defined … 5
sharp; lobulation and spiculation 1 none … 5 marked; texture 1 non-solid … 3 part-solid … 5
solid; calcification 1 popcorn, 2 laminated, 3 solid, 4 non-central, 5 central, 6 absent.

The mapping from the descriptors of `margin` and `calcification` is monotone, piecewise
linear and fixed by hand on simulated nodules of known shape; it is *not* fitted to readers
(two scans would not carry a fit). Its agreement with the readers of the scans to hand is
told in Docs/validation.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

#: Names in the order of the malignancy model's inputs, with their scales' ends.
SCALES: dict[str, tuple[int, int]] = {
    "sphericity": (1, 5),
    "margin": (1, 5),
    "lobulation": (1, 5),
    "spiculation": (1, 5),
    "texture": (1, 5),
    "calcification": (1, 6),
}

Knots = tuple[Sequence[float], Sequence[float]]

#: Shortest over longest principal axis.
SPHERICITY: Knots = ((0.15, 0.4, 0.6, 0.8, 0.95), (1, 2, 3, 4, 5))
#: Edge sharpness, 1/mm.
_MARGIN: Knots = ((0.12, 0.22, 0.32, 0.42, 0.55), (1, 2, 3, 4, 5))
#: Lobulation index, share of the radius.
_LOBULATION: Knots = ((0.03, 0.06, 0.09, 0.12, 0.16), (1, 2, 3, 4, 5))
#: Spicules counted on the slice with most.
_SPICULATION: Knots = ((2, 3, 5, 7, 9), (1, 2, 3, 4, 5))

_CALCIFICATION = {
    "popcorn": 1,
    "laminated": 2,
    "diffuse": 3,
    "eccentric": 4,
    "stippled": 4,
    "central": 5,
    "none": 6,
}
_TEXTURE = {"ground_glass": 1.0, "solid": 5.0, "calcified": 5.0}


def characteristics(
    *,
    axis_ratio: float,
    edge_sharpness: float,
    lobulation_index: float,
    spicules: int,
    nodule_type: str,
    solid_share: float,
    calcification: str,
) -> dict[str, float]:
    """Return the LIDC-style characteristics of a nodule.

    Parameters
    ----------
    axis_ratio : float
        Shortest over longest principal axis, 0…1.
    edge_sharpness : float
        1/mm, see `margin.edge_sharpness`.
    lobulation_index : float
        See `margin.lobulation_index`.
    spicules : int
        See `margin.spicules`.
    nodule_type : {'solid', 'part_solid', 'ground_glass', 'calcified'}
    solid_share : float
        Solid part of the volume, 0…1; matters for part-solid nodules.
    calcification : str
        A pattern of `calcification.pattern`.

    Returns
    -------
    dict of str to float
        Names and ranges as in `SCALES`.
    """
    return {
        "sphericity": scaled(axis_ratio, SPHERICITY),
        "margin": scaled(edge_sharpness, _MARGIN),
        "lobulation": scaled(lobulation_index, _LOBULATION),
        "spiculation": scaled(spicules, _SPICULATION),
        "texture": _TEXTURE.get(nodule_type, 2.0 + 2.0 * min(max(solid_share, 0.0), 1.0)),
        "calcification": float(_CALCIFICATION[calcification]),
    }


def scaled(value: float, knots: Knots) -> float:
    """Return a rating: `value` on a scale of ``(values, ratings)``, its ends kept."""
    return float(np.interp(value, *knots))


def missing(values: Mapping[str, float]) -> list[str]:
    """Return the names of `SCALES` that `values` lacks."""
    return [name for name in SCALES if name not in values]
