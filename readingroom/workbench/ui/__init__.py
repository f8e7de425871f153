"""The pages as trame widgets; what they do is elsewhere, what they say is in ``texts``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trame.ui.vuetify3 import VAppLayout
from trame.widgets import html
from trame.widgets import vuetify3 as v3

from readingroom.workbench.template import part
from readingroom.workbench.ui import bars, dialogs, listpage, reading
from readingroom.workbench.ui.theme import THEMES

if TYPE_CHECKING:
    from readingroom.workbench.app import Workbench


def build(app: Workbench) -> None:
    """Build both pages into the session's one layout."""
    with (
        VAppLayout(app.server, vuetify_config=THEMES, full_height=True) as layout,
        v3.VApp(theme=("page_dark ? 'dark' : 'light'",), classes="rr-app"),
    ):
        with part(app.server, "bar"):
            bars.top(app)
        with (
            html.Div(classes="rr-body", v_show="page_name == 'list'"),
            part(app.server, "list"),
        ):
            listpage.build(app)
        # Laid out even while the list is shown: the views have their size before the first case.
        with html.Div(classes=("page_name == 'reading' ? 'rr-body' : 'rr-body rr-behind'",)):
            reading.build(app)
        bars.bottom()
        bars.busy()
        bars.message(app)
        bars.drop_zone()
        with part(app.server, "dialogs"):
            dialogs.build(app)
    app.layout = layout
