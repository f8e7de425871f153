"""All that a module does for its reader, without a widget and without a dialog."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readingroom.errors import Cancelled, ReadingRoomError, RefusedInput
from readingroom.slicerdesktop import frames, indexing, places, source
from readingroom.slicerdesktop.correction import Correction
from readingroom.slicerdesktop.host import Host, SlicerHost
from readingroom.slicerdesktop.jobs import Job, Jobs
from readingroom.slicerdesktop.packages import Packages

if TYPE_CHECKING:
    from readingroom.review import Change

#: Formats that a person can choose, and those of them that are DICOM objects.
FORMATS = ("seg", "sr", "pdf", "csv", "fhir", "stl")
DICOM_FORMATS = ("seg", "sr")


def _nothing(*_: Any) -> None:
    return


@dataclass
class Listener:
    """Whom the logic tells; each is called from the event loop.

    Attributes
    ----------
    progress : Callable[[str, float], None]
        Stage and fraction done, 0…1.
    read : Callable[[], None]
        A reading is in the scene.
    exported : Callable[[list of Path, list of Note], None]
        What was written, and what could not be and why.
    failed : Callable[[ReadingRoomError], None]
    changed : Callable[[Change], None]
        A correction, undo or redo.
    """

    progress: Callable[[str, float], None] = _nothing
    read: Callable[[], None] = _nothing
    exported: Callable[[list[Path], list[Any]], None] = _nothing
    failed: Callable[[ReadingRoomError], None] = _nothing
    changed: Callable[[Change], None] = _nothing


@dataclass(frozen=True)
class _Request:
    """A reading under way: the volume is looked up again by its id at the end."""

    volume_id: str
    place: Path


@dataclass
class ReaderLogic:
    """One reader in 3D Slicer: read, review, export.

    Parameters
    ----------
    reader : str
        Name of the reader.
    host : Host, optional
    command : sequence of str, optional
        How to start the reading process, see `Jobs`.
    """

    reader: str
    host: Host = field(default_factory=SlicerHost)
    command: Sequence[str] | None = None
    listener: Listener = field(default_factory=Listener)

    def __post_init__(self) -> None:
        self.packages = Packages(self.host)
        self.packages.activate()
        self.jobs = Jobs(self.host, self.packages.folder, self.command)
        self.review: Correction | None = None
        self._request: _Request | None = None

    @property
    def busy(self) -> bool:
        """Whether a reading or an export is under way."""
        return self.jobs.busy

    @property
    def dirty(self) -> bool:
        """Whether there are corrections that no revision holds."""
        return self.review is not None and bool(self.review.session.dirty)

    @property
    def dicom_possible(self) -> bool:
        """Whether DICOM objects can refer to the images of the open reading."""
        return self.review is not None and bool(self.review.session.volume.is_dicom)

    def start_reading(self, volume: Any, options: dict[str, Any], folder: str = "") -> None:
        """Read a volume in a process of its own; `Listener.read` tells when it is shown.

        Parameters
        ----------
        volume : vtkMRMLScalarVolumeNode
        options : dict
            The reader's options; the others keep their defaults.
        folder : str
            Where readings go; empty takes a temporary folder.

        Raises
        ------
        ReadingRoomError
            If it cannot be started.
        """
        from readingroom import readers

        readers.parse_options(self.reader, options)
        place = places.new_place(self.host, folder, self.reader)
        as_frames = self.reader in frames.READERS
        study = source.of(self.host, volume, place, as_frames=as_frames)
        self._request = _Request(volume.GetID(), place)
        self.jobs.submit(
            "read",
            Job(self.listener.progress, self._was_read, self._failed),
            reader=self.reader,
            study=study.study,
            out=str(places.reading_folder(place)),
            options=options,
        )

    def cancel(self) -> None:
        """Stop what is under way and kill its process tree."""
        self.jobs.cancel()

    def open(self, folder: Path, volume: Any, reviewer: str = "") -> None:
        """Show a reading folder on the volume that was read.

        Raises
        ------
        RefusedInput
            ``NOT_A_READING``, ``SCHEMA_NEWER`` and others, see `Correction`; the review
            that was open stays.
        """
        fresh = Correction(self.host, folder, volume, self._changed, self.listener.failed, reviewer)
        if fresh.session.reader.name != self.reader:
            name = fresh.session.reader.name
            fresh.close()
            raise RefusedInput(
                "OTHER_READER",
                f"The reading was made by the reader '{name}'.",
                "Open it in that reader's module.",
            )
        self.close_review()
        self.review = fresh

    def close_review(self, *, keep_nodes: bool = False) -> None:
        """End the review; what was not saved stays in the journal of its folder."""
        if self.review is not None:
            review, self.review = self.review, None
            review.close(keep_nodes=keep_nodes)

    def save(self, reviewer: str, *, on_top: bool = False) -> int:
        """Save the corrections as a revision and return its number.

        Parameters
        ----------
        on_top : bool
            Whether to save although another session has saved meanwhile; its revision stays.

        Raises
        ------
        ReadingRoomError
            ``DISK_FULL``, ``OUTPUT_NOT_WRITABLE``, ``READING_CHANGED``; the corrections stay
            as they are.
        """
        return self.open_review().save(reviewer, on_top=on_top)

    def sign(self, name: str, *, on_top: bool = False) -> int:
        """Sign the reading, save it, and return the revision's number; raises as `save`."""
        return self.open_review().sign(name, on_top=on_top)

    def start_export(self, formats: Sequence[str], reviewer: str, *, index: bool = False) -> None:
        """Write the open reading in `formats`, in the reading process.

        Corrections that no revision holds are saved first: what leaves is what is saved.

        Parameters
        ----------
        index : bool
            Whether DICOM objects also go into the application's DICOM database.

        Raises
        ------
        ReadingRoomError
            If the corrections cannot be saved or the process cannot be started.
        """
        review = self.open_review()
        if review.session.dirty:
            review.save(reviewer)
        self.jobs.submit(
            "report",
            Job(self.listener.progress, lambda r: self._was_exported(r, index), self._failed),
            folder=str(review.session.directory),
            formats=list(formats),
            language=self.host.language,
        )

    def needs(self, node: Any) -> bool:
        """Whether the open review cannot go on without `node`."""
        return self.review is not None and self.review.holds(node)

    def scene_closes(self) -> None:
        """Deal with a scene that is about to be closed: nothing goes on without it."""
        self.cancel()
        self.close_review(keep_nodes=True)

    def close(self) -> None:
        """End everything: review, job and process."""
        self.jobs.close()
        self._clear_up()
        self.close_review()

    def open_review(self) -> Correction:
        """Return the open review.

        Raises
        ------
        RefusedInput
            ``NO_READING``.
        """
        if self.review is None:
            raise RefusedInput("NO_READING", "No reading is open.", "Run or open one first.")
        return self.review

    def _was_read(self, result: dict[str, Any]) -> None:
        request, self._request = self._request, None
        assert request is not None
        volume = self.host.scene.GetNodeByID(request.volume_id)
        try:
            if volume is None:
                raise _volume_is_gone(result["folder"])
            self.open(Path(result["folder"]), volume)
        except ReadingRoomError as fault:
            self.listener.failed(fault)
        else:
            self.listener.read()

    def _was_exported(self, result: dict[str, Any], index: bool) -> None:
        from readingroom.study import Note

        files = [Path(file) for file in result["files"]]
        notes = [Note(**note) for note in result["notes"]]
        if index:
            notes += indexing.index(self.host, files)
        self.listener.exported(files, notes)

    def _failed(self, fault: ReadingRoomError) -> None:
        self._clear_up()
        self.listener.failed(fault)

    def _clear_up(self) -> None:
        """Remove the copy of a volume whose reading never came about."""
        request, self._request = self._request, None
        if request is not None and not places.reading_folder(request.place).exists():
            with contextlib.suppress(OSError):
                for file in request.place.glob("*"):
                    file.unlink()
                request.place.rmdir()

    def _changed(self, change: Change) -> None:
        self.listener.changed(change)


def _volume_is_gone(folder: str) -> RefusedInput:
    return RefusedInput(
        "VOLUME_REMOVED",
        "The volume was removed from the scene while it was read.",
        f"Load it again and open the reading at {folder}.",
    )


def was_cancelled(fault: ReadingRoomError) -> bool:
    """Whether a person wanted the end."""
    return isinstance(fault, Cancelled)
