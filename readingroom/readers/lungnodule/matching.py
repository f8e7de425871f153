"""Which nodule of one scan is which of another: one to one, merged, split, new, resolved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Kind = Literal["matched", "merged", "split", "new", "resolved"]
Points = npt.NDArray[np.float64]

#: What registration and breathing leave of the distance between a nodule and itself, mm:
#: three times the error measured on known deformations (Docs/validation.md).
SLACK_MM = 5.0


@dataclass(frozen=True)
class Spot:
    """One nodule as a sphere, in the space of the prior scan.

    Attributes
    ----------
    at_mm : ndarray, shape (3,)
        LPS.
    """

    id: str
    at_mm: Points
    diameter_mm: float

    def reaches(self, other: Spot) -> bool:
        """Say whether the two could be one nodule: centres within the larger one's reach."""
        gap = float(np.linalg.norm(self.at_mm - other.at_mm))
        return gap <= SLACK_MM + max(self.diameter_mm, other.diameter_mm) / 2


@dataclass(frozen=True)
class Match:
    """Nodules now and before that belong together; either side may be empty."""

    kind: Kind
    now: tuple[str, ...]
    before: tuple[str, ...]
    distance_mm: float | None = None


def match(now: Sequence[Spot], before: Sequence[Spot]) -> list[Match]:
    """Pair the nodules of two scans, both given in the space of the prior scan.

    One to one first, by the least sum of distances (Hungarian method). What is left over
    on one side and lies within a paired nodule of the other makes that pair a merger (two
    before, one now) or a split (one before, two now).

    Returns
    -------
    list of Match
        In the order of `now`, then the resolved ones in the order of `before`.
    """
    pairs = _pairs(now, before)
    groups = {a: ([a], [b]) for a, b in pairs.items()}
    holder = {b: a for a, b in pairs.items()}
    for a in range(len(now)):
        if a not in pairs and (near := _nearest(now[a], before, holder)) is not None:
            groups[holder[near]][0].append(a)
    mine = {a for group, _ in groups.values() for a in group}
    for b in range(len(before)):
        at = None if b in holder else _nearest(before[b], now, groups)
        if at is not None and len(groups[at][0]) == 1:
            groups[at][1].append(b)
    gone = {b for _, group in groups.values() for b in group}
    found = [
        _matched(now, before, *groups[a]) if a in groups else Match("new", (now[a].id,), ())
        for a in range(len(now))
        if a in groups or a not in mine
    ]
    found += [Match("resolved", (), (before[b].id,)) for b in range(len(before)) if b not in gone]
    return found


def _pairs(now: Sequence[Spot], before: Sequence[Spot]) -> dict[int, int]:
    from scipy.optimize import linear_sum_assignment

    if not now or not before:
        return {}
    far = 1e6
    cost = np.array(
        [[np.linalg.norm(a.at_mm - b.at_mm) if a.reaches(b) else far for b in before] for a in now]
    )
    rows, columns = linear_sum_assignment(cost)
    return {int(a): int(b) for a, b in zip(rows, columns, strict=True) if cost[a, b] < far}


def _nearest(spot: Spot, others: Sequence[Spot], allowed: Iterable[int]) -> int | None:
    """Return the nearest of the `allowed` others whose own extent holds `spot`."""
    inside = [
        (float(np.linalg.norm(others[n].at_mm - spot.at_mm)), n)
        for n in allowed
        if np.linalg.norm(others[n].at_mm - spot.at_mm) <= SLACK_MM / 2 + others[n].diameter_mm / 2
    ]
    return min(inside)[1] if inside else None


def _matched(
    now: Sequence[Spot], before: Sequence[Spot], mine: list[int], theirs: list[int]
) -> Match:
    kind: Kind = "split" if len(mine) > 1 else "merged" if len(theirs) > 1 else "matched"
    gap = float(np.linalg.norm(now[mine[0]].at_mm - before[theirs[0]].at_mm))
    return Match(
        kind, tuple(now[n].id for n in mine), tuple(before[n].id for n in theirs), round(gap, 1)
    )
