"""Which masks are drawn into the slices, and the finding that stands out."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

import numpy as np

from readingroom.review.mrml import Presented
from readingroom.review.mrml.geometry import ijk_to_ras
from readingroom.review.mrml.images import extent_box, voxels_of
from readingroom.review.mrml.segmentation import labelmap_of, segment_ids
from readingroom.workbench.viewer.overlay import LabelImage, Overlay
from readingroom.workbench.viewer.plane import Plane
from readingroom.workbench.viewer.remote import RemoteView
from readingroom.workbench.viewer.style import HIGHLIGHT, MaskStyle, colors_of


class MaskView:
    """Keeps the overlays of the slice views up to date.

    Parameters
    ----------
    views : iterable of RemoteView
        The slice views.

    Attributes
    ----------
    style : MaskStyle
        Change it, then call `changed`.
    by_opengl : bool
        Whether slices show nodes, as landmarks, which only OpenGL draws.
    """

    def __init__(self, views: Iterable[RemoteView]) -> None:
        self.style = MaskStyle()
        self.by_opengl = False
        self._views = list(views)
        self._revision = 0
        self._images: list[LabelImage] | None = None
        self._presented: Presented | None = None
        self._session: Any = None
        self.finding: str | None = None
        self._own: Any = None
        self._start = (0, 0, 0)
        self._highlight: list[LabelImage] = []
        self._tags: list[tuple[Any, int]] = []
        for view in self._views:
            self._attach(view)

    def show(self, presented: Presented, session: Any) -> None:
        """Draw the masks of a reading from now on."""
        self.clear()
        self._presented, self._session = presented, session
        self.style.colors = colors_of(session)
        if presented.segmentation is not None:
            self._observe(presented.segmentation.GetSegmentation())
        self.changed()

    def clear(self) -> None:
        """Draw nothing."""
        for subject, tag in self._tags:
            subject.RemoveObserver(tag)
        self._tags, self._presented, self._session = [], None, None
        self.finding, self._own, self._highlight = None, None, []
        self.style = MaskStyle(opacity=self.style.opacity)
        self.changed()

    def highlight(self, finding_id: str | None) -> None:
        """Let a finding stand out; None for none."""
        self.finding, self._own, self._highlight = finding_id, None, []
        if finding_id is not None and self._session is not None:
            self._start, own = self._session.mask_of(finding_id)
            if own.any():
                self._own = own
                to_ras = _array(ijk_to_ras(self._session.masks.ijk_to_lps))
                index = _to_index(to_ras, self._start)
                self._highlight = [LabelImage(own.astype(np.uint8), index, {1: HIGHLIGHT})]
        self.style.dimmed = bool(self._highlight)
        self.changed()

    def highlighted(self) -> tuple[Any, tuple[int, int, int]]:
        """Return the highlighted finding's own voxels ``[k, j, i]`` or None, and their start."""
        return self._own, self._start

    def corners(self) -> Any:
        """Return the RAS corners ``(8, 3)`` of the box around the highlighted voxels, or None."""
        if self._own is None:
            return None
        low = np.array(self._start) - 0.5
        high = low + self._own.shape
        kji = np.array(list(product(*zip(low, high, strict=True))))
        to_ras = _array(ijk_to_ras(self._session.masks.ijk_to_lps))
        return kji[:, ::-1] @ to_ras[:3, :3].T + to_ras[:3, 3]

    def changed(self, *_: Any) -> None:
        """Draw anew."""
        self._revision += 1
        self._images = None
        for view in self._views:
            view.request()

    def _attach(self, view: RemoteView) -> None:
        overlay = Overlay(view.view.renderer(), view.view.get_view_node())
        plane = Plane(view.view)
        view.before_draw.append(lambda: self._draw(view, overlay))
        view.quick = lambda: None if self.by_opengl else plane.picture(overlay.patches)

    def _draw(self, view: RemoteView, overlay: Overlay) -> None:
        if self._images is None:
            self._images = [*self._label_images(), *self._highlight]
        overlay.draw(self._images, self.style, self._revision, max(round(view.scale), 1))

    def _observe(self, segmentation: Any) -> None:
        import slicer

        kind = slicer.vtkSegmentation
        for event in (kind.SourceRepresentationModified, kind.SegmentAdded, kind.SegmentRemoved):
            self._tags.append((segmentation, segmentation.AddObserver(event, self.changed)))

    def _label_images(self) -> list[LabelImage]:
        """Return one entry per label map, findings last and so on top."""
        if self._presented is None or self._presented.segmentation is None:
            return []
        segmentation = self._presented.segmentation.GetSegmentation()
        known = dict(
            zip(segment_ids(self._session.masks.segments), self._session.masks.names(), strict=True)
        )
        maps: dict[int, tuple[Any, dict[int, str]]] = {}
        for segment_id in segmentation.GetSegmentIDs():
            segment = segmentation.GetSegment(segment_id)
            image = labelmap_of(segment)
            if image is not None:
                names = maps.setdefault(id(image), (image, {}))[1]
                names[segment.GetLabelValue()] = known.get(segment_id, segment.GetName())
        classes = {one.label for one in self._session.reader.finding_classes}
        ordered = sorted(maps.values(), key=lambda entry: bool(classes & set(entry[1].values())))
        return [_label_image(image, names) for image, names in ordered]


def _label_image(image: Any, names: dict[int, str]) -> LabelImage:
    import vtk

    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    k, j, i = (side.start for side in extent_box(image))
    return LabelImage(voxels_of(image), _to_index(_array(matrix), (k, j, i)), names)


def _to_index(ijk_to_ras_matrix: Any, start: tuple[int, int, int]) -> Any:
    """Return the matrix from RAS to ``(i, j, k)`` counted from `start`."""
    shift = np.eye(4)
    shift[:3, 3] = [-float(x) for x in reversed(start)]
    return shift @ np.linalg.inv(ijk_to_ras_matrix)


def _array(matrix: Any) -> Any:
    return np.array([[matrix.GetElement(r, c) for c in range(4)] for r in range(4)])
