"""What was traced and is no wire: a line closed to a ring.

Applied to what a network says, never to what a person drew. How certain a network is does not
tell wires from other lines: a limit on the mean probability that lost no wire in 19 simulated
sequences lost 7 % of the length found in 8 others, and left seven eighths of the false length
in an angiogram without a wire.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from readingroom.readers.guidewire.centerline import Wire

#: The ends of a wire are farther apart than this share of its length: sternal wires and rings
#: of valves are closed.
_LEAST_SPAN = 0.2


def plausible(devices: Sequence[Wire]) -> list[Wire]:
    """Return the devices of one frame without what can be no wire; catheters stay."""
    return [one for one in devices if one.kind != "wire" or not closed(one)]


def closed(device: Wire) -> bool:
    """Say whether a device comes back to where it began."""
    span = float(np.hypot(*(device.points[-1] - device.points[0])))
    return span < _LEAST_SPAN * device.length_px
