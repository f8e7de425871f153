"""What the desktop asks of 3D Slicer, in one place, so that logic stays free of it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from readingroom.slicerdesktop import texts

Position = tuple[float, float, float]


class Timer(Protocol):
    """Something that calls back again and again until stopped."""

    def stop(self) -> None:
        """Stop calling back."""


class Host(Protocol):
    """What the desktop's logic needs from the application that shows it."""

    @property
    def scene(self) -> Any:
        """The MRML scene."""

    @property
    def language(self) -> str:
        """``en`` or ``zh``."""

    @property
    def testing(self) -> bool:
        """Whether the application runs its own tests: nothing is installed then."""

    @property
    def database(self) -> Any | None:
        """The open DICOM database, or None."""

    def python(self) -> str:
        """Return the interpreter that the reading process runs in."""

    def data_folder(self) -> Path:
        """Return the folder for what the user's programs keep."""

    def temporary_folder(self) -> Path:
        """Return the folder for what may be thrown away."""

    def install(self, arguments: Sequence[str], constraints: Path) -> None:
        """Run pip with `arguments`, visibly; raises `subprocess.CalledProcessError`."""

    def every(self, milliseconds: int, callback: Callable[[], None]) -> Timer:
        """Call back from the event loop until the timer is stopped."""

    def soon(self, callback: Callable[[], None]) -> None:
        """Call back once the present event has been dealt with."""

    def status(self, text: str) -> None:
        """Show a line in the status bar."""

    def index(self, files: Sequence[Path]) -> None:
        """Copy DICOM files into the open database and wait for it."""


class _QtTimer:
    def __init__(self, milliseconds: int, callback: Callable[[], None]) -> None:
        import qt

        self._timer = qt.QTimer()
        self._timer.interval = milliseconds
        self._timer.timeout.connect(callback)
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()


class SlicerHost:
    """3D Slicer 5.12 or newer."""

    @property
    def scene(self) -> Any:
        """See `Host`."""
        import slicer

        return slicer.mrmlScene

    @property
    def language(self) -> str:
        """See `Host`."""
        return texts.language()

    @property
    def testing(self) -> bool:
        """See `Host`."""
        import slicer

        return bool(slicer.app.testingEnabled())

    @property
    def database(self) -> Any | None:
        """See `Host`; the attribute is missing where the DICOM module is."""
        import slicer

        database = getattr(slicer, "dicomDatabase", None)
        return database if database is not None and database.isOpen else None

    def python(self) -> str:
        """See `Host`; ``PythonSlicer`` is on the path of the application."""
        return shutil.which("PythonSlicer") or sys.executable

    def data_folder(self) -> Path:
        """See `Host`."""
        import qt

        return Path(qt.QStandardPaths.writableLocation(qt.QStandardPaths.GenericDataLocation))

    def temporary_folder(self) -> Path:
        """See `Host`."""
        import slicer

        return Path(slicer.app.temporaryPath)

    def install(self, arguments: Sequence[str], constraints: Path) -> None:
        """See `Host`; shows 3D Slicer's own progress window, on the main thread."""
        import slicer.packaging

        slicer.packaging.pip_install(
            list(arguments),
            constraints=constraints,
            blocking=True,
            show_progress=True,
            requester="ReadingRoom",
        )

    def every(self, milliseconds: int, callback: Callable[[], None]) -> Timer:
        """See `Host`."""
        return _QtTimer(milliseconds, callback)

    def soon(self, callback: Callable[[], None]) -> None:
        """See `Host`."""
        import qt

        qt.QTimer.singleShot(0, callback)

    def status(self, text: str) -> None:
        """See `Host`; without a main window nothing is shown."""
        import slicer

        slicer.util.showStatusMessage(text)

    def index(self, files: Sequence[Path]) -> None:
        """See `Host`."""
        import ctk
        import slicer

        indexer = ctk.ctkDICOMIndexer()
        for file in files:
            indexer.addFile(slicer.dicomDatabase, str(file), True)
        indexer.waitForImportFinished()
