"""From landmarks that a person drags, places or removes to the edits of a session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import slicer

from readingroom.review.mrml.collect import collect_landmarks
from readingroom.review.mrml.markups import write_landmarks
from readingroom.review.mrml.presented import Presented

#: A shorter way is rounding, not an edit, mm.
_MOVED_MM = 1e-3


class LandmarkWatcher:
    """Tells a session where a person put landmarks, once the mouse button is up.

    Parameters
    ----------
    presented : Presented
    session : ReviewSession
    later : callable, optional
        As of `StrokeWatcher`; without it the session is told within the event.
    """

    def __init__(
        self,
        presented: Presented,
        session: Any,
        later: Callable[[Callable[[], None]], None] | None = None,
    ) -> None:
        self._node, self._session, self._later = presented.landmarks, session, later
        self._tags = [self._node.AddObserver(event, self._on_event) for event in _events()]

    def flush(self) -> None:
        """Tell the session now."""
        if not self._tags:
            return
        now = {mark.name: mark.position_lps_mm for mark in collect_landmarks(self._node)}
        before = {mark.name: mark.position_lps_mm for mark in self._session.reading.landmarks}
        try:
            for name in before.keys() - now.keys():
                self._session.remove_landmark(name)
            for name, position in now.items():
                if name not in before:
                    self._session.add_landmark(name, position)
                elif np.linalg.norm(np.subtract(position, before[name])) > _MOVED_MM:
                    self._session.move_landmark(name, position)
        finally:  # a session that refuses keeps its points
            write_landmarks(self._node, self._session.reading.landmarks)

    def stop(self) -> None:
        """Look no longer."""
        for tag in self._tags:
            self._node.RemoveObserver(tag)
        self._tags = []

    def _on_event(self, *_: Any) -> None:
        if self._later is None:
            self.flush()
        else:
            self._later(self.flush)


def _events() -> tuple[int, ...]:
    kind = slicer.vtkMRMLMarkupsNode
    return kind.PointEndInteractionEvent, kind.PointRemovedEvent, kind.PointPositionDefinedEvent
