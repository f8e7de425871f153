"""Edits of the active segment, told to the session: neighbours stay unless asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.maskregion import Box, dilated
from readingroom.reading import Segment
from readingroom.review.mrml import boxes
from readingroom.review.mrml.geometry import turned
from readingroom.workbench.viewer.tools.shapes import Area, Grid

Mask = npt.NDArray[np.bool_]


class Painter:
    """Edits one segment of a session.

    Parameters
    ----------
    session : ReviewSession
    name : str
        The active segment.
    overwrite : bool
        Whether voxels of other segments of the same layer may be taken or erased.
    """

    def __init__(self, session: Any, name: str, overwrite: bool = False) -> None:
        self._session, self._overwrite = session, overwrite
        self.segment: Segment = next(s for s in session.masks.segments if s.name == name)

    @property
    def grid(self) -> Grid:
        """The volume's grid."""
        masks = self._session.masks
        to_ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ masks.ijk_to_lps
        return Grid(masks.layers[0].shape, to_ras)

    def paint(self, area: Area, what: str, threshold_hu: float | None = None) -> None:
        """Mark an area; with a threshold only where the image is at least so bright."""
        mask = area.mask
        if threshold_hu is not None and mask.size:
            mask = mask & (self._session.volume.array[area.box] >= threshold_hu)
        self._set(area.box, mask, what)

    def erase(self, area: Area, what: str) -> None:
        """Clear an area of the segment; of all segments of its layer if overwriting."""
        if not area.mask.any():
            return
        old = self._layer[area.box]
        mine = old > 0 if self._overwrite else old == self.segment.value
        new = np.where(area.mask & mine, 0, old).astype(old.dtype)
        self._tell(area.box, old, new, what)

    def replace(self, box: Box, mask: Mask, what: str) -> None:
        """Let the segment be exactly `mask` within a box."""
        old = self._layer[box]
        new = np.where(old == self.segment.value, 0, old).astype(old.dtype)
        free = mask if self._overwrite else mask & (new == 0)
        new[free] = self.segment.value
        self._tell(box, old, new, what)

    def own(self, margin: int = 0) -> tuple[Box, Mask]:
        """Return the box around the segment, `margin` voxels wider, and its mask there."""
        layer = self._layer
        around = boxes.marked(layer)
        if boxes.is_empty(around):
            return boxes.EMPTY, np.zeros((0, 0, 0), np.bool_)
        inner = boxes.marked(layer[around] == self.segment.value)
        if boxes.is_empty(inner):
            return boxes.EMPTY, np.zeros((0, 0, 0), np.bool_)
        k, j, i = (
            slice(a.start + b.start, a.start + b.stop) for a, b in zip(around, inner, strict=True)
        )
        box = dilated((k, j, i), margin, layer.shape)
        return box, layer[box] == self.segment.value

    def voxel_at(self, ras: tuple[float, float, float]) -> tuple[int, int, int]:
        """Return the ``(k, j, i)`` of the voxel at a place."""
        k, j, i = np.rint(self._session.volume.kji_from_lps(turned(ras))).astype(int)
        return int(k), int(j), int(i)

    @property
    def _layer(self) -> npt.NDArray[Any]:
        layer: npt.NDArray[Any] = self._session.masks.layers[self.segment.layer]
        return layer

    def _set(self, box: Box, mask: Mask, what: str) -> None:
        if not mask.any():
            return
        old = self._layer[box]
        free = mask if self._overwrite else mask & (old == 0)
        new = np.where(free, self.segment.value, old).astype(old.dtype)
        self._tell(box, old, new, what)

    def _tell(self, box: Box, old: npt.NDArray[Any], new: npt.NDArray[Any], what: str) -> None:
        if not np.array_equal(old, new):
            self._session.replace_voxels(
                self.segment.layer, boxes.first(box), new, what, over=self._overwrite
            )
