"""The panel of a reader's module in 3D Slicer; the modules derive from what is here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
import slicer
import vtk
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

from readingroom.errors import ReadingRoomError
from readingroom.slicerdesktop import modules, places
from readingroom.slicerdesktop.exportpanel import ExportPanel
from readingroom.slicerdesktop.logic import Listener, ReaderLogic, was_cancelled
from readingroom.slicerdesktop.reviewpanel import ReviewPanel
from readingroom.slicerdesktop.runpanel import RunPanel
from readingroom.slicerdesktop.texts import fault_text, pick, tr, translate_widgets
from readingroom.slicerdesktop.unforeseen import as_told

_PANEL = Path(__file__).parent / "ui" / "ReaderPanel.ui"


def describe_module(module: ScriptedLoadableModule, reader: str) -> None:
    """Fill in what the module list and the help show of a reader's module."""
    facts = modules.FACTS[reader]
    parent = module.parent
    parent.title = pick(facts.title)
    parent.categories = ["ReadingRoom"]
    parent.dependencies = ["Segmentations", "Markups"]
    parent.contributors = ["The ReadingRoom contributors"]
    parent.helpText = f"<p>{pick(facts.question)}</p><p>{pick(modules.RESEARCH)}</p>"
    parent.acknowledgementText = tr("ReadingRoom is free software under the Apache License 2.0.")


class ReaderModuleWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):  # type: ignore[misc]
    """Panel of one reader: choose, read, correct, sign, export.

    A module's own class names its reader and makes its logic.
    """

    reader = ""

    def __init__(self, parent: Any = None) -> None:
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic: Any = None
        self.work: Any = None  # a ReaderLogic, once the panel is there
        self._parameters: Any = None
        self._binding: Any = None

    def make_logic(self) -> Any:
        """Return the module's logic; it has ``work`` and ``getParameterNode``."""
        raise NotImplementedError

    def setup(self) -> None:
        """Build the panel; 3D Slicer calls it once, and again after a reload."""
        ScriptedLoadableModuleWidget.setup(self)
        root = slicer.util.loadUI(self.resourcePath(f"UI/{self.moduleName}.ui"))
        self.layout.addWidget(root)
        self.ui = slicer.util.childWidgetVariables(root)
        if not modules.exists(self.reader):
            self._explain_absence(root)
            return
        self.ui.readerPanel.layout().addWidget(slicer.util.loadUI(str(_PANEL)))
        self.ui = slicer.util.childWidgetVariables(root)
        translate_widgets(root)
        root.setMRMLScene(slicer.mrmlScene)
        self._make_parts()
        self._connect()
        self._use_parameters(self.logic.getParameterNode())

    def cleanup(self) -> None:
        """Let go of everything; called before a reload and at the end of 3D Slicer."""
        self._use_parameters(None)
        self.removeObservers()
        if self.work is not None:
            self.work.close()

    def enter(self) -> None:
        """Start: the person opened this module."""
        if self.work is None:
            return
        if self._parameters is None:
            self._use_parameters(self.logic.getParameterNode())
        self._choose_volume()
        if self.work.review is not None:
            self.review.editor.enter()
        self.check()

    def exit(self) -> None:
        """Pause: the person opened another module; the review stays as it is."""
        if self.work is not None and self.work.review is not None:
            self.review.editor.exit()

    def check(self, caller: Any = None, event: Any = None) -> None:
        """Enable what can be done now, and say in tooltips why the rest cannot."""
        volume = None if self._parameters is None else self._parameters.inputVolume
        self.run.check(volume)
        self.export.check()
        idle = not self.work.busy
        noted = places.remembered(volume, self.reader)
        open_here = self.work.review is not None and self.work.review.chosen is volume
        self.ui.showReadingButton.enabled = idle and noted is not None and not open_here
        self.ui.openReadingButton.enabled = idle and volume is not None

    # --- the parts -------------------------------------------------------------------

    def _explain_absence(self, root: Any) -> None:
        translate_widgets(root)
        self.ui.studySection.visible = False
        self.ui.noticeLabel.text = "\n\n".join(
            (
                pick(modules.FACTS[self.reader].question),
                tr("The reader '{reader}' is not part of this version of ReadingRoom.").format(
                    reader=self.reader
                ),
            )
        )

    def _make_parts(self) -> None:
        self.logic = self.make_logic()
        self.work = self.logic.work
        assert isinstance(self.work, ReaderLogic)
        self.work.listener = Listener(
            self._progress, self._was_read, self._was_exported, self._failed, self._changed
        )
        self.ui.noticeLabel.text = pick(modules.RESEARCH)
        self.run = RunPanel(self.ui, self.work, self._keep_options)
        self.review = ReviewPanel(self.ui, self.work, self.attempt)
        self.export = ExportPanel(self.ui, self.work, self.attempt)

    def _connect(self) -> None:
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self._scene_closes)
        self.addObserver(scene, scene.EndCloseEvent, self._scene_closed)
        self.addObserver(scene, scene.EndImportEvent, self._scene_loaded)
        self.addObserver(scene, scene.NodeAboutToBeRemovedEvent, self._node_goes)
        ui = self.ui
        ui.runButton.clicked.connect(self._run_or_cancel)
        ui.installButton.clicked.connect(lambda: self.attempt(self._install))
        ui.showReadingButton.clicked.connect(lambda: self.attempt(self._show_remembered))
        ui.openReadingButton.clicked.connect(lambda: self.attempt(self._open_folder))
        ui.outputFolderButton.clicked.connect(lambda: _ask_folder(ui.outputFolderEdit))
        ui.wheelFolderButton.clicked.connect(lambda: _ask_folder(ui.wheelFolderEdit))

    def _use_parameters(self, parameters: Any) -> None:
        """Bind the panel to a parameter node, or to none."""
        if self._parameters is not None:
            self._parameters.disconnectGui(self._binding)
            self.removeObserver(
                self._parameters.parameterNode, vtk.vtkCommand.ModifiedEvent, self.check
            )
        self._parameters = parameters
        if parameters is None:
            return
        self._binding = parameters.connectGui(self.ui)
        if self.run.options is not None:
            self.run.options.show_text(parameters.readerOptions)
        self._choose_volume()
        self.addObserver(parameters.parameterNode, vtk.vtkCommand.ModifiedEvent, self.check)
        self.check()

    def _choose_volume(self) -> None:
        """Choose the scene's first volume where none is chosen; a label map is none."""
        if self._parameters.inputVolume is None:
            kind = "vtkMRMLScalarVolumeNode"
            found = slicer.util.getNodesByClass(kind)
            volumes = [node for node in found if node.GetClassName() == kind]
            self._parameters.inputVolume = volumes[0] if volumes else None

    def _keep_options(self) -> None:
        if self._parameters is not None and self.run.options is not None:
            self._parameters.readerOptions = self.run.options.to_text()

    # --- what a person does ----------------------------------------------------------

    def attempt(self, action: Callable[[], Any]) -> None:
        """Run an action; a fault becomes one clear message, and what is saved stays."""
        try:
            action()
        except Exception as fault:  # whatever it is, the person learns of it
            self._failed(as_told(fault))
        if self._parameters is not None:
            self.check()

    def _run_or_cancel(self) -> None:
        if self.work.busy:
            self.work.cancel()
        else:
            self.attempt(self._run)

    def _run(self) -> None:
        if not self.run.ensure_packages(self._parameters.wheelFolder):
            return
        self._offer_saving()
        self.run.say(tr("Starting"))
        options = {} if self.run.options is None else self.run.options.values()
        self.work.start_reading(
            self._parameters.inputVolume, options, self._parameters.outputFolder
        )

    def _install(self) -> None:
        self.run.ensure_packages(self._parameters.wheelFolder)

    def _offer_saving(self) -> None:
        """Ask whether corrections are to be saved before another reading is shown."""
        reviewer = str(self._parameters.reviewer).strip()
        if not self.work.dirty or not reviewer:
            return  # without a name they stay in the journal and are found again
        question = tr("The open reading has corrections that are not saved. Save them first?")
        if slicer.util.confirmYesNoDisplay(question, "ReadingRoom"):
            self.work.save(reviewer)

    def _show_remembered(self) -> None:
        if folder := places.remembered(self._parameters.inputVolume, self.reader):
            self._open(folder)

    def _open_folder(self) -> None:
        folder = qt.QFileDialog.getExistingDirectory(
            self.ui.studySection, tr("Open reading folder"), self._parameters.outputFolder
        )
        if folder:
            self._open(Path(str(folder)))

    def _open(self, folder: Path) -> None:
        if not self.run.ensure_packages(self._parameters.wheelFolder):
            return
        self._offer_saving()
        self.work.open(folder, self._parameters.inputVolume, str(self._parameters.reviewer))
        self._was_read()

    # --- what happens ----------------------------------------------------------------

    def _progress(self, stage: str, fraction: float) -> None:
        self.run.show_progress(stage, fraction)

    def _was_read(self) -> None:
        self.run.end_progress(tr("The reading is shown. Check every finding."))
        self.review.update()
        self.export.update()
        self.check()

    def _was_exported(self, files: list[Path], notes: list[Any]) -> None:
        self.run.end_progress(tr("{count} files were written.").format(count=len(files)))
        self.review.update_signing()
        self.export.show(files, notes)
        self.check()

    def _failed(self, fault: ReadingRoomError) -> None:
        text = tr("Cancelled.") if was_cancelled(fault) else fault_text(fault)
        self.run.end_progress(text)
        if self._parameters is not None:
            self.check()
        if not was_cancelled(fault):
            slicer.util.errorDisplay(text, windowTitle="ReadingRoom")

    def _changed(self, change: Any) -> None:
        self.review.changed(change)
        self.export.check()

    def _scene_closes(self, caller: Any, event: Any) -> None:
        self._use_parameters(None)
        busy = self.work.busy
        self.work.scene_closes()
        self.review.update()
        self.export.update()
        if busy:
            self.run.end_progress(tr("The scene was closed; the work was cancelled."))

    def _scene_closed(self, caller: Any, event: Any) -> None:
        if self.parent.isEntered:
            self._use_parameters(self.logic.getParameterNode())

    def _scene_loaded(self, caller: Any, event: Any) -> None:
        # The loaded parameters came before the volume that they name.
        if self._parameters is not None:
            self._use_parameters(self.logic.getParameterNode())

    @vtk.calldata_type(vtk.VTK_OBJECT)  # type: ignore[untyped-decorator]
    def _node_goes(self, caller: Any, event: Any, node: Any) -> None:
        if self.work.needs(node):
            # Once the scene has dealt with this node: others go with it.
            self.work.host.soon(self._review_lost)

    def _review_lost(self) -> None:
        self.work.close_review()
        self.review.update()
        self.export.update()
        self.run.end_progress(
            tr("The volume or its masks left the scene; the corrections are kept in the folder.")
        )
        self.check()


def _ask_folder(edit: Any) -> None:
    folder = qt.QFileDialog.getExistingDirectory(edit, tr("Choose a folder"), edit.text)
    if folder:
        edit.text = str(folder)
