"""The panel's words: English in the code, Chinese from a table, in 3D Slicer's language.

A translation file of 3D Slicer's own takes precedence where it has the text; the table makes
Chinese work without one.
"""

from __future__ import annotations

from typing import Any

from readingroom.slicerdesktop.texts_zh import CHINESE, FAULTS

_CONTEXT = "ReadingRoom"
_WIDGET_TEXTS = ("text", "toolTip", "placeholderText")


def language() -> str:
    """Return ``zh`` where 3D Slicer runs in Chinese, else ``en``."""
    import slicer

    return "zh" if str(slicer.app.applicationLocaleName).lower().startswith("zh") else "en"


def tr(text: str) -> str:
    """Return `text` in the language of 3D Slicer."""
    from slicer.i18n import translate

    translated = str(translate(_CONTEXT, text))
    if translated == text and language() == "zh":
        return CHINESE.get(text, text)
    return translated


def pick(texts: dict[str, str]) -> str:
    """Return the entry of a ``{"en": …, "zh": …}`` in the language of 3D Slicer."""
    return texts.get(language()) or texts.get("en", "")


def fault_text(fault: Any) -> str:
    """Return what a `ReadingRoomError` says, with its code: the same code in every door."""
    happened, to_do = fault.what_happened, fault.what_to_do
    if language() == "zh" and fault.code in FAULTS:
        happened, to_do = FAULTS[fault.code]
    return f"{happened} {to_do} ({fault.code})"


def note_text(note: Any) -> str:
    """Return the message of a note in the language of 3D Slicer."""
    return str(note.message_zh if language() == "zh" and note.message_zh else note.message)


def translate_widgets(root: Any) -> None:
    """Put the texts of a loaded ``.ui`` file into the language of 3D Slicer."""
    for widget in (root, *_descendants(root)):
        for name in _WIDGET_TEXTS:
            text = getattr(widget, name, None)
            if isinstance(text, str) and text:
                setattr(widget, name, tr(text))


def _descendants(widget: Any) -> list[Any]:
    found = []
    for child in widget.children():
        if getattr(child, "isWidgetType", lambda: False)():
            found += [child, *_descendants(child)]
    return found
