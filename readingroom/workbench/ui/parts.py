"""Small pieces that several pages use."""

from __future__ import annotations

from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3


def icon_button(icon: str | tuple[str], tip: str, click: Any, **more: Any) -> Any:
    """Return a button with an icon, and its name for tooltip and screen reader.

    Parameters
    ----------
    icon : str or tuple
        Material Design icon, or an expression of the page that gives one.
    tip : str
        Key of the text.
    """
    return v3.VBtn(
        icon=icon,
        size="small",
        click=click,
        title=(f"page_t.{tip}",),
        aria_label=(f"page_t.{tip}",),
        **more,
    )


def button(text: str, click: Any, **more: Any) -> Any:
    """Return a button that says the text of key `text`."""
    settings = {"size": "small", "variant": "tonal", **more}
    if click is not None:
        settings["click"] = click
    return v3.VBtn(f"{{{{ page_t.{text} }}}}", **settings)


def heading(text: str, **more: Any) -> Any:
    """Return a section's heading, the text of key `text`."""
    return html.H3(f"{{{{ page_t.{text} }}}}", classes="rr-heading", **more)


def nothing(text: str, **more: Any) -> Any:
    """Return what stands where there is nothing to show."""
    return html.Div(f"{{{{ page_t.{text} }}}}", classes="rr-nothing", **more)
