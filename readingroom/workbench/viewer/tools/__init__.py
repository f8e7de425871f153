"""Correction tools: what a stroke, an outline or a click does to the masks.

They are effects of trame-slicer's segment editor, which routes the mouse to them. What
they compute is numpy on the box of the stroke: the platform's own effects work on label
maps as large as the image, which takes 2.8 s for a stroke above a threshold and 5.1 s for
the largest island on a 512 × 512 × 300 CT with two cores.
"""

from __future__ import annotations
