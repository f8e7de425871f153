"""The panel's words: English in the code, Chinese from a table, in 3D Slicer's language.

A translation file of 3D Slicer's own takes precedence where it has the text; the table makes
Chinese work without one.
"""

from __future__ import annotations

import contextlib
from typing import Any, Literal

from readingroom.slicerdesktop.texts_zh import CHINESE, FAULTS

_CONTEXT = "ReadingRoom"
_WIDGET_TEXTS = ("text", "toolTip", "placeholderText")


def language() -> Literal["en", "zh"]:
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


def choice_text(choice: str) -> str:
    """Return an option's value in words; the code itself where there are none."""
    from readingroom.workbench.texts import CHOICES

    return CHOICES[choice][language()] if choice in CHOICES else choice


def stage_text(name: str) -> str:
    """Return what a stage of the reading process is called."""
    from readingroom.workbench.texts import stage

    return stage(name, language())


def fault_text(fault: Any) -> str:
    """Return what a `ReadingRoomError` says, with its code: the same code in every door."""
    happened, to_do = _explained(fault)
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
                # A progress bar's text follows from its value and cannot be set.
                with contextlib.suppress(AttributeError):
                    setattr(widget, name, tr(text))


def _explained(fault: Any) -> tuple[str, str]:
    from readingroom.workbench.faults_zh import CHINESE as OTHERS

    known = {**OTHERS, **FAULTS}
    if language() == "zh" and fault.code in known:
        return known[fault.code]
    return fault.what_happened, fault.what_to_do


def _descendants(widget: Any) -> list[Any]:
    found = []
    for child in widget.children():
        if getattr(child, "isWidgetType", lambda: False)():
            found += [child, *_descendants(child)]
    return found
