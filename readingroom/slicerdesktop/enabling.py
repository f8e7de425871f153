"""Enable a button, or say in its tooltip why it is not."""

from __future__ import annotations

from typing import Any


class Enabling:
    """Remembers what the tooltips of a panel say by themselves.

    Parameters
    ----------
    ui : object
        The panel's widgets by name.
    """

    def __init__(self, ui: Any) -> None:
        self._ui = ui
        self._tips: dict[str, str] = {}

    def set(self, name: str, enabled: bool, text: str = "") -> None:
        """Enable a widget or not; `text` replaces its own tooltip while it is not empty."""
        widget = getattr(self._ui, name)
        own = self._tips.setdefault(name, str(widget.toolTip))
        widget.enabled = bool(enabled)
        widget.toolTip = text or own
