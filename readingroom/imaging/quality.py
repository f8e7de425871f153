"""How good the images are, by pure functions on Hounsfield units.

None of them needs a mask of the body.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Voxels = npt.NDArray[Any]

#: Mean HU of the squares in which noise is measured: soft tissue, with and without contrast.
_SOFT_TISSUE_HU = (0.0, 100.0)
#: A square that reaches outside this range holds fat planes, lung, bone or vessels.
_PLAIN_SQUARE_HU = (-200.0, 350.0)
_SQUARE_MM = 6.0
_FEWEST_SQUARES = 30
#: Body, as opposed to air, for the question whether it leaves the image.
_BODY_HU = -300
#: Above this part of the field's rim inside the body, the body is cut.
CUT_ABOVE = 0.05


def noise_sd(voxels: Voxels, spacing_mm: tuple[float, float, float]) -> float | None:
    """Return the noise (standard deviation, HU) in the soft tissue of a CT.

    The standard deviation is taken in squares of about 6 mm within the slices whose
    mean is that of soft tissue; their most frequent value is the noise, since squares
    across an edge only lengthen the upper tail. After Christianson et al., AJR
    2015;205:W93–W99 (global noise index), with squares side by side instead of a
    sliding window.

    Parameters
    ----------
    voxels : ndarray, ``[k, j, i]``
        HU. At most 60 slices, evenly spread, are looked at.
    spacing_mm : tuple of float
        Along ``(k, j, i)``.

    Returns
    -------
    float or None
        None where fewer than 30 squares of soft tissue are found.
    """
    step = max(len(voxels) // 60, 1)
    found = [_square_sd(image, spacing_mm[1:]) for image in voxels[step // 2 :: step]]
    spreads = np.concatenate(found) if found else np.empty(0)
    return _mode(spreads) if len(spreads) >= _FEWEST_SQUARES else None


def _square_sd(image: Voxels, spacing_mm: tuple[float, ...]) -> npt.NDArray[np.float64]:
    """Return the standard deviations of the soft-tissue squares of one slice."""
    j, i = (max(round(_SQUARE_MM / s), 3) for s in spacing_mm)
    rows, columns = image.shape[0] // j, image.shape[1] // i
    grid = image[: rows * j, : columns * i].reshape(rows, j, columns, i)
    squares = grid.transpose(0, 2, 1, 3).reshape(-1, j * i)
    means = squares.mean(axis=1, dtype=np.float32)
    squares = squares[(means >= _SOFT_TISSUE_HU[0]) & (means <= _SOFT_TISSUE_HU[1])]
    if not len(squares):
        return np.empty(0)
    low, high = _PLAIN_SQUARE_HU
    squares = squares[(squares.min(axis=1) >= low) & (squares.max(axis=1) <= high)]
    return np.asarray(squares.std(axis=1, ddof=1, dtype=np.float64))


def _mode(values: npt.NDArray[np.float64]) -> float:
    """Return the half-sample mode (Robertson and Cryer 1974), robust and without bins."""
    ordered = np.sort(values)
    # Below about fifty values the shortest half wanders: their median is steadier.
    while len(ordered) > 50:
        half = (len(ordered) + 1) // 2
        widths = ordered[half - 1 :] - ordered[: len(ordered) - half + 1]
        start = int(widths.argmin())
        ordered = ordered[start : start + half]
    return float(np.median(ordered))


def body_cut_fraction(voxels: Voxels) -> float:
    """Return how much of the field of view's rim lies inside the body, 0…1.

    The rim is the image's edge, or the inscribed circle where the corners were not
    reconstructed. Arms beside the trunk count as body. The mean over slices; above
    `CUT_ABOVE` the body leaves the field (a table crossing the rim stays well below).

    Parameters
    ----------
    voxels : ndarray, ``[k, j, i]``
        HU. At most 60 slices, evenly spread, are looked at.
    """
    step = max(len(voxels) // 60, 1)
    slices = voxels[step // 2 :: step]
    rim = _rim(slices)
    return float((slices[:, rim] > _BODY_HU).mean())


def _rim(slices: Voxels) -> npt.NDArray[np.bool_]:
    rows, columns = slices.shape[1:]
    y = (np.arange(rows) + 0.5) / rows * 2 - 1
    x = (np.arange(columns) + 0.5) / columns * 2 - 1
    radius = np.hypot(y[:, None], x[None, :])
    outside = slices[:, radius > 1.02]
    if outside.size and outside.min() == outside.max():
        return np.asarray((radius > 0.97) & (radius < 0.99))
    edge = np.ones((rows, columns), dtype=bool)
    edge[1:-1, 1:-1] = False
    return edge
