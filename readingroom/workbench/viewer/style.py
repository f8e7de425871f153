"""How masks look: colours, opacity, which are hidden, which finding stands out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[Any]
Rgb = tuple[float, float, float]

#: Name of the label image that holds the highlighted finding's own voxels.
HIGHLIGHT = "*"
_BRIGHT: Rgb = (1.0, 1.0, 1.0)
_DIMMED = 0.45
_FILL_SHARE, _LIGHT_SHARE = 0.3, 0.1


def colors_of(session: Any) -> dict[str, Rgb]:
    """Return the colour of every segment, the same in slices, in 3D and in lists.

    Findings have the colour of their class, whatever the file says; the rest their own.
    """
    own = {segment.name: segment.color for segment in session.masks.segments}
    return own | {one.label: one.color for one in session.reader.finding_classes}


@dataclass
class MaskStyle:
    """What the overlay needs to know besides the voxels.

    Attributes
    ----------
    colors : dict of str to tuple
        Red, green, blue in 0…1 by segment.
    hidden : set of str
        Segments that are not shown.
    light : set of str
        Segments whose inside is hardly tinted: organs.
    opacity : float
        0…1; the outline has it, the inside a part of it.
    dimmed : bool
        Whether everything but the highlighted finding steps back.
    """

    colors: dict[str, Rgb] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    light: set[str] = field(default_factory=set)
    opacity: float = 1.0
    dimmed: bool = False

    def is_visible(self, name: str) -> bool:
        """Say whether the segment called `name` is shown."""
        return name == HIGHLIGHT or name not in self.hidden

    def colored(self, labels: Labels, names: dict[int, str], thickness: int) -> Labels:
        """Return the picture ``[row, column, rgba]`` of ``labels[row, column]``."""
        inside, edge = self._palettes(names, int(labels.max(initial=0)))
        outline = outlined(labels, max(thickness, 1))
        if HIGHLIGHT in names.values():
            outline = _around(labels, 2 * max(thickness, 1)) & (labels == 0)
            return np.where(outline[..., None], edge[1], np.uint8(0))
        return np.where(outline[..., None], edge[labels], inside[labels])

    def _palettes(self, names: dict[int, str], largest: int) -> tuple[Labels, Labels]:
        size = max([largest, *names]) + 1
        inside, edge = np.zeros((size, 4), np.uint8), np.zeros((size, 4), np.uint8)
        for value, name in names.items():
            if not self.is_visible(name):
                continue
            alpha = 1.0 if name == HIGHLIGHT else self.opacity * (_DIMMED if self.dimmed else 1.0)
            color = _BRIGHT if name == HIGHLIGHT else self.colors.get(name, (0.7, 0.7, 0.2))
            edge[value] = np.rint(255 * np.array([*color, alpha]))
            share = _LIGHT_SHARE if name in self.light else _FILL_SHARE
            inside[value] = np.rint(255 * np.array([*color, alpha * share]))
        return inside, edge


def outlined(labels: Labels, thickness: int) -> Labels:
    """Say which labelled pixels lie within `thickness` of another label's."""
    framed = np.pad(labels, thickness)
    inner = (slice(thickness, -thickness),) * 2
    found = np.zeros(labels.shape, np.bool_)
    for step in range(1, thickness + 1):
        for axis in (0, 1):
            for sign in (-1, 1):
                found |= np.roll(framed, sign * step, axis)[inner] != labels
    return found & (labels > 0)


def _around(labels: Labels, thickness: int) -> Labels:
    """Return `labels` > 0 with `thickness` more pixels on all sides."""
    marked = labels > 0
    for axis in (0, 1):
        grown = marked.copy()
        for step in range(1, thickness + 1):
            low = (slice(step, None), slice(None))[:: 1 if axis == 0 else -1]
            high = (slice(None, -step), slice(None))[:: 1 if axis == 0 else -1]
            grown[low] |= marked[high]
            grown[high] |= marked[low]
        marked = grown
    return marked
