"""The lower part of the panel: what leaves the room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt

from readingroom.slicerdesktop.enabling import Enabling
from readingroom.slicerdesktop.logic import DICOM_FORMATS, FORMATS, ReaderLogic
from readingroom.slicerdesktop.texts import note_text, tr


class ExportPanel:
    """Formats, the DICOM database, and the button that exports.

    Parameters
    ----------
    ui : object
        The panel's widgets by name.
    logic : ReaderLogic
    attempt : Callable[[Callable[[], None]], None]
        Runs an action and shows the fault that it may raise.
    """

    def __init__(
        self, ui: Any, logic: ReaderLogic, attempt: Callable[[Callable[[], None]], None]
    ) -> None:
        self._ui, self._logic, self._attempt = ui, logic, attempt
        self._enabling = Enabling(ui)
        ui.exportButton.clicked.connect(self.export)
        ui.openFolderButton.clicked.connect(self._open_folder)
        self._folder: Path | None = None
        self.update()

    def update(self) -> None:
        """Show what can be exported of the open review."""
        self._ui.exportSection.visible = self._logic.review is not None
        self._ui.exportLabel.text = ""
        self._folder = None
        self._ui.openFolderButton.enabled = False
        self.check()

    def check(self) -> None:
        """Enable what is possible, or say why not."""
        dicom = self._logic.dicom_possible
        reason = "" if dicom else tr("The volume did not come from the DICOM database.")
        for name in DICOM_FORMATS:
            self._enabling.set(_box(name), dicom, reason)
        database = self._logic.host.database is not None
        reason = reason or ("" if database else tr("No DICOM database is open."))
        self._enabling.set("exportToDatabaseBox", dicom and database, reason)
        reason = self._why_not()
        self._enabling.set("exportButton", not reason, reason)

    def export(self) -> None:
        """Write the chosen formats."""
        index = bool(self._ui.exportToDatabaseBox.checked and self._ui.exportToDatabaseBox.enabled)
        reviewer = str(self._ui.reviewerEdit.text).strip()
        self._ui.exportLabel.text = ""
        self._attempt(lambda: self._logic.start_export(self._formats(), reviewer, index=index))

    def show(self, files: list[Path], notes: list[Any]) -> None:
        """Show what was written, and what could not be and why."""
        lines = [tr("{count} files were written.").format(count=len(files))]
        lines += [f"• {note_text(note)}" for note in notes]
        self._ui.exportLabel.text = "\n".join(lines)
        review = self._logic.review
        self._folder = None if review is None else review.session.directory / "report"
        self._ui.openFolderButton.enabled = self._folder is not None

    def _formats(self) -> list[str]:
        boxes = {name: getattr(self._ui, _box(name)) for name in FORMATS}
        return [name for name, box in boxes.items() if box.checked and box.enabled]

    def _why_not(self) -> str:
        if self._logic.busy:
            return tr("Wait for the work that is under way.")
        if not self._formats():
            return tr("Choose a format.")
        if self._logic.dirty and not str(self._ui.reviewerEdit.text).strip():
            return tr("Enter your name first: the corrections are saved before they are exported.")
        return ""

    def _open_folder(self) -> None:
        if self._folder is not None:
            qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(self._folder)))


def _box(name: str) -> str:
    return f"export{name.capitalize()}Box"
