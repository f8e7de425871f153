"""Parts of the page that the browser redraws by themselves.

trame compiles one template into one Vue component, and a change of any variable that it
reads redraws all of it: with everything in one template, a turn of the wheel redrew both
pages, 50 ms and more a picture on a slow core.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trame.ui.html import DivLayout
from trame.widgets import client


@contextmanager
def part(server: Any, name: str, classes: str = "rr-part") -> Iterator[None]:
    """Build what is inside the block as a template of its own, at this place of the page.

    Parameters
    ----------
    server : trame server
    name : str
        Letters and underscores; no other part has it.
    classes : str
        Of the ``div`` around the part; as it is given, it takes no part in the layout.
    """
    client.ServerTemplate(name=name)
    with DivLayout(server, template_name=name, connect_parent=False, classes=classes):
        yield
