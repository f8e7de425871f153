"""The viewer of the workbench: Slicer's views in the page, rendered on this machine.

`Viewer` is all that the pages use. `VIEWER_TEXTS` holds what it says.
"""

from __future__ import annotations

from readingroom.workbench.viewer.texts import VIEWER_TEXTS
from readingroom.workbench.viewer.viewer import Viewer

__all__ = ["VIEWER_TEXTS", "Viewer"]
