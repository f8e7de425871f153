"""Find the organs in a scan: the anatomy network, cross-checked by classical anchors."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.errors import RefusedInput
from readingroom.imaging.geometry import Resampled
from readingroom.inference.engine import Engine
from readingroom.inference.session import Session
from readingroom.inference.upsampling import upsample_labels
from readingroom.readers.cacs.anatomyinput import network_input
from readingroom.readers.cacs.heartwindow import windows
from readingroom.readers.cacs.organs import Organs
from readingroom.readers.cacs.outline import epicardial
from readingroom.readers.cacs.tissuemap import CLASSES
from readingroom.study import Note, Volume

#: The first look at the chest, and the second at the heart and its great vessels.
CARD, HEART_CARD = "cacs-anatomy", "cacs-heart"
SPACING_MM = 5.0

#: Segments shown to people, in the order of their label values.
SEGMENTS = tuple(name for name in CLASSES if name not in ("BACKGROUND", "RIGHT_ATRIUM"))
#: Smaller is no part of a heart that could be scored; below the second volume every
#: anchor has to agree, cm³.
_ABSENT_CM3, _SMALL_CM3 = 100.0, 200.0


def find_organs(engine: Engine, coarse: Resampled) -> Organs:
    """Run the anatomy network on a scan resampled to `SPACING_MM`, then the heart's own.

    The second sees windows around the heart that the first found. It was taught on whole hearts
    only and would see one anywhere: whether there is a heart is for the first to say.
    """
    hu = coarse.array
    origin_mm = coarse.ijk_to_lps[:3, 3].copy()
    first = Organs(_classes(engine.session(CARD), hu), origin_mm, SPACING_MM)
    if first.heart_volume_cm3 < _SMALL_CM3:
        return first
    total = np.zeros_like(first.probabilities)
    around = windows(first.heart)
    for window in around:
        second = _classes(engine.session(HEART_CARD), window.cut(hu))
        total += window.blended(first.probabilities, second)
    return replace(first, probabilities=total / np.float32(len(around)))


def _classes(session: Session, hu: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return class probabilities ``(c, k, j, i)`` of an image ``[k, j, i]``, HU."""
    multiple = int(session.card.input.multiple)
    pad = [(0, -n % multiple) for n in hu.shape]
    image = network_input(np.pad(hu, pad, constant_values=-1024.0))
    return _softmax(session(image[None])[0][:, : hu.shape[0], : hu.shape[1], : hu.shape[2]])


def _softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    raised = np.exp(logits - logits.max(0))
    return np.asarray(raised / raised.sum(0), np.float32)


@dataclass(frozen=True)
class HeartCheck:
    """What is known of the heart before anything is scored.

    Attributes
    ----------
    cut_at : tuple of {'top', 'bottom', 'side'}
        Where the heart leaves the images.
    coverage : float or None
        Fraction of the heart that the slices show, 0…1.
    notes : list of Note
        Doubts raised by the anchors.
    """

    cut_at: tuple[str, ...]
    coverage: float | None
    notes: list[Note]


def check_heart(organs: Organs, coarse: Resampled) -> HeartCheck:
    """Refuse a scan without a heart; say where it is cut and whether the anchors agree.

    Raises
    ------
    RefusedInput
        ``HEART_ABSENT``.
    """
    small = organs.heart_volume_cm3 < _SMALL_CM3
    absent = organs.heart_volume_cm3 < _ABSENT_CM3
    doubts = [] if absent else _doubts(organs, coarse.array)
    if absent or (small and doubts):
        raise RefusedInput(
            "HEART_ABSENT",
            "No heart was found in these images.",
            "Choose a series that shows the whole heart (option 'series').",
        )
    cut = _cut_at(organs.heart, coarse.array)
    return HeartCheck(cut, _coverage(organs, cut), doubts)


def _cut_at(heart: npt.NDArray[np.bool_], hu: npt.NDArray[np.float32]) -> tuple[str, ...]:
    area = heart.sum((1, 2)) * SPACING_MM**2
    cut = []
    if area[-1] > 500:
        cut.append("top")
    if area[0] > 500:
        cut.append("bottom")
    outside = ndimage.binary_dilation(hu <= -1023.0, iterations=1)
    sides = heart[:, [0, -1], :].any() or heart[:, :, [0, -1]].any()
    # Padding beside the heart is the rim of a reconstruction circle; air in lungs is denser.
    if sides or (heart & outside).sum() > 40:
        cut.append("side")
    return tuple(cut)


def _coverage(organs: Organs, cut_at: tuple[str, ...]) -> float | None:
    """Fraction of the template heart's slices inside the images, by the heart frame."""
    if not {"top", "bottom"} & set(cut_at):
        return 1.0
    from readingroom.readers.cacs.heartframe import template

    model = template()
    voxels = np.argwhere(model.masks[0] > 0.5)[::20, ::-1] * model.spacing_mm + model.origin_mm
    z = organs.frame.to_patient(voxels)[:, 2]
    top = organs.origin_mm[2] + organs.heart.shape[0] * SPACING_MM
    return float(((z >= organs.origin_mm[2]) & (z <= top)).mean())


def _doubts(organs: Organs, hu: npt.NDArray[np.float32]) -> list[Note]:
    """Compare the network with anchors that need no learning: air in lungs, bone behind."""
    reasons = [text for text in (_lungs(organs, hu), _spine(organs, hu)) if text]
    if not reasons:
        return []
    english = "; ".join(reason[0] for reason in reasons)
    chinese = "；".join(reason[1] for reason in reasons)
    return [
        Note(
            "ANATOMY_DOUBTFUL",
            "warning",
            f"The located anatomy does not agree with plain landmarks: {english}. "
            "Check the heart's outline before using any number.",
            f"自动定位的解剖结构与常规标志不符：{chinese}。使用任何数值前请核对心脏轮廓。",
        )
    ]


def _lungs(organs: Organs, hu: npt.NDArray[np.float32]) -> tuple[str, str] | None:
    """Heart between the lungs: air on both sides of it at its own height."""
    k, _, i = np.argwhere(organs.heart).mean(0).astype(int)
    slab = _air_inside(hu[max(k - 2, 0) : k + 3])
    right, left = slab[:, :, :i].sum(), slab[:, :, i:].sum()
    if min(right, left) * SPACING_MM**3 / 1000.0 >= 40.0:
        return None
    return "there is little air beside the heart", "心脏两侧含气肺组织很少"


def _air_inside(hu: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Return the air ``[k, j, i]`` that no path through air joins to the picture's edge."""
    air = np.pad(hu < -600, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    outside = np.zeros_like(air)
    for k, plane in enumerate(air):
        labels, _ = ndimage.label(plane)
        outside[k] = labels == labels[0, 0]
    return np.asarray((air & ~outside)[:, 1:-1, 1:-1])


def _spine(organs: Organs, hu: npt.NDArray[np.float32]) -> tuple[str, str] | None:
    """Bone behind the heart, near its midline."""
    k, j, i = np.argwhere(organs.heart).mean(0).astype(int)
    rows = slice(j + int(40 / SPACING_MM), None)
    columns = slice(max(i - int(70 / SPACING_MM), 0), i + int(40 / SPACING_MM))
    bone = (hu[max(k - 3, 0) : k + 4, rows, columns] > 160).sum()
    if bone * SPACING_MM**3 / 1000.0 >= 5.0:
        return None
    return "there is no spine behind the heart", "心脏后方未见脊柱"


def native_labels(organs: Organs, volume: Volume, coarse: Resampled) -> npt.NDArray[np.uint8]:
    """Return `SEGMENTS` as labels 1…n on the volume's native grid ``[k, j, i]``.

    The heart ends at its epicardial surface; what the organs' masks hold beyond is fat.
    """
    scores = np.stack([_score(organs, name) for name in ("BACKGROUND", *SEGMENTS)])
    to_coarse = np.linalg.inv(coarse.ijk_to_lps) @ volume.ijk_to_lps
    reverse = np.eye(4)[[2, 1, 0, 3]]
    labels = upsample_labels(scores, reverse @ to_coarse @ reverse, volume.shape)
    source = coarse.source
    seen = source.axes.forward(labels)
    heart = seen == SEGMENTS.index("HEART") + 1
    seen[heart & ~epicardial(heart, source.array, source.spacing_mm)] = 0
    return labels


def _score(organs: Organs, name: str) -> npt.NDArray[np.float32]:
    if name != "HEART":
        index = CLASSES.index(name)
        own = np.where(organs.heart, np.minimum(organs.probabilities[index], 0.45), 1.0)
        return np.asarray(np.minimum(organs.probabilities[index], own), np.float32)
    soft = ndimage.gaussian_filter(organs.heart.astype(np.float32), 0.5)
    return np.asarray(np.maximum(organs.of("HEART", "RIGHT_ATRIUM") * organs.heart, soft))


def blood_voxels(organs: Organs, coarse: Resampled) -> npt.NDArray[np.float32]:
    """Return the HU of the coarse voxels well inside the aorta (heart if it is not seen)."""
    core = organs.of("AORTA") > 0.9
    core &= ndimage.binary_erosion(organs.of("AORTA") > 0.5) | (core.sum() < 300)
    if core.sum() < 60:
        core = ndimage.binary_erosion(organs.heart, iterations=3)
    return coarse.array[core]
