"""The middle of the panel: findings, correction, numbers, saving and signing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import qt
import slicer

from readingroom.errors import RefusedInput
from readingroom.slicerdesktop.correction import Correction
from readingroom.slicerdesktop.editor import MaskEditor
from readingroom.slicerdesktop.enabling import Enabling
from readingroom.slicerdesktop.logic import ReaderLogic
from readingroom.slicerdesktop.tables import FindingsTable, NumbersTable
from readingroom.slicerdesktop.texts import fault_text, language, note_text, pick, tr

if TYPE_CHECKING:
    from readingroom.reading import Finding
    from readingroom.review import Change

_SECTIONS = ("findingsSection", "correctionSection", "numbersSection", "signSection")
_MASKS = "*.nrrd *.nii *.nii.gz *.mha *.dcm"


class ReviewPanel:
    """What a person does with a reading.

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
        self.findings = FindingsTable(ui.findingsTable, self._chosen)
        self.numbers = NumbersTable(ui.numbersTable)
        self.editor = MaskEditor(ui.editorFrame)
        self._labels: list[str] = []
        self._enabling = Enabling(ui)
        self._connect()
        self.update()

    def update(self) -> None:
        """Show the open review, or nothing."""
        review = self._logic.review
        for name in _SECTIONS:
            getattr(self._ui, name).visible = review is not None
        if review is None:
            self.findings.clear()
            self.numbers.clear()
            self.editor.clear()
            return
        self._show_facts(review)
        self._show_classes(review)
        self.editor.show(self._logic.host.scene, review.segmentation, review.volume)
        self._show_state(review)

    def changed(self, change: Change) -> None:
        """Show what a correction changed."""
        review = self._logic.review
        if review is None:
            return
        self._show_state(review)
        if len(change.finding_ids) == 1:
            self.findings.choose(change.finding_ids[0])
        if self.findings.current is not None:
            self._show_class(review.session.reading.finding(self.findings.current))

    def update_signing(self) -> None:
        """Enable saving and signing, or say why not."""
        review = self._logic.review
        if review is None:
            return
        named = bool(str(self._ui.reviewerEdit.text).strip())
        signed = review.session.reading.status == "signed"
        tip = "" if named else tr("Enter your name first.")
        self._enabling.set("saveButton", named and review.session.dirty, tip)
        self._enabling.set("signButton", named and not signed, tip)
        self._enabling.set("reopenButton", named and signed, tip)
        self._ui.statusLabel.text = self._status(review)
        self._show_revision(review)

    def _connect(self) -> None:
        ui = self._ui
        for button, edit in (
            (ui.acceptButton, "accept"),
            (ui.rejectButton, "reject"),
            (ui.restoreButton, "restore"),
        ):
            button.clicked.connect(self._on_finding(edit))
        ui.reassignButton.clicked.connect(lambda: self._attempt(self._reassign))
        ui.growButton.toggled.connect(self._grow)
        ui.undoButton.clicked.connect(
            lambda: self._attempt(lambda: self._logic.open_review().undo())
        )
        ui.redoButton.clicked.connect(
            lambda: self._attempt(lambda: self._logic.open_review().redo())
        )
        ui.importMasksButton.clicked.connect(lambda: self._attempt(self._import_masks))
        ui.saveButton.clicked.connect(lambda: self._attempt(self._save))
        ui.signButton.clicked.connect(lambda: self._attempt(self._sign))
        ui.reopenButton.clicked.connect(lambda: self._attempt(self._reopen))
        ui.reviewerEdit.textChanged.connect(lambda text: self.update_signing())

    def _session(self) -> Any:
        return self._logic.open_review().session

    def _on_finding(self, edit: str) -> Callable[[], None]:
        def clicked() -> None:
            finding = self.findings.current
            if finding is not None:
                self._attempt(lambda: getattr(self._session(), edit)(finding))

        return clicked

    def _reassign(self) -> None:
        finding = self.findings.current
        if finding is not None:
            self._session().reassign(finding, self._class())

    def _class(self) -> str:
        return self._labels[int(self._ui.classBox.currentIndex)]

    def _grow(self, wanted: bool) -> None:
        review = self._logic.review
        if review is None:
            return
        if wanted:
            review.grow_at_click(self._class(), self._grow_failed, self._grow_given_up)
        else:
            review.stop_growing()

    def _grow_given_up(self) -> None:
        self._ui.growButton.checked = False

    def _grow_failed(self, fault: Exception) -> None:
        def again() -> None:
            raise fault

        self._ui.growButton.checked = False
        self._attempt(again)

    def _import_masks(self) -> None:
        path = qt.QFileDialog.getOpenFileName(
            self._ui.correctionSection, tr("Load masks"), "", f"{tr('Masks')} ({_MASKS})"
        )
        if path:
            self._session().import_masks(Path(str(path)))

    def _save(self) -> None:
        self._on_top(self._logic.save)

    def _sign(self) -> None:
        self._on_top(self._logic.sign)

    def _on_top(self, store: Callable[..., int]) -> None:
        """Save or sign; ask first if another session has saved meanwhile."""
        name = str(self._ui.reviewerEdit.text).strip()
        try:
            store(name)
        except RefusedInput as refusal:
            if refusal.code != "READING_CHANGED" or not _agrees_to_save_on_top():
                raise
            store(name, on_top=True)
        self.update_signing()

    def _reopen(self) -> None:
        self._session().reopen(str(self._ui.reviewerEdit.text).strip())
        self.update_signing()

    def _chosen(self, finding_id: str) -> None:
        review = self._logic.review
        if review is None:
            return
        review.jump_to(finding_id)
        finding = review.session.reading.finding(finding_id)
        self._show_class(finding)
        self.editor.choose(finding.mask_segment or "")

    def _show_class(self, finding: Finding) -> None:
        if finding.label in self._labels:
            self._ui.classBox.currentIndex = self._labels.index(finding.label)

    def _show_facts(self, review: Correction) -> None:
        notes = review.session.reading.notes
        lines = [note_text(note) for note in notes if note.severity != "info"]
        self._ui.notesLabel.text = "\n".join(f"• {line}" for line in _found_again(review) + lines)

    def _show_revision(self, review: Correction) -> None:
        self._ui.readingLabel.text = tr("Reading of {volume}, revision {revision}").format(
            volume=review.chosen.GetName(), revision=review.session.reading.revision
        )

    def _show_classes(self, review: Correction) -> None:
        classes = review.session.reader.finding_classes
        self._ui.classBox.clear()
        for known in classes:
            self._ui.classBox.addItem(pick(known.title))
        self._labels = [known.label for known in classes]
        for button in (self._ui.classBox, self._ui.reassignButton, self._ui.growButton):
            button.enabled = bool(classes)

    def _show_state(self, review: Correction) -> None:
        session = review.session
        self.findings.show(session.reading, session.reader)
        names = session.reader.measurement_rows(session.reading)
        self.numbers.show(session.machine, session.reading, names)
        self._enabling.set("undoButton", session.can_undo, _edit_text(session.undo_text))
        self._enabling.set("redoButton", session.can_redo, _edit_text(session.redo_text))
        if not review.growing:
            self._ui.growButton.checked = False
        self.update_signing()

    def _status(self, review: Correction) -> str:
        reading = review.session.reading
        words = {"proposed": tr("Machine proposal, not reviewed"), "reviewed": tr("Reviewed")}
        if reading.status == "signed":
            return tr("Signed: {name}").format(name=reading.reviewer)
        fault = review.session.autosave_fault
        if fault is not None:
            return fault_text(fault)
        unsaved = tr("unsaved corrections") if review.session.dirty else tr("saved")
        return f"{words[reading.status]} · {unsaved}"


def _found_again(review: Correction) -> list[str]:
    """Return what a person should know of corrections that an earlier session left."""
    session, lines = review.session, []
    if session.recovered:
        text = tr("{count} corrections that had not been saved were recovered.")
        lines.append(text.format(count=session.recovered))
    if session.stranded:
        text = tr("{count} unsaved corrections belong to an earlier revision.")
        lines.append(text.format(count=session.stranded))
    return lines


def _agrees_to_save_on_top() -> bool:
    question = tr(
        "Somebody else has saved this reading meanwhile. Save yours as a revision on top? "
        "The other revision stays."
    )
    return bool(slicer.util.confirmYesNoDisplay(question, "ReadingRoom"))


def _edit_text(code: str) -> str:
    from readingroom.review.texts import edit_title

    return edit_title(code, language()) if code else ""
