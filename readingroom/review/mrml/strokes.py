"""From the strokes of an editor, any editor, to the edits of a session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from readingroom.errors import RefusedInput
from readingroom.maskregion import Box, relative
from readingroom.review.mrml import boxes, segmentation
from readingroom.review.mrml.collect import (
    collect_masks,
    layer_window,
    stored_box,
    unknown_segments,
)
from readingroom.review.mrml.presented import Presented
from readingroom.review.patch import changed_box

Later = Callable[[Callable[[], None]], None]


class StrokeWatcher:
    """Tells a session what an editor changed in the segmentation node.

    Parameters
    ----------
    presented : Presented
    session : ReviewSession
    later : callable, optional
        Runs a function once the host's event loop is idle, so that a stroke is looked at
        when the editor is done with it (``lambda f: qt.QTimer.singleShot(0, f)``,
        ``loop.call_soon``). Without it the host calls `flush` after each stroke.
    refused : callable, optional
        Receives the `RefusedInput` of an edit that the session does not take; the nodes
        go back to what the session has. Without it the error is raised.

    Attributes
    ----------
    what : str
        What the next stroke is called in the session's audit.
    overwrite : bool
        Whether a stroke takes voxels from other segments of its layer. By default they
        keep them, whatever the editor did.
    """

    def __init__(
        self,
        presented: Presented,
        session: Any,
        later: Later | None = None,
        refused: Callable[[RefusedInput], None] | None = None,
    ) -> None:
        self.what, self.overwrite = "paint", False
        self._presented, self._session = presented, session
        self._later, self._refused = later, refused
        self._pending = False
        self._seen = self._state()
        self._extents = self._stored()
        self._tags = [self._observe(event) for event in _events()]

    def flush(self) -> bool:
        """Tell the session now what has changed; say whether anything had."""
        self._pending = False
        if self._node.GetScene() is None or self._state() == self._seen:
            return False
        try:
            return self._tell()
        except RefusedInput as refusal:
            self.restore()
            if self._refused is None:
                raise
            self._refused(refusal)
            return False
        finally:
            self._seen, self._extents = self._state(), self._stored()

    def restore(self) -> None:
        """Put the nodes back to what the session has."""
        for layer in range(len(self._session.masks.layers)):
            segmentation.write_layer(self._node, self._session.masks, layer)

    def stop(self) -> None:
        """Look no longer."""
        for tag in self._tags:
            self._node.GetSegmentation().RemoveObserver(tag)
        self._tags = []

    @property
    def _node(self) -> Any:
        return self._presented.segmentation

    def _tell(self) -> bool:
        masks = self._session.masks
        if any(True for _ in unknown_segments(self._node, masks)):
            self._session.replace_masks(collect_masks(self._node, masks), self.what)
            return True
        told = False
        for layer in self._written():
            change = self._change(layer)
            if change is not None:
                told, (box, voxels) = True, change
                self._session.replace_voxels(
                    layer, boxes.first(box), voxels, self.what, over=self.overwrite
                )
        self._tidy()
        return told

    def _change(self, layer: int) -> tuple[Box, Any] | None:
        masks = self._session.masks
        window = boxes.union([self._extents[layer], stored_box(self._node, masks, layer)])
        if boxes.is_empty(window):
            return None
        now = layer_window(self._node, masks, layer, window, overwrite=self.overwrite)
        found = changed_box(masks.layers[layer][window], now)
        if found is None:
            return None
        k, j, i = (
            slice(w.start + f.start, w.start + f.stop) for w, f in zip(window, found, strict=True)
        )
        return (k, j, i), now[relative((k, j, i), window)]

    def _tidy(self) -> None:
        """Join again the label maps that an editor separated to let segments overlap."""
        masks = self._session.masks
        for layer in range(len(masks.layers)):
            if segmentation.shared_image(self._node, masks, layer) is None:
                segmentation.write_layer(self._node, masks, layer)

    def _written(self) -> list[int]:
        """Return the layers that have a segment whose label map is not as it was seen."""
        masks, now = self._session.masks, self._state()
        ids = segmentation.segment_ids(masks.segments)
        pairs = zip(ids, masks.segments, strict=True)
        return sorted({s.layer for i, s in pairs if now.get(i) != self._seen.get(i)})

    def _state(self) -> dict[str, tuple[int, int]]:
        """Return what tells cheaply whether a segment's label map was written."""
        found = self._node.GetSegmentation()
        segments = [(i, found.GetSegment(i)) for i in found.GetSegmentIDs()]
        images = [(i, s, s.GetRepresentation(segmentation.BINARY)) for i, s in segments]
        return {i: (s.GetLabelValue(), image.GetMTime() if image else 0) for i, s, image in images}

    def _stored(self) -> list[Box]:
        masks = self._session.masks
        return [stored_box(self._node, masks, layer) for layer in range(len(masks.layers))]

    def _observe(self, event: int) -> int:
        return int(self._node.GetSegmentation().AddObserver(event, self._on_event))

    def _on_event(self, *_: Any) -> None:
        if self._later is not None and not self._pending:
            self._pending = True
            self._later(self._when_idle)

    def _when_idle(self) -> None:
        if self._pending and self._tags:
            self.flush()


def _events() -> tuple[int, ...]:
    import slicer

    kind = slicer.vtkSegmentation
    return kind.SourceRepresentationModified, kind.SegmentRemoved, kind.SegmentAdded
