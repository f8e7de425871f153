"""Preprocessing in steps that are chosen by name, all with one signature.

A step takes frames (float32 ``[t, row, col]``, 0…1, devices dark) and the field and
returns frames alike. What each does for a wire is measured by `preprocesscontrast.contrast`; the
networks are trained without any of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.errors import RefusedInput
from readingroom.readers.guidewire.frames import Frames
from readingroom.readers.guidewire.preprocessmotion import subtract_mask, temporal_denoise

FloatArray = npt.NDArray[np.float32]
Field = npt.NDArray[np.bool_]
Step = Callable[[FloatArray, Field], FloatArray]

#: A device's half-widths that line filters look for, px.
_SCALES = (1.0, 1.5, 2.2, 3.2)


def clahe(
    frames: FloatArray, field: Field, *, clip_limit: float = 0.01, tiles: int = 8
) -> FloatArray:
    """Return frames with contrast-limited adaptive histogram equalisation (Zuiderveld 1994)."""
    from skimage.exposure import equalize_adapthist

    kernel = tuple(max(n // tiles, 8) for n in frames.shape[1:])

    def one(frame: FloatArray) -> FloatArray:
        # Covered parts take the middle grey, or they would fill the tiles' histograms.
        filled = np.where(field, frame, np.median(frame[field])) if field.any() else frame
        equalised = equalize_adapthist(filled, kernel_size=kernel, clip_limit=clip_limit)
        return np.asarray(equalised * field, np.float32)

    return np.stack([one(frame) for frame in frames])


def non_local_means(
    frames: FloatArray, field: Field, *, strength: float = 0.8, patch: int = 5, reach: int = 6
) -> FloatArray:
    """Return frames averaged over alike patches (Buades 2005), noise estimated per frame.

    The frames' square root is filtered where the noise is that of quanta: their variance
    grows with the signal, its root's does not (Anscombe 1948).
    """
    from skimage.restoration import denoise_nl_means

    def one(frame: FloatArray) -> FloatArray:
        root = np.sqrt(np.maximum(frame, 0.0))
        sigma = noise_sd(root, field)
        if sigma <= 1e-5:
            return frame
        smooth = denoise_nl_means(
            root,
            patch_size=patch,
            patch_distance=reach,
            h=strength * sigma,
            sigma=sigma,
            fast_mode=True,
        )
        return np.asarray(smooth**2 * field, np.float32)

    return np.stack([one(frame) for frame in frames])


def adaptive_gamma(frames: FloatArray, field: Field) -> FloatArray:
    """Return frames whose mean in the field is made 0.5 by a power of the grey value."""

    def one(frame: FloatArray) -> FloatArray:
        mean = float(np.clip(frame[field].mean(), 0.05, 0.95)) if field.any() else 0.5
        gamma = float(np.clip(np.log(0.5) / np.log(mean), 0.3, 3.0))
        return np.asarray(np.maximum(frame, 0.0) ** np.float32(gamma), np.float32)

    return np.stack([one(frame) for frame in frames])


def vesselness(frames: FloatArray, field: Field) -> FloatArray:
    """Return 1 less the multi-scale Frangi response to dark lines (Frangi 1998).

    Blobness against background by the eigenvalues of the Hessian at each scale, scale
    normalised; the largest over scales, relative to the strongest half per mille.
    """
    return np.stack([_frangi(frame, field) for frame in frames])


def _frangi(frame: FloatArray, field: Field) -> FloatArray:
    filled = _filled(frame, field)
    best = np.zeros_like(frame)
    inside = ndimage.binary_erosion(field, iterations=4, border_value=1)
    for sigma in _SCALES:
        small, large = eigenvalues(filled, sigma)
        structure = np.hypot(small, large)
        most = float(structure[inside].max()) if inside.any() else 0.0
        if most <= 0:
            continue
        blob = small / np.where(large == 0, 1e-12, large)
        response = np.exp(-2.0 * blob**2) * (1.0 - np.exp(-2.0 * (structure / (0.5 * most)) ** 2))
        np.maximum(best, np.where(large > 0, response, 0.0), out=best)
    return _dark_lines(best * inside, field)


def hessian_ridge(frames: FloatArray, field: Field) -> FloatArray:
    """Return 1 less the largest second derivative across dark lines, over scales."""

    def one(frame: FloatArray) -> FloatArray:
        filled = _filled(frame, field)
        best = np.zeros_like(frame)
        for sigma in _SCALES:
            small, large = eigenvalues(filled, sigma)
            np.maximum(best, np.maximum(large - np.abs(small), 0.0), out=best)
        return _dark_lines(
            best * ndimage.binary_erosion(field, iterations=4, border_value=1), field
        )

    return np.stack([one(frame) for frame in frames])


def eigenvalues(frame: FloatArray, sigma: float) -> tuple[FloatArray, FloatArray]:
    """Return the Hessian's eigenvalues, scale normalised, the one of larger size last."""
    xx = ndimage.gaussian_filter(frame, sigma, order=(0, 2)) * sigma**2
    yy = ndimage.gaussian_filter(frame, sigma, order=(2, 0)) * sigma**2
    xy = ndimage.gaussian_filter(frame, sigma, order=(1, 1)) * sigma**2
    half, root = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    first, second = half - root, half + root
    swap = np.abs(first) > np.abs(second)
    return np.where(swap, second, first), np.where(swap, first, second)


def bottom_hat(frames: FloatArray, field: Field, *, width_px: int = 11) -> FloatArray:
    """Return 1 less the bottom hat: what is dark and thinner than `width_px`."""

    def one(frame: FloatArray) -> FloatArray:
        filled = _filled(frame, field)
        return _dark_lines(ndimage.grey_closing(filled, (width_px, width_px)) - filled, field)

    return np.stack([one(frame) for frame in frames])


def _filled(frame: FloatArray, field: Field) -> FloatArray:
    """Return the frame with each covered pixel as its nearest uncovered one."""
    if field.all() or not field.any():
        return frame
    rows, columns = ndimage.distance_transform_edt(
        ~field, return_distances=False, return_indices=True
    )
    return np.asarray(frame[rows, columns])


def _dark_lines(response: FloatArray, field: Field) -> FloatArray:
    """Return a response as a picture: 1 where there is none, 0 where it is strongest."""
    values = response[field]
    if not values.size:
        return np.zeros_like(response)
    strongest = max(values.size // 2000, 1)
    top = float(np.partition(values, -strongest)[-strongest])
    scaled = np.clip(response / max(top, 1e-9), 0.0, 1.0)
    return np.asarray((1.0 - scaled) * field, np.float32)


def noise_sd(frame: FloatArray, field: Field) -> float:
    """Return the standard deviation of the fine noise (Immerkaer 1996, robust form)."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    response = ndimage.convolve(frame, kernel)
    inside = ndimage.binary_erosion(field, iterations=2, border_value=0)
    values = np.abs(response[inside])
    return float(np.median(values)) / 0.6745 / 6.0 if values.size else 0.0


@dataclass(frozen=True)
class StepInfo:
    """A step with what it is called for people."""

    run: Step
    en: str
    zh: str


STEPS: dict[str, StepInfo] = {
    "clahe": StepInfo(clahe, "Local contrast (CLAHE)", "局部对比度增强（CLAHE）"),
    "nlm": StepInfo(non_local_means, "Non-local means", "非局部均值去噪"),
    "gamma": StepInfo(adaptive_gamma, "Adaptive gamma", "自适应伽马校正"),
    "frangi": StepInfo(vesselness, "Frangi vesselness", "Frangi 管状增强"),
    "hessian": StepInfo(hessian_ridge, "Hessian ridges", "Hessian 脊线增强"),
    "bottom_hat": StepInfo(bottom_hat, "Bottom hat", "底帽变换"),
    "subtract": StepInfo(subtract_mask, "Mask subtraction", "运动补偿蒙片减影"),
    "temporal": StepInfo(temporal_denoise, "Temporal filter", "时域去噪"),
}


def apply(frames: Frames, steps: str) -> Frames:
    """Return the frames after the named steps, in order.

    Parameters
    ----------
    frames : Frames
    steps : str
        Names out of `STEPS` with commas between; empty leaves the frames as they are.

    Raises
    ------
    RefusedInput
        ``STEP_UNKNOWN``.
    """
    array = frames.array
    for step in parse(steps):
        array = step.run(array, frames.field_mask)
    return replace(frames, array=array)


def parse(steps: str) -> list[StepInfo]:
    """Return the named steps; raises ``STEP_UNKNOWN`` where one does not exist."""
    names = [name.strip().lower() for name in steps.split(",") if name.strip()]
    unknown = [name for name in names if name not in STEPS]
    if unknown:
        raise RefusedInput(
            "STEP_UNKNOWN",
            f"There is no preprocessing step named '{unknown[0][:40]}'.",
            f"Choose among {', '.join(STEPS)}.",
        )
    return [STEPS[name] for name in names]
