"""The live part of the guidewire module's panel: what is followed, start and stop, figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from readingroom.errors import ReadingRoomError
from readingroom.slicerdesktop.livefeed import LiveFeed, has_openigtlink, incoming_image
from readingroom.slicerdesktop.texts import fault_text, tr


class LivePanel:
    """A button and a line of text.

    Parameters
    ----------
    ui : object
        The panel's widgets by name: ``liveButton``, ``liveSourceLabel``, ``liveLabel``.
    work : ReaderLogic
    ready : callable
        Asks for packages where they are missing; whether all are there.
    attempt : callable
        Runs an action and tells the person of a fault.
    """

    def __init__(
        self,
        ui: Any,
        work: Any,
        ready: Callable[[], bool],
        attempt: Callable[[Callable[[], Any]], None],
    ) -> None:
        self._ui, self._ready, self._attempt = ui, ready, attempt
        self._chosen: Any = None
        self.feed = LiveFeed(work.host, work.packages.folder, self._told)
        ui.liveButton.clicked.connect(self._start_or_stop)

    def check(self, chosen: Any) -> None:
        """Say what would be followed, `chosen` or what comes by OpenIGTLink."""
        self._chosen = chosen
        running = self.feed.running
        self._ui.liveButton.text = tr("Stop live") if running else tr("Start live")
        self._ui.liveButton.enabled = running or self._source() is not None
        if not running:
            self._ui.liveSourceLabel.text = self._explained()

    def stop(self) -> None:
        """Stop following."""
        self.feed.stop()
        self._ui.liveLabel.text = ""

    def _source(self) -> Any:
        incoming = incoming_image()
        return self._chosen if incoming is None else incoming

    def _explained(self) -> str:
        incoming = incoming_image()
        if incoming is not None:
            text = tr("OpenIGTLink delivers '{name}'; it is followed.")
            return text.format(name=incoming.GetName())
        if not has_openigtlink():
            return tr(
                "OpenIGTLink is not there: it is part of the extension SlicerOpenIGTLink. The "
                "chosen picture is followed whenever it changes."
            )
        return tr(
            "No OpenIGTLink connection delivers a picture yet. The chosen picture is followed "
            "whenever it changes."
        )

    def _start_or_stop(self) -> None:
        if self.feed.running:
            self.stop()
        else:
            self._attempt(self._start)
        self.check(self._chosen)

    def _start(self) -> None:
        if self._ready():
            self.feed.start(self._source())
            self._ui.liveLabel.text = tr("The networks are being loaded.")

    def _told(self, answer: dict[str, Any] | ReadingRoomError) -> None:
        if isinstance(answer, ReadingRoomError):
            self._ui.liveLabel.text = fault_text(answer)
            self.check(self._chosen)
        elif "wires" in answer:
            self._ui.liveLabel.text = self._figures(answer)

    def _figures(self, answer: dict[str, Any]) -> str:
        wires = [one for one in answer["wires"] if one["kind"] == "wire"]
        text = tr("{wires} wires · {ms} ms a frame · {read} frames read, {skipped} skipped")
        return text.format(
            wires=len(wires),
            ms=round(answer["ms"]),
            read=self.feed.read,
            skipped=self.feed.skipped,
        )
