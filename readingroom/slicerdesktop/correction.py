"""A reading in the scene of 3D Slicer, corrected by a person."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.slicerdesktop import looks, places
from readingroom.slicerdesktop.host import Host, Position
from readingroom.slicerdesktop.placing import PlaceOnce, jump

if TYPE_CHECKING:
    from readingroom.review import Change, ReviewSession

#: Attribute of nodes that show a reading: its folder.
_SHOWN = "ReadingRoom.shown"
#: How far a corner of the volume may lie from where the reading has it, mm.
_SAME_PLACE_MM = 1.0


class Correction:
    """One reading folder open for review on one volume of the scene.

    Parameters
    ----------
    host : Host
    folder : Path
        A reading folder.
    volume : vtkMRMLScalarVolumeNode
        The volume that was read.
    changed : Callable[[Change], None]
        Called after every change, also those of undo and redo.
    refused : Callable[[ReadingRoomError], None]
        Told when a stroke of the editor is not taken over; the nodes go back.
    reviewer : str
        Who corrects.

    Attributes
    ----------
    chosen, volume : vtkMRMLScalarVolumeNode
        The volume that the person chose, and the one that is shown: frames are shown in a
        volume of their own.

    Raises
    ------
    RefusedInput
        ``SCHEMA_NEWER``, ``NOT_A_READING``, ``SOURCE_MISSING``, ``SOURCE_CHANGED``;
        ``VOLUME_DIFFERS`` if the volume is not the one that was read.
    """

    def __init__(
        self,
        host: Host,
        folder: Path,
        volume: Any,
        changed: Callable[[Change], None],
        refused: Callable[[ReadingRoomError], None],
        reviewer: str = "",
    ) -> None:
        from readingroom.review import ReviewSession

        self._host = host
        self._told, self._refused = changed, refused
        self._place: PlaceOnce | None = None
        self.chosen = self.volume = volume
        self._frames: Any | None = None
        self._alone: looks.FramesAlone | None = None
        self.session: ReviewSession = ReviewSession.open(folder, reviewer=reviewer)
        try:
            if self.session.volume.projection:
                self._show_frames()
            else:
                _same_place(volume, self.session)
            self._present()
        except Exception:
            self.session.close()
            self._remove_frames()
            raise
        places.remember(volume, self.session.reader.name, folder)

    @property
    def segmentation(self) -> Any:
        """The segmentation node that a person corrects."""
        return self._presented.segmentation

    def holds(self, node: Any) -> bool:
        """Whether the review cannot go on without `node`."""
        return node is self.volume or node is self._presented.segmentation

    def jump_to(self, finding_id: str) -> None:
        """Show a finding in every slice view; a frame stays in view as a whole."""
        position = self.session.reading.finding(finding_id).position_lps_mm
        jump(self._host.scene, position, centred=self._frames is None)

    def undo(self) -> None:
        """Undo the last correction, painting included."""
        self._watcher.flush()
        self.session.undo()

    def redo(self) -> None:
        """Do again what was undone."""
        self._watcher.flush()
        self.session.redo()

    def save(self, reviewer: str, *, on_top: bool = False) -> int:
        """Save the corrections as a revision and return its number, see `ReviewSession`."""
        self._watcher.flush()
        return int(self.session.save(reviewer, on_top=on_top))

    def sign(self, name: str, *, on_top: bool = False) -> int:
        """Sign and save the reading and return the revision's number."""
        self._watcher.flush()
        return int(self.session.sign(name, on_top=on_top))

    def grow_at_click(
        self, label: str, failed: Callable[[Exception], None], given_up: Callable[[], None]
    ) -> None:
        """Wait for a click on something missed and outline it as `label`.

        Parameters
        ----------
        failed : Callable[[Exception], None]
            Told if there is nothing to outline at the click.
        given_up : Callable[[], None]
            Told if the person turned to something else before the click.
        """

        def placed(position: Position) -> None:
            try:
                self.session.add_at(position, label)
            except Exception as fault:  # told to the person, whatever it is
                failed(fault)

        self.stop_growing()
        self._place = PlaceOnce(self._host, placed, given_up)
        self._place.start(label)

    @property
    def growing(self) -> bool:
        """Whether a click is awaited."""
        return self._place is not None and self._place.active

    def stop_growing(self) -> None:
        """Await no click any more."""
        if self._place is not None:
            self._place.stop()

    def close(self, *, keep_nodes: bool = False) -> None:
        """End the review; what was not saved stays in the journal of the reading folder.

        Parameters
        ----------
        keep_nodes : bool
            Whether the nodes stay: the scene that holds them is being closed.
        """
        if not keep_nodes:
            self._watcher.flush()
        self._unsubscribe()
        self._watcher.stop()
        self._landmarks.stop()
        self.stop_growing()
        self.session.close()
        if not keep_nodes:
            _remove_first(self.segmentation)
            self._presented.remove()
        self._remove_frames(keep_nodes=keep_nodes)

    def _show_frames(self) -> None:
        """Show the frames that were read as slices; where they lie is known to them alone."""
        from readingroom.review.mrml.volume import present_volume

        self._frames = self.volume = present_volume(self.session.volume, self._host.scene)
        self._alone = looks.FramesAlone(self._frames)

    def _remove_frames(self, *, keep_nodes: bool = False) -> None:
        if self._alone is not None:
            self._alone.end()
        frames, self._frames, self._alone = self._frames, None, None
        if frames is not None and not keep_nodes and frames.GetScene() is not None:
            if self.chosen.GetScene() is not None:
                looks.in_views(self._host.scene, self.chosen)
            self._host.scene.RemoveNode(frames.GetDisplayNode())
            self._host.scene.RemoveNode(frames)

    def _present(self) -> None:
        from readingroom.review import mrml

        scene, folder = self._host.scene, str(self.session.directory)
        _remove_nodes_of(folder, scene)
        self._presented = mrml.present(self.session.reading, scene, self.volume)
        for node in self._presented.nodes():
            node.SetAttribute(_SHOWN, folder)
        looks.organs_as_outlines(self.segmentation, self.session)
        looks.first_window(self.volume, self.session)
        looks.in_views(scene, self.volume)
        soon = self._host.soon
        self._watcher = mrml.StrokeWatcher(self._presented, self.session, soon, self._refused)
        self._landmarks = mrml.LandmarkWatcher(self._presented, self.session, soon)
        self._unsubscribe = self.session.subscribe(self._changed)

    def _changed(self, change: Change) -> None:
        from readingroom.review import mrml

        mrml.update(self._presented, self.session, change)
        self._told(change)


def _remove_first(segmentation: Any) -> None:
    """Remove a segmentation before its display: lists of its segments would miss that."""
    scene = None if segmentation is None else segmentation.GetScene()
    if scene is None:
        return
    count = segmentation.GetNumberOfDisplayNodes()
    displays = [segmentation.GetNthDisplayNode(n) for n in range(count)]
    for node in (segmentation, *displays):
        if node.GetScene() is not None:  # 3D Slicer takes a display away by itself
            scene.RemoveNode(node)


def _remove_nodes_of(folder: str, scene: Any) -> None:
    """Remove what a saved scene still shows of the reading: its folder is what counts."""
    nodes = [scene.GetNthNode(n) for n in range(scene.GetNumberOfNodes())]
    for node in [n for n in nodes if n.GetAttribute(_SHOWN) == folder]:
        scene.RemoveNode(node)


def _same_place(node: Any, session: ReviewSession) -> None:
    """Refuse a volume that does not lie where the reading has it."""
    read = session.volume
    size = np.array([*read.shape[::-1]]) - 1
    corners = np.array([[0, 0, 0], size])
    theirs = corners @ read.ijk_to_lps[:3, :3].T + read.ijk_to_lps[:3, 3]
    bounds = [0.0] * 6
    node.GetRASBounds(bounds)
    low, high = np.array(bounds[::2]), np.array(bounds[1::2])
    ras = theirs * [-1.0, -1.0, 1.0]
    voxel = float(np.max(np.abs(read.ijk_to_lps[:3, :3])))
    if np.any(ras < low - voxel - _SAME_PLACE_MM) or np.any(ras > high + voxel + _SAME_PLACE_MM):
        raise RefusedInput(
            "VOLUME_DIFFERS",
            "The chosen volume does not lie where the reading was made.",
            "Choose the volume that was read.",
        )
