"""The anatomy around nodules as it stands in a reading's masks, looked up box by box."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.maskregion import Box
from readingroom.readers.lungnodule.anatomy import Anatomy
from readingroom.readers.lungnodule.lungs import Lungs
from readingroom.readers.lungnodule.scan import AIRWAY, LOBE_LAYER, TUBE_LAYER, VESSEL, Scan
from readingroom.reading import Masks

#: Lung (1 right, 2 left) of each lobe, 0…5.
_LUNG_OF_LOBE = np.array([0, 1, 1, 1, 2, 2], np.uint8)


class _Mapped:
    """A map of labels that answers with what a table says of them.

    Translating a whole scan takes 0.1 s and its memory again; a nodule needs one box.
    """

    def __init__(self, layer: npt.NDArray[Any], table: npt.NDArray[Any]) -> None:
        self._layer, self._table = layer, table
        self.shape = layer.shape

    def __getitem__(self, box: Any) -> npt.NDArray[Any]:
        return np.asarray(self._table[self._layer[box]])


class _LobeBoxes:
    """The boxes of the lobes of the layer asked about last; they cost a walk through it."""

    def __init__(self) -> None:
        self._layer: weakref.ref[npt.NDArray[Any]] | None = None
        self._boxes: list[Box | None] = []

    def of(self, layer: npt.NDArray[Any], anatomy: Anatomy) -> list[Box | None]:
        if self._layer is None or self._layer() is not layer:
            self._boxes = anatomy.lobe_boxes
            self._layer = weakref.ref(layer)
        return self._boxes

    def forget(self) -> None:
        self._layer = None


_lobe_boxes = _LobeBoxes()


def surroundings(masks: Masks, scan: Scan) -> Anatomy:
    """Return the anatomy in `masks`, on the scan's canonical grid: a view."""
    made = _view(masks, scan)
    # Where `cached_property` would put them.
    vars(made)["lobe_boxes"] = _lobe_boxes.of(masks.layers[LOBE_LAYER], made)
    return made


def forget() -> None:
    """Have the lobes looked at anew: they were edited."""
    _lobe_boxes.forget()


def _view(masks: Masks, scan: Scan) -> Anatomy:
    forward = scan.image.axes.forward
    lobes: Any = forward(masks.layers[LOBE_LAYER])
    tubes = forward(masks.layers[TUBE_LAYER])
    values = np.arange(256)
    labels: Any = _Mapped(lobes, np.pad(_LUNG_OF_LOBE, (0, 250)))
    airways: Any = _Mapped(tubes, values == AIRWAY)
    vessels: Any = _Mapped(tubes, values == VESSEL)
    return Anatomy(Lungs(labels, airways), lobes, vessels, scan.spacing_mm, scan.image.ijk_to_lps)
