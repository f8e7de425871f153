"""What subscribers of a session are told after each edit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from readingroom.maskregion import Box

Kind = Literal["finding", "mask", "landmark", "status", "all"]


@dataclass(frozen=True)
class Change:
    """One change of a reading under review.

    Attributes
    ----------
    kind : {'finding', 'mask', 'landmark', 'status', 'all'}
        What to bring up to date; ``'mask'`` includes findings and numbers, ``'all'``
        everything.
    what : str
        The edit's code, ``"undo"`` or ``"redo"``, ``"save"``, ``"sign"``, ``"reopen"``.
    finding_ids : tuple of str
        Findings that changed, came or went.
    layer, box
        The mask layer and the box ``(k, j, i)`` of it that changed; None where several
        layers or none did.
    """

    kind: Kind
    what: str
    finding_ids: tuple[str, ...] = ()
    layer: int | None = None
    box: Box | None = None
