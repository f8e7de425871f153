"""The upper part of the panel: packages, options, Read and Cancel, progress."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer

from readingroom.slicerdesktop import source
from readingroom.slicerdesktop.logic import ReaderLogic
from readingroom.slicerdesktop.texts import stage_text, tr

if TYPE_CHECKING:
    from readingroom.slicerdesktop.optionspanel import OptionsPanel

#: The volume selector says which series is read.
_ANSWERED = ("series",)


class RunPanel:
    """Packages, options, and the button that reads or cancels.

    Parameters
    ----------
    ui : object
        The panel's widgets by name.
    logic : ReaderLogic
    options_changed : Callable[[], None]
        Told when a person changes an option.
    """

    def __init__(self, ui: Any, logic: ReaderLogic, options_changed: Callable[[], None]) -> None:
        self._ui, self._logic = ui, logic
        self._options_changed = options_changed
        self.options: OptionsPanel | None = None
        ui.progressBar.visible = False
        self.update_packages()

    def update_packages(self) -> None:
        """Show what is missing; make the options' form once nothing is."""
        missing = self._logic.packages.missing()
        self._ui.packagesSection.visible = bool(missing)
        self._ui.optionsSection.visible = not missing
        self._ui.packagesLabel.text = tr(
            "Reading needs {count} Python packages that are not there yet."
        ).format(count=len(missing))
        if not missing and self.options is None:
            self.options = self._make_options()

    def check(self, volume: Any) -> None:
        """Enable the button, or say in its tooltip why not."""
        if self._logic.busy:
            self._show_button(tr("Cancel"), tr("Stop at once."), enabled=True)
            return
        reason = source.why_not(volume)
        tip = tr(reason) if reason else tr("Read the volume in a process of its own.")
        self._show_button(tr("Read"), tip, enabled=not reason)

    def show_progress(self, stage: str, fraction: float) -> None:
        """Show how far the work is, here and in the status bar."""
        self._ui.progressBar.visible = True
        self._ui.progressBar.value = round(100 * fraction)
        line = f"{stage_text(stage)} · {100 * fraction:.0f} %"
        self._ui.messageLabel.text = line
        self._logic.host.status(f"ReadingRoom: {line}")

    def end_progress(self, message: str) -> None:
        """Show how the work ended."""
        self._ui.progressBar.visible = False
        self._ui.progressBar.value = 0
        self.say(message)

    def say(self, message: str) -> None:
        """Show a message, here and in the status bar."""
        self._ui.messageLabel.text = message
        self._logic.host.status(f"ReadingRoom: {message}" if message else "")

    def ensure_packages(self, wheels: str) -> bool:
        """Install what is missing, with consent; whether nothing is missing any more.

        Raises
        ------
        ReadingRoomError
            If the installation fails.
        """
        packages = self._logic.packages
        missing = packages.missing()
        if not missing:
            return True
        if not self._consents([str(requirement) for requirement in packages.requirements()]):
            self.say(
                tr("Nothing was installed. Reading needs the packages; press again to install.")
            )
            return False
        self.say(tr("The packages are being installed."))
        packages.install(Path(wheels) if wheels.strip() else None)
        self.update_packages()
        self.say(tr("The packages are installed."))
        return True

    def _consents(self, pins: list[str]) -> bool:
        question = tr(
            "{count} Python packages will be installed into the folder\n{folder}\n\n"
            "Depending on the system this takes from several hundred megabytes to a few "
            "gigabytes. The packages of 3D Slicer are not changed."
        ).format(count=len(pins), folder=self._logic.packages.folder)
        return bool(
            slicer.util.confirmOkCancelDisplay(
                question, tr("Install Python packages"), detailedText="\n".join(pins)
            )
        )

    def _make_options(self) -> OptionsPanel:
        from readingroom import readers
        from readingroom.slicerdesktop.optionspanel import OptionsPanel

        return OptionsPanel(
            self._ui.optionsForm.layout(),
            self._ui.moreSection.layout(),
            readers.options_type(self._logic.reader),
            without=_ANSWERED,
            changed=self._options_changed,
        )

    def _show_button(self, text: str, tip: str, *, enabled: bool) -> None:
        self._ui.runButton.text = text
        self._ui.runButton.toolTip = tip
        self._ui.runButton.enabled = enabled
