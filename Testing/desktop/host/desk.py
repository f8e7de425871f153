"""A person at the panel of a module: clicks, types, and looks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import slicer

from Testing.desktop.host import install, qtmodule
from Testing.desktop.host.application import Application


class Desk:
    """One module's panel and what a person does with it."""

    def __init__(self, application: Application, module: str) -> None:
        self.application = application
        self.name = module
        self._home = install.load_module(module)
        qtmodule.as_pythonqt(__name__)
        self.enter()

    @property
    def widget(self) -> Any:
        return self._home.widget

    @property
    def ui(self) -> Any:
        return self._home.widget.ui

    @property
    def work(self) -> Any:
        return self._home.widget.work

    @property
    def session(self) -> Any:
        return self.work.review.session

    @property
    def reading(self) -> Any:
        return self.session.reading

    @property
    def message(self) -> str:
        return self.ui.messageLabel.text

    def use_quick_reader(self, gate: Path | None = None) -> None:
        """Let the next reading process use no network, and wait for the file `gate`."""
        held = [] if gate is None else [str(gate)]
        module = "Testing.desktop.host.quickworker"
        self.work.jobs.command = [sys.executable, "-m", module, *held]

    def enter(self) -> None:
        """Open the module."""
        self._home.parent.isEntered = True
        self.widget.enter()

    def leave(self) -> None:
        """Open another module."""
        self._home.parent.isEntered = False
        self.widget.exit()

    def reload(self) -> None:
        """Press the developer's Reload."""
        install.reload_module(self.name, self._home)

    def click(self, name: str) -> None:
        """Click a button that is enabled; what follows at once has happened."""
        button = getattr(self.ui, name)
        assert button.enabled, f"{name} cannot be clicked: {button.toolTip}"
        button.click()
        self.settle()

    def settle(self) -> None:
        """Let the event loop run dry."""
        for _ in range(3):
            self.application.processEvents()

    def wait(self) -> None:
        """Wait for the work that is under way."""
        self.application.until(lambda: not self.work.busy)
        self.settle()

    def open(self, folder: Path) -> None:
        """Open a reading folder through the file dialog."""
        qtmodule.QFileDialog.answers.append(str(folder))
        self.click("openReadingButton")

    def choose(self, finding_id: str) -> None:
        """Click a row of the findings."""
        ids = [finding.id for finding in self.reading.findings]
        self.ui.findingsTable.selectRow(ids.index(finding_id))

    def shown(self, table: str) -> list[list[str]]:
        """Return what a table shows."""
        widget = getattr(self.ui, table)
        return [
            [widget.item(row, column).text() for column in range(widget.columnCount)]
            for row in range(widget.rowCount)
        ]

    def name_reviewer(self, name: str) -> None:
        """Type a name."""
        self.ui.reviewerEdit.text = name

    def close_scene(self) -> None:
        """Close the scene, as the File menu does."""
        slicer.mrmlScene.Clear(0)
        self.settle()
