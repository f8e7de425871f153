"""A device's centreline as a curve with points to drag, in the frame that is shown.

While the hand moves only the curve moves; once it lets go the device is drawn anew along it.
The points stay where the hand left them, until something else changes the device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from readingroom.reading import Finding
from readingroom.review.mrml.geometry import turned
from readingroom.workbench.viewer import cine
from readingroom.workbench.viewer.overlay import slice_geometry
from readingroom.workbench.viewer.tools.pipelines import Gesture

if TYPE_CHECKING:
    from readingroom.workbench.viewer.viewer import Viewer

Curve = npt.NDArray[np.float64]

#: A press this near takes a point, or makes one on the curve, pixels of the page.
_GRIP_PX, _CURVE_PX = 12.0, 7.0
CENTERLINE = "centerline_xy_px"


class CurveEditor:
    """The curve of one device in the frame that is shown, while the tool is in the hand.

    Parameters
    ----------
    viewer : Viewer

    Attributes
    ----------
    target : str
        Id of the finding that is edited; empty for none.
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self.target = ""
        self._handles: Curve = np.zeros((0, 2))
        #: The centreline that the handles stand for.
        self._of: Any = None
        self._held: int | None = None
        self._moved = False

    def clear(self) -> None:
        """Edit nothing."""
        self.target, self._of, self._held = "", None, None
        self._handles = np.zeros((0, 2))

    @property
    def active(self) -> bool:
        """Whether the tool is in the hand and a cine is shown."""
        return bool(self._viewer.player.count) and self._viewer.state.view_tool == "curve"

    def shown(self) -> dict[str, Any] | None:
        """Return points and curve in per cent of the view, y downwards; None for none.

        Returns
        -------
        dict or None
            ``id``, ``state``, ``points`` (``[[x, y], …]``) and ``line`` (``"x,y x,y …"``).
        """
        finding = self._finding()
        if finding is None or len(self._handles) < 2:
            return None
        line = self._percent(self._curve())
        return {
            "id": finding.id,
            "state": finding.state,
            "held": self._held,
            "points": self._percent(self._handles).tolist(),
            "line": " ".join(f"{x:g},{y:g}" for x, y in line),
        }

    # The hand

    def moved(self, gesture: Gesture) -> None:
        """Take a point at the press, and let it follow."""
        at = self._pixel(gesture.ras[-1])
        if len(gesture.ras) == 1:
            self._grip(at)
        elif self._held is not None and not gesture.is_click:
            self._handles[self._held] = self._inside(at)
            self._moved = True
        self._viewer.annotate()

    def finished(self, gesture: Gesture) -> None:
        """Draw the device along the curve, if a point was moved."""
        if self._held is not None and self._moved and not gesture.is_click:
            self._of = None  # stays so if the edit is refused: the points go back then
            with self._viewer.told():
                self._redraw()
        self._held, self._moved = None, False
        self._viewer.annotate()

    def _grip(self, at: Curve) -> None:
        self._held, self._moved = None, False
        self._choose(at)
        if self._finding() is None:
            return
        apart = np.linalg.norm(self._handles - at, axis=1)
        if apart.min() <= self._reach(_GRIP_PX):
            self._held = int(apart.argmin())
        else:
            self._insert(at)

    def _insert(self, at: Curve) -> None:
        """Make a point where the curve is pressed between two others."""
        curve = self._curve()
        apart = np.linalg.norm(curve - at, axis=1)
        nearest = int(apart.argmin())
        if apart[nearest] > self._reach(_CURVE_PX):
            return
        places = [int(np.linalg.norm(curve - one, axis=1).argmin()) for one in self._handles]
        number = int(np.searchsorted(places, nearest))
        self._handles = np.insert(self._handles, number, curve[nearest], axis=0)
        self._held = number

    def _redraw(self) -> None:
        from readingroom.review import curves

        session, finding = self._viewer.session, self._finding()
        if finding is None:
            return
        points = self._curve()
        if self._viewer.state.view_curve_cling:
            frame = int(finding.attributes["frame"])
            points = curves.clung(session, frame, self._handles.tolist())
        curves.redraw(session, finding.id, points)
        kept = next((f for f in session.reading.findings if f.id == finding.id), None)
        self._of = None if kept is None else kept.attributes[CENTERLINE]

    # The device

    def _finding(self) -> Finding | None:
        """Return the device that is edited; follows the frame, the selection and undo."""
        if not self.active:
            return None
        finding = self._chosen()
        if finding is None:
            self.clear()
        elif finding.id != self.target or finding.attributes[CENTERLINE] != self._of:
            self._take(finding)
        return finding

    def _take(self, finding: Finding | None) -> None:
        from readingroom.review import curves

        if self._held is not None or finding is None:
            return
        changed = finding.id != self.target
        self.target, self._of = finding.id, finding.attributes[CENTERLINE]
        self._handles = curves.handles(self._of)
        if changed and not self._viewer.player.plays:
            self._viewer.on_curve(finding.id)

    def _chosen(self) -> Finding | None:
        """Return the selected device, or the same one in this frame, or the first here."""
        here = self._here()
        by_id = {one.id: one for one in here}
        for known in (self._viewer.masks.finding, self.target):
            if known in by_id:
                return by_id[known]
        everyone = {one.id: one for one in self._viewer.session.reading.findings}
        last = everyone.get(self._viewer.masks.finding or self.target)
        same = [one for one in here if last is not None and _is_same(one, last)]
        return next(iter([*same, *here]), None)

    def _choose(self, at: Curve) -> None:
        """Go over to another device of the frame if that is what was pressed."""
        own = self._finding()
        if own is None:
            return
        apart = {one.id: _distance(one, at) for one in self._here()}
        nearest = min(apart, key=lambda one: apart[one])
        if nearest != own.id and apart[nearest] <= self._reach(_CURVE_PX) < apart[own.id]:
            self._viewer.on_curve(nearest)

    def _here(self) -> list[Finding]:
        frame = self._viewer.player.place()["number"] - 1
        return [
            one
            for one in self._viewer.session.reading.findings
            if one.attributes.get("frame") == frame and one.attributes.get(CENTERLINE)
        ]

    # Places

    def _curve(self) -> Curve:
        from readingroom.review import curves

        return curves.through(self._handles)

    def _pixel(self, ras: tuple[float, float, float]) -> Curve:
        """Return column and row of a place, px."""
        return np.asarray(self._viewer.session.volume.kji_from_lps(turned(ras)))[:0:-1]

    def _inside(self, at: Curve) -> Curve:
        _, rows, columns = self._viewer.session.volume.shape
        return np.clip(at, 0, [columns - 1, rows - 1])

    def _reach(self, page_px: float) -> float:
        """Return how many pixels of the frame so many of the page are."""
        stage = self._viewer.stage
        mm = self._viewer.navigator.mm_per_pixel(cine.VIEW) * stage.views[cine.VIEW].scale
        return float(page_px * mm / self._viewer.session.volume.spacing_mm[2])

    def _percent(self, points: Curve) -> Curve:
        volume = self._viewer.session.volume
        kji = np.c_[np.zeros(len(points)), points[:, ::-1]]
        ras = volume.lps_from_kji(kji) * [-1.0, -1.0, 1.0]
        node = self._viewer.stage.slices[cine.VIEW].get_view_node()
        matrix, (rows, columns), _ = slice_geometry(node)
        xy = (np.c_[ras, np.ones(len(ras))] @ np.linalg.inv(matrix).T)[:, :2] + 0.5
        share = 100 * xy / [columns, rows]
        share[:, 1] = 100 - share[:, 1]
        return np.asarray(np.round(share, 2))


def _is_same(one: Finding, other: Finding) -> bool:
    return one.label == other.label and one.attributes["identity"] == other.attributes["identity"]


def _distance(finding: Finding, at: Curve) -> float:
    points = np.asarray(finding.attributes[CENTERLINE], np.float64)
    return float(np.linalg.norm(points - at, axis=1).min())
