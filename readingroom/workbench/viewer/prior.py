"""The prior scan beside the current one: its views, which look where the current ones look."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from readingroom.maskregion import Index
from readingroom.reading import Finding
from readingroom.review.prior import Prior
from readingroom.workbench.viewer.annotations import (
    letters_of,
    lines_through,
    marker_of,
    place_of,
    ruler_of,
)
from readingroom.workbench.viewer.encode import Pixels
from readingroom.workbench.viewer.layouts import PRIORS
from readingroom.workbench.viewer.overlay import Geometry, LabelImage, patches_of, slice_geometry
from readingroom.workbench.viewer.plane import blended
from readingroom.workbench.viewer.priorplane import PriorPlane
from readingroom.workbench.viewer.priorwindow import PriorWindow
from readingroom.workbench.viewer.remote import Area
from readingroom.workbench.viewer.style import HIGHLIGHT, MaskStyle

if TYPE_CHECKING:
    from readingroom.workbench.viewer.viewer import Viewer

Point = npt.NDArray[np.float64]
#: From LPS to RAS and back, of points and of matrices.
_FLIP = np.array([-1.0, -1.0, 1.0])
_TURN = np.diag([*_FLIP, 1.0])


class PriorViews:
    """The views of the prior scan of a viewer.

    Parameters
    ----------
    viewer : Viewer

    Attributes
    ----------
    views : dict of str to PriorView
        By name; see `readingroom.workbench.viewer.layouts.PRIORS`.
    shown : Prior or None
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self.shown: Prior | None = None
        self.style = MaskStyle()
        self._plane: PriorPlane | None = None
        self._images: list[LabelImage] = []
        self._highlight: list[LabelImage] = []
        #: How far the matched finding lies from where the link alone would look, LPS mm.
        self._residual = np.zeros(3)
        self.marked: Point | None = None
        self.views = {name: PriorView(name, like, self, viewer) for name, like in PRIORS.items()}

    def show(self, prior: Prior) -> None:
        """Show an earlier reading beside the current one from now on."""
        self.shown = prior
        self._plane = PriorPlane(prior.volume)
        classes = {one.label: one.color for one in self._viewer.session.reader.finding_classes}
        self.style = MaskStyle(colors=classes)
        self._images = _images(prior, set(classes))
        self.highlight(None)

    def clear(self) -> None:
        """Show none."""
        self.shown, self._plane, self.marked = None, None, None
        self._images, self._highlight = [], []
        self._residual = np.zeros(3)

    def highlight(self, finding: Finding | None) -> None:
        """Let what a finding was then stand out, and look at it where the finding is looked at."""
        prior = self.shown
        if prior is None:
            return
        before = prior.counterparts(finding) if finding is not None else []
        self._residual, self.marked, self._highlight = np.zeros(3), None, []
        if finding is not None and before:
            expected = prior.link.to_prior(finding.position_lps_mm)
            self._residual = np.asarray(before[0].position_lps_mm) - expected
            marked = [prior.voxels_of(one) for one in before]
            self._highlight = [_bright(prior, *one) for one in marked if one[1].any()]
            corners = [_corners(prior, *one) for one in marked if one[1].any()]
            self.marked = np.concatenate(corners) if corners else None
        self.style.dimmed = bool(self._highlight)
        self.request()

    def request(self) -> None:
        """Have the views that are shown drawn again."""
        for view in self.views.values():
            view.request()

    def place(self) -> Point:
        """Return where the crosshair lies in the prior scan, RAS mm."""
        prior = self.shown
        here: Point = self._viewer.navigator.crossing()
        if prior is None:
            return here
        there: Point = prior.link.to_prior(here * _FLIP) + self._residual
        return np.asarray(there * _FLIP)

    def look_at(self, ras: Point) -> None:
        """Bring the current views to where a place of the prior scan lies now."""
        if self.shown is not None:
            there = self.shown.link.to_current(ras * _FLIP - self._residual) * _FLIP
            self._viewer.navigator.link(there.tolist())
            self._viewer.annotate()

    def picture(self, geometry: Geometry, like: Any, thickness: int) -> Pixels:
        """Return a slice with its masks; ``like`` is the current view's ``vtkImageReslice``."""
        xy_to_ras, size, _ = geometry
        if self._plane is None:
            return np.zeros(size, np.uint8)
        grey = self._plane.picture(xy_to_ras, size, self._viewer.navigator.window(), like)
        self.style.opacity = self._viewer.masks.style.opacity
        found = patches_of([*self._images, *self._highlight], self.style, geometry, thickness)
        return np.ascontiguousarray(blended(grey, found)[::-1])


class PriorView(Area):
    """One slice of the prior scan, cut as a view of the current scan is.

    It has no place of its own: what the mouse does here happens to the current scan, and this
    view follows.
    """

    def __init__(self, name: str, like: str, views: PriorViews, viewer: Viewer) -> None:
        self.like = like
        self._views, self._viewer = views, viewer
        self._size = (10, 10)
        window = PriorWindow(self, viewer)
        stage = viewer.stage
        most = stage.views[like].adapter.max_pixel_count
        super().__init__(name, window, stage.queue, most)
        stage.views[like].before_draw.append(self.request)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return self._size

    def resize(self, width: int, height: int) -> None:
        """Take the size of the area in the page, pixels of the view."""
        self._size = (height, width)

    def request(self, *, anew: bool = False) -> None:
        """Have the view drawn right after the one that it follows, if it is seen."""
        if self._views.shown is not None and self.name in self._viewer.state.view_shown:
            self._queue.request(self, anew=anew, soon=True)

    def look_at(self, x: float, y: float) -> None:
        """Link all views to a pixel of this one, y upwards."""
        matrix, _, _ = self.geometry()
        self._views.look_at((matrix @ [x, y, 0.0, 1.0])[:3])

    def draw(self) -> Pixels:
        """Draw the slice."""
        layer = self._viewer.stage.slices[self.like].get_volume_layer_logic()
        return self._views.picture(self.geometry(), layer.GetReslice(), max(round(self.scale), 1))

    def geometry(self) -> Geometry:
        """Return the slice of the view that this one follows, at the place in the prior scan."""
        node = self._viewer.stage.slices[self.like].get_view_node()
        matrix, (rows, columns), slab = slice_geometry(node)
        moved = matrix.copy()
        middle = [(columns - self._size[1]) / 2, (rows - self._size[0]) / 2, 0.0, 1.0]
        moved[:3, 3] = (matrix @ middle)[:3]
        moved[:3, 3] += self._views.place() - self._viewer.navigator.crossing()
        return moved, self._size, slab

    def annotation(self) -> dict[str, Any]:
        """Return what is written around the view, as `Annotations.of_slice` does."""
        matrix, size, _ = self.geometry()
        marked, seen = self._views.marked, self._viewer.annotations.show_crosshair
        return {
            **letters_of(matrix),
            "place": place_of(matrix),
            "lines": lines_through(self._views.place(), matrix, size) if seen else None,
            "ruler": ruler_of(matrix, size[1]),
            "marker": None if marked is None else marker_of(marked, matrix, size, self.scale),
        }


def _images(prior: Prior, classes: set[str]) -> list[LabelImage]:
    """Return the prior findings' masks; organs would only hide the image."""
    to_index = _ras_to_index(prior)
    found = []
    for number, layer in enumerate(prior.masks.layers):
        names = {
            one.value: one.name
            for one in prior.masks.segments
            if one.layer == number and one.name in classes
        }
        if names:
            found.append(LabelImage(_only(layer, names), to_index, names))
    return found


def _only(layer: npt.NDArray[Any], names: dict[int, str]) -> npt.NDArray[Any]:
    """Return a layer without the labels that are not shown; itself if there are none."""
    others = set(np.unique(layer).tolist()) - {0, *names}
    return np.where(np.isin(layer, list(names)), layer, 0) if others else layer


def _bright(prior: Prior, start: Index, own: npt.NDArray[np.bool_]) -> LabelImage:
    shift = np.eye(4)
    shift[:3, 3] = [-float(x) for x in reversed(start)]
    return LabelImage(own.astype(np.uint8), shift @ _ras_to_index(prior), {1: HIGHLIGHT})


def _ras_to_index(prior: Prior) -> Point:
    return np.asarray(np.linalg.inv(_TURN @ prior.masks.ijk_to_lps), np.float64)


def _corners(prior: Prior, start: Index, own: npt.NDArray[np.bool_]) -> Point:
    """Return the RAS corners ``(8, 3)`` of the box of voxels."""
    low = np.array(start) - 0.5
    kji = np.array(list(product(*zip(low, low + own.shape, strict=True))))
    to_ras = _TURN @ prior.masks.ijk_to_lps
    return np.asarray(kji[:, ::-1] @ to_ras[:3, :3].T + to_ras[:3, 3])
