"""One reading under review: what a person can do to it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom import folder, readers
from readingroom.errors import RefusedInput
from readingroom.maskregion import Index
from readingroom.reading import Finding, FindingState, Landmark, Masks, Reading, Segment
from readingroom.review import masking, nearest, recovery, refusals, splitting
from readingroom.review.change import Change
from readingroom.review.edited import EditedReading
from readingroom.review.patch import Patch
from readingroom.review.source import find_study, find_volume
from readingroom.study import Study

Position = tuple[float, float, float]


class ReviewSession(EditedReading):
    """A reading folder opened for correction.

    Every edit is measured, audited, put on one undo stack, written to the autosave
    journal, and told to the subscribers, in this order, before the call returns. An edit
    that is refused changes nothing.

    Attributes
    ----------
    reading : Reading
        As corrected so far. Its mask layers are changed in place by edits; never write
        into them.
    machine : Reading
        The first revision, without masks.
    recovered : int
        Edits taken over from the journal of a session that crashed.
    stranded : int
        Edits of crashed sessions on an earlier revision: ``open(..., revision=N)`` takes
        them over.
    reviewer : str
        Who edits; written into the audit.
    """

    @classmethod
    def open(
        cls,
        directory: str | Path,
        *,
        study: Study | str | Path | None = None,
        reviewer: str = "",
        autosave: bool = True,
        revision: int | None = None,
    ) -> ReviewSession:
        """Open a reading folder, with its images and with edits that a crash left unsaved.

        Parameters
        ----------
        study : Study or path, optional
            The study, or where it is now; else from where the reading was made.
        autosave : bool
            Whether edits are written to a journal in the folder, and a crashed session's
            journal is taken over.
        revision : int, optional
            An earlier revision to continue from.

        Raises
        ------
        RefusedInput
            ``NOT_A_READING``, ``SCHEMA_NEWER``, ``READING_DAMAGED``, ``REVISION_UNKNOWN``;
            ``SOURCE_MISSING``, ``SOURCE_CHANGED``, and as `readingroom.imaging.load`.
        """
        place = Path(directory).absolute()
        if revision is None:
            reading, found = _with_images(place, study)
        else:
            reading = folder.revision(place, revision)
            found = find_study(reading, study)
        volume = find_volume(reading, found)
        reader = readers.get(reading.reader)
        masks = reading.masks or Masks([np.zeros(volume.shape, np.uint8)], volume.ijk_to_lps)
        named = masks.names()
        reading.masks = masking.with_classes(masks, reader.finding_classes)
        session = cls(
            place, found, volume, reading, reviewer=reviewer, autosave=autosave, named=named
        )
        if autosave:
            recovery.take_over(session)
        return session

    # What hosts ask

    def mask_of(self, finding_id: str) -> tuple[Index, npt.NDArray[np.bool_]]:
        """Return first ``(k, j, i)`` and box ``[k, j, i]`` of the finding's own voxels."""
        finding = self._finding(finding_id)
        return self.reader.voxels_of(self.reading, self.study, self.masks, finding)

    def finding_at(self, position_lps_mm: Position, radius_mm: float = 3.0) -> str | None:
        """Return the id of the finding nearest to a position, None if none is near."""
        at = np.asarray(self.volume.kji_from_lps(position_lps_mm))
        near = nearest.segments_near(self.masks, at, self.volume.spacing_mm, radius_mm)
        best, found = radius_mm, None
        for finding in sorted(
            (f for f in self.reading.findings if f.mask_segment in near),
            key=lambda f: float(np.linalg.norm(np.subtract(f.position_lps_mm, position_lps_mm))),
        ):
            distance = self._distance_mm(finding, at)
            if distance < best or (found is None and distance == best):
                best, found = distance, finding.id
            if found is not None and best <= min(near.values()):
                break
        return found

    # Findings

    def accept(self, finding_id: str) -> None:
        """Say that the finding is right."""
        self._set_state("accept", finding_id, "accepted")

    def reject(self, finding_id: str) -> None:
        """Say that the finding is none; it stays in the list and counts nowhere."""
        self._set_state("reject", finding_id, "rejected")

    def restore(self, finding_id: str) -> None:
        """Take back `accept` or `reject`."""
        self._set_state("restore", finding_id, "proposed")

    def reassign(self, finding_id: str, label: str) -> str:
        """Give the finding another class, and with it its voxels; it counts as accepted.

        Returns
        -------
        str
            The id under which it goes on: another one if it now is part of a larger
            lesion of that class that it touches.
        """
        finding = self._finding(finding_id)
        target = self._class(label)
        if finding.label == label:
            return finding_id
        start, own = self.mask_of(finding_id)
        if not own.any():
            raise refusals.finding_without_mask()
        home = self._segment(str(finding.mask_segment))
        states: dict[str, FindingState] = (
            {} if finding.state == "added" else {finding_id: "accepted"}
        )
        self._edit("reassign", "mask", patches=self._moved(start, own, home, target), states=states)
        return self._holder(finding_id, target, start, own)

    def remove(self, finding_id: str) -> None:
        """Erase a finding that a person added; what the machine found is rejected instead."""
        finding = self._finding(finding_id)
        if finding.state != "added":
            raise refusals.not_removable()
        start, own = self.mask_of(finding_id)
        home = self._segment(str(finding.mask_segment))
        self._edit("remove", "mask", patches=self._moved(start, own, home, None))

    def add_at(self, position_lps_mm: Position, label: str) -> str:
        """Mark what was missed at a position, outlined by the reader; return its id.

        Raises
        ------
        RefusedInput
            ``NOTHING_TO_GROW``, ``GROWTH_LEAKS``.
        """
        self._refuse_signed()
        target = self._class(label)
        growth = self.reader.grow(self.reading, self.study, self.masks, position_lps_mm, label)
        old = self.masks.layers[growth.layer]
        box = masking.check_box(self.masks, growth.layer, growth.start, growth.voxels)
        new = (growth.voxels != old[box]) & (growth.voxels == target.value)
        patch = Patch.between(growth.layer, old[box], growth.voxels, growth.start)
        self._edit("grow", "mask", patches=[patch])
        return self._holder("", target, growth.start, new)

    def split(self, finding_id: str) -> list[str]:
        """Divide a finding at its necks into findings of its class, as one edit.

        The largest part goes on under the finding's id. Parts that touch are parted by a layer
        of voxels, which the smaller one gives.

        Returns
        -------
        list of str
            Ids of all the parts' findings.

        Raises
        ------
        RefusedInput
            ``NOTHING_TO_SPLIT`` if it has no neck; ``FINDING_WITHOUT_MASK``.
        """
        self._refuse_signed()
        finding = self._finding(finding_id)
        start, own = self.mask_of(finding_id)
        if not own.any():
            raise refusals.finding_without_mask()
        parts = splitting.parts_of(own, self.volume.spacing_mm)
        kept = splitting.with_gap(parts) > 0
        if parts.max() < 2 or (kept.sum() == own.sum()):
            raise refusals.nothing_to_split()
        home = self._segment(str(finding.mask_segment))
        before = {one.id for one in self.reading.findings}
        gone = self._moved(start, own & ~kept, home, None)
        self._edit("split", "mask", patches=gone)
        made = [one.id for one in self.reading.findings if one.id not in before]
        return [finding_id, *made]

    # Masks

    def split_segment(self, name: str, smallest: int = 1) -> list[str]:
        """Make every island of a segment but the largest a segment of its own, as one edit.

        Islands of findings are findings already; this is for the rest, as organs.

        Returns
        -------
        list of str
            Names of the new segments.

        Raises
        ------
        RefusedInput
            ``NOTHING_TO_SPLIT`` if there is one island only, or the segment holds findings.
        """
        self._refuse_signed()
        classes = {one.label for one in self.reader.finding_classes}
        masks = None if name in classes else splitting.split_segment(self.masks, name, smallest)
        if masks is None:
            raise refusals.nothing_to_split()
        before = set(self.masks.names())
        self._edit("split", "all", masks=masks)
        return [one for one in masks.names() if one not in before]

    def replace_voxels(
        self,
        layer: int,
        start: Sequence[int],
        voxels: npt.NDArray[Any],
        what: str = "paint",
        *,
        over: bool = False,
    ) -> None:
        """Replace a box of a mask layer, as after one stroke.

        Parameters
        ----------
        start : sequence of int
            First ``(k, j, i)`` of the box.
        voxels : ndarray of int, ``[k, j, i]``
            The box as it shall be.
        over : bool
            Paint over other segments; without it, voxels of a neighbouring segment keep
            their label (erasing is always as asked). Subscribers are then told the box, so
            that a view that shows the stroke is put right.
        """
        self._refuse_signed()
        box = masking.check_box(self.masks, layer, start, voxels)
        old = self.masks.layers[layer][box]
        asked = voxels.astype(old.dtype)
        new = asked if over else masking.keeping_neighbours(old, asked)
        first = (box[0].start, box[1].start, box[2].start)
        patch = Patch.between(layer, old, new, first)
        withheld = not np.array_equal(new, asked)
        if patch is not None:
            self._edit(what, "mask", patches=[patch], told=box if withheld else None)
        elif withheld:
            self._tell(Change("mask", what, (), layer, box))

    def replace_masks(self, masks: Masks, what: str) -> None:
        """Take over whole masks: segments they do not name keep their voxels.

        Raises
        ------
        RefusedInput
            ``MASK_GEOMETRY`` if they lie on another grid.
        """
        self._refuse_signed()
        ours = self.masks
        theirs = masking.adopted(ours, masks)
        self._edit(what, "all", masks=theirs)

    def import_masks(self, path: str | Path) -> None:
        """Take over the masks of a file; raises as `readingroom.folder.load_masks`.

        A plain label map means the labels of the findings' layer, all of it; a
        segmentation means the segments that it names.
        """
        self._refuse_signed()
        try:
            masks = folder.load_masks(path, self.volume)
        except RefusedInput as refusal:
            if refusal.code != "MASK_NAMES_MISSING":
                raise
            segments = [s for s in self.masks.segments if s.layer == self._class_layer()]
            plain = folder.load_masks(path, self.volume, names={s.value: s.name for s in segments})
            named = [replace(s, layer=0) for s in segments]
            masks = Masks(plain.layers, plain.ijk_to_lps, named)
        self.replace_masks(masks, "import")

    # Landmarks

    def move_landmark(self, name: str, position_lps_mm: Position) -> None:
        """Move a landmark."""
        self._landmark(name)
        moved = [
            replace(mark, position_lps_mm=_position(position_lps_mm)) if mark.name == name else mark
            for mark in self.reading.landmarks
        ]
        self._edit("move_landmark", "landmark", landmarks=moved)

    def add_landmark(self, name: str, position_lps_mm: Position) -> None:
        """Add a landmark."""
        if any(mark.name == name for mark in self.reading.landmarks):
            raise refusals.landmark_exists(name)
        added = Landmark(name, _position(position_lps_mm))
        self._edit("add_landmark", "landmark", landmarks=[*self.reading.landmarks, added])

    def remove_landmark(self, name: str) -> None:
        """Remove a landmark."""
        gone = self._landmark(name)
        left = [mark for mark in self.reading.landmarks if mark is not gone]
        self._edit("remove_landmark", "landmark", landmarks=left)

    def revert_to_machine(self) -> None:
        """Bring back the machine's first revision, as an edit that can be undone."""
        self._refuse_signed()
        first = recovery.first_revision(self.directory, masks=True)
        masks = first.masks or Masks(
            [np.zeros(self.volume.shape, np.uint8)], self.volume.ijk_to_lps
        )
        classes = self.reader.finding_classes
        theirs = masking.adopted(self.masks, masking.with_classes(masks, classes))
        self._edit("revert", "all", masks=theirs, record=first, landmarks=first.landmarks)

    # Inside

    def _set_state(self, what: str, finding_id: str, state: FindingState) -> None:
        if self._finding(finding_id).state != state:
            self._edit(what, "finding", states={finding_id: state})

    def _finding(self, finding_id: str) -> Finding:
        try:
            return self.reading.finding(finding_id)
        except KeyError:
            raise refusals.finding_unknown(finding_id) from None

    def _class(self, label: str) -> Segment:
        if label not in {one.label for one in self.reader.finding_classes}:
            raise refusals.class_unknown(label)
        return self._segment(label)

    def _segment(self, name: str) -> Segment:
        return next(segment for segment in self.masks.segments if segment.name == name)

    def _landmark(self, name: str) -> Landmark:
        for mark in self.reading.landmarks:
            if mark.name == name:
                return mark
        raise refusals.landmark_unknown(name)

    def _class_layer(self) -> int:
        """Return the layer where the classes of findings are."""
        names = {one.label for one in self.reader.finding_classes}
        return next((s.layer for s in self.masks.segments if s.name in names), 0)

    def _moved(
        self, start: Index, own: npt.NDArray[np.bool_], home: Segment, target: Segment | None
    ) -> list[Patch | None]:
        """Return the patches that take voxels out of `home` and into `target`, if any."""
        k, j, i = (slice(a, a + n) for a, n in zip(start, own.shape, strict=True))
        old = self.masks.layers[home.layer][k, j, i]
        stays = target is not None and target.layer == home.layer
        emptied = np.where(own, target.value if target and stays else 0, old).astype(old.dtype)
        patches = [Patch.between(home.layer, old, emptied, start)]
        if target is not None and not stays:
            there = self.masks.layers[target.layer][k, j, i]
            filled = np.where(own & (there == 0), target.value, there).astype(there.dtype)
            patches.append(Patch.between(target.layer, there, filled, start))
        return patches

    def _holder(
        self, finding_id: str, target: Segment, start: Index, voxels: npt.NDArray[np.bool_]
    ) -> str:
        """Return the id of the finding that holds `voxels` now."""
        ids = {finding.id for finding in self.reading.findings}
        if finding_id in ids:
            return finding_id
        changed = self._history.done[-1].finding_ids
        for number in reversed([i for i in changed if i in ids]):
            first, own = self.mask_of(number)
            if (
                masking.shared(start, voxels, first, own)
                and self._finding(number).label == target.name
            ):
                return number
        return finding_id

    def _distance_mm(self, finding: Finding, at: npt.NDArray[np.float64]) -> float:
        start, own = self.reader.voxels_of(self.reading, self.study, self.masks, finding)
        return nearest.distance_mm(own, start, at, self.volume.spacing_mm)


def _position(values: Sequence[float]) -> Position:
    x, y, z = (float(value) for value in values)
    return x, y, z


def _with_images(place: Path, given: Study | str | Path | None) -> tuple[Reading, Study]:
    """Unpack the masks while another thread decodes the images: half the time on two cores."""

    def images() -> Study:
        record = folder.load(place, masks=False)
        study = find_study(record, given)
        uids = {series.uid for series in record.study.series}
        for volume in study.volumes:
            if volume.series_uid in uids:
                _ = volume.array
        return study

    with ThreadPoolExecutor(1) as beside:
        decoding = beside.submit(images)
        reading = folder.load(place)
        return reading, decoding.result()
